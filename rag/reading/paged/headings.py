"""Which paragraphs of a page are headings: by their number, their type and the file's outline."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.reading.lines import ends_sentence
from rag.reading.outline import (
    ARTICLE,
    CHAPTER,
    FIRST,
    FOURTH,
    NO_HEADING,
    PLAIN,
    SECOND,
    SECTION,
    THIRD,
    heading_rank,
)
from rag.reading.paged.typeset import Type
from rag.reading.paged.values import Bookmark, Line

# Shares of the usual size.
LARGER = 1.13
MUCH_LARGER = 1.35
SMALLER = 0.92
_LONGEST_HEADING = 60
_LONGEST_BOLD = 40

_NUMBERED = re.compile(r"\d{1,2}((?:\.\d{1,2}){0,3})\.?\s*(?![\d.,%％年月日])\S")
_DECIMAL = re.compile(
    r"\d{1,2}(?:\.\d{1,2}){1,3}\s*[\u4e00-\u9fffA-Z]{2}|\d{1,2}[、．]\s*[\u4e00-\u9fff]{2}"
)
_SECTION = re.compile(r"\d{1,2}\s+[\u4e00-\u9fff][^，。,；：:\d]{1,18}$")


def is_numbered(text: str) -> bool:
    """Whether a line begins with the number of a heading."""
    return heading_rank(text) is not None or _NUMBERED.match(text) is not None


def rank_of(text: str, lines: Sequence[Line], kind: Type) -> int:
    """The rank of a paragraph that is a heading, by its number or by larger or bold type; else
    `NO_HEADING`."""
    larger = lines[0].size >= LARGER * kind.size
    if not _may_head(text, lines, larger=larger):
        return NO_HEADING
    if larger or (all(line.bold for line in lines) and len(lines) <= 2):
        return _marked_rank(text, lines[0].size / kind.size)
    rank = heading_rank(text)
    if _DECIMAL.match(text):
        return THIRD if rank is None else rank
    if _SECTION.match(text):
        return FIRST
    small = lines[0].size < SMALLER * kind.size
    return rank if rank is not None and rank <= SECOND and not small else NO_HEADING


def _may_head(text: str, lines: Sequence[Line], *, larger: bool) -> bool:
    """Whether a paragraph is short and open enough. One that reaches the margin in type of the
    usual size is the beginning of a paragraph whose next line looks different."""
    complete = ends_sentence(text) and not text.endswith(("？", "?"))
    full = lines[-1].x1 - lines[-1].box.x1 < lines[0].size
    return (
        len(text) <= (_LONGEST_HEADING if larger else _LONGEST_BOLD)
        and re.search(r"[\u4e00-\u9fffA-Za-z]{2}", text) is not None
        and not complete
        and (larger or not full)
    )


def _marked_rank(text: str, size: float) -> int:
    """The rank of what larger or bold type shows to be a heading; `size` is relative."""
    rank = heading_rank(text)
    if rank is not None:
        return rank
    if match := _NUMBERED.match(text):
        return (FIRST, THIRD, FOURTH)[min(match[1].count("."), 2)]
    if size < LARGER and re.search("[：:].", text):
        return NO_HEADING
    return ARTICLE if size >= MUCH_LARGER else PLAIN


def level_of(mark: Bookmark) -> int:
    """The rank of a heading that the file's outline names."""
    rank = heading_rank(mark.title)
    return rank if rank is not None else (CHAPTER, SECTION, ARTICLE)[min(mark.level, 2)]
