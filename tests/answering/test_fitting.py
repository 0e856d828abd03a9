"""Where a sentence holds something of the kind that is asked for."""

from __future__ import annotations

import pytest

from rag.answering.fitting import fitting
from rag.answering.query import parse_query


@pytest.mark.parametrize(
    ("question", "sentence", "found"),
    [
        ("渡轮的票价是多少元？", "渡轮长30米，票价12元。", ["12元"]),
        ("渡轮的票价是多少元？", "渡轮长30米。", []),
        ("转移了多少居民？", "当晚转移居民3.1万人。", ["3.1万人"]),
        ("书店是哪一天开张的？", "书店于2021年5月3日开张。", ["2021年5月3日"]),
        ("书店是哪一天开张的？", "书店在2021年开张。", []),
        ("茶市是哪一年失火的？", "一九五八年茶市失火，烧了四十家。", ["一九五八年"]),
        ("铺子是哪一天开的？", "铺子二〇〇九年十月一日开张。", ["二〇〇九年十月一日"]),
        ("铺子是哪一天开的？", "铺子在二〇〇九年十月开张。", []),
        ("泡茶用多热的水？", "水温到八十五度正好。", ["八十五度"]),
        ("书店是谁开的？", "书店由沈砚在海边开办。", ["沈砚"]),
        ("书店是谁开的？", "书店在海边。", []),
        ("展览在哪里举办？", "展览在上海举办。", ["上海"]),
        ("展览在哪里举办？", "展览办得很好。", []),
        ("书店是哪家公司开的？", "书店由云岬疏浚公司开办。", ["云岬疏浚公司"]),
    ],
)
def test_what_is_of_the_kind_is_found_in_its_place(
    question: str, sentence: str, found: list[str]
) -> None:
    spans = fitting(parse_query(question), sentence)
    assert spans is not None
    assert [span.of(sentence) for span in spans] == found


@pytest.mark.parametrize("question", ["为什么停航？", "书店叫什么？", "渡轮怎么样？"])
def test_of_other_questions_nothing_is_known(question: str) -> None:
    assert fitting(parse_query(question), "渡轮在1999年停航，票价12元。") is None


def test_what_the_question_names_is_no_answer() -> None:
    assert fitting(parse_query("沈砚是谁？"), "沈砚是工程师。") == []
