"""Values of a workbook as their number format shows them.

Source: ECMA-376, 18.8.31 (number formats), and what Excel does where that is silent. Formats that
depend on the settings of a computer (the built-in dates) give ISO dates.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

Value = int | float | dt.datetime | dt.date | dt.time | dt.timedelta

_LOCAL_DATES = {"mm-dd-yy", "m/d/yyyy", "mm/dd/yy", "m/d/yy h:mm", "[$-f800]dddd, mmmm dd, yyyy"}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\][-]*)(?:-[^\][]*)?\]'
    r"|\[(?P<elapsed>[hms]+)\]|\[[^\][]*\]|_.|\*.|(?P<general>General)|(?P<meridiem>AM/PM|A/P|上午/下午)"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+(?![+-])|g+|aaa+)|(?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?,*|\.[0#?]+)"
    r"|(?P<exponent>E[+-]0+)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_FORMAT = 200
_MOST_DECIMALS = 30
_DATES = (dt.datetime, dt.date, dt.time, dt.timedelta)
_WEEKDAYS = "一二三四五六日"

_Token = tuple[str, str]
"""Name of the group that fits, and what it holds."""


def shown(value: Value, number_format: str) -> str:
    """A number, date or time in a number format; in one that is not known as it is.

    >>> shown(0.4039, "0.00%"), shown(1581.5, "#,##0.00"), shown(317, "00000"), shown(3.0, "")
    ('40.39%', '1,581.50', '00317', '3')
    >>> shown(-1200, '"¥"#,##0;("¥"#,##0)'), shown(dt.date(2019, 12, 3), 'yyyy"年"m"月"d"日"')
    ('(¥1,200)', '2019年12月3日')
    """
    if isinstance(value, _DATES):
        return _date(value, number_format)
    if not number_format or number_format.lower() in ("general", "@"):
        return _plain(value)
    if len(number_format) > _LONGEST_FORMAT:
        return _plain(value)
    sections = list(_sections(number_format))
    section, number = _chosen(sections, value)
    try:
        return _number(number, section) or _plain(value)
    except (InvalidOperation, ValueError, OverflowError):
        return _plain(value)


def _plain(value: float) -> str:
    """A number without a format, in the 15 digits that a workbook keeps, never as a power of ten.

    >>> _plain(110101199001011234), _plain(123456789.12345678), _plain(0.000012345678901)
    ('110101199001011234', '123456789.123457', '0.000012345678901')
    """
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def _sections(number_format: str) -> Iterator[list[_Token]]:
    """The sections of a format, for positive numbers, negative ones, zero and text."""
    section: list[_Token] = []
    for match in _TOKEN.finditer(number_format):
        name = match.lastgroup or ""
        if name == "plain" and match["plain"] == ";":
            yield section
            section = []
        elif name:
            section.append((name, match[name]))
    yield section


def _chosen(sections: list[list[_Token]], value: float) -> tuple[list[_Token], float]:
    """The section that shows a number, and the number without its sign where the section says
    how a negative one looks."""
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _number(value: float, tokens: list[_Token]) -> str:
    """A number in a section; empty where the section has another form."""
    digits = [text for name, text in tokens if name == "digits"]
    if any(name in ("date", "general", "elapsed") for name, _ in tokens):
        return "".join(
            _plain(value) if name == "general" else text for name, text in tokens if name != "date"
        )
    if not digits:  # words alone
        return "".join(text for _, text in tokens)
    if len(digits) > 1:  # a fraction, or figures in groups
        return ""
    percent = sum(text in "%％" for name, text in tokens if name == "plain")
    exponent = any(name == "exponent" for name, _ in tokens)
    number = Decimal(repr(value)) * 100**percent
    pattern = digits[0]
    thousands = len(pattern) - len(pattern.rstrip(","))
    number = number / 1000**thousands
    body = _exponential(number, pattern) if exponent else _decimal(number, pattern.rstrip(","))
    sign = "-" if number < 0 and body.strip("0.,") else ""
    return sign + "".join(
        body if name == "digits" else "" if name == "exponent" else text for name, text in tokens
    )


def _decimal(number: Decimal, pattern: str) -> str:
    whole, _, part = pattern.partition(".")
    most, least = min(len(part), _MOST_DECIMALS), part.count("0")
    rounded = abs(number).quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP)
    before, _, after = f"{rounded:f}".partition(".")
    while len(after) > least and after.endswith("0"):
        after = after[:-1]
    wanted = whole.replace(",", "").count("0")
    before = before.lstrip("0").rjust(wanted, "0")
    if "," in whole:
        before = f"{int(before or 0):,}" if wanted <= 1 else _grouped(before)
        before = "" if before == "0" and not wanted else before
    return f"{before}.{after}" if after or (part and least) else before or ("" if part else "0")


def _grouped(digits: str) -> str:
    first = len(digits) % 3
    groups = [digits[i : i + 3] for i in range(first, len(digits), 3)]
    return ",".join(filter(None, [digits[:first], *groups]))


def _exponential(number: Decimal, pattern: str) -> str:
    decimals = min(len(pattern.partition(".")[2]), _MOST_DECIMALS)
    return f"{abs(number):.{decimals}E}"


def _date(value: dt.datetime | dt.date | dt.time | dt.timedelta, number_format: str) -> str:
    """A date or time as its format shows it; in ISO form where that depends on the computer."""
    if isinstance(value, dt.timedelta):
        return str(value)
    tokens = next(_sections(number_format[:_LONGEST_FORMAT]))
    known = any(name == "date" for name, _ in tokens)
    if not known or number_format.lower() in _LOCAL_DATES or isinstance(value, dt.time):
        return _iso(value)
    words = [_part(value, name, text, tokens, i) for i, (name, text) in enumerate(tokens)]
    return "".join(words).strip() or _iso(value)


def _iso(value: dt.datetime | dt.date | dt.time) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return value.isoformat()


def _part(value: dt.date, name: str, text: str, tokens: list[_Token], i: int) -> str:
    """What one token of a format shows of a date; `i` is its place among the `tokens`."""
    hour = getattr(value, "hour", 0)
    if name == "meridiem":
        return ("上午", "下午")[hour >= 12]
    if name != "date":
        return text
    kind, width = text[0].lower(), len(text.partition(".")[0])
    if kind == "a" or (kind == "d" and width > 2):
        return ("星期" if width > 3 else "周") + _WEEKDAYS[value.weekday()]
    if kind in "yeg":
        return f"{value.year % 100:02}" if kind == "y" and width <= 2 else str(value.year)
    if kind == "h" and any(name == "meridiem" for name, _ in tokens):
        hour = hour % 12 or 12
    month = getattr(value, "minute", 0) if _is_minute(tokens, i) else value.month
    number = {"m": month, "d": value.day, "h": hour, "s": getattr(value, "second", 0)}[kind]
    return f"{number:02}" if width >= 2 else str(number)


def _is_minute(tokens: list[_Token], i: int) -> bool:
    """Whether an `m` means minutes: it stands behind hours or before seconds."""
    dates = [(j, text[0].lower()) for j, (name, text) in enumerate(tokens) if name == "date"]
    at = next(k for k, (j, _) in enumerate(dates) if j == i)
    before = dates[at - 1][1] if at else ""
    after = dates[at + 1][1] if at + 1 < len(dates) else ""
    return before == "h" or after == "s"
