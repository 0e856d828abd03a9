"""What a file is, whatever its name says."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from rag import Index
from rag.documents.detect import real_ending
from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading, Settings
from rag.types import Document
from tests.documents.bad_pdf import empty_pdf
from tests.documents.test_office import STYLES, docx, paragraph
from tests.fakes import CharacterEncoder

WEB = "<!DOCTYPE html><html><body><h1>港口</h1><p>塔高31米。</p></body></html>".encode()


def read(data: bytes, name: str) -> Document:
    return parse_document(data, Path(name), name, Reading())


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["港口", "人数"])
    book.worksheets[0].append(["东港", 3100])
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def zipped(**files: str) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "ending", "real"),
    [
        (b"%PDF-1.7\n", ".doc", ".pdf"),
        (b"%PDF-1.7\n", ".txt", ".pdf"),
        (rb"{\rtf1 a}", ".doc", ".rtf"),
        (b"\x89PNG\r\n\x1a\n", ".jpg", ".png"),
        (b"\xff\xd8\xff\xe0", ".jpeg", ".jpeg"),
        (docx(paragraph("一句话。")), ".doc", ".docx"),
        (docx(paragraph("一句话。")), ".txt", ".docx"),
        (workbook(), ".xls", ".xlsx"),
        (workbook(), ".xlsm", ".xlsm"),
        (workbook(), ".csv", ".xlsx"),
        (zipped(mimetype="application/vnd.oasis.opendocument.text"), ".docx", ".odt"),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), ".xls", ".ods"),
        (zipped(a="b"), ".docx", ".docx"),
        (WEB, ".xls", ".html"),
        (WEB, ".doc", ".html"),
        (WEB, ".txt", ".html"),
        (WEB, ".md", ".md"),
        (b"<table><tr><td>a</td></tr></table>", ".xls", ".html"),
        (b"<table>", ".txt", ".txt"),
        (b"\xef\xbb\xbf<html><p>a", ".xls", ".html"),
        ("港口\t人数\n东港\t3100\n".encode("gb18030"), ".xls", ".csv"),
        ("一句话。".encode(), ".docx", ".txt"),
        ("一句话。".encode(), ".DOC", ".txt"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n", ".doc", ".mht"),
        (b"\x00\x01\x02" * 99, ".doc", ".doc"),
        (b"\x00\x01\x02" * 99, "", ""),
        (empty_pdf(1)[20:], ".pdf", ".pdf"),
        (b"", ".docx", ".docx"),
        (b"# Title", ".md", ".md"),
    ],
)  # fmt: skip
def test_the_content_wins_over_the_name(data: bytes, ending: str, real: str) -> None:
    assert real_ending(data, ending) == real


def test_files_under_other_names_are_read() -> None:
    assert read(docx(paragraph("塔高31米。"), STYLES), "报告.doc").text == "塔高31米。"
    assert read(workbook(), "客运.xls").text == "港口\t人数\n东港\t3100"
    assert read(WEB, "网页.doc").text == "港口\n塔高31米。"
    named = read("港口\t人数\n东港\t3100\n".encode("gb18030"), "导出.xls")
    assert (named.text, named.source) == ("港口\t人数\n东港\t3100", "港口\t人数\n东港\t3100\n")
    assert read("塔高31米。\n".encode(), "说明.docx").text == "塔高31米。"


def test_a_locked_workbook_is_named_as_such() -> None:
    with pytest.raises(UnreadableDocument, match="encrypted"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "加密.xlsx")


def test_an_index_of_a_workbook_that_is_called_a_text(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "客运.txt").write_bytes(workbook())
    settings = Settings(index=tmp_path / "index")
    index = Index.build(
        [tmp_path / "files"], tmp_path / "index", settings, encoder=CharacterEncoder()
    )
    assert index.document("客运.txt").text == "港口\t人数\n东港\t3100"
