"""The outline of a document, from its headings, and extracts of it: the sections of the text, the
section that a number or a name points at, the sentences that stand for the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rag.text.normalize import fold, squeeze
from rag.text.numbers import numeral
from rag.text.segment import STOP_WORDS, words
from rag.text.sentences import ends_sentence, sentences
from rag.types import BlockKind, Document, Span

# Sentences of an extract: neither scraps nor what is hardly read.
SHORTEST, LONGEST = 8, 200
CENTRAL = 20
"""Shorter sentences have few words, all of which may be frequent."""
ABSTRACT = re.compile(r"(?:内容)?(?:摘要|提要|概要)|导读|内容简介|abstract|(?:executive)?summary")
CONCLUSION = re.compile(
    r"(?:主要|基本|研究|最后的?|核心)?结论(?:与.{1,6}|和.{1,6})?|结语|结束语|小结|总结|conclusions?"
)
RESULT = re.compile("(?:主要|研究|试验|实验|调查)?(?:结果|发现|成果)(?:与分析|分析|与讨论)?")
# A sentence that draws a conclusion, where no section is called so.
_CONCLUDES = re.compile(
    r"综上|总之|总而言之|总的来[说看]|综合来看|由此可见|in (?:conclusion|summary)"
)
_HAN = "零〇一二三四五六七八九十百"
_NUMBERING = re.compile(
    rf"第\s?(?P<nth>[{_HAN}]{{1,5}}|\d{{1,3}})\s?(?P<unit>[章节篇编回讲]|部分|单元)[、.:：\s]*"
    rf"|(?P<n>[{_HAN}]{{1,4}}|\d{{1,3}})(?:[、:：]|[.](?!\d)|(?<=\d)\s(?!\s?\d))\s*"
    rf"|[(](?P<m>[{_HAN}]{{1,3}}|\d{{1,2}})[)]\s*|(?:chapter|section|part)\s(?P<e>\d{{1,3}})[.:\s]*"
)
_ORNAMENTS = "【】[]〖〗❖◆■●▪•★※《》“”\"' "
_TEXT = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it. `span` is the heading's own, `body` reaches from its
    end to the next heading of its depth or of a lesser one; `depth` counts the headings above."""

    text: str
    span: Span
    body: Span
    depth: int

    @property
    def number(self) -> tuple[int, str] | None:
        """The number that the heading begins with and what it counts (章, 节 …; empty where it
        does not say); None for no number."""
        match = _NUMBERING.match(self._folded)
        if match is None:
            return None
        value = count_of(match["nth"] or match["n"] or match["m"] or match["e"])
        return None if value is None else (value, match["unit"] or "")

    @property
    def name(self) -> str:
        """The heading folded, without white space, its number and ornaments."""
        match = _NUMBERING.match(self._folded)
        rest = self._folded[match.end() :] if match else self._folded
        return squeeze(rest).strip(_ORNAMENTS) or squeeze(self._folded)

    @property
    def _folded(self) -> str:
        return fold(self.text).strip(_ORNAMENTS)


def count_of(text: str) -> int | None:
    """The whole number that digits or a Chinese numeral say; None for anything else.

    >>> count_of("十二"), count_of("3"), count_of("甲")
    (12, 3, None)
    """
    value = Fraction(text) if text.isascii() and text.isdecimal() else numeral(text)
    return None if value is None or value.denominator != 1 else int(value)


def sections(document: Document) -> tuple[Section, ...]:
    """The sections of a document in reading order, its own title left out."""
    title = squeeze(document.title)
    heads = [
        block
        for block in document.blocks
        if block.kind is BlockKind.HEADING and squeeze(block.span.of(document.text)) != title
    ]
    ends: list[int] = []
    later: list[tuple[int, int]] = []  # depth and start of the headings that may end a section
    for head in reversed(heads):
        while later and later[-1][0] > len(head.headings):
            later.pop()
        ends.append(later[-1][1] if later else len(document.text))
        later.append((len(head.headings), head.span.start))
    return tuple(
        Section(
            " ".join(head.span.of(document.text).split()),
            head.span,
            Span(head.span.end, max(head.span.end, end)),
            len(head.headings),
        )
        for head, end in zip(heads, reversed(ends), strict=True)
    )


def outermost(found: Sequence[Section]) -> tuple[Section, ...]:
    """The sections of the least depth of which there is more than one; of chapters among them
    the chapters alone. Empty where no depth has two."""
    for depth in sorted({section.depth for section in found}):
        level = [section for section in found if section.depth == depth]
        chapters = [section for section in level if (section.number or (0, ""))[1] == "章"]
        if len(chapters) > 1:
            return tuple(chapters)
        if len(level) > 1:
            return tuple(level)
    return ()


def inside(section: Section, found: Sequence[Section]) -> tuple[Section, ...]:
    """The sections right under a section; of one with nothing under it but sections of its own
    depth (the name of a column, then its articles) those up to the next one of its kind."""
    under = [one for one in found if section.body.start <= one.span.start < section.body.end]
    if not under and is_bare(section):
        later = [one for one in found if one.span.start >= section.body.end]
        for one in later:
            if one.depth < section.depth or is_bare(one):
                break
            under.append(one)
    least = min((one.depth for one in under), default=0)
    return tuple(one for one in under if one.depth == least)


def is_bare(section: Section) -> bool:
    """Whether a heading has no text of its own: the name of a column, whose articles follow."""
    return section.body.end <= section.body.start + SHORTEST


def reach(section: Section, found: Sequence[Section]) -> Span:
    """The body of a section; of a heading with nothing under it but headings of its own depth
    (摘要, then 研究背景) all up to the next one with a number."""
    if not is_bare(section):
        return section.body
    later = [one for one in found if one.span.start >= section.body.end]
    end = next((one.span.start for one in later if one.number is not None), section.body.end)
    return Span(section.body.start, end)


def numbered(found: Sequence[Section], number: int, unit: str) -> tuple[Section, ...]:
    """The sections with a number: those whose heading counts in `unit`; in a document whose
    headings do not, those of the outermost level that begin with the number alone."""
    counting = [section for section in found if (section.number or (0, ""))[1] == unit]
    if counting:
        return tuple(one for one in counting if one.number and one.number[0] == number)
    plain = [section for section in outermost(found) if section.number]
    return tuple(one for one in plain if one.number == (number, ""))


def named(found: Sequence[Section], name: str) -> tuple[Section, ...]:
    """The sections of that name, compared folded and without numbers; else those whose heading
    holds it, if it is half of the heading or more."""
    wanted = squeeze(name).strip(_ORNAMENTS)
    if not wanted:
        return ()
    same = tuple(one for one in found if one.name == wanted)
    return same or tuple(
        one for one in found if wanted in one.name and 2 * len(wanted) >= len(one.name)
    )


def holding(found: Sequence[Section], wanted: Sequence[str]) -> tuple[Section, ...]:
    """The sections whose heading holds all of some words; those inside others of them left out."""
    same = [one for one in found if wanted and all(word in squeeze(one.text) for word in wanted)]
    return tuple(
        one
        for one in same
        if not any(other.body.start <= one.span.start < other.body.end for other in same)
    )


def above(section: Section, found: Sequence[Section]) -> Section | None:
    """The section right above one; None for one that stands in no other."""
    over = [one for one in found if one.body.start <= section.span.start < one.body.end]
    return over[-1] if over else None


def called(found: Sequence[Section], form: re.Pattern[str]) -> tuple[Section, ...]:
    """The sections whose name is of a form."""
    return tuple(one for one in found if form.fullmatch(one.name))


def extract(document: Document, span: Span, count: int, characters: int) -> tuple[Span, ...]:
    """At most `count` sentences of a part of a document, `characters` long in all, in reading
    order: its first sentence and the most central ones.

    Central is a sentence whose words are frequent in the part: the mean of their shares of all
    its words, those of a word squared once it has been said, so that the next sentence says
    something else. Source: SumBasic (Nenkova and Vanderwende, 2005).
    """
    every = list(_statements(document, span))
    long = [one for one in every if one is every[0] or len(one) >= CENTRAL]
    candidates = long if len(long) >= count else every
    own = [_terms(one.of(document.text)) for one in candidates]
    counts = Counter(term for terms in own for term in terms)
    total = sum(counts.values())
    share = {term: number / total for term, number in counts.items()}
    chosen: list[int] = []
    room = characters
    left = set(range(len(candidates)))
    while left and len(chosen) < count:
        best = (
            min(left)
            if not chosen
            else max(left, key=lambda i: (sum(map(share.__getitem__, own[i])) / len(own[i]), -i))
        )
        left.discard(best)
        if len(candidates[best]) > room:
            continue
        chosen.append(best)
        room -= len(candidates[best])
        for term in own[best]:
            share[term] **= 2
    return tuple(candidates[i] for i in sorted(chosen))


def concluding(document: Document, count: int) -> tuple[Span, ...]:
    """The last sentences of a document that draw a conclusion, in reading order; only its last
    third is looked at."""
    span = Span(2 * len(document.text) // 3, len(document.text))
    found = [
        one
        for one in _statements(document, span)
        if _CONCLUDES.match(one.of(document.text).lower())
    ]
    return tuple(found[-count:])


def statements(document: Document, span: Span, count: int, characters: int) -> tuple[Span, ...]:
    """The first `count` sentences of a part of a document, `characters` long in all."""
    found: list[Span] = []
    for one in _statements(document, span):
        characters -= len(one)
        if len(found) == count or (found and characters < 0):
            break
        found.append(one)
    return tuple(found)


def _statements(document: Document, span: Span) -> Iterator[Span]:
    """The whole sentences of the paragraphs and list items of a part of a document."""
    for block in document.blocks_of(span):
        if block.kind in _TEXT and span.start <= block.span.start < span.end:
            for one in sentences(block.span.of(document.text), block.span.start):
                text = one.of(document.text)
                if SHORTEST <= len(text) <= LONGEST and ends_sentence(text) and _terms(text):
                    yield one


def _terms(text: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            word
            for word in words(text, parts=False)
            if word not in STOP_WORDS and len(word) > 1 and not word[0].isdigit()
        )
    )
