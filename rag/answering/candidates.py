"""What in a sentence could be the short answer: numbers with the unit that is asked for, dates,
names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.query import Kind, Query
from rag.answering.scope import persons
from rag.text.fold import fold, squeeze
from rag.text.quantities import figures
from rag.text.segment import proper_names

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
class Candidate:
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


def candidates(query: Query, sentence: str) -> Iterator[Candidate]:
    """What in `sentence` is of the kind that is asked for and does not stand in the question;
    nothing for questions that have no short answer."""
    asked = _asked(query)
    for start, text in _found(query, sentence):
        if squeeze(text).strip("“”《》") in asked.squeezed:
            continue
        unnamed = asked.name and text[0] not in "“《" and not _CALLED.search(sentence[:start])
        misfit = _misfits(query.kind, asked, text) or unnamed
        yield Candidate(int(misfit), start, text.strip("“”"))


def _found(query: Query, sentence: str) -> Iterator[tuple[int, str]]:
    if query.kind is Kind.NUMBER:
        blank = _DATES.sub(lambda match: "。" * len(match.group()), sentence)
        for match in _NUMBERS.finditer(blank):
            yield match.start(), match.group().strip()
    elif query.kind is Kind.DATE:
        for match in _DATES.finditer(sentence):
            yield match.start(), match.group().strip()
    elif query.kind is Kind.ENTITY:
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


def _misfits(kind: Kind, asked: _Asked, text: str) -> bool:
    """Whether a candidate is not of the unit, the exactness or the sort that is asked for."""
    if kind is Kind.DATE:
        return asked.day and not _HAS_DAY.search(text)
    if kind is Kind.ENTITY:
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
