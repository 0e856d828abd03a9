"""Answers that readers have judged on the page, as a question set.

An answer found good becomes a question with its short answer, its text as reference and the
quotations that it rests on as evidence; a refusal found good becomes a question without an answer.
One found bad has no answers yet: `fill_in` says what a person is to add, and `rejected` is what
was answered. A follow-up carries the turns before it as `history`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.questions import UNANSWERABLE
from rag.page.chat import FILE, Conversations
from rag.page.turns import Judgement, Turn
from rag.serving.collections import kept_beside
from rag.types import Answer, Status, Support

FILL_IN = "answers, evidence; then delete this field"


def judged_questions(index: Path) -> list[dict[str, Any]]:
    """The rows of a question file, one for each judged answer of the collection in `index`.

    Raises:
        EvaluationError: nothing was judged there. StoreError: what is kept cannot be read.
    """
    kept = Conversations(kept_beside(index) / FILE)
    rows = [row for name, turns in kept.everything() for row in _rows(name, turns)]
    if not rows:
        raise EvaluationError(
            f"no answer from {index} has been judged: on the page, press 👍 or 👎 below an answer "
            f"({kept.path}{'' if kept.path.exists() else ' is not there'})"
        )
    return rows


def jsonl(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a question file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _rows(conversation: str, turns: Sequence[Turn]) -> Iterator[dict[str, Any]]:
    history: list[dict[str, str]] = []
    for number, turn in enumerate(turns):
        if turn.answer is None:
            continue
        if turn.feedback is not None:
            row: dict[str, Any] = {"id": f"{conversation[:12]}-{number}", "question": turn.question}
            if history:
                row["history"] = list(history)
            comment = turn.feedback.comment
            said = {"comment": comment} if comment else {}
            good = turn.feedback.verdict is Judgement.GOOD
            known = _good(turn.answer) if good else _bad(turn.answer)
            yield {**row, "feedback": turn.feedback.verdict.value, **said, **known}
        history.append({"question": turn.question, "answer": turn.answer.text})


def _good(answer: Answer) -> dict[str, Any]:
    if answer.status is Status.NO_EVIDENCE:
        return {"type": UNANSWERABLE, "answers": [], "evidence": []}
    quotations = dict.fromkeys(
        (citation.document, citation.quote)
        for sentence in answer.sentences
        if sentence.support is not Support.UNSUPPORTED
        for citation in sentence.citations
    )
    known: dict[str, Any] = {
        "reference": "".join(sentence.text for sentence in answer.sentences),
        "evidence": [{"doc": document, "quote": quote} for document, quote in quotations],
    }
    return {"answers": [answer.short], **known} if answer.short else known


def _bad(answer: Answer) -> dict[str, Any]:
    return {"fill_in": FILL_IN, "rejected": answer.text}
