"""One question -> one result: the question's own fields, the answer's, and what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from eval.metrics.citations import gives_quote
from eval.metrics.folding import count_characters
from eval.questions import Question
from eval.score import ERROR, RETRIEVED
from rag.retrieval.followup import standalone
from rag.text.sentences import count_tokens
from rag.types import Answer, Passage
from rag.wire import answer_json, citations_json, passage_json

MIN_CHARACTERS = 4000
"""Characters of passages, white space not counted, that a result holds at least."""
MOST_PASSAGES = 1000


class Assistant(Protocol):
    """What a run needs of `rag.Assistant`."""

    def ask(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Answer:
        """The answer to a question, `history` being the turns before it."""
        ...

    def search(self, question: str, k: int | None = None) -> Sequence[Passage]:
        """The passages for a question, best first; by default as many as `ask` uses."""
        ...


Ask = Callable[[Question], dict[str, Any]]
"""A question -> the answer's fields of its result, `measured` among them."""

Sources = Callable[[str], str | None]
"""A document's name -> its decoded file, None for a format without a text of its own."""


def asking(assistant: Assistant, sources: Sources) -> Ask:
    """Asks through retrieval and answering. `measured` holds `latency_ms` (the whole of `ask`,
    wall clock), how many citations were checked against the file and found exact, and the
    tokens of question and answer."""

    def ask(question: Question) -> dict[str, Any]:
        start = time.perf_counter()
        answer = assistant.ask(question.text, question.history)
        latency_ms = (time.perf_counter() - start) * 1000
        value = answer_json(answer)
        passages = enough_passages(assistant, answer.searched or question.text, answer.passages)
        value["passages"] = [passage_json(passage) for passage in passages]
        value["measured"] = {
            "latency_ms": latency_ms,
            **_checked_citations(answer, sources),
            "question_tokens": count_tokens(question.text),
            "answer_tokens": count_tokens(answer.text),
        }
        return value

    return ask


def searching(assistant: Assistant) -> Ask:
    """Only retrieves: results have the status `retrieved` and no answer. A follow-up gets what it
    leaves out by rule."""

    def ask(question: Question) -> dict[str, Any]:
        start = time.perf_counter()
        wanted = standalone(question.text, question.history)
        found = assistant.search(wanted)
        latency_ms = (time.perf_counter() - start) * 1000
        passages = enough_passages(assistant, wanted, found)
        return {
            "question": question.text,
            "status": RETRIEVED,
            "passages": [passage_json(passage) for passage in passages],
            "measured": {"latency_ms": latency_ms},
        }

    return ask


def enough_passages(assistant: Assistant, question: str, found: Sequence[Passage]) -> list[Passage]:
    """`found` and, where they hold fewer than 4,000 characters, what a longer search finds
    after them, up to that many or all there are. The answer's own passages stay as they are."""
    passages = list(found)
    k = len(found)
    while _characters(passages) < MIN_CHARACTERS and 0 < k < MOST_PASSAGES:
        k = min(2 * k, MOST_PASSAGES)
        longer = assistant.search(question, k)
        known = {(passage.document_id, passage.span) for passage in found}
        passages = [
            *found,
            *(passage for passage in longer if (passage.document_id, passage.span) not in known),
        ]
        if len(longer) < k:
            break
    return [
        passage if passage.rank == rank else replace(passage, rank=rank)
        for rank, passage in enumerate(passages, 1)
    ]


def result(question: Question, ask: Ask) -> dict[str, Any]:
    """The line of `results.jsonl` for a question; an error is kept in it, an unforeseen one
    too: it must not end a long run."""
    try:
        value = ask(question)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is shown by name and counted)
        value = {
            "question": question.text,
            "status": ERROR,
            "error": f"{type(error).__name__}: {error}",
        }
    return merge(question.fields, value)


def merge(own: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Own fields, then the answer's; an own field of the same name is kept as `input_NAME`
    unless it says the same.

    >>> merge({"id": 1, "status": "new"}, {"status": "answered"})
    {'id': 1, 'input_status': 'new', 'status': 'answered'}
    """
    kept = {
        f"input_{name}" if name in value else name: field
        for name, field in own.items()
        if name not in value or value[name] != field
    }
    return {**kept, **value}


def _characters(passages: Sequence[Passage]) -> int:
    return sum(count_characters(passage.text) for passage in passages)


def _checked_citations(answer: Answer, sources: Sources) -> dict[str, int]:
    checked = exact = 0
    for citation in citations_json(answer.sentences):
        source = sources(citation["document"])
        if source is None and citation["source"] is None:
            continue
        checked += 1
        exact += source is not None and gives_quote(
            source, citation["source"] or (), citation["quote"]
        )
    return {"citations_checked": checked, "citations_exact": exact}
