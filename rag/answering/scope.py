"""Whose figure a sentence gives: whether it speaks of what the question names.

A report says 公司实现营业收入 under the heading of one company and again under that of the next; a
sentence on one city shares all words but one with a question about another. So the names of a
question are looked for in the sentence, in what stands above it and before it, and a sentence that
names another of their kind instead is taken for that other's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.models.rarity import rarity
from rag.text.fold import squeeze
from rag.text.segment import STOP_WORDS, tagged
from rag.types import Passage

# What is left where the sentence names other places than the one that is asked about.
RIVALLED = 0.3
# A noun that opens a question and is as rare as this in Chinese at large is taken for a name.
RARE = 6.0
RARE_PERSON = 7.0

_CHINA = ("中国", "我国", "国内", "全国")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a question, folded, without white space and quotation marks. `place` tells
    whether it names a place, `sure` whether the dictionary knows it as a name or it is Latin:
    what it takes for a person or an unknown word may be cut wrongly."""

    text: str
    place: bool
    sure: bool

    def stands_in(self, flat: str) -> bool:
        """Whether a text, folded likewise, has the name, or another word for it."""
        if self.text in _CHINA:
            return any(word in flat for word in _CHINA)
        return self.text in flat


_BODIES = frozenset(("nt", "nz"))
_SURE = frozenset(("ns", "nt", "eng"))
_PERSONS = frozenset(("nr", "nrt", "nrfg"))
# 上市 and the like are places to the dictionary.
_NO_PLACES = frozenset(("上市", "中长期", "大桥", "新区", "海外", "东西", "高新区"))
_QUOTES = re.compile('[“”‘’"「」]')
_LATIN = re.compile(r"(?![A-Z]{2,3}$)[A-Za-z][A-Za-z0-9.&+-]+")


def _flat(text: str) -> str:
    return _QUOTES.sub("", squeeze(text))


@lru_cache(64)
def asked_names(question: str) -> tuple[Name, ...]:
    """The names in a question, each once: of places, persons and bodies, Latin ones, and a rare
    noun that opens it.

    >>> [name.text for name in asked_names("西安2023年外贸总额是多少？")]
    ['西安']
    """
    found: dict[str, Name] = {}
    opening = True
    for word, tag in tagged(question):
        if len(word) < 2 or any(mark in word for mark in "是的了"):
            continue
        noun = tag[:1] in "nj" and word not in STOP_WORDS
        named = _is_name(word, tag)
        if named or (opening and noun and rarity(squeeze(word)) >= RARE):
            name = Name(_flat(word), tag == "ns", tag in _SURE)
            found.setdefault(name.text, name)
        opening = opening and not (named or noun)
    return tuple(found.values())


def _is_name(word: str, tag: str) -> bool:
    if tag == "ns":
        return word not in _NO_PLACES
    if tag == "eng":
        return _LATIN.fullmatch(word) is not None and not word.islower()
    return tag in _BODIES or (tag in _PERSONS and rarity(squeeze(word)) >= RARE)


def surely_named(question: str) -> tuple[str, ...]:
    """The names in a question, where all of them are sure: none of them standing near a figure
    then means that it is the figure of something else."""
    names = [name for name in asked_names(question) if name.text not in _CHINA]
    return tuple(name.text for name in names) if all(name.sure for name in names) else ()


def asks_of_places(question: str) -> bool:
    """Whether a question names a place."""
    return any(name.place for name in asked_names(question))


def persons(text: str) -> list[str]:
    """The persons that a text names, as they are written; only names that are no common words.

    >>> persons("创始人兼CEO叶滨")
    ['叶滨']
    """
    return [
        word
        for word, tag in tagged(text)
        if tag in _PERSONS and len(word) > 1 and rarity(squeeze(word)) >= RARE_PERSON
    ]


@lru_cache(4096)
def places_in(text: str) -> frozenset[str]:
    """The places that a sentence names, folded and without white space."""
    return frozenset(
        _flat(word)
        for word, tag in tagged(text)
        if tag == "ns" and len(word) > 1 and word not in _NO_PLACES
    )


@dataclass(frozen=True, slots=True)
class Around:
    """What a passage stands among: what stands `above` it, other texts under the same heading
    (`article`), and under the same heading but one (`section`)."""

    above: str
    article: str = ""
    section: str = ""


def around(passage: Passage, passages: Sequence[Passage]) -> Around:
    """What the passage stands among, as far as it was found."""
    article, section = [], []
    for other in passages:
        if other.document_id == passage.document_id and other.span != passage.span:
            if other.headings == passage.headings:
                article.append(other.text)
            elif passage.headings[:-1] and other.headings[:-1] == passage.headings[:-1]:
                section.append(other.text)
    return Around("\n".join(passage.above), "\n".join(article), "\n".join(section))


def bound(
    question: str, sentences: Sequence[str], among: Around, *, figures: bool = True
) -> list[float]:
    """For each sentence of a passage how far it speaks of what the question names, in [0, 1].

    1 for a question without names, and where one of the names stands in the passage, above it or
    in its article; a name of no place may also stand in its section: who speaks in an interview
    is named once, but beside one city stands the next. Where a figure or date is asked for, less
    for a sentence that names other places than those that are asked about, if these stand neither
    above nor before it.

    >>> bound("西安的外贸总额？", ["成都外贸总额7亿元。", "西安外贸总额5亿元。"], Around("外贸"))
    [0.3, 1.0]
    """
    names = asked_names(question)
    if not names:
        return [1.0] * len(sentences)
    near = _flat("\n".join((among.above, *sentences, among.article)))
    far = near + _flat(among.section)
    needed = [name for name in names if name.text not in _CHINA]
    if needed and not any(name.stands_in(near if name.place else far) for name in needed):
        return [0.0] * len(sentences)
    places = [name for name in names if name.place]
    if not places or not figures:
        return [1.0] * len(sentences)
    asked = _flat(question)
    found = []
    above = _flat(among.above)
    told = any(place.stands_in(above) for place in places)
    for text in sentences:
        flat = _flat(text)
        told = told or any(place.stands_in(flat) for place in places)
        rivalled = not told and any(other not in asked for other in places_in(text))
        found.append(RIVALLED if rivalled else 1.0)
    return found
