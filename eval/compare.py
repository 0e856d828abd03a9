"""Two runs of the same questions: which one is better, by how much, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import EvaluationError
from eval.figures import as_table, draw, interval
from eval.folder import read_lines, read_results
from eval.score import BY_NAME, MEASURES, Floats, Measure, columns_of
from eval.tables import align

RESAMPLES = 2000
ALPHA = 0.05
HEADLINE = (
    "evidence_recall_1000",
    "evidence_recall_3000",
    "mrr",
    "answer_hit",
    "evidence_f1",
    "refusal_auroc",
    "em",
    "f1",
)
"""Measures of which a significant loss fails the comparison."""
BY_QUESTION = (
    "evidence_recall_1000",
    "answer_hit",
    "evidence_recall",
    "em",
    "refused_answerable",
    "refused_unanswerable",
    "judge_right",
    "errors",
)
"""Measures that are compared question by question."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A question of a run with the columns that its result was given."""

    id: str
    question: str
    columns: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in runs A and B: the difference B - A with its 95% interval and the paired
    bootstrap's p; where it is 0 or 1 for every question, also how many questions only one of
    the two gets, and McNemar's exact p."""

    measure: Measure
    a: float
    b: float
    low: float
    high: float
    p: float
    only_a: int | None = None
    only_b: int | None = None
    mcnemar_p: float | None = None

    @property
    def gain(self) -> float:
        """B - A, the sign turned where lower is better; 0 for what is merely counted."""
        higher = self.measure.higher_is_better
        return 0.0 if higher is None else (self.b - self.a) * (1 if higher else -1)


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose value of a measure differs."""

    id: str
    question: str
    measure: Measure
    a: float
    b: float

    @property
    def better(self) -> bool:
        """Whether B is the better one."""
        return (self.b > self.a) is (self.measure.higher_is_better is not False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs. `left_out` counts questions that only one of them has."""

    questions: int
    left_out: int
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


def load_scored(path: Path) -> list[Scored]:
    """The questions of a run: of its folder, scored anew, or of the `scores.jsonl` of one, as
    it was scored then.

    Raises:
        EvaluationError: there is no run, or it is damaged or of another version.
    """
    if not path.is_file():
        return scored(read_results(path))
    rows = read_lines(path, {"id", "question", "columns"})
    return [Scored(str(row["id"]), row["question"], row["columns"]) for row in rows]


def scored(results: Sequence[Mapping[str, Any]]) -> list[Scored]:
    """Results with their columns."""
    return [Scored(str(row["id"]), row["question"], columns_of(row)) for row in results]


def compare(a: Sequence[Scored], b: Sequence[Scored], resamples: int = RESAMPLES) -> Comparison:
    """Compares two runs, paired by question id.

    Raises:
        EvaluationError: no question in common, or an id stands for two different questions.
    """
    others = {item.id: item for item in b}
    pairs = [(item, others[item.id]) for item in a if item.id in others]
    if not pairs:
        raise EvaluationError(
            "the two runs have no question in common, by `id`; compare runs "
            "of the same question file"
        )
    for item, other in pairs:
        if item.question != other.question:
            raise EvaluationError(
                f"question {item.id} is {item.question!r} in one run and {other.question!r} in "
                "the other; compare runs of the same question file"
            )
    table_a = as_table([item.columns for item, _ in pairs])
    table_b = as_table([other.columns for _, other in pairs])
    return Comparison(
        questions=len(pairs),
        left_out=len(a) + len(b) - 2 * len(pairs),
        differences=_differences(table_a, table_b, resamples),
        changes=tuple(
            Change(item.id, item.question, BY_NAME[name], item.columns[name], other.columns[name])
            for item, other in pairs
            for name in BY_QUESTION
            if name in item.columns
            and name in other.columns
            and item.columns[name] != other.columns[name]
        ),
    )


def failures(
    comparison: Comparison,
    *,
    alpha: float = ALPHA,
    max_loss: Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
) -> list[str]:
    """Why B does not pass, one line each; empty when it passes: a headline measure is worse
    with p < alpha, a measure lost more than `max_loss` allows, or B is below `at_least`."""
    found = {difference.measure.name: difference for difference in comparison.differences}
    lines = [
        f"{d.measure.name} is worse: {d.a:.4f} -> {d.b:.4f}, p = {d.p:.4f}"
        for name in HEADLINE
        if (d := found.get(name)) and d.gain < 0 and d.p < alpha
    ]
    for name, limit in (max_loss or {}).items():
        difference = _named(found, name)
        if difference.gain < -limit:
            lines.append(
                f"{name} lost {-difference.gain:.4f}, more than {limit:g}: "
                f"{difference.a:.4f} -> {difference.b:.4f}"
            )
    for name, limit in (at_least or {}).items():
        difference = _named(found, name)
        if difference.b < limit:
            lines.append(f"{name} is {difference.b:.4f}, below {limit:g}")
    return lines


def mcnemar(only_a: int, only_b: int) -> float:
    """min(1, 2 * sum over i <= min(b, c) of C(n, i) / 2^n), n = b + c: the exact two-sided p of
    McNemar's test for b questions that only A gets and c that only B gets; 1 when n = 0.

    Source: McNemar (1947) in its exact binomial form; Fagerland et al., The McNemar test for
    binary matched-pairs data (2013), section 2.3.

    >>> mcnemar(0, 5)
    0.0625
    """
    n = only_a + only_b
    tail = sum(comb(n, i) for i in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / (1 << n))


def paired_p(differences: Floats) -> float:
    """Two-sided p of the paired bootstrap: twice the smaller share of resampled differences on
    either side of 0, (count + 1) / (resamples + 1) each, at most 1.

    Source: Davison, Hinkley, Bootstrap Methods and their Application (1997), 4.2, eq. 4.11.
    """
    known = differences[~np.isnan(differences)]
    smaller = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (smaller + 1) / (len(known) + 1))


def comparison_text(comparison: Comparison, most: int = 20) -> str:
    """The comparison for people: a table, then at most `most` questions that got better and as
    many that got worse, by measure."""
    rows = [("measure", "A", "B", "B - A", "95% interval", "p", "only A", "only B", "McNemar p")]
    for d in comparison.differences:
        counts = (
            ("", "", "")
            if d.mcnemar_p is None
            else (str(d.only_a), str(d.only_b), f"{d.mcnemar_p:.3f}")
        )
        rows.append(
            (
                d.measure.title,
                f"{d.a:.4f}",
                f"{d.b:.4f}",
                f"{d.b - d.a:+.4f}",
                f"{d.low:+.4f} – {d.high:+.4f}",
                f"{d.p:.3f}",
                *counts,
            )
        )
    parts = [
        f"{comparison.questions} questions in both runs"
        + (f", {comparison.left_out} in one only, left out" if comparison.left_out else ""),
        align(rows),
    ]
    parts += [_changes_text(comparison, better, most) for better in (True, False)]
    if not comparison.changes:
        parts.append("The two runs are equal, question by question.")
    return "\n\n".join(part for part in parts if part)


def comparison_json(comparison: Comparison, failed: Sequence[str]) -> dict[str, Any]:
    """The comparison as a JSON object."""
    return {
        "questions": comparison.questions,
        "left_out": comparison.left_out,
        "failed": list(failed),
        "measures": {
            d.measure.name: {
                "a": d.a,
                "b": d.b,
                "low": d.low,
                "high": d.high,
                "p": d.p,
                "only_a": d.only_a,
                "only_b": d.only_b,
                "mcnemar_p": d.mcnemar_p,
            }
            for d in comparison.differences
        },
        "changes": [
            {
                "id": c.id,
                "question": c.question,
                "measure": c.measure.name,
                "a": c.a,
                "b": c.b,
                "better": c.better,
            }
            for c in comparison.changes
        ],
    }


def _differences(
    a: Mapping[str, Floats],
    b: Mapping[str, Floats],
    resamples: int,
) -> tuple[Difference, ...]:
    draws = draw(len(a["errors"]), resamples)
    drawn_a = {name: values[draws] for name, values in a.items()}
    drawn_b = {name: values[draws] for name, values in b.items()}
    found = []
    for measure in MEASURES:
        value_a, value_b = (
            float(measure.statistic({n: v[None, :] for n, v in t.items()})[0]) for t in (a, b)
        )
        if np.isnan(value_a) or np.isnan(value_b):
            continue
        moved = measure.statistic(drawn_b) - measure.statistic(drawn_a)
        low, high = interval(moved)
        counts = _discordant(a[measure.name], b[measure.name]) if measure.name in a else None
        only_a, only_b, p = (*counts, mcnemar(*counts)) if counts else (None, None, None)
        found.append(
            Difference(measure, value_a, value_b, low, high, paired_p(moved), only_a, only_b, p)
        )
    return tuple(found)


def _discordant(a: Floats, b: Floats) -> tuple[int, int] | None:
    """How many questions are 1 in A only and in B only; None when not all are 0 or 1."""
    both = ~np.isnan(a) & ~np.isnan(b)
    x, y = a[both], b[both]
    if not len(x) or not np.isin(np.r_[x, y], (0.0, 1.0)).all():
        return None
    return int((x > y).sum()), int((y > x).sum())


def _changes_text(comparison: Comparison, better: bool, most: int) -> str:
    changes = [change for change in comparison.changes if change.better is better]
    if not changes:
        return ""
    rows = [
        (change.measure.name, f"{change.a:.2f} -> {change.b:.2f}", change.id, change.question)
        for change in changes[:most]
    ]
    more = f"\n… and {len(changes) - most} more" if len(changes) > most else ""
    return f"{'Better' if better else 'Worse'} in B ({len(changes)}):\n{align(rows)}{more}"


def _named(found: Mapping[str, Difference], name: str) -> Difference:
    if name not in found:
        known = ", ".join(sorted(found))
        raise EvaluationError(f"no measure {name!r} in both runs; there are: {known}")
    return found[name]
