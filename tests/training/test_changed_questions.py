"""Questions said in other words, asked of another name, for another detail."""

from __future__ import annotations

import numpy as np
import pytest

from rag.models.reader import RESERVED
from training.changed_questions import (
    LEAST_COSINE,
    Wording,
    names_of,
    other_detail,
    renamed,
)

WORDS = (*RESERVED, "票价", "价格", "渡轮", "海灯")


def _wording() -> Wording:
    own = np.array([[2, 0, 0], [2, 0.5, 0], [-2, 1, 1], [-2, -1, -1]], np.float32)
    return Wording(WORDS, np.vstack((np.zeros((len(RESERVED), 3), np.float32), own)))


def _tries(count: int = 40) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


def test_words_are_replaced_by_near_ones_or_left_out_and_names_stay() -> None:
    said = {_wording().reworded("上海渡轮的票价是多少？", random) for random in _tries()}
    assert "上海渡轮的价格是多少？" in said
    assert any("票价" not in text and "价格" not in text for text in said)
    assert all("上海" in text and "多少" in text for text in said)
    assert 0 < LEAST_COSINE < 1


def test_a_question_asks_of_another_name_of_its_sort_or_another_year() -> None:
    names = names_of(["北京的天气", "渡轮的票价"])
    assert renamed("上海的票价是多少？", names, np.random.default_rng(0)) == "北京的票价是多少？"
    years = {renamed("2021年的票价是多少？", names, random) for random in _tries()}
    assert None not in years
    assert len(years) > 3
    assert "2021年的票价是多少？" not in years
    assert renamed("票价是多少？", names, np.random.default_rng(0)) is None


def test_a_question_asks_for_another_detail_of_its_topic() -> None:
    found = [other_detail("海灯渡轮的票价是多少？", random) for random in _tries()]
    texts = {detail.text for detail in found if detail is not None}
    assert len(texts) > 5
    assert all(text.startswith("海灯渡轮的票价") and text.endswith("？") for text in texts)
    assert all(detail and detail.words for detail in found)


@pytest.mark.parametrize("question", ["谁来了？", "请说说这件事。"])
def test_without_a_topic_there_is_no_other_detail(question: str) -> None:
    assert other_detail(question, np.random.default_rng(0)) is None
