"""A question means the same whether its mark was typed or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import Assistant, Index
from rag.answering.document_questions import recognise
from rag.answering.operations import computation
from rag.retrieval.query import parse_query, with_mark
from rag.types import Answer

EXAMPLES = Path(__file__).parents[2] / "examples"
QUESTIONS = [
    json.loads(line)["question"]
    for line in (EXAMPLES / "questions.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def assistant(sample: Index) -> Assistant:
    return Assistant(sample)


def said(answer: Answer) -> tuple[object, ...]:
    return (
        answer.status, answer.short, answer.text, answer.sentences, answer.passages,
        answer.confidence, answer.searched, answer.computed, answer.missing,
    )  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_with_and_without_a_mark_it_is_one_question(assistant: Assistant, question: str) -> None:
    bare = question.rstrip("？?。")
    assert parse_query(bare) == parse_query(f"{bare}？") == parse_query(f" {bare} ? ")
    assert recognise(bare) == recognise(f"{bare}？")
    assert computation(bare) == computation(f"{bare}？")
    answer = assistant.ask(f"{bare}？")
    other = assistant.ask(bare)
    assert said(other) == said(answer)
    assert other.question == bare


def test_a_question_of_marks_alone_stays() -> None:
    assert with_mark("？？") == "？？"
    assert with_mark("票价") == "票价？"
