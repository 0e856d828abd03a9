"""Figures of a run with bootstrap intervals: over all, by type and by document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.score import MEASURES, Floats, columns_of

RESAMPLES = 1000
SEED = 20240229
COUNTED_FAILURES = {"errors", "judge_errors", "judge_unreadable"}
"""Measures that are absent where nothing failed."""
MOST_DOCUMENTS = 50
"""A set with more documents (a benchmark of one question a passage) is not told apart by them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's value with its 95% interval and the number of questions behind it."""

    value: float
    low: float
    high: float
    count: int


Figures = Mapping[str, Figure]
"""Name of a measure -> its figure; a measure without data is absent."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a run. `rows` are the columns of each question, in the run's order."""

    rows: tuple[Mapping[str, float], ...]
    overall: Figures
    by_type: Mapping[str, Figures]
    by_document: Mapping[str, Figures]


def score_rows(results: Sequence[Mapping[str, Any]], resamples: int = RESAMPLES) -> Scores:
    """Scores the results of a run. Without resamples the intervals are the values themselves."""
    rows = tuple(columns_of(result) for result in results)
    types: dict[str, list[int]] = {}
    documents: dict[str, list[int]] = {}
    for i, result in enumerate(results):
        if result.get("type"):
            types.setdefault(result["type"], []).append(i)
        for name in sorted(_documents(result)):
            documents.setdefault(name, []).append(i)

    def group(indices: Iterable[int]) -> Figures:
        return figures([rows[i] for i in indices], resamples)

    return Scores(
        rows=rows,
        overall=group(range(len(rows))),
        by_type={name: group(types[name]) for name in sorted(types)},
        by_document={name: group(documents[name]) for name in sorted(documents)}
        if len(documents) <= MOST_DOCUMENTS
        else {},
    )


def _documents(result: Mapping[str, Any]) -> set[str]:
    return {
        entry["doc"]
        for entry in result.get("evidence") or ()
        if isinstance(entry, dict) and entry.get("doc")
    }


def figures(rows: Sequence[Mapping[str, float]], resamples: int = RESAMPLES) -> dict[str, Figure]:
    """Every measure that has data, with a percentile bootstrap interval over the questions.

    Source: Efron, Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
    """
    if not rows:
        return {}
    table = as_table(rows)
    point = {name: values[None, :] for name, values in table.items()}
    draws = draw(len(rows), resamples)
    drawn = {name: values[draws] for name, values in table.items()}
    found: dict[str, Figure] = {}
    for measure in MEASURES:
        value = float(measure.statistic(point)[0])
        if np.isnan(value) or (measure.name in COUNTED_FAILURES and value == 0):
            continue
        low, high = interval(measure.statistic(drawn)) if resamples else (value, value)
        count = int((~np.isnan(table[_COUNTED.get(measure.name, measure.name)])).sum())
        found[measure.name] = Figure(value, low, high, count)
    return found


# The column whose defined entries are counted, where it has another name than the measure.
_COUNTED = {
    "refusal_auroc": "confidence",
    "refused_unanswerable_at_7": "confidence",
    "calibration_error": "confidence",
    "support": "sentences",
    "evidence_f1": "evidence_recall",
    "latency_ms_p50": "latency_ms",
    "latency_ms_p95": "latency_ms",
}
_COLUMNS = (
    {measure.name for measure in MEASURES} - set(_COUNTED)
    | set(_COUNTED.values())
    | {"supported", "answerable", "holds_answer", "citations_checked"}
)


def as_table(rows: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    """Rows of columns as arrays over the questions; NaN where a row lacks the column."""
    return {
        name: np.array([row.get(name, np.nan) for row in rows], np.float64)
        for name in sorted(_COLUMNS)
    }


def draw(questions: int, resamples: int, seed: int = SEED) -> npt.NDArray[np.int64]:
    """(resamples, questions) positions drawn with replacement; the same for the same seed."""
    return np.random.default_rng(seed).integers(0, questions, (resamples, questions))


def interval(values: Floats) -> tuple[float, float]:
    """The middle 95% of the values, NaN left out."""
    known = values[~np.isnan(values)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def figures_json(scores: Scores) -> dict[str, Any]:
    """`metrics.json`: flat values, and beside them the intervals in the same places. Only a
    benchmark has questions with passages `given`."""
    return {
        "questions": len(scores.rows),
        "overall": _values(scores.overall),
        "by_type": {name: _values(group) for name, group in scores.by_type.items()},
        "given": {},
        "by_document": {name: _values(group) for name, group in scores.by_document.items()},
        "intervals": {
            "overall": _intervals(scores.overall),
            "by_type": {name: _intervals(group) for name, group in scores.by_type.items()},
            "by_document": {name: _intervals(g) for name, g in scores.by_document.items()},
        },
    }


def _values(figures: Figures) -> dict[str, float]:
    return {name: round(figure.value, 6) for name, figure in figures.items()}


def _intervals(figures: Figures) -> dict[str, list[float]]:
    return {name: [round(figure.low, 6), round(figure.high, 6)] for name, figure in figures.items()}
