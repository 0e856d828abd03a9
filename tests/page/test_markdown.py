"""What is taken away of a turn: what differs, what came nearest, what was thought of it."""

from __future__ import annotations

from dataclasses import replace

from rag.i18n import messages
from rag.page.turns import Feedback, Judgement, Turn, turn_text
from rag.types import Figure, Remark, RemarkKind
from tests.fakes_page import answer, refusal

REMARKS = (
    Remark(RemarkKind.ASKED_YEAR, ("2021", "2023"), 2),
    Remark(RemarkKind.WITHHELD, ("2",)),
)
ANSWERED = Turn("营业收入是多少？", sentences=answer().sentences, answer=answer())


def test_what_differs_and_was_searched_for_stands_before_the_answer() -> None:
    figures = (Figure("112 亿元", 2), Figure("118 亿元", 3))
    value = replace(answer(), searched="2023年呢？", remarks=REMARKS, differing=figures)
    turn = replace(ANSWERED, answer=value)
    question, searched, year, withheld, differing, *_ = turn_text(turn).split("\n\n")
    assert (question, searched) == ("营业收入是多少？", "按“2023年呢？”查找")
    assert year == "问的是2021年，引文说的是2023年。[2]"
    assert withheld == "严格模式：模型写的 2 句话没有出处支持，没有显示。"
    assert differing == "资料里的数字不一致：112 亿元[2]、118 亿元[3]"
    english = turn_text(turn, messages("en"))
    assert "The question is about 2021, the quotation about 2023.[2]" in english
    assert "(partly supported: the figure 118 亿元 is not in the quotation)" in english


def test_a_refusal_names_the_nearest_passages() -> None:
    lines = turn_text(Turn("火星？", answer=refusal())).splitlines()
    assert lines[2:6:2] == ["没有找到能回答这个问题的依据。", "最接近的段落，供参考："]
    assert lines[6:] == [
        "- [1] 年度报告之1（reports/1.txt，第 12 页，第 120–124 行）",
        "- [2] 年度报告之2（reports/2.txt，第 120–124 行）",
        "- [3] 年度报告之3（reports/3.txt，第 120–124 行）",
    ]


def test_what_was_thought_of_it_stands_at_the_end() -> None:
    judged = ANSWERED.rated(Feedback(Judgement.BAD, "年份不对"))
    assert turn_text(judged).endswith("\n\n评价：有误：年份不对")
    assert turn_text(judged, messages("en")).endswith("\n\nJudged: Wrong: 年份不对")
    assert turn_text(ANSWERED.rated(Feedback(Judgement.GOOD))).endswith("\n\n评价：有用")
