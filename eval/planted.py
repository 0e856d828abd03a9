"""`python -m eval planted`: are planted wrong figures noticed as a disagreement?

RGB's fact questions bring passages with the right fact and copies of them with a wrong one. Asked
over both, a question whose wrong fact is a figure or a date is noticed when the answer tells of
differing figures and the wrong one is among them. Asked over the right ones alone, any such
notice is a false alarm; so it is for the questions whose fact is neither, over both.

Source: Chen et al., Benchmarking Large Language Models in Retrieval-Augmented Generation (2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.asking import Ask
from eval.benchmarks.material import Collector, find_files, json_lines
from eval.benchmarks.rgb import PATTERNS
from eval.benchmarks.running import asking_given
from eval.errors import EvaluationError
from eval.metrics.folding import fold
from eval.questions import Question
from eval.tables import align
from rag.settings import Settings

EACH = 3
"""Passages given of each sort."""
MIXED, RIGHT = "mixed", "right"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over `MIXED` or `RIGHT` passages: whether its planted fact is a figure or date,
    whether the answer told of differing ones, and whether the planted one was among them."""

    over: str
    figure: bool
    told: bool
    planted_told: bool


def measure(path: Path, settings: Settings) -> list[Asked]:
    """Asks the questions of RGB's fact file, or of the folder that holds it.

    Raises:
        EvaluationError: no such file, or none with planted facts.
    """
    collector = Collector()
    planted: dict[str, str] = {}
    for row in json_lines(find_files(path, PATTERNS)):
        if row.get("positive_wrong"):
            planted[str(row["id"])] = str(row["fakeanswer"])
            _collect(row, collector)
    if not planted:
        raise EvaluationError(f"{path} has no planted facts; name zh_fact.json of RGB")
    benchmark = collector.benchmark()
    ask = asking_given(benchmark, settings)
    return [_asked(item.question, planted, ask) for item in benchmark.given]


def _collect(row: Mapping[str, Any], collector: Collector) -> None:
    right = [text for text in row["positive"] if text.strip()]
    wrong = [text for text in row["positive_wrong"] if text.strip()]
    for over, texts in ((MIXED, [*wrong[:EACH], *right[:EACH]]), (RIGHT, right[: 2 * EACH])):
        question = {"id": f"{row['id']}-{over}", "question": row["query"], "type": over}
        collector.ask_given(question, map(collector.name, texts))


def _asked(question: Question, planted: Mapping[str, str], ask: Ask) -> Asked:
    number, _, over = question.id.rpartition("-")
    wrong = planted[number]
    told = [str(figure["figure"]) for figure in ask(question)["differing"]]
    return Asked(
        over=over,
        figure=any(character.isdigit() for character in wrong),
        told=bool(told),
        planted_told=any(_digits(wrong) in _digits(figure) for figure in told),
    )


def _digits(text: str) -> str:
    return "".join(character for character in fold(text) if character.isdigit() or character == ".")


def table(asked: Sequence[Asked]) -> str:
    """The figures as text."""
    rows = [("RGB, planted wrong facts", "noticed", "questions")]
    rows += [(title, str(sum(hits)), str(len(hits))) for title, hits in _groups(asked)]
    return align(rows)


def _groups(asked: Sequence[Asked]) -> Iterator[tuple[str, list[bool]]]:
    mixed = [one for one in asked if one.over == MIXED]
    yield "planted figures and dates", [one.planted_told for one in mixed if one.figure]
    yield "false alarms, no figure or date planted", [one.told for one in mixed if not one.figure]
    yield "false alarms, right passages alone", [one.told for one in asked if one.over == RIGHT]
