"""Figures computed from figures that were found: what is asked, and the result, exact."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Assistant
from rag.answering.compute import compute, operand
from rag.answering.extract import Derived
from rag.answering.operations import Computation, Operation, computation
from rag.types import Claim, Computed, Status, Support
from rag.wire import answer_json
from tests.answering.conftest import build


@pytest.mark.parametrize(
    ("question", "operation", "asked"),
    [
        ("2023年的营收比2022年多多少？", "difference", ["2023年的营收是多少？", "2022年的营收是多少？"]),
        ("鹭洲港2023年吞吐量较2021年减少了多少吨", "difference", ["鹭洲港2023年吞吐量是多少？", "鹭洲港2021年吞吐量是多少？"]),
        ("2023年營收是2022年的幾倍？", "ratio", ["2023年营收是多少？", "2022年营收是多少？"]),
        ("鹭洲港2023年吞吐量同比增长百分之几", "growth", ["鹭洲港2023年吞吐量是多少？", "鹭洲港2022年吞吐量是多少？"]),
        ("从2020年到2023年，吞吐量增长了多少", "growth", ["2023年吞吐量是多少？", "2020年吞吐量是多少？"]),
        ("2022年和2023年的吞吐量一共是多少", "sum", ["2022年的吞吐量是多少？", "2023年的吞吐量是多少？"]),
        ("东线和西线的客流相差多少", "difference", ["东线的客流是多少？", "西线的客流是多少？"]),
        ("东线、西线和夜线的客流合计多少人次", "sum", ["东线的客流是多少？", "西线的客流是多少？", "夜线的客流是多少？"]),
        ("维修费占总支出的比例是多少", "share", ["维修费是多少？", "总支出是多少？"]),
        ("2023年的维修费占总支出的百分之几", "share", ["2023年的维修费是多少？", "2023年的总支出是多少？"]),
        ("东线、西线和夜线哪条的客流最少", "lowest", ["东线的客流是多少？", "西线的客流是多少？", "夜线的客流是多少？"]),
        ("东站比西站多运送了多少游客？", "difference", ["东站运送了多少游客？", "西站运送了多少游客？"]),
        ("东塔比西塔高多少？", "difference", ["东塔有多高？", "西塔有多高？"]),
    ],
)  # fmt: skip
def test_what_is_computed_from_which_operands(
    question: str, operation: str, asked: list[str]
) -> None:
    found = computation(question)
    assert found is not None
    assert (found.operation.value, [part.question for part in found.parts]) == (operation, asked)


@pytest.mark.parametrize(
    "question",
    [
        "东线的客流是多少？",
        "渡轮一共有几条？",
        "2023年发电多少？",
        "比赛在哪里？",
        "为什么比去年多？",
        "",
    ],
)
def test_a_look_up_is_no_computation(question: str) -> None:
    assert computation(question) is None


def result(question: str, *said: str, above: str = "", year: int | None = None) -> Derived | None:
    """What is computed where the operands are the parts in ｛｝ of sentences."""
    asked = computation(question)
    assert asked is not None
    operands = []
    for rank, text in enumerate(said, 1):
        short = text[text.index("｛") + 1 : text.index("｝")]
        claim = Claim(text.replace("｛", "").replace("｝", ""), (rank,))
        found = operand(short, [claim], above, year)
        if found is not None:
            operands.append(found)
    return compute(asked, operands)


@pytest.mark.parametrize(
    ("question", "said", "expression", "short"),
    [
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800 万元｝。", "2022年营收｛3,200 万元｝。"),
         "4,800 − 3,200 = 1,600 万元", "1,600万元"),
        ("2022年的营收比2023年少多少？", ("2022年营收｛3,200万元｝。", "2023年营收｛1.2亿元｝。"),
         "1.2亿元 − 3,200万元 = 8,800 万元", "8,800万元"),
        ("东线和西线的运费合计多少", ("东线运费｛壹佰万元｝。", "西线运费｛500,000元｝。"),
         "壹佰万元 + 500,000元 = 150 万元", "150万元"),
        ("维修费占总支出的百分之几", ("维修费｛30万元｝。", "总支出｛1.2百万元｝。"),
         "30万元 ÷ 1.2百万元 = 25%", "25%"),
        ("鹭洲港2023年吞吐量同比增长多少", ("2023年吞吐量｛900吨｝。", "2022年吞吐量｛700吨｝。"),
         "(900 − 700) ÷ 700 ≈ 28.57%", "28.57%"),
        ("2023年的入座率比2022年高多少", ("2023年入座率｛六成｝。", "2022年入座率｛45%｝。"),
         "六成 − 45% = 15 个百分点", "15个百分点"),
        ("2023年的客流是2022年的几倍", ("2023年客流｛约9万人次｝。", "2022年客流｛3万人次｝。"),
         "9万人次 ÷ 3万人次 = 3 倍", "约3倍"),
        ("东线、西线和夜线哪条的客流最多", ("东线客流｛5万人｝。", "西线客流｛7万人｝。", "夜线客流｛900人｝。"),
         "西线 7万人 > 东线 5万人 > 夜线 900人", "西线"),
    ],
)  # fmt: skip
def test_results_are_exact_and_show_their_operands(
    question: str, said: tuple[str, ...], expression: str, short: str
) -> None:
    found = result(question, *said)
    assert found is not None
    assert (found.computed.expression, found.short) == (expression, short)
    assert found.computed.operands == tuple(range(1, len(said) + 1))
    assert expression in found.text and short in found.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。",)),
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。", "2022年客流｛3,200人｝。")),
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。", "2022年营收｛3,200美元｝。")),
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。", "2021年营收｛3,200万元｝。")),
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。", "2023年营收｛4,800万元｝。")),
        ("2023年的营收比2022年多多少？", ("2023年营收｛4,800万元｝。", "2022年营收｛3,200万-3,500万元｝。")),
        ("东线和西线的客流相差多少", ("东线客流｛5万人｝。", "夜线客流｛3万人｝。")),
        ("东线和西线的客流相差多少", ("东线客流5万人，西线客流｛3万人｝。", "西线客流｛3万人｝。")),
        ("维修费占总支出的比例", ("维修费｛30万元｝。", "总支出｛20万元｝。")),
        ("2023年的客流是2022年的几倍", ("2023年客流｛9万人｝。", "2022年客流｛0人｝。")),
        ("东线和西线哪条的客流更多", ("东线客流｛3万人｝。", "西线客流｛3万人｝。")),
    ],
)  # fmt: skip
def test_nothing_is_computed_from_other_figures(question: str, said: tuple[str, ...]) -> None:
    assert result(question, *said) is None


def test_what_stands_above_and_what_goes_in_order() -> None:
    question = "东线和西线的客流相差多少"
    both = "东线和西线的客流分别为｛5万人｝和3万人。", "东线和西线的客流分别为5万人和｛3万人｝。"
    found = result(question, *both)
    assert found is not None and found.short == "2万人"
    assert result(question, both[1], both[0]) is None
    growth = "鹭洲港2023年吞吐量同比增长多少"
    rows = "吞吐量：｛900吨｝", "2022年的吞吐量是｛700吨｝"
    assert result(growth, *rows, above="2023年报") is not None
    assert result(growth, *rows, above="2021年报") is None
    last = "吞吐量是｛900吨｝，去年是700吨", "今年是900吨，去年是｛700吨｝"
    assert result(growth, *last, above="2023年报", year=2023) is None
    this = "今年是｛900吨｝，去年是700吨", "今年是900吨，去年是｛700吨｝"
    found = result(growth, *this, year=2023)
    assert found is not None and found.short == "28.57%"


@settings(max_examples=60)
@given(
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.sampled_from(["元", "万元", "吨", "人次", "公里"]),
)
def test_difference_sum_and_ratio_come_out_as_fractions_do(a: int, b: int, unit: str) -> None:
    """Against plain arithmetic on the numbers that were written."""
    said = f"东线运量｛{a:,}{unit}｝。", f"西线运量｛{b:,}{unit}｝。"
    values = {
        "东线和西线的运量合计多少": Fraction(a + b),
        "东线和西线的运量相差多少": abs(Fraction(a - b)),
    }
    for question, expected in values.items():
        found = result(question, *said)
        assert found is not None
        assert found.computed.value == float(expected)
        assert found.computed.unit == unit
    found = result("东线的运量是西线的几倍", *said)
    assert found is not None
    assert abs(found.computed.value - a / b) <= 0.005 + 1e-9


def test_a_computation_has_two_operands_or_more() -> None:
    asked = computation("东线和西线的客流合计多少")
    assert isinstance(asked, Computation) and asked.operation is Operation.SUM
    assert compute(asked, []) is None


TEXTS = {
    "渔港.md": (
        "# 鹭洲渔港年报\n\n## 2022年\n\n2022年渔港的鱼获量为3,200吨，停靠渔船410艘。\n\n"
        "## 2023年\n\n2023年渔港的鱼获量为4,800吨，停靠渔船455艘。\n"
    ),
    "缆车.txt": "缆车运营简报\n\n东坡缆车全年运送游客12万人次。\n\n西坡缆车全年运送游客9.5万人次。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("compute"), TEXTS)


def test_a_difference_is_answered_with_both_quotations(assistant: Assistant) -> None:
    answer = assistant.ask("2023年渔港的鱼获量比2022年多多少？")
    assert (answer.status, answer.short) == (Status.ANSWERED, "1,600吨")
    first, *rest = answer.sentences
    assert first.text == "2023年比2022年多1,600吨（4,800 − 3,200 = 1,600 吨）。"
    assert [s.support for s in answer.sentences] == [Support.SUPPORTED] * 3
    assert [c.quote for c in first.citations] == [s.citations[0].quote for s in rest]
    ranks = tuple(citation.n for citation in first.citations)
    assert answer.computed == Computed("4,800 − 3,200 = 1,600 吨", 1600.0, "吨", ranks)
    assert answer_json(answer)["computed"] == {
        "expression": "4,800 − 3,200 = 1,600 吨",
        "value": 1600,
        "unit": "吨",
        "operands": list(ranks),
    }
    for rank, year in zip(ranks, ("2023年", "2022年"), strict=True):
        assert year in answer.passages[rank - 1].text


def test_a_growth_that_no_document_states_is_computed(assistant: Assistant) -> None:
    answer = assistant.ask("2023年渔港的鱼获量同比增长百分之几？")
    assert answer.short == "50%"
    assert answer.computed is not None
    assert answer.computed.expression == "(4,800 − 3,200) ÷ 3,200 = 50%"


def test_nothing_is_computed_where_an_operand_is_not_found(assistant: Assistant) -> None:
    for question in ("2023年渔港的鱼获量比2021年多多少？", "东坡缆车比北坡缆车多运送多少游客？"):
        answer = assistant.ask(question)
        assert (answer.computed, answer.short) == (None, None)
        assert answer_json(answer)["computed"] is None


def test_of_several_figures_for_an_operand_none_is_taken(tmp_path: Path) -> None:
    once = {
        "甲.txt": "旅游简报\n\n东湖景区的门票收入为300万元。\n\n西湖景区的门票收入为120万元，游客8万人。\n"
    }
    question = "东湖景区的门票收入比西湖景区多多少？"
    answer = build(tmp_path / "one", once).ask(question)
    assert (answer.short, answer.computed is not None) == ("180万元", True)
    twice = once | {"乙.txt": "旅游快报\n\n东湖景区的门票收入为310万元。\n"}
    answer = build(tmp_path / "two", twice).ask(question)
    assert (answer.short, answer.computed) == (None, None)
