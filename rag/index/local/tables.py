"""What the catalog keeps beside documents and chunks: facts and vectors.

What is said of documents beside their text: stated in a file or a sidecar, corrected by a
user. The strongest word counts: a correction, then a sidecar, then the file itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.index.local.database import Database
from rag.index.local.rows import DocumentRows, Int64, read_vector, row_hash
from rag.index.protocol import Float32
from rag.types import Document, Stated

# For queries over documents d.
SAID = " LEFT JOIN facts f ON f.document = d.key LEFT JOIN corrections k ON k.name = d.name"
TITLE = "coalesce(k.title, f.stated_title, d.title)"
DATE = "coalesce(k.date, f.stated_date, d.date)"
DATE_INFERRED = "(d.date_inferred AND coalesce(k.date, f.stated_date) IS NULL)"
PUBLISHER = "coalesce(f.stated_publisher, f.publisher)"
TAGS = "CASE WHEN f.stated_tags <> '[]' THEN f.stated_tags ELSE coalesce(f.tags, '[]') END"
WARNINGS = "coalesce(f.warnings, '[]')"
_GIVEN_UP = "given_up"  # the key of the list in the table `meta`
STATED = "f.stated_title, f.stated_date, f.stated_publisher, f.stated_tags"


@dataclass(frozen=True, slots=True)
class Facts:
    """A document as filters see it; `key` is the catalog's."""

    key: int
    name: str
    date: str | None
    publisher: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A file that took longer to read than `seconds`, the limit of that time: its path, the name
    of its document, the path argument it was found under, the SHA-256 of the file (of one in a
    container that of the container), and the program and settings that tried."""

    path: str
    name: str
    root: str
    sha256: str
    seconds: float
    made_with: str


class FactTables(Database):
    """The tables `facts` and `corrections` of a catalog, and its list of files given up."""

    def given_up(self) -> list[GivenUp]:
        """The files that took too long; none where the list is none of this program's."""
        try:
            rows = json.loads(self.meta().get(_GIVEN_UP, "[]"))
            found = [
                GivenUp(
                    str(path), str(name), str(root), str(sha256), float(seconds), str(made_with)
                )
                for path, name, root, sha256, seconds, made_with in rows
            ]
        except (ValueError, TypeError, LookupError, RecursionError):
            return []
        return found

    def give_up(self, files: Iterable[GivenUp]) -> None:
        """Records the files that took too long."""
        self.set_meta(_GIVEN_UP, json.dumps([astuple(one) for one in files]))

    def facts(self) -> list[Facts]:
        """All documents by name."""
        columns = f"d.key, d.name, {DATE}, {PUBLISHER}, {TAGS}"
        found = self.all(f"SELECT {columns} FROM documents d{SAID} ORDER BY d.name")
        return [
            Facts(key, name, date, publisher, strings_of(tags, name))
            for key, name, date, publisher, tags in found
        ]

    def put_facts(self, key: int, rows: DocumentRows, stated: Stated) -> None:
        """Stores what the document's file and a sidecar state."""
        values = (rows.publisher, _dump(rows.tags), _dump(rows.warnings), *_columns(stated))
        self.run(
            "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, *values, row_hash(rows.id, *values)),
        )

    def state(self, name: str, stated: Stated) -> bool:
        """Records what a sidecar states of a document now; returns whether its title is another
        one by that.

        Raises:
            StoreCorrupt: its facts are not what was stored.
        """
        before = self._title(name)
        ((key, identifier),) = self.all("SELECT key, id FROM documents WHERE name = ?", (name,))
        values = (*self._facts(name, identifier)[:3], *_columns(stated))
        self.run(
            "UPDATE facts SET stated_title = ?, stated_date = ?, stated_publisher = ?,"
            " stated_tags = ?, hash = ? WHERE document = ?",
            (*_columns(stated), row_hash(identifier, *values), key),
        )
        return self._title(name) != before

    def correct(self, name: str, title: str | None, date: str | None) -> bool:
        """Records a user's words on a document: None leaves a field as it is, an empty string
        takes its correction back. Returns whether the title is another one by that."""
        before = self._title(name)
        now = self.correction(name)
        new = Stated(
            now.title if title is None else title or None,
            now.date if date is None else date or None,
        )
        self.drop_correction(name)
        if new != Stated():
            digest = row_hash(name, new.title, new.date)
            values = (name, new.title, new.date, digest)
            self.run("INSERT INTO corrections VALUES (?, ?, ?, ?)", values)
        return self._title(name) != before

    def correction(self, name: str) -> Stated:
        """A user's words on the document of this name, whether it is there or not.

        Raises:
            StoreCorrupt: they are not what was stored.
        """
        found = self.all("SELECT title, date, hash FROM corrections WHERE name = ?", (name,))
        for title, date, digest in found:
            if row_hash(name, title, date) != digest:
                raise StoreCorrupt(f"document {name}: a user's correction of it is damaged")
            return Stated(title, date)
        return Stated()

    def corrected(self) -> list[str]:
        """The names under which there are corrections, in order."""
        return [name for (name,) in self.all("SELECT name FROM corrections ORDER BY name")]

    def warned(self, words: str) -> list[str]:
        """The names of documents of which a warning holds these words, ASCII without quotation
        marks, in order."""
        found = self.all(
            "SELECT d.name FROM documents d JOIN facts f ON f.document = d.key"
            " WHERE instr(f.warnings, ?) ORDER BY d.name",
            (words,),
        )
        return [name for (name,) in found]

    def drop_correction(self, name: str) -> None:
        """Drops a user's words on a document."""
        self.run("DELETE FROM corrections WHERE name = ?", (name,))

    def said_title(self, name: str, stated: Stated) -> str | None:
        """The title that a user or a sidecar gives to the document of this name."""
        return self.correction(name).title or stated.title

    def with_own_facts(self, document: Document) -> Document:
        """A document as it was read, with what its file states.

        Raises:
            StoreCorrupt: that is not what was stored.
        """
        publisher, tags, warnings, *_ = self._facts(document.name, document.id)
        return replace(
            document,
            publisher=publisher,
            tags=strings_of(tags, document.name),
            warnings=strings_of(warnings, document.name),
        )

    def told(self, document: Document) -> Document:
        """A document as it was read, with what a sidecar and a user say of it.

        Raises:
            StoreCorrupt: that is not what was stored.
        """
        stated = read_stated(document.name, *self._facts(document.name, document.id)[3:])
        return _over(_over(document, stated), self.correction(document.name))

    def _facts(self, name: str, identifier: str) -> tuple[Any, ...]:
        found = self.all(
            f"SELECT f.publisher, f.tags, f.warnings, {STATED}, f.hash FROM documents d"
            " JOIN facts f ON f.document = d.key WHERE d.name = ?",
            (name,),
        )
        if not found or row_hash(identifier, *found[0][:-1]) != found[0][-1]:
            raise StoreCorrupt(f"document {name}: what is stated of it is damaged or missing")
        return found[0][:-1]

    def _title(self, name: str) -> str | None:
        found = self.all(f"SELECT {TITLE} FROM documents d{SAID} WHERE d.name = ?", (name,))
        return None if not found else str(found[0][0])


def read_stated(
    name: str, title: str | None, date: str | None, publisher: str | None, tags: str | None
) -> Stated:
    """The columns `STATED` of the document of this name."""
    return Stated(title, date, publisher, strings_of(tags or "[]", name))


def strings_of(data: str, name: str) -> tuple[str, ...]:
    """A list of strings of the document of this name, stored as JSON.

    Raises:
        StoreCorrupt: it is something else.
    """
    if data == "[]":  # as most are
        return ()
    try:
        value = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        value = None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise StoreCorrupt(f"document {name}: what is stated of it cannot be read")
    return tuple(value)


def _columns(stated: Stated) -> tuple[str | None, str | None, str | None, str]:
    return stated.title, stated.date, stated.publisher, _dump(stated.tags)


def _dump(strings: tuple[str, ...]) -> str:
    return json.dumps(strings, ensure_ascii=False)


def _over(document: Document, stated: Stated) -> Document:
    """A document with what is stated of it."""
    return replace(
        document,
        title=stated.title or document.title,
        date=stated.date or document.date,
        date_inferred=document.date_inferred and stated.date is None,
        publisher=stated.publisher or document.publisher,
        tags=stated.tags or document.tags,
    )


NEXT = "next_encoder"
"""The fact that names the encoder of the next vectors."""


class VectorTables(FactTables):
    """The tables `vectors` and `next_vectors`."""

    def vectors(self, keys: Int64, dimension: int) -> Float32:
        """The vectors `(len(keys), dimension)` of these chunks.

        Raises:
            StoreCorrupt: one is missing, or is not what was stored.
        """
        matrix = np.empty((len(keys), dimension), np.float32)
        for i, key in enumerate(keys):
            found = self.all("SELECT vector, hash FROM vectors WHERE chunk = ?", (int(key),))
            if not found or row_hash(found[0][0]) != found[0][1]:
                raise StoreCorrupt(say("catalog.vector", key=key))
            matrix[i] = read_vector(found[0][0], dimension)
        return matrix

    def put_next_vectors(self, encoder: str, keys: Sequence[int], vectors: Float32) -> None:
        """Stores vectors of chunks, as far as they are still there, that will be the index's;
        those of another encoder are dropped."""
        if self.meta().get(NEXT) != encoder:
            self.run("DELETE FROM next_vectors")
            self.set_meta(NEXT, encoder)
        for key, vector in zip(keys, vectors, strict=True):
            data = vector.astype("<f4", copy=False).tobytes()
            self.run(
                "INSERT OR REPLACE INTO next_vectors SELECT key, ?, ? FROM chunks WHERE key = ?",
                (row_hash(data), data, key),
            )

    def take_next_vectors(self, before: str, after: str) -> None:
        """Makes the next vectors the index's; documents made with `before` are now made with
        `after`."""
        self.run("DELETE FROM vectors")
        self.run("INSERT INTO vectors SELECT chunk, hash, vector FROM next_vectors")
        self.run("DELETE FROM next_vectors")
        self.drop_meta(NEXT)
        self.run("UPDATE documents SET made_with = ? WHERE made_with = ?", (after, before))
