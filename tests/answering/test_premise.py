"""What a question takes for granted and the documents contradict is said, with the passage."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant, Index, Settings
from rag.types import Remark, RemarkKind
from rag.wire import remark_text
from tests.answering.conftest import build
from tests.chat_server import Reply, serve

# A question with a false premise, what is said of it, and the same question with the true one.
PAIRS = [
    ("海鳐船舶2023年净利润为什么增长？", "引文说的是“下降”", "海鳐船舶2023年净利润为什么下降？"),
    (
        "海鳐船舶2023年的营业收入为什么下降？",
        "引文说的是“增长”",
        "海鳐船舶2023年的营业收入为什么增长？",
    ),
    (
        "潮汐电站2024年发电量增加的原因是什么？",
        "问题说“增加”",
        "潮汐电站2024年发电量减少的原因是什么？",
    ),
    (
        "2024年潮汐电站的设备维护支出减少了多少？",
        "引文说的是“增加”",
        "2024年潮汐电站的设备维护支出增加了多少？",
    ),
    (
        "海鳐船舶3,000人的员工里有多少研发人员？",
        "引文说的是2,316 人",
        "海鳐船舶2,316人的员工里有多少研发人员？",
    ),
    (
        "镍价下跌怎样影响了海鳐船舶的电池成本？",
        "引文说的是“上涨”",
        "镍价上涨怎样影响了海鳐船舶的电池成本？",
    ),
    ("海鳐船舶2021年交付了多少艘船舶？", "问的是2021年", "海鳐船舶2023年交付了多少艘船舶？"),
]


@pytest.fixture(scope="module")
def assistant(sample: Index) -> Assistant:
    return Assistant(sample)


@pytest.mark.parametrize(("wrong", "told", "right"), PAIRS)
def test_a_false_premise_is_said_and_a_true_one_is_not(
    assistant: Assistant, wrong: str, told: str, right: str
) -> None:
    answer = assistant.ask(wrong)
    (remark,) = answer.remarks
    assert told in remark_text(remark)
    assert remark.n in {citation.n for s in answer.sentences for citation in s.citations}
    assert assistant.ask(right).remarks == ()


def test_someone_else_holds_the_office(tmp_path: Path) -> None:
    texts = {"港务.txt": "港务简报\n\n渔港港务局局长李建国昨日宣布，东航道今年疏浚，工期四个月。\n"}
    assistant = build(tmp_path, texts)
    (remark,) = assistant.ask("港务局局长王小明宣布疏浚哪条航道？").remarks
    assert remark == Remark(RemarkKind.ASKED_HOLDER, ("局长", "王小明", "李建国"), 1)
    assert assistant.ask("港务局局长李建国宣布疏浚哪条航道？").remarks == ()


def test_a_question_that_leaves_it_open_presupposes_nothing(assistant: Assistant) -> None:
    assert assistant.ask("海鳐船舶2023年净利润是增长还是下降？").remarks == ()


def test_it_is_told_to_a_chat_model_and_with_its_answer(tmp_path: Path) -> None:
    texts = {"年报.txt": "海鳐船舶年报\n\n2023年，海鳐船舶的净利润为3亿元，同比下降4%。\n"}
    index = build(tmp_path, texts).index
    with serve(Reply(["净利润其实下降了4%。[1]"])) as server:
        chat = server.settings().model_dump()
        assistant = Assistant(index, Settings.model_validate({"chat": chat}))
        answer = assistant.ask("海鳐船舶2023年净利润为什么增长？")
        assistant.ask("海鳐船舶2023年的净利润是多少？")
    (remark,) = answer.remarks
    assert remark.kind is RemarkKind.ASKED_DIRECTION
    with_note, without = server.prompts()
    assert "问题说“增长”，引文说的是“下降”[1]。" in with_note.partition("问题：")[2]
    assert "按规则把问题与段落核对" in with_note
    assert "按规则把问题与段落核对" not in without
