"""How well the reader alone marks answers: each question with its own passage, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from eval.benchmarks import squad
from eval.benchmarks.material import Benchmark
from eval.errors import EvaluationError
from eval.metrics.answers import character_f1, exact_match
from eval.tables import align
from rag.models.reader import PassageReader, load_reader
from rag.settings import Settings
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Marked:
    """Measures of the likeliest span of each answerable question's passage: the shares that equal
    an answer and that stand in the sentence of the first one, and the mean of the characters'
    F1."""

    questions: int
    em: float
    f1: float
    sentence: float


def mark(benchmark: Benchmark, reader: PassageReader) -> Marked:
    """Has every answerable question's passage read.

    Raises:
        EvaluationError: no question has an answer.
    """
    rows = []
    for item in benchmark.given:
        answers = item.question.ways
        if answers:
            text = benchmark.passages[item.passages[0]]
            (reading,) = reader.read(item.question.text, [text])
            span, _ = reading.best(Span(0, len(text)))
            quotes = [evidence.quote for evidence in item.question.evidence]
            rows.append(_measured(text, span, answers, quotes))
    if not rows:
        raise EvaluationError("no question with an answer; name a set in SQuAD's format")
    em, f1, sentence = (fmean(column) for column in zip(*rows, strict=True))
    return Marked(len(rows), em, f1, sentence)


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
    return align(
        [
            ("the reader alone", "value", "n"),
            ("exact match", f"{marked.em:.3f}", str(marked.questions)),
            ("character F1", f"{marked.f1:.3f}", str(marked.questions)),
            ("sentence right", f"{marked.sentence:.3f}", str(marked.questions)),
        ]
    )
