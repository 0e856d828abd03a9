"""The date of a document that does not state one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

# A date, unless it is named as a term that lies ahead.
_AHEAD = r"(?!\s?(?:[起前后]|之前|以前|之后|以后|到期|施行|实施|生效|截止))"
_FULL = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]"
    r"|([-./])(\d{1,2})\4(\d{1,2})(?!\d))" + _AHEAD
)
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?年\s?(\d{1,2})\s?月(?!\s?\d)" + _AHEAD)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?年")
_STATED = re.compile(
    r"([0-9]{4})(?:年?$|[-/.年]([0-9]{1,2})(?:月?$|[-/.月]([0-9]{1,2})日?(?:[T ].*)?))"
)
_DIGITS = {digit: i for i, digit in enumerate("〇一二三四五六七八九")} | {
    "○": 0, "零": 0, "Ｏ": 0, "O": 0, "0": 0, "◯": 0,
}  # fmt: skip
_YEAR_DIGITS = "〇○◯零ＯO0一二三四五六七八九"
_TENS = "(?:[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_CHINESE = re.compile(
    rf"([{_YEAR_DIGITS}]{{4}})\s?年(?:\s?({_TENS})\s?月(?:\s?({_TENS})\s?[日号])?)?"
)
_MONTH_ALONE = re.compile(r"^[（(]?\s*+((?:19|20)\d{2})\s?年\s?(\d{1,2})\s?月\s*+[）)]?")
_FILE_MARK = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|txt|csv|zip|rar|7z|jpe?g|png|wps|et|ofd|md|html?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"[^\s《》<>“”\"'‘’，。；：、,;:（）()]{1,80}" + _FILE_MARK.pattern, re.IGNORECASE
)
# A date in a masthead: the line holds little else.
_MASTHEAD_REST = 14
_FIRST_LINES = 40
_WINDOW = timedelta(days=60)
_SUPPORT = 3
_YEARS_BEFORE = 5


def stated_date(text: str) -> str | None:
    """A date as someone states it, as `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; a time after a day is
    left out. None for what is no date.

    >>> stated_date("2023-5-1 08:00"), stated_date("2023年5月"), stated_date("2023-13")
    ('2023-05-01', '2023-05', None)
    """
    match = _STATED.fullmatch(text.strip())
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part]
    try:
        date(*[*parts, 1, 1][:3])
    except ValueError:
        return None
    return "-".join(f"{part:0{4 if i == 0 else 2}}" for i, part in enumerate(parts))


def not_after(stated: str | None, today: date | None = None) -> str | None:
    """A date as `stated_date` gives it, None if it lies ahead of `today`.

    >>> not_after("2030", date(2026, 1, 1)), not_after("2026-01", date(2026, 1, 1))
    (None, '2026-01')
    """
    latest = (today or _today()).isoformat()
    return stated if stated is not None and stated <= latest[: len(stated)] else None


def _today() -> date:
    return datetime.now().astimezone().date()


def infer_date(lines: Sequence[str], today: date | None = None) -> str | None:
    """The date that the text was probably written, as `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, not after
    `today`. Dates in Chinese numerals count, those in the names of files do not.

    A masthead (a line among the first with a full date and little else, or with a month alone)
    decides. Otherwise the newest full date that others stand close to (so that a date years off
    does not count), or the newest month that is named twice, where that is later; then the newest
    year that is named more than once. None where no year is named.
    """
    latest = today or _today()
    lines = [_plain(line) for line in lines]
    for line in lines[:_FIRST_LINES]:
        match = _FULL.search(line)
        if match and len(line) - len(match.group()) <= _MASTHEAD_REST and (day := _day(match)):
            if day <= latest:
                return day.isoformat()
        elif alone := _MONTH_ALONE.fullmatch(line):
            month = not_after(stated_date(f"{alone[1]}-{alone[2]}"), latest)
            if month is not None:
                return month
    text = "\n".join(lines)
    days = sorted(day for match in _FULL.finditer(text) if (day := _day(match)) and day <= latest)
    newest = _newest_supported(days)
    month = _newest_month(text, latest)
    if newest and (month is None or month <= newest.isoformat()[:7]):
        return newest.isoformat()
    if month:
        return month
    years = Counter(match[1] for match in _YEAR.finditer(text) if int(match[1]) <= latest.year)
    named = [year for year, count in years.items() if count > 1] or years
    return max(named, default=None)


def _plain(line: str) -> str:
    """A line without names of files, its dates in digits."""
    if _FILE_MARK.search(line):
        line = _FILE.sub("", line)
    return _CHINESE.sub(_in_digits, line) if "年" in line else line


def _in_digits(match: re.Match[str]) -> str:
    year = "".join(str(_DIGITS[digit]) for digit in match[1])
    if not year.startswith(("19", "20")):
        return match[0]
    month = f"{_number(match[2])}月" if match[2] else ""
    day = f"{_number(match[3])}日" if match[3] else ""
    return f"{year}年{month}{day}"


def _number(numeral: str) -> int:
    """A number below a hundred in Chinese numerals."""
    tens, ten, ones = numeral.rpartition("十")
    units = _DIGITS[ones] if ones else 0
    return (10 * (_DIGITS[tens] if tens else 1) if ten else 0) + units


def plausible_date(lines: Sequence[str], made: str | None) -> str | None:
    """The date that the text tells, unless it lies after the day the file was `made`
    (`YYYY-MM-DD`) or years before; then that day."""
    inferred = infer_date(lines)
    if made is None or (
        inferred is not None
        and inferred <= made
        and int(inferred[:4]) >= int(made[:4]) - _YEARS_BEFORE
    ):
        return inferred
    return made


def _newest_supported(days: Sequence[date]) -> date | None:
    """The newest day with others shortly before it; of a few days, simply the newest."""
    if len(days) <= _SUPPORT:
        return days[-1] if days else None
    for day in reversed(days):
        near = bisect_left(days, day + timedelta(days=1)) - bisect_left(days, day - _WINDOW)
        if near >= _SUPPORT:
            return day
    return days[len(days) // 2]


def _newest_month(text: str, latest: date) -> str | None:
    """The newest month that is named at least twice and not beyond the newest year's run."""
    named = Counter(
        f"{match[1]}-{int(match[2]):02d}"
        for match in _MONTH.finditer(text)
        if (1 <= int(match[2]) <= 12)
        and (int(match[1]), int(match[2])) <= (latest.year, latest.month)
    )
    months = sorted(month for month, count in named.items() if count >= 2) or sorted(named)
    return months[-1] if months else None


def _day(match: re.Match[str]) -> date | None:
    month, day = (match[2], match[3]) if match[2] else (match[5], match[6])
    try:
        return date(int(match[1]), int(month), int(day))
    except ValueError:
        return None
