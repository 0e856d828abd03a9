"""Office files: headings by style, lists, tables, slides by number, sheets by name; bad files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from rag.documents.detect import Cleaned
from rag.documents.formats.docx import read_docx
from rag.documents.formats.pptx import read_pptx
from rag.documents.formats.sheets import read_xlsx
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind
from tests.documents.conftest import Open, find

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


def test_a_table_in_a_cell_is_one_of_its_own() -> None:
    inner = f"<w:tbl>{row('壁厚', '材料')}{row('12', '钢')}</w:tbl>"
    outer = row("管段", "详情").replace(
        "<w:t>详情", f"<w:t>见下</w:t></w:r></w:p>{inner}<w:p><w:r><w:t>"
    )
    read = read_docx(docx(f"<w:tbl>{outer}{row('一', '二')}</w:tbl>"), Reading())
    assert read.text.split("\n") == ["管段\t见下", "一\t二", "壁厚\t材料", "12\t钢"]
    assert len(read.tables) == 2


def test_a_comment_on_nothing_is_read_all_the_same() -> None:
    comments = f'<w:comments {W}><w:comment w:id="0" w:author="王五">{paragraph("请核对。")}</w:comment></w:comments>'
    parts = {
        "word/document.xml": f"<w:document {W}><w:body>{paragraph('正文。')}</w:body></w:document>",
        "word/comments.xml": comments,
        **related("word/document.xml", c=("comments", "comments.xml")),
    }
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    assert read_docx(data.getvalue(), Reading()).text == "正文。\n王五 请核对。"


def test_real_documents(real: Open) -> None:
    guide = real("mineru_docx_01.docx")
    assert guide.title == "MinerU supports DOCX document parsing now"
    assert guide.date == "2026-03-04"
    item = find(guide, "Bold bullet 2")
    assert (item.kind, item.headings) == (
        BlockKind.LIST_ITEM,
        ("1. 有序列表构成的章节标题", "1.3. 多级列表"),
    )
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
    assert (last.page, last.headings, last.lead) == (
        None,
        ("客运",),
        ("每月人数 单位：人", "月\t人数"),
    )
    assert read.blocks[7].headings == ("备注",)


def test_what_lies_on_a_sheet_and_around_it() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "客运"
    sheet.append(["港口", "人数"])
    sheet.append(["东港", 31])
    sheet.oddHeader.center.text = "内部资料"
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    data = BytesIO()
    book.save(data)
    frame = '<xdr:graphicFrame><c:chart xmlns:c="c" r:id="r1"/></xdr:graphicFrame>'
    box = "<xdr:sp><xdr:txBody><a:p><a:r><a:t>东港</a:t></a:r><a:r><a:t>停运两天</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    shown = f'<xdr:wsDr {REL} xmlns:xdr="x" xmlns:a="a"><xdr:twoCellAnchor>{box}{frame}</xdr:twoCellAnchor></xdr:wsDr>'
    parts = {
        "xl/drawings/d.xml": shown,
        "xl/charts/c.xml": CHART,
        **related("xl/worksheets/sheet1.xml", d1=("drawing", "../drawings/d.xml")),
        **related("xl/drawings/d.xml", r1=("chart", "../charts/c.xml")),
    }
    with zipfile.ZipFile(data, "a") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    read = read_xlsx(data.getvalue(), Reading())
    assert read.text.split("\n") == [
        "客运", "港口\t人数", "东港\t31", "东港停运两天", "旅客", "\t进港\t出港", "五月\t3100\t2900",
        "六月\t0.3\t12", "内部资料",
    ]  # fmt: skip
    assert len(read.tables) == 2


def test_what_a_sheet_strikes_out_is_left_out() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["港口", "票价"])
    sheet.append(["东港", 500])
    sheet.append(["西港", CellRichText("原价", TextBlock(InlineFont(strike=True), "80"), "60元")])
    sheet["B2"].font = Font(strike=True)
    data = BytesIO()
    book.save(data)
    read = read_xlsx(data.getvalue(), Reading())
    assert read.text.split("\n") == ["港口\t票价", "东港", "西港\t原价60元"]
    assert read.warnings == ("5 characters that are struck out are left out",)


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


def test_a_row_with_a_number_that_no_sheet_has_ends_the_reading() -> None:
    """Each row between would be gone through: hours."""
    data = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook(表=[["甲", 1]]))) as book,
        zipfile.ZipFile(data, "w") as new,
    ):
        for name in book.namelist():
            far = b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row></sheetData>'
            new.writestr(name, book.read(name).replace(b"</sheetData>", far))
    with pytest.raises(UnreadableDocument, match="more than 1,048,576 rows"):
        read_xlsx(data.getvalue(), Reading())


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
    with pytest.raises(UnreadableDocument, match="the limit is 10; raise"):
        read_docx(docx(paragraph("一句话。")), Reading(max_unpacked_bytes=10))


def test_entities_in_a_document_are_not_resolved() -> None:
    data = docx(paragraph("一句话。&x;"))
    bad = archive(
        word__document_xml='<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        f"<w:document {W}><w:body>{paragraph('一句话。&x;')}</w:body></w:document>"
    )
    assert read_docx(bad, Reading()).text == "一句话。"
    assert read_docx(data, Reading()).text == "一句话。"


@pytest.mark.parametrize(
    "name", ["mineru_docx_01.docx", "mineru_pptx_01.pptx", "chatchat_langchain-ChatGLM_closed.xlsx"]
)
def test_truncated_files(shared: Path, name: str) -> None:
    data = (shared / "documents" / name).read_bytes()
    read = {".docx": read_docx, ".pptx": read_pptx, ".xlsx": read_xlsx}[Path(name).suffix]
    with pytest.raises(UnreadableDocument, match="damaged or no zip"):
        read(data[: len(data) // 2], Reading())


MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
REL = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def raised(text: str) -> str:
    return run(text, '<w:vertAlign w:val="superscript"/>')


def lowered(text: str) -> str:
    return run(text, '<w:vertAlign w:val="subscript"/>')


def related(name: str, **parts: tuple[str, str]) -> dict[str, str]:
    """The relations of a part: id -> kind and target."""
    folder, _, base = name.rpartition("/")
    links = "".join(
        f'<Relationship Id="{key}" Type="http://x/relationships/{kind}" Target="{target}"/>'
        for key, (kind, target) in parts.items()
    )
    return {f"{folder}/_rels/{base}.rels": f"<Relationships>{links}</Relationships>"}


def test_exponents_indices_and_formulas_of_word() -> None:
    formula = f"<m:oMath {MATH}><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>3</m:t></m:r></m:den></m:f></m:oMath>"
    body = (
        "<w:p>" + run("库容10") + raised("-") + raised("3") + run("立方米，排放CO") + lowered("2") + run("，占") + formula
        + run("。") + "</w:p><w:p>" + run("每2") + formula + run("年") + "</w:p>"
        + "<w:tbl><w:tr><w:tc><w:p>" + run("面积") + "</w:p></w:tc><w:tc><w:p>" + run("10 km") + raised("2")
        + "</w:p></w:tc></w:tr></w:tbl>"
    )  # fmt: skip
    assert read_docx(docx(body), Reading()).text.split("\n") == [
        "库容10^-3立方米，排放CO_2，占1/3。", "每2 1/3年", "面积\t10 km^2",
    ]  # fmt: skip


def test_fields_that_draw_fractions_and_readings_of_words() -> None:
    def field(code: str) -> str:
        return (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>EQ </w:instrText></w:r>'
            f'<w:r><w:instrText>{code}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        )

    ruby = (
        "<w:r><w:ruby><w:rt>"
        + run("zhōu")
        + "</w:rt><w:rubyBase>"
        + run("州")
        + "</w:rubyBase></w:ruby></w:r>"
    )
    body = (
        "<w:p>"
        + run("他在")
        + field(r"\* jc2 \* hps10 \o\ad(\s\up 9(bó),亳)")
        + ruby
        + run("买了2")
        + field(r"\f(1,2)")
        + run("斤。")
        + "</w:p>"
    )
    read = read_docx(docx(body), Reading())
    assert read.text.split("\n") == ["他在亳州买了2 1/2斤。", "亳 bó 州 zhōu"]
    assert read.blocks[1].kind is BlockKind.NOTE


def test_hidden_and_deleted_text_and_unknown_signs_are_counted() -> None:
    body = (
        "<w:p>"
        + run("价格十元")
        + run("原价八元", "<w:vanish/>")
        + run("。", '<w:vanish w:val="0"/>')
        + '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
        + run("同意")
        + '<w:r><w:sym w:font="Wingdings 2" w:char="00A3"/></w:r>'
        + run("反对")
        + '<w:r><w:sym w:font="Webdings" w:char="F012"/></w:r>'
        + run("5 m", '<w:rFonts w:ascii="Symbol"/>')
        + run("m")
        + "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del></w:p>"
        + '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>'
        '</w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>' + run("已读") + "</w:p>"
    )
    read = read_docx(docx(body), Reading())
    assert read.text.split("\n") == ["价格十元。☑同意□反对5 μm", "☑已读"]
    assert read.warnings == (
        "4 characters of hidden text are left out",
        "1 passages that are marked as deleted are left out",
        "1 signs of fonts of their own have no known character",
    )


def test_struck_deleted_and_moved_text_is_told_from_what_stands() -> None:
    moved = "<w:r><w:t>迟延按日计息。</w:t></w:r>"
    struck = "<w:tr><w:trPr><w:del/></w:trPr>" + row("二月", "40")[6:]
    body = (
        "<w:p>" + run("票价") + run("十元", "<w:strike/>") + run("八元", "<w:dstrike/>") + run("十二元。")
        + run("按月", '<w:rStyle w:val="old"/>') + run("按季结算。", '<w:strike w:val="0"/>') + "</w:p>"
        + f"<w:p><w:moveFrom>{moved}</w:moveFrom></w:p>"
        + '<w:p><w:del><w:r><w:t>旧条款。</w:t></w:r></w:del></w:p><w:altChunk w:id="a"/>'
        + "<w:tbl>" + row("月", "人数") + struck
        + f"<w:sdt><w:sdtContent>{row('三月', '50')}</w:sdtContent></w:sdt></w:tbl>"
        + f"<w:p><w:moveTo>{moved}</w:moveTo></w:p>"
    )  # fmt: skip
    styles = '<w:style w:styleId="old"><w:name w:val="旧"/><w:rPr><w:strike/></w:rPr></w:style>'
    read = read_docx(docx(body, styles), Reading())
    assert read.text.split("\n") == [
        "票价十二元。按季结算。", "月\t人数", "三月\t50", "迟延按日计息。",
    ]  # fmt: skip
    assert read.warnings == (
        "6 characters that are struck out are left out",
        "2 passages that are marked as deleted are left out",
        "1 passages that are marked as moved stand only where they went",
        "1 parts that the file takes in from other formats are not read",
    )


def test_a_large_first_letter_belongs_to_its_paragraph() -> None:
    body = paragraph("港", '<w:framePr w:dropCap="drop" w:lines="3"/>') + paragraph("口每日开放。")
    assert read_docx(docx(body), Reading()).text == "港口每日开放。"


def test_what_a_slide_strikes_out_is_left_out() -> None:
    shape = '<p:sp><p:txBody><a:p><a:r><a:t>票价</a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>十元</a:t></a:r><a:r><a:rPr strike="noStrike"/><a:t>十二元。</a:t></a:r></a:p></p:txBody></p:sp>'
    read = read_pptx(slides(shape), Reading())
    assert read.text == "票价十二元。"
    assert "2 characters that are struck out are left out" in read.warnings


POINTS = (
    '<d:dataModel xmlns:d="d" xmlns:a="a"><d:ptLst><d:pt modelId="0" type="doc"/>'
    '<d:pt modelId="2"><d:t><a:p><a:r><a:t>评标</a:t></a:r></a:p></d:t></d:pt>'
    '<d:pt modelId="1"><d:t><a:p><a:r><a:t>开</a:t></a:r><a:r><a:t>标</a:t></a:r></a:p></d:t></d:pt>'
    '<d:pt modelId="9" type="pres"/></d:ptLst><d:cxnLst><d:cxn srcId="0" destId="2" srcOrd="1"/>'
    '<d:cxn srcId="0" destId="1" srcOrd="0"/><d:cxn type="presOf" srcId="1" destId="9"/></d:cxnLst></d:dataModel>'
)
CHART = (
    '<c:chartSpace xmlns:c="c" xmlns:a="a"><c:chart><c:title><a:t>旅客</a:t></c:title><c:plotArea><c:barChart>{}'
    "</c:barChart></c:plotArea></c:chart></c:chartSpace>"
).format(
    "".join(
        f'<c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>{name}</c:v></c:pt></c:strCache></c:strRef></c:tx>'
        '<c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>五月</c:v></c:pt><c:pt idx="1"><c:v>六月</c:v></c:pt>'
        "</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>"
        f'<c:pt idx="0"><c:v>{first}</c:v></c:pt><c:pt idx="1"><c:v>{second}</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>'
        for name, first, second in (("进港", "3100", "0.30000000000000004"), ("出港", "2900", "12"))
    )
)


def test_the_other_parts_of_a_word_file() -> None:
    body = (
        "<w:p>"
        + run("第一段。")
        + '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r></w:p>'
        + "<w:tbl><w:tr><w:tc><w:p>"
        + run("甲")
        + "<w:r><w:pict><w:txbxContent>"
        + paragraph("框里的话。")
        + "</w:txbxContent></w:pict></w:r></w:p></w:tc><w:tc><w:p>"
        + run("乙")
        + '<w:r><w:footnoteReference w:id="3"/></w:r></w:p></w:tc></w:tr></w:tbl>'
        + '<w:p><w:r><w:drawing><c:chart xmlns:c="c" r:id="c1"/></w:drawing><w:drawing><d:relIds xmlns:d="d" r:dm="d1"/>'
        '</w:drawing><w:drawing><pic:pic xmlns:pic="p"/></w:drawing></w:r></w:p>'
        '<w:sectPr><w:headerReference r:id="h1"/><w:headerReference r:id="h2"/><w:footerReference r:id="f1"/></w:sectPr>'
    )
    parts = {
        "word/document.xml": f"<w:document {W} {REL}><w:body>{body}</w:body></w:document>",
        "word/footnotes.xml": f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("脚注二。")}</w:footnote>'
        f'<w:footnote w:id="3">{paragraph("脚注三。")}</w:footnote></w:footnotes>',
        "word/comments.xml": f'<w:comments {W}><w:comment w:id="0" w:author="王五">{paragraph("请核对。")}</w:comment></w:comments>',
        "word/h1.xml": f"<w:hdr {W}>{paragraph('海港局文件')}</w:hdr>",
        "word/h2.xml": f"<w:hdr {W}>{paragraph('海港局文件')}</w:hdr>",
        "word/f1.xml": f"<w:ftr {W}>{paragraph('第 1 页 共 3 页')}{paragraph('内部资料')}</w:ftr>",
        "word/charts/c.xml": CHART,
        "word/diagrams/d.xml": POINTS,
    } | related(
        "word/document.xml", n1=("footnotes", "footnotes.xml"), n2=("comments", "comments.xml"),
        h1=("header", "h1.xml"), h2=("header", "h2.xml"), f1=("footer", "f1.xml"),
        c1=("chart", "charts/c.xml"), d1=("diagramData", "diagrams/d.xml"),
    )  # fmt: skip
    read = read_docx(archive(**parts), Reading())
    assert read.text.split("\n") == [
        "第一段。", "脚注二。", "王五 请核对。", "甲\t乙", "框里的话。", "脚注三。",
        "旅客", "\t进港\t出港", "五月\t3100\t2900", "六月\t0.3\t12", "开标", "评标", "内部资料", "海港局文件",
    ]  # fmt: skip
    assert [block.kind for block in read.blocks[-2:]] == [BlockKind.NOTE, BlockKind.NOTE]
    assert read.warnings == ("1 pictures are not read",)


P = 'xmlns:p="p" xmlns:a="a"'


def slides(shapes: str, **more: str) -> bytes:
    parts = {
        "ppt/presentation.xml": f'<p:presentation {P} {REL}><p:sldIdLst><p:sldId r:id="s1"/></p:sldIdLst></p:presentation>',
        "ppt/slides/s.xml": f'<p:sld {P} {REL} show="0"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>',
    } | related("ppt/presentation.xml", s1=("slide", "slides/s.xml"))
    return archive(**parts, **more)


def test_positions_formulas_and_drawings_of_slides() -> None:
    formula = (
        f'<a14:m xmlns:a14="x"><m:oMath {MATH}><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>'
        "</m:sup></m:sSup></m:oMath></a14:m>"
    )
    text = (
        '<a:r><a:t>库容10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>8</a:t></a:r><a:r><a:t>，设</a:t></a:r>'
        + formula
        + '<a:r><a:t>为CO</a:t></a:r><a:r><a:rPr baseline="-25000"/><a:t>2</a:t></a:r>'
        '<a:r><a:rPr><a:sym typeface="Wingdings"/></a:rPr><a:t>\uf0fe</a:t></a:r>'
    )
    shapes = (
        f"<p:sp><p:txBody><a:p>{text}</a:p></p:txBody></p:sp>"
        '<p:graphicFrame><c:chart xmlns:c="c" r:id="c1"/></p:graphicFrame>'
        '<p:graphicFrame><d:relIds xmlns:d="d" r:dm="d1"/></p:graphicFrame><p:pic/>'
        '<p:sp><p:nvPr><p:ph type="ftr"/></p:nvPr><p:txBody><a:p><a:r><a:t>内部资料</a:t></a:r></a:p></p:txBody></p:sp>'
    )
    more = {
        "ppt/charts/c.xml": CHART,
        "ppt/diagrams/d.xml": POINTS,
        "ppt/comments/k.xml": f"<p:cmLst {P}><p:cm><p:text>请核对。</p:text></p:cm></p:cmLst>",
    } | related(
        "ppt/slides/s.xml", c1=("chart", "../charts/c.xml"), d1=("diagramData", "../diagrams/d.xml"),
        k1=("comments", "../comments/k.xml"),
    )  # fmt: skip
    read = read_pptx(slides(shapes, **more), Reading())
    assert read.text.split("\n") == [
        "库容10^8，设x^2为CO_2☑", "旅客", "\t进港\t出港", "五月\t3100\t2900", "六月\t0.3\t12", "开标", "评标",
        "请核对。", "内部资料",
    ]  # fmt: skip
    assert read.warnings == (
        "1 pictures are not read",
        "slides that are hidden in a show are read all the same: 1",
    )
