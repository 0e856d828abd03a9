"""Measuring the page: what is asked, what is printed, and a server in a process of its own."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.page.measuring import PEOPLE, Row, _cells, _endless, print_page_speed, served
from eval.page.people import Person
from eval.table import Material
from rag import Index
from rag.settings import Settings


def test_no_question_comes_twice() -> None:
    asked = list(itertools.islice(_endless(["一？", "二？", "三？"]), 9))
    assert len(set(asked)) == 9
    assert sorted(asked[:3]) == sorted(["一？", "二？", "三？"])


def test_a_wish_is_reached_or_missed() -> None:
    assert _cells(Row("x", 0.25, "s", 0.3)) == ("x", "0.25 s", "≤ 0.3 s  reached")
    assert _cells(Row("x", 4.0, "×", 3.0)) == ("x", "4.00 ×", "≤ 3 ×  MISSED")
    assert _cells(Row("x", 4.0, "s")) == ("x", "4.00 s", "")


def test_too_few_questions_are_refused(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question": "一？"}\n', encoding="utf-8")
    with pytest.raises(EvaluationError, match=f"holds 1 questions; {2 * PEOPLE} are needed"):
        print_page_speed(Material(tmp_path, questions), Settings())


def test_a_person_is_answered_by_the_page_of_another_process(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    text = "青石桥的维修共花费人民币38万元。\n"
    (tmp_path / "texts" / "桥.txt").write_text(text, encoding="utf-8")
    Index.build([tmp_path / "texts"], tmp_path / "index")
    with served(Path("index"), tmp_path) as address:
        person = Person(address)
        person.open()
        wait = person.ask("青石桥的维修花了多少钱？")
    assert "38万元" in wait.shown
    assert 0 < wait.first <= wait.whole
