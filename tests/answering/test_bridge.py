"""Questions of two steps: the answer to the first goes into the second."""

from __future__ import annotations

import pytest

from rag import Assistant
from rag.retrieval.decomposition import bridge, name_for
from rag.types import Status, Support
from tests.answering.conftest import build

TEXTS = {
    "公司.txt": (
        "鲸歌科技简介\n\n鲸歌科技成立于2013年，做水下录音。鲸歌科技由周砚秋创办，他至今担任董事长。\n\n"
        "鲸歌科技的母公司是远帆集团股份有限公司。\n"
    ),
    "人物.txt": (
        "人物：周砚秋\n\n周砚秋出生于1979年，毕业于澜湾海洋大学声学系。\n\n"
        "毕业后，周砚秋先在渔港的灯塔工作了三年。\n"
    ),
    "集团.txt": "远帆集团\n\n远帆集团股份有限公司的总部位于北岬市灯塔路。\n",
    "别人.txt": "人物：林岸\n\n林岸毕业于南屿大学，出生于1981年。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("bridge"), TEXTS)


@pytest.mark.parametrize(
    ("question", "first", "then"),
    [
        ("谁是鲸歌的CEO，他毕业于哪所大学？", "谁是鲸歌的CEO？", "甲毕业于哪所大学？"),
        ("收购鲸歌的是哪家公司，其总部在哪里？", "收购鲸歌的是哪家公司？", "甲的总部在哪里？"),
        ("鲸歌科技的创始人毕业于哪所大学", "鲸歌科技的创始人是谁？", "甲毕业于哪所大学"),
        ("鲸歌的母公司总部在哪里？", "鲸歌的母公司是哪家公司？", "甲总部在哪里？"),
        ("创办鲸歌的那位教授，出生在哪里", "创办鲸歌的是谁？", "甲出生在哪里"),
        ("创办鲸歌的教授是在哪里出生的？", "创办鲸歌的教授是谁？", "甲是在哪里出生的？"),
        ("收购鲸歌的公司是哪年成立的", "收购鲸歌的公司是哪家公司？", "甲是哪年成立的"),
    ],
)
def test_two_steps(question: str, first: str, then: str) -> None:
    step = bridge(question)
    assert step is not None and (step.first, step.then("甲")) == (first, then)


@pytest.mark.parametrize(
    "question",
    [
        "鲸歌的创始人是谁？",
        "鲸歌的董事长叫什么名字？",
        "渡轮的票价是多少，它何时停航？",
        "新规是哪年出台的，由谁执行？",
        "海上夫人写于哪一年？",
        "创办鲸歌的教授是谁？",
        "长期的公司在哪里？",
        "与银行联手推出的那款贷款叫什么名字？",
    ],
)
def test_one_step(question: str) -> None:
    assert bridge(question) is None


def test_where_a_person_is_asked_for_the_name_is_a_persons() -> None:
    step = bridge("谁是鲸歌的CEO，他毕业于哪所大学？")
    assert step is not None
    assert name_for(step, "音乐科技公司", ["专访创始人兼CEO叶滨"]) == "叶滨"
    assert name_for(step, "音乐科技公司", ["专访"]) is None


@pytest.mark.parametrize(
    ("question", "searched", "short"),
    [
        (
            "鲸歌科技的创始人毕业于哪所大学？",
            "鲸歌科技的创始人是谁？；周砚秋毕业于哪所大学？",
            "澜湾海洋大学",
        ),
        (
            "谁创办了鲸歌科技，他出生于哪一年？",
            "谁创办了鲸歌科技？；周砚秋出生于哪一年？",
            "1979年",
        ),
    ],
)
def test_the_second_step_is_answered(
    assistant: Assistant, question: str, searched: str, short: str
) -> None:
    answer = assistant.ask(question)
    assert answer.searched == searched
    assert short in answer.text
    assert answer.short is None or short in answer.short  # one that is not sure is not shown
    assert "鲸歌科技" in answer.text and "林岸" not in answer.text


def test_the_second_step_on_a_company(assistant: Assistant) -> None:
    answer = assistant.ask("鲸歌科技的母公司总部在哪里？")
    assert answer.searched.startswith("鲸歌科技的母公司是哪家公司？；远帆集团")
    assert "北岬市" in answer.text


def test_without_a_name_the_question_is_asked_as_it_is(assistant: Assistant) -> None:
    assert assistant.ask("玳瑁影业的导演毕业于哪所大学？").searched == ""


def test_what_is_not_found_is_said_beside_what_is(assistant: Assistant) -> None:
    answer = assistant.ask("鲸歌科技是谁创办的，船票多少钱一张？")
    assert answer.status is Status.ANSWERED and answer.short is None
    assert "周砚秋" in answer.text
    last = answer.sentences[-1]
    assert (last.support, last.citations) == (Support.NONE, ())
    assert last.text.startswith("没有找到") and "船票多少钱一张" in last.text
