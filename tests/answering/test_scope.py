"""Whose figure a sentence gives: the names of a question, and where they stand around a sentence."""

from __future__ import annotations

import pytest

from rag import Assistant
from rag.retrieval.entities import Around, asked_names, bound, surely_named
from rag.types import Status
from rag.wire import remark_text
from tests.answering.conftest import build

REPORT = (
    "# 船厂比较\n\n## 一、重点企业\n\n### （一）海鳐船舶\n\n海鳐船舶造渡轮，总部在澜湾。\n\n"
    "#### 经营情况\n\n2023年，公司实现营业收入41.2亿元，同比增长6%。\n\n"
    "### （二）白沙船厂\n\n白沙船厂造拖轮，总部在渔港。\n\n"
    "#### 经营情况\n\n2023年，公司实现营业收入9.7亿元，同比增长2%。\n"
)
CITIES = {
    "成都.txt": "成都外贸\n\n2023年，成都市一般贸易增长16.2%，外贸进出口总额7489.8亿元。\n",
    "重庆.txt": "重庆外贸\n\n2023年，重庆市外贸进出口总额7137.4亿元，居西部第二位。\n",
    "汽车.txt": (
        "汽车出口\n\n2023年，中国汽车出口491万辆，位居全球第一。\n\n"
        "研报显示，2023年中国出口到墨西哥的汽车为41.5万辆。\n"
    ),
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("scope"), {"比较.md": REPORT, **CITIES})


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("西安2023年外贸总额是多少？", ["西安"]),
        ("歌尔2022年赚了多少钱", ["歌尔"]),
        ("OpenAI的年收入是多少？", ["openai"]),
        ("2021年农业科技的风险投资有多大规模？", []),
        ("AI行业的IPO有多少？", []),
    ],
)
def test_the_names_in_a_question(question: str, names: list[str]) -> None:
    assert [name.text for name in asked_names(question)] == names


def test_only_what_the_dictionary_knows_is_surely_a_name() -> None:
    assert surely_named("西安的外贸总额？") == ("西安",)
    assert surely_named("歌尔的营业收入？") == ()


def test_a_name_holds_from_above_from_its_article_and_from_its_section() -> None:
    asked, said = "瓦森纳的营业收入？", ["公司营业收入9亿元。"]
    assert bound(asked, said, Around("（一）瓦森纳")) == [1.0]
    assert bound(asked, said, Around("经营情况", article="瓦森纳造船。")) == [1.0]
    assert bound(asked, said, Around("经营情况", section="瓦森纳造船。")) == [1.0]
    assert bound(asked, said, Around("（二）白沙")) == [0.0]


def test_a_place_does_not_hold_for_its_neighbour() -> None:
    asked, said = "西安的外贸总额？", ["成都外贸总额7亿元。", "同比增长2%。"]
    assert bound(asked, said, Around("", section="西安外贸总额5亿元。")) == [0.0, 0.0]
    assert bound(asked, ["西安外贸5亿元。", *said], Around("")) == [1.0, 1.0, 1.0]
    assert bound(asked, [*said, "西安外贸5亿元。"], Around("")) == [0.3, 1.0, 1.0]
    assert bound(asked, [*said, "西安外贸5亿元。"], Around(""), figures=False) == [1.0] * 3


@pytest.mark.parametrize(
    ("company", "right", "wrong"),
    [("海鳐船舶", "41.2亿元", "9.7"), ("白沙船厂", "9.7亿元", "41.2")],
)
def test_the_figure_under_the_heading_of_the_company_that_is_asked_for(
    assistant: Assistant, company: str, right: str, wrong: str
) -> None:
    answer = assistant.ask(f"{company}2023年的营业收入是多少？")
    assert answer.status is Status.ANSWERED and right in answer.text
    assert wrong not in answer.text and answer.short in (None, right)


def test_a_figure_of_another_place_is_no_short_answer_and_is_told(assistant: Assistant) -> None:
    answer = assistant.ask("西安2023年外贸进出口总额是多少？")
    assert answer.short is None
    assert answer.status is not Status.ANSWERED or "引文没有提到：西安" in [
        remark_text(remark) for remark in answer.remarks
    ]


def test_the_figure_of_the_place_that_is_asked_for_alone(assistant: Assistant) -> None:
    answer = assistant.ask("成都2023年外贸总额是多少？")
    assert "7489.8亿元" in answer.text
    assert answer.short in (None, "7489.8亿元")  # not the 16.2% before it
    assert "重庆" not in answer.text and answer.remarks == ()


def test_a_whole_country_is_not_its_exports_to_one_other(assistant: Assistant) -> None:
    answer = assistant.ask("2023年中国汽车出口了多少辆？")
    assert "491万辆" in answer.text and "墨西哥" not in answer.text
