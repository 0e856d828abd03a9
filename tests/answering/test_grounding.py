"""How much of a question stands in a text, and which of its words name and which ask."""

from __future__ import annotations

import pytest

from rag.answering.grounding import LEAST_PAIRS, asked_of_it, named, part, share
from rag.answering.query import parse_query
from rag.models.rarity import rarity


def test_a_share_is_of_the_rarity_of_the_words() -> None:
    held, lacked = rarity("渡轮"), rarity("红烧肉")
    assert share(("渡轮", "红烧肉"), "渡轮的票价") == pytest.approx(held / (held + lacked))
    assert share(("渡轮",), "渡轮") == 1
    assert share((), "渡轮") is None


def test_numbers_have_no_rarity() -> None:
    assert share(("渡轮", "2023"), "2023年的气温") == 0
    assert share(("2023",), "2023年") is None


def test_a_long_name_counts_by_its_pairs() -> None:
    assert part("金风科技", "金风科技公司") == 1
    assert part("金风科技", "金风与科技") == pytest.approx(2 / 3)
    assert part("金风科技", "科技") == 0
    assert LEAST_PAIRS > 1 / 3
    assert part("openai", "open ai") == 0


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("轻轨一号线全长多少公里？", {"一号"}),
        ("“苍鹭”登陆时的风力有几级？", {"苍鹭"}),
        ("上海的渡轮票价是多少？", {"上海"}),
        ("第四届大会有多少人参加？", {"第四届"}),
        ("渡轮的票价是多少？", set()),
    ],
)
def test_names_quotations_and_ordinals_are_named(question: str, names: set[str]) -> None:
    assert named(parse_query(question)) == names


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("公司的董事长是谁？", {"董事长"}),
        ("青梭纺织有多少名员工？", {"纺织", "员工"}),
        ("今年三月，工厂什么时候投产？", {"工厂", "投产"}),
        ("灯塔怎么样？", set()),
    ],
)
def test_what_is_asked_stands_beside_what_asks(question: str, words: set[str]) -> None:
    assert asked_of_it(parse_query(question)) == words
