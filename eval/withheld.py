"""Each answerable question asked again with its evidence out of reach: does it say no?

The chunks that find a quotation of the evidence are taken out of both rankings before anything
else sees them. A question whose listed answers still stand in a retrieved passage is left out
of the count: there the right thing may be to answer. Source: eval/README.md, Measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.figures import RESAMPLES, Figure, draw, interval
from eval.metrics import refusals, retrieval
from eval.metrics.answers import answer_hit
from eval.questions import Question, parse_question
from eval.score import ERROR, REFUSED, Floats
from eval.tables import align
from rag.index.local.index import Index
from rag.index.protocol import Terms

SPARE = 60
"""How many rows more are ranked, so that as many as wanted are left without the evidence."""


class WithheldIndex:
    """An index as it is, but for the chunks that find one of the quotations: no ranking
    returns them."""

    def __init__(self, index: Index, quotations: Sequence[str]) -> None:
        self._index = index
        self._quotations = quotations
        self._hidden: dict[int, bool] = {}

    def rank_words(self, terms: Terms, k: int) -> list[tuple[int, float]]:
        """As `Index.rank_words`, without the evidence."""
        return self._left(self._index.rank_words(terms, k + SPARE), k)

    def rank_vectors(self, vector: Any, k: int) -> list[tuple[int, float]]:
        """As `Index.rank_vectors`, without the evidence."""
        return self._left(self._index.rank_vectors(vector, k + SPARE), k)

    def pinned(self) -> WithheldIndex:
        """As `Index.pinned`, without the evidence."""
        return WithheldIndex(self._index.pinned(), self._quotations)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def _left(self, ranked: Iterable[tuple[int, float]], k: int) -> list[tuple[int, float]]:
        return [(row, score) for row, score in ranked if not self._is_hidden(row)][:k]

    def _is_hidden(self, row: int) -> bool:
        if row not in self._hidden:
            text = self._index.chunk(row).text
            self._hidden[row] = any(retrieval.finds(text, q) for q in self._quotations)
        return self._hidden[row]


def withheld_questions(questions: Iterable[Question]) -> list[Question]:
    """The questions that can be asked so: answerable, with evidence."""
    return [question for question in questions if question.answerable and question.quotations]


@dataclass(frozen=True, slots=True)
class WithheldScores:
    """`figures` over the questions that count; `left_out` still had their answer before them
    or failed."""

    questions: int
    left_out: int
    figures: Mapping[str, Figure]


def score_withheld(
    usual: Sequence[Mapping[str, Any]],
    withheld: Sequence[Mapping[str, Any]],
    resamples: int = RESAMPLES,
) -> WithheldScores:
    """Scores results without evidence beside the usual results of the same questions:
    `refused` (share that says no at the default threshold), `refusal_auroc` (confidence with
    evidence against without), `refused_at_7` (see `refusals.refused_at`)."""
    with_evidence = {str(row["id"]): row for row in usual}
    pairs = [(with_evidence[str(row["id"])], row) for row in withheld if _counts(row)]
    pairs = [pair for pair in pairs if pair[0]["status"] != ERROR]
    left_out = len(withheld) - len(pairs)
    if not pairs:
        return WithheldScores(0, left_out, {})
    positive = np.array([row["confidence"] for row, _ in pairs], np.float64)
    negative = np.array([row["confidence"] for _, row in pairs], np.float64)
    refused = np.array([row["status"] in REFUSED for _, row in pairs], np.float64)
    draws = draw(len(pairs), resamples)

    def figure(value: float, drawn: Sequence[float]) -> Figure:
        return Figure(value, *interval(np.array(drawn)), len(pairs))

    return WithheldScores(
        len(pairs),
        left_out,
        {
            "refused": figure(float(refused.mean()), [float(refused[d].mean()) for d in draws]),
            "refusal_auroc": figure(*_both(refusals.auroc, positive, negative, draws)),
            "refused_at_7": figure(*_both(refusals.refused_at, positive, negative, draws)),
        },
    )


_TITLES = {
    "refused": "refused at the default threshold",
    "refusal_auroc": "AUROC, with evidence against without",
    "refused_at_7": "refused where 7% of the answerable are",
}


def withheld_json(scores: WithheldScores) -> dict[str, Any]:
    """The part of `metrics.json` about questions without their evidence."""
    values = {name: round(figure.value, 6) for name, figure in scores.figures.items()}
    ranges = {
        name: [round(figure.low, 6), round(figure.high, 6)]
        for name, figure in scores.figures.items()
    }
    return {
        "without_evidence": {"questions": scores.questions, "left_out": scores.left_out, **values},
        "without_evidence_intervals": ranges,
    }


def withheld_table(scores: WithheldScores) -> str:
    """The same as text."""
    rows = [("without their evidence", "value", "95% interval", "n")]
    rows += [
        (
            _TITLES[name],
            f"{figure.value:.3f}",
            f"{figure.low:.3f} – {figure.high:.3f}",
            str(figure.count),
        )
        for name, figure in scores.figures.items()
    ]
    return (
        f"{align(rows)}\n({scores.left_out} left out: their answer still stood in a passage, "
        "or they failed)"
    )


def _both(
    statistic: Callable[[Floats, Floats], float],
    positive: Floats,
    negative: Floats,
    draws: npt.NDArray[np.int64],
) -> tuple[float, list[float]]:
    return statistic(positive, negative), [statistic(positive[d], negative[d]) for d in draws]


def _counts(row: Mapping[str, Any]) -> bool:
    if row["status"] == ERROR:
        return False
    question = parse_question(dict(row), 0)
    return not question.answers or all(
        answer_hit(passage["text"], question.answers, all_required=question.all_required) < 1
        for passage in row["passages"]
    )
