"""One question on the page and what has come of it so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from rag.types import Answer, Done, Event, Passage, Retrieved, Sentence, Text


class Verdict(Enum):
    """What a reader thinks of an answer; the value is its name in JSON."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's verdict on an answer, and what the reader says about it, empty for nothing."""

    verdict: Verdict
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer as far as it is known.

    `passages` is None until the retrieval is done. `pending` is text that belongs to no checked
    sentence yet. `answer` is there once the answer is complete, `error` (a message for people)
    when there will be none; `stopped` says that the user wanted no more. `feedback` is what the
    reader thought of the answer, None where nothing was said.
    """

    question: str
    passages: tuple[Passage, ...] | None = None
    sentences: tuple[Sentence, ...] = ()
    pending: str = ""
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False
    feedback: Feedback | None = None

    @property
    def busy(self) -> bool:
        """Whether more is to come."""
        return self.answer is None and self.error is None and not self.stopped

    def after(self, event: Event) -> Turn:
        """The turn once `event` has come in."""
        match event:
            case Retrieved(passages):
                return replace(self, passages=passages)
            case Text(piece):
                return replace(self, pending=self.pending + piece)
            case Sentence():
                return replace(self, sentences=(*self.sentences, event), pending="")
            case Done(answer):
                return replace(self, answer=answer, passages=answer.passages, pending="")

    def failed(self, message: str) -> Turn:
        """The turn when no answer can be given; what is there stays."""
        return replace(self, error=message)

    def stop(self) -> Turn:
        """The turn when the user stops it; a complete one stays as it is."""
        return replace(self, stopped=True) if self.busy else self

    def rated(self, feedback: Feedback | None) -> Turn:
        """The turn with what the reader thinks of its answer; one that is not complete has none."""
        return replace(self, feedback=feedback) if self.answer is not None else self
