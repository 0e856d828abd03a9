"""Numbers that Word counts: beside the text, never in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.chunk import chunk_document
from rag.documents.detect import Cleaned
from rag.documents.formats.docx import read_docx
from rag.documents.formats.docx_paragraphs import parse_numbering
from rag.documents.formats.markup import parse_xml
from rag.settings import Chunking, Reading
from rag.text.numbers import written
from rag.types import Document
from tests.documents.conftest import Open, find
from tests.documents.test_office import STYLES, W, archive, paragraph


def level(number: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


NUMBERING = (
    '<w:abstractNum w:abstractNumId="7">'
    + level(0, "chineseCountingThousand", "第%1章", '<w:pStyle w:val="mine"/>')
    + level(1, "decimal", "%1.%2", "<w:isLgl/>")
    + level(2, "lowerLetter", "%3)")
    + "</w:abstractNum>"
    + '<w:abstractNum w:abstractNumId="8">'
    + level(0, "chineseCounting", "第%1条")
    + level(1, "bullet", "•")
    + "</w:abstractNum>"
    + '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    + '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    + '<w:num w:numId="3"><w:abstractNumId w:val="8"/><w:lvlOverride w:ilvl="0">'
    + '<w:startOverride w:val="5"/></w:lvlOverride></w:num>'
)


def numbered(list_id: int, number: int) -> str:
    return f'<w:numPr><w:ilvl w:val="{number}"/><w:numId w:val="{list_id}"/></w:numPr>'


def read(body: str) -> Cleaned:
    styles = STYLES + (
        '<w:style w:styleId="h"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    return read_docx(
        archive(
            word__document_xml=f"<w:document {W}><w:body>{body}</w:body></w:document>",
            word__styles_xml=f"<w:styles {W}>{styles}</w:styles>",
            word__numbering_xml=f"<w:numbering {W}>{NUMBERING}</w:numbering>",
        ),
        Reading(),
    )


def test_headings_are_known_by_their_number() -> None:
    style = '<w:pStyle w:val="h"/>'
    cleaned = read(
        paragraph("总则", style)
        + paragraph("甲方应当按时付款。", numbered(1, 1))
        + paragraph("乙方应当按时交货。", numbered(1, 1))
        + paragraph("迟延的除外。", numbered(1, 2))
        + paragraph("附则", style)
        + paragraph("本合同自签字之日起生效。", numbered(1, 1))
        + paragraph("没有编号的一段。")
    )
    assert cleaned.text.split("\n")[0] == "总则"
    assert [(block.headings, block.lead) for block in cleaned.blocks] == [
        ((), ()), (("第一章 总则",), ("1.1",)), (("第一章 总则",), ("1.2",)), (("第一章 总则",), ("a)",)),
        ((), ()), (("第二章 附则",), ("2.1",)), (("第二章 附则",), ()),
    ]  # fmt: skip


def test_a_clause_is_what_it_is_called_by() -> None:
    cleaned = read(
        paragraph("甲方应当按时付款。", numbered(2, 0))
        + paragraph("一项", numbered(2, 1))
        + paragraph("乙方应当按时交货。", numbered(2, 0))
        + paragraph("第五条另起。", numbered(3, 0))
        + paragraph("接着第五条。", numbered(3, 0))
        + paragraph("不再编号。", '<w:numPr><w:numId w:val="0"/></w:numPr>')
    )
    assert [block.headings for block in cleaned.blocks] == [
        ("第一条",), (), ("第二条",), ("第五条",), ("第六条",), (),
    ]  # fmt: skip
    document = Document("i", "n", "p", "t", None, False, cleaned.text, cleaned.blocks, (), None)
    chunks = chunk_document(document, Chunking()).chunks
    assert [(chunk.text, chunk.headings) for chunk in chunks][2:4] == [
        ("乙方应当按时交货。", ("第二条",)), ("第五条另起。", ("第五条",)),
    ]  # fmt: skip


def test_a_real_document(real: Open) -> None:
    agreement = real("dureader_license_bilingual.docx")
    item = find(agreement, "使用反编译、反向工程等方式试图获取信息中或与信息相关的源代码")
    assert item.lead[-1] == "1.5.4"
    assert find(agreement, "参赛者仅有权出于非商业科研或学术目的使用数据集").lead == ("2.2",)
    article = real("mineru_docx_01.docx")
    assert find(article, "单独的带删除线的空格").headings[-2:] == (
        "1. 有序列表构成的章节标题", "1.1. 显式空白字符表示",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [
        (1, "decimal", "1"), (7, "decimalzero", "07"), (27, "lowerletter", "aa"), (4, "upperroman", "IV"),
        (1999, "upperroman", "MCMXCIX"), (12, "chinesecountingthousand", "十二"),
        (105, "chinesecountingthousand", "一百零五"), (110, "chinesecounting", "一百一十"),
        (1001, "chinesecounting", "一千零一"), (2020, "ideographdigital", "二〇二〇"),
        (21, "chineselegalsimplified", "贰拾壹"), (11, "ideographtraditional", "11"),
        (12, "ideographzodiac", "亥"), (3, "decimalenclosedcircle", "③"), (21, "decimalenclosedcircle", "21"),
        (2, "decimalenclosedparen", "⑵"), (12, "decimalfullwidth", "１２"), (5, "nosuchformat", "5"),
        (0, "chinesecounting", "0"), (32767, "chinesecounting", "三二七六七"),
    ],
)  # fmt: skip
def test_numerals(number: int, form: str, shown: str) -> None:
    assert written(number, form) == shown


@given(st.text(st.sampled_from('<>/w:numlvAbstractNumId="0123456789%1 '), max_size=200))
def test_any_definition_gives_some_label(text: str) -> None:
    numbering = parse_numbering(
        parse_xml(f"<w:numbering {W}>{NUMBERING}<x>{text}</x></w:numbering>")
    )
    assert numbering.next_label("1", 0) == "第一章"
    assert numbering.next_label("9", 0) == ""
    assert numbering.next_label("2", 8) == ""
