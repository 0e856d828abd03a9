"""CSV and TSV files as cleaned texts. They have a text of their own, so every cell can be
followed back to the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.documents.grids import GridRow, Placed, header_at, separate
from rag.documents.tables import beyond
from rag.errors import UnreadableDocument
from rag.reading.assemble import assemble
from rag.reading.blocks import outline
from rag.reading.clean import Cleaned
from rag.reading.dates import infer_date
from rag.reading.flow import Fragment, Piece, Role, sourced_row
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.plain import decode
from rag.settings import Reading

_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 20
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: the places of its text in the source (quotation marks left out)."""

    parts: tuple[tuple[int, int], ...]


def read_csv(data: bytes, _settings: Reading) -> Cleaned:
    """Tables of delimited values. Lines before the header, as exports of banks have them, are
    text or a table of their own.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding.
    """
    source = decode(data).text
    rows: list[Fragment] = []
    gaps: list[int] = []
    for cells, lines in _rows(source, delimiter_of(source)):
        row = _fragment(source, cells, lines)
        if row.pieces:
            rows.append(row)
        elif rows:
            gaps.append(len(rows))
    if not rows:
        raise UnreadableDocument("the table is empty")
    fragments = list(_fragments(rows, gaps))
    drafts = outline(fragments, frozenset())
    text, blocks, origin, tables = assemble(drafts, paged=False)
    date = infer_date([fragment.text for fragment in fragments])
    warnings = tuple(beyond([draft.place for draft in drafts]))
    return Cleaned(text, blocks, origin, None, date, True, source, warnings, tables=tables)


def _fragments(rows: Sequence[Fragment], gaps: Sequence[int]) -> Iterator[Fragment]:
    """The rows with the number of their table; lines above a header as text."""
    grid = [GridRow(row.text, row.cells) for row in rows]
    first = header_at(grid)
    for row in rows[:first]:
        alone = len(row.cells) == 1
        yield replace(row, role=Role.BODY, rank=NO_HEADING, cells=()) if alone else row
    after = [gap - first for gap in gaps if gap > first]
    for number, part in enumerate(separate(grid[first:], after), 1):
        for i in part:
            yield replace(rows[first + i], table=number)


def delimiter_of(source: str) -> str:
    """The delimiter that stands equally often in most of the first lines, outside quotation
    marks.

    >>> delimiter_of("名称;数量\\n甲,乙;3\\n丙;4")
    ';'
    """
    bare = _QUOTED.sub("", source[:100_000])
    lines = [line for line in bare.splitlines() if line.strip()][:_SAMPLE_LINES]

    def fit(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        return counts.most_common(1)[0][::-1] if counts else (0, 0)

    return max(_DELIMITERS, key=fit)


def _rows(source: str, delimiter: str) -> Iterator[tuple[list[_Cell], tuple[int, int]]]:
    """The rows of the source with their first and last line, from 1. In quotation marks a cell
    may hold the delimiter, line breaks, and doubled quotation marks."""
    at, line = 0, 1
    while at < len(source):
        cells: list[_Cell] = []
        first = line
        while True:
            cell, at, breaks = _cell(source, at, delimiter)
            cells.append(cell)
            line += breaks
            if at >= len(source) or source[at] != delimiter:
                break
            at += 1
        yield cells, (first, line)
        if at < len(source):
            at += 2 if source.startswith("\r\n", at) else 1
            line += 1


def _cell(source: str, at: int, delimiter: str) -> tuple[_Cell, int, int]:
    """The cell that starts at `at`, where it ends, and how many line breaks it holds."""
    if source[at : at + 1] != '"':
        end = at
        while end < len(source) and source[end] not in (delimiter, "\n", "\r"):
            end += 1
        return _Cell(((at, end),)), end, 0
    parts: list[tuple[int, int]] = []
    start = at + 1
    while True:
        end = source.find('"', start)
        if end < 0:
            end = len(source)
        if source.startswith('""', end):
            parts.append((start, end + 1))
            start = end + 2
            continue
        parts.append((start, end))
        breaks = source.count("\n", at, end)
        end += 1
        while end < len(source) and source[end] not in (delimiter, "\n", "\r"):
            end += 1  # what stands after the closing mark is no part of the cell
        return _Cell(tuple(parts)), min(end, len(source)), breaks


def _fragment(source: str, cells: list[_Cell], lines: tuple[int, int]) -> Fragment:
    found: list[tuple[list[Piece], Placed]] = []
    for column, cell in enumerate(cells):
        pieces: list[Piece] = []
        for start, end in cell.parts:
            for place, word in _words(source, start, end):
                glued = place == start  # a doubled quotation mark stands between
                pieces.append(Piece(place, word, " " if pieces and not glued else ""))
        if pieces:
            found.append((pieces, Placed(0, 0, column)))
    return sourced_row(found, lines)


def _words(source: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The lines of a stretch of the source, without the white space around them."""
    at = start
    for line in source[start:end].splitlines(keepends=True):
        if word := line.strip():
            yield at + len(line) - len(line.lstrip()), word
        at += len(line)
