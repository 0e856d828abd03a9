"""What in a text can be right or wrong by itself: numbers with their units, dates, names, quoted
terms, direction and negation. Compared by value, not by how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rag.text.fold import fold
from rag.text.segment import proper_names

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_SCALES = {"百": 10**2, "千": 10**3, "万": 10**4, "亿": 10**8}
_HAN = "零〇一二两三四五六七八九十百千万亿"

# Units that measure: a number is another one with another of these. Of the names of one unit
# the first stands for all.
_MEASURES = {
    name: names[0]
    for names in (
        ("%",), ("‰",), ("pp", "个百分点", "百分点"), ("bp", "基点", "个基点"), ("倍",), ("折",),
        ("元", "人民币", "元人民币", "块钱"), ("美元", "美金"), ("欧元",), ("英镑",), ("日元",),
        ("港元", "港币"), ("韩元",), ("卢布",), ("卢比",),
        ("纳米", "nm"), ("微米", "μm"), ("毫米", "mm"), ("厘米", "cm"), ("米",),
        ("公里", "km", "千米"),
        ("海里",), ("英里",), ("英寸",), ("平方米",), ("平方公里", "平方千米"), ("亩",), ("公顷",),
        ("立方米",), ("吨",), ("公斤", "kg", "千克"), ("克",), ("升",),
        ("千瓦", "kw"), ("兆瓦", "mw"), ("吉瓦", "gw"), ("千瓦时", "kwh"), ("度",), ("摄氏度",),
        ("秒",), ("分钟",), ("小时",), ("天",), ("周",), ("个月",), ("岁", "周岁"),
        ("g",), ("gb",), ("tb",), ("eflops",),
    )
    for name in names
}  # fmt: skip
# Units that count: the same number of things may be counted in 个, 家 or 户.
_COUNTS = (
    "个家名人户台辆只所项款条座次位种件宗起股艘架张枚颗类层届期集部本篇首场站节门支套间枝根块处例级"
)
_UNIT = "|".join(sorted(map(re.escape, _MEASURES), key=len, reverse=True))
_ARABIC = r"(?<![\d.a-z])(?<!\d,)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_NUMBER = re.compile(
    rf"{_ARABIC}(?P<scale>(?:[多余]?[百千万亿](?![米克瓦赫卡])){{0,3}})[多余]?\s?(?P<unit>{_UNIT}|[{_COUNTS}])?"
)
_HAN_NUMBER = re.compile(rf"(?<![{_HAN}第])(?P<han>[{_HAN}]+)[多余]?(?P<unit>{_UNIT}|[{_COUNTS}])?")
_TENTHS = re.compile(
    r"(?P<n>[一二两三四五六七八九]|\d(?:\.\d)?)成(?P<half>半)?(?!为|立|功|本|员|果|长|了|都|熟|交)"
)
_PERCENT = re.compile(rf"百分之(?P<n>[{_HAN}点]+|\d+(?:\.\d+)?)")
_RATIO = re.compile(rf"(?P<d>[{_HAN}]+|\d+)分之(?P<n>[{_HAN}]+|\d+)")

YEAR_WORDS = {"前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_DATE = re.compile(
    r"(?:(?P<year>(?:19|20)\d{2})\s?年|(?P<word>前年|去年|上年|今年|本年|明年|后年))?"
    r"(?:(?<=年)(?:度|初|末|底)?)?\s?"
    r"(?:(?P<month>1[0-2]|0?[1-9])\s?月(?!度?均)(?:\s?(?P<day>3[01]|[12]\d|0?[1-9])\s?[日号])?"
    r"|(?P<quarter>第?[一二三四1-4])\s?季度?|(?P<half>[上下]半年))?"
)
_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})[-./](?P<month>1[0-2]|0?[1-9])(?:[-./](?P<day>3[01]|[12]\d|0?[1-9]))?(?!\d)"
)
_QUOTED = re.compile(r"《([^》]{2,60})》|“([^”]{2,30})”|「([^」]{2,30})」")
_LATIN = re.compile(r"[a-z][a-z0-9]+(?:[-.&][a-z0-9]+)*")

UP = re.compile(
    "增长|上升|提高|提升|上涨|增加|扩大|回升|走高|攀升|增至"
    "|升至|上调|高于|超过|多于|盈利|增幅|涨幅|升高|涨"
)
DOWN = re.compile(
    "下降|降低|减少|下跌|缩小|收窄|回落|走低|下滑|降至|跌至"
    "|下调|低于|不足|少于|亏损|降幅|跌幅|减低|跌|萎缩"
)
_NEGATION = re.compile(
    r"(?:不|没有?|未|无法?|并非|非|别|勿|难以|不会|不能|未能|不得|不再|尚未|拒绝|禁止)$"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number by value: `unit` is the unit's one name, `count` for things that are counted,
    empty for none. `text` is how it was written (folded)."""

    value: Fraction
    unit: str
    text: str

    def same(self, other: Number) -> bool:
        """Whether both can be the same figure: equal value, and no other measure."""
        measures = {self.unit, other.unit} - {"", "count"}
        return self.value == other.value and len(measures) <= (
            1 if {self.unit, other.unit} & {""} or self.unit == other.unit else 0
        )


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as it is named; `part` is a quarter (`q1` … `q4`) or half (`h1`, `h2`)."""

    year: int | None
    month: int | None
    day: int | None
    part: str | None
    text: str

    def within(self, other: Date, years: frozenset[int]) -> bool:
        """Whether `other` says at least what this date says; a year that `other` leaves out is
        taken from `years`."""
        if self.year is not None and other.year is not None and self.year != other.year:
            return False
        if self.year is not None and other.year is None and self.year not in years:
            return False
        return all(
            mine is None or mine == theirs
            for mine, theirs in (
                (self.month, other.month),
                (self.day, other.day),
                (self.part, other.part),
            )
        )


@dataclass(frozen=True, slots=True)
class Values:
    """Everything of a text that is compared by value."""

    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]


@lru_cache(4096)
def values(text: str, year: int | None = None) -> Values:
    """The values of a text. `year` is the year of its document, by which 今年 and 去年 are read.

    >>> [(str(n.value), n.unit) for n in values("31.3万亿元，增长30%").numbers]
    [('31300000000000', '元'), ('30', '%')]
    """
    folded = fold(text)
    numbers, dates = figures(text, year)
    return Values(
        numbers=numbers,
        dates=dates,
        names=tuple(dict.fromkeys([*_LATIN.findall(folded), *proper_names(text)])),
        quoted=tuple(
            "".join(next(filter(None, match)).split()) for match in _QUOTED.findall(folded)
        ),
    )


@lru_cache(4096)
def figures(text: str, year: int | None = None) -> tuple[tuple[Number, ...], tuple[Date, ...]]:
    """The numbers and the dates of a text alone, which takes a third of the time; see `values`."""
    dates, rest = _dates(fold(text), year)
    return tuple(_numbers(rest)), tuple(dates)


def _dates(folded: str, year: int | None) -> tuple[list[Date], str]:
    """The dates, and the text with blanks in their place."""
    found: list[Date] = []
    rest = list(folded)
    for pattern in (_ISO, _DATE):
        for match in pattern.finditer("".join(rest)):
            parts = match.groupdict()
            if not any(parts.values()):
                continue
            named = int(parts["year"]) if parts["year"] else None
            word = parts.get("word")
            if word and year is not None:
                named = year + YEAR_WORDS[word]
            part = _part(parts.get("quarter"), parts.get("half"))
            month, day = (int(parts[k]) if parts[k] else None for k in ("month", "day"))
            if named is not None or month or part:
                found.append(Date(named, month, day, part, match.group().strip()))
            rest[match.start() : match.end()] = " " * (match.end() - match.start())
    return found, "".join(rest)


def _part(quarter: str | None, half: str | None) -> str | None:
    if quarter:
        digit = quarter[-1]
        return f"q{_DIGITS.get(digit, digit)}"
    return {"上半年": "h1", "下半年": "h2"}.get(half or "")


def _numbers(text: str) -> Iterator[Number]:
    rest = text
    for pattern, read in (
        (_PERCENT, _percent),
        (_RATIO, _ratio),
        (_TENTHS, _tenths),
        (_NUMBER, _arabic),
        (_HAN_NUMBER, _han),
    ):
        blanked = list(rest)
        for match in pattern.finditer(rest):
            number = read(match)
            if number is not None:
                yield number
                blanked[match.start() : match.end()] = " " * (match.end() - match.start())
        rest = "".join(blanked)


def _percent(match: re.Match[str]) -> Number | None:
    whole, _, decimals = match["n"].partition("点")
    value = han_value(whole) if not whole[:1].isdigit() else Fraction(whole)
    if value is None:
        return None
    for place, digit in enumerate(decimals, 1):
        value += Fraction(_DIGITS.get(digit, 0), 10**place)
    return Number(value, "%", match.group())


def _ratio(match: re.Match[str]) -> Number | None:
    parts = [Fraction(p) if p[0].isdigit() else han_value(p) for p in (match["n"], match["d"])]
    if parts[0] is None or not parts[1]:
        return None
    return Number(parts[0] / parts[1], "", match.group())


def _tenths(match: re.Match[str]) -> Number:
    value = Fraction(match["n"]) if match["n"][0].isdigit() else Fraction(_DIGITS[match["n"]])
    return Number(10 * value + (5 if match["half"] else 0), "%", match.group())


def _arabic(match: re.Match[str]) -> Number:
    value = Fraction(match["digits"].replace(",", ""))
    for scale in match["scale"]:
        value *= _SCALES.get(scale, 1)
    return Number(value, _unit(match["unit"]), match.group().strip())


def _han(match: re.Match[str]) -> Number | None:
    """Chinese numerals count only where they are one beyond doubt: several of them, or one
    above 一 with a unit (三家, but not 一些, 万一, 十分)."""
    text, unit = match["han"], match["unit"]
    value = han_value(text)
    several = len(text) >= 2 and any(c in _POWERS or c in "万亿" for c in text)
    if value is None or not (several or (unit and value > 1)):
        return None
    return Number(value, _unit(unit), match.group())


def _unit(unit: str | None) -> str:
    if not unit:
        return ""
    return _MEASURES.get(unit, "count")


def han_value(text: str) -> Fraction | None:
    """The value of Chinese numerals, None where they are no number.

    >>> str(han_value("二十三")), str(han_value("一千零五万")), han_value("万一")
    ('23', '10050000', None)
    """
    total = section = digit = 0
    seen = False
    for character in text:
        if character in _DIGITS:
            if seen and digit:
                return None
            digit, seen = _DIGITS[character], True
        elif character in _POWERS:
            section += (digit if seen and digit else 1) * _POWERS[character]
            digit, seen = 0, True
        else:
            if not (section or digit or total):
                return None
            total = (total + section + digit) * _SCALES[character]
            section = digit = 0
            seen = True
    return Fraction(total + section + digit) if seen else None


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
