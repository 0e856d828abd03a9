"""Conversations, kept. They are no part of an index and are derived from nothing, so they have an
SQLite file of their own (third party: `sqlite3`); see `rag.sqlite` for how it is opened.

They belong to the collection: everybody who may open its page sees them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from rag.errors import StoreCorrupt, StoreError, StoreMismatch, UnknownConversation
from rag.page.markdown import conversation_markdown, turn_text
from rag.page.messages import DEFAULT, messages
from rag.page.turn import Turn
from rag.sqlite import Limited, connect, tables

FILE = "conversations.sqlite"
FORMAT = 2
MAX_TITLE_CHARACTERS = 120
MAX_LISTED = 500
_BUSY_SECONDS = 5.0
_SCHEMA = (
    (
        "CREATE TABLE conversations ( id TEXT PRIMARY KEY, title TEXT NOT NULL,"
        " changed REAL NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE turns ( conversation TEXT NOT NULL REFERENCES conversations (id)"
        " ON DELETE CASCADE, position INTEGER NOT NULL, value TEXT NOT NULL, text TEXT NOT NULL,"
        " PRIMARY KEY (conversation, position)) WITHOUT ROWID"
    ),
)
_TURN = TypeAdapter(Turn)


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation in a list; `changed` in seconds since 1970."""

    id: str
    title: str
    changed: float
    turns: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn is kept: its conversation, and its number there, from 0."""

    conversation: str
    position: int


class Conversations:
    """The conversations of a collection, in one file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Nothing is created before the first conversation is kept."""
        self.path = path
        self._lock = threading.Lock()

    def keep(self, conversation: str | None, turn: Turn) -> Place:
        """Adds a turn to a conversation, or to a new one; returns where it stands.

        Raises:
            StoreError: it cannot be written.
        """
        with self._connected(writing=True) as connection:
            found = (
                conversation
                and connection.execute(
                    "SELECT 1 FROM conversations WHERE id = ?", (conversation,)
                ).fetchone()
            )
            identifier = conversation if conversation and found else uuid.uuid4().hex
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (identifier, turn.question[:MAX_TITLE_CHARACTERS], 0.0),
            )
            ((position,),) = connection.execute(
                "SELECT coalesce(max(position), -1) + 1 FROM turns WHERE conversation = ?",
                (identifier,),
            )
            place = Place(identifier, position)
            _write(connection, place, turn)
        return place

    def change(self, place: Place, turn: Turn) -> None:
        """Puts a turn in the place of what was kept there; where its conversation has been
        deleted, nothing is kept.

        Raises:
            StoreError: it cannot be written.
        """
        if not self.path.exists():
            return
        with self._connected(writing=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM conversations WHERE id = ?", (place.conversation,)
            ).fetchone()
            if found:
                _write(connection, place, turn)

    def listed(self, containing: str = "") -> list[Kept]:
        """The conversations, the latest first; with `containing` those that have it in their
        title, a question or an answer."""
        if not self.path.exists():
            return []
        wanted = containing.strip().casefold()
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT c.id, c.title, c.changed, count(t.position) FROM conversations c"
                " LEFT JOIN turns t ON t.conversation = c.id GROUP BY c.id"
                " HAVING instr(lower(c.title), ?) OR max(instr(t.text, ?)) > 0 OR ? = ''"
                " ORDER BY c.changed DESC, c.id LIMIT ?",
                (wanted, wanted, wanted, MAX_LISTED),
            ).fetchall()
        return [
            Kept(str(identifier), str(title), float(changed), int(turns))
            for identifier, title, changed, turns in rows
        ]

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """The turns of a conversation.

        Raises:
            UnknownConversation: there is none. StoreMismatch: another version has kept it.
        """
        self._title(conversation)
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT value FROM turns WHERE conversation = ? ORDER BY position", (conversation,)
            ).fetchall()
        try:
            return tuple(_TURN.validate_json(value) for (value,) in rows)
        except ValidationError as error:
            raise StoreMismatch(
                f"the conversation was kept by another version of this program; "
                f"export it with that one ({error.error_count()} fields differ)"
            ) from None

    def everything(self) -> Iterator[tuple[str, tuple[Turn, ...]]]:
        """Every conversation's id and turns, the oldest first.

        Raises:
            StoreMismatch: another version has kept one of them.
        """
        if not self.path.exists():
            return
        with self._connected() as connection:
            rows = connection.execute("SELECT id FROM conversations ORDER BY changed, id")
            identifiers = [identifier for (identifier,) in rows]
        for identifier in identifiers:
            yield identifier, self.turns(identifier)

    def rename(self, conversation: str, title: str) -> None:
        """Gives a conversation another title, of which the first 120 characters are kept.

        Raises:
            UnknownConversation: there is none.
        """
        self._title(conversation)
        kept = " ".join(title.split())[:MAX_TITLE_CHARACTERS]
        with self._connected(writing=True) as connection:
            connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (kept, conversation)
            )

    def delete(self, conversation: str) -> None:
        """Deletes a conversation; its text is overwritten.

        Raises:
            UnknownConversation: there is none.
        """
        self._title(conversation)
        with self._connected(writing=True) as connection:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

    def markdown(self, conversation: str, language: str = DEFAULT) -> str:
        """A conversation as Markdown with its sources, the page's own words in `language`.

        Raises:
            UnknownConversation: there is none. StoreMismatch: another version has kept it.
        """
        title, turns = self._title(conversation), self.turns(conversation)
        return conversation_markdown(title, turns, messages(language))

    def _title(self, conversation: str) -> str:
        found = None
        if self.path.exists():
            with self._connected() as connection:
                found = connection.execute(
                    "SELECT title FROM conversations WHERE id = ?", (conversation,)
                ).fetchone()
        if found is None:
            raise UnknownConversation(f"there is no conversation {conversation!r:.50}; reload")
        return str(found[0])

    @contextmanager
    def _connected(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction of its own, committed at the end."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, closing(connect(self.path, _BUSY_SECONDS)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                with connection:
                    connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
                    self._check(connection)
                    yield connection
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StoreError(f"{self.path} cannot be used: {error}") from None

    def _check(self, connection: Limited) -> None:
        """Makes the tables where there are none, and brings those of an earlier program up to
        date.

        Raises:
            StoreMismatch: another format. StoreCorrupt: something else is in the file.
        """
        ((version,),) = connection.execute("PRAGMA user_version")
        if version not in (0, 1, FORMAT):
            raise StoreMismatch(f"{self.path} has format {version}, this program reads {FORMAT}")
        found = tables(connection)
        if not found and version == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif found != set(_SCHEMA):
            raise StoreCorrupt(
                f"{self.path} holds other tables than conversations have; put it aside, and a new "
                "file is made"
            )
        elif version == 1:
            _raise_format(connection)


def _raise_format(connection: sqlite3.Connection) -> None:
    """Format 1 kept remarks as Chinese words, of which no kind can be made: they are left out."""
    rows = connection.execute("SELECT conversation, position, value FROM turns").fetchall()
    for conversation, position, text in rows:
        value = json.loads(text)
        answer = value.get("answer") or {}
        answer.pop("notice", None)
        for sentence in (*value.get("sentences", ()), *answer.get("sentences", ())):
            sentence["reason"] = None
        connection.execute(
            "UPDATE turns SET value = ? WHERE conversation = ? AND position = ?",
            (json.dumps(value, ensure_ascii=False), conversation, position),
        )
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _write(connection: sqlite3.Connection, place: Place, turn: Turn) -> None:
    value, text = _TURN.dump_json(turn).decode(), turn_text(turn).casefold()
    connection.execute(
        "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?)",
        (place.conversation, place.position, value, text),
    )
    connection.execute(
        "UPDATE conversations SET changed = ? WHERE id = ?", (time.time(), place.conversation)
    )
