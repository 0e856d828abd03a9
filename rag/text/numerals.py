"""Numerals by value: Chinese digits and powers, the capital forms of cheques, Arabic digits."""

from __future__ import annotations

from fractions import Fraction

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7,
    "捌": 8, "玖": 9,
}  # fmt: skip
POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"百": 10**2, "千": 10**3, "万": 10**4, "亿": 10**8, "兆": 10**12}
_TENS = {"廿": "二十", "卅": "三十", "卌": "四十"}
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
