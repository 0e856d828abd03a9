"""Quantities: numbers with their units, bounds and hedges, in Chinese, Arabic and English writing.

Called by `rag.text.quantities`, which everything else asks; the text comes with one character
for each of the original (see `quantities.plain`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from rag.text.numbers import (
    COUNTS,
    DIGITS,
    HAN,
    NO_UNIT,
    ORDINAL,
    POWERS,
    SCALES,
    UNITS,
    Unit,
    UnitClass,
    arabic,
    numeral,
)
from rag.types import Span


class Hedge(Enum):
    """How exactly a text means its number."""

    EXACT = "exact"
    ABOUT = "about"
    OVER = "over"
    UNDER = "under"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, by value.

    `low` and `high` are its bounds in `unit`, equal but for a range; `step` is what the last
    digit that is written counts (10,000,000 for 3.1亿): rounding may change half of it. `per` is
    the unit that it is counted by (吨 in 元/吨), empty for none. `text` is how it is written,
    with its unit and what hedges it from behind (多, 左右)."""

    span: Span
    text: str
    low: Fraction
    high: Fraction
    unit: Unit
    step: Fraction = Fraction(1)
    hedge: Hedge = Hedge.EXACT
    per: str = ""

    @property
    def value(self) -> Fraction:
        """The value; of a range its lower bound."""
        return self.low

    @property
    def approximate(self) -> bool:
        """Whether the text says that the number is not exact."""
        return self.hedge is not Hedge.EXACT

    @property
    def is_range(self) -> bool:
        """Whether there are two bounds."""
        return self.low != self.high

    def comparable(self, other: Quantity) -> bool:
        """Whether both can be of one thing: the same base of units, or one without any. What is
        counted without a measure is no share, sum or length.

        >>> from rag.text.quantities import quantities
        >>> kilometres, metres, people = (quantities(t)[0] for t in ("3公里", "3,000米", "3人"))
        >>> kilometres.comparable(metres), kilometres.comparable(people)
        (True, False)
        """
        if self.per and other.per and self.per != other.per:
            return False
        if (self.unit is ORDINAL) != (other.unit is ORDINAL):
            return False
        return self.unit.base == other.unit.base or not self.unit.base or not other.unit.base

    def same(self, other: Quantity) -> bool:
        """Whether both are the same figure: comparable and equal once in the same unit. A number
        without a unit takes that of the other.

        >>> from rag.text.quantities import quantities
        >>> a, b = quantities("31.3万亿元")[0], quantities("313,000 亿元")[0]
        >>> a.same(b)
        True
        """
        return self.comparable(other) and self.bounds(other) == other.bounds(self)

    def bounds(self, other: Quantity | None = None) -> tuple[Fraction, Fraction]:
        """Both bounds in the base of the unit; as written where `other` has no unit to convert
        to."""
        size = self.unit.size if other is None or other.unit.base else Fraction(1)
        return self.low * size, self.high * size


# --- patterns --------------------------------------------------------------------------------

_PREFIX_ONLY = frozenset(("$", "¥", "€", "£", "us$", "hk$", "nt$"))
_SPELLED = sorted((unit for unit in UNITS if unit not in _PREFIX_ONLY), key=len, reverse=True)
_LATIN = "|".join(re.escape(u) for u in _SPELLED if u[0].isascii() and u[0].isalpha())
_OTHER = "|".join(
    re.escape(u) for u in _SPELLED if not (u[0].isascii() and u[0].isalpha()) and u not in COUNTS
)
_UNIT = (
    rf"(?:{_OTHER}|(?:{_LATIN})(?![a-z0-9])|[{COUNTS}])"
    r"(?!(?<=[月点度分周天克年])(?:然气|击|假|评|末|期|代|线|度计划))"
)
_CURRENCY = (
    r"(?P<currency>us\$|hk\$|nt\$|\$|¥|€|£|(?:(?<![a-z])(?:rmb|cny|usd|hkd|eur|gbp|jpy))\s?)"
)
_CURRENCIES = {
    "$": "美元", "us$": "美元", "hk$": "港元", "nt$": "新台币", "¥": "元", "€": "欧元", "£": "英镑",
}  # fmt: skip
# Every repetition is bounded and no digit can begin a match in the middle of others, so that a
# text is read in linear time.
_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,8}(?!\d)(?:\.\d{1,20})?|\d{1,30}(?:\.\d{1,20})?)(?!\d|\.\d)"
_SCALE = r"(?:\s?[多余几]?[百千万亿]{1,3}(?![米克瓦赫卡帕焦]))"
_ENGLISH_SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9,
    "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_PERS = rf"{_OTHER}|{_LATIN}|[{COUNTS}]|股|月|日|时|h|s"
_PER = rf"(?:\s?/\s?(?:每\s?)?(?P<per_unit>{_PERS})(?![a-z])|每(?P<per_unit2>{_PERS}))?"
_HEDGED = r"(?P<hedged>\s?(?:左右|上下|以上|以下|以内|之多|不到))?"
_ENDING = rf"(?P<and_half>(?<=[年月时天])半)?{_PER}{_HEDGED}"
_ARABIC = re.compile(
    rf"(?:{_CURRENCY}\s?)?(?P<sign>(?<![0-9a-z)）\]%])[-负]\s?)?"
    rf"(?<![\d.a-z_])(?<![a-z]-)(?P<digits>{_DIGITS})"
    r"(?:\s?[x×]\s?10\s?(?:\^\s?)?(?P<power>[-+]?\d{1,3}|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]{1,4})"
    r"|(?P<caret>\^\s?[-+]?\d{1,3})(?!\d))?"
    rf"(?P<scale>{_SCALE})?"
    r"(?:(?P<more>(?<=[万亿千])\d{1,4}(?:\.\d{1,4})?(?!\d))"
    r"(?P<more_scale>\s?[百千万](?![米克瓦赫卡帕]))?)?"
    rf"(?:[ -](?P<english>{'|'.join(_ENGLISH_SCALES)})(?![a-z]))?"
    r"\s?(?P<some>[多余来](?![自源]))?\s?(?P<half>个半|倍半)?"
    rf"(?:(?<!\n)[ -]?(?P<unit>{_UNIT}))?{_ENDING}"
)
_HAN_NUMBER = re.compile(
    rf"(?<![{HAN}第几数])(?P<sign>负)?(?P<han>[{HAN}]{{1,30}}(?:点[零〇一二三四五六七八九]{{1,20}})?)"
    rf"(?![{HAN}])(?P<some>[多余来])?\s?(?P<half>个半|倍半)?(?P<unit>{_UNIT})?{_ENDING}"
)
_SEVERAL = re.compile(
    rf"(?P<some>[数几])(?P<han>[十百千万亿]{{1,4}})(?![米克瓦赫卡帕])(?P<unit>{_UNIT})?{_PER}"
)
_OF_HUNDRED = re.compile(
    rf"(?P<base>百|千|万)分之\s?(?P<n>[{HAN}]{{1,10}}(?:点[零〇一二三四五六七八九]{{1,10}})?"
    rf"|\d{{1,10}}(?:\.\d{{1,10}})?){_HEDGED}"
)
_FRACTION = re.compile(
    rf"(?:(?P<d>[{HAN}]{{1,8}}|(?<!\d)\d{{1,8}})分之(?P<n>[{HAN}]{{1,8}}|\d{{1,8}})"
    r"|(?<![\d./a-z-])(?P<n2>\d{1,3})/(?P<d2>\d{1,3})(?![\d/.-])|(?P<glyph>[½⅓⅔¼¾⅕⅖⅗⅘⅛])"
    r"|(?P<one_half>一半|半数|过半))"
)
_TENTHS = re.compile(
    r"(?:(?P<n>[一二两三四五六七八九])|(?<![\d.])(?P<d>\d(?:\.\d)?)\s?)"
    r"(?:[到至-](?P<to>[一二三四五六七八九]|\d))?\s?成(?:(?P<half>半)|(?P<tenth>[一二三四五六七八九]))?"
    r"(?!为|立|功|本|员|果|长|了|都|熟|交|分|就|品|年|套|绩|语)(?P<some>多)?" + _HEDGED
)
_HALF_TIME = re.compile(
    r"(?<![上下一二两三四五六七八九十\d个多大])半(?:个)?(?P<unit>年|月|小时|天)"
)
_ORDINAL = re.compile(rf"第\s?(?P<n>[{HAN}]{{1,10}}|\d{{1,9}})(?!\d|季)")
_ENGLISH_WORDS = {
    word: n
    for n, word in enumerate((
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen", "twenty",
    ))
} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ENGLISH = re.compile(
    rf"(?<![a-z])(?P<word>{'|'.join(sorted(_ENGLISH_WORDS, key=len, reverse=True))})"
    rf"(?:[ -](?P<english>{'|'.join(_ENGLISH_SCALES)}))?"
    rf"(?:[ -](?P<unit>{_LATIN}))?(?![a-z])"
)
_CODE = re.compile(
    r"(?<![0-9a-z])(?:[a-z][a-z_]{0,30}[-.]?\d[\da-z.-]{0,60}|\d{1,12}[a-z]\d[\da-z-]{0,60})"
)
_NUMBERING = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,8}(?:[(（]\s?(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s?[)）]"
    r"|(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:[、)）]|[.．](?!\d)))"
)
_BEFORE = (
    (Hedge.UNDER, re.compile(
        "(?:近|不足|不到|低于|至多|最多|不超过|不多于|nearly|almost|less than|under|up to|at most)"
        r"\s?$"
    )),
    (Hedge.OVER, re.compile(
        "(?:超|超过|逾|至少|不少于|不低于|高于|突破|over|more than|at least|exceed(?:ing|ed)|above)"
        r"\s?$"
    )),
    (Hedge.ABOUT, re.compile(
        r"(?:约|约为|约合|大概|左右|上下|about|around|approximately|roughly|some|ca\.?|~|≈)\s?$"
    )),
)  # fmt: skip
_AFTER = {
    "左右": Hedge.ABOUT, "上下": Hedge.ABOUT, "之多": Hedge.ABOUT, "以上": Hedge.OVER,
    "以下": Hedge.UNDER, "以内": Hedge.UNDER, "不到": Hedge.UNDER,
}  # fmt: skip
_EACH_BEFORE = re.compile(rf"(?:每|per\s)(?P<unit>{_OTHER}|[{COUNTS}]|股|月|日)(?:平均|约|为)?\s?$")
_RANGE_AHEAD = re.compile(rf"[至到][{HAN}]{{1,10}}(?:{_UNIT})")
_BETWEEN = re.compile(r"\s?(?:[-—–―~～至到]{1,2}|to|and)\s?")
_GLYPHS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅛": (1, 8),
}  # fmt: skip
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
# A Chinese 一 before these is a number, before others a word (一度, 一点, 一个).
_ONE_OF = frozenset(
    (
        UnitClass.SHARE, UnitClass.TIMES, UnitClass.MONEY, UnitClass.MASS, UnitClass.DURATION,
        UnitClass.POINTS,
    )
)  # fmt: skip
_LOOK_BACK = 14
_LARGEST_POWER = 60
_LARGEST_BASE = 10**6


def amounts(text: str, written: str) -> Iterator[Quantity]:
    """The quantities of a text in their order; `text` is `written` in the form that patterns know,
    with the periods blanked."""
    found: list[Quantity] = []
    rest = text
    for pattern in (_NUMBERING, _CODE):
        rest = pattern.sub(_blanks, rest)
    for pattern, read in _READERS:
        taken: list[Span] = []
        for match in pattern.finditer(rest):
            quantity = read(match)
            if quantity is None:
                continue
            body = match.group().rstrip()
            start = match.start() + len(body) - len(body.lstrip())
            span = Span(start, match.start() + len(body))
            found.append(_hedged(replace(quantity, span=span, text=span.of(written)), text))
            taken.append(span)
        if taken:
            characters = list(rest)
            for span in taken:
                characters[span.start : span.end] = "\0" * len(span)
            rest = "".join(characters)
    found.sort(key=lambda one: one.span)
    yield from _ranges(found, text, written)


def _blanks(match: re.Match[str]) -> str:
    """As many blanks as the match has characters; a unit after digits (14nm) is no code."""
    return "\0" * len(match.group())


def _made(
    value: Fraction,
    unit: Unit = NO_UNIT,
    step: Fraction = Fraction(1),
    hedge: Hedge = Hedge.EXACT,
    per: str = "",
    high: Fraction | None = None,
) -> Quantity:
    return Quantity(Span(0, 0), "", value, value if high is None else high, unit, step, hedge, per)


def _arabic(match: re.Match[str]) -> Quantity | None:
    digits = match["digits"]
    value, step = arabic(digits), Fraction(1, 10 ** len(digits.partition(".")[2]))
    if match["power"] or match["caret"]:
        raised = _raised(match, value, step)
        if raised is None:
            return None
        value, step = raised
    scale = Fraction(_ENGLISH_SCALES.get(match["english"] or "", 1))
    for character in match["scale"] or "":
        scale *= SCALES.get(character, 1)
    value, step = value * scale, step * scale
    if match["more"]:
        further = _further(match, scale)
        if further >= scale:
            return None
        value, step = value + arabic(match["more"]) * further, further
    if match["half"] or match["and_half"]:
        value, step = value + Fraction(1, 2), step / 2
    unit = _unit_of(match)
    if match["currency"] and unit.measures in (UnitClass.NONE, UnitClass.MONEY):
        name = match["currency"].strip()
        unit = UNITS[_CURRENCIES.get(name, name)]
    if unit is NO_UNIT and not match["scale"]:
        following = match.string[match.end("digits") : match.end("digits") + 1]
        if following.isascii() and following.isalpha() and not match["power"]:
            return None  # a code: 5g, 3d
    some = match["some"] or any(c in "多余几" for c in match["scale"] or "")
    value = -value if match["sign"] else value
    return _made(value, unit, step, _own_hedge(match, bool(some)), _per_of(match))


def _raised(
    match: re.Match[str], value: Fraction, step: Fraction
) -> tuple[Fraction, Fraction] | None:
    """1.2×10^8 and 10^6, as far as they are of a size that anything has."""
    written = (match["power"] or match["caret"]).translate(_SUPERSCRIPT).lstrip("^ +")
    if not re.fullmatch(r"-?\d{1,3}", written) or abs(int(written)) > _LARGEST_POWER:
        return None
    exponent = int(written)
    if match["power"]:
        return value * Fraction(10) ** exponent, step * Fraction(10) ** exponent
    if not 0 < value <= _LARGEST_BASE:
        return None
    return Fraction(value**exponent), Fraction(1)


def _further(match: re.Match[str], scale: Fraction) -> Fraction:
    """What the second number of 1亿2000万 or 3万5 counts."""
    named = SCALES.get((match["more_scale"] or "").strip())
    if named:
        return Fraction(named)
    return scale / 10 if len(match["more"]) == 1 else Fraction(1)


def _han(match: re.Match[str]) -> Quantity | None:
    """Chinese numerals count only where they are one beyond doubt: several of them with a power,
    or one above 一 with a unit (三家, but not 一些, 万一, 十分)."""
    text = match["han"]
    unit, per = _unit_of(match), _per_of(match)
    pair = _neighbours(text)
    if pair is not None:
        return _made(pair[0], unit, Fraction(1), Hedge.ABOUT, per, pair[1]) if unit.name else None
    value = numeral(text)
    if value is None or not _beyond_doubt(match, text, value, unit):
        return None
    if match["half"] or match["and_half"]:
        value += Fraction(1, 2)
    value = -value if match["sign"] else value
    return _made(value, unit, _han_step(text), _own_hedge(match, bool(match["some"])), per)


def _beyond_doubt(match: re.Match[str], text: str, value: Fraction, unit: Unit) -> bool:
    if len(text) > 1 and all(character in DIGITS for character in text):
        return False  # digits in a row: a code or a year
    if text[0] in "百千佰仟" and (not unit.name or text + match["unit"] in UNITS):
        return False  # 千百年来, 每千瓦时
    if text == "十" and match["unit"] == "分" and not match["some"]:
        return False  # 十分: very
    if len(text) > 1 or match["half"]:
        return True
    if value == 1 and unit.measures not in _ONE_OF:
        return False
    return bool(unit.name) or _RANGE_AHEAD.match(match.string, match.end()) is not None


def _han_step(text: str) -> Fraction:
    """What the last power of a numeral counts."""
    whole, _, decimals = text.partition("点")
    step = Fraction(1, 10 ** len(decimals))
    for character in reversed(whole):
        size = SCALES.get(character) or POWERS.get(character)
        if size is None:
            break
        step *= size
    return step


def _neighbours(text: str) -> tuple[Fraction, Fraction] | None:
    """Bounds where two neighbouring digits mean "three or four": 三四十, 七八."""
    for i in range(len(text) - 1):
        a, b = DIGITS.get(text[i]), DIGITS.get(text[i + 1])
        if a and b and b == a + 1 and (i == 0 or text[i - 1] not in DIGITS):
            low, high = numeral(text[: i + 1] + text[i + 2 :]), numeral(text[:i] + text[i + 1 :])
            return None if low is None or high is None else (low, high)
    return None


def _several(match: re.Match[str]) -> Quantity:
    scale = Fraction(1)
    for character in match["han"]:
        scale *= SCALES.get(character, 10)
    return _made(scale * 2, _unit_of(match), scale, Hedge.ABOUT, _per_of(match), scale * 10)


def _of_hundred(match: re.Match[str]) -> Quantity | None:
    written = match["n"]
    value = _either(written) if written not in ("百", "佰") else Fraction(100)
    if value is None:
        return None
    factor = {"百": Fraction(1), "千": Fraction(1, 10), "万": Fraction(1, 100)}[match["base"]]
    decimals = (
        len(re.split(r"[点.]", written, maxsplit=1)[-1]) if re.search("[点.]", written) else 0
    )
    return _made(value * factor, UNITS["%"], factor / 10**decimals, _own_hedge(match, False))


def _either(written: str) -> Fraction | None:
    return arabic(written) if written.isascii() else numeral(written)


def _fraction(match: re.Match[str]) -> Quantity | None:
    if match["one_half"]:
        hedge = Hedge.OVER if match["one_half"] == "过半" else Hedge.EXACT
        return _made(Fraction(50), UNITS["%"], Fraction(1), hedge)
    above: Fraction | None
    below: Fraction | None
    if match["glyph"]:
        above, below = (Fraction(n) for n in _GLYPHS[match["glyph"]])
    else:
        above, below = _either(match["n"] or match["n2"]), _either(match["d"] or match["d2"])
    if above is None or not below or (match["n2"] and above >= below):
        return None
    return _made(100 * above / below, UNITS["%"], Fraction(1, 100))


def _tenths(match: re.Match[str]) -> Quantity | None:
    written = match["n"] or match["d"]
    value, top = _either(written), _either(match["to"] or written)
    if value is None or top is None:
        return None
    more = 5 if match["half"] else DIGITS.get(match["tenth"] or "", 0)
    step = Fraction(1) if "." in written or match["tenth"] else Fraction(5 if more else 10)
    bounds = sorted((10 * value + more, 10 * top + more))
    hedge = _own_hedge(match, bool(match["some"]))
    return _made(bounds[0], UNITS["%"], step, hedge, "", bounds[1])


def _half_time(match: re.Match[str]) -> Quantity:
    unit = UNITS["个月" if match["unit"] == "月" else match["unit"]]
    return _made(Fraction(1, 2), unit, Fraction(1, 2))


def _ordinal(match: re.Match[str]) -> Quantity | None:
    value = _either(match["n"])
    return None if value is None else _made(value, ORDINAL)


def _english(match: re.Match[str]) -> Quantity | None:
    value = Fraction(_ENGLISH_WORDS[match["word"]])
    scale = _ENGLISH_SCALES.get(match["english"] or "", 1)
    if value <= 1 and scale == 1 and not match["unit"]:
        return None
    unit = UNITS[match["unit"]] if match["unit"] else NO_UNIT
    return _made(value * scale, unit, Fraction(scale))


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Quantity | None]], ...] = (
    (_OF_HUNDRED, _of_hundred),
    (_FRACTION, _fraction),
    (_TENTHS, _tenths),
    (_ORDINAL, _ordinal),
    (_SEVERAL, _several),
    (_ARABIC, _arabic),
    (_HAN_NUMBER, _han),
    (_HALF_TIME, _half_time),
    (_ENGLISH, _english),
)


def _unit_of(match: re.Match[str]) -> Unit:
    found = match["unit"]
    half = match["half"] if "half" in match.re.groupindex else None
    if half == "倍半":
        return UNITS["倍"]
    if half:
        return UNITS.get(f"个{found}") or UNITS[found or "个"]
    return UNITS[found] if found else NO_UNIT


def _per_of(match: re.Match[str]) -> str:
    found = match["per_unit"] or match["per_unit2"] or ""
    if found in UNITS:
        return UNITS[found].name
    return {"h": "小时", "时": "小时", "s": "秒"}.get(found, found)


def _own_hedge(match: re.Match[str], some: bool) -> Hedge:
    if match["hedged"]:
        return _AFTER[match["hedged"].strip()]
    return Hedge.OVER if some else Hedge.EXACT


def _hedged(quantity: Quantity, text: str) -> Quantity:
    """The quantity with what stands before it: 约, 超过, 每股."""
    before = text[max(0, quantity.span.start - _LOOK_BACK) : quantity.span.start]
    each = _EACH_BEFORE.search(before)
    if each and not quantity.per:
        name = each["unit"]
        quantity = replace(quantity, per=UNITS[name].name if name in UNITS else name)
    if quantity.hedge is Hedge.EXACT:
        for hedge, pattern in _BEFORE:
            if pattern.search(before):
                return replace(quantity, hedge=hedge)
    return quantity


def _ranges(found: list[Quantity], text: str, written: str) -> Iterator[Quantity]:
    """Two numbers that only a word of "to" stands between, as one with two bounds."""
    at = 0
    while at < len(found):
        one = found[at]
        at += 1
        if at < len(found):
            other = found[at]
            between = text[one.span.end : other.span.start]
            joined = _joined(one, other) if _BETWEEN.fullmatch(between) else None
            if joined:
                span = Span(one.span.start, other.span.end)
                at += 1
                yield replace(joined, span=span, text=span.of(written))
                continue
        yield one


def _joined(one: Quantity, other: Quantity) -> Quantity | None:
    if one.is_range or other.is_range or (one.unit.name and one.unit.base != other.unit.base):
        return None
    low = one.low * one.unit.size / other.unit.size if one.unit.name else one.low
    if not one.unit.name and one.low < other.low:
        # 10至15万元: the scale of the second is that of the first, too, where that has none.
        scale = next((s for s in (10**12, 10**8, 10**4) if other.low >= s > one.low), 1)
        if one.step <= 1 and other.step * 10**4 > scale and one.low * scale < other.low:
            low = one.low * scale
    if other.low < low < 0:
        return replace(other, high=low)  # 亏损 in figures: -3万元到-5万元
    if low >= other.low:
        return None
    return replace(other, low=low, hedge=one.hedge if other.hedge is Hedge.EXACT else other.hedge)
