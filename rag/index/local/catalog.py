"""The catalog: documents, chunks and vectors of an index, and what its parts were made from.

The one source of truth; every other file of the index folder is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.index.local.database import MEND
from rag.index.local.rows import (
    DocumentRows,
    Int64,
    Rows,
    VectorRow,
    read_cells,
    read_layout,
    read_place,
    read_tables,
    row_hash,
    unpack,
)
from rag.index.local.tables import (
    DATE,
    DATE_INFERRED,
    NEXT,
    PUBLISHER,
    SAID,
    STATED,
    TAGS,
    TITLE,
    WARNINGS,
    VectorTables,
    read_stated,
    strings_of,
)
from rag.types import Cell, Chunk, Document, DocumentInfo, Span, Stated, Table

CATALOG_FILE = "catalog.sqlite"
_RESTORE = "put a backup in its place with rag restore, or delete the folder and index again"
_DAMAGED = f"the content is not what was stored; {MEND}"
_ROWS_AT_ONCE = 512
_MOST_KEYS = 1 << 60
_CHUNK_COLUMNS = "c.id, d.id, c.position, c.start, c.end, c.text, c.place, c.tokens, c.hash, d.name"
_CELL_COLUMNS = "t.data, t.hash"
_ENTRY_COLUMNS = f"d.name, d.path, d.root, d.sha256, d.size, d.mtime_ns, d.made_with, {STATED}"
_INFO_COLUMNS = (
    f"d.id, d.name, d.path, {TITLE}, {DATE}, {DATE_INFERRED}, d.characters,"
    " (SELECT count(*) FROM chunks c WHERE c.document = d.key), d.split_sentences,"
    f" {PUBLISHER}, {TAGS}, {WARNINGS}, k.title, k.date"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalog knows about a document's file. `root` is the PATH argument under which
    it was found; `made_with` names everything that shaped its chunks and vectors; `stated` is
    what a sidecar states of it."""

    name: str
    path: str
    root: str
    sha256: str
    size: int
    mtime_ns: int
    made_with: str
    stated: Stated = field(default_factory=Stated)


class Catalog(VectorTables):
    """The catalog of an index folder. A reader sees the generation that was current when it was
    opened until it is closed. Methods may be called from several threads."""

    @classmethod
    def open_reader(cls, folder: Path) -> Self:
        """Opens the catalog of an index folder for reading; see `Database.reader`."""
        catalog = cls.reader(folder / CATALOG_FILE)
        try:
            catalog._check_names()
        except BaseException:
            catalog.close()
            raise
        return catalog

    def _check_names(self) -> None:
        """Refuses ids and names that are no text; those stand last in their index, or first.

        Raises:
            StoreCorrupt: there are some.
        """
        found = self.all(
            "SELECT typeof((SELECT min(name) FROM documents)),"
            " typeof((SELECT max(name) FROM documents)),"
            " typeof((SELECT max(id) FROM documents)), (SELECT key FROM documents LIMIT 1)"
        )
        *kinds, first = found[0]
        if first is not None and set(kinds) != {"text"}:
            raise StoreCorrupt(say("catalog.names", path=self.path))

    @classmethod
    def open_writer(cls, folder: Path) -> Self:
        """Opens the catalog for one transaction of changes, creating it where there is none; see
        `Database.writer`. The caller holds the writer lock."""
        return cls.writer(folder / CATALOG_FILE)

    def entries(self) -> list[Entry]:
        """One entry for each document, by name."""
        found = self.all(f"SELECT {_ENTRY_COLUMNS} FROM documents d{SAID} ORDER BY d.name")
        return [_entry(row) for row in found]

    def entry(self, name: str) -> Entry:
        """The entry of one document."""
        (row,) = self.all(
            f"SELECT {_ENTRY_COLUMNS} FROM documents d{SAID} WHERE d.name = ?", (name,)
        )
        return _entry(row)

    def put(self, entry: Entry, rows: DocumentRows, vectors: Sequence[VectorRow]) -> range:
        """Stores a document as it was read, with its chunks and their vectors; one of the same
        name is replaced. Returns the keys of the chunks."""
        self.delete(entry.name)
        identifier, *more = rows.row
        key = self.run(
            "INSERT INTO documents VALUES (NULL" + ", ?" * 17 + ")",
            (
                *(identifier, entry.name, entry.path, entry.root, entry.sha256, entry.size),
                *(entry.mtime_ns, entry.made_with, *more),
            ),
        )
        self.put_facts(key, rows, entry.stated)
        first = self._next_chunk()
        keys = range(first, first + len(rows.chunks))
        self.run_many(
            "INSERT INTO chunks VALUES (?, ?, ?" + ", ?" * 7 + ")",
            ((own, row[0], key, *row[1:]) for own, row in zip(keys, rows.chunks, strict=True)),
        )
        self.run_many(
            "INSERT INTO vectors VALUES (?, ?, ?)",
            ((own, *row) for own, row in zip(keys, vectors, strict=True)),
        )
        if rows.tables is not None:
            self.run("INSERT INTO tables VALUES (?, ?, ?)", (key, *rows.tables))
        self.run_many(
            "INSERT INTO cells VALUES (?, ?, ?)",
            ((own, *row) for own, row in zip(keys, rows.cells, strict=True) if row is not None),
        )
        return keys

    def _next_chunk(self) -> int:
        """The key of the next chunk: none is ever given twice.

        Raises:
            StoreCorrupt: the catalog says that there are hardly any left.
        """
        ((last,),) = self.all(
            "SELECT max(ifnull((SELECT max(key) FROM chunks), 0), ifnull("
            "(SELECT CAST(seq AS INTEGER) FROM sqlite_sequence WHERE name = 'chunks'), 0))"
        )
        if last >= _MOST_KEYS:
            raise StoreCorrupt(say("catalog.last_chunk", path=self.path, last=last))
        return int(last) + 1

    def touch(self, entry: Entry) -> None:
        """Records the place, size and time of a file whose content has not changed."""
        values = (entry.path, entry.root, entry.size, entry.mtime_ns, entry.name)
        self.run("UPDATE documents SET path=?, root=?, size=?, mtime_ns=? WHERE name=?", values)

    def delete(self, name: str) -> int:
        """Removes a document; returns how many chunks went with it."""
        ((count,),) = self.all(
            "SELECT count(*) FROM chunks c JOIN documents d ON d.key = c.document WHERE d.name = ?",
            (name,),
        )
        self.run("DELETE FROM documents WHERE name = ?", (name,))
        return int(count)

    def remove(self, name: str) -> int:
        """As `delete`, for good: what a user said of the document goes too."""
        self.drop_correction(name)
        return self.delete(name)

    def counts(self) -> tuple[int, int]:
        """Documents, chunks."""
        (row,) = self.all(
            "SELECT (SELECT count(key) FROM documents), (SELECT count(key) FROM chunks)"
        )
        return int(row[0]), int(row[1])

    def rows(self) -> Rows:
        """The rows of this generation."""
        found = self.all(
            "SELECT c.key, d.key FROM documents d JOIN chunks c ON c.document = d.key"
            " ORDER BY d.name, c.position"
        )
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
        return Rows(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))

    def keys(self) -> Int64:
        """The keys of all chunks, rising."""
        ((joined,),) = self.all("SELECT group_concat(key, ' ') FROM chunks")  # 4 times as fast
        return np.sort(np.fromstring(joined or "", np.int64, sep=" "))

    def infos(self) -> list[DocumentInfo]:
        """All documents by name."""
        return [
            _info(row)
            for row in self.all(f"SELECT {_INFO_COLUMNS} FROM documents d{SAID} ORDER BY d.name")
        ]

    def info(self, document: int) -> DocumentInfo:
        """One document by its key."""
        (row,) = self.all(
            f"SELECT {_INFO_COLUMNS} FROM documents d{SAID} WHERE d.key = ?", (document,)
        )
        return _info(row)

    def info_of(self, name: str) -> DocumentInfo:
        """One document by its name."""
        (row,) = self.all(
            f"SELECT {_INFO_COLUMNS} FROM documents d{SAID} WHERE d.name = ?", (name,)
        )
        return _info(row)

    def last_page(self, name: str) -> int | None:
        """The page on which the last chunk of a document begins, None where it has no pages."""
        found = self.all(
            "SELECT c.place FROM chunks c JOIN documents d ON d.key = c.document"
            " WHERE d.name = ? ORDER BY c.position DESC LIMIT 1",
            (name,),
        )
        return read_place(found[0][0])[2] if found else None

    def document(self, name: str) -> Document | None:
        """A whole document with what is said of it, or None.

        Raises:
            StoreCorrupt: its content is not what was stored.
        """
        found = self.as_read(name)
        return None if found is None else self.told(found)

    def as_read(self, name: str) -> Document | None:
        """A whole document as it was read from its file, or None.

        Raises:
            StoreCorrupt: its content is not what was stored.
        """
        found = self.all(
            "SELECT id, name, title, date, date_inferred, text, source, layout, d.hash, path,"
            " t.data, t.hash FROM documents d LEFT JOIN tables t ON t.document = d.key"
            " WHERE name = ?",
            (name,),
        )
        if not found:
            return None
        identifier, _, title, date, inferred, text, source, layout, digest, path, *packed = found[0]
        facts = (identifier, name, title, date, bool(inferred))
        if row_hash(*facts, text, source, layout) != digest:
            raise StoreCorrupt(say("catalog.document", name=name))
        blocks, origin = read_layout(layout)
        whole = None if source is None else unpack(source)
        return self.with_own_facts(
            Document(
                identifier,
                name,
                path,
                title,
                date,
                bool(inferred),
                text,
                blocks,
                origin,
                whole,
                tables=_tables(name, identifier, text, *packed),
            )
        )

    def has(self, name: str) -> bool:
        """Whether there is a document of this name."""
        return bool(self.all("SELECT 1 FROM documents WHERE name = ?", (name,)))

    def document_id(self, name: str) -> str | None:
        """The id of a document as it stands in its row."""
        found = self.all("SELECT id FROM documents WHERE name = ?", (name,))
        return str(found[0][0]) if found else None

    def names(self) -> list[str]:
        """The names of all documents, in order."""
        return [name for (name,) in self.all("SELECT name FROM documents ORDER BY name")]

    def document_chunks(self, name: str) -> list[int]:
        """The keys of a document's chunks, in reading order."""
        found = self.all(
            "SELECT c.key FROM chunks c JOIN documents d ON d.key = c.document WHERE d.name = ?"
            " ORDER BY c.position",
            (name,),
        )
        return [int(key) for (key,) in found]

    def texts(self, keys: Sequence[int]) -> list[tuple[str, str]]:
        """Name and text of the documents with these keys, not very many."""
        marks = ", ".join("?" * len(keys))
        found = self.all(f"SELECT name, text FROM documents WHERE key IN ({marks})", keys)
        return [(str(name), str(text)) for name, text in found]

    def with_short_chunks(self, characters: int) -> Int64:
        """The keys of the documents that have a chunk of at most so many characters."""
        found = self.all(
            "SELECT DISTINCT document FROM chunks WHERE end - start <= ?", (characters,)
        )
        return np.array(found, np.int64).reshape(-1)

    def chunks(self, keys: Sequence[int]) -> Iterator[Chunk]:
        """The chunks with these keys, in their order.

        Raises:
            StoreCorrupt: the content of one is not what was stored, or it is not there.
        """
        for first in range(0, len(keys), _ROWS_AT_ONCE):
            some = keys[first : first + _ROWS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            found = self.all(
                f"SELECT {_CHUNK_COLUMNS}, {_CELL_COLUMNS}, c.key FROM chunks c JOIN documents d"
                " ON d.key = c.document LEFT JOIN cells t ON t.chunk = c.key"
                f" WHERE c.key IN ({marks})",
                some,
            )
            rows = {row[-1]: row[:-1] for row in found}
            for key in some:
                if key not in rows:
                    raise StoreCorrupt(say("catalog.no_chunk", key=key))
                yield _chunk(rows[key])

    def titled_chunks(self, first: int, last: int) -> Iterator[tuple[int, str, Chunk]]:
        """Key, document's title and chunk, without its cells, of the chunks whose keys lie from
        `first` to `last`, by key.

        Raises:
            StoreCorrupt: the content of one is not what was stored.
        """
        at = first
        while True:
            found = self.all(
                f"SELECT {_CHUNK_COLUMNS}, c.key, {TITLE} FROM chunks c"
                f" JOIN documents d ON d.key = c.document{SAID} WHERE c.key BETWEEN ? AND ?"
                " ORDER BY c.key LIMIT ?",
                (at, last, _ROWS_AT_ONCE),
            )
            for *row, key, title in found:
                yield int(key), title, _chunk(tuple(row))
            if len(found) < _ROWS_AT_ONCE:
                return
            at = int(found[-1][-2]) + 1

    def to_encode(self, encoder: str, count: int) -> Iterator[tuple[int, str, Chunk]]:
        """As `titled_chunks`, the first `count` chunks that have no next vector of an encoder
        yet, by key."""
        of_it = self.meta().get(NEXT) == encoder
        without = " WHERE c.key NOT IN (SELECT chunk FROM next_vectors)" if of_it else ""
        found = self.all(
            f"SELECT {_CHUNK_COLUMNS}, c.key, {TITLE} FROM chunks c"
            f" JOIN documents d ON d.key = c.document{SAID}{without} ORDER BY c.key LIMIT ?",
            (count,),
        )
        for *row, key, title in found:
            yield int(key), title, _chunk(tuple(row))


_NOTHING_STATED = (None, None, None, "[]")
_UNSTATED = Stated()


def _entry(row: tuple[Any, ...]) -> Entry:
    if row[7:] == _NOTHING_STATED:  # of most documents; there may be many
        name, path, root, sha256, size, mtime_ns, made_with = row[:7]
        return Entry(name, path, root, sha256, size, mtime_ns, made_with, _UNSTATED)
    try:
        return replace(Entry(*row[:7]), stated=read_stated(row[0], *row[7:]))
    except StoreCorrupt:  # found by its hash where it matters; made anew by the next update
        return Entry(*row[:7])


def _info(row: tuple[Any, ...]) -> DocumentInfo:
    identifier, name, path, title, date, inferred, characters, chunks, split, *more = row
    publisher, tags, warnings, own_title, own_date = more
    if not all(isinstance(value, str) for value in (path, title, date or "", publisher or "")):
        raise StoreCorrupt(say("catalog.document", name=name))
    return DocumentInfo(
        identifier, name, path, title, date, bool(inferred), characters, chunks, split, publisher,
        strings_of(tags, name), strings_of(warnings, name),
        ("title",) * (own_title is not None) + ("date",) * (own_date is not None),
    )  # fmt: skip


def _chunk(row: tuple[Any, ...]) -> Chunk:
    identifier, document_id, position, start, end, text, place, tokens, digest, name, *cells = row
    if row_hash(identifier, position, start, end, text, place, tokens) != digest:
        raise StoreCorrupt(say("catalog.chunk", name=name, position=position))
    lead, headings, page, lines = read_place(place)
    return Chunk(
        identifier,
        document_id,
        position,
        Span(start, end),
        text,
        lead,
        headings,
        page,
        lines,
        _cells(name, identifier, Span(start, end), text, *cells) if cells else (),
    )


def _cells(
    name: str, identifier: str, span: Span, text: str, data: bytes | None, digest: bytes | None
) -> tuple[Cell, ...]:
    if data is None:
        return ()
    if row_hash(identifier, data) != digest:
        raise StoreCorrupt(say("catalog.cells", name=name, chunk=identifier))
    return read_cells(data, span, text)


def _tables(
    name: str, identifier: str, text: str, data: bytes | None, digest: bytes | None
) -> tuple[Table, ...]:
    if data is None:
        return ()
    if row_hash(identifier, data) != digest:
        raise StoreCorrupt(say("catalog.tables", name=name))
    return read_tables(data, text)
