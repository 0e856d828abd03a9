"""Numerals and units: what a number is worth and what it counts.

Numerals by value: Chinese digits and powers, the capital forms of cheques, Arabic digits; and
numbers as numerals.

The units of quantities: one name for each, the class it measures, and its size in the class's
own unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7,
    "捌": 8, "玖": 9,
}  # fmt: skip
POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"百": 10**2, "千": 10**3, "万": 10**4, "亿": 10**8, "兆": 10**12}
_TENS = {"廿": "二十", "卅": "三十", "卌": "四十"}
HAN_DIGITS = "零〇○一二三四五六七八九"
"""The digits of a year in Chinese characters, for use inside a character class."""
HAN = "零〇○一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟廿卅卌"
"""Every character of a Chinese numeral, for use inside a character class."""

LONGEST = 60
"""No numeral has more characters; a longer text is none."""


def numeral(text: str) -> Fraction | None:
    """The value of a Chinese numeral in simplified characters, with a decimal part after 点, or
    of a row of digits (二〇二三); None where it is no numeral.

    >>> [str(numeral(t)) for t in ("二十三", "一千零五万", "壹佰", "三点一四", "两千五")]
    ['23', '10050000', '100', '157/50', '2500']
    >>> numeral("万一"), numeral("")
    (None, None)
    """
    if not 0 < len(text) <= LONGEST:
        return None
    whole, point, decimals = text.partition("点")
    value = _whole(whole)
    if value is None or not point:
        return value
    if not decimals or any(character not in DIGITS for character in decimals):
        return None
    return value + Fraction(int("".join(str(DIGITS[c]) for c in decimals)), 10 ** len(decimals))


def _whole(text: str) -> Fraction | None:
    """The value of a numeral without decimals: before and after 亿 and 万 a section each."""
    for short, long in _TENS.items():
        text = text.replace(short, long)
    if text and all(character in DIGITS for character in text):
        return Fraction(int("".join(str(DIGITS[character]) for character in text)))
    total, rest = Fraction(0), text
    while rest:
        place = rest.rfind("亿")
        scale = "亿" if place >= 0 else "万"
        if scale == "万":
            place = rest.find("万")
        if place < 0:
            last = _section(rest, text)
            return None if last is None else total + last
        head = _whole(rest[:place]) if scale == "亿" else _section(rest[:place], rest[:place])
        if not head:
            return None
        total += head * SCALES[scale]
        rest = rest[place + 1 :]
        if scale == "万" and "万" in rest:
            return None
    return total


def _section(text: str, whole: str) -> Fraction | None:
    """The value of what stands below a scale: digits before powers that fall."""
    value, digit, power = 0, None, 10**4
    for character in text:
        if character in DIGITS:
            if digit:
                return None
            digit = DIGITS[character]
        elif character in POWERS and POWERS[character] < power and (digit or _first(digit, value)):
            power = POWERS[character]
            value += (digit or 1) * power
            digit = None
        else:
            return None
    zero = len(text) > 1 and text[-2] in "零〇○"
    return Fraction(value + (digit or 0) * (1 if zero else _place(whole)))


def _first(digit: int | None, value: int) -> bool:
    """Whether a power begins its section, as 十 may without a digit."""
    return digit is None and not value


def _place(text: str) -> int:
    """What the last digit counts: ones, or a tenth of the power right before it (两千五)."""
    before = text[-2:-1]
    if before not in ("百", "佰", "千", "仟", "万", "亿"):
        return 1
    return (POWERS.get(before) or SCALES[before]) // 10


def arabic(text: str) -> Fraction:
    """The value of Arabic digits with thousands separators and a decimal point.

    >>> str(arabic("1,234.5"))
    '2469/2'
    """
    return Fraction(text.replace(",", ""))


def ordinal(text: str) -> int:
    """The number of an article, section or session: Arabic digits, or Chinese ones, in a row (二〇)
    or with powers. Other than in `numeral`, 一百五 is 105.

    >>> ordinal("12"), ordinal("二〇"), ordinal("十二"), ordinal("一百零五"), ordinal("两万三千")
    (12, 20, 12, 105, 23000)
    """
    if text.isdigit() and text.isascii():
        return int(text)
    if all(character in DIGITS for character in text):
        return int("".join(str(DIGITS[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character == "万":
            total, section, digit = (section + digit) * SCALES["万"], 0, 0
        else:
            section, digit = section + (digit or 1) * POWERS[character], 0
    return total + section + digit


_DIGITS = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def written(number: int, form: str) -> str:
    """A number in one of Word's formats, in lower case; in digits where it has no other.
    Source: ECMA-376-1:2016, 17.18.59 (ST_NumberFormat).

    >>> [written(n, "chinesecounting") for n in (2, 10, 11, 20, 25)]
    ['二', '十', '十一', '二十', '二十五']
    >>> written(28, "upperletter"), written(14, "lowerroman"), written(3, "ideographtraditional")
    ('BB', 'xiv', '丙')
    """
    write = _FORMS.get(form)
    return write(number) if write is not None and number > 0 else str(number)


def _letters(number: int) -> str:
    return chr(ord("A") + (number - 1) % 26) * min((number - 1) // 26 + 1, 30)


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * min(number // value, 30)
        number %= value
    return text


def _chinese(number: int, digits: str = _DIGITS, units: str = "十百千") -> str:
    """A number as it is counted in Chinese, below ten thousand; else digit by digit."""
    if number >= 10_000:
        return _digitwise(number)
    text, gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            text += (
                ("零" if gap and text else "") + digits[digit] + (units[power - 1] * (power > 0))
            )
            gap = False
        else:
            gap = True
    short = f"{digits[1]}{units[0]}"
    return text[1:] if text.startswith(short) and digits is _DIGITS else text


def _digitwise(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def _formal(number: int) -> str:
    return _chinese(number, _FORMAL, "拾佰仟")


def _series(first: str, count: int) -> Callable[[int], str]:
    """Characters that stand one after the other in Unicode, digits beyond the last."""
    return lambda number: chr(ord(first) + number - 1) if number <= count else str(number)


def _one_of(characters: str) -> Callable[[int], str]:
    return lambda number: characters[number - 1] if number <= len(characters) else str(number)


def _full_width(number: int) -> str:
    return "".join(chr(ord("０") + int(digit)) for digit in str(number))


_FORMS: dict[str, Callable[[int], str]] = {
    "decimalzero": lambda number: f"{number:02d}",
    "upperletter": _letters,
    "lowerletter": lambda number: _letters(number).lower(),
    "upperroman": _roman,
    "lowerroman": lambda number: _roman(number).lower(),
    **dict.fromkeys(
        ("chinesecounting", "chinesecountingthousand", "japanesecounting", "taiwanesecounting",
         "taiwanesecountingthousand"), _chinese,
    ),
    **dict.fromkeys(("chineselegalsimplified", "ideographlegaltraditional"), _formal),
    **dict.fromkeys(("ideographdigital", "taiwanesedigital", "japanesedigitaltenthousand"),
                    _digitwise),
    "ideographtraditional": _one_of(_STEMS),
    "ideographzodiac": _one_of(_BRANCHES),
    **dict.fromkeys(("decimalenclosedcircle", "decimalenclosedcirclechinese"), _series("①", 20)),
    "decimalenclosedparen": _series("⑴", 20),
    "decimalenclosedfullstop": _series("⒈", 20),
    "ideographenclosedcircle": _series("㊀", 10),
    **dict.fromkeys(("decimalfullwidth", "decimalfullwidth2"), _full_width),
}  # fmt: skip


class UnitClass(Enum):
    """What a unit measures."""

    MONEY = "money"
    SHARE = "share"
    POINTS = "percentage points"
    TIMES = "times"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    MASS = "mass"
    POWER = "power"
    ENERGY = "energy"
    SPEED = "speed"
    TEMPERATURE = "temperature"
    FREQUENCY = "frequency"
    DATA = "data"
    DURATION = "duration"
    AGE = "age"
    COUNT = "count"
    ORDINAL = "ordinal"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Unit:
    """`name` is the unit's one name; two quantities compare by `size` only where `base` is the
    same (元 and 美元 are both money, but no amount of one is an amount of the other)."""

    name: str
    measures: UnitClass
    base: str
    size: Fraction


NO_UNIT = Unit("", UnitClass.NONE, "", Fraction(1))
ORDINAL = Unit("第", UnitClass.ORDINAL, "第", Fraction(1))

# A line for each class: the names of its units. "=" begins a base with its own unit; a name with
# ":" and a number is of a unit that is so many of the base; names of one size are one unit, the
# first of which stands for all. "_" is a space.
_TABLE = """
money: =元 人民币 元人民币 人民币元 块钱 圆 yuan rmb cny ¥ 角:1/10 =美元 美金
    usd us$ $ dollars dollar =欧元 eur € euros euro =英镑 gbp
    £ pounds =日元 jpy =港元 港币 hkd hk$ =新台币 新台币元 nt$ =韩元 =卢布
    =卢比 =澳元 =加元 =瑞士法郎 =法郎 =泰铢 =新元 新加坡元 =比索 =里拉
share: =% percent 百分比 per_cent ‰:1/10
percentage_points: =个百分点 百分点 percentage_points
    percentage_point 基点:1/100 个基点:1/100 bp:1/100 bps:1/100
times: =倍 times =折
length: =米 公尺 m metres meters 纳米:1/1000000000
    nm:1/1000000000 微米:1/1000000 μm:1/1000000 um:1/1000000
    毫米:1/1000 mm:1/1000 厘米:1/100 公分:1/100 cm:1/100 分米:1/10
    公里:1000 km:1000 千米:1000 kilometers:1000
    kilometres:1000 ㎞:1000 海里:1852 英里:1609344/1000
    miles:1609344/1000 英寸:254/10000 英尺:3048/10000
    feet:3048/10000
area: =平方米 平米 平方公尺 m2 m^2 m² ㎡ 平方公里:1000000 平方千米:1000000
    km2:1000000 km^2:1000000 km²:1000000 平方厘米:1/10000
    平方毫米:1/1000000 公顷:10000 ha:10000 hectares:10000
    亩:2000/3 平方英里:2589988 平方英尺:929/10000
volume: =立方米 m3 m^3 m³ 立方公里:1000000000 立方厘米:1/1000000
    升:1/1000 毫升:1/1000000 ml:1/1000000 =桶 barrels
mass: =公斤 千克 kg ㎏ kilograms 吨:1000 公吨:1000 tonnes:1000
    tons:1000 克:1/1000 毫克:1/1000000 mg:1/1000000
    微克:1/1000000000 斤:1/2 磅:45359237/100000000
    盎司:283495/10000000
power: =瓦 瓦特 千瓦:1000 kw:1000 兆瓦:1000000 mw:1000000
    吉瓦:1000000000 gw:1000000000 太瓦:1000000000000
    马力:7355/10
energy: =千瓦时 度电 kwh 兆瓦时:1000 mwh:1000 吉瓦时:1000000
    gwh:1000000 太瓦时:1000000000 twh:1000000000 =焦耳 千焦:1000
    =卡路里 千卡:1000 大卡:1000
speed: =节 =马赫
temperature: =摄氏度 ℃ °c =华氏度 ℉ °f =度 °
frequency: =赫兹 hz khz:1000 千赫:1000 mhz:1000000 兆赫:1000000
    ghz:1000000000 吉赫:1000000000
data: =字节 kb:1000 mb:1000000 gb:1000000000
    tb:1000000000000 pb:1000000000000000 =eflops =pflops
    =flops
duration: =秒 秒钟 seconds second 毫秒:1/1000 ms:1/1000
    微秒:1/1000000 分钟:60 minutes:60 minute:60 小时:3600
    钟头:3600 个小时:3600 hours:3600 hour:3600 天:86400
    days:86400 day:86400 昼夜:86400 周:604800 个星期:604800
    星期:604800 weeks:604800 week:604800 =个月 months month
    个多月 年:12 周年:12 载:12 years:12 year:12 个季度:3 季度:3
    quarters:3 年度:12 =个工作日 工作日 =个交易日 交易日 =学时 =课时
age: =岁 周岁
other: =分 =点 =伏特 =千伏 kv =兆帕 mpa =千帕 kpa =流明 =像素 =分贝 =摩尔
    =ppm =吨公里 =人次 =人公里 =标准箱 teu
"""
# Measure words: the same number of things may be counted in 个, 家 or 户.
COUNTS = (
    "个家名人户台辆只所项款条座位种件宗起股艘架张枚颗类层届期集部本篇首场站门支套间枝根块处例级"
    "次步段页章卷份批对双组队名员笔单箱袋瓶片头匹棵株朵幅扇床口人具封道盏顶粒滴声句字轮局"
)
_LONG_COUNTS = ("个人", "个国家", "个城市", "person", "people", "persons", "companies")


def _units() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    measures, base = UnitClass.NONE, ""
    names: dict[Fraction, str] = {}
    for entry in _TABLE.split():
        if entry.endswith(":"):
            measures = UnitClass(entry[:-1].replace("_", " "))
        elif entry.startswith("="):
            base = entry[1:]
            names = {Fraction(1): base}
            table[base] = Unit(base, measures, base, Fraction(1))
        else:
            spelled, _, size = entry.partition(":")
            factor = Fraction(size or 1)
            name = names.setdefault(factor, spelled)
            table[spelled.replace("_", " ")] = Unit(name, measures, base, factor)
    for word in (*COUNTS, *_LONG_COUNTS):
        table.setdefault(word, Unit(word, UnitClass.COUNT, "count", Fraction(1)))
    return table


UNITS = _units()
"""Every spelling of a unit, in lower case and simplified characters."""
