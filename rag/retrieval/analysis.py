"""What a question asks: of what kind the answer is, of what, which attribute, at what time.

Every later step reads a question through this one analysis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.models.reader import rarity
from rag.retrieval.english import is_english
from rag.retrieval.query import AnswerKind, Query
from rag.text.normalize import fold, squeeze
from rag.text.numbers import UNITS, UnitClass
from rag.text.numbers import numeral as value_of
from rag.text.quantities import Period, dates, plain
from rag.text.segment import STOP_WORDS, tagged

_COUNTED = re.compile(
    r"(?:多少|第?几)\s?[十百千万亿]{0,2}(?P<unit>个百分点|个月|人次|平方公里|平方米|立方米|公里|海里|公斤|小时|分钟|[\u4e00-\u9fff])?"
)
_SHARE = re.compile(
    r"占比|比例|比重|份额|百分之|[^效倍汇频功]率|幅度|几成|几个点|几个百分点|多少个点|增[长幅速]|[涨跌升降]幅"
    r"|percent|share|\brate\b"
)
_MONEY = re.compile(
    r"多少钱|[花耗]了?多少|费用|[总金销成交产余差税]额|总值|产值|资金|融资|[营税年总]收|收入|利润|市值|估值|造价|投资|[票售房油股单]价|价格"
    r"|赔偿?|预算|负债|成本|产值|净利|盈利|奖金|工资|薪|补助|贷款|资产|gdp|多少块|cost|price|revenue|profit"
)
_MEASURED = (
    (re.compile(r"多[高长宽深远厚]"), UnitClass.LENGTH),
    (re.compile(r"多重|重量|体重|重多少"), UnitClass.MASS),
    (re.compile(r"面积|占地"), UnitClass.AREA),
    (re.compile(r"多久|多长时间|时长|几年|多少年|多少天|几天|几个月|how long"), UnitClass.DURATION),
    (re.compile(r"多大年纪|多大岁数|几岁|年龄|how old"), UnitClass.AGE),
    (re.compile(r"几倍|多少倍|倍数"), UnitClass.TIMES),
)
# 多大 asks how large something is, never how many.
_SIZES = frozenset(UnitClass) - {UnitClass.COUNT, UnitClass.ORDINAL, UnitClass.NONE}
_WHO = re.compile(r"谁|哪一?位|什么人|哪一?个人|\bwho\b")
_WHERE = re.compile(
    r"哪里|哪儿|何地|何处|在哪(?!一?[个家项款年天])|什么地方|\bwhere\b|哪一?个?(?:城市|省|国家?|地区|地方|县|市|区)"
)
_BODY = re.compile(
    r"哪一?(?:家|所)|什么(?:公司|机构)|哪一?个(?:公司|机构|大学|组织|部门|单位|企业)"
    r"|which (?:company|firm|bank)"
)
# 21年 asks of 2021, 21年来 of two decades.
_SHORT_YEAR = re.compile(
    r"(?<![0-9.第])[012][0-9](?=年(?![来内前后间里多余以龄限之的]|[0-9]*[个多]))"
)
_ORDINAL = re.compile(
    r"第?(?P<n>(?<![0-9])[0-9]+|(?<![一二三四五六七八九十])[一二三四五六七八九十]+)"
    r"(?P<m>号线?|届|期(?!间|限)|代|型|章|条(?!线)|批|轮|次(?=会|大)|版|集|季(?!度)|名)"
)
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.&-]*(?:\s+[A-Za-z0-9][A-Za-z0-9+.-]*)*")
# In English, and in the words that an English question was put into (they end with no mark), only
# what is written with capitals or digits is a name, the first word aside.
_CAPITAL_NAME = re.compile(
    r"(?<=[a-z0-9,\u4e00-\u9fff] )(?:[A-Z][A-Za-z0-9.&+-]*|[A-Za-z]+[0-9][A-Za-z0-9.-]*)"
    r"(?:\s+(?:[A-Z0-9][A-Za-z0-9.&+-]*))*"
)
_QUOTED = re.compile(r"《([^》]{1,40})》|“([^”]{1,30})”|「([^」]{1,30})」")
_NO_SUBJECT = "tsfmqrpcuxy"
_BEGINS_A_NAME = "njabdzeil"
_NAME_TAGS = ("nr", "ns", "nt", "nz")
_CONTENT = ("n", "v", "a", "j", "i", "l", "z", "b", "s")
_ASKING = re.compile(
    r"(?:究竟|到底|主要|分别|大约|约|共|一共|总共|计划|预计|打算|可以|要|会|一年|每年)?"
    r"(?:[是为在有于由被]|叫做?|设在|达到|用了?|花了?)?"
    r"(?:什么|谁|哪|何时|何地|何处|多少|几|多[大高长久远重快宽深]|怎么|怎样|如何|为何|为啥|啥)"
)
_CLAUSE = re.compile(r"[，,；;：:]")
_PART = re.compile(r"[，,；;：:？?。!！]")
_SUPERLATIVE = re.compile(r"最[\u4e00-\u9fff]|首[个次家批位]")
_CHANGE = re.compile(
    r"(?:增加|增长|增|减少|减|下降|降低|降|提高|提升|上升|上涨|涨|下跌|跌|缩短|延长|多|少|高出)了?"
    r"(?:多少|几|百分之)"
)
LEAST_RARITY = 1.0
"""Words that nearly every text has (进行, 情况) say nothing of what is asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks.

    `kind` is the kind of answer. For a number `measures` are the classes of unit that fit, empty
    where any does, `unit` the unit that is named (元, 家), empty for none, and `counted` the noun
    that is counted (企业). For an entity `who`, `where`, `body` tell that a person, a place, a
    body is asked for. `names` are what it is asked of: people, places, bodies, works, Latin names,
    folded, without white space; `ordinals` what tells one of a row from the others, as digits and
    measure (`120届`); `periods` the dates and periods; `superlatives` words
    that pick one of many (最大); `change` tells that a rise or fall is asked for, `several` that
    more than one clause asks; `subject` is the word that it opens with, for what no dictionary
    takes for a name (遵义, 煤炭板块), empty for none; `attribute` the words beside what asks
    (净利润); `compound` the two nouns right before what asks where they are joined (市场, 规模);
    `content` all its words that say something, each with its rarity in Chinese at large.
    """

    kind: AnswerKind
    measures: frozenset[UnitClass]
    unit: str
    counted: str
    who: bool
    where: bool
    body: bool
    names: tuple[str, ...]
    ordinals: tuple[str, ...]
    periods: tuple[Period, ...]
    superlatives: tuple[str, ...]
    change: bool
    several: bool
    subject: str
    attribute: tuple[str, ...]
    compound: tuple[str, ...]
    content: tuple[tuple[str, float], ...]
    squeezed: str


@lru_cache(256)
def analyse(query: Query) -> Asked:
    """What a question asks.

    >>> from rag.retrieval.query import parse_query
    >>> asked = analyse(parse_query("浙江2022年第3批招收了多少名船员？"))
    >>> asked.names, asked.ordinals, [p.year for p in asked.periods], asked.unit
    (('浙江',), ('3批',), [2022], '名')
    """
    text, folded = query.text, fold(query.text)
    form = plain(text)
    periods = dates(_SHORT_YEAR.sub(r"20\g<0>", text))
    counted = _COUNTED.search(form)
    opening = _subject(text)
    unit = (counted["unit"] or "") if counted else ""
    named = unit in UNITS and query.kind is AnswerKind.NUMBER
    return Asked(
        kind=query.kind,
        measures=_measures(folded, unit) if query.kind is AnswerKind.NUMBER else frozenset(),
        unit=unit if named else "",
        counted=_noun_after(form, counted.end() if named and counted else None, counted),
        who=_WHO.search(folded) is not None,
        where=_WHERE.search(folded) is not None,
        body=_BODY.search(folded) is not None,
        names=_names(text),
        ordinals=tuple(dict.fromkeys(_ordinals(squeeze(text)))),
        periods=periods,
        superlatives=tuple(dict.fromkeys(_SUPERLATIVE.findall(folded))),
        change=_CHANGE.search(folded) is not None,
        several=sum(_ASKING.search(one) is not None for one in _PART.split(folded)) > 1,
        subject="" if is_english(text) else opening,
        attribute=_attribute(query, folded, opening),
        compound=_compound(folded),
        content=_content(query, frozenset((unit, "钱")) if counted else frozenset()),
        squeezed=squeeze(text),
    )


def _measures(folded: str, unit: str) -> frozenset[UnitClass]:
    if _SHARE.search(folded) and unit not in ("元", "万", "亿"):
        found = {UnitClass.SHARE, UnitClass.POINTS, UnitClass.TIMES}
        return frozenset(found | ({UNITS[unit].measures} if unit in UNITS else set()))
    for words, measure in _MEASURED:
        if words.search(folded):
            return frozenset((measure,))
    if unit in UNITS:
        return frozenset((UNITS[unit].measures,))
    if _MONEY.search(folded):
        return frozenset((UnitClass.MONEY,))
    return _SIZES if "多大" in folded else frozenset()


def _noun_after(form: str, end: int | None, counted: re.Match[str] | None) -> str:
    """The noun that is counted: right after 多少家 or, without a measure word, after 多少."""
    if counted is None:
        return ""
    at = end if end is not None else counted.start() + 2
    for word, tag in tagged(form[at : at + 8]):
        if tag.startswith(("n", "vn", "j")) and len(word) > 1:
            return word
        break
    return ""


def _ordinals(flat: str) -> list[str]:
    return list(written_ordinals(flat))


def written_ordinals(flat: str) -> dict[str, str]:
    """What tells one of a row from the others in a squeezed text, with how it is written there.

    >>> written_ordinals("一号线")
    {'1号': '一号线'}
    """
    return {f"{_digits(m['n'])}{m['m'].removesuffix('线')}": m[0] for m in _ORDINAL.finditer(flat)}


def _digits(written: str) -> str:
    if written.isdigit():
        return written.lstrip("0") or "0"
    found = value_of(written)
    return written if found is None else str(found)


def ordinals_in(flat: str) -> frozenset[str]:
    """What tells one of a row from the others in a squeezed text: `第23089期` as `23089期`.

    >>> sorted(ordinals_in("第七届和二号线"))
    ['2号', '7届']
    """
    return frozenset(_ordinals(flat))


def _names(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _QUOTED.finditer(text):
        found.setdefault(squeeze(next(filter(None, match.groups()))), None)
    english = is_english(text) or not text.endswith(("？", "?"))
    form = _CAPITAL_NAME if english else _LATIN_NAME
    for match in form.finditer(text):
        name = squeeze(match.group())
        if name not in STOP_WORDS and not all(
            part in STOP_WORDS for part in match.group().lower().split()
        ):
            found.setdefault(name, None)
    words = tagged(text)
    for place, (word, tag) in enumerate(words):
        name = squeeze(word)
        if not tag.startswith(_NAME_TAGS) or name in STOP_WORDS or name.isascii():
            continue
        # 施/nr 建军/n: a family name cut from what follows it.
        if tag == "nr" and len(word) == 1 and place + 1 < len(words):
            name += squeeze(words[place + 1][0])
        if len(name) > 1 and (tag != "nr" or rarity(name) >= 6):
            found.setdefault(name, None)
    return tuple(found)


def _subject(text: str) -> str:
    """The first word that can be what a question is about: no time, place word, number or function
    word; one character is taken with the next word (英/伟达).

    >>> _subject("2023年煤炭板块涨了多少？"), _subject("为什么美联储要加息")
    ('煤炭', '美联储')
    """
    words = tagged(text)
    for (word, tag), (following, next_tag) in pairwise((*words, ("", "x"))):
        if tag[:1] in _NO_SUBJECT or squeeze(word) in STOP_WORDS:
            continue
        if len(word) == 1 and (tag[:1] not in _BEGINS_A_NAME or next_tag[:1] in _NO_SUBJECT):
            continue
        joined = word + following if len(word) == 1 else word
        subject = squeeze(joined).rstrip("是的有在了")
        if len(subject) > 1:
            return subject
    return ""


def _attribute(query: Query, folded: str, opening: str) -> tuple[str, ...]:
    """The content words right before and right after what asks, in its clause; before it also the
    one that the last is joined to (市场/规模), unless that is the word that opens the question."""
    asking = _ASKING.search(folded)
    if asking is None:
        return tuple(_nouns(query, folded)[-1:])
    clause = _CLAUSE.split(folded[: asking.start()])[-1]
    before = _nouns(query, clause)[-2:]
    if len(before) == 2 and ("".join(before) not in clause or before[0] == opening):
        del before[0]
    after = _nouns(query, folded[asking.end() :].rstrip("？?。"))
    return tuple(dict.fromkeys((*before, *after[:1])))


def _compound(folded: str) -> tuple[str, ...]:
    """The last two nouns before what asks, where nothing stands between them; empty for one."""
    asking = _ASKING.search(folded)
    before = folded[: asking.start()] if asking else folded.rstrip("？?")
    last = tagged(before.rstrip("的有是"))[-2:]
    if len(last) == 2 and all(
        tag[:1] == "n" and len(word) > 1 and not tag.startswith(_NAME_TAGS) for word, tag in last
    ):
        return last[0][0], last[1][0]
    return ()


def _nouns(query: Query, text: str) -> list[str]:
    return [
        word
        for word, tag in tagged(text)
        if tag.startswith(_CONTENT)
        and not tag.startswith(_NAME_TAGS)
        and len(word) > 1
        and word in query.words
    ]


def _content(query: Query, asking: frozenset[str]) -> tuple[tuple[str, float], ...]:
    return tuple(
        (word, weight)
        for word in query.words
        if word not in asking
        and word not in query.again
        and not word.isdecimal()
        and (weight := rarity(word)) >= LEAST_RARITY
    )
