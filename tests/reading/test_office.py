"""Office files: headings by style, lists, tables, slides by number, sheets by name; bad files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned
from rag.reading.office.sheets import read_xlsx
from rag.reading.office.slides import read_pptx
from rag.reading.office.word import read_docx
from rag.settings import Reading
from rag.types import BlockKind
from tests.reading.conftest import Open, find

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def archive(**parts: str) -> bytes:
    """A zip archive; `__` stands for the slash in a name, `_xml` and `_rels` for endings."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return data.getvalue()


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"


def docx(body: str, styles: str = "") -> bytes:
    return archive(
        word__document_xml=f"<w:document {W}><w:body>{body}</w:body></w:document>",
        word__styles_xml=f"<w:styles {W}>{styles}</w:styles>",
        docProps__core_xml='<c xmlns:d="x"><d:title>文档1</d:title><d:modified>2021-03-04T01:00:00Z</d:modified></c>',
    )


STYLES = (
    '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="mine"><w:name w:val="我的"/><w:basedOn w:val="1"/></w:style>'
    '<w:style w:styleId="t"><w:name w:val="toc 1"/></w:style>'
)


def test_a_document() -> None:
    body = (
        paragraph("港口概况 3", '<w:pStyle w:val="t"/>')
        + paragraph("港口概况", '<w:pStyle w:val="mine"/>')
        + paragraph("灯塔<w:tab/>很高。").replace("<w:tab/>", "</w:t><w:tab/><w:t>")
        + paragraph("第一项", '<w:numPr><w:numId w:val="3"/></w:numPr>')
        + "<w:tbl>" + row("月", "人数") + row("五月", "3,100") + "</w:tbl>"
        + "<w:p><w:r><w:delText>删去的</w:delText></w:r><w:del><w:r><w:t>也删去</w:t></w:r></w:del></w:p>"
    )  # fmt: skip
    read = read_docx(docx(body, STYLES), Reading())
    assert read.text.split("\n") == ["港口概况", "灯塔 很高。", "第一项", "月\t人数", "五月\t3,100"]
    kinds = [block.kind for block in read.blocks]
    assert kinds == [
        BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW, BlockKind.TABLE_ROW,
    ]  # fmt: skip
    assert read.blocks[1].headings == ("港口概况",)
    assert read.blocks[4].lead == ("月\t人数",)
    assert (read.title, read.date, read.date_inferred) == ("港口概况", "2021-03-04", True)


def test_merged_cells_are_written_once() -> None:
    merged = (
        '<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("合并") + "</w:tc>"
        '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>' + paragraph("跨两列") + "</w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr>" + paragraph("合并") + "</w:tc>"
        "<w:tc>" + paragraph("甲") + "</w:tc><w:tc>" + paragraph("乙") + "</w:tc></w:tr>"
    )
    assert read_docx(docx(f"<w:tbl>{merged}</w:tbl>"), Reading()).text == "合并\t跨两列\n\t甲\t乙"


def test_real_documents(real: Open) -> None:
    guide = real("mineru_docx_01.docx")
    assert guide.title == "MinerU supports DOCX document parsing now"
    assert guide.date == "2026-03-04"
    item = find(guide, "Bold bullet 2")
    assert (item.kind, item.headings) == (BlockKind.LIST_ITEM, ("1. 有序列表构成的章节标题", "1.3. 多级列表"))
    contract = real("dureader_license_bilingual.docx")
    assert contract.title == "参赛者协议"
    find(contract, "参赛者可以授权其助手、同事或其他合作者访问和使用信息")
    tuning = real("finglm_ptuning.docx")
    assert tuning.title == "Chatglm2-6B微调方案简介（JamePeng）"
    small = real("chatchat_ocr_test.docx")
    assert find(small, "我是表格3").span.of(small.text) == "我是表格3\t我是表格4"


def test_real_slides(real: Open) -> None:
    deck = real("mineru_pptx_01.pptx")
    assert deck.title == "Test Table Slide"
    shape = find(deck, "A rectangle shape with this text inside.")
    assert (shape.page, shape.headings) == (2, ("Second slide title",))
    note = find(deck, "Some notes on the second slide.")
    assert (note.kind, note.page) == (BlockKind.NOTE, 2)
    assert find(deck, "R1\tTrue").kind is BlockKind.TABLE_ROW
    small = real("chatchat_ocr_test.pptx")
    assert find(small, "我是表格1").page == 1


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for values in rows:
            sheet.append(values)
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def test_sheets() -> None:
    data = workbook(
        客运=[["每月人数"], ["单位：人"], ["月", "人数"], ["五月", 3100], [], ["六月", 0.5]],
        备注=[["只有一列的说明。"]],
    )
    read = read_xlsx(data, Reading())
    assert read.text.split("\n") == [
        "客运", "每月人数", "单位：人", "月\t人数", "五月\t3100", "六月\t0.5", "备注", "只有一列的说明。",
    ]  # fmt: skip
    last = read.blocks[5]
    assert (last.page, last.headings, last.lead) == (None, ("客运",), ("每月人数 单位：人", "月\t人数"))
    assert read.blocks[7].headings == ("备注",)


def test_a_real_workbook(real: Open) -> None:
    issues = real("chatchat_langchain-ChatGLM_closed.xlsx")
    found = find(issues, "请问：纯cpu可以吗？")
    assert found.lead == ("\ttitle\tfile\turl\tdetail\tid",)
    assert found.span.of(issues.text).startswith("5\t请问：纯cpu可以吗？\t2023-04-03.0007\t")


def test_a_million_empty_rows_are_no_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["B1"], sheet["A1048576"] = "首行", "甲", "末行"
    data = BytesIO()
    book.save(data)
    assert read_xlsx(data.getvalue(), Reading()).text == "首行\t甲\n末行"


@pytest.mark.parametrize("read", [read_docx, read_pptx, read_xlsx])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"plain text, no archive", "no zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "encrypted, or of the old binary format"),
        (archive(a_xml="<a/>"), "it holds no"),
    ],
)
def test_bad_files(read: Callable[[bytes, Reading], Cleaned], data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read(data, Reading())


def test_a_bomb_is_not_unpacked() -> None:
    bomb = archive(word__document_xml="<w>" + " " * 60_000_000 + "</w>")
    assert len(bomb) < 100_000
    with pytest.raises(UnreadableDocument, match="unpacks to 60,000,0"):
        read_docx(bomb, Reading())
    with pytest.raises(UnreadableDocument, match=r"more than is read \(10\)"):
        read_docx(docx(paragraph("一句话。")), Reading(max_unpacked_bytes=10))


def test_entities_in_a_document_are_not_resolved() -> None:
    data = docx(paragraph("一句话。&x;"))
    bad = archive(
        word__document_xml='<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        f"<w:document {W}><w:body>{paragraph('一句话。&x;')}</w:body></w:document>"
    )
    assert read_docx(bad, Reading()).text == "一句话。"
    assert read_docx(data, Reading()).text == "一句话。"


@pytest.mark.parametrize("name", ["mineru_docx_01.docx", "mineru_pptx_01.pptx", "chatchat_langchain-ChatGLM_closed.xlsx"])
def test_truncated_files(shared: Path, name: str) -> None:
    data = (shared / "documents" / name).read_bytes()
    read = {".docx": read_docx, ".pptx": read_pptx, ".xlsx": read_xlsx}[Path(name).suffix]
    with pytest.raises(UnreadableDocument, match="damaged or no zip"):
        read(data[: len(data) // 2], Reading())
