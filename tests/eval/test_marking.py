"""The reader alone: the span that it marks in a question's own passage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.benchmarks import squad
from eval.errors import EvaluationError
from eval.marking import mark, table
from rag.models.reader import ReaderMarks
from rag.settings import Settings

CONTEXT = "灯塔建于1902年。塔高三十一米。书店在1958年开张。"


def written(folder: Path, answers: Sequence[str]) -> Path:
    rows = [
        {
            "id": str(i),
            "question": f"第{i}问？",
            "answers": [{"text": answer, "answer_start": CONTEXT.index(answer)}] if answer else [],
        }
        for i, answer in enumerate(answers)
    ]
    path = folder / "set.json"
    value = {"data": [{"paragraphs": [{"context": CONTEXT, "qas": rows}]}]}
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


class Marker:
    """Marks the same characters of every passage."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, question: str, passages: Sequence[str]) -> list[ReaderMarks]:
        assert question.endswith("？")
        starts = np.array([passage.index(self.text) for passage in passages])
        one = np.ones(1, np.float32)
        return [
            ReaderMarks(np.array([s]), np.array([s + len(self.text)]), one, one) for s in starts
        ]


def test_spans_are_held_against_answer_and_sentence(tmp_path: Path) -> None:
    benchmark = squad.load(written(tmp_path, ["1902年", "灯塔", "三十一米", ""]))
    marked = mark(benchmark, Marker("1902年"))
    assert marked.questions == 3
    assert marked.em == pytest.approx(1 / 3)
    assert marked.f1 == pytest.approx(1 / 3)
    assert marked.sentence == pytest.approx(2 / 3)


def test_no_answer_in_the_set(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no question with an answer"):
        mark(squad.load(written(tmp_path, [""])), Marker("灯塔"))


def test_the_built_in_reader(tmp_path: Path) -> None:
    lines = table(written(tmp_path, ["1902年"]), Settings()).splitlines()
    assert lines[0].split() == ["the", "reader", "alone", "value", "n"]
    assert [line.split()[-1] for line in lines[1:]] == ["1", "1", "1"]
