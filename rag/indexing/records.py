"""Documents and chunks as the plain values that the catalog stores, and the hash of each row.

Whatever is read back is checked before it becomes a value; vectors are raw float32.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.indexing.packing import Value, dump, number, pack, pair, row_hash, strings, unpack
from rag.indexing.table_rows import pack_cells, pack_tables
from rag.types import Block, BlockKind, Chunk, Document, PageBox, Run, Span

Float32 = npt.NDArray[np.float32]
ChunkRow = tuple[str, int, int, int, int, bytes, str, str]
"""Id, position, start, end, tokens, hash, place, text."""

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
    digest = row_hash(chunk.id, chunk.position, start, end, chunk.text, place, chunk.tokens)
    return chunk.id, chunk.position, start, end, chunk.tokens, digest, place, chunk.text


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
        raise StoreCorrupt(f"the blocks of a document cannot be read: {error!r}") from None
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
        raise StoreCorrupt(f"the place of a chunk cannot be read: {error!r}") from None


def read_vector(data: bytes, dimension: int) -> Float32:
    """A stored vector.

    Raises:
        StoreCorrupt: another length than `dimension`.
    """
    if len(data) != 4 * dimension:
        raise StoreCorrupt(f"a vector has {len(data)} bytes, not {4 * dimension}")
    return np.frombuffer(data, "<f4").astype(np.float32, copy=False)
