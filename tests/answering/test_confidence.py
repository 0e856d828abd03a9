"""How likely the passages hold an answer: the signals, one by one, and what they add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rag import Assistant
from rag.answering.confidence import BEHIND, GROUNDED, Signals, confidence, signals
from rag.answering.evidence import Evidence, score_sentences
from rag.answering.query import Query, parse_query
from rag.answering.terms import Weights, weigh
from rag.models.answerable import Answerable, Logistic, load_answerable
from rag.models.rarity import rarity
from rag.models.reading import Reading
from rag.types import Passage

Found = tuple[Query, Weights, list[Passage], list[Evidence]]


def asked(small: Assistant, question: str) -> Found:
    query = parse_query(question)
    weights = weigh(query, small.index)
    passages = small.search(question)
    return query, weights, passages, score_sentences(query, weights, passages)


def told(small: Assistant, question: str) -> Signals:
    query, weights, passages, ranked = asked(small, question)
    return signals(query, weights, ranked, passages)


def test_what_the_index_does_not_know_is_told_apart(small: Assistant) -> None:
    there = told(small, "渡轮的单程票价是多少？")
    strange = told(small, "渡轮的单程票价和潜艇鳄梨是多少？")
    assert there["covered"] == pytest.approx(1, abs=0.25)
    assert strange["covered"] == pytest.approx(there["covered"], abs=0.1)
    before, after = there["unknown"], strange["unknown"]
    assert before is not None and after is not None
    assert before + 0.2 < after < 1


def test_terms_that_the_index_has_elsewhere_are_missed(small: Assistant) -> None:
    there, mixed = told(small, "灯塔是谁设计的？"), told(small, "谁设计了灯塔的缆车？")
    assert there["covered"] is not None and mixed["covered"] is not None
    assert mixed["covered"] < there["covered"]


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("灯塔在1958年怎么样了？", 1.0),
        ("灯塔在1957年怎么样了？", 0.0),
        ("名叫“二十海里”的书店在哪里？", 1.0),
        ("灯塔怎么样了？", None),
    ],
)
def test_values_that_are_named_are_looked_for(
    small: Assistant, question: str, share: float | None
) -> None:
    assert told(small, question)["values"] == share


def test_the_lead_is_over_the_mean_of_those_behind(small: Assistant) -> None:
    query, weights, passages, ranked = asked(small, "渡轮的单程票价是多少？")
    behind = [passage.score for passage in passages[1 : 1 + BEHIND]]
    expected = passages[0].score - sum(behind) / len(behind)
    assert signals(query, weights, ranked, passages)["lead"] == pytest.approx(expected)
    assert signals(query, weights, ranked, passages[:1])["lead"] is None
    by_model = [replace(passage, parts=()) for passage in passages]
    assert signals(query, weights, ranked, by_model)["lead"] is None


def test_the_margin_needs_a_second_sentence(small: Assistant) -> None:
    query, weights, passages, ranked = asked(small, "渡轮的单程票价是多少？")
    found = signals(query, weights, ranked, passages)
    assert found["margin"] == pytest.approx(ranked[0].score - ranked[1].score)
    assert signals(query, weights, ranked[:1], passages)["margin"] is None


def test_the_reader_s_odds_are_those_of_the_first_the_best_and_the_likeliest(
    small: Assistant,
) -> None:
    query, weights, passages, _ = asked(small, "渡轮的单程票价是多少？")
    chances = [0.5, 0.9, *[0.2] * (len(passages) - 2)]
    places = np.array([0]), np.array([1])
    readings = [Reading(*places, *[np.array([c], np.float32)] * 2) for c in chances]
    ranked = score_sentences(query, weights, passages, readings)
    found = signals(query, weights, ranked, passages)
    assert found["has_first"] == pytest.approx(0, abs=1e-6)
    assert found["has_most"] == pytest.approx(np.log(9), rel=1e-5)
    assert found["has_next"] == pytest.approx(0, abs=1e-6)
    assert ranked[0].reading is not None
    odds = ranked[0].reading.has_answer / (1 - ranked[0].reading.has_answer)
    assert found["has_best"] == pytest.approx(np.log(odds), rel=1e-5, abs=1e-6)


def test_an_answer_that_is_there_is_likelier_than_one_that_is_not(small: Assistant) -> None:
    def likely(question: str) -> float:
        query, weights, passages, ranked = asked(small, question)
        return confidence(query, weights, ranked, passages, load_answerable())

    assert likely("渡轮的单程票价是多少？") > 0.5
    assert likely("渡轮的单程票价是多少？") > likely("渡轮的船长工资是多少？")
    assert likely("渡轮的船长工资是多少？") > likely("塔吊在1987年的工资是多少？")
    assert likely("塔吊在1987年的工资是多少？") < 0.5


def test_what_no_passage_holds_counts_by_its_rarity_in_the_language(small: Assistant) -> None:
    """Of a question of which the passages hold only what any text holds, nothing is believed."""
    query, weights, passages, ranked = asked(small, "如何做红烧肉的渡轮？")
    certain = Answerable(Logistic(30.0, {}), Logistic(30.0, {}))
    words = {word: rarity(word) for word in query.words}
    assert "红烧肉" in words
    held = [word for word in words if any(word in passage.text for passage in passages)]
    share = sum(words[word] for word in held) / sum(words.values())
    expected = min(1, share / GROUNDED) ** 2
    assert confidence(query, weights, ranked, passages, certain) == pytest.approx(expected)
    assert expected < 1


def test_a_question_on_something_else_is_refused_by_the_default_threshold(
    small: Assistant,
) -> None:
    threshold = small.settings.answering.min_confidence
    assert small.ask("塔吊在1987年的工资是多少？").confidence < threshold
    assert small.ask("渡轮的单程票价是多少？").confidence > threshold
