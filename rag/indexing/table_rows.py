"""Tables of documents and cells of chunks as the bytes that the catalog stores.

Compressed JSON of numbers: labels are listed once, a cell names them by their place in the list.
The words of cells and labels are those of the text; a chunk stores those of labels outside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rag.errors import StoreCorrupt
from rag.indexing.packing import dump, number, pack, strings, unpack
from rag.types import Cell, Chunk, Document, Label, Span, Table


def pack_tables(document: Document) -> bytes | None:
    """The tables of a document; None where it has none."""
    if not document.tables:
        return None
    return pack(
        dump(
            [
                [table.caption, table.unit, table.notes, table.page, *_packed(table.cells)]
                for table in document.tables
            ]
        )
    )


def read_tables(data: bytes, text: str) -> tuple[Table, ...]:
    """What `pack_tables` stored of the document with this `text`.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        found = json.loads(unpack(data))
        if not isinstance(found, list):
            raise TypeError("not a list")
        return tuple(
            Table(
                _string(caption),
                _string(unit),
                strings(notes),
                None if page is None else number(page),
                _cells(places, units, flat, [None] * (len(places) // 2), Span(0, len(text)), text),
            )
            for caption, unit, notes, page, places, units, flat in found
        )
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise StoreCorrupt(f"the tables of a document cannot be read: {error!r}") from None


def pack_cells(chunk: Chunk) -> bytes | None:
    """The cells of a chunk; None where it has none."""
    if not chunk.cells:
        return None
    labels = dict.fromkeys(label for cell in chunk.cells for label in cell.labels)
    outside = [None if _within(label.span, chunk.span) else label.text for label in labels]
    return pack(dump([*_packed(chunk.cells), outside]))


def read_cells(data: bytes, span: Span, text: str) -> tuple[Cell, ...]:
    """What `pack_cells` stored of the chunk with this `span` and `text`.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        places, units, flat, outside = json.loads(unpack(data))
        return _cells(places, units, flat, [_string(one) for one in outside], span, text)
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise StoreCorrupt(f"the cells of a chunk cannot be read: {error!r}") from None


def _packed(cells: Sequence[Cell]) -> tuple[list[int], list[str], list[int]]:
    """Start and end of each label; the units; for each cell start, end, unit (its place from 1,
    0 for none), the count of its row labels and their places, the same of its column labels."""
    labels: dict[Label, int] = {}
    units: dict[str, int] = {}
    flat: list[int] = []
    for cell in cells:
        unit = 0 if cell.unit is None else units.setdefault(cell.unit, len(units)) + 1
        flat += (cell.span.start, cell.span.end, unit)
        for own in (cell.rows, cell.columns):
            flat.append(len(own))
            flat += (labels.setdefault(label, len(labels)) for label in own)
    places = [edge for label in labels for edge in (label.span.start, label.span.end)]
    return places, list(units), flat


def _cells(
    places: Sequence[Any],
    units: Sequence[Any],
    flat: Sequence[Any],
    outside: Sequence[str | None],
    span: Span,
    text: str,
) -> tuple[Cell, ...]:
    """The cells of `_packed`; `text` stands at `span`, `outside` are the words of labels that are
    not in it."""
    edges = iter([number(place) for place in places])
    spans = [Span(start, end) for start, end in zip(edges, edges, strict=True)]
    labels = [
        Label(own, _words(own, span, text) if words is None else words)
        for own, words in zip(spans, outside, strict=True)
    ]
    named = strings(units)
    found: list[Cell] = []
    numbers = iter([number(value) for value in flat])
    for start in numbers:
        own = Span(start, _next(numbers))
        unit = _next(numbers)
        rows = tuple(labels[_next(numbers)] for _ in range(_next(numbers)))
        columns = tuple(labels[_next(numbers)] for _ in range(_next(numbers)))
        words = _words(own, span, text)
        found.append(Cell(own, words, rows, columns, named[unit - 1] if unit else None))
    return tuple(found)


def _next(numbers: Iterator[int]) -> int:
    """The next of the numbers, which have to be there."""
    value = next(numbers, None)
    if value is None:
        raise ValueError("a cell ends too early")
    return value


def _words(own: Span, span: Span, text: str) -> str:
    if not _within(own, span):
        raise ValueError(f"a cell or label lies at {own}, outside {span}")
    return text[own.start - span.start : own.end - span.start]


def _within(own: Span, span: Span) -> bool:
    return span.start <= own.start and own.end <= span.end


def _string(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"not a string: {value!r:.80}")
    return value
