"""Documents and chunks as the plain values that the catalog stores, and the hash of each row.

Nothing is pickled: text, JSON of numbers and strings, zlib, raw float32. Whatever is read back
is checked before it becomes a value; sizes are limited before memory is taken.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.types import Block, BlockKind, Chunk, Document, PageBox, Run, Span

MAX_UNPACKED_BYTES = 1 << 29
"""No compressed value unpacks to more: 512 MiB, five times the largest file read by default."""

Float32 = npt.NDArray[np.float32]
Value = str | int | float | bytes | None


ChunkRow = tuple[str, int, int, int, int, bytes, str, str]
"""Id, position, start, end, tokens, hash, place, text."""

VectorRow = tuple[bytes, bytes]
"""Hash, float32 numbers."""


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """A document and its chunks as the catalog stores them: `row` is id, title, date, whether that
    is inferred, characters, sentences that were cut, hash, text, source, layout."""

    name: str
    row: tuple[Value, ...]
    chunks: tuple[ChunkRow, ...]
    publisher: str | None
    tags: tuple[str, ...]
    warnings: tuple[str, ...]

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
    return DocumentRows(
        document.name, row, tuple(map(_chunk_row, chunks)),
        document.publisher, document.tags, document.warnings,
    )  # fmt: skip


def _chunk_row(chunk: Chunk) -> ChunkRow:
    place = place_of(chunk)
    start, end = chunk.span.start, chunk.span.end
    digest = row_hash(chunk.id, chunk.position, start, end, chunk.text, place, chunk.tokens)
    return chunk.id, chunk.position, start, end, chunk.tokens, digest, place, chunk.text


def vector_rows(vectors: Float32) -> list[VectorRow]:
    """The rows of vectors `(n, d)`."""
    found = [vector.tobytes() for vector in vectors.astype("<f4", copy=False)]
    return [(row_hash(data), data) for data in found]


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
            raise StoreCorrupt(f"a compressed value exceeds {MAX_UNPACKED_BYTES:,} bytes or is cut")
        return raw.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"a compressed value cannot be read: {error}") from None


def layout_of(document: Document) -> bytes:
    """Blocks and origin of a document, compressed JSON; headings and leads are stored once."""
    strings: dict[tuple[str, ...], int] = {}
    blocks = [
        [
            block.span.start,
            block.span.end,
            block.kind.value,
            strings.setdefault(block.headings, len(strings)),
            block.page,
            block.lines,
            strings.setdefault(block.lead, len(strings)),
            block.repeats,
            [edge for box in block.boxes for edge in astuple(box)],
            int(block.by_ocr),
        ]
        for block in document.blocks
    ]
    origin = [number for run in document.origin for number in (run.start, run.source, run.length)]
    return pack(_dump({"strings": list(strings), "blocks": blocks, "origin": origin}))


def read_layout(data: bytes) -> tuple[tuple[Block, ...], tuple[Run, ...]]:
    """What `layout_of` stored.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        value = json.loads(unpack(data))
        strings = [_strings(item) for item in value["strings"]]
        blocks = tuple(_block(item, strings) for item in value["blocks"])
        flat = [_number(item) for item in value["origin"]]
        runs = tuple(Run(*flat[i : i + 3]) for i in range(0, len(flat), 3))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise StoreCorrupt(f"the blocks of a document cannot be read: {error!r}") from None
    return blocks, runs


def _block(item: Sequence[Any], strings: list[tuple[str, ...]]) -> Block:
    start, end, kind, headings, page, lines, lead, repeats, *later = item
    edges, by_ocr = _later(later)
    flat = [_number(edge) for edge in edges]
    return Block(
        Span(_number(start), _number(end)),
        BlockKind(kind),
        strings[_number(headings)],
        None if page is None else _number(page),
        None if lines is None else _pair(lines),
        strings[_number(lead)],
        tuple(_pair(pair) for pair in repeats),
        tuple(PageBox(*flat[i : i + 5]) for i in range(0, len(flat), 5)),
        _number(by_ocr) > 0,
    )


def _later(values: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    """Boxes and whether by OCR, which were not stored from the beginning."""
    if len(values) > 2:
        raise ValueError(f"{len(values)} values more than a block has")
    return values[0] if values else (), values[1] if len(values) > 1 else 0


def place_of(chunk: Chunk) -> str:
    """Lead, headings, page and lines of a chunk as JSON."""
    return _dump([chunk.lead, chunk.headings, chunk.page, chunk.lines])


Place = tuple[tuple[str, ...], tuple[str, ...], int | None, tuple[int, int] | None]


def read_place(data: str) -> Place:
    """Lead, headings, page and lines as `place_of` stored them.

    Raises:
        StoreCorrupt: it is something else.
    """
    try:
        lead, headings, page, lines = json.loads(data)
        return (
            _strings(lead),
            _strings(headings),
            None if page is None else _number(page),
            None if lines is None else _pair(lines),
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


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"not a list of strings: {value!r:.80}")
    return tuple(value)


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"not a count: {value!r:.80}")
    return value


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"not a pair: {value!r:.80}")
    return _number(value[0]), _number(value[1])
