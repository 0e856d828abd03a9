"""The date of a document that does not state one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

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


def infer_date(lines: Sequence[str]) -> str | None:
    """The date that the text was probably written, as `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.

    A masthead (a line among the first with a full date and little else) decides. Otherwise
    the newest full date that others stand close to (so that a date years ahead does not
    count), or the newest month that is named twice, where that is later; then the newest
    year that is named more than once. None where no year is named.
    """
    for line in lines[:_FIRST_LINES]:
        match = _FULL.search(line)
        if match and len(line) - len(match.group()) <= _MASTHEAD_REST and (day := _day(match)):
            return day.isoformat()
    text = "\n".join(lines)
    days = sorted(day for match in _FULL.finditer(text) if (day := _day(match)))
    newest = _newest_supported(days)
    month = _newest_month(text)
    if newest and (month is None or month <= newest.isoformat()[:7]):
        return newest.isoformat()
    if month:
        return month
    years = [match[1] for match in _YEAR.finditer(text)]
    named = [year for year in years if years.count(year) > 1] or years
    return max(named, default=None)


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


def _newest_month(text: str) -> str | None:
    """The newest month that is named at least twice and not beyond the newest year's run."""
    named = Counter(
        f"{match[1]}-{int(match[2]):02d}"
        for match in _MONTH.finditer(text)
        if 1 <= int(match[2]) <= 12
    )
    months = sorted(month for month, count in named.items() if count >= 2) or sorted(named)
    return months[-1] if months else None


def _day(match: re.Match[str]) -> date | None:
    month, day = (match[2], match[3]) if match[2] else (match[5], match[6])
    try:
        return date(int(match[1]), int(month), int(day))
    except ValueError:
        return None
