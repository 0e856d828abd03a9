"""Answers without a chat model: sentences as they stand, a short answer, a refusal."""

import pytest

from rag import Assistant
from rag.types import Status


@pytest.mark.parametrize(
    ("question", "short", "words"),
    [
        ("灯塔是哪一天建成的？", "1902年5月6日", "建于"),
        ("渡轮的单程票价是多少？", "4元", "单程票价"),
        ("书店叫什么名字？", "二十海里", "书店"),
    ],
)
def test_short_answers(small: Assistant, question: str, short: str, words: str) -> None:
    answer = small.ask(question)
    assert answer.short in (None, short)  # one that is not sure is not shown
    assert short in answer.text
    assert any(words in sentence.text for sentence in answer.sentences)


def test_a_question_for_a_reason_has_no_short_answer(small: Assistant) -> None:
    answer = small.ask("渡轮为什么在一月停航？")
    assert answer.short is None
    assert "大雾" in answer.text


def test_sentences_stand_in_reading_order_and_within_the_limits(small: Assistant) -> None:
    answer = small.ask("渡轮有哪些航线，哪条最忙？")
    limits = small.settings.answering
    assert 1 <= len(answer.sentences) <= limits.max_sentences
    assert sum(len(sentence.text) for sentence in answer.sentences) <= limits.max_characters
    places = [(s.citations[0].n, s.citations[0].span.start) for s in answer.sentences]
    assert places == sorted(places)


def test_nothing_shared_is_refused(small: Assistant) -> None:
    answer = small.ask("zebra quantum 潜艇鳄梨")
    assert answer.status is Status.NO_EVIDENCE
    assert (answer.short, answer.sentences, answer.confidence) == (None, (), 0.0)
