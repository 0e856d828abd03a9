"""How likely the passages hold an answer: the signals, one by one, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rag import Assistant
from rag.answering.confidence import (
    GROUNDED,
    OTHER_THING,
    OTHER_YEAR,
    Signals,
    confidence,
    signals,
)
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


def test_the_margin_needs_a_second_sentence(small: Assistant) -> None:
    query, weights, passages, ranked = asked(small, "渡轮的单程票价是多少？")
    found = signals(query, weights, ranked, passages)
    assert found["margin"] == pytest.approx(ranked[0].score - ranked[1].score)
    assert signals(query, weights, ranked[:1], passages)["margin"] is None


@pytest.mark.parametrize(
    ("question", "share"),
    [("灯塔在1958年怎么样了？", 1.0), ("灯塔在1957年怎么样了？", 0.0), ("灯塔怎么样了？", None)],
)
def test_the_year_that_is_asked_about_is_looked_for(
    small: Assistant, question: str, share: float | None
) -> None:
    assert told(small, question)["year"] == share


def test_names_and_what_is_asked_of_them_are_looked_for(small: Assistant) -> None:
    assert told(small, "渡轮的单程票价是多少？")["asked"] == 1
    assert told(small, "渡轮的船长工资是多少？")["asked"] == 0
    assert told(small, "上海的渡轮票价是多少？")["named"] == 0
    assert told(small, "渡轮的单程票价是多少？")["named"] is None


def test_something_of_the_kind_that_is_asked_for_is_looked_for(small: Assistant) -> None:
    assert told(small, "渡轮的单程票价是多少元？")["fits"] == 1
    assert told(small, "渡轮有多少吨重？")["fits"] == 0
    assert told(small, "渡轮为什么停航？")["fits"] is None


def _read(
    small: Assistant, question: str, chances: Sequence[float]
) -> tuple[Signals, list[Evidence], list[Passage]]:
    """With a reader that marks a whole passage as one word, each with its chance."""
    query, weights, passages, _ = asked(small, question)
    chances = [*chances, *[0.2] * (len(passages) - len(chances))]
    readings = [
        Reading(np.array([0]), np.array([len(passage.text)]), *[np.array([c], np.float32)] * 2)
        for passage, c in zip(passages, chances, strict=True)
    ]
    ranked = score_sentences(query, weights, passages, readings)
    return signals(query, weights, ranked, passages), ranked, passages


def test_the_reader_s_odds_are_those_of_the_first_and_the_likeliest(small: Assistant) -> None:
    found, _, _ = _read(small, "渡轮的单程票价是多少？", [0.5, 0.9])
    assert found["has_first"] == pytest.approx(0, abs=1e-6)
    assert found["has_most"] == pytest.approx(np.log(9), rel=1e-5)


def test_what_the_reader_marks_counts_where_it_is_of_the_kind_asked_for(small: Assistant) -> None:
    unkind, _, _ = _read(small, "渡轮怎么样？", [0.5, 0.9])
    assert unkind["fits_first"] == unkind["has_first"]
    assert unkind["fits_most"] == unkind["has_most"]
    kind, ranked, passages = _read(small, "渡轮有多少吨重？", [0.5, 0.9])
    assert all("吨" not in passage.text for passage in passages)
    assert kind["fits_most"] == kind["fits_first"] == kind["fits_best"]
    assert kind["fits_most"] is not None and kind["fits_most"] < -6
    assert ranked


def test_an_answer_that_is_there_is_likelier_than_one_that_is_not(small: Assistant) -> None:
    def likely(question: str) -> float:
        query, weights, passages, ranked = asked(small, question)
        return confidence(query, weights, ranked, passages, load_answerable())

    assert likely("渡轮的单程票价是多少？") > 0.5
    assert likely("渡轮的单程票价是多少？") > likely("渡轮的船长工资是多少？")
    assert likely("渡轮的船长工资是多少？") > likely("塔吊在1987年的工资是多少？")
    assert likely("塔吊在1987年的工资是多少？") < 0.5


def test_what_the_passage_lacks_counts_by_its_rarity_in_the_language(small: Assistant) -> None:
    """Of a question of which the passage holds only what any text holds, little is believed."""
    query, weights, passages, ranked = asked(small, "渡轮上的红烧肉和水煮鱼怎么做？")
    certain = Answerable(Logistic(30.0, {}), Logistic(30.0, {}))
    words = {word: rarity(word) for word in query.words}
    assert "红烧肉" in words
    held = [word for word in words if word in ranked[0].passage.text]
    share = sum(words[word] for word in held) / sum(words.values())
    found = confidence(query, weights, ranked, passages, certain)
    bound = OTHER_THING + (1 - OTHER_THING) * ranked[0].bound
    assert share < GROUNDED
    assert found == pytest.approx(share / GROUNDED * bound)


def test_a_sentence_on_something_else_takes_from_the_probability(small: Assistant) -> None:
    certain = Answerable(Logistic(30.0, {}), Logistic(30.0, {}))
    query, weights, passages, ranked = asked(small, "渡轮的单程票价是多少？")
    likely = [
        confidence(query, weights, [replace(ranked[0], bound=bound)], passages, certain)
        for bound in (1.0, 0.5, 0.0)
    ]
    assert likely == pytest.approx([1, (1 + OTHER_THING) / 2, OTHER_THING])


def test_another_year_takes_from_the_probability(small: Assistant) -> None:
    certain = Answerable(Logistic(30.0, {}), Logistic(30.0, {}))
    likely = {}
    for year in (1957, 1958):
        query, weights, passages, ranked = asked(small, f"灯塔在{year}年怎么样了？")
        likely[year] = confidence(query, weights, ranked, passages, certain)
    assert likely[1958] == pytest.approx(1)
    assert likely[1957] <= OTHER_YEAR * likely[1958]


def test_a_question_on_something_else_is_refused_by_the_default_threshold(
    small: Assistant,
) -> None:
    threshold = small.settings.answering.min_confidence
    assert small.ask("塔吊在1987年的工资是多少？").confidence < threshold
    assert small.ask("渡轮的单程票价是多少？").confidence > threshold
