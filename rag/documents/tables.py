"""Rows of a document's tables: found among its fragments, and placed in its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.documents.grids import Grid, GridRow, analyse, tabbed, unit_line
from rag.reading.flow import Fragment, Role
from rag.reading.outline import (
    NO_HEADING,
    is_plain_heading,
    is_source_note,
    is_table_title,
    starts_item,
)
from rag.types import Table

_MOST_ABOVE = 4
_MOST_BELOW = 10
# Lines with tabs that no format calls a table are one from so many on.
_FEWEST_ROWS = 2
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
        texts = [fragments[i].text for i in group]
        grid = analyse(
            [
                GridRow(text, fragments[i].cells or tabbed(text))
                for i, text in zip(group, texts, strict=True)
            ]
        )
        grid.stand_below(_above(fragments, group[0]))
        grid.below += _below(fragments, group[-1])
        found |= {i: Place(grid, row) for row, i in enumerate(group)}
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
        if not (title or foreign or (line and (_names(text) or _TICKS.search(text)))):
            break
        at -= 1
        if title or is_table_title(text):
            break
    texts = [fragment.text for fragment in fragments[at:first]]
    return [text for text in texts if not _TICKS.search(text)]


def _names(text: str) -> bool:
    if starts_item(text) and not is_table_title(text):
        return False
    return unit_line(text) is not None or is_plain_heading(text) or is_table_title(text)


def _below(fragments: Sequence[Fragment], last: int) -> list[str]:
    """The notes directly below a table."""
    notes: list[str] = []
    for fragment in fragments[last + 1 : last + 1 + _MOST_BELOW]:
        if fragment.role is not Role.NOTE and not is_source_note(fragment.text):
            break
        notes.append(fragment.text)
    return notes


def beyond(rows: Sequence[Place | None]) -> list[str]:
    """A warning for each table that has more rows than are labelled; `rows` are the places of a
    document's blocks."""
    last: dict[int, Place] = {id(place.grid): place for place in rows if place is not None}
    return [
        f"a table has {place.row + 1:,} rows; of those after the first {len(place.grid.rows):,} "
        "the text is read, but not the labels"
        for place in last.values()
        if place.row >= len(place.grid.rows)
    ]


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
        own = starts.setdefault(key, [None] * len(place.grid.rows))
        grids.setdefault(key, (place.grid, page))
        if place.row < len(own):
            own[place.row] = start
    tables = (grid.table(starts[key], page) for key, (grid, page) in grids.items())
    return tuple(table for table in tables if table.cells)
