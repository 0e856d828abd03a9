"""What the first screen offers on the sample is answered right, and its last question is not."""

import json
from pathlib import Path

import pytest

from eval.metrics.answers import answer_hit
from rag import Assistant, Index
from rag.cli.ask import SAMPLE_QUESTIONS
from rag.types import Status

ROOT = Path(__file__).parents[2]
SHOWN = [
    item
    for item in map(json.loads, (ROOT / SAMPLE_QUESTIONS).read_text(encoding="utf-8").splitlines())
    if item.get("shown")
]


@pytest.fixture(scope="module")
def assistant(sample: Index) -> Assistant:
    return Assistant(sample)


@pytest.mark.parametrize("item", SHOWN, ids=lambda item: item["question"])
def test_an_example_is_answered_right(assistant: Assistant, item: dict[str, object]) -> None:
    answers = item["answers"]
    assert isinstance(answers, list)
    answer = assistant.ask(str(item["question"]))
    if not answers:
        assert answer.status is not Status.ANSWERED and answer.short is None
        return
    assert answer.status is Status.ANSWERED
    assert answer_hit(answer.text, answers, all_required=True) == 1
    if answer.short is not None:
        assert answer_hit(answer.short, answers) == 1


def test_the_last_one_has_no_answer() -> None:
    assert len(SHOWN) == 6 and not SHOWN[-1]["answers"]
