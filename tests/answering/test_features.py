"""How far words, periods and numbers of a question stand near a sentence."""

import math

import pytest

from rag.answering.features import (
    agreement,
    beside_rivals,
    compounded,
    held,
    least_held,
    ordinals,
    share,
)
from rag.retrieval.analysis import analyse
from rag.retrieval.query import parse_query
from rag.text.quantities import Period, dates


@pytest.mark.parametrize(
    ("word", "text", "value"),
    [
        ("净利润", "归母净利润下降", 1.0),
        ("营收", "营业收入增长", 0.7),
        ("国开行", "国家开发银行", 0.7),
        ("员工", "收入", 0.0),
        ("mini", "minimum", 1.0),
        ("ab", "a.b", 0.0),
    ],
)
def test_held(word: str, text: str, value: float) -> None:
    assert held(word, text) == value


def test_half_of_a_long_word_counts_in_part() -> None:
    assert 0 < held("金风科技", "金风与园区") < 0.7


def test_shares_are_by_weight_and_tell_what_is_missing_most() -> None:
    assert share([("利润", 3.0), ("船厂", 1.0)], "利润") == (0.75, 1.0)
    assert all(map(math.isnan, share([], "利润")))
    assert least_held(("甲乙", "丙丁"), "甲乙") == 0.0
    assert math.isnan(least_held((), "甲乙"))


def periods(text: str) -> tuple[Period, ...]:
    return dates(text)


@pytest.mark.parametrize(
    ("asked", "near", "value"),
    [
        ("2022年", ["2022年", ""], 1.0),
        ("2022年", ["", "2022年"], 0.9),
        ("2022年", ["2021年"], -1.0),
        ("2022年", ["2022年上半年"], 0.6),
        ("2022年上半年", ["2022年"], 0.5),
        ("2022年上半年", ["2022年下半年"], -1.0),
        ("3月31日", ["6月30日"], -1.0),
        ("2022年", [""], 0.0),
    ],
)
def test_periods_agree_or_do_not(asked: str, near: list[str], value: float) -> None:
    assert agreement(periods(asked), [periods(text) for text in near], None) == pytest.approx(value)


def test_no_period_asked_for_is_unknown() -> None:
    assert math.isnan(agreement((), [periods("2022年")], None))


@pytest.mark.parametrize(
    ("text", "value"), [("第7届展会", 1.0), ("第8届展会", -1.0), ("展会", 0.0)]
)
def test_another_of_a_row_is_worse_than_none(text: str, value: float) -> None:
    assert ordinals(analyse(parse_query("第七届展会有多大？")), text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("养老机器人市场的规模为90亿元", 1.0),
        ("该模型参数规模为90亿", -1.0),
        ("规模很大", 0.0),
        ("参数规模90亿，市场规模90亿元", 1.0),
    ],
)
def test_an_attribute_of_two_nouns_is_not_that_of_another_first_noun(
    text: str, value: float
) -> None:
    assert compounded(analyse(parse_query("养老机器人的市场规模有多大")), text) == value


def test_a_lead_is_over_the_best_other() -> None:
    rows = [{"a": 3.0}, {"a": 1.0}, {"a": math.nan}]
    beside_rivals(rows, ("a",))
    assert [row["a_lead"] for row in rows[:2]] == [2.0, -2.0]
    assert math.isnan(rows[2]["a_lead"])
    alone = [{"a": 1.0}]
    beside_rivals(alone, ("a",))
    assert alone[0]["a_lead"] == 5.0
    near = [{"d": 1.0}, {"d": 4.0}]
    beside_rivals(near, ("d",), least=("d",))
    assert [row["d_lead"] for row in near] == [3.0, -3.0]
