"""What is taken away of a turn: what differs, what came nearest, what was thought of it."""

from __future__ import annotations

from dataclasses import replace

from rag.page.markdown import turn_text
from rag.page.messages import messages
from rag.page.turn import Feedback, Turn, Verdict
from rag.types import Figure
from tests.fakes_page import answer, refusal

ANSWERED = Turn("营业收入是多少？", sentences=answer().sentences, answer=answer())


def test_what_differs_and_was_searched_for_stands_before_the_answer() -> None:
    figures = (Figure("112 亿元", 2), Figure("118 亿元", 3))
    value = replace(answer(), searched="2023年呢？", notice="模型没有回应。", differing=figures)
    question, searched, notice, differing, *_ = turn_text(replace(ANSWERED, answer=value)).split(
        "\n\n"
    )
    assert (question, searched) == ("营业收入是多少？", "按“2023年呢？”查找")
    assert (notice, differing) == ("模型没有回应。", "资料里的数字不一致：112 亿元[2]、118 亿元[3]")


def test_a_refusal_names_the_nearest_passages() -> None:
    lines = turn_text(Turn("火星？", answer=refusal())).splitlines()
    assert lines[2:6:2] == [refusal().text, "最接近的段落，供参考："]
    assert lines[6:] == [
        "- [1] 年度报告之1（reports/1.txt，第 12 页，第 120–124 行）",
        "- [2] 年度报告之2（reports/2.txt，第 120–124 行）",
        "- [3] 年度报告之3（reports/3.txt，第 120–124 行）",
    ]


def test_what_was_thought_of_it_stands_at_the_end() -> None:
    judged = ANSWERED.rated(Feedback(Verdict.BAD, "年份不对"))
    assert turn_text(judged).endswith("\n\n评价：有误：年份不对")
    assert turn_text(judged, messages("en")).endswith("\n\nJudged: Wrong: 年份不对")
    assert turn_text(ANSWERED.rated(Feedback(Verdict.GOOD))).endswith("\n\n评价：有用")
