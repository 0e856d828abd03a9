"""English questions on Chinese paragraphs: the file of questions and the measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval import english
from eval.errors import EvaluationError
from rag.settings import Settings


def test_the_questions_that_ship() -> None:
    questions = english.load_english()
    assert len(questions) == 60
    assert len({(q.file, q.paragraph) for q in questions}) == 60
    assert all(q.question.isascii() or "ö" in q.question for q in questions)


def test_measures_of_a_small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paragraphs = {
        "1": ("灯塔", "白泽灯塔的高度是三十一米，由工程师沈砚设计。"),
        "2": ("渡轮", "渡轮的单程票价是四元，学生半价，老人免费。"),
        "3": ("茶市", "老城的茶叶市场在清朝有四十家商店。"),
    }
    data = [
        {"title": title, "paragraphs": [{"id": key, "context": text, "qas": []}]}
        for key, (title, text) in paragraphs.items()
    ]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    questions = tmp_path / "questions.tsv"
    questions.write_text(
        "set/a.json\t1\tWho designed the lighthouse?\nset/a.json\t2\tHow much is a ferry ticket?\n",
        encoding="utf-8",
    )
    rows = english.load_english(questions)
    monkeypatch.setattr(english, "load_english", lambda: rows)
    found = english.run_english(tmp_path, Settings())
    assert (found["questions"], found["paragraphs"]) == (2, 3)
    assert (found["rank_1"], found["rank_5"], found["mrr"]) == (1.0, 1.0, 1.0)
    assert found["refused_without"] == 1.0


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("one\ttwo\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="cannot be read"):
        english.load_english(tmp_path / "q.tsv")
