"""Fragments into blocks: which of them are headings, what stands above each, what leads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.documents.tables import Place, places
from rag.reading.flow import Fragment, Role
from rag.reading.outline import (
    ARTICLE,
    LABEL,
    LONGEST_PLAIN,
    NO_HEADING,
    PLAIN,
    Heading,
    heading_rank,
    is_plain_heading,
    push,
    starts_item,
)
from rag.text.fold import squeeze
from rag.types import BlockKind

_BODY_CHARACTERS = 40
# Title lines above a byline: at most so many, with at most one longer introduction between.
_TITLE_LINES = 3
_LONGEST_TITLE = 45
_LONGEST_LEAD = 80
# Cells that may stand before the text of a row (date, office, name of a document …).
_CELLS = 4
# A number by which a paragraph is called, as those of laws and contracts are.
_CLAUSE = re.compile(r"第.{1,8}[条章节编款项]$|(?:Article|Section|Clause)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A block before its place in the document's text is known."""

    fragment: Fragment
    kind: BlockKind
    headings: tuple[str, ...]
    lead: tuple[str, ...]
    place: Place | None = None


def outline(fragments: Sequence[Fragment], titles: frozenset[str]) -> list[Draft]:
    """The blocks of a document. `titles` are the squeezed titles that its contents listed."""
    texts = [fragment.text for fragment in fragments]
    ranks = _ranks(fragments, texts, titles)
    rows = places(fragments)
    drafts: list[Draft] = []
    stack: tuple[Heading, ...] = ()
    table = _Table()
    introduction = ""
    for i, fragment in enumerate(fragments):
        text, rank = texts[i], ranks[i]
        above = tuple(heading.text for heading in stack)
        if rank is not None:
            table.end()
            introduction = ""
            drafts.append(Draft(fragment, BlockKind.HEADING, _above(stack, rank), ()))
            joined = rank == ARTICLE and i > 0 and ranks[i - 1] == ARTICLE
            named = labelled(fragment.label, text)
            stack = _extend(stack, named) if joined else push(stack, Heading(rank, named))
            continue
        if fragment.role is Role.TABLE_TITLE:
            table.begin(text)
        if fragment.role is Role.ROW:
            table.row()
        if fragment.role is Role.ITEM or (
            fragment.role is Role.BODY and table.tabbed and fragment.rank == NO_HEADING
        ):
            table.end()  # where rows are certain, a paragraph ends their table
        place = rows.get(i)
        lead = table.lead(fragment, text) if place is None else place.grid.lead(place.row)
        running = fragment.role in (Role.BODY, Role.ITEM)
        item = fragment.role is Role.ITEM or starts_item(text) or text.endswith(("；", ";"))
        if running and not lead and introduction and item:
            lead = (introduction,)
        elif running and not item:
            introduction = _introduction(text)
        if _CLAUSE.match(fragment.label):
            above = (*above, fragment.label)
        elif fragment.label:
            lead = (*lead, fragment.label)
        drafts.append(Draft(fragment, _kind(fragment, text, table), above, lead, place))
        if fragment.role is Role.NOTE or (fragment.role is Role.BODY and table.tabbed):
            table.end()
    return drafts


def labelled(label: str, text: str) -> str:
    """A text with the number that is shown before it.

    >>> labelled("一、", "总则"), labelled("1.1", "范围"), labelled("", "附件")
    ('一、总则', '1.1 范围', '附件')
    """
    return f"{label} {text}" if label[-1:].isalnum() or label[-1:] == "." else f"{label}{text}"


class _Table:
    """The table that the fragments stand in. Where its cells stand one to a line: its title, its
    header, the cells of the row; `tabbed` tells that rows are known."""

    def __init__(self) -> None:
        self.begin("")

    def begin(self, title: str) -> None:
        self.title, self.header, self.tabbed = title, "", False
        self.cells: list[str] = []

    def end(self) -> None:
        self.begin("")

    def row(self) -> None:
        """A row whose cells are known."""
        if not self.tabbed:
            self.begin("")
        self.tabbed = True

    def lead(self, fragment: Fragment, text: str) -> tuple[str, ...]:
        """What leads this fragment, which then may become header or cell itself."""
        if not self.title or self.tabbed or fragment.role is not Role.BODY:
            return ()
        lead = tuple(part for part in (self.title, self.header, *self.cells) if part)
        short = len(text) <= LONGEST_PLAIN and not text.endswith(("。", "；"))
        if not self.header and short:
            self.header = text
        elif short and not _is_row(text):
            self.cells = [*self.cells[-(_CELLS - 1) :], text]
        else:
            self.cells = []
        return lead

    @property
    def open(self) -> bool:
        return bool(self.title)


def _is_row(text: str) -> bool:
    """Whether a line holds several cells after an ordinal: a row by itself."""
    return re.match(r"\d{1,4}\s+\S+", text) is not None


def _kind(fragment: Fragment, text: str, table: _Table) -> BlockKind:
    if fragment.role is Role.CAPTION:
        return BlockKind.CAPTION
    if fragment.role is Role.TABLE_TITLE:
        return BlockKind.CAPTION
    if fragment.role in (Role.NOTE, Role.BYLINE):
        return BlockKind.NOTE
    if fragment.role is Role.ROW or table.open:
        return BlockKind.TABLE_ROW
    item = fragment.role is Role.ITEM or starts_item(text)
    return BlockKind.LIST_ITEM if item else BlockKind.PARAGRAPH


def _introduction(text: str) -> str:
    """The last sentence of a paragraph that introduces a list, else nothing."""
    if not text.endswith(("：", ":")):
        return ""
    last = re.split(r"(?<=[。！？；])", text)[-1]
    return re.sub(r"^[A-Za-z]+\s", "", last[-_LONGEST_LEAD:]) if len(last) > _LONGEST_LEAD else last


def _above(stack: tuple[Heading, ...], rank: int) -> tuple[str, ...]:
    return tuple(heading.text for heading in stack if heading.rank < rank)


def _extend(stack: tuple[Heading, ...], text: str) -> tuple[Heading, ...]:
    """The next line of a title that stands on several lines."""
    return (*stack[:-1], Heading(ARTICLE, f"{stack[-1].text} {text}"))


def _ranks(
    fragments: Sequence[Fragment], texts: Sequence[str], titles: frozenset[str]
) -> list[int | None]:
    """The heading rank of each fragment, None for what is no heading."""
    ranks: list[int | None] = [None] * len(fragments)
    in_table = False
    for i, fragment in enumerate(fragments):
        if fragment.role in (Role.TABLE_TITLE, Role.NOTE, Role.CAPTION):
            in_table = fragment.role is Role.TABLE_TITLE
        if fragment.role is not Role.BODY:
            continue
        listed = bool(titles) and squeeze(texts[i]) in titles
        if fragment.rank is not None and not (listed and fragment.rank == NO_HEADING):
            if fragment.rank != NO_HEADING:
                ranks[i] = fragment.rank
                in_table = False
            continue
        rank = heading_rank(texts[i])
        if rank is None and listed:
            rank = ARTICLE
        if rank is None and not in_table and _heads_body(fragments, texts, i):
            rank = PLAIN
        if rank is not None and not (in_table and rank > LABEL and _cell_like(texts, i)):
            ranks[i] = rank
            in_table = False
    for i, fragment in enumerate(fragments):
        if fragment.role is Role.BYLINE:
            _mark_title(fragments, texts, ranks, i)
    return ranks


def _cell_like(texts: Sequence[str], i: int) -> bool:
    """Inside a table a numbered line is a heading only where body text follows."""
    return i + 1 < len(texts) and len(texts[i + 1]) < _BODY_CHARACTERS


def _heads_body(fragments: Sequence[Fragment], texts: Sequence[str], i: int) -> bool:
    """Whether an unmarked short line stands directly above body text, or above one more short
    line that does; the third of a row of short lines is no heading's neighbour any more."""
    if not is_plain_heading(texts[i]):
        return False
    for j in (i + 1, i + 2):
        if j >= len(texts) or fragments[j].role not in (Role.BODY, Role.BYLINE, Role.CAPTION):
            return False
        if len(texts[j]) >= _BODY_CHARACTERS:
            return j == i + 1 or not _short_before(texts, i)
        if fragments[j].role is Role.BODY and not is_plain_heading(texts[j]):
            return heading_rank(texts[j]) is not None
    return False


def _short_before(texts: Sequence[str], i: int) -> bool:
    return i > 0 and is_plain_heading(texts[i - 1])


def _mark_title(
    fragments: Sequence[Fragment], texts: Sequence[str], ranks: list[int | None], byline: int
) -> None:
    """The title lines above a byline; a longer introduction may stand between."""
    i = byline - 1
    if i >= 0 and fragments[i].role is Role.BYLINE:
        return  # the second of two bylines; the first has been seen to
    if i >= 0 and len(texts[i]) > _LONGEST_TITLE and fragments[i].role is Role.BODY:
        i -= 1
    marked = 0
    while (
        i >= 0
        and marked < _TITLE_LINES
        and fragments[i].role is Role.BODY
        and len(texts[i]) <= _LONGEST_TITLE
        and not texts[i].endswith(("。", "，", "；", ",", "”"))
        and not texts[i].startswith(("（", "("))
        and (ranks[i] is None or ranks[i] == PLAIN)
    ):
        ranks[i] = ARTICLE
        marked += 1
        i -= 1
