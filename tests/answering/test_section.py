"""Lists whose items were not found themselves: headings, and items in the chunks beside a hit."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant
from tests.answering.conftest import build


def filling(of: str) -> str:
    """A text of some length that stands nowhere else: what repeats is not read twice."""
    return "".join(
        f"{of}由第{i}科室按月核对，结果张贴在{i}号码头的布告栏里，船员和市民都可以查阅。"
        for i in range(1, 8)
    )


TASKS = ("疏浚航道", "更新浮标", "改造仓库", "培训引航员")
REPORT = (
    "# 港务局年报\n\n## 一、港区来年四大重点任务\n\n港务局的会议部署了来年的四大重点任务。\n\n"
    + "".join(f"### {task}\n\n{filling(task)}\n\n" for task in TASKS)
    + "## 二、拖轮队\n\n### 人员\n\n拖轮队有三十人。\n\n### 船只\n\n拖轮队有五条船。\n"
)
STEPS = "灯塔检修办法\n\n灯塔检修按下列三个步骤进行。\n\n" + "".join(
    f"{mark}是{step}。{filling(step)}\n\n"
    for mark, step in (("一", "断电并挂牌"), ("二", "拆洗透镜"), ("三", "试灯一小时"))
)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("section")
    return build(folder, {"年报.md": REPORT, "检修.txt": STEPS})


@pytest.mark.parametrize(
    "question",
    ["港区来年四大重点任务是啥？", "港区来年有哪些重点任务？", "港区来年的重点任务列一下"],
)
def test_the_headings_under_what_is_asked_about_are_the_list(
    assistant: Assistant, question: str
) -> None:
    answer = assistant.ask(question)
    said = [sentence.text for sentence in answer.sentences]
    assert [text for text in said if text in TASKS] == list(TASKS)
    assert not {"人员", "船只"} & set(said)
    assert all(s.citations[0].quote == s.text for s in answer.sentences)


def test_items_in_the_chunks_beside_are_said_in_their_order(assistant: Assistant) -> None:
    answer = assistant.ask("灯塔检修有哪三个步骤？")
    places = [answer.text.find(step) for step in ("挂牌", "透镜", "试灯")]
    assert -1 not in places and places == sorted(places)


def test_what_belongs_to_a_list_comes_after_the_hits(assistant: Assistant) -> None:
    k = assistant.settings.retrieval.k
    question = "灯塔检修有哪三个步骤？"
    answer, found = assistant.ask(question), assistant.search(question)
    assert [p.span for p in answer.passages[: len(found)]] == [p.span for p in found]
    assert [p.rank for p in answer.passages] == list(range(1, len(answer.passages) + 1))
    assert len(found) <= k


def test_another_number_of_headings_is_no_answer(tmp_path: Path) -> None:
    answer = build(tmp_path, {"年报.md": REPORT}).ask("港区来年七大重点任务是什么？")
    assert not set(TASKS) <= {sentence.text for sentence in answer.sentences}
