"""How well the reader alone marks answers: each question with its own passage, whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from eval.benchmarks import squad
from eval.benchmarks.material import Benchmark
from eval.errors import EvaluationError
from eval.metrics.answers import character_f1, exact_match
from eval.metrics.refusals import auroc
from eval.tables import align
from rag.models.reader import load_reader
from rag.models.reading import PassageReader
from rag.settings import Settings
from rag.types import Span

REFUSED = 0.5
"""Share of the questions without an answer that `f1_refusing` has refused."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Measures of the likeliest span of each answerable question's passage, whether or not it
    would be shown: the shares that equal an answer and that stand in the sentence of the first
    one, and the mean of the characters' F1.

    Where the set has `unanswerable` questions, too: the AUROC of the reader's "has an answer"
    with their passages against it with those of the answerable, and the F1 that is left of the
    answerable if a span is shown only above the threshold that refuses half of the others."""

    questions: int
    em: float
    f1: float
    sentence: float
    unanswerable: int = 0
    auroc: float = math.nan
    f1_refusing: float = math.nan


def mark(benchmark: Benchmark, reader: PassageReader) -> Marked:
    """Has every question's passage read.

    Raises:
        EvaluationError: no question has an answer.
    """
    rows, holds, without = [], [], []
    for item in benchmark.given:
        text = benchmark.passages[item.passages[0]]
        (reading,) = reader.read(item.question.text, [text])
        answers = item.question.ways
        if not answers:
            without.append(reading.has_answer)
            continue
        span, _ = reading.best(Span(0, len(text)))
        quotes = [evidence.quote for evidence in item.question.evidence]
        rows.append(_measured(text, span, answers, quotes))
        holds.append(reading.has_answer)
    if not rows:
        raise EvaluationError("no question with an answer; name a set in SQuAD's format")
    em, f1, sentence = (fmean(column) for column in zip(*rows, strict=True))
    marked = Marked(len(rows), em, f1, sentence)
    if not without:
        return marked
    threshold = float(np.quantile(without, REFUSED))
    left = fmean(row[1] * (held > threshold) for row, held in zip(rows, holds, strict=True))
    return replace(
        marked,
        unanswerable=len(without),
        auroc=auroc(np.array(holds), np.array(without)),
        f1_refusing=left,
    )


def _measured(
    text: str, span: Span, answers: Sequence[str], quotes: Sequence[str]
) -> tuple[float, float, float]:
    said = span.of(text)
    sentence = squad.answer_sentence(text, said, span.start) if said else ""
    right = any(sentence in quote or quote in sentence for quote in quotes) if sentence else False
    return exact_match(said, answers), character_f1(said, answers), float(right)


def table(path: Path, settings: Settings) -> str:
    """The measures of the settings' reader on a file in SQuAD's format."""
    marked = mark(squad.load(path), load_reader(settings.answering.reader_model))
    count = str(marked.questions)
    rows = [
        ("the reader alone", "value", "n"),
        ("span_em", f"{marked.em:.3f}", count),
        ("span_f1", f"{marked.f1:.3f}", count),
        ("sentence right", f"{marked.sentence:.3f}", count),
    ]
    if marked.unanswerable:
        all_questions = str(marked.questions + marked.unanswerable)
        rows += [
            ("AUROC of has an answer", f"{marked.auroc:.3f}", all_questions),
            ("span_f1, half of the others refused", f"{marked.f1_refusing:.3f}", count),
        ]
    return align(rows)
