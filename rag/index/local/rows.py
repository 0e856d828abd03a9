"""Rows of an index: documents and chunks as stored values, packed; row ids; mapped arrays.

How values are packed for the catalog, checked when they are read back, and hashed.

Nothing is pickled: text, JSON of numbers and strings, zlib. Sizes are limited before memory is
taken.

The rows of one generation: chunks in reading order, and the way from their keys to them.

Documents and chunks as the plain values that the catalog stores, and the hash of each row.

Whatever is read back is checked before it becomes a value; vectors are raw float32. Tables of
documents and cells of chunks are compressed JSON of numbers: labels are listed once, a cell names
them by their place in the list. The words of cells and labels are those of the text; a chunk stores
those of labels outside it.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.types import Block, BlockKind, Cell, Chunk, Document, Label, PageBox, Run, Span, Table

MAX_UNPACKED_BYTES = 1 << 29
"""No compressed value unpacks to more: 512 MiB, five times the largest file read by default."""

Value = str | int | float | bytes | None


def row_hash(*values: Value) -> bytes:
    """A 16-byte BLAKE2b hash of the values of a row, types and lengths included."""
    parts: list[bytes] = []
    for value in values:
        if isinstance(value, bytes):
            parts += (b"b%d:" % len(value), value)
        else:
            data = repr(value).encode("utf-8", "surrogatepass")
            parts += (b"r%d:" % len(data), data)
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def pack(text: str) -> bytes:
    """`text` compressed."""
    return zlib.compress(text.encode(), 6)


def unpack(data: bytes) -> str:
    """The text that `pack` compressed.

    Raises:
        StoreCorrupt: not such data, or more than `MAX_UNPACKED_BYTES`.
    """
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(data, MAX_UNPACKED_BYTES)
        if not stream.eof:
            raise StoreCorrupt(say("catalog.too_large", limit=MAX_UNPACKED_BYTES))
        return raw.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreCorrupt(say("catalog.compressed", error=error)) from None


def dump(value: object) -> str:
    """A value as JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def strings(value: object) -> tuple[str, ...]:
    """A list of strings that was read from JSON.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"not a list of strings: {value!r:.80}")
    return tuple(value)


def number(value: object) -> int:
    """A count that was read from JSON.

    Raises:
        TypeError: it is something else.
    """
    if type(value) is not int or value < 0:
        raise TypeError(f"not a count: {value!r:.80}")
    return value


def pair(value: object) -> tuple[int, int]:
    """Two counts that were read from JSON.

    Raises:
        TypeError: they are something else.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"not a pair: {value!r:.80}")
    return number(value[0]), number(value[1])


Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """The chunks of one generation in reading order: documents by name, chunks by position.
    `chunks[row]` and `documents[row]` are the catalog's keys, int64."""

    chunks: Int64
    documents: Int64


class RowIds:
    """From the keys of chunks to their row numbers."""

    def __init__(self, keys: Int64) -> None:
        """`keys[row]` is the key of row `row`; no key twice."""
        self._given = keys
        self._order = np.argsort(keys, kind="stable").astype(np.int64)
        self._keys = keys[self._order]

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self, rows: Int64) -> Int64:
        """The key of each row."""
        return self._given[rows]

    def of(self, keys: Int64) -> Int64:
        """The row of each key, -1 for a chunk that is no longer there.

        >>> RowIds(np.array([30, 10, 20])).of(np.array([10, 15, 30, 40])).tolist()
        [1, -1, 0, -1]
        """
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, self._order[places], -1)


Numbers = npt.NDArray[Any]


class MappedNumbers:
    """`count` numbers of a file from byte `offset` on, as the array `numbers` `(count,)`. What is
    looked at counts as memory of this process until it is let go, though the system could take it
    back: of every number 64 KiB around it."""

    def __init__(self, path: Path, kind: str, count: int, offset: int) -> None:
        """`kind` is NumPy's name of their type. The file is as long as that or longer.

        Raises:
            OSError: the file cannot be read.
        """
        self._whole: mmap.mmap | None = None
        self.numbers: Numbers = np.empty(0, kind)
        if count:
            with path.open("rb") as file:
                self._whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._advise("MADV_RANDOM")  # else 128 KiB are read from the disk for every row
            self.numbers = np.frombuffer(self._whole, kind, count, offset)

    def let_go(self) -> None:
        """Gives back what was looked at. Other threads may be reading: they read it again."""
        self._advise("MADV_DONTNEED")

    def _advise(self, advice: str) -> None:
        if self._whole is not None and hasattr(mmap, advice):  # not on every system
            self._whole.madvise(getattr(mmap, advice))


ROOM_BYTES = 1 << 30


class Allowance:
    """How much may be looked at in some files before all of it is let go; no limit where they
    hold `room` bytes at most. Letting go costs the next searches 1 ms each."""

    def __init__(self, files: Iterable[MappedNumbers], looks: int, room: int = ROOM_BYTES) -> None:
        self._files = list(files)
        if sum(file.numbers.nbytes for file in self._files) <= room:
            self._files = []
        self._looks = looks
        self._left = looks

    def spend(self, looks: int) -> None:
        """Counts `looks` more; lets go of the files when they were too many."""
        self._left -= looks
        if self._left < 0:
            self._left = self._looks
            for file in self._files:
                file.let_go()


class MappedRows:
    """Rows of equal width in some files, one file after another."""

    def __init__(self, files: Sequence[MappedNumbers], width: int, looks: int) -> None:
        """`files` hold rows of `width` numbers; `looks` as in `Allowance`."""
        self._matrices = [file.numbers.reshape(-1, width) for file in files]
        self._starts = np.cumsum([0, *map(len, self._matrices)])
        self._allowance = Allowance(files, looks)

    def take(self, places: Int64) -> Numbers:
        """The rows `(n, width)` at these places `(n,)`, which rise; there is one file at least."""
        self._allowance.spend(len(places))
        bounds = np.searchsorted(places, self._starts)
        taken = np.empty((len(places), self._matrices[0].shape[1]), self._matrices[0].dtype)
        for i in np.flatnonzero(np.diff(bounds)):
            own = slice(bounds[i], bounds[i + 1])
            taken[own] = self._matrices[i].take(places[own] - self._starts[i], axis=0)
        return taken


Float32 = npt.NDArray[np.float32]


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
        raise StoreCorrupt(say("catalog.document_tables", error=repr(error))) from None


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
        raise StoreCorrupt(say("catalog.chunk_cells", error=repr(error))) from None


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


ChunkRow = tuple[str, int, int, int, int, bytes, str, str]
"""Id, position, start, end, what was once a count of tokens and is 0, hash, place, text."""

PackedRow = tuple[bytes, bytes]
"""Hash, packed tables or cells."""

VectorRow = tuple[bytes, bytes]
"""Hash, float32 numbers."""


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """A document and its chunks as the catalog stores them: `row` is id, title, date, whether that
    is inferred, characters, sentences that were cut, hash, text, source, layout; `cells` are those
    of each chunk."""

    name: str
    row: tuple[Value, ...]
    chunks: tuple[ChunkRow, ...]
    publisher: str | None
    tags: tuple[str, ...]
    warnings: tuple[str, ...]
    tables: PackedRow | None
    cells: tuple[PackedRow | None, ...]

    @property
    def id(self) -> str:
        """The document's id."""
        return str(self.row[0])


def document_rows(document: Document, chunks: Iterable[Chunk], split: int) -> DocumentRows:
    """The rows of a document; `split` counts sentences that were cut."""
    layout = layout_of(document)
    source = None if document.source is None else pack(document.source)
    facts = (document.title, document.date, document.date_inferred)
    digest = row_hash(document.id, document.name, *facts, document.text, source, layout)
    row = (
        *(document.id, *facts, len(document.text), split, digest),
        *(document.text, source, layout),
    )
    cut = tuple(chunks)
    return DocumentRows(
        document.name, row, tuple(map(_chunk_row, cut)),
        document.publisher, document.tags, document.warnings,
        _packed_row(document.id, pack_tables(document)),
        tuple(_packed_row(chunk.id, pack_cells(chunk)) for chunk in cut),
    )  # fmt: skip


def _packed_row(identifier: str, data: bytes | None) -> PackedRow | None:
    return None if data is None else (row_hash(identifier, data), data)


def _chunk_row(chunk: Chunk) -> ChunkRow:
    place = place_of(chunk)
    start, end = chunk.span.start, chunk.span.end
    digest = row_hash(chunk.id, chunk.position, start, end, chunk.text, place, 0)
    return chunk.id, chunk.position, start, end, 0, digest, place, chunk.text


def vector_rows(vectors: Float32) -> list[VectorRow]:
    """The rows of vectors `(n, d)`."""
    found = [vector.tobytes() for vector in vectors.astype("<f4", copy=False)]
    return [(row_hash(data), data) for data in found]


def layout_of(document: Document) -> bytes:
    """Blocks and origin of a document, compressed JSON; headings and leads are stored once."""
    listed: dict[tuple[str, ...], int] = {}
    blocks = [
        [
            block.span.start,
            block.span.end,
            block.kind.value,
            listed.setdefault(block.headings, len(listed)),
            block.page,
            block.lines,
            listed.setdefault(block.lead, len(listed)),
            block.repeats,
            [edge for box in block.boxes for edge in astuple(box)],
            int(block.by_ocr),
        ]
        for block in document.blocks
    ]
    origin = [edge for run in document.origin for edge in (run.start, run.source, run.length)]
    return pack(dump({"strings": list(listed), "blocks": blocks, "origin": origin}))


def read_layout(data: bytes) -> tuple[tuple[Block, ...], tuple[Run, ...]]:
    """What `layout_of` stored.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        value = json.loads(unpack(data))
        listed = [strings(item) for item in value["strings"]]
        blocks = tuple(_block(item, listed) for item in value["blocks"])
        flat = [number(item) for item in value["origin"]]
        runs = tuple(Run(*flat[i : i + 3]) for i in range(0, len(flat), 3))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise StoreCorrupt(say("catalog.blocks", error=repr(error))) from None
    return blocks, runs


def _block(item: Sequence[Any], listed: list[tuple[str, ...]]) -> Block:
    start, end, kind, headings, page, lines, lead, repeats, *later = item
    edges, by_ocr = _later(later)
    flat = [number(edge) for edge in edges]
    return Block(
        Span(number(start), number(end)),
        BlockKind(kind),
        listed[number(headings)],
        None if page is None else number(page),
        None if lines is None else pair(lines),
        listed[number(lead)],
        tuple(pair(one) for one in repeats),
        tuple(PageBox(*flat[i : i + 5]) for i in range(0, len(flat), 5)),
        number(by_ocr) > 0,
    )


def _later(values: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    """Boxes and whether by OCR, which were not stored from the beginning."""
    if len(values) > 2:
        raise ValueError(f"{len(values)} values more than a block has")
    return values[0] if values else (), values[1] if len(values) > 1 else 0


def place_of(chunk: Chunk) -> str:
    """Lead, headings, page and lines of a chunk as JSON."""
    return dump([chunk.lead, chunk.headings, chunk.page, chunk.lines])


Place = tuple[tuple[str, ...], tuple[str, ...], int | None, tuple[int, int] | None]


def read_place(data: str) -> Place:
    """Lead, headings, page and lines as `place_of` stored them.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        lead, headings, page, lines = json.loads(data)
        return (
            strings(lead),
            strings(headings),
            None if page is None else number(page),
            None if lines is None else pair(lines),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise StoreCorrupt(say("catalog.place", error=repr(error))) from None


def read_vector(data: bytes, dimension: int) -> Float32:
    """A stored vector.

    Raises:
        StoreCorrupt: another length than `dimension`.
    """
    if len(data) != 4 * dimension:
        raise StoreCorrupt(say("catalog.vector_size", found=len(data), size=4 * dimension))
    return np.frombuffer(data, "<f4").astype(np.float32, copy=False)
