"""What happens on the page when a question is sent, an answer stopped, a conversation opened.

The conversation lives in the browser session's state: a tuple of `Turn`, the last one being
answered. Of it, `past` shows all but the last and is sent once for each question; `now` shows
the last and is sent for every event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.answering.query import MAX_QUESTION_CHARACTERS
from rag.errors import RagError, StoreError
from rag.http.language import language_of
from rag.page.conversations import Conversations, Place
from rag.page.evidence import escape
from rag.page.messages import Messages, messages
from rag.page.render import turn_html
from rag.page.room import PARAMETER, Room, Rooms
from rag.page.streaming import answering
from rag.page.turn import Turn

# Older turns leave the page: a browser slows down over a conversation without end.
MAX_TURNS = 50
# Answers given at the same time; more wait in line.
MAX_CONCURRENT = 8
# Hands the page's own events to Python.
EVENTS_SCRIPT = """
document.addEventListener('wj-open', (event) => trigger('open', { id: event.detail }));
document.addEventListener('wj-retry', () => trigger('retry', {}));
"""

logger = logging.getLogger(__name__)
Turns = tuple[Turn, ...]
Changes = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Talk:
    """The parts of the page that a conversation is made of, and who answers: which collection and
    which language is asked for says the address of the tab, which comes with every event. `place`
    holds where the last turn is kept, None where it is not."""

    rooms: Rooms
    language: str
    turns: gr.State
    place: gr.State
    question: gr.Textbox
    welcome: gr.HTML
    past: gr.HTML
    now: gr.HTML
    identity: gr.HTML

    def connect(self, blocks: gr.Blocks) -> None:
        """Wires the events."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [self.question, self.past, self.now, self.turns, self.place, self.identity]
        asked: dict[str, Any] = {
            "inputs": [self.question, self.turns, self.place],
            "outputs": shown,
            "concurrency_limit": MAX_CONCURRENT,
            "concurrency_id": "answers",
            # Not `once`: gradio would drop a question sent while the last answer's event ends.
            "trigger_mode": "multiple",
        }
        sent = self.question.submit(self.respond, **asked, **quiet)
        picked = self.welcome.ask(_picked, outputs=[self.question], **quiet)
        chosen = picked.then(self.respond, **asked, **quiet)
        again = self.identity.retry(self.retry, **asked, **quiet)
        running = [sent, chosen, again]
        states = [self.turns, self.place]
        self.question.stop(self.stop, inputs=states, outputs=shown, cancels=running, **quiet)
        self.identity.open(self.open, outputs=shown, cancels=running, **quiet)
        blocks.load(self.reload, outputs=shown, **quiet)

    def say(self, request: gr.Request) -> Messages:
        """The texts of the language that a browser asks for."""
        return messages(language_of(request.query_params, request.cookies, self.language))

    def room(self, request: gr.Request) -> Room:
        """The room that the address of the tab names; raises gradio's error where there is none."""
        try:
            return self.rooms(str(request.query_params.get(PARAMETER, "")))
        except RagError as error:
            raise gr.Error(escape(str(error))) from None

    async def respond(
        self, text: str, before: Turns, place: Place | None, request: gr.Request
    ) -> AsyncIterator[Changes]:
        """A question was sent."""
        if before and before[-1].busy:
            return
        if not text.strip():
            yield {self.question: gr.Textbox(value="")}
            return
        turn = Turn(text.strip())
        room = await asyncio.to_thread(self.room, request)
        conversation = place.conversation if place else None
        place = await asyncio.to_thread(_keep, room.kept, conversation, turn)
        asked = _Asked(room, self.say(request), place)
        async for changes in self._answer(before[-MAX_TURNS + 1 :], turn, asked):
            yield changes

    async def retry(
        self, _: str, before: Turns, place: Place | None, request: gr.Request
    ) -> AsyncIterator[Changes]:
        """The last question is asked again; the new answer takes the old one's place."""
        if not before or before[-1].busy:
            return
        asked = _Asked(await asyncio.to_thread(self.room, request), self.say(request), place)
        async for changes in self._answer(before[:-1], Turn(before[-1].question), asked):
            yield changes

    async def _answer(self, kept: Turns, turn: Turn, asked: _Asked) -> AsyncIterator[Changes]:
        room, say, place = asked.room, asked.say, asked.place
        yield {
            self.question: gr.Textbox(value="", submit_btn=False, stop_btn=say("question.stop")),
            self.past: "".join(turn_html(one, say) for one in kept),
            self.now: turn_html(turn, say),
            self.turns: (*kept, turn),
            self.place: place,
            self.identity: _identity(place),
        }
        history = [(one.question, one.answer.text) for one in kept if one.answer is not None]
        async with aclosing(answering(room.assistant, turn, history, say)) as grown:
            async for turn in grown:
                changes: Changes = {self.turns: (*kept, turn), self.now: turn_html(turn, say)}
                if not turn.busy:
                    await asyncio.to_thread(_change, room.kept, place, turn)
                    changes[self.question] = _ready(say)
                yield changes

    def stop(self, before: Turns, place: Place | None, request: gr.Request) -> Changes:
        """The user wants no more of an answer."""
        say = self.say(request)
        stopped = (*before[:-1], before[-1].stop()) if before else ()
        if stopped and stopped[-1].stopped:
            _change(self.room(request).kept, place, stopped[-1])
        return {
            self.turns: stopped,
            self.now: turn_html(stopped[-1], say) if stopped else "",
            self.question: _ready(say),
        }

    def open(self, event: gr.EventData, request: gr.Request) -> Changes:
        """A kept conversation is opened, or, without an id, a new one begun."""
        return self._show(str(event.id), request)

    def reload(self, request: gr.Request) -> Changes:
        """The page is loaded; its address may name a conversation."""
        named = str(request.query_params.get("c", ""))
        # Without a name nothing is touched: the first question may have been sent by now.
        return self._show(named, request) if named else {self.identity: _identity(None)}

    def _show(self, conversation: str, request: gr.Request) -> Changes:
        say, kept = self.say(request), self.room(request).kept
        turns: Turns = ()
        if conversation and kept is not None:
            try:
                turns = kept.turns(conversation)
            except RagError as error:
                gr.Warning(escape(str(error)))
        place = Place(conversation, len(turns) - 1) if turns else None
        # What was being answered when the page was left has been left, too.
        turns = tuple(turn.stop() for turn in turns[-MAX_TURNS:])
        return {
            self.question: _ready(say),
            self.past: "".join(turn_html(one, say) for one in turns[:-1]),
            self.now: turn_html(turns[-1], say) if turns else "",
            self.turns: turns,
            self.place: place,
            self.identity: _identity(place),
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where a question was asked, in which language, and where it is kept."""

    room: Room
    say: Messages
    place: Place | None


def _keep(kept: Conversations | None, conversation: str | None, turn: Turn) -> Place | None:
    """A conversation that cannot be kept is no reason not to answer."""
    try:
        return kept.keep(conversation, turn) if kept else None
    except StoreError as error:
        logger.warning("a question was not kept: %s", error)
        return None


def _change(kept: Conversations | None, place: Place | None, turn: Turn) -> None:
    try:
        if kept and place:
            kept.change(place, turn)
    except StoreError as error:
        logger.warning("an answer was not kept: %s", error)


def _ready(say: Messages) -> gr.Textbox:
    """The field, ready for the next question."""
    return gr.Textbox(submit_btn=say("question.send"), stop_btn=False)


def _identity(place: Place | None) -> str:
    return f'<span data-id="{escape(place.conversation) if place else ""}"></span>'


def _picked(event: gr.EventData) -> str:
    """The example that was clicked; what a browser sends is not trusted to be one."""
    return str(event.question)[:MAX_QUESTION_CHARACTERS]
