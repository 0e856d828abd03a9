"""Figures computed from figures that were found: what is asked, and the result, exact."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Assistant
from rag.answering.compute import compute
from rag.answering.extract import ComputedAnswer
from rag.answering.operands import operand
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


def result(
    question: str, *said: str, above: str = "", year: int | None = None
) -> ComputedAnswer | None:
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


@pytest.mark.parametrize(
    ("question", "operation", "asked"),
    [
        ("2021年到2023年三年渡口一共运了多少人？", "sum", ["2021年渡口运了多少人？", "2022年渡口运了多少人？", "2023年渡口运了多少人？"]),
        ("渡口2021、2022、2023三年里哪一年客流最多？", "highest", ["渡口2021年客流是多少？", "渡口2022年客流是多少？", "渡口2023年客流是多少？"]),
        ("客流从2021年到2023年增加了多少人？", "difference", ["客流2023年是多少？", "客流2021年是多少？"]),
        ("三号线的地下站比高架站少几座？", "difference", ["三号线的地下站是多少？", "三号线的高架站是多少？"]),
        ("云帆公司客船业务新签订单比货船业务多多少？", "difference", ["云帆公司客船业务新签订单是多少？", "云帆公司货船业务新签订单是多少？"]),
        ("客船部和货船部2023年的收入哪个高？", "highest", ["客船部2023年的收入是多少？", "货船部2023年的收入是多少？"]),
        ("东渡口的客流是西渡口的百分之几？", "share", ["东渡口的客流是多少？", "西渡口的客流是多少？"]),
        ("云帆公司2023年票款收入和租金一共多少？", "sum", ["云帆公司2023年票款收入是多少？", "云帆公司2023年租金是多少？"]),
        ("阿布扎比港的吞吐量比迪拜港少多少？", "difference", ["阿布扎比港的吞吐量是多少？", "迪拜港的吞吐量是多少？"]),
    ],
)  # fmt: skip
def test_more_of_what_is_asked_for_is_taken_apart(
    question: str, operation: str, asked: list[str]
) -> None:
    test_what_is_computed_from_which_operands(question, operation, asked)


BOUND = {
    "云帆年报.md": (
        "# 云帆航运公司年报\n\n## 收入\n\n单位：万元\n\n| 业务 | 2022年 | 2023年 |\n|---|---|---|\n"
        "| 客船 | 310 | 455 |\n| 货船 | 120 | 98 |\n\n"
        "## 订单\n\n公司新签订单合计900万元，比上年的700万元增长两成八，其中客船业务新签560万元，"
        "货船业务新签340万元。\n\n"
        "## 码头\n\n公司有泊位18个，其中深水泊位5个、浅水泊位13个。\n\n"
        "2020年至2022年公司的维修费分别为30万元、42万元和51万元。\n\n"
        "货运量由2019年的81万吨增至2023年的96万吨。\n"
    ),
    "渡口.txt": (
        "渡口客流简报\n\n全县有三个渡口的客流超过5万人次，其中东渡口以92万人次居首，"
        "排在第二的南渡口有61万人次。\n\n西渡口的客流突破8万人次。\n"
    ),
}


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("bound"), BOUND)


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("云帆航运公司2023年客船的收入比2022年多多少万元？", "455 − 310 = 145 万元"),
        ("云帆航运公司2023年客船和货船的收入相差多少？", "455 − 98 = 357 万元"),
        ("云帆航运公司客船业务新签订单比货船业务多多少？", "560 − 340 = 220 万元"),
        ("云帆航运公司的深水泊位比浅水泊位少几个？", "13 − 5 = 8 个"),
        ("云帆航运公司2020年到2022年维修费一共是多少？", "30 + 42 + 51 = 123 万元"),
        ("云帆航运公司的货运量从2019年到2023年增加了多少吨？", "96 − 81 = 15 万吨"),
        ("东渡口的客流比南渡口多多少人次？", "92 − 61 = 31 万人次"),
    ],
)
def test_operands_of_tables_rows_and_parts(
    bound: Assistant, question: str, expression: str
) -> None:
    answer = bound.ask(question)
    assert answer.computed is not None
    assert answer.computed.expression == expression
    assert answer.sentences[0].support is Support.SUPPORTED
    assert answer.sentences[0].citations


@pytest.mark.parametrize(
    "question",
    [
        "云帆航运公司2021年客船的收入比2023年少多少？",  # a year that no table has
        "西渡口的客流比东渡口少多少人次？",  # a bound is no figure
        "云帆航运公司客船业务的利润比货船业务多多少？",  # orders are no profit
        "海风航运公司2023年客船的收入比2022年多多少？",  # another company
        "北渡口的客流比南渡口多多少人次？",  # a place that none names
    ],
)
def test_a_figure_of_something_else_is_no_operand(bound: Assistant, question: str) -> None:
    answer = bound.ask(question)
    assert (answer.computed, answer.short) == (None, None)
    assert answer.status is not Status.ANSWERED


def test_the_operand_that_is_missing_is_named(bound: Assistant) -> None:
    answer = bound.ask("云帆航运公司2021年客船的收入比2023年少多少？")
    assert answer.status is Status.NEAREST
    assert answer.missing is not None and "“2021年”" in answer.missing
    assert "“2023年”" not in answer.missing


def test_a_label_that_is_all_that_is_asked(tmp_path: Path) -> None:
    """The label 深水泊位 is the attribute itself; 其中 stands before it without one."""
    texts = {"港.txt": "港口简报\n\n东港共有泊位18个，其中深水泊位有5个，其中浅水泊位13个。\n"}
    answer = build(tmp_path / "own", texts).ask("东港的深水泊位比浅水泊位少几个？")
    assert answer.computed is not None and answer.computed.value == 8


def test_a_clause_that_goes_on_and_latin_names(tmp_path: Path) -> None:
    texts = {
        "市场.txt": "市场快报\n\n2021年木船市场规模为34.6万元，预计2022年将达到62.2万元。\n\n"
        "Marlin 公司共有 4,800 名船员，Osprey 公司共有 1,300 名船员。\n"
    }
    assistant = build(tmp_path / "goes-on", texts)
    answer = assistant.ask("木船市场规模，2022年预计比2021年多出多少万元？")
    assert answer.computed is not None
    assert answer.computed.expression == "62.2 − 34.6 = 27.6 万元"
    answer = assistant.ask("Marlin公司的船员比Osprey公司多多少名？")
    assert answer.computed is not None and answer.computed.value == 3500
