"""One table in each format: merged labels, a header of two rows, a unit, a note; and what is
special to a format. The right cell has the right labels everywhere."""

from __future__ import annotations

import datetime as dt
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from rag.documents import grids, structure
from rag.documents.chunk import chunk_document
from rag.documents.formats import office
from rag.documents.load import read_document
from rag.settings import Chunking, Reading
from rag.types import Document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
# The header of two rows and the body; None stands where the cell before, or above, reaches.
TABLE = (
    ("分区", "线路", "客流", None, "票款"),
    (None, None, "上半年", "下半年", None),
    ("北区", "1路", "1,204", "1,310", "96"),
    (None, "环线", "877", "902", "71"),
    ("南区", "3路", "640", "655", "50"),
)
SPANS = {(0, 0): (2, 1), (0, 1): (2, 1), (0, 2): (1, 2), (0, 4): (2, 1), (2, 0): (2, 1)}
HTML = "".join(
    "<tr>"
    + "".join(
        f'<{"th" if r < 2 else "td"} rowspan="{SPANS.get((r, c), (1, 1))[0]}"'
        f' colspan="{SPANS.get((r, c), (1, 1))[1]}">{words}</{"th" if r < 2 else "td"}>'
        for c, words in enumerate(row)
        if words is not None
    )
    + "</tr>\n"
    for r, row in enumerate(TABLE)
)


def packed(**parts: str) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return data.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["公交客流", None, None, None, "单位：万人次"])
    for row in TABLE:
        sheet.append([None if words is None else words for words in row])
    for (r, c), (rows, columns) in SPANS.items():
        sheet.merge_cells(
            start_row=r + 2, start_column=c + 1, end_row=r + 1 + rows, end_column=c + columns
        )
    sheet.append(["注：环线含夜班。"])
    return saved(book)


def docx() -> bytes:
    def cell(r: int, c: int) -> str:
        rows, columns = SPANS.get((r, c), (1, 1))
        above = TABLE[r][c] is None
        merge = '<w:vMerge w:val="restart"/>' * (rows > 1) + "<w:vMerge/>" * above
        span = f'<w:gridSpan w:val="{columns}"/>' * (columns > 1)
        words = TABLE[r][c] or ""
        return (
            f"<w:tc><w:tcPr>{span}{merge}</w:tcPr><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:tc>"
        )

    body = "".join(
        "<w:tr>" + "".join(cell(r, c) for c in range(5) if (r, c) != (0, 3)) + "</w:tr>"
        for r in range(5)
    )
    lines = [f"<w:p><w:r><w:t>{t}</w:t></w:r></w:p>" for t in ("公交客流", "单位：万人次")]
    note = "<w:p><w:r><w:t>注：环线含夜班。</w:t></w:r></w:p>"
    return packed(
        word__document_xml=f"<w:document {W}><w:body>{''.join(lines)}<w:tbl>{body}</w:tbl>{note}</w:body></w:document>"
    )


def pptx() -> bytes:
    def cell(r: int, c: int) -> str:
        rows, columns = SPANS.get((r, c), (1, 1))
        spans = f' rowSpan="{rows}"' * (rows > 1) + f' gridSpan="{columns}"' * (columns > 1)
        if TABLE[r][c] is None:
            spans = ' hMerge="1"' if (r, c) == (0, 3) else ' vMerge="1"'
        words = TABLE[r][c] or ""
        return f"<a:tc{spans}><a:txBody><a:p><a:r><a:t>{words}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = "".join("<a:tr>" + "".join(cell(r, c) for c in range(5)) + "</a:tr>" for r in range(5))
    shape = "<p:sp><p:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"
    frame = f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{rows}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    tree = (
        shape.format("公交客流")
        + shape.format("单位：万人次")
        + frame
        + shape.format("注：环线含夜班。")
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide"
    return packed(
        ppt__presentation_xml=f'<p:presentation {A}><p:sldIdLst><p:sldId id="1" r:id="r1"/></p:sldIdLst></p:presentation>',
        **{
            "ppt___rels__presentation_xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="{kind}" Target="slides/s1.xml"/></Relationships>'
        },
        ppt__slides__s1_xml=f"<p:sld {A}><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>",
    )


PAGE = (
    f"<html><body><h1>公报</h1><p>各线路客流如下，由调度中心按月汇总，每年一月公布。</p>"
    f"<table><caption>公交客流（单位：万人次）</caption>{HTML}</table><p>注：环线含夜班。</p></body></html>"
)
MARKDOWN = f"# 公报\n\n公交客流\n\n单位：万人次\n\n<table>\n{HTML}</table>\n\n注：环线含夜班。\n"
FILES = {
    "客流.xlsx": xlsx(),
    "客流.docx": docx(),
    "客流.pptx": pptx(),
    "客流.html": PAGE.encode(),
    "客流.md": MARKDOWN.encode(),
}


def read(name: str, data: bytes, folder: Path) -> Document:
    path = folder / name
    path.write_bytes(data)
    document = read_document(path, name, Reading())
    for table in document.tables:
        for cell in table.cells:
            assert cell.span.of(document.text) == cell.text
            assert all(label.span.of(document.text) == label.text for label in cell.labels)
    return document


def labelled(document: Document) -> list[tuple[str, list[str], list[str], str | None]]:
    return [
        (
            cell.text,
            [label.text for label in cell.rows],
            [label.text for label in cell.columns],
            cell.unit,
        )
        for table in document.tables
        for cell in table.cells
    ]


@pytest.mark.parametrize("name", FILES)
def test_merged_labels_and_headers_are_those_of_each_cell(name: str, tmp_path: Path) -> None:
    document = read(name, FILES[name], tmp_path)
    (table,) = document.tables
    cells = labelled(document)
    assert ("1,310", ["北区", "1路"], ["客流", "下半年"], "万人次") in cells
    assert ("877", ["北区", "环线"], ["客流", "上半年"], "万人次") in cells
    assert ("71", ["北区", "环线"], ["票款"], "万人次") in cells
    assert ("655", ["南区", "3路"], ["客流", "下半年"], "万人次") in cells
    assert len(cells) == 14
    assert "公交客流" in (table.caption or "")
    assert table.notes == ("注：环线含夜班。",)


@pytest.mark.parametrize("name", FILES)
def test_a_row_is_led_by_title_unit_header_and_label(name: str, tmp_path: Path) -> None:
    document = read(name, FILES[name], tmp_path)
    block = next(b for b in document.blocks if "环线\t877" in b.span.of(document.text))
    lead = "\n".join(block.lead)
    assert all(words in lead for words in ("公交客流", "万人次", "票款", "下半年", "北区"))
    assert "1路" not in lead


def test_empty_cells_bars_in_cells_and_tables_without_outer_bars(tmp_path: Path) -> None:
    source = (
        "# 表\n\n| 型号 | 价格 | 库存 |\n|:--|--:|--:|\n| 甲\\|乙 | | 3 |\n| 丙 | 8 | |\n\n"
        "车位 | 月租\n--- | ---\n地面 | 150元\n地下 | 320元\n"
    )
    cells = labelled(read("表.md", source.encode(), tmp_path))
    assert ("3", ["甲|乙"], ["库存"], None) in cells
    assert ("8", ["丙"], ["价格"], None) in cells
    assert ("320元", ["地下"], ["月租"], None) in cells
    assert len(cells) == 8


def test_many_tables_in_html_without_an_end_are_text(tmp_path: Path) -> None:
    document = read("开.md", ("# 甲\n\n" + "<table><tr><td>乙\n" * 2000).encode(), tmp_path)
    assert document.tables == ()
    assert document.text.count("乙") == 2000


def test_an_export_with_lines_before_its_header(tmp_path: Path) -> None:
    source = (
        "对账单,,,,\n账户：[林**],,,,\n\n----明细----,,,,\n时间,商户,收/支,金额（元）,状态\n"
        "2024-03-02 08:14:31,早点铺,支出,12.50,成功\n2024-03-05 19:40:02,书局,支出,97.80,成功\n"
    )
    document = read("账.csv", source.encode("gb18030"), tmp_path)
    assert ("97.80", ["2024-03-05 19:40:02", "书局", "支出"], ["金额（元）"], "元") in labelled(
        document
    )
    assert document.text.startswith("对账单\n账户：[林**]\n----明细----\n时间\t商户")


def test_a_second_table_in_a_sheet_has_its_own_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["镇", "人口"],
        ["甲镇", 10],
        ["乙镇", 20],
        [],
        ["学校", "教师", "学生"],
        ["一小", 12, 200],
    ):
        sheet.append(row)
    document = read("表.xlsx", saved(book), tmp_path)
    assert len(document.tables) == 2
    assert ("200", ["一小"], ["学生"], None) in labelled(document)


def test_number_formats_hidden_sheets_and_comments(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["店", "编号", "同比", "开业", "销售", "工资"])
    sheet.append(["甲店", 317, -0.041, dt.date(2018, 5, 2), 1284560.5, 3600])
    formats = ("General", "00000", "0.0%", 'yyyy"年"m"月"d"日"', "#,##0.00", '"¥"#,##0')
    for column, number_format in enumerate(formats, 1):
        sheet.cell(2, column).number_format = number_format
    sheet["E2"].comment = Comment("含团购", "店长")
    hidden = book.create_sheet("旧店")
    hidden.append(["店", "原因"])
    hidden.append(["丙店", "租约到期"])
    hidden.sheet_state = "hidden"
    document = read("店.xlsx", saved(book), tmp_path)
    assert "甲店\t00317\t-4.1%\t2018年5月2日\t1,284,560.50\t¥3,600" in document.text
    note = next(b for b in document.blocks if "含团购" in b.span.of(document.text))
    assert note.lead == ("批注 E2：",)
    row = next(b for b in document.blocks if "租约到期" in b.span.of(document.text))
    assert row.headings == ("【隐藏】旧店",)
    assert document.warnings == ("1 sheets are hidden; they were read: 旧店",)


def formulas() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["项", "数"],
        ["甲", 12],
        ["乙", 30],
        ["合计", "=SUM(B2:B3)"],
        ["均值", "=AVERAGE(B2:B3)"],
    ):
        sheet.append(row)
    return saved(book)


def test_formulas_without_stored_values_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    document = read("算.xlsx", formulas(), tmp_path)
    (warning,) = document.warnings
    assert warning.startswith("2 formulas have no stored value and are missing (Sheet B4:B5)")


@pytest.mark.skipif(not office.available(), reason="LibreOffice is not installed")
def test_formulas_without_stored_values_are_computed(tmp_path: Path) -> None:
    document = read("算.xlsx", formulas(), tmp_path)
    assert document.warnings == ()
    assert ("42", ["合计"], ["数"], None) in labelled(document)
    assert ("21", ["均值"], ["数"], None) in labelled(document)


def test_a_table_in_a_chunk_keeps_the_cells_that_lie_in_it(tmp_path: Path) -> None:
    rows = "".join(f"{i}号站,{i * 7}.5,{i * 3}\n" for i in range(1, 120))
    document = read("站.csv", f"站,雨量（毫米）,人数\n{rows}".encode(), tmp_path)
    chunks = chunk_document(document, Chunking()).chunks
    assert len(chunks) > 3
    assert sum(len(chunk.cells) for chunk in chunks) == 3 * 119
    for chunk in chunks:
        for cell in chunk.cells:
            assert chunk.span.start <= cell.span.start and cell.span.end <= chunk.span.end
        assert chunk.position == 0 or chunk.lead == ("站\t雨量（毫米）\t人数",)


def test_parts_of_a_wide_row_have_its_key_and_their_own_columns(tmp_path: Path) -> None:
    header = ["城市", *(f"指标{i:03}（万元）" for i in range(150))]
    row = ["北山市", *(f"{i:03},123.45" for i in range(150))]
    source = "\t".join(header) + "\n" + "\t".join(row) + "\n"
    document = read("宽.tsv", source.encode(), tmp_path)
    chunks = chunk_document(document, Chunking()).chunks
    parts = [chunk for chunk in chunks if chunk.cells]
    assert sum(len(chunk.cells) for chunk in parts) == 151
    last = parts[-1]
    columns, name = last.lead
    assert name == "北山市"
    assert columns.split("\t") == [f"指标{int(cell.text[:3]):03}（万元）" for cell in last.cells]


def test_rows_beyond_the_limit_keep_their_header_and_are_named(tmp_path: Path) -> None:
    rows = "".join(f"站{i},{i}.5\n" for i in range(20_010))
    document = read("长.csv", f"站,雨量\n{rows}".encode(), tmp_path)
    (warning,) = document.warnings
    assert warning.startswith("a table has 20,011 rows; of those after the first 20,000 the text")
    assert len(document.tables[0].cells) == 2 * 19_999
    assert document.blocks[-1].lead == ("站\t雨量",)


def _wide(ending: str, columns: int, rows: int) -> bytes:
    """A table of numbers under a header; the first column has names."""
    lines = [["城市", *(f"指标{i}" for i in range(1, columns))]]
    lines += [[f"城{r}", *(f"{r + 1}{i:05}" for i in range(1, columns))] for r in range(rows)]
    if ending == "csv":
        return "\n".join(",".join(line) for line in lines).encode()
    if ending == "md":
        lines.insert(1, ["---"] * columns)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines).encode()
    if ending == "tex":
        body = "\\\\\n".join(" & ".join(line) for line in lines)
        begin = "\\begin{document}\\begin{tabular}{" + "l" * columns + "}"
        return (begin + body + "\\end{tabular}\\end{document}").encode()
    if ending == "html":
        return (
            "".join(f"<tr>{''.join(f'<td>{words}</td>' for words in line)}</tr>" for line in lines)
            .join(("<table>", "</table>"))
            .encode()
        )
    if ending == "docx":
        cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
        body = "".join(f"<w:tr>{''.join(map(cell.format, line))}</w:tr>" for line in lines)
        return packed(
            word__document_xml=f"<w:document {W}><w:body><w:tbl>{body}</w:tbl></w:body></w:document>"
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("表")
    for line in lines:
        sheet.append(line)
    return saved(book)


@pytest.mark.parametrize("ending", ["csv", "md", "tex", "html", "docx", "xlsx"])
def test_columns_beyond_the_limit_are_read_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(grids, "MAX_COLUMNS", 100)
    document = read(f"宽.{ending}", _wide(ending, 130, 3), tmp_path)
    (warning,) = document.warnings
    assert warning == (
        "a table has 130 columns; of those after the first 100 the text is read, but not the labels"
    )
    assert all(f"{row}{i:05}" in document.text for row in (1, 2, 3) for i in range(1, 130))
    assert len(document.tables[0].cells) == 3 * 100


def test_cells_beyond_the_limit_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (grids, structure):
        monkeypatch.setattr(module, "MAX_CELLS", 500)
    document = read("宽.csv", _wide("csv", 100, 8), tmp_path)
    (warning,) = document.warnings
    assert warning.startswith("a table has 900 cells; of those after the first 500 the text")
    assert len(document.tables[0].cells) == 500
    assert document.text.count("800099") == 1


@pytest.mark.parametrize("columns", [1_000, 5_000, 20_000])
def test_what_stands_above_the_parts_of_wide_rows_grows_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Also where cells are labelled no more."""
    monkeypatch.setattr(grids, "MAX_COLUMNS", 600)
    source = _wide("csv", columns, 2)
    chunks = chunk_document(read("宽.csv", source, tmp_path), Chunking()).chunks
    assert sum(len(part) for chunk in chunks for part in chunk.lead) < 2 * len(source)
    assert sum(len(chunk.text) for chunk in chunks) > 0.8 * len(source.decode())


def test_a_table_inside_another_one_has_its_own_header(tmp_path: Path) -> None:
    """Programs set tables that follow one another as one, a title between them."""
    path = tmp_path / "员工.html"
    rows = (
        ("专业", "人数"), ("生产", "390"), ("销售", "189"),
        ("教育程度",), ("学历", "数量（人）"), ("硕士", "181"), ("本科", "536"),
    )  # fmt: skip
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    path.write_text(f"<p>员工情况如下：</p><table>{body}</table>", encoding="utf-8")
    first, second = read_document(path, path.name, Reading()).tables
    assert first.caption == "员工情况如下："
    assert (second.caption, second.cells[1].text) == ("教育程度", "181")
    assert [label.text for label in second.cells[1].labels] == ["硕士", "数量（人）"]
    assert second.cells[1].unit == "人"
