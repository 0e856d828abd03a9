"""Quantities, dates and periods in a text, and what else in it can be right or wrong.

The one recogniser of numbers, units, dates and periods.

    quantities(text)       every quantity that is no part of a date, in order
    dates(text, year)      every date and period, in order; 去年 counts from `year`
    figures(text, year)    both at once

What they return is frozen, compares by value however it is written, and knows its place in the
text as it was given (code points). Time grows with the length of the text alone.

Dates and periods: years, halves, quarters, months, days, decades, and ranges of them, in
Chinese, as ISO and in English.

Called by `rag.text.quantities`, which everything else asks; the text comes with one character
for each of the original (see `quantities.plain`).

What in a text can be right or wrong by itself: quantities, dates, names, quoted terms, direction
and negation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.text.amounts import Hedge, Quantity, amounts
from rag.text.normalize import fold
from rag.text.numbers import DIGITS, HAN_DIGITS, NO_UNIT, Unit, UnitClass, numeral
from rag.text.segment import proper_names
from rag.types import Span

__all__ = [
    "DOWN",
    "MONTH_NAMES",
    "NO_UNIT",
    "PART_MONTHS",
    "UP",
    "YEAR_WORDS",
    "Hedge",
    "Period",
    "Quantity",
    "Unit",
    "UnitClass",
    "Values",
    "blank",
    "dates",
    "direction_words",
    "directions",
    "figures",
    "months",
    "negated",
    "periods",
    "plain",
    "quantities",
    "values",
]


YEAR_WORDS = {
    "前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "下年": 1, "后年": 2,
    "last year": -1, "this year": 0, "next year": 1,
}  # fmt: skip
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Period:
    """A date or period as far as it is named.

    `span` and `text`: where it stands and as it is written. `part` names what the year or month
    is narrowed to: `q1` to `q4`, `h1`, `h2`, `9m` (the first three quarters), `d1` to `d3` (a
    third of a month), `1990s`, `c20` (a decade and a century, then `year` is None). `relative`:
    the years that a word like 去年 counts from the year of speaking, None without such a word.
    `to`: the last period of a range, whose first is this one."""

    span: Span
    text: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    part: str | None = None
    relative: int | None = None
    to: Period | None = None

    def within(self, other: Period, years: frozenset[int]) -> bool:
        """Whether `other` says at least what this says; a year that `other` leaves out is taken
        from `years`. Of a range both ends must agree.

        >>> from rag.text.quantities import dates
        >>> (own,), (other,) = dates("2022年5月"), dates("5月6日")
        >>> own.within(other, frozenset((2022,))), own.within(other, frozenset())
        (True, False)
        """
        if self.year is not None:
            if self.year not in ({other.year} if other.year is not None else years):
                return False
        elif self.relative is not None and other.relative != self.relative:
            return False
        if any(
            mine is not None and mine != theirs
            for mine, theirs in (
                (self.month, other.month),
                (self.day, other.day),
                (self.part, other.part),
            )
        ):
            return False
        return self.to is None or (other.to is not None and self.to.within(other.to, years))


PART_MONTHS = {
    "q1": (1, 3), "q2": (4, 6), "q3": (7, 9), "q4": (10, 12), "h1": (1, 6), "h2": (7, 12),
    "9m": (1, 9),
}  # fmt: skip


def months(period: Period) -> tuple[int, int] | None:
    """The first and last month that a period names, None where it names none or a day.

    >>> from rag.text.quantities import dates
    >>> [months(dates(text)[0]) for text in ("1—9月", "前三季度", "2023年", "5月3日")]
    [(1, 9), (1, 9), None, None]
    """
    if period.day is not None:
        return None
    if period.part in PART_MONTHS:
        return PART_MONTHS[period.part]
    if period.month is None or period.part is not None:
        return None
    last = period.to.month if period.to is not None else period.month
    return None if last is None else (period.month, last)


_TO = r"\s?(?:[-—–―~～至到]{1,2}|to|and)\s?"
_YEAR = (
    r"(?:(?P<before>公元前|前(?=\d{3}))?(?:公元)?(?<!\d)(?P<year>(?:1\d|20)\d{2}|(?<=公元)\d{1,3}|(?<=公元前)\d{1,3})"
    rf"|(?<![{HAN_DIGITS}])(?P<hanyear>[一二][{HAN_DIGITS}]{{3}}))"
    r"\s?(?:财政年度|会计年度|财年|学年|年|(?=第[一二三四1-4]\s?季|[一二三四]季[度报]|[上下]半年|半年[度报]))(?!的?历史|之久|多(?![多出了约近达]|\s?\d)|余|左右|[前后]的)"
)
_WORD = rf"(?P<word>{'|'.join(word for word in YEAR_WORDS if word[0] > 'z')})"
_MONTH = (
    r"(?P<month>(?<![\d.])(?:1[0-2]|0?[1-9])|十[一二]?|[一二三四五六七八九正元])\s?月份?(?!度?均|亮|球|台)"
    r"(?:\s?(?P<day>(?:3[01]|[12]\d|0?[1-9])|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|廿[一二三四五六七八九]?)\s?[日号]"
    r"|(?P<third>[上中下])旬|(?P<monthend>底|末|初))?"
)
_PART = (
    r"(?P<quarter>第?[一二三四1-4]\s?季度?|q[1-4](?![0-9a-z]))|(?P<front>[前头][二两三23]个?季度?)"
    r"|(?P<half>[上下]半年|半年[度报](?!过))"
)
_CHINESE = re.compile(
    rf"(?:{_YEAR}|{_WORD})度?(?:[初末底中])?\s?[,，]?(?:的\s?)?(?:{_MONTH}|{_PART})?"
)
_YEARLESS = re.compile(
    r"(?<![个\d.第每])(?P<month>1[0-2]|0?[1-9]|(?<![一二三四五六七八九十])十[一二]?"
    r"|(?<![一二三四五六七八九十百千万个])[一二三四五六七八九正元])\s?月份?(?!度?均|亮|球|台|票|嫂|子)"
    r"(?:\s?(?P<day>(?:3[01]|[12]\d|0?[1-9])|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]|廿[一二三四五六七八九]?)\s?[日号]"
    r"|(?P<third>[上中下])旬|(?P<monthend>底|末|初))?"
    r"|(?P<quarter>第[一二三四1-4]\s?季度|(?<![前头两几个0-9])[一二三四1-4]\s?季度|(?<![0-9a-z])q[1-4](?![0-9a-z]))"
    r"|(?P<front>[前头][二两三23]个?季度)|(?P<half>[上下]半年|半年[度报](?!过))"
    r"|[前头]\s?(?P<months>1[0-2]|[2-9]|[二三四五六七八九十]|十[一二])\s?个?月(?!份?[底末初中])"
    r"|(?<![\d.月])(?P<dayonly>3[01]|[12]\d|[1-9])\s?日(?!均|元|常|游|志|本|报|刊)"
)
_ISO = re.compile(
    r"(?<![\d.])(?P<year>(?:19|20)\d{2})(?:"
    r"(?P<sep>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=sep)(?P<day>3[01]|[12]\d|0?[1-9])"
    r"|[-/](?P<month2>1[0-2]|0[1-9])|(?P<month3>1[0-2]|0[1-9])(?P<day3>3[01]|[12]\d|0[1-9]))"
    r"(?![\d/-]\d|\d|(?P=sep)\d)"
)
_QUARTER_YEAR = re.compile(
    r"(?<![0-9a-z])(?:(?P<quarter>q[1-4]|h[12])\s?(?:of\s)?(?:fy\s?)?(?P<year>20\d{2})|(?P<year2>20\d{2})\s?(?P<quarter2>q[1-4]|h[12]))(?![0-9a-z])"
)
_PREPOSITION = (
    "(?:in|since|by|until|from|to|of|during|year|fiscal|fy|early|late|mid|end|before|after|between"
    "|and|for)"
)
_NAMED = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_LATIN = re.compile(
    rf"(?<![0-9a-z])(?:{_NAMED}\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![0-9])(?:,?\s(?P<year>(?:1\d|20)\d{{2}})(?![0-9]))?"
    rf"|(?P<day2>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\s(?:of\s)?{_NAMED.replace('name', 'name2')}"
    r"(?:,?\s(?P<year2>(?:1\d|20)\d{2})(?![0-9]))?"
    rf"|{_NAMED.replace('name', 'name3')},?\s(?:of\s)?(?P<year3>(?:1\d|20)\d{{2}})(?![0-9])"
    r"|(?:in|since|by|until|during|from|to|of|early|late|mid)[ -]"
    rf"{_NAMED.replace('name', 'name4')}(?![a-z]|,?\s\d)"
    r"|(?P<ord>first|second|third|fourth)\s(?P<what>quarter|half)(?:\s(?:of|in)\s(?P<year5>(?:19|20)\d{2}))?"
    rf"|{_PREPOSITION}[ -]?(?P<year4>(?:19|20)\d{{2}})"
    r"(?![0-9,.]\d|\d|\s?(?:yuan|people|%|[a-z]*illion))"
    r"|(?P<word>last|this|next)\syear(?![a-z])"
    r"|(?<![\d.,$¥€£])(?P<year6>(?:19|20)\d{2})(?=[\s,.;:)'’][^\u3400-\u9fff]{0,12}[a-z]|[.)]?$)"
    r"(?![,.]\d|\s?(?:yuan|people|%|[a-z]*illion|years?|days?|km|kg|mm|meters|metres|tonnes|tons)))"
)
_DECADE = re.compile(
    r"(?:(?P<century>\d{1,2}|[一二]?十[一二三四五六七八九]?)\s?世纪)?(?P<decade>[1-9]0|[一二三四五六七八九]十)\s?年代"
    r"|(?P<only>(?<!\d)\d{1,2}|[一二]?十[一二三四五六七八九]?)\s?世纪|(?<!\d)(?P<full>(?:1\d|20)\d0)(?:\s?年代|s(?![a-z]))"
)
# The patterns in the order in which they read, each with what a text must hold for it to match.
_PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (_DECADE, ("年代", "世纪", "0s")),
    (_ISO, ("19", "20")),
    (_QUARTER_YEAR, ("q", "h")),
    (_LATIN, ("a", "e", "i", "o", "u", "f", "y")),
    (_CHINESE, ("年", "季")),
    (_YEARLESS, ("月", "季", "半年", "日", "q")),
)
_YEAR_FIRST = re.compile(rf"(?<![\d.])(?P<year>(?:1\d|20)\d{{2}}){_TO}$")
_NUMBER_FIRST = re.compile(rf"(?<![\d.])(?P<n>\d{{1,2}}){_TO}$")
_JOIN = re.compile(rf"(?:(?:全年|年)?{_TO})")
_LOOK_BACK = 10
_ENGLISH_PARTS = {"first": "1", "second": "2", "third": "3", "fourth": "4"}


def periods(plain: str, written: str, year: int | None) -> tuple[Period, ...]:
    """The dates and periods of a text in their order; `plain` is `written` in the form that
    patterns know. 去年 and its like are counted from `year`."""
    found: list[Period] = []
    rest = plain
    for pattern, needs in _PATTERNS:
        if needs and not any(sign in rest for sign in needs):
            continue
        taken: list[Period] = []
        for match in pattern.finditer(rest):
            period = _read(match, written, year)
            if period is not None:
                taken.append(period)
        rest = blank(rest, taken)
        found += taken
    found.sort(key=lambda one: one.span)
    return tuple(_whole(list(_ranges(found, plain, written)), written))


def blank(text: str, taken: list[Period] | tuple[Period, ...]) -> str:
    """The text with a mark of its own in the place of each period, so that nothing is read
    across it.

    >>> from rag.text.quantities import dates
    >>> blank("2023年增长", dates("2023年增长"))
    '\\x00\\x00\\x00\\x00\\x00增长'
    """
    if not taken:
        return text
    characters = list(text)
    for one in taken:
        characters[one.span.start : one.span.end] = "\0" * len(one.span)
    return "".join(characters)


def _read(match: re.Match[str], written: str, year: int | None) -> Period | None:
    found = {name: value for name, value in match.groupdict().items() if value}
    span = _trimmed(match)
    text = span.of(written)
    if "decade" in found or "only" in found or "full" in found:
        return _decade(found, span, text)
    named = next((int(found[k]) for k in found if k.startswith("year")), None)
    if "hanyear" in found:
        named = int("".join(str(DIGITS[character]) for character in found["hanyear"]))
    if "before" in found and named is not None:
        named = -named
    relative = None
    if "word" in found:
        word = found["word"]
        relative = YEAR_WORDS.get(word, YEAR_WORDS.get(f"{word} year", 0))
        named = None if year is None else year + relative
    name = next((found[k] for k in found if k.startswith("name")), None)
    month = (
        MONTH_NAMES.index(name[:3]) + 1
        if name
        else _number(next((found[k] for k in found if k in ("month", "month2", "month3")), None))
    )
    day = _number(next((found[k] for k in found if k.startswith("day")), None))
    part = _part(found)
    if "months" in found:
        last = Period(span, text, named, _number(found["months"]))
        return Period(span, text, named, 1, to=last)
    if named is None and relative is None and month is None and part is None and day is None:
        return None
    return Period(span, text, named, month, day, part, relative)


def _trimmed(match: re.Match[str]) -> Span:
    text = match.group()
    lead = re.match(
        rf"{_PREPOSITION}[ -]?(?=\d|[a-z]{{3}})",
        text,
    )
    start = match.start()
    if lead and ("year4" in match.re.groupindex) and (match["year4"] or match["name4"]):
        start += lead.end()
    body = match.string[start : match.end()].rstrip(" \t\n,，的\u3000")
    return Span(start, start + len(body))


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if text in ("正", "元"):
        return 1
    value = int(text) if text.isdigit() and text.isascii() else numeral(text)
    return None if value is None else int(value)


def _part(found: dict[str, str]) -> str | None:
    quarter = found.get("quarter") or found.get("quarter2")
    part = None
    if quarter and quarter.startswith("h"):
        part = quarter
    elif quarter:
        digit = next(c for c in quarter if c in DIGITS or c.isdigit())
        part = f"q{DIGITS.get(digit, digit)}"
    elif "front" in found:
        part = "9m" if found["front"][1] in "三3" else "h1"
    elif "half" in found:
        part = "h2" if found["half"].startswith("下") else "h1"
    elif "third" in found:
        part = {"上": "d1", "中": "d2", "下": "d3"}[found["third"]]
    elif "ord" in found:
        part = f"{found['what'][0]}{_ENGLISH_PARTS[found['ord']]}"
    return part


def _decade(found: dict[str, str], span: Span, text: str) -> Period | None:
    if "only" in found:
        return Period(span, text, part=f"c{_number(found['only'])}")
    if "full" in found:
        return Period(span, text, part=f"{found['full']}s")
    tens = _number(found["decade"]) or 0
    century = _number(found.get("century"))
    start = (
        (tens + 1900 if tens > 20 else tens + 2000)
        if century is None
        else (century - 1) * 100 + tens
    )
    return Period(span, text, part=f"{start}s")


def _whole(found: list[Period], written: str) -> Iterator[Period]:
    """A year or month and what follows it at once as one (2023年 and 1—9月)."""
    before: Period | None = None
    for one in found:
        if before is not None and before.span.end == one.span.start and _narrows(one, before):
            span = Span(before.span.start, one.span.end)
            year, relative, month = before.year, before.relative, one.month or before.month
            end = one.to and replace(
                one.to, year=year, relative=relative, month=one.to.month or month
            )
            before = Period(span, span.of(written), year, month, one.day, one.part, relative, end)
            continue
        if before is not None:
            yield before
        before = one
    if before is not None:
        yield before


def _narrows(one: Period, before: Period) -> bool:
    if before.to is not None or before.day is not None or one.year is not None:
        return False
    if one.relative is not None or before.part is not None:
        return False
    named = before.year is not None or before.relative is not None
    return named if before.month is None else one.month is None and one.day is not None


def _ranges(found: list[Period], plain: str, written: str) -> Iterator[Period]:
    """Ranges made of two periods that only a word of "to" stands between, or of a period and the
    number before it (1—9月, 2019—2022年, 5至8日)."""
    at = 0
    last_end = 0
    while at < len(found):
        one = found[at]
        at += 1
        if at < len(found) and one.to is None:
            between = plain[one.span.end : found[at].span.start]
            if _JOIN.fullmatch(between) and between.strip():
                end = found[at]
                at += 1
                if end.year is None and end.relative is None and one.year is not None and end.month:
                    end = replace(end, year=one.year)
                if end.month is None and end.day is not None:
                    end = replace(end, month=one.month, year=one.year)
                span = Span(one.span.start, end.span.end)
                last_end = span.end
                yield replace(one, span=span, text=span.of(written), to=end)
                continue
        first = _first_of_range(one, plain, last_end)
        last_end = one.span.end
        if first is None:
            yield one
        else:
            start, begin = first
            span = Span(start, one.span.end)
            yield replace(begin, span=span, text=span.of(written), to=one)


def _first_of_range(end: Period, plain: str, last_end: int) -> tuple[int, Period] | None:
    """The period that the number before `end` begins, and where that number stands."""
    before = plain[max(last_end, end.span.start - _LOOK_BACK) : end.span.start]
    if end.year is not None and end.relative is None and plain[end.span.start].isdigit():
        match = _YEAR_FIRST.search(before)
        if match:
            begin = replace(end, year=int(match["year"]))
            return end.span.start - len(before) + match.start(), begin
    if end.year is None and end.relative is None:
        match = _NUMBER_FIRST.search(before)
        if match and end.month and end.day is None and 1 <= int(match["n"]) <= 12:
            return end.span.start - len(before) + match.start(), replace(end, month=int(match["n"]))
        if match and end.month is None and end.day and 1 <= int(match["n"]) <= 31:
            return end.span.start - len(before) + match.start(), replace(end, day=int(match["n"]))
    return None


def quantities(text: str) -> tuple[Quantity, ...]:
    """Every quantity of a text that is no part of a date, of a code or of a list's numbering.

    >>> [(q.text, str(q.low), str(q.high), q.unit.name) for q in quantities("约 120 亿元，10%-15%")]
    [('120 亿元', '12000000000', '12000000000', '元'), ('10%-15%', '10', '15', '%')]
    """
    return figures(text)[0]


def dates(text: str, year: int | None = None) -> tuple[Period, ...]:
    """Every date and period of a text; `year` is the year from which 今年 and 去年 count.

    >>> [(d.year, d.month, d.part) for d in dates("2023年第三季度，去年5月", 2023)]
    [(2023, None, 'q3'), (2022, 5, None)]
    """
    return figures(text, year)[1]


@lru_cache(8192)
def figures(text: str, year: int | None = None) -> tuple[tuple[Quantity, ...], tuple[Period, ...]]:
    """The quantities and the periods of a text, each in order.

    >>> figures("")
    ((), ())
    """
    form = plain(text)
    found = periods(form, text, year)
    return tuple(amounts(blank(form, found), text)), found


_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ALIKE = {
    "\u3000": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "％": "%", "﹪": "%",
    "￥": "¥", "￡": "£", "−": "-", "－": "-", "﹣": "-", "：": ":", "萬": "万", "億": "亿",
    "兩": "两", "點": "点", "個": "个", "條": "条", "顆": "颗", "隻": "只", "輛": "辆",
    "層": "层", "屆": "届", "噸": "吨", "畝": "亩", "頃": "顷", "釐": "厘", "歲": "岁",
    "週": "周", "時": "时", "鐘": "钟", "圓": "元", "員": "员", "塊": "块", "錢": "钱",
    "貳": "贰", "參": "叁", "叄": "叁", "陸": "陆", "餘": "余", "約": "约", "過": "过",
    "數": "数", "幾": "几", "際": "际", "間": "间", "華": "华", "號": "号", "項": "项",
    "種": "种", "戶": "户", "張": "张", "類": "类", "處": "处", "級": "级",
    "場": "场", "門": "门", "齣": "出", "蘇": "苏", "後": "后", "歐": "欧",
    "鎊": "镑", "韓": "韩", "盧": "卢", "幣": "币", "納": "纳", "裡": "里",
    "紀": "纪", "負": "负", "達": "达", "於": "于",
}  # fmt: skip
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_PLAIN = (
    _LOWER
    | _FULL_WIDTH
    | {code: code - 0xFEE0 + 32 for code in range(0xFF21, 0xFF3B)}
    | {ord(a): ord(b) for a, b in _ALIKE.items()}
)


def plain(text: str) -> str:
    """The text character for character in the form that the patterns know: half width, lower
    case, simplified. Its length is that of `text`.

    >>> plain("Ｑ１　貳拾萬")
    'q1 贰拾万'
    """
    return text.translate(_PLAIN)


_QUOTED = re.compile(r"《([^》]{2,60})》|“([^”]{2,30})”|「([^」]{2,30})」")
_VALUE_LATIN = re.compile(r"[a-z][a-z0-9]++(?:[-.&][a-z0-9]++)*+")

UP = re.compile(
    "增长|上升|提高|提升|上涨|增加|扩大|回升|走高|攀升|增至"
    "|升至|上调|高于|超过|多于|盈利|增幅|涨幅|升高|涨"
)
DOWN = re.compile(
    "下降|降低|减少|下跌|缩小|收窄|回落|走低|下滑|降至|跌至"
    "|下调|低于|不足|少于|亏损|降幅|跌幅|减低|跌|萎缩"
)
_NEGATION = re.compile(
    r"(?:不|没有?|未|无法?|并非|(?<!除)非|(?<![特分个区类性级派差识鉴送告])别|勿|难以|不会|不能|未能|不得|不再|尚未|拒绝|禁止)$"
)


@dataclass(frozen=True, slots=True)
class Values:
    """Everything of a text that is compared by value."""

    numbers: tuple[Quantity, ...]
    dates: tuple[Period, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]


@lru_cache(4096)
def values(text: str, year: int | None = None) -> Values:
    """The values of a text. `year` is the year of its document, by which 今年 and 去年 are read.

    >>> [(str(n.value), n.unit.name) for n in values("31.3万亿元，增长30%").numbers]
    [('31300000000000', '元'), ('30', '%')]
    """
    folded = fold(text)
    numbers, dates = figures(text, year)
    return Values(
        numbers=numbers,
        dates=dates,
        names=tuple(dict.fromkeys([*_VALUE_LATIN.findall(folded), *proper_names(text)])),
        quoted=tuple(
            "".join(next(filter(None, match)).split()) for match in _QUOTED.findall(folded)
        ),
    )


def directions(text: str) -> frozenset[str]:
    """`up` and `down` as far as a text speaks of a rise or a fall.

    >>> sorted(directions("同比增长3%，环比下降1%"))
    ['down', 'up']
    """
    return frozenset(side for side, _ in direction_words(fold(text)))


def direction_words(folded: str) -> list[tuple[str, str]]:
    """The words of a rise (`up`) or a fall (`down`) in a folded text, with their side.

    >>> direction_words("同比增长3%")
    [('up', '增长')]
    """
    return [
        (side, word) for side, form in (("up", UP), ("down", DOWN)) for word in form.findall(folded)
    ]


def negated(text: str, word: str) -> frozenset[bool]:
    """Whether `word` stands negated in a (folded) text, for all its places; empty if it does
    not stand there.

    >>> negated("渡轮不停航", "停航")
    frozenset({True})
    """
    return frozenset(
        _NEGATION.search(text[max(0, match.start() - 3) : match.start()]) is not None
        for match in re.finditer(re.escape(word), text)
    )
