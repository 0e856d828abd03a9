"""Follow-ups into questions of their own, by rule."""

from __future__ import annotations

import pytest

from rag.answering.followup import standalone


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("2020年营收是多少？", "那2021年呢？", "2021年营收是多少？"),
        ("2020年营收是多少？", "2021呢", "2021年营收是多少？"),
        ("去年营收是多少？", "那今年呢？", "今年营收是多少？"),
        ("营收是多少？", "2021年呢？", "2021年营收是多少？"),
        ("一季度营收是多少？", "那二季度的呢？", "二季度营收是多少？"),
        ("深圳的GDP是多少？", "那广州呢？", "广州的GDP是多少？"),
        ("渡轮的单程票价是多少？", "缆车呢？", "缆车的单程票价是多少？"),
        ("华为是哪一年成立的？", "它的总部在哪？", "华为的总部在哪？"),
        ("双礁大桥何时通车？", "那它花了多少钱？", "双礁大桥花了多少钱？"),
        ("双礁大桥何时通车？", "那么，它有多长？", "双礁大桥有多长？"),
        ("双礁大桥何时通车？", "那座桥有多长？", "那座桥有多长？"),
        ("谁创立了比亚迪公司？", "该公司的总部在哪？", "比亚迪公司的总部在哪？"),
        ("华为是哪一年成立的？", "其总部在哪？", "华为的总部在哪？"),
        ("《数据安全法》何时施行？", "它有多少条？", "《数据安全法》有多少条？"),
        ("白泽灯塔有多高？", "为什么？", "白泽灯塔有多高，为什么？"),
        ("What was revenue in 2020?", "What about 2021?", "What was revenue in 2021?"),
        ("Who built Baize Lighthouse?", "How high is it?", "How high is it? (Who built Baize Lighthouse?)"),
    ],
)  # fmt: skip
def test_a_follow_up(earlier: str, question: str, expected: str) -> None:
    assert standalone(question, [(earlier, "某个回答。")]) == expected


@pytest.mark.parametrize(
    "question",
    [
        "渡轮的票价是多少？",
        "其中最贵的是哪条航线？",
        "其他城市的票价是多少？",
        "谁会弹吉他？",
        "华为和其他公司比怎么样？",
    ],
)
def test_a_question_that_stands_alone_stays(question: str) -> None:
    assert standalone(question, [("2020年营收是多少？", "5亿元。")]) == question


def test_follow_ups_of_follow_ups() -> None:
    history = [("2020年中国石化的营收是多少？", "甲"), ("那2021年呢？", "乙")]
    assert standalone("中国石油呢？", history) == "2021年中国石油的营收是多少？"
    assert standalone("它的总部在哪？", history) == "中国石化的总部在哪？"


def test_without_history_nothing_changes() -> None:
    assert standalone("那2021年呢？", []) == "那2021年呢？"
