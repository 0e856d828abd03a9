"""Different figures for the same thing are both said, with their documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant
from rag.wire import answer_json
from tests.answering.conftest import build

TEXTS = {
    "开工.txt": "渔港大桥开工\n\n2021年3月12日，渔港大桥举行开工仪式。渔港大桥总投资18.6亿元，预计三年完工。\n",
    "决算.txt": "渔港大桥决算\n\n2025年6月30日公告：渔港大桥实际总投资23.4亿元，比预算多。\n",
    "轻轨.txt": "轻轨简报\n\n轻轨二号线总投资20亿元，2023年开通。\n",
    "旧闻.txt": "旧闻一则\n\n渔港大桥总投资18.6亿元，此数字见于开工报道。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("differing"), TEXTS)


def test_both_figures_are_said_with_their_dates(assistant: Assistant) -> None:
    answer = assistant.ask("渔港大桥总投资是多少？")
    assert {figure.text for figure in answer.differing} == {"18.6亿元", "23.4亿元"}
    assert {answer.passages[figure.n - 1].date for figure in answer.differing} == {
        "2021-03-12",
        "2025-06-30",
    }
    notice = answer_json(answer)["notice"]
    assert "23.4亿元（渔港大桥决算，2025-06-30）" in notice
    assert "18.6亿元（渔港大桥开工，2021-03-12）" in notice
    text = "".join(sentence.text for sentence in answer.sentences)
    assert "18.6亿元" in text and "23.4亿元" in text


def test_another_thing_is_no_disagreement(assistant: Assistant) -> None:
    assert assistant.ask("轻轨二号线总投资是多少？").differing == ()


def test_only_figures_disagree(assistant: Assistant) -> None:
    assert assistant.ask("渔港大桥是什么时候开工的？").differing == ()


def test_a_rounded_figure_is_the_same(tmp_path: Path) -> None:
    texts = {
        "一.txt": "年报摘要\n\n生物公司全年净利润为40,620万元。\n",
        "二.txt": "新闻一则\n\n生物公司全年净利润为4.06亿元。\n",
    }
    assert build(tmp_path, texts).ask("生物公司全年净利润是多少？").differing == ()


def test_a_copy_with_another_date_is_told(tmp_path: Path) -> None:
    texts = {
        "一.txt": "开渔通告\n\n今年渔港的开渔节定于4月8日在东码头举行，届时渡轮免费。\n",
        "二.txt": "转载一则\n\n今年渔港的开渔节定于4月18日在东码头举行，届时渡轮免费。\n",
    }
    answer = build(tmp_path, texts).ask("今年渔港的开渔节是哪天？")
    assert sorted(figure.text for figure in answer.differing) == ["4月18日", "4月8日"]
    assert "4月8日" in answer.text and "4月18日" in answer.text


def test_figures_of_two_subjects_do_not_disagree(tmp_path: Path) -> None:
    texts = {
        "龙胆.txt": "龙胆\n\n生长于海拔400米至1,700米的地区，常生长在山坡草地与灌丛中。\n",
        "天门冬.txt": "天门冬\n\n生长于海拔500米至1,750米的地区，常生长在路旁与疏林下。\n",
    }
    assert build(tmp_path, texts).ask("龙胆生长的地区海拔多少米？").differing == ()
