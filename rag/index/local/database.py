"""The catalog's SQLite file: opened, checked, committed. Third party: SQLite (`sqlite3`), in
WAL mode, durable at commit, deleted content overwritten; see `rag.sqlite` for how it is opened.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from rag.errors import StoreCorrupt, StoreError, StoreLocked, StoreMismatch, StoreMissing
from rag.i18n import say
from rag.index.local.rows import row_hash
from rag.sqlite import Limited, beside, connect, folded, tables, was_endless

FORMAT = 5
"""1 to 3 differ in tables, 3 and 4 in what lies beside the catalog (4 has fine codes); 5 has the
tables of documents."""
MEND = "mend the index with: rag verify --repair"
_APPLICATION_ID = 0x77656E6A  # "wenj", in the file's header
_BUSY_TIMEOUT_MS = 5000
_PAGE_BYTES = 1 << 14
"""Of the default 4 KiB a vector of 2 KiB takes a page of its own. 17,906 chunks: 80 MB instead of
115, and with room for a transaction's index pages 28 µs of CPU each instead of 67."""
_WRITER_CACHE_BYTES = 1 << 25
_MOST_FACTS = 1_000
PAGED = ".paged"
"""After the name of a catalog, that of a copy in pages of another size, for a moment."""
_SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE documents (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " name TEXT NOT NULL UNIQUE, path TEXT NOT NULL, root TEXT NOT NULL, sha256 TEXT NOT NULL,"
        " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, made_with TEXT NOT NULL,"
        " title TEXT NOT NULL, date TEXT, date_inferred INTEGER NOT NULL,"
        " characters INTEGER NOT NULL, split_sentences INTEGER NOT NULL, hash BLOB NOT NULL,"
        " text TEXT NOT NULL, source BLOB, layout BLOB NOT NULL)"
    ),
    (
        "CREATE TABLE chunks (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
        " document INTEGER NOT NULL REFERENCES documents (key) ON DELETE CASCADE,"
        " position INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,"
        " tokens INTEGER NOT NULL, hash BLOB NOT NULL, place TEXT NOT NULL, text TEXT NOT NULL,"
        " UNIQUE (document, position))"
    ),
    (
        "CREATE TABLE vectors (chunk INTEGER PRIMARY KEY REFERENCES chunks (key) ON DELETE CASCADE,"
        " hash BLOB NOT NULL, vector BLOB NOT NULL)"
    ),
)
_FACTS = (
    (
        "CREATE TABLE facts (document INTEGER PRIMARY KEY REFERENCES documents (key)"
        " ON DELETE CASCADE, publisher TEXT, tags TEXT NOT NULL, warnings TEXT NOT NULL,"
        " stated_title TEXT, stated_date TEXT, stated_publisher TEXT, stated_tags TEXT NOT NULL,"
        " hash BLOB NOT NULL)"
    ),
    "CREATE TABLE corrections (name TEXT PRIMARY KEY, title TEXT, date TEXT, hash BLOB NOT NULL)",
    (
        "CREATE TABLE next_vectors (chunk INTEGER PRIMARY KEY REFERENCES chunks (key)"
        " ON DELETE CASCADE, hash BLOB NOT NULL, vector BLOB NOT NULL)"
    ),
)
_TABLES = (
    (
        "CREATE TABLE tables (document INTEGER PRIMARY KEY REFERENCES documents (key)"
        " ON DELETE CASCADE, hash BLOB NOT NULL, data BLOB NOT NULL)"
    ),
    (
        "CREATE TABLE cells (chunk INTEGER PRIMARY KEY REFERENCES chunks (key)"
        " ON DELETE CASCADE, hash BLOB NOT NULL, data BLOB NOT NULL)"
    ),
)
_SCHEMAS = {
    1: _SCHEMA,
    2: _SCHEMA,
    3: (*_SCHEMA, *_FACTS),
    4: (*_SCHEMA, *_FACTS),
    5: (*_SCHEMA, *_FACTS, *_TABLES),
}
_SEQUENCE = "CREATE TABLE sqlite_sequence(name,seq)"  # made by SQLite for AUTOINCREMENT


class OlderFormat(StoreMismatch):
    """An earlier program made the catalog; opening it for writing brings it up to date."""


def _has_content(path: Path) -> bool:
    """Whether it is a file that is not empty; looked at once, as a writer may just remove it."""
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(state.st_mode) and state.st_size > 0


class Database:
    """One connection, in one transaction: a reader's shows the state of the moment when it was
    opened until it ends. Methods may be called from several threads."""

    def __init__(self, path: Path, *, immutable: bool = False) -> None:
        """Opens the file, which is created where there is none; no transaction yet. `immutable`:
        nobody writes to it, and no log can be made beside it."""
        self.path = path
        self._lock = threading.RLock()
        self._connection = _connect(path, immutable=immutable)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
            self.run(f"PRAGMA {pragma}")

    @classmethod
    def reader(cls, path: Path) -> Self:
        """Opens a file for reading, also in a folder in which nothing can be written.

        Raises:
            StoreMissing: there is none, or it was never finished. StoreMismatch: another
            format. StoreCorrupt: it is something else. StoreError: it cannot be read, or holds
            changes in its log that cannot be brought in where nothing can be written.
        """
        if not _has_content(path):
            raise StoreMissing(say("index.missing", folder=path.parent))
        database = cls._reading(path)
        try:
            if not database._statements():
                raise StoreMissing(say("index.unfinished", folder=path.parent))
            found = database._check()
            if found != FORMAT:
                raise OlderFormat(
                    f"{path} has format {found}, this program reads {FORMAT}; bring it up to date "
                    f"with: rag verify --repair --index {path.parent}"
                )
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def _reading(cls, path: Path) -> Self:
        """A connection that has begun to read."""
        try:
            return cls._begun(path, immutable=False)
        except (StoreCorrupt, StoreLocked):
            raise
        except StoreError:  # SQLite keeps a log and a list of readers beside a file
            if os.access(path.parent, os.W_OK):
                raise
        if _has_content(beside(path, "-wal")):
            raise StoreError(say("index.log", path=path, folder=path.parent))
        return cls._begun(path, immutable=True)

    @classmethod
    def _begun(cls, path: Path, *, immutable: bool) -> Self:
        database = cls(path, immutable=immutable)
        try:
            database.run("BEGIN")
            database.run("SELECT 1 FROM sqlite_master LIMIT 1")
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def writer(cls, path: Path) -> Self:
        """Opens a file for one transaction of changes, creating it where there is none; nothing
        lasts before `commit`.

        Raises:
            StoreMismatch: another format. StoreCorrupt: the file is something else.
        """
        database = cls(path)
        try:
            database.run(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file alone
            database.run("PRAGMA journal_mode = WAL")
            database.run(f"PRAGMA cache_size = -{_WRITER_CACHE_BYTES >> 10}")
            database.begin()
            if not database._statements():
                database.run(f"PRAGMA application_id = {_APPLICATION_ID}")
                for statement in _SCHEMAS[FORMAT]:
                    database.run(statement)
                database.run("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
            database._migrate(database._check())
        except BaseException:
            database.close()
            raise
        return database

    def _statements(self) -> set[str]:
        with _errors(self.path), self._lock:
            return tables(self._connection)

    def _check(self) -> int:
        """The format, of those that this program knows."""
        statements = self._statements()
        known = folded(_SCHEMA[0]) in statements
        found = self.all("SELECT value FROM meta WHERE key = 'format'") if known else []
        formats = {str(number): number for number in _SCHEMAS}
        if found and found[0][0] not in formats:
            raise StoreMismatch(
                say("index.format", path=self.path, found=found[0][0], format=FORMAT)
            )
        number = formats[found[0][0]] if found else FORMAT
        if not found or statements - {_SEQUENCE} != set(_SCHEMAS[number]):
            raise StoreCorrupt(say("index.no_catalog", path=self.path))
        return number

    def _migrate(self, found: int) -> None:
        """Brings the catalog to the present format, within the transaction; what derived parts
        lack is made afterwards."""
        if found < 3:
            self._add_facts()
            self.run("DELETE FROM meta WHERE key = 'parts'")
        if found < 5:
            for statement in _TABLES:
                self.run(statement)
        if found < FORMAT:
            self.run("UPDATE meta SET value = ? WHERE key = 'format'", (str(FORMAT),))

    def _add_facts(self) -> None:
        for statement in _FACTS:
            self.run(statement)
        nothing = (None, "[]", "[]", None, None, None, "[]")
        for key, identifier in self.all("SELECT key, id FROM documents"):
            digest = row_hash(identifier, *nothing)
            self.run(
                "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (key, *nothing, digest)
            )

    def meta(self) -> dict[str, str]:
        """The facts about the whole index."""
        found = self.all("SELECT key, value FROM meta LIMIT ?", (_MOST_FACTS,))
        return {str(key): str(value) for key, value in found}

    def set_meta(self, key: str, value: str) -> None:
        """Records a fact about the whole index."""
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def drop_meta(self, key: str) -> None:
        """Drops a fact about the whole index."""
        self.run("DELETE FROM meta WHERE key = ?", (key,))

    def begin(self) -> None:
        """Begins a transaction of changes."""
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Makes the changes current, durably."""
        self.run("COMMIT")

    def checkpoint(self) -> None:
        """Brings the log into the file and, where no reader needs it, empties it, so that what
        was deleted is gone from both. This reader is then at what is current."""
        with _errors(self.path), self._lock:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute("PRAGMA busy_timeout = 0")  # never wait for readers
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT 1 FROM meta LIMIT 1")

    def copy_to(self, path: Path) -> None:
        """Writes what this connection sees into a new file, durably, without a log beside it."""
        with _errors(path), self._lock, closing(_connect(path)) as target:
            self._connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")

    def copy_over(self, path: Path) -> None:
        """Replaces the whole content of the catalog at `path`, if there is one, with one commit.
        Its readers keep what they see. The caller holds the writer lock."""
        between = path.with_name(path.name + PAGED)
        with _errors(path), self._lock, closing(_connect(path)) as target:
            there = target.execute("PRAGMA page_count").fetchone() != (0,)
            wanted = _page_bytes(target if there else self._connection)
            target.execute(f"PRAGMA page_size = {wanted}")
            target.execute("PRAGMA journal_mode = WAL")
            target.execute("PRAGMA synchronous = FULL")
            if _page_bytes(self._connection) == wanted:
                self._connection.backup(target)
                return
            try:  # a catalog in WAL mode keeps the size of its pages
                between.unlink(missing_ok=True)
                with closing(_connect(between)) as paged:
                    self._connection.backup(paged)
                    paged.execute("PRAGMA journal_mode = DELETE")
                    paged.execute(f"PRAGMA page_size = {wanted}")
                    paged.execute("VACUUM")
                    paged.backup(target)
            finally:
                between.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the connection; changes that were not committed are undone."""
        self._connection.close()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs a statement; returns the key of the row that it inserted."""
        with _errors(self.path), self._lock:
            return self._connection.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Runs a statement with each of the values."""
        with _errors(self.path), self._lock:
            self._connection.executemany(sql, values)

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with _errors(self.path), self._lock:
            return self._connection.execute(sql, values).fetchall()

    def integrity(self) -> list[str]:
        """What SQLite itself finds wrong."""
        found = [str(row[0]) for row in self.all("PRAGMA integrity_check(20)")]
        found += [f"{row[0]} without {row[2]}" for row in self.all("PRAGMA foreign_key_check")]
        return [line for line in found if line != "ok"]


def _connect(path: Path, *, immutable: bool = False) -> Limited:
    with _errors(path):
        return connect(path, _BUSY_TIMEOUT_MS / 1000, immutable=immutable)


def _page_bytes(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_size").fetchone()[0])


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise StoreLocked(say("index.busy", path=path, error=error)) from None
        if was_endless(error):
            raise StoreCorrupt(say("index.endless", path=path, folder=path.parent)) from None
        raise StoreError(say("sqlite.unusable", path=path, error=error)) from None
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(
            say("index.damaged", path=path, error=error, folder=path.parent)
        ) from None
