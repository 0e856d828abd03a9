"""The questions of a run as the report's browser shows them, each with its kind of failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.metrics import answers, citations, retrieval
from eval.questions import Question, parse_question
from eval.report.highlights import covered
from eval.score import ERROR, REFUSED, RETRIEVED

SHOWN_PASSAGES = 10
"""Passages shown of each question, beside those that are cited or hold evidence."""

KINDS = {
    "failed": "Failed",
    "should_refuse": "Should have refused",
    "wrongly_refused": "Wrongly refused",
    "not_retrieved": "Not retrieved",
    "not_chosen": "Retrieved but not chosen",
    "wrong_span": "Wrong span",
    "right": "Right",
    "unjudged": "Not judged",
}
"""Kinds of outcome, worst understood last; a question has the first that fits."""


def failure_kind(question: Question, row: Mapping[str, Any]) -> str:
    """The key of `KINDS` for a result: what went wrong first on the way to the answer."""
    status = row["status"]
    if status == ERROR:
        return "failed"
    if question.answerable is False and status != RETRIEVED:
        return "right" if status in REFUSED else "should_refuse"
    if not question.answerable or not (question.quotations or status != RETRIEVED):
        return "unjudged"
    return _retrieval_failure(question, row) or _answer_failure(question, row) or "right"


def _retrieval_failure(question: Question, row: Mapping[str, Any]) -> str | None:
    texts = [passage["text"] for passage in row.get("passages", ())]
    ranks = retrieval.first_ranks(texts, question.quotations)
    return "not_retrieved" if ranks and not any(ranks) else None


def _answer_failure(question: Question, row: Mapping[str, Any]) -> str | None:
    if row["status"] in REFUSED:
        return "wrongly_refused"
    if row["status"] == RETRIEVED:
        return None
    evidence = question.quotations
    quotes = [citation["quote"] for citation in row.get("citations", ())]
    if evidence and not any(citations.on_evidence(quote, evidence) for quote in quotes):
        return "not_chosen"
    if (
        question.answers
        and answers.answer_hit(row["text"], question.answers, all_required=question.all_required)
        < 1
    ):
        return "wrong_span"
    return None if evidence or question.answers else "unjudged"


def entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """A result as the browser wants it: JSON values, ranges for what is highlighted."""
    question = parse_question(dict(row), 0)
    quotations = question.quotations
    texts = [passage["text"] for passage in row.get("passages", ())]
    ranks = retrieval.first_ranks(texts, quotations)
    quotes = [citation["quote"] for citation in row.get("citations", ())]
    answer = row.get("text") or ""
    return {
        "id": str(row["id"]),
        "question": row["question"],
        "type": question.kind or "",
        "kind": failure_kind(question, row),
        "status": row["status"],
        "error": row.get("error", ""),
        "text": answer,
        "short": row.get("short") or "",
        "confidence": row.get("confidence"),
        "latency": row.get("measured", {}).get("latency_ms"),
        "sentences": [
            {
                "text": s["text"],
                "support": s["support"],
                "reason": s["reason"],
                "cited": s["citations"],
            }
            for s in row.get("sentences", ())
        ],
        "answers": [
            {"text": " / ".join(ways), "found": answers.answer_hit(answer, [ways]) == 1.0}
            for ways in question.answers or ()
        ],
        "reference": question.reference or "",
        "judged": _judgement(row.get("judged") or {}),
        "searched": row.get("searched") or "",
        "history": [asked for asked, _ in question.history],
        "evidence": [
            {
                "doc": evidence.document,
                "quote": evidence.quote,
                "rank": rank,
                "cited": citations.evidence_recall(quotes, [evidence.quote]) == 1.0,
                "marks": covered(evidence.quote, quotes),
            }
            for evidence, rank in zip(question.evidence, ranks, strict=True)
        ],
        "passages": _passages(row, quotations, ranks),
    }


def _judgement(judged: Mapping[str, str]) -> str:
    if not judged:
        return ""
    return f"{judged.get('verdict') or judged['error']}, says {judged['judge']}"


def _passages(
    row: Mapping[str, Any], quotations: Sequence[str], ranks: Sequence[int | None]
) -> list[dict[str, Any]]:
    cited: dict[int, list[str]] = {}
    for citation in row.get("citations", ()):
        cited.setdefault(citation["n"], []).append(citation["quote"])
    shown = {*range(1, SHOWN_PASSAGES + 1), *cited, *(rank for rank in ranks if rank)}
    return [
        {
            "n": n,
            "doc": passage["document"],
            "title": passage.get("title") or "",
            "headings": " › ".join(passage.get("headings") or ()),
            "lines": passage.get("lines"),
            "text": passage["text"],
            "evidence": covered(passage["text"], quotations),
            "quoted": _exact(passage["text"], cited.get(n, ())),
        }
        for n, passage in enumerate(row.get("passages", ()), 1)
        if n in shown
    ]


def _exact(text: str, quotes: Sequence[str]) -> list[tuple[int, int]]:
    """Where the quotes stand in the text, character for character."""
    return sorted(
        {(start, start + len(quote)) for quote in quotes if (start := text.find(quote)) >= 0}
    )
