"""The article that is asked for, in whatever form it is named, comes before its mentions."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Assistant, Index
from rag.documents.load import parse_document
from rag.retrieval.references import Reference, clause_at, holds, references
from rag.settings import Reading


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


LAW = """青石港管理办法

第一章　总则

第一条　为了加强港口管理，制定本办法。

第二条　船舶进港前应当申报。

有下列情形之一的，不得进港：

（一）未经检验的；

（二）载有下列货物的：

1．易燃物；

2．爆炸物；

（三）欠缴港务费满三个月的。

前款规定不适用于避险的船舶。

第二条之一　夜间进港另行规定。

第二章　处罚

第三条　违反第二条第二款第（一）项的，按下列规定处理：（一）首次的，处警告；（二）再次的，处罚款。

附：收费标准

每船一百元。
"""


@pytest.mark.parametrize(
    ("words", "clause"),
    [
        ("青石港", ""), ("第一章", ""), ("为了加强", "第一条"), ("船舶进港前", "第二条第一款"),
        ("有下列情形", "第二条第二款"), ("未经检验", "第二条第二款第（一）项"),
        ("载有下列", "第二条第二款第（二）项"), ("爆炸物", "第二条第二款第（二）项第2目"),
        ("欠缴", "第二条第二款第（三）项"), ("前款规定", "第二条第三款"), ("夜间", "第二条之一"),
        ("违反第二条", "第三条"), ("处警告", "第三条第（一）项"), ("处罚款", "第三条第（二）项"),
        ("每船一百元", ""),
    ],
)  # fmt: skip
def test_the_clause_that_a_place_stands_in(words: str, clause: str) -> None:
    document = parse_document(LAW.encode(), Path("法.txt"), "法.txt", Reading())
    assert clause_at(document, document.text.index(words)) == clause


def test_a_citation_says_its_clause(tmp_path: Path) -> None:
    (tmp_path / "法.txt").write_text(LAW, encoding="utf-8")
    index = Index.build([tmp_path / "法.txt"], tmp_path / "index")
    answer = Assistant(index).ask("夜间进港怎么规定？")
    assert [cite.clause for cite in answer.sentences[0].citations] == ["第二条之一"]
