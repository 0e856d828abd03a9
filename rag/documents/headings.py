"""Titles, headings, bylines and dates of documents."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rag.text.normalize import squeeze
from rag.text.sentences import ends_sentence

# Ranks order headings from outer to inner; only their order matters.
CHAPTER, LABEL, SECTION, BULLET, ARTICLE, FIRST, SECOND, THIRD, FOURTH, PLAIN, TABLE = range(11)
# The rank of what its type shows to be no heading, whatever its words look like.
NO_HEADING = -1

MAX_HEADING_CHARACTERS = 40
_NUMERAL = "一二三四五六七八九十百零〇"
_FORMS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (CHAPTER, re.compile(rf"第[{_NUMERAL}\d]+[章编篇部卷](?:\s|$|[^{_NUMERAL}\d，。])")),
    (SECTION, re.compile(rf"第[{_NUMERAL}\d]+节(?:\s|$|\S)")),
    (LABEL, re.compile(r"【[^】]{1,20}】\s*$")),
    (BULLET, re.compile(r"[❖◆■●★]\s*\S")),
    (CHAPTER, re.compile(rf"附录[{_NUMERAL}\dA-Z]*[：: ]")),
    (FIRST, re.compile(rf"[{_NUMERAL}]{{1,3}}、\s*\S")),
    (SECOND, re.compile(rf"[（(][{_NUMERAL}]{{1,3}}[）)]\s*\S")),
    (THIRD, re.compile(r"\d{1,2}[、．]\s*\S|\d{1,2}\.(?!\d)\s*\S|\d{1,2}(?:\.\d{1,2}){1,3}\s+\S")),
    (FOURTH, re.compile(r"[（(]\d{1,2}[）)]\s*\S|\d{1,2}[)）]\s*\S|[①-⑳]\s*\S")),
)
_LIST_ITEM = re.compile(
    rf"[（(]?(?:[{_NUMERAL}]{{1,3}}|\d{{1,2}})[）)、．]|\d{{1,2}}\.(?!\d)|[①-⑳]|[-*•·❖◆■●▲★]\s|——"
)
_BYLINE = re.compile(
    r"本[报刊](?:实习|特约)?记者\s.{2,40}$|(?:本报)?记者\s*[\u4e00-\u9fff\s]{2,30}报道$"
    r"|[文图]\s?[/／|｜]\s?.{1,30}$|编辑\s?[/／|｜]\s?.{1,20}$|记者\s[\u4e00-\u9fff\s]{2,20}$"
    r"|作者[：:]\s?.{1,30}$"
)
_TABLE_TITLE = re.compile(r"表\s?\d{1,3}(?:[-.]\d+)?[：:\s].{2,60}$|表[：:].{2,60}$")
_FIGURE_TITLE = re.compile(r"图\s?\d{1,3}(?:[-.]\d+)?[：:\s].{2,60}$|图[：:].{2,60}$")
_CREDIT = re.compile(
    r"(?:^|[\s。])\S{2,8}\s?[/／]图$|(?:^|。)图\s?[/／]\s?\S{1,12}$|^(?:摄影|供图)[：:/／]"
    r"|^▲|(?:摄影|供图|图)[/／]\S{2,6}$"
    r"|[/／|｜]\s?(?:供图|摄影?|制图|资料图片?|图片)[）)]?$"
    r"|(?:^|[\s。])[\u4e00-\u9fff·]{2,8}\s+摄影?$"
    r"|(?:^|[\s。（(])(?:(?:图源|图据|图片来源|供图单位)[：:/／]?\s?\S{1,12}"
    r"|(?:受访者|受访企业|采访对象|企业|公司|资料)供图|视觉中国供?图?|资料图片?|新华社[发图])[）)]?$"
)
_SOURCE = re.compile(r"(?:(?:资料|数据|图片|信息)?来源|注|制图|制表|说明|Source)[：:]")
_GENERIC_TITLE = re.compile(
    r"(?:摘\s*要|目\s*录|前\s*言|序\s*言?|引\s*言|导\s*读|导\s*言|绪\s*论|自\s*序|代\s*序|后\s*记|编者按|"
    r"出版说明|编写说明|重要提示|声\s*明|释\s*义|致\s*谢|修订记录|"
    r"abstract|(?:table of )?contents|preface|foreword|introduction|disclaimer)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading above the text that follows: its rank and its words."""

    rank: int
    text: str


def heading_rank(text: str) -> int | None:
    """The rank of a line that has the form of a numbered or marked heading, else None.

    >>> heading_rank("（一）经济发展情况"), heading_rank("一、是企业，二是居民。")
    (6, None)
    """
    if len(text) > MAX_HEADING_CHARACTERS or "。" in text[:-1]:
        return None
    for rank, form in _FORMS:
        if form.match(text):
            complete = ends_sentence(text) and not text.endswith(("？", "?", "】", "）", ")"))
            return None if complete and rank not in (LABEL, CHAPTER) else rank
    return None


def starts_item(text: str) -> bool:
    """Whether a line begins with a list mark or an ordinal: a new block, not a continuation."""
    return _LIST_ITEM.match(text) is not None


def is_byline(text: str) -> bool:
    """Whether a line names the author of what stands around it.

    >>> is_byline("本报记者 张三 北京报道"), is_byline("记者了解到，此事属实。")
    (True, False)
    """
    return len(text) <= 45 and not ends_sentence(text) and _BYLINE.match(text) is not None


def is_table_title(text: str) -> bool:
    """Whether a line is the title of a table.

    >>> is_table_title("表1 基础产品说明"), is_table_title("表示赞同。")
    (True, False)
    """
    return _TABLE_TITLE.match(text) is not None and not ends_sentence(text)


def is_caption(text: str) -> bool:
    """Whether a line is the title of a figure or a photo credit."""
    if len(text) > 90:
        return False
    figure = _FIGURE_TITLE.match(text) is not None and not text.endswith("。")
    return figure or _CREDIT.search(text) is not None


def is_source_note(text: str) -> bool:
    """Whether a line is a note below a table or figure (source, remark).

    >>> is_source_note("资料来源：公开资料"), is_source_note("注意到，")
    (True, False)
    """
    return _SOURCE.match(text) is not None


def is_plain_heading(text: str) -> bool:
    """Whether a line may be a heading without a number: short, no mark at its end."""
    return (
        2 <= len(text) <= LONGEST_PLAIN
        and not ends_sentence(text.rstrip("？?！!"))
        and not text.endswith(("，", ",", "、"))
        and "\t" not in text
        and "。" not in text
        and re.search(r"[\u4e00-\u9fffA-Za-z]", text) is not None
    )


LONGEST_PLAIN = 30


def is_generic_title(text: str) -> bool:
    """Whether a heading names a part that any document may have (摘要, 目录 …)."""
    return _GENERIC_TITLE.match(text) is not None


def push(stack: tuple[Heading, ...], heading: Heading) -> tuple[Heading, ...]:
    """The headings above what follows `heading`, given those above it."""
    return (*(above for above in stack if above.rank < heading.rank), heading)


# What many files of a kind are called: a kind of document, not this one.
_KIND = re.compile(
    r".{0,4}(?:文件|文本|范本|模板|样本|格式|公告|通知|报告|论文|方案|说明书?|手册|简介|协议|合同|标书|"
    r"纪要|总结|计划|清单|封面|正文|附件|document|report|template|untitled|title)$",
    re.IGNORECASE,
)
_LONGEST_KIND = 8
_LINES = 12
_LONGEST_TITLE = 60


def page_title(stated: str | None, lines: Sequence[str]) -> str | None:
    """What a file `stated` as its title, unless that only names a kind of document or a part that
    any has; then the line among the first that holds it, with the one above where it stands
    alone. None where the first `lines` say no more.

    >>> page_title("招标文件", ["海港市灯塔维修工程", "招标文件", "二〇二三年五月"])
    '海港市灯塔维修工程 招标文件'
    >>> page_title("海港年报", ["前言"]), page_title("前言", ["前言"])
    ('海港年报', None)
    """
    if not stated or is_generic_title(stated):
        return None
    if len(stated) > _LONGEST_KIND or not _KIND.match(stated):
        return stated
    wanted = squeeze(stated)
    for i, line in enumerate(lines[:_LINES]):
        own = squeeze(line)
        if wanted not in own or len(line) > _LONGEST_TITLE or not is_plain_heading(line[:30]):
            continue
        if own != wanted:
            return line
        above = lines[i - 1] if i else ""
        if above and is_plain_heading(above) and not is_generic_title(above):
            return f"{above} {line}"
    return None


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
_WORD = re.compile(r"[^\s《》<>“”\"'‘’，。；：、,;:（）()]+")
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
        line = _WORD.sub(lambda word: _FILE_MARK.split(word[0])[-1], line)
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
