"""Questions about the documents themselves: recognised with care, answered from the catalog."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rag import Assistant
from rag.answering import catalogued
from rag.answering.document_questions import DocumentQuestion, meant, recognise
from rag.types import Answer, Filter, Status, Support
from tests.answering.conftest import build

TEXTS = {
    "码头章程.md": (
        "# 鹭洲码头管理章程\n\n第一条之前的说明：本章程由鹭洲港务处于2021年4月8日发布。\n\n"
        "## 第一章 总则\n\n本章程适用于鹭洲码头的全部泊位。进出码头的船只都要登记。\n\n"
        "## 第二章 泊位\n\n### 第一节 申请\n\n申请泊位的船只提前三天递交申请表。\n\n"
        "### 第二节 收费\n\n泊位每天收费六十元，渔船减半收费。逾期不缴的泊位收回。\n\n"
        "## 第三章 安全\n\n船只靠泊期间不得明火作业。违者罚款五百元。夜间靠泊的船只必须开灯。\n"
    ),
    "调查报告.md": (
        "# 白鹭数量调查报告\n\n作者：简沅\n\n发布日期：2023年11月2日\n\n## 摘要\n\n"
        "2023年夏季在鹭洲湿地数到白鹭四百一十二只，比上一年多三十只。\n\n"
        "## 方法\n\n调查沿三条样线步行，每条样线走两遍，清晨开始。\n\n"
        "## 结论\n\n白鹭的数量在恢复。湿地的水位是主要原因。\n"
    ),
    "便条.txt": "明天下午三点修理闸门。\n\n修理期间船只改走东闸。\n",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("catalogued"), TEXTS)


def quotes(answer: Answer) -> list[str]:
    """What is quoted, each in the characters of its document."""
    return [citation.quote for sentence in answer.sentences for citation in sentence.citations]


def checked(assistant: Assistant, answer: Answer) -> None:
    """Every sentence cites what it says, or claims nothing."""
    for sentence in answer.sentences:
        if sentence.support is Support.NONE:
            assert sentence.citations == ()
            continue
        assert sentence.support is Support.SUPPORTED
        for citation in sentence.citations:
            text = assistant.index.document(citation.document).text
            assert citation.span.of(text) == citation.quote == sentence.text
            assert answer.passages[citation.n - 1].document == citation.document
    assert [passage.rank for passage in answer.passages] == [*range(1, len(answer.passages) + 1)]


@pytest.mark.parametrize(
    ("question", "short", "cited"),
    [
        ("资料库里一共有多少份文件？", "3份", ["鹭洲码头管理章程", "白鹭数量调查报告"]),
        ("有哪些文档", None, ["鹭洲码头管理章程", "白鹭数量调查报告"]),
        ("最新的文件是哪一份？", "白鹭数量调查报告", ["白鹭数量调查报告"]),
        ("哪份文件最早", "鹭洲码头管理章程", ["鹭洲码头管理章程"]),
        ("调查报告是什么时候发布的？", "2023-11-02", ["发布日期：2023年11月2日"]),
        ("《白鹭数量调查报告》的作者是谁", None, ["作者：简沅"]),
        ("調查報告的標題是什麼？", "白鹭数量调查报告", ["白鹭数量调查报告"]),
        ("码头章程.md有几章？", "3个", ["第一章 总则", "第二章 泊位", "第三章 安全"]),
        ("管理章程有哪些章节", None, ["第一章 总则", "第二章 泊位", "第三章 安全"]),
        ("关于白鹭的那篇报告的结论", None, ["白鹭的数量在恢复。", "湿地的水位是主要原因。"]),
        ("调查报告的结论是什么？", None, ["白鹭的数量在恢复。", "湿地的水位是主要原因。"]),
    ],
)
def test_what_the_catalog_and_the_outline_know(
    assistant: Assistant, question: str, short: str | None, cited: list[str]
) -> None:
    if "章程" in question:
        question = question.replace("管理章程", "《鹭洲码头管理章程》").replace(
            "码头章程.md", "《码头章程》"
        )
    answer = assistant.ask(question)
    assert answer.status is Status.ANSWERED
    assert (answer.short, quotes(answer)) == (short, cited)
    assert answer.sentences[0].support is Support.NONE
    checked(assistant, answer)


def test_a_section_by_number_by_chapter_and_by_name(assistant: Assistant) -> None:
    third = assistant.ask("第三章讲了什么？")
    assert quotes(third)[0] == "第三章 安全" and "违者罚款五百元。" in quotes(third)
    fees = assistant.ask("第二章第二节讲什么")
    assert quotes(fees)[:2] == ["第二节 收费", "泊位每天收费六十元，渔船减半收费。"]
    whole = assistant.ask("概括一下第二章的内容")
    assert quotes(whole)[:3] == ["第二章 泊位", "第一节 申请", "第二节 收费"]
    way = assistant.ask("调查报告的“方法”一节讲了什么？")
    assert quotes(way) == ["方法", "调查沿三条样线步行，每条样线走两遍，清晨开始。"]
    title = assistant.ask("第三章叫什么？")
    assert quotes(title)[0] == "第三章 安全"
    inside = assistant.ask("白鹭报告里方法这一节写了什么")
    assert quotes(inside) == quotes(way)
    for answer in (third, fees, whole, way, title, inside):
        checked(assistant, answer)


def test_a_summary_is_the_abstract_and_the_headings(assistant: Assistant) -> None:
    answer = assistant.ask("《白鹭数量调查报告》主要讲了什么？")
    assert quotes(answer) == [
        "2023年夏季在鹭洲湿地数到白鹭四百一十二只，比上一年多三十只。", "摘要", "方法", "结论",
    ]  # fmt: skip
    checked(assistant, answer)


def test_which_files_mention_a_term(assistant: Assistant) -> None:
    answer = assistant.ask("哪些文件提到了湿地？")
    assert quotes(answer) == ["2023年夏季在鹭洲湿地数到白鹭四百一十二只，比上一年多三十只。"]
    both = assistant.ask("船只在哪些文件里出现过")
    assert [c.document for s in both.sentences for c in s.citations] == ["便条.txt", "码头章程.md"]
    for found in (answer, both):
        checked(assistant, found)
    nowhere = assistant.ask("哪些文件提到了鲸鱼？")
    assert (nowhere.status, nowhere.sentences) == (Status.NO_EVIDENCE, ())


def test_a_filter_holds_for_the_catalog_too(assistant: Assistant) -> None:
    where = Filter(documents=("*报告*",))
    assert assistant.ask("有多少份文档？", where=where).short == "1份"
    assert assistant.ask("这份报告的作者是谁？", where=where).text.endswith("作者：简沅[1]")


def test_the_answer_reads_line_by_line_and_in_the_language_of_the_question(
    assistant: Assistant,
) -> None:
    answer = assistant.ask("Which files mention 湿地?")
    assert answer.text.splitlines()[0] == "1 documents mention “湿地”:"
    listed = assistant.ask("How many documents are there?")
    assert listed.short == "3"
    assert listed.text.splitlines()[1:] == ["便条", "鹭洲码头管理章程[1]", "白鹭数量调查报告[2]"]


@pytest.mark.parametrize(
    "question",
    [
        "申请泊位需要几份文件？",
        "公司去年提交了多少份报告",
        "码头有几个部分",
        "《红楼梦》的作者是谁？",
        "白鹭数量的结论是什么",
        "鹭洲港务处发布了什么",
        "罚款讲了什么道理",
        "哪些船只提到了收费",
        "最新的规定是什么？",
        "这家公司叫什么名字？",
        "会议的时间是什么时候",
        "介绍一下白鹭",
    ],
)
def test_other_questions_are_left_to_the_search(assistant: Assistant, question: str) -> None:
    index = assistant.index
    for request in recognise(question):
        assert request.asked not in EVERY
        assert meant(request.document, index.documents(), index.document) is None
    assert catalogued.answer(recognise(question), index, index.document) is None


EVERY = (
    DocumentQuestion.COUNT,
    DocumentQuestion.LIST,
    DocumentQuestion.NEWEST,
    DocumentQuestion.OLDEST,
    DocumentQuestion.MENTIONS,
)


def test_questions_of_the_sample_are_left_to_the_search() -> None:
    """Of the sample's questions none is about the documents themselves."""
    path = Path(__file__).parents[2] / "examples" / "questions.jsonl"
    questions = [json.loads(line)["question"] for line in path.read_text("utf-8").splitlines()]
    assert [q for q in questions if any(r.asked in EVERY for r in recognise(q))] == []


@pytest.mark.skipif("WENJU_SHARED" not in os.environ, reason="needs the shared questions")
def test_content_questions_are_not_taken_for_questions_about_documents() -> None:
    """None of the questions of development, which ask for what the texts say, is recognised as
    one of the collection; a few are of the form of one about a document, and name none."""
    path = Path(os.environ["WENJU_SHARED"]) / "questions" / "dev.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = [requests for row in rows if (requests := recognise(row["question"]))]
    assert not any(request.asked in EVERY for requests in found for request in requests)
    assert len(found) <= len(rows) // 15


JOURNAL = {
    "月刊.md": (
        "# 海渚月刊\n\n2024年5月\n\n## 港口见闻\n\n### 专访灯塔守护人温屿\n\n"
        "温屿在灯塔上住了十一年。他每天黄昏点灯，天亮熄灯。\n\n"
        "## 科技之窗\n\n### 潮汐涂料的试验\n\n研究者在三块钢板上试了三种涂料。\n\n"
        "#### 结果\n\n含硅的涂料上几乎没有藤壶。\n"
    ),
    "总结.md": (
        "# 鹭洲防汛工作总结\n\n2023年10月9日\n\n防汛期间加固了堤坝。\n\n"
        "## 教训\n\n抽水泵坏了两台，备用电源不足。\n"
    ),
}


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return build(tmp_path_factory.mktemp("journal"), JOURNAL)


@pytest.mark.parametrize(
    ("question", "short", "cited"),
    [
        ("2024年的文件有哪些？", "1份", ["海渚月刊"]),
        ("哪些文件里有温屿的专访？", None, ["专访灯塔守护人温屿"]),
        ("潮汐涂料那篇文章在哪个栏目里？", "科技之窗", ["科技之窗", "潮汐涂料的试验"]),
        ("哪个栏目介绍了灯塔守护人？", "港口见闻", ["港口见闻", "专访灯塔守护人温屿"]),
        ("潮汐涂料那篇文章的结论是什么？", None, ["含硅的涂料上几乎没有藤壶。"]),
        ("海渚月刊的“港口见闻”栏目有哪些文章？", None, ["港口见闻", "专访灯塔守护人温屿"]),
        ("讲防汛的那份总结是哪天写的？", "2023-10-09", ["2023年10月9日"]),
        ("设有科技之窗的那本杂志有哪些栏目？", None, ["港口见闻", "科技之窗"]),
    ],
)
def test_articles_columns_and_years(
    journal: Assistant, question: str, short: str | None, cited: list[str]
) -> None:
    answer = journal.ask(question)
    checked(journal, answer)
    assert answer.short == short
    assert [quote for quote in quotes(answer) if quote in cited] == cited


@pytest.mark.parametrize(
    "question",
    ["2019年的文件有哪些？", "蓝鲸那篇文章在哪个栏目里？", "鹭洲那篇文章的结论是什么？"],
)
def test_what_no_document_has_is_left_to_the_search(journal: Assistant, question: str) -> None:
    assert all(sentence.support is not Support.NONE for sentence in journal.ask(question).sentences)
