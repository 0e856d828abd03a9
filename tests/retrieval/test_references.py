"""The article that is asked for, in whatever form it is named, comes before its mentions."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant, Index
from rag.retrieval.references import Reference, holds, references


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("第十二条规定了什么？", [("条", 12)]),
        ("第12条的内容", [("条", 12)]),
        ("第１２条第二款说了什么", [("条", 12)]),
        ("条例十二条规定什么", [("条", 12)]),
        ("第一百零三条之一是什么", [("条", 103, 1)]),
        ("第三章讲什么？", [("章", 3)]),
        ("第三章第二节的内容", [("章", 3), ("节", 2)]),
        ("标准第5.2.1条要求什么", [("", 5, 2, 1)]),
        ("12.3款怎么约定？", [("", 12, 3)]),
        ("条款12.3怎么约定", [("", 12, 3)]),
        ("What does Article 12 say?", [("条", 12)]),
        ("Clause 12.3 of the contract", [("", 12, 3)]),
        ("第一条高铁什么时候开通？", []),
        ("增长12.3亿元的是谁？", []),
        ("比上年增长12.3%的原因", []),
    ],
)
def test_what_a_question_names(question: str, expected: list[tuple[object, ...]]) -> None:
    assert [(one.unit, *one.number) for one in references(question)] == expected


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("第十二条 港口每日开放。", 1.0),
        ("第12条　港口每日开放。", 1.0),
        ("第十一条 码头。\n第十二条 港口每日开放。", 1.0),
        ("第十二条：港口每日开放。", 1.0),
        ("违反本条例第十二条的，处罚款。", 0.0),
        ("第十二条规定的港口，每日开放。", 0.0),
        ("第十二条之一 港口夜间关闭。", 0.0),
        ("第一百一十二条 港口。", 0.0),
        ("Article 12 The port is open.", 1.0),
    ],
)
def test_what_begins_in_a_passage(text: str, share: float) -> None:
    assert holds([Reference("条", (12,))], (), text) == share


def test_decimal_clauses_and_headings() -> None:
    clause = [Reference("", (12, 3))]
    assert holds(clause, (), "12.3 乙方应当按期交货。") == 1.0
    assert holds(clause, (), "12.3.1 乙方应当按期交货。\n12.30 甲方。\n12.3亿元。") == 0.0
    assert holds([Reference("章", (3,))], ("海港条例", "第三章 货运"), "第九条 货物。") == 0.5


ARTICLES = ["十一", "十二", "十三", "十四", "十五", "十六", "十七", "十八", "十九", "二十"]


@pytest.mark.parametrize(
    "question",
    [
        "海港条例第十二条规定了什么？",
        "海港条例第12条的内容是什么",
        "《海港条例》第十二条第一款怎么规定？",
    ],
)
def test_the_article_comes_first(tmp_path: Path, question: str) -> None:
    text = "海港条例\n\n" + "\n\n".join(
        f"第{number}条 船舶违反本条例第十二条规定的，由第{number}号码头的管理人依照第十二条处理，并记录在案，"
        "记录保存三年，当事人可以查阅；对处理不服的，可以依照第十二条申请复核，复核决定应当在三十日内作出并送达。"
        if number != "十二" else "第十二条 进港的船舶应当在灯塔外减速，鸣笛两声，按引航员的指示停泊。"
        for number in ARTICLES
    )  # fmt: skip
    (tmp_path / "law.txt").write_text(text, encoding="utf-8")
    first = Assistant(Index.build([tmp_path / "law.txt"], tmp_path / "index")).search(question)[0]
    assert "第十二条 进港的船舶应当在灯塔外减速" in first.text
