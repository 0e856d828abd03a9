"""What a question names, and what in a sentence could be its answer.

Whose figure a sentence gives: whether it speaks of what the question names.

A report says 公司实现营业收入 under the heading of one company and again under that of the next; a
sentence on one city shares all words but one with a question about another. So the names of a
question are looked for in the sentence, in what stands above it and before it, and a sentence that
names another of their kind instead is taken for that other's.

What in a sentence could be the short answer: numbers with the unit that is asked for, dates,
names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.models.reader import rarity
from rag.retrieval.query import AnswerKind, Query
from rag.text.normalize import fold, squeeze
from rag.text.quantities import figures
from rag.text.segment import STOP_WORDS, proper_names, tagged
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
NO_PLACES = frozenset(("上市", "中长期", "大桥", "新区", "海外", "东西", "高新区"))
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
        return word not in NO_PLACES
    if tag == "eng":
        return _LATIN.fullmatch(word) is not None and not word.islower()
    return tag in _BODIES or (tag in _PERSONS and rarity(squeeze(word)) >= RARE)


def surely_named(question: str) -> tuple[str, ...]:
    """The names in a question, where all of them are sure: none of them standing near a figure
    then means that it is the figure of something else."""
    names = [name for name in asked_names(question) if name.text not in _CHINA]
    return tuple(name.text for name in names) if all(name.sure for name in names) else ()


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
        if tag == "ns" and len(word) > 1 and word not in NO_PLACES
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


_DIGITS = r"[0-9０-９]+(?:[,，][0-9]{3})*(?:[.．][0-9]+)?"
_SCALE = r"(?:\s?(?:[十百千万亿]{1,3}|多|余|[–—~-]\s?[0-9.]+)){0,3}"
_UNIT = (
    r"(?:\s?(?:%|％|‰|个百分点|美元|欧元|英镑|日元|港元|元|公里|千米|平方公里|平方米|厘米|毫米|纳米|海里|米"
    r"|吨|公斤|千克|[GMKT]W[hH]?|吉瓦|兆瓦|千瓦时|千瓦|[a-zA-Z]{1,3}(?![a-zA-Z])|倍|成|折|岁"
    r"|[个家人名项次条所种座台款户层天年月周小时分钟秒届位艘辆架件只枚颗类级期步篇万亿起宗股]{1,2}))?"
)
_HAN = "[零一二两三四五六七八九十百千]"
_HAN_UNIT = (
    "(?:米|公里|海里|吨|度|年|天|个月|层|座|家|个|人|名|条|项|户|台|所|次|岁|亩|元|倍|种|艘|万|亿)"
)
_NUMBERS = re.compile(  # a run of numerals is tried from its first one only: linear time
    rf"{_DIGITS}{_SCALE}{_UNIT}|[一二两三四五六七八九十]成|(?<!{_HAN}){_HAN}+分之{_HAN}+"
    rf"|百分之{_HAN}+|(?<!{_HAN}){_HAN}{{2,}}[万亿]?{_HAN_UNIT}{{1,2}}"
    rf"|[二两三四五六七八九十][万亿]?{_HAN_UNIT}{{1,2}}"
)
_DATES = re.compile(
    r"(?:[0-9]{4}\s?年\s?)?[0-9]{1,2}\s?月(?:\s?[0-9]{1,2}\s?[日号])?"
    r"|[0-9]{4}\s?年(?:[^，。；]{0,2}第?[一二三四1-4]季度)?|[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?"
    r"|(?:[一二三四五六七八九〇零○]{4}年)?[一二三四五六七八九十]{1,2}月"
    r"[一二三四五六七八九十廿卅]{1,3}[日号]"
    r"|[一二三四五六七八九〇零○]{4}年(?:[一二三四五六七八九十]{1,2}月)?"
)
_NAMES = re.compile(
    r"《[^》]{2,40}》|“[^”]{2,20}”|[A-Za-z][A-Za-z0-9.&-]*(?:\s[A-Z][A-Za-z0-9.&-]*){0,4}"
    r"|[\u4e00-\u9fff]{2,14}?(?:公司|集团|大学|研究院|研究所|研究中心|中心|银行|基金会|基金|委员会"
    r"|协会|实验室|平台|船厂|工厂|学校|医院|博物馆|图书馆|剧院|车站)"
)
# What stands before a name and is no part of it.
_BEFORE = re.compile(r"^.*[由在与和及以从被把对向是为于到的了经请]")
ASKED_UNIT = re.compile(
    r"(?:多少|几)\s?[十百千万亿]{0,2}(个百分点|个月|平方公里|平方米|立方米|公里|海里|英镑|美元|欧元|港元"
    r"|小时|分钟|[\u4e00-\u9fff])"
)
_SHARE = re.compile(r"占比|比例|比重|份额|百分之|增速|率|幅度|几成|share|percent|rate")
_MONEY = re.compile(
    r"多少钱|花了多少|花费|费用|金额|资金|融资|营收|收入|利润|市值|估值|造价|投资|票价|售价|价格|赔|预算|cost|price|revenue"
)
_DAY = re.compile(r"哪一?天|哪一?日|几号|什么日子|which day|what date")
_ASKED_NAME = re.compile(r"叫什么|什么名字|什么名称|名称是什么")
_CALLED = re.compile(r"(?:名叫|叫做|叫作|名为|取名|定名为|命名为|称为|称作|叫)[“《]?$")
_HAS_DAY = re.compile(r"[日号]|-\d\d-")
_BODY = re.compile(r"哪一?(?:家|个)?(?:公司|企业|机构|银行|大学|单位|智库|集团|学校)")
_PERSON = re.compile(r"谁|哪一?位")
_BODY_NAME = re.compile(
    r"(?:公司|集团|大学|院|所|中心|银行|会|社|厂|局|部|室|馆|股份|科技|[A-Za-z]{2})$"
)
_LENGTHS = frozenset(("米", "厘米", "毫米", "公里", "海里"))
_WEIGHTS = frozenset(("吨", "公斤", "克"))
_SIZES = {
    **dict.fromkeys(("多高", "多长", "多宽", "多深", "多远"), _LENGTHS),
    "多重": _WEIGHTS,
}
MONEY = frozenset(("元", "美元", "欧元", "英镑", "日元", "港元", "韩元", "卢布", "卢比"))
_PERCENT = frozenset(("%", "‰", "pp", "倍"))
_QUESTIONS_KEPT = 64


@dataclass(frozen=True, slots=True, order=True)
class AnswerCandidate:
    """A part of a sentence that may be the short answer. `misfit` is 0 when its unit is the one
    asked for, else 1; `start` is its place in the sentence."""

    misfit: int
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question says of its short answer: whether it must be a name that something is
    given, a day, a body, a person; the units of which it must be one, empty where any fits."""

    squeezed: str
    name: bool
    day: bool
    body: bool
    person: bool
    units: frozenset[str]


@lru_cache(_QUESTIONS_KEPT)
def _asked(query: Query) -> _Asked:
    text = query.text
    return _Asked(
        squeezed=squeeze(text),
        name=_ASKED_NAME.search(text) is not None,
        day=_DAY.search(text) is not None,
        body=_BODY.search(text) is not None,
        person=_PERSON.search(text) is not None,
        units=_wanted_units(fold(text)),
    )


def candidates(query: Query, sentence: str) -> Iterator[AnswerCandidate]:
    """What in `sentence` is of the kind that is asked for and does not stand in the question;
    nothing for questions that have no short answer."""
    asked = _asked(query)
    for start, text in _found(query, sentence):
        if squeeze(text).strip("“”《》") in asked.squeezed:
            continue
        unnamed = asked.name and text[0] not in "“《" and not _CALLED.search(sentence[:start])
        misfit = _misfits(query.kind, asked, text) or unnamed
        yield AnswerCandidate(int(misfit), start, text.strip("“”"))


def _found(query: Query, sentence: str) -> Iterator[tuple[int, str]]:
    if query.kind is AnswerKind.NUMBER:
        blank = _DATES.sub(lambda match: "。" * len(match.group()), sentence)
        for match in _NUMBERS.finditer(blank):
            yield match.start(), match.group().strip()
    elif query.kind is AnswerKind.DATE:
        for match in _DATES.finditer(sentence):
            yield match.start(), match.group().strip()
    elif query.kind is AnswerKind.ENTITY:
        for match in _NAMES.finditer(sentence):
            text = match.group()
            cut = 0 if text[0] in "《“" or text.isascii() else len(_before(text))
            if len(text) - cut > 2:
                yield match.start() + cut, text[cut:]
        folded = fold(sentence)
        for name in dict.fromkeys(proper_names(sentence)):
            at = folded.find(name)
            if at >= 0:
                yield at, name


def _before(text: str) -> str:
    match = _BEFORE.match(text[:-2])
    return match.group() if match else ""


def _misfits(kind: AnswerKind, asked: _Asked, text: str) -> bool:
    """Whether a candidate is not of the unit, the exactness or the sort that is asked for."""
    if kind is AnswerKind.DATE:
        return asked.day and not _HAS_DAY.search(text)
    if kind is AnswerKind.ENTITY:
        if asked.person:
            return not persons(text)
        return asked.body and not _BODY_NAME.search(text)
    if not asked.units:
        return False
    folded = fold(text)
    if any(unit in folded for unit in asked.units):
        return False
    return asked.units.isdisjoint(number.unit.name for number in figures(text)[0])


def _wanted_units(asked: str) -> frozenset[str]:
    """The units that fit a question for a number; empty where any does."""
    if _SHARE.search(asked):
        return _PERCENT
    unit = ASKED_UNIT.search(asked)
    if unit and unit[1] not in "钱资":
        return frozenset((unit[1],))
    for words, measures in _SIZES.items():
        if words in asked:
            return measures
    return MONEY if _MONEY.search(asked) else frozenset()
