"""What is said to be missing where the documents speak of a subject and do not answer."""

import pytest

from rag import Assistant
from rag.types import Status


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("2021年渡轮的单程票价是多少？", "2021年"),
        ("How much was the ferry fare in 1950?", "documents"),
    ],
)
def test_what_is_missing_is_named(small: Assistant, question: str, words: str) -> None:
    answer = small.ask(question)
    assert answer.short is None
    if answer.status is Status.NEAREST:
        assert answer.missing is not None and words in answer.missing
        assert answer.text.startswith(answer.missing)
        assert answer.sentences and all(one.citations for one in answer.sentences)


def test_a_subject_of_which_nothing_is_said_is_no_evidence(small: Assistant) -> None:
    answer = small.ask("火星基地的负责人是谁？")
    assert (answer.status, answer.missing, answer.sentences) == (Status.NO_EVIDENCE, None, ())
