"""SQLite files, which may come from somebody else, opened so that nothing in them runs, no
statement runs for ever, and no other file is touched. Third party: SQLite (`sqlite3`).

A file can hold views, triggers and expressions, its pages can lead to each other a billion times,
and a journal beside it can name a file that SQLite deletes when it rolls back.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from rag.errors import StoreCorrupt
from rag.i18n import say

NO_FOLLOW = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
"""For `os.open`: no link is followed, no program started meanwhile has the file open, and bytes
are read as they are; each where the system has it."""

MAX_STATEMENTS = 100
"""No file of this program has more tables and indexes of its own."""

BASE_STEPS = 5_000_000
STEPS_PER_BYTE = 10
"""What a statement may take, in instructions of SQLite's machine: reading a row takes some ten to
fifty, and no row has less than twenty bytes. Five million take about a tenth of a second."""

_STEPS_AT_ONCE = 100_000
_JOURNAL_END = bytes.fromhex("d9d505f920a163d7")
"""The last bytes of a journal that names a super-journal. Source: SQLite's pager.c,
`aJournalMagic`, `readSuperJournal`."""


class Limited(sqlite3.Connection):
    """A connection whose statements end with an error, `was_endless`, when they take many more
    steps than a file of this size needs."""

    def guard(self, path: Path) -> None:
        """Begins to count; `path` is the file."""
        self._path = path
        self._steps = self._most = 0
        self.set_progress_handler(self._counted, _STEPS_AT_ONCE)

    def _counted(self) -> bool:
        self._steps += _STEPS_AT_ONCE
        if self._steps > self._most:  # the file may have grown meanwhile
            sizes = (_size(self._path), _size(beside(self._path, "-wal")))
            self._most = BASE_STEPS + STEPS_PER_BYTE * sum(sizes)
        return self._steps > self._most

    def execute(self, *given: Any) -> sqlite3.Cursor:
        """As of any connection."""
        self._steps = 0
        return super().execute(*given)

    def executemany(self, *given: Any) -> sqlite3.Cursor:
        """As of any connection; each of the values has the whole limit."""
        self._steps = -(1 << 62)
        return super().executemany(*given)


def connect(path: Path, timeout_seconds: float, *, immutable: bool = False) -> Limited:
    """Opens a file, which is created where there is none; without a transaction. The connection
    may be used from several threads in turn. `immutable`: nobody writes to it, and no file can be
    made beside it.

    Raises:
        StoreCorrupt: it is a link, or its journal names another file.
        sqlite3.Error: it cannot be opened.
    """
    if path.is_symlink():
        raise StoreCorrupt(say("sqlite.link", path=path))
    _check_journal(beside(path, "-journal"))
    address = f"{path.absolute().as_uri()}{'?immutable=1' * immutable}"
    connection: Limited = sqlite3.connect(
        address,
        timeout=timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        factory=Limited,
        uri=True,
    )
    connection.guard(path)
    _defend(connection)
    return connection


def _defend(connection: sqlite3.Connection) -> None:
    for name in ("ENABLE_TRIGGER", "ENABLE_VIEW", "TRUSTED_SCHEMA"):
        _configure(connection, f"SQLITE_DBCONFIG_{name}", on=False)
    _configure(connection, "SQLITE_DBCONFIG_DEFENSIVE", on=True)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _configure(connection: sqlite3.Connection, name: str, *, on: bool) -> None:
    """Sets a switch where this Python can (from 3.12 on); the tables are checked in any case."""
    if hasattr(sqlite3, name):
        connection.setconfig(getattr(sqlite3, name), on)  # type: ignore[attr-defined,unused-ignore]


def tables(connection: sqlite3.Connection) -> set[str]:
    """The statements that made what is in the file, white space in them folded; those of views,
    triggers and indexes among them."""
    found = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT ?", (MAX_STATEMENTS,)
    )
    return {folded(str(sql)) for (sql,) in found}


def folded(statement: str) -> str:
    """A statement with single blanks.

    >>> folded("CREATE TABLE t (\\n  a TEXT)")
    'CREATE TABLE t ( a TEXT)'
    """
    return " ".join(statement.split())


def was_endless(error: sqlite3.Error) -> bool:
    """Whether a statement was ended because it took too many steps."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT"


def beside(path: Path, suffix: str) -> Path:
    """A file that SQLite keeps beside another one: `-wal`, `-shm`, `-journal`."""
    return path.with_name(path.name + suffix)


def _check_journal(journal: Path) -> None:
    """Refuses a journal that names a super-journal, as those of several files at once do. This
    program changes one at a time, and SQLite deletes what is named there, whatever it is.

    Raises:
        StoreCorrupt: it is one, or a link.
    """
    if journal.is_symlink():
        raise StoreCorrupt(say("sqlite.journal_link", path=journal))
    try:
        handle = os.open(journal, os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreCorrupt(
            say("sqlite.journal_unreadable", path=journal, error=error.strerror)
        ) from None
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        file.seek(max(0, size - len(_JOURNAL_END)))
        if file.read(len(_JOURNAL_END)) == _JOURNAL_END:
            raise StoreCorrupt(say("sqlite.journal_names_another", path=journal))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
