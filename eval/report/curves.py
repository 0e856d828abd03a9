"""The report's charts, from the results of a run. A chart without data is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from eval.metrics import citations, refusals, retrieval
from eval.metrics.answers import answer_characters
from eval.questions import parse_question
from eval.report.charts import Axes, Line, bar_chart, line_chart, share_ticks
from eval.score import ANSWERED

BUDGETS = tuple(range(250, 6001, 250))
LATENCY_BINS = 24

Rows = Sequence[Mapping[str, Any]]


def budget_curve(rows: Rows) -> str | None:
    """Evidence recall against the characters of passages that are read."""
    judged = []
    for row in rows:
        question = parse_question(dict(row), 0)
        if question.answerable and question.quotations:
            texts = [passage["text"] for passage in row.get("passages", ())]
            judged.append((texts, retrieval.first_ranks(texts, question.quotations)))
    if not judged:
        return None
    points = [
        (
            float(budget),
            fmean(retrieval.evidence_recall(texts, ranks, budget) for texts, ranks in judged),
        )
        for budget in BUDGETS
    ]
    axes = Axes(
        (0, BUDGETS[-1]),
        (0, 1),
        [(x, f"{x}") for x in range(0, 6001, 1000)],
        share_ticks(),
        "characters of passages, in rank order",
    )
    return line_chart(axes, [Line("", "a", points)], guides=(1000, 3000))


def length_curve(rows: Rows) -> str | None:
    """Evidence precision, recall and F1 of the first 1, 2, … sentences of each answer."""
    judged = []
    for row in rows:
        question = parse_question(dict(row), 0)
        if question.answerable and question.quotations and "sentences" in row:
            judged.append((row, question.quotations))
    most = max((len(row["sentences"]) for row, _ in judged), default=0)
    if not most:
        return None
    lines: dict[str, list[tuple[float, float]]] = {"precision": [], "recall": [], "F1": []}
    ticks = []
    for length in range(1, most + 1):
        cut = [
            ([c["quote"] for c in row["citations"] if c["sentence"] < length], evidence)
            for row, evidence in judged
        ]
        precise = [
            citations.evidence_precision(quotes, evidence) for quotes, evidence in cut if quotes
        ]
        precision = fmean(precise) if precise else 0.0
        recall = fmean(citations.evidence_recall(quotes, evidence) for quotes, evidence in cut)
        values = (precision, recall, citations.f1(precision, recall))
        for name, value in zip(lines, values, strict=True):
            lines[name].append((float(length), value))
        characters = fmean(
            answer_characters("".join(s["text"] for s in row["sentences"][:length]))
            for row, _ in judged
            if row["status"] == ANSWERED
        )
        ticks.append((float(length), f"{length} ({characters:.0f})"))
    axes = Axes(
        (0.5, most + 0.5),
        (0, 1),
        ticks,
        share_ticks(),
        "sentences of the answer (characters on average)",
    )
    colours = zip(lines.items(), "abc", strict=True)
    return line_chart(axes, [Line(name, colour, points) for (name, points), colour in colours])


def latency_histogram(rows: Rows) -> str | None:
    """How long the questions took."""
    values = np.array(
        [row["measured"]["latency_ms"] for row in rows if "latency_ms" in row.get("measured", {})]
    )
    if not len(values):
        return None
    # The slowest 1% would press the others into one bar; they are counted in the last one.
    top = max(float(np.percentile(values, 99)), 1e-3)
    counts, edges = np.histogram(np.minimum(values, top), LATENCY_BINS, (0, top))
    high = int(counts.max())
    steps = [top * i / 4 for i in range(5)]
    axes = Axes(
        (0, top),
        (0, high),
        [(x, f"{x:.3g}") for x in steps],
        [(0, "0"), (high, str(high))],
        "milliseconds, the slowest 1% in the last bar",
    )
    bars = [
        (float(a), float(b), float(n))
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return bar_chart(axes, bars, lambda bar: f"{bar[2]:.0f} took {bar[0]:.0f}–{bar[1]:.0f} ms")


def reliability_diagram(columns: Sequence[Mapping[str, float]]) -> str | None:
    """Confidence against how often the passages did hold an answer; on the line is honest."""
    rated = [
        (c["confidence"], c["holds_answer"])
        for c in columns
        if "confidence" in c and "holds_answer" in c
    ]
    if not rated:
        return None
    confidence, outcome = np.array(rated).T
    bars = []
    counts = {}
    for count, mean, share in refusals.reliability(confidence, outcome):
        place = min(int(mean * refusals.BINS), refusals.BINS - 1)
        bars.append((place / refusals.BINS, (place + 1) / refusals.BINS, share))
        counts[place] = count
    axes = Axes((0, 1), (0, 1), share_ticks(), share_ticks(), "confidence")
    return bar_chart(
        axes,
        bars,
        lambda bar: f"{bar[2]:.2f} of {counts[round(bar[0] * refusals.BINS)]}",
        diagonal=True,
    )
