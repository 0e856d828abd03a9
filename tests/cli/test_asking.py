"""What a person reads after `rag search` and `rag ask`."""

from __future__ import annotations

from dataclasses import replace

from rag.cli.ask import show_answer, show_passages
from rag.cli.terminal import Terminal
from rag.types import Remark, RemarkKind, Support
from tests.fakes_page import answer, passage, refusal

PIPE = Terminal(width=None, colour=False)
SCREEN = Terminal(width=60, colour=True)


def test_an_answer_names_each_quotation_and_its_place() -> None:
    shown = show_answer(answer(), PIPE).split("\n")
    assert shown[0] == "32,122 亿元"
    assert shown[2] == (
        "二〇二三年公司实现营业收入 32,122 亿元，同比下降 3.2%。[1]"
        "全年研发投入 118 亿元。[2]（部分支持：引文里没有数字 118 亿元）"
        "研发人员逐年增加。（无依据：检索到的段落里没有这句话的依据）"
    )
    assert shown[4:6] == [
        "[1] 年度报告之1  2023-12-31",
        "    reports/1.txt · 第 12 页 · 第 120–124 行 · 第三节 管理层讨论 · 一、经营情况",
    ]
    assert shown[6] == (
        "    「二〇二三年公司实现营业收入 32,122 亿元，同比下降 3.2%。」其中炼油板块毛利为 353 元/吨。"
    )
    assert shown[8] == "[2] 年度报告之2  2023-12-31（推断）"
    assert shown[-1] == "    同文另见：mirror/2.txt"


def test_a_heading_stands_on_a_line_of_its_own() -> None:
    plain = answer()
    first, *rest = plain.sentences
    lead = replace(first, text="标题：", support=Support.NONE, reason=None, citations=())
    shown = show_answer(replace(plain, sentences=(lead, replace(first, text="总则"), *rest)), PIPE)
    assert shown.split("\n")[2:5] == [
        "标题：",
        "总则[1]",
        (
            "全年研发投入 118 亿元。[2]（部分支持：引文里没有数字 118 亿元）"
            "研发人员逐年增加。（无依据：检索到的段落里没有这句话的依据）"
        ),
    ]


def test_a_screen_marks_the_quotation() -> None:
    shown = show_answer(answer(), SCREEN)
    assert "\x1b[1;33m「年报称全年研发投入 112 亿元。」\x1b[0m" in shown
    assert "\x1b[33m（部分支持：" in shown


def test_a_refusal_shows_the_nearest_passages() -> None:
    shown = show_answer(refusal(), PIPE)
    assert shown.startswith("资料中没有找到能够回答这个问题的依据。\n\n最接近的段落：\n\n 1  ")
    assert "最接近的第3段文字。" in shown
    assert "最接近的第4段文字。" not in shown


def test_explain_names_the_parts_of_the_score() -> None:
    shown = show_passages([passage(1, "文字。")], PIPE, explain=True)
    assert shown.split("\n")[-2:] == [
        "    words 12.5000（第 1 名）",
        "    vectors 0.7000（未入选）",
    ]


def test_unknown_places_are_left_out() -> None:
    shown = show_passages(
        [passage(1, "文字。", page=None, lines=(7, 7), date=None, headings=(), lead=("单位：元",))],
        PIPE,
    )
    assert shown.split("\n") == [
        " 1  年度报告之1    1.000",
        "    reports/1.txt · 第 7 行",
        "    承前：单位：元",
        "    文字。",
    ]


def test_no_hit_is_said() -> None:
    assert show_passages([], PIPE) == "没有找到相关段落。"


def test_how_an_answer_was_made_stands_before_it() -> None:
    made = replace(
        answer(), remarks=(Remark(RemarkKind.WITHHELD, ("2",)),), searched="2021年营收是多少？"
    )
    assert show_answer(made, PIPE).startswith(
        "严格模式：模型写的 2 句话没有出处支持，没有显示。\n\n按“2021年营收是多少？”检索\n\n32,122 亿元\n\n"
    )
