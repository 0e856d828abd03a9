"""Titles, headings and bylines of Chinese texts, by their form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.reading.lines import ends_sentence

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
