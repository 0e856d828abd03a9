"""What happens on the page when a question is sent, an answer stopped or judged, a conversation
opened.

The conversation lives in the browser session's state: a `Sitting`, changed in place. Of it, `past`
shows all turns but the last, `now` the last. Every event of an answer gives each of them as it is,
never as gradio's update: for an update gradio makes the component anew.
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
from rag.page.render import MAX_COMMENT_CHARACTERS, turn_html
from rag.page.room import PARAMETER, Room, Rooms
from rag.page.streaming import answering
from rag.page.turn import Feedback, Turn, Verdict
from rag.telling.errors import error_text

# Older turns leave the page: a browser slows down over a conversation without end.
MAX_TURNS = 50
# Answers given at the same time; more wait in line.
MAX_CONCURRENT = 8
# Hands the page's own events to Python.
EVENTS_SCRIPT = """
for (const name of ['open', 'ask', 'stop', 'rate']) {
  document.addEventListener(`wj-${name}`, (event) => trigger(name, event.detail ?? {}));
}
"""
# The field is empty once its question is sent; while an answer is being given none is.
EMPTY_SCRIPT = """(question, ...others) => {
  // While an answer is written the question stays in its field: it must not be asked, too, should
  // its event come to the server only when the answer has ended.
  if (document.querySelector('#wj-now [data-state=busy]')) return ['', ...others];
  window.wj.field('');
  return [question, ...others];
}"""

logger = logging.getLogger(__name__)
Turns = tuple[Turn, ...]
Shown = tuple[str, str, str]
"""The HTML of the past turns, of the last one, and of the conversation's identity."""


@dataclass(slots=True)
class Sitting:
    """A conversation in a tab: its last turns, and where the last of them is kept, None where it
    is not."""

    turns: Turns = ()
    place: Place | None = None

    def place_of(self, number: int) -> Place | None:
        """Where turn `number` of those on the page is kept."""
        if self.place is None:
            return None
        return Place(self.place.conversation, self.place.position - len(self.turns) + 1 + number)


@dataclass(frozen=True, slots=True)
class Talk:
    """The parts of the page that a conversation is made of, and who answers: which collection and
    which language is asked for says the address of the tab, which comes with every event."""

    rooms: Rooms
    language: str
    sitting: gr.State
    question: gr.Textbox
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
        typed = [self.question, self.sitting]
        sent = self.question.submit(self.respond, typed, js=EMPTY_SCRIPT, **shown, **asked, **quiet)
        given = self.identity.ask(self.given, [self.sitting], **shown, **asked, **quiet)
        ending: dict[str, Any] = {"inputs": [self.sitting], "cancels": [sent, given]}
        self.identity.stop(self.stop, **ending, **shown, **quiet)
        self.identity.open(self.open, **ending, **shown, **quiet)
        self.identity.rate(self.rate, [self.sitting], **shown, **quiet)
        blocks.load(self.reload, [self.sitting], **shown, **quiet)

    def say(self, request: gr.Request) -> Messages:
        """The texts of the language that a browser asks for."""
        return messages(language_of(request.query_params, request.cookies, self.language))

    def room(self, request: gr.Request) -> Room:
        """The room that the address of the tab names; raises gradio's error where there is none."""
        try:
            return self._named(request)
        except RagError as error:
            raise gr.Error(escape(error_text(str(error), self.say(request).language))) from None

    def _named(self, request: gr.Request) -> Room:
        return self.rooms(str(request.query_params.get(PARAMETER, "")))

    async def respond(
        self, text: str, sitting: Sitting, request: gr.Request
    ) -> AsyncIterator[Shown]:
        """A question was sent."""
        if text.strip() and not _busy(sitting):
            async for shown in self._answer(sitting, Turn(text.strip()), request):
                yield shown

    async def given(
        self, sitting: Sitting, event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Shown]:
        """A question was chosen, or the last one is asked again, perhaps in other words: then the
        new answer takes the old one's place."""
        text = str(getattr(event, "question", "")).strip()[:MAX_QUESTION_CHARACTERS]
        if text and not _busy(sitting):
            again = bool(getattr(event, "again", False)) and bool(sitting.turns)
            async for shown in self._answer(sitting, Turn(text), request, again=again):
                yield shown

    async def _answer(
        self, sitting: Sitting, turn: Turn, request: gr.Request, *, again: bool = False
    ) -> AsyncIterator[Shown]:
        say = self.say(request)
        before = sitting.turns[:-1] if again else sitting.turns[-MAX_TURNS + 1 :]
        sitting.turns = (*before, turn)
        try:
            room = await asyncio.to_thread(self._named, request)
        except RagError as error:  # the collection was renamed or deleted meanwhile
            sitting.turns = (*before, turn.failed(error_text(str(error), say.language)))
            yield _shown(sitting, say)
            return
        if not again:
            name = sitting.place.conversation if sitting.place else None
            sitting.place = await asyncio.to_thread(_keep, room.kept, name, turn)
        place, past = sitting.place, _past(before, say)
        yield past, turn_html(turn, say), _identity(place)
        history = [(one.question, one.answer.text) for one in before if one.answer is not None]
        last = turn
        async with aclosing(answering(room.assistant, turn, history, say)) as grown:
            async for turn in grown:
                if sitting.turns[-1:] != (last,):
                    return  # it was stopped, or another conversation was opened
                if sitting.turns[:-1] != before:  # one of them was judged
                    before = sitting.turns[:-1]
                    past = _past(before, say)
                sitting.turns, last = (*before, turn), turn
                if not turn.busy:
                    await asyncio.to_thread(_change, room.kept, place, turn)
                yield past, turn_html(turn, say), _identity(place)

    async def stop(self, sitting: Sitting, request: gr.Request) -> Shown:
        """The user wants no more of an answer."""
        if _busy(sitting):
            sitting.turns = (*sitting.turns[:-1], sitting.turns[-1].stop())
            kept = (await asyncio.to_thread(self.room, request)).kept
            await asyncio.to_thread(_change, kept, sitting.place, sitting.turns[-1])
        return _shown(sitting, self.say(request))

    async def rate(self, sitting: Sitting, event: gr.EventData, request: gr.Request) -> Shown:
        """An answer was judged, or a judgement taken back."""
        number, feedback = _judged(event, len(sitting.turns))
        if number is not None:
            turns = [*sitting.turns]
            turns[number] = turns[number].rated(feedback)
            sitting.turns = tuple(turns)
            kept = (await asyncio.to_thread(self.room, request)).kept
            await asyncio.to_thread(_change, kept, sitting.place_of(number), turns[number])
        return _shown(sitting, self.say(request))

    def open(self, sitting: Sitting, event: gr.EventData, request: gr.Request) -> Shown:
        """A kept conversation is opened, or, without an id, a new one begun."""
        return self._show(sitting, str(getattr(event, "id", "")), request)

    def reload(self, sitting: Sitting, request: gr.Request) -> Any:
        """The page is loaded; its address may name a conversation."""
        named = str(request.query_params.get("c", ""))
        # Without a name nothing is touched: the first question may have been sent by now.
        return self._show(sitting, named, request) if named else {self.identity: _identity(None)}

    def _show(self, sitting: Sitting, conversation: str, request: gr.Request) -> Shown:
        kept = self.room(request).kept
        turns: Turns = ()
        if conversation and kept is not None:
            try:
                turns = kept.turns(conversation)
            except RagError as error:
                gr.Warning(escape(error_text(str(error), self.say(request).language)))
        sitting.place = Place(conversation, len(turns) - 1) if turns else None
        # What was being answered when the page was left has been left, too.
        sitting.turns = tuple(turn.stop() for turn in turns[-MAX_TURNS:])
        return _shown(sitting, self.say(request))


def _busy(sitting: Sitting) -> bool:
    return bool(sitting.turns) and sitting.turns[-1].busy


def _shown(sitting: Sitting, say: Messages) -> Shown:
    now = "".join(turn_html(turn, say) for turn in sitting.turns[-1:])
    return _past(sitting.turns[:-1], say), now, _identity(sitting.place)


def _past(turns: Turns, say: Messages) -> str:
    return "".join(turn_html(turn, say) for turn in turns)


def _judged(event: gr.EventData, turns: int) -> tuple[int | None, Feedback | None]:
    """Which turn was judged, None for none that there is, and how, None for not at all."""
    number, verdict = getattr(event, "turn", None), str(getattr(event, "verdict", ""))
    if not isinstance(number, int) or not 0 <= number < turns:
        return None, None
    if verdict not in {one.value for one in Verdict}:
        return number, None
    comment = " ".join(str(getattr(event, "comment", "")).split())[:MAX_COMMENT_CHARACTERS]
    return number, Feedback(Verdict(verdict), comment)


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


def _identity(place: Place | None) -> str:
    return f'<span data-id="{escape(place.conversation) if place else ""}"></span>'
