"""Fragments into a document: blocks, headings, tables, text and origin.

Which fragments are headings, what stands above each, what leads it; the rows of tables are found
among the fragments and placed in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.documents.fragments import Fragment, Role
from rag.documents.grids import MAX_CELLS, Grid, GridRow, analyse, separate, tabbed, unit_line
from rag.documents.headings import (
    ARTICLE,
    LABEL,
    LONGEST_PLAIN,
    NO_HEADING,
    PLAIN,
    Heading,
    heading_rank,
    is_plain_heading,
    is_source_note,
    is_table_title,
    push,
    starts_item,
)
from rag.text.normalize import squeeze
from rag.types import Block, BlockKind, Run, Span, Table

_MOST_ABOVE = 4
_MOST_BELOW = 10
_LONGEST_ANNOUNCEMENT = 40
# Lines with tabs that no format calls a table are one from so many on.
_FEWEST_ROWS = 2
_BULLET = re.compile(r"[-*+•●▪◦·–]\s")
_TICKS = re.compile("[□☐☑☒]")  # of a form that asks whether a table applies


@dataclass(frozen=True, slots=True)
class Place:
    """The table that a fragment is a row of, and which of its rows."""

    grid: Grid
    row: int


def places(fragments: Sequence[Fragment]) -> dict[int, Place]:
    """The places of those fragments that are rows of tables, by their position. Rows with the
    same number are one table; without one those that follow each other."""
    groups: dict[tuple[bool, int], list[int]] = {}
    run = 0
    for i, fragment in enumerate(fragments):
        if fragment.role is not Role.ROW:
            run = i + 1
            continue
        numbered = fragment.table is not None
        key = (numbered, fragment.table if fragment.table is not None else run)
        groups.setdefault(key, []).append(i)
    found: dict[int, Place] = {}
    for (numbered, _), group in groups.items():
        if not numbered and len(group) < _FEWEST_ROWS:
            continue
        rows = [
            GridRow(fragments[i].text, fragments[i].cells or tabbed(fragments[i].text))
            for i in group
        ]
        for part in separate(rows, ()):
            own = group[part.start : part.stop]
            grid = analyse(rows[part.start : part.stop])
            if part.start == 0:
                grid.stand_below(_above(fragments, own[0]))
            if part.stop == len(rows):
                grid.below += _below(fragments, own[-1])
            found |= {i: Place(grid, row) for row, i in enumerate(own)}
    return found


def _above(fragments: Sequence[Fragment], first: int) -> list[str]:
    """The short lines directly above a table that are its title and its unit."""
    at = first
    while at > 0 and first - at < _MOST_ABOVE:
        fragment = fragments[at - 1]
        text = fragment.text
        foreign = fragment.role is Role.CAPTION and text.startswith("Tab")
        title = fragment.role is Role.TABLE_TITLE
        line = fragment.role is Role.BODY and fragment.rank in (None, NO_HEADING)
        line = line and not _BULLET.match(text)
        if not (title or foreign or (line and (_names(text) or _TICKS.search(text)))):
            break
        at -= 1
        if title or is_table_title(text):
            break
    texts = [fragment.text for fragment in fragments[at:first]]
    return [text for text in texts if not _TICKS.search(text)]


def _names(text: str) -> bool:
    """Whether a line names the table below it: a unit, a title, a heading (numbered or not), or an
    announcement (近五年的投入如下：)."""
    announces = text.endswith(("：", ":")) and len(text) <= _LONGEST_ANNOUNCEMENT
    return (
        announces or unit_line(text) is not None or is_plain_heading(text) or is_table_title(text)
    )


def _below(fragments: Sequence[Fragment], last: int) -> list[str]:
    """The notes directly below a table."""
    notes: list[str] = []
    for fragment in fragments[last + 1 : last + 1 + _MOST_BELOW]:
        if fragment.role is not Role.NOTE and not is_source_note(fragment.text):
            break
        notes.append(fragment.text)
    return notes


def beyond(rows: Sequence[Place | None]) -> list[str]:
    """A warning for each table that has more rows, columns or cells than are labelled; `rows` are
    the places of a document's blocks."""
    last: dict[int, Place] = {id(place.grid): place for place in rows if place is not None}
    found = []
    for place in last.values():
        grid = place.grid
        columns = max((row.cells[-1].column + 1 for row in grid.rows if row.cells), default=0)
        cells = sum(len(row.cells) for row in grid.rows)
        for count, most, what in (
            (place.row + 1, len(grid.rows), "rows"),
            (columns, grid.width, "columns"),
            (cells, MAX_CELLS, "cells"),
        ):
            if count > most:
                found.append(
                    f"a table has {count:,} {what}; of those after the first {most:,} the text is "
                    "read, but not the labels"
                )
    return found


def tables_of(
    rows: Sequence[tuple[Place | None, int]], pages: Sequence[int | None]
) -> tuple[Table, ...]:
    """The tables of a document: for each of its blocks its place in a table, and where it starts
    in the text; `pages` are those of the blocks."""
    starts: dict[int, list[int | None]] = {}
    grids: dict[int, tuple[Grid, int | None]] = {}
    for (place, start), page in zip(rows, pages, strict=True):
        if place is None:
            continue
        key = id(place.grid)
        if key not in grids:
            grids[key] = (place.grid, page)
            starts[key] = [None] * len(place.grid.rows)
        own = starts[key]
        if place.row < len(own):
            own[place.row] = start
    tables = (grid.table(starts[key], page) for key, (grid, page) in grids.items())
    return tuple(table for table in tables if table.cells)


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
            drafts.append(Draft(fragment, BlockKind.HEADING, _block_above(stack, rank), ()))
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


def _block_above(stack: tuple[Heading, ...], rank: int) -> tuple[str, ...]:
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


_MAY_REPEAT = {BlockKind.HEADING, BlockKind.TITLE, BlockKind.TABLE_ROW}


def assemble(
    drafts: Sequence[Draft], *, paged: bool
) -> tuple[str, tuple[Block, ...], tuple[Run, ...], tuple[Table, ...]]:
    """Text, blocks, origin and tables. Blocks are separated by a line break; a paragraph that
    stands in the document a second time is left out, its lines noted on the first."""
    first: dict[str, int] = {}
    repeats: dict[int, list[tuple[int, int]]] = {}
    kept: list[Draft] = []
    for draft in drafts:
        key = squeeze(draft.fragment.text)
        if not key:
            continue
        if draft.kind not in _MAY_REPEAT and key in first:
            if draft.fragment.lines:
                repeats.setdefault(first[key], []).append(draft.fragment.lines)
            continue
        first.setdefault(key, len(kept))
        kept.append(draft)
    parts: list[str] = []
    blocks: list[Block] = []
    runs: list[Run] = []
    position = 0
    for i, draft in enumerate(kept):
        if parts:
            parts.append("\n")
            position += 1
        start = position
        for piece in draft.fragment.pieces:
            position += len(piece.joint)
            runs.append(Run(position, piece.start, len(piece.text)))
            parts += [piece.joint, piece.text]
            position += len(piece.text)
        blocks.append(
            Block(
                span=Span(start, position),
                kind=draft.kind,
                headings=draft.headings,
                page=draft.fragment.page if paged else None,
                lines=draft.fragment.lines,
                lead=draft.lead,
                repeats=tuple(repeats.get(i, ())),
            )
        )
    return "".join(parts), tuple(blocks), tuple(_joined(runs)), _tables(kept, blocks)


def _tables(drafts: Sequence[Draft], blocks: Sequence[Block]) -> tuple[Table, ...]:
    """The tables of these drafts, each of which became a block."""
    rows = [(draft.place, block.span.start) for draft, block in zip(drafts, blocks, strict=True)]
    return tables_of(rows, [block.page for block in blocks])


def write_out(drafts: Sequence[Draft]) -> tuple[str, tuple[Block, ...], tuple[Table, ...]]:
    """Text, blocks and tables of a file without a text of its own: every draft is kept, blocks know
    their page and their place on it, and no lines."""
    parts: list[str] = []
    blocks: list[Block] = []
    position = 0
    kept = [draft for draft in drafts if draft.fragment.text.strip()]
    for draft in kept:
        text = draft.fragment.text
        start = position + (1 if parts else 0)
        position = start + len(text)
        blocks.append(
            Block(
                Span(start, position), draft.kind, draft.headings, draft.fragment.page,
                lead=draft.lead, boxes=draft.fragment.boxes, by_ocr=draft.fragment.by_ocr,
            )
        )  # fmt: skip
        parts.append(text)
    return "\n".join(parts), tuple(blocks), _tables(kept, blocks)


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Runs that go on in text and source alike, as one."""
    joined: list[Run] = []
    for run in runs:
        if run.length == 0:
            continue
        last = joined[-1] if joined else None
        if (
            last
            and last.start + last.length == run.start
            and last.source + last.length == run.source
        ):
            joined[-1] = Run(last.start, last.source, last.length + run.length)
        else:
            joined.append(run)
    return joined
