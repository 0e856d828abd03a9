"""Small workbooks that stand for many cells: what they would become is counted before it is made."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from rag.documents.formats import office
from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import Document
from tests.documents.formats.compound_file import compound

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def read(data: bytes, name: str, settings: Reading | None = None) -> Document:
    return parse_document(data, Path(name), name, settings or Reading())


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def ods(rows: str, *, flat: bool = False, encoding: str = "utf-8") -> bytes:
    """A workbook of OpenDocument, packed or as one XML file."""
    root = "office:document" if flat else "office:document-content"
    content = (
        f'<?xml version="1.0" encoding="{encoding}"?><{root} {_SPACES}><office:body>'
        f'<office:spreadsheet><table:table table:name="表">{rows}</table:table>'
        f"</office:spreadsheet></office:body></{root}>"
    ).encode(encoding)
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    parts: dict[str, str | bytes] = {
        "mimetype": kind,
        "content.xml": content,
        "META-INF/manifest.xml": manifest,
    }
    return content if flat else packed(parts)


def line(cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


def cell(words: str, times: int = 1) -> str:
    stated = f' office:value-type="string"><text:p>{words}</text:p>' if words else ">"
    return f'<table:table-cell table:number-columns-repeated="{times}"{stated}</table:table-cell>'


@pytest.mark.parametrize(
    ("flat", "encoding"), [(False, "utf-8"), (False, "utf-16"), (True, "utf-8")]
)
def test_cells_that_repeat_without_measure_are_refused(flat: bool, encoding: str) -> None:
    data = ods(line(cell("塔", 2_000), 2_000), flat=flat, encoding=encoding)
    assert len(data) < 2_000
    with pytest.raises(UnreadableDocument, match="repeats 1 cells until they are 4,000,000"):
        read(data, "表.ods")
    endless = ods(line(cell("塔", 10**30), 10**30), flat=flat, encoding=encoding)
    with pytest.raises(UnreadableDocument, match="until they are 17,179,869,184"):
        read(endless, "表.ods")


def test_cells_that_repeat_a_little_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    empty = line(cell("", 16_384), 1_000_000)  # the rest of a sheet, as Calc writes it
    rows = line(cell("港口") + cell("人数")) + line(cell("东港") + cell("3100", 2), 2) + empty
    document = read(ods(rows), "表.ods")
    assert document.text.split("\n") == ["表", "港口\t人数", "东港\t3100\t3100", "东港\t3100\t3100"]


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of an .xlsb file."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(body)]) + body


def xlsb(*cells: tuple[int, int, float]) -> bytes:
    """A workbook of one sheet with numbers: row, column, value."""
    spaces = "http://schemas.openxmlformats.org"
    office_ = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    names = b"".join(
        struct.pack("<I", len(name)) + name.encode("utf-16-le") for name in ("rId1", "表")
    )
    sheet = record(156, struct.pack("<II", 0, 1) + names)
    size = record(148, bytes(16))
    rows = b"".join(
        record(0, struct.pack("<IIHHBI", row, 0, 300, 0, 0, 0))
        + record(5, struct.pack("<IId", column, 0, value))
        for row, column, value in cells
    )
    link = (
        f'<Relationships xmlns="{spaces}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office_}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    parts: dict[str, str | bytes] = {
        "xl/workbook.bin": record(131) + record(143) + sheet + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": link,
        "xl/worksheets/sheet1.bin": record(129) + size + record(145) + rows + record(146),
    }
    return packed(parts)


def xls(*cells: tuple[int, int, float]) -> bytes:
    """A workbook of one sheet with numbers: row, column, value."""

    def old(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    begin = old(0x809, struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0))
    at = len(begin) + 4 + 8 + 2 + 4
    named = old(0x85, struct.pack("<IBBBB", at, 0, 0, 1, 1) + "表".encode("utf-16-le"))
    globe = begin + named + old(0x0A, b"")
    sheet = old(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + b"".join(
        old(0x203, struct.pack("<HHHd", row, column, 0, value)) for row, column, value in cells
    )
    return compound({"Workbook": globe + sheet + old(0x0A, b"")})


@pytest.mark.parametrize(("made", "last"), [(xlsb, (1_048_575, 16_383)), (xls, (65_535, 65_535))])
def test_a_cell_at_the_end_of_a_sheet_makes_no_others(
    made: Callable[..., bytes], last: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    name = f"表.{made.__name__}"
    assert read(made((0, 0, 1.5), (1, 1, 2.5)), name).text == "表\n1.5\n2.5"
    with pytest.raises(UnreadableDocument, match="from its first to its last, the limit is"):
        read(made((0, 0, 1.5), (*last, 2.5)), name)


def test_sparse_rows_are_read_as_they_are_written() -> None:
    book = openpyxl.Workbook()
    book.active.title = "表"
    for row in range(1, 1_001):  # 16 million places
        book.active.cell(row, 16_384, row)
    book.active.cell(1_048_576, 1, "末行")
    data = BytesIO()
    book.save(data)
    assert read(data.getvalue(), "表.xlsx").text.split("\n") == [
        "表", *(str(row) for row in range(1, 1_001)), "末行",
    ]  # fmt: skip


def test_a_long_text_shown_by_many_cells_is_limited() -> None:
    spaces = "http://schemas.openxmlformats.org"
    main = f'xmlns="{spaces}/spreadsheetml/2006/main"'
    related = f"{spaces}/officeDocument/2006/relationships"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{spaces}/package/2006/content-types"><Override '
        'PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sharedStrings+xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        "</Types>",
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{related}"><sheets><sheet name="表" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{spaces}/package/2006/'
        f'relationships"><Relationship Id="r1" Type="{related}/worksheet" '
        'Target="worksheets/s.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {main}><si><t>{'长' * 30_000}</t></si></sst>",
        "xl/worksheets/s.xml": f"<worksheet {main}><sheetData><row>"
        + '<c t="s"><v>0</v></c>' * 400
        + "</row></sheetData></worksheet>",
    }
    data = packed(parts)
    assert len(data) < 3_000
    with pytest.raises(UnreadableDocument, match="holds more than 1,000,000 characters"):
        read(data, "表.xlsx", Reading(max_file_bytes=1_000_000))
