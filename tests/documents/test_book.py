"""E-books: chapters in reading order, what the book says of itself, missing parts."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO

import pytest

from rag.documents.formats.web import read_epub
from rag.errors import UnreadableDocument
from rag.settings import Reading

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
PACKAGE = (
    '<package xmlns:dc="x"><metadata><dc:title>红河志</dc:title><dc:date>2019-05-01</dc:date></metadata>'
    '<manifest><item id="b" href="zwei.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="a" href="text/%E4%B8%80.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="c" href="gone.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="p" href="p.png" media-type="image/png"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="p"/>{more}</spine></package>'
)
TABLE = "<table><tr><td>年</td><td>人口</td></tr><tr><td>{}</td><td>{}</td></tr></table>"


def book(more: str = "", changed: Mapping[str, bytes] | None = None) -> bytes:
    parts = {
        "META-INF/container.xml": CONTAINER.encode(),
        "OPS/book.opf": PACKAGE.format(more=more).encode(),
        "OPS/text/一.xhtml": f"<html><body><h1>上篇</h1><p>红河发源于北山。</p>{TABLE.format(1902, 300)}</body></html>".encode(),
        "OPS/zwei.xhtml": f"<html><body>{TABLE.format(1950, 900)}<h1>下篇</h1><p>红河流入东海。</p></body></html>".encode(),
    } | dict(changed or {})
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return data.getvalue()


def test_chapters_in_reading_order() -> None:
    read = read_epub(book(), Reading())
    assert (read.title, read.date, read.date_inferred) == ("红河志", "2019-05-01", False)
    assert read.text.split("\n") == [
        "上篇", "红河发源于北山。", "年\t人口", "1902\t300", "年\t人口", "1950\t900", "下篇", "红河流入东海。",
    ]  # fmt: skip
    assert read.blocks[-1].headings == ("下篇",)
    assert [block.lead for block in read.blocks[2:6]] == [(), ("年\t人口",), (), ("年\t人口",)]
    assert read.warnings == ("chapters are missing from the file: OPS/p.png",)


def test_a_missing_chapter_is_named() -> None:
    read = read_epub(book('<itemref idref="c"/>'), Reading())
    missing = "chapters are missing from the file: OPS/p.png, OPS/gone.xhtml"
    assert read.warnings == (missing,)


def test_a_chapter_outside_the_reading_order_stands_at_the_end() -> None:
    notes = {"OPS/gone.xhtml": "<html><body><p>注一：红河旧称赤水。</p></body></html>".encode()}
    read = read_epub(book(changed=notes), Reading())
    assert read.text.split("\n")[-2:] == ["红河流入东海。", "注一：红河旧称赤水。"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no zip", "no zip archive"),
        (book(changed={"META-INF/container.xml": b"<container/>"}), "no EPUB file"),
        (book(changed={"OPS/book.opf": b"<package/>"}), "holds no text"),
    ],
)
def test_bad_books(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableDocument, match=words):
        read_epub(data, Reading())
