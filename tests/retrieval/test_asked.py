"""What a question asks."""

import pytest

from rag.retrieval.analysis import Asked, analyse, ordinals_in
from rag.retrieval.query import parse_query
from rag.text.numbers import UnitClass


def asked(question: str) -> Asked:
    return analyse(parse_query(question))


@pytest.mark.parametrize(
    ("question", "measures"),
    [
        ("这座桥花了多少钱？", {UnitClass.MONEY}),
        ("云台公司2023年的净利润是多少？", {UnitClass.MONEY}),
        ("新船有多长？", {UnitClass.LENGTH}),
        ("工期要多久？", {UnitClass.DURATION}),
        ("一共招了多少名船员？", {UnitClass.COUNT}),
        ("木箱重多少公斤？", {UnitClass.MASS}),
        ("云台港的编号是多少？", set()),
    ],
)
def test_the_measure_of_a_number(question: str, measures: set[UnitClass]) -> None:
    assert asked(question).measures == measures


def test_a_share_may_be_given_in_points_or_times() -> None:
    assert {UnitClass.SHARE, UnitClass.POINTS} <= asked("市场占比提高了多少？").measures


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("《海鳐》这本书卖多少钱", ("海鳐",)),
        ("Model Y 的续航是多少？", ("modely",)),
        ("浙江有多少个码头？", ("浙江",)),
        ("码头有多少个？", ()),
        ("What was the net profit of the plant?", ()),
        ("How much did New Harbor 2 cost?", ("newharbor2",)),
    ],
)
def test_names(question: str, names: tuple[str, ...]) -> None:
    assert asked(question).names == names


def test_what_tells_one_of_a_row_from_the_others() -> None:
    assert asked("第十二届展会有多少人参展？").ordinals == ("12届",)
    assert asked("二号线哪天开通？").ordinals == ("2号",)
    assert ordinals_in("第12届和第3期") == {"12届", "3期"}


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("2021年卖了多少？", [2021]),
        ("21年卖了多少？", [2021]),
        ("21年来卖了多少？", []),
        ("工期20年够吗？", [2020]),
    ],
)
def test_periods(question: str, years: list[int]) -> None:
    assert [period.year for period in asked(question).periods if period.year] == years


def test_the_attribute_stands_beside_what_asks() -> None:
    assert asked("这家公司的净利润是多少？").attribute == ("净利润",)
    assert asked("谁是会长？").attribute == ("会长",)


@pytest.mark.parametrize(
    ("question", "who", "where", "body"),
    [
        ("会长是谁？", True, False, False),
        ("工厂在哪里？", False, True, False),
        ("哪家公司中标了？", False, False, True),
    ],
)
def test_the_sort_of_a_name(question: str, who: bool, where: bool, body: bool) -> None:
    found = asked(question)
    assert (found.who, found.where, found.body) == (who, where, body)


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("青岑上半年接待多少游客", "青岑"),  # a verb to the dictionary
        ("2023年渡轮公司亏了多少？", "渡轮"),
        ("为什么渡轮要停航", "渡轮"),
        ("谁是云台港的站长？", "云台"),
        ("大模型市场规模有多大", "大模型"),
        ("哪年通车的？", "通车"),
        ("How many ferries are there?", ""),
    ],
)
def test_the_word_that_a_question_opens_with(question: str, subject: str) -> None:
    assert asked(question).subject == subject


def test_two_joined_nouns_before_what_asks_are_one_attribute() -> None:
    assert analyse(parse_query("养老机器人的市场规模有多大")).compound == ("市场", "规模")
    assert analyse(parse_query("这座桥有多长？")).compound == ()
