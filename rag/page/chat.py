"""Conversations on the page: kept, opened, asked, stopped, judged.

Conversations, kept. They are no part of an index and are derived from nothing, so they have an
SQLite file of their own (third party: `sqlite3`); see `rag.sqlite` for how it is opened.

They belong to the collection: everybody who may open its page sees them.

What the page needs of the collection that a request is about, and its assistant, which blocks,
as turns that an event loop can wait for, and leave.

Only answers go by gradio's queue. The browser hears of all queued events by one stream, which is
closed when none is left; one that begins at that moment is now and then lost (10 of 48 tries of a
stop that cancelled its answer, on a machine with more work than cores). So an answer is ended by a
flag of its conversation, not by gradio's cancelling, and what is short is replied to at once.

What happens on the page when a question is sent, an answer stopped or judged, a conversation
opened.

The conversation lives in the browser session's state: a `Sitting`, changed in place. Of it, `past`
shows all turns but the last, `now` the last. Every event of an answer gives each of them as it is,
never as gradio's update: for an update gradio makes the component anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
from pydantic import Field, TypeAdapter, ValidationError

from rag.assistant import in_thread
from rag.errors import (
    FilterError,
    RagError,
    StoreCorrupt,
    StoreError,
    StoreMismatch,
    UnknownCollection,
    UnknownConversation,
)
from rag.i18n import CHINESE, DEFAULT, Messages, messages, say, told
from rag.page.export import conversation_docx, conversation_html
from rag.page.render import MAX_COMMENT_CHARACTERS, error_html, turn_html
from rag.page.turns import (
    Feedback,
    Judgement,
    Turn,
    conversation_markdown,
    escape,
    scope_json,
    turn_text,
)
from rag.retrieval.query import MAX_QUESTION_CHARACTERS
from rag.serving.requests import Restricted, gathered, language_of, until
from rag.sqlite import Limited, connect, tables
from rag.types import Event, Filter, History, IndexStatus

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
class KeptTurn:
    """Where a turn is kept: its conversation, and its number there, from 0."""

    conversation: str
    position: int


class Conversations:
    """The conversations of a collection, in one file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Nothing is created before the first conversation is kept."""
        self.path = path
        self._lock = threading.Lock()

    def keep(self, conversation: str | None, turn: Turn) -> KeptTurn:
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
            place = KeptTurn(identifier, position)
            _write(connection, place, turn)
        return place

    def change(self, place: KeptTurn, turn: Turn) -> None:
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
                say("conversation.other_version", fields=error.error_count())
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

    def export(self, conversation: str, form: str, language: str = DEFAULT) -> tuple[str, bytes]:
        """The title of a conversation, and it as a file of a form (`markdown`, `html`, `docx`) with
        its sources, the page's own words in `language`.

        Raises:
            UnknownConversation: there is none. StoreMismatch: another version has kept it.
        """
        title, changed = self._title(conversation)
        turns, words = self.turns(conversation), messages(language)
        if form == "markdown":
            return title, conversation_markdown(title, turns, words).encode()
        write = conversation_docx if form == "docx" else conversation_html
        day = time.strftime("%Y-%m-%d", time.localtime(changed))
        return title, write(title, day, turns, words)

    def _title(self, conversation: str) -> tuple[str, float]:
        """The title, and when it was last changed, in seconds since 1970."""
        found = None
        if self.path.exists():
            with self._connected() as connection:
                found = connection.execute(
                    "SELECT title, changed FROM conversations WHERE id = ?", (conversation,)
                ).fetchone()
        if found is None:
            raise UnknownConversation(say("conversation.unknown", name=conversation))
        return str(found[0]), float(found[1])

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
            raise StoreError(say("sqlite.unusable", path=self.path, error=error)) from None

    def _check(self, connection: Limited) -> None:
        """Makes the tables where there are none, and brings those of an earlier program up to
        date.

        Raises:
            StoreMismatch: another format. StoreCorrupt: something else is in the file.
        """
        ((version,),) = connection.execute("PRAGMA user_version")
        if version not in (0, 1, FORMAT):
            raise StoreMismatch(
                say("conversation.format", path=self.path, found=version, format=FORMAT)
            )
        found = tables(connection)
        if not found and version == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif found != set(_SCHEMA):
            raise StoreCorrupt(say("conversation.tables", path=self.path))
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


def _write(connection: sqlite3.Connection, place: KeptTurn, turn: Turn) -> None:
    value, text = _TURN.dump_json(turn).decode(), turn_text(turn).casefold()
    connection.execute(
        "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?)",
        (place.conversation, place.position, value, text),
    )
    connection.execute(
        "UPDATE conversations SET changed = ? WHERE id = ?", (time.time(), place.conversation)
    )


# An answer of the documents' sentences is complete by then, and is shown once.
PAUSE_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Answers(Protocol):
    """What the page needs of an assistant."""

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        """The events of an answer, `Done` last."""
        ...


async def answering(
    room: Room, turn: Turn, history: History = (), say: Messages = CHINESE
) -> AsyncGenerator[Turn, None]:
    """The turn as it grows, not more often than every `PAUSE_SECONDS`; the last one is complete
    or says what went wrong."""
    events = in_thread(lambda: room.answering(turn.by).stream(turn.question, history, turn.where))
    try:
        async with aclosing(gathered(events, PAUSE_SECONDS)) as groups:
            async for group in groups:
                turn = reduce(Turn.after, group, turn)
                yield turn
    except RagError as error:
        yield turn.failed(told(error, say.language))
    except Exception:
        # The page must not go on waiting, and its user can do nothing with a traceback.
        logger.exception("no answer to a question of %d characters", len(turn.question))
        yield turn.failed(say("turn.internal"))


# The parameter of the page's address and of the API that names a collection.
PARAMETER = "collection"


@dataclass(frozen=True, slots=True)
class Room:
    """A collection on the page: who answers, what the index holds, the questions offered before
    the first one, where its conversations are kept, None where nothing is, and who answers
    with a model that was chosen for a question, empty for none."""

    assistant: Answers
    status: Callable[[], IndexStatus]
    examples: Sequence[str] = ()
    kept: Conversations | None = None
    by: Callable[[str], Answers] | None = None

    def answering(self, model: str | None) -> Answers:
        """Who answers with a model that was chosen, None for as set; raises as `by`."""
        return self.assistant if model is None or self.by is None else self.by(model)


Rooms = Callable[[str], Room]
"""The room of a collection by its name, empty for the default one. Raises UnknownCollection."""


# Older turns leave the page: a browser slows down over a conversation without end.
MAX_TURNS = 50
# Answers given at the same time; more wait in line.
MAX_CONCURRENT = 8
# Of the names of the documents that a question is asked of.
MAX_SCOPE_CHARACTERS = 200_000
# Hands the page's own events to Python.
EVENTS_SCRIPT = """
for (const name of ['open', 'ask', 'stop', 'rate']) {
  document.addEventListener(`wj-${name}`, (event) => trigger(name, event.detail ?? {}));
}
"""
# The field is empty once its question is sent; while an answer is being given none is.
EMPTY_SCRIPT = """(question, where, ...others) => {
  // While an answer is written the question stays in its field: it must not be asked, too, should
  // its event come to the server only when the answer has ended.
  if (document.querySelector('#wj-now [data-state=busy]')) return ['', '', ...others];
  window.wj.field('');
  return [question, window.wj.asking(), ...others];
}"""

Turns = tuple[Turn, ...]
Shown = tuple[str, str, str]
"""The HTML of the past turns, of the last one, and of the conversation's identity."""


@dataclass(slots=True)
class Sitting:
    """A conversation in a tab: its last turns, where the last of them is kept, None where it is
    not, and what ends the answer that is being given, None where there has been none."""

    turns: Turns = ()
    place: KeptTurn | None = None
    leaving: asyncio.Event | None = None

    def leave(self) -> None:
        """Nobody waits any more for the answer that is being given."""
        if self.leaving is not None:
            self.leaving.set()

    def place_of(self, number: int) -> KeptTurn | None:
        """Where turn `number` of those on the page is kept."""
        if self.place is None:
            return None
        return KeptTurn(self.place.conversation, self.place.position - len(self.turns) + 1 + number)


@dataclass(frozen=True, slots=True)
class Talk:
    """The parts of the page that a conversation is made of, and who answers: which collection and
    which language is asked for says the address of the tab, which comes with every event."""

    rooms: Rooms
    language: str
    sitting: gr.State
    question: gr.Textbox
    where: gr.Textbox
    past: gr.HTML
    now: gr.HTML
    identity: gr.HTML

    def connect(self, blocks: gr.Blocks) -> None:
        """Wires the events."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown: dict[str, Any] = {"outputs": [self.past, self.now, self.identity]}
        asked: dict[str, Any] = {
            "concurrency_limit": MAX_CONCURRENT,
            "concurrency_id": "answers",
            # Not `once`: gradio would drop a question sent while the last answer's event ends.
            "trigger_mode": "multiple",
        }
        typed = [self.question, self.where, self.sitting]
        self.question.submit(self.respond, typed, js=EMPTY_SCRIPT, **shown, **asked, **quiet)
        self.identity.ask(self.given, [self.sitting], **shown, **asked, **quiet)
        # Replied to at once, each with a request of its own: no stream that could be closed.
        at_once: dict[str, Any] = {"inputs": [self.sitting], "queue": False, **shown, **quiet}
        self.identity.stop(self.stop, **at_once)
        self.identity.open(self.open, **at_once)
        self.identity.rate(self.rate, **at_once)
        blocks.load(self.reload, **at_once)

    def say(self, request: gr.Request) -> Messages:
        """The texts of the language that a browser asks for."""
        return messages(language_of(request.query_params, request.cookies, self.language))

    def room(self, request: gr.Request) -> Room:
        """The room that the address of the tab names; raises UnknownCollection."""
        return self.rooms(str(request.query_params.get(PARAMETER, "")))

    async def respond(
        self, text: str, where: str, sitting: Sitting, request: gr.Request
    ) -> AsyncIterator[Shown]:
        """A question was sent, with the JSON of what it is asked of."""
        if text.strip() and not _busy(sitting):
            turn = self._asked(text.strip(), where, request)
            async for shown in self._answer(sitting, turn, request):
                yield shown

    async def given(
        self, sitting: Sitting, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Shown]:
        """A question was chosen, or the last one is asked again, perhaps in other words: then the
        new answer takes the old one's place."""
        text = str(getattr(event, "question", "")).strip()[:MAX_QUESTION_CHARACTERS]
        if text and not _busy(sitting):
            again = bool(getattr(event, "again", False)) and bool(sitting.turns)
            turn = self._asked(text, getattr(event, "where", ""), request)
            async for shown in self._answer(sitting, turn, request, again=again):
                yield shown

    def _asked(self, question: str, where: object, request: gr.Request) -> Turn:
        """A question with the documents that it is asked of; failed where these cannot be told."""
        try:
            found, by = _asked_of(where if isinstance(where, str) else "")
            return Turn(question, where=found, by=by)
        except RagError as error:
            return Turn(question).failed(told(error, self.say(request).language))

    async def _answer(
        self, sitting: Sitting, turn: Turn, request: gr.Request, *, again: bool = False
    ) -> AsyncIterator[Shown]:
        say = self.say(request)
        before = sitting.turns[:-1] if again else sitting.turns[-MAX_TURNS + 1 :]
        sitting.turns, sitting.leaving = (*before, turn), (leaving := asyncio.Event())
        if not turn.busy:
            yield _shown(sitting, say)
            return
        try:
            room = await asyncio.to_thread(self.room, request)
        except RagError as error:  # the collection was renamed or deleted meanwhile
            sitting.turns = (*before, turn.failed(told(error, say.language)))
            yield _shown(sitting, say)
            return
        if not again:
            name = sitting.place.conversation if sitting.place else None
            place = await asyncio.to_thread(_keep, room.kept, name, turn)
            if sitting.leaving is not leaving:
                return  # another conversation was opened
            sitting.place = place
        place, past = sitting.place, _past(before, say)
        if not leaving.is_set():
            yield past, turn_html(turn, say), _identity(sitting)
        history = [(one.question, one.answer.text) for one in before if one.answer is not None]
        last = turn
        async with aclosing(until(answering(room, turn, history, say), leaving)) as grown:
            async for turn in grown:
                if leaving.is_set():
                    break
                if sitting.turns[:-1] != before:  # one of them was judged
                    before = sitting.turns[:-1]
                    past = _past(before, say)
                sitting.turns, last = (*before, turn), turn
                if not turn.busy:
                    await asyncio.to_thread(_change, room.kept, place, turn)
                yield past, turn_html(turn, say), _identity(sitting)
        if leaving.is_set():  # it was stopped, or another conversation was opened
            await asyncio.to_thread(_change, room.kept, place, last.stop())
            # Last in the stream, too: what is on its way there may come after the event's reply.
            yield _shown(sitting, say)

    async def stop(self, sitting: Sitting, request: gr.Request) -> Shown:
        """The user wants no more of an answer."""
        if _busy(sitting):
            sitting.leave()
            sitting.turns = (*sitting.turns[:-1], sitting.turns[-1].stop())
        return _shown(sitting, self.say(request))

    async def rate(self, sitting: Sitting, event: gr.EventData, request: gr.Request) -> Shown:
        """An answer was judged, or a judgement taken back."""
        number, feedback = _judged(event, len(sitting.turns))
        if number is not None:
            turns = [*sitting.turns]
            turns[number] = turns[number].rated(feedback)
            sitting.turns = tuple(turns)
            with suppress(UnknownCollection):  # it was renamed or deleted meanwhile
                kept = (await asyncio.to_thread(self.room, request)).kept
                await asyncio.to_thread(_change, kept, sitting.place_of(number), turns[number])
        return _shown(sitting, self.say(request))

    async def open(self, sitting: Sitting, event: gr.EventData, request: gr.Request) -> Shown:
        """A kept conversation is opened, or, without an id, a new one begun."""
        return await self._show(sitting, str(getattr(event, "id", "")), request)

    async def reload(self, sitting: Sitting, request: gr.Request) -> Any:
        """The page is loaded; its address may name a conversation."""
        named = str(request.query_params.get("c", ""))
        # Without a name nothing is touched: the first question may have been sent by now.
        if not named:
            return {self.identity: _identity(Sitting())}
        return await self._show(sitting, named, request)

    async def _show(self, sitting: Sitting, conversation: str, request: gr.Request) -> Shown:
        say, refused = self.say(request), ""
        turns: Turns = ()
        try:
            kept = (await asyncio.to_thread(self.room, request)).kept
            if conversation and kept is not None:
                turns = await asyncio.to_thread(kept.turns, conversation)
        except RagError as error:
            refused = error_html(escape(told(error, say.language)))
        sitting.leave()
        sitting.leaving = None
        sitting.place = KeptTurn(conversation, len(turns) - 1) if turns else None
        # What was being answered when the page was left has been left, too.
        sitting.turns = tuple(turn.stop() for turn in turns[-MAX_TURNS:])
        past, now, identity = _shown(sitting, say)
        return past, now or refused, identity


def _busy(sitting: Sitting) -> bool:
    return bool(sitting.turns) and sitting.turns[-1].busy


def _shown(sitting: Sitting, say: Messages) -> Shown:
    now = "".join(turn_html(turn, say) for turn in sitting.turns[-1:])
    return _past(sitting.turns[:-1], say), now, _identity(sitting)


def _past(turns: Turns, say: Messages) -> str:
    return "".join(turn_html(turn, say) for turn in turns)


def _judged(event: gr.EventData, turns: int) -> tuple[int | None, Feedback | None]:
    """Which turn was judged, None for none that there is, and how, None for not at all."""
    number, verdict = getattr(event, "turn", None), str(getattr(event, "verdict", ""))
    if not isinstance(number, int) or not 0 <= number < turns:
        return None, None
    if verdict not in {one.value for one in Judgement}:
        return number, None
    comment = " ".join(str(getattr(event, "comment", "")).split())[:MAX_COMMENT_CHARACTERS]
    return number, Feedback(Judgement(verdict), comment)


def _keep(kept: Conversations | None, conversation: str | None, turn: Turn) -> KeptTurn | None:
    """A conversation that cannot be kept is no reason not to answer."""
    try:
        return kept.keep(conversation, turn) if kept else None
    except StoreError as error:
        logger.warning("a question was not kept: %s", error)
        return None


def _change(kept: Conversations | None, place: KeptTurn | None, turn: Turn) -> None:
    try:
        if kept and place:
            kept.change(place, turn)
    except StoreError as error:
        logger.warning("an answer was not kept: %s", error)


class _Choice(Restricted):
    """What the page's script sends with a question: a filter, and who is to answer."""

    model: str | None = Field(None, max_length=300)


def _asked_of(text: str) -> tuple[Filter | None, str | None]:
    """The documents and the model that the page's script names, None for all and for as set.

    Raises:
        FilterError: it names too many, or what is no filter.
    """
    if len(text) > MAX_SCOPE_CHARACTERS:
        raise FilterError(say("filter.too_long", found=len(text), limit=MAX_SCOPE_CHARACTERS))
    try:
        wanted = _Choice.model_validate_json(text or "{}")
    except ValidationError as error:
        raise FilterError(say("filter.unreadable", fields=error.error_count())) from None
    return wanted.where(), wanted.model


def _identity(sitting: Sitting) -> str:
    """Which conversation is shown, and what its last question was asked of."""
    name = sitting.place.conversation if sitting.place else ""
    where = sitting.turns[-1].where if sitting.turns else None
    scope = json.dumps(None if where is None else scope_json(where), ensure_ascii=False)
    return f'<span data-id="{escape(name)}" data-scope="{escape(scope)}"></span>'
