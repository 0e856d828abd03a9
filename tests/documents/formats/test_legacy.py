"""Files of old and other office programs, each written by LibreOffice for the test."""

from __future__ import annotations

import http.server
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from rag.documents.formats import office
from rag.documents.formats.legacy import read_workbook
from rag.documents.load import parse_document
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind, Document
from tests.documents.formats.office_files import SHEETS, made, slides, text_document

pytestmark = pytest.mark.skipif(not office.available(), reason=office.INSTALL)

REPORT = text_document(
    '<text:h text:outline-level="1">港口概况</text:h><text:p>灯塔建于1902年，塔高31米。</text:p>'
    '<table:table><table:table-column table:number-columns-repeated="2"/>'
    + "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in row)
        + "</table:table-row>"
        for row in (("港口", "人数"), ("东港", "3,100"))
    )
    + "</table:table>"
)


def read(data: bytes, name: str) -> Document:
    return parse_document(data, Path(name), name, Reading())


@pytest.fixture(scope="module")
def word() -> bytes:
    return made(REPORT, ".fodt", "doc")


@pytest.mark.parametrize(
    ("ending", "target"), [(".doc", "doc"), (".wps", "doc"), (".rtf", "rtf"), (".odt", "odt")]
)
def test_text_documents(ending: str, target: str) -> None:
    document = read(made(REPORT, ".fodt", target), f"报告{ending}")
    assert document.text.split("\n") == [
        "港口概况", "灯塔建于1902年，塔高31米。", "港口\t人数", "东港\t3,100",
    ]  # fmt: skip
    assert [block.kind for block in document.blocks] == [
        BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.TABLE_ROW, BlockKind.TABLE_ROW,
    ]  # fmt: skip
    assert (document.title, document.source, document.warnings) == ("港口概况", None, ())
    assert document.blocks[-1].lead == ("港口\t人数",)


@pytest.mark.parametrize(("ending", "target"), [(".ppt", "ppt"), (".dps", "ppt"), (".odp", "odp")])
def test_slides(ending: str, target: str) -> None:
    deck = slides(("港口概况", "塔高31米。"), ("客运", "五月3,100人。"))
    document = read(made(deck, ".fodp", target), f"报告{ending}")
    assert document.text.split("\n") == ["港口概况", "塔高31米。", "客运", "五月3,100人。"]
    assert [block.page for block in document.blocks] == [1, 1, 2, 2]
    assert document.blocks[1].headings == ("港口概况",)


@pytest.mark.parametrize(("ending", "target"), [(".xls", "xls"), (".et", "xls"), (".ods", "ods")])
def test_workbooks_keep_their_number_formats(ending: str, target: str) -> None:
    document = read(made(SHEETS, ".fods", target), f"客运{ending}")
    assert document.text.split("\n") == ["客运", "港口\t人数\t占比", "东港\t31,500\t40.39%"]
    assert document.blocks[2].lead == ("港口\t人数\t占比",)


@pytest.mark.parametrize("target", ["xls", "ods", "xlsx"])
def test_workbooks_without_libreoffice(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(SHEETS, ".fods", target)
    monkeypatch.setattr(office, "program", lambda: None)
    cleaned = read_workbook(data, Reading())
    assert cleaned.text.split("\n") == ["客运", "港口\t人数\t占比", "东港\t31500\t0.4039"]
    (warning,) = cleaned.warnings
    assert "number formats are missing" in warning and "install LibreOffice" in warning


def test_without_libreoffice_one_line_says_what_to_install(
    word: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "program", lambda: None)
    with pytest.raises(UnreadableDocument) as raised:
        read(word, "报告.doc")
    assert "apt-get install libreoffice-writer-nogui" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("ending", [".doc", ".ppt", ".xls", ".odt", ".ods", ".rtf"])
def test_what_is_damaged_is_refused(ending: str) -> None:
    for data in (b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 20):
        with pytest.raises(UnreadableDocument):
            read(data, f"坏{ending}")


def test_a_link_in_a_document_is_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 (the name that the server asks for)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    secret = tmp_path / "秘密.txt"
    secret.write_text("别人的秘密", "utf-8")
    body = (
        f'<text:p>塔高31米。<draw:frame svg:width="2cm" svg:height="2cm"><draw:image '
        f'xlink:href="{address}/a.png" xlink:type="simple"/></draw:frame></text:p>'
        f'<text:section text:name="s"><text:section-source xlink:href="{secret.as_uri()}"/></text:section>'
        f'<text:section text:name="t"><text:section-source xlink:href="{address}/b.html"/></text:section>'
    )
    try:
        document = read(made(text_document(body), ".fodt", "odt"), "a.odt")
    finally:
        server.shutdown()
        server.server_close()
    assert document.text == "塔高31米。"
    assert asked == []


def test_what_takes_too_long_is_ended_and_leaves_nothing(
    word: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UnreadableDocument, match="took longer than"):
        office.convert(word, ".doc", "docx", Reading(max_seconds=0.05))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_file_that_would_grow_beyond_the_limit_is_refused(word: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="cannot read the file"):
        office.convert(word, ".doc", "docx", Reading(max_unpacked_bytes=1000))
