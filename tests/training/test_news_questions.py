from __future__ import annotations

import numpy as np

from rag.text.normalize import squeeze
from training.news_questions import LONGEST, SHORTEST, news_questions

ARTICLES = [
    f"海灯市港务局今天公布了上半年的数据，码头一片忙碌。此外，海灯市港口上半年共运送货物{n}万吨，"
    f"比上年同期增长{n % 30}.5%。港务局计划在20{n % 30 + 10}年建成第二座灯塔，由《海灯港规划》确定。"
    for n in range(100, 140)
]


def test_the_answer_stands_in_the_passage_and_not_in_the_question() -> None:
    made = list(news_questions(ARTICLES, np.random.default_rng(4)))
    assert len(made) > len(ARTICLES) // 2
    for question in made:
        assert question.passage.startswith(question.answer, question.start)
        assert squeeze(question.answer) not in squeeze(question.text)
        assert SHORTEST <= len(question.text) <= LONGEST
        assert question.text.endswith("？")
        assert any(word in question.text for word in ("多少", "哪一年", "什么"))


def test_the_same_seed_makes_the_same_questions() -> None:
    first, again = (list(news_questions(ARTICLES, np.random.default_rng(4))) for _ in range(2))
    assert first == again


def test_nothing_is_made_of_bylines() -> None:
    assert not list(
        news_questions(
            ["海灯市8月16日消息，本报记者来到了码头，这里有船三千艘。"], np.random.default_rng(0)
        )
    )
