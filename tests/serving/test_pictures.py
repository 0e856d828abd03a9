"""The page of a quotation as a picture: of documents of the collection alone, as indexed."""

from __future__ import annotations

import base64
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.index.local.index import Index
from rag.serving.collections import Collection, Library
from rag.serving.routes.documents import PagePictures, pages_of
from rag.serving.server import create_app
from rag.settings import Reading, Settings
from rag.types import Block, BlockKind, Document, PageBox, Span
from tests.pdf_file import pdf_file

PAGES = [
    ["青石桥维修纪要", "二〇二四年五月六日，镇政府完成了青石桥的维修。", "桥长四十二米。"],
    ["青石桥的维修共花费人民币三十八万元。", "比预算少二万元，", "余款留作日常养护，"],
    ["由镇财政所管理。", "桥面每年春天检查一次。"],
]
NAME = "纪要.pdf"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "texts").mkdir()
    (folder / "texts" / NAME).write_bytes(pdf_file(PAGES))
    (folder / "texts" / "桥.txt").write_text("青石桥建于清代。\n", encoding="utf-8")
    Index.build([folder / "texts"], folder / "index")
    return folder


@pytest.fixture
def client(place: Path) -> Iterator[TestClient]:
    collection = Collection(place / "index", Settings.load(environ={}))
    app = create_app(collection, collection.status, library=Library(collection))
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def document(place: Path, name: str = NAME) -> Document:
    return Index.open(place / "index").document(name)


def where(read: Document, quote: str) -> dict[str, Any]:
    """The parameters that ask for a quotation of a document."""
    start = read.text.index(quote)
    return {"document": read.name, "start": start, "end": start + len(quote)}


def test_the_list_knows_which_documents_have_pages(client: TestClient) -> None:
    listed = client.get("/api/documents").json()["documents"]
    # All of the file is one chunk, which begins on its first page.
    assert {one["document"]: one["last_page"] for one in listed} == {NAME: 1, "桥.txt": None}


def refused(reply: Any) -> str:
    assert reply.status_code == 400, reply.text
    return str(reply.json()["error"])


def test_the_quotation_is_boxed_on_its_page(place: Path, client: TestClient) -> None:
    wanted = where(document(place), "人民币三十八万元")
    shown = client.get("/api/page", params={**wanted, "width": 595}).json()
    assert (shown["document"], shown["page"], shown["width"], shown["height"]) == (
        NAME,
        2,
        595,
        842,
    )
    assert base64.b64decode(shown["png"]).startswith(b"\x89PNG")
    (box,) = shown["boxes"]
    # The eleventh to eighteenth character, 12 points wide each, of the first line.
    assert (round(box["x0"], -1), round(box["x1"], -1)) == (170, 260)
    assert 60 < box["y0"] < box["y1"] < 90
    other = client.get("/api/page", params={**wanted, "page": 1}).json()
    assert (other["page"], other["boxes"]) == (1, [])
    assert "no page 4" in refused(client.get("/api/page", params={**wanted, "page": 4}))
    assert client.get("/api/page", params={**wanted, "width": 9_000}).status_code == 422


def test_only_indexed_pdf_files_are_drawn(place: Path, client: TestClient) -> None:
    text = document(place, "桥.txt")
    assert "PDF files and pictures have" in refused(
        client.get("/api/page", params=where(text, "清代"))
    )
    here = {"start": 0, "end": 3}
    for name in ("/etc/passwd", "../index/catalog.sqlite", "没有.pdf"):
        assert client.get("/api/page", params={**here, "document": name}).status_code == 404
    for span in ({"start": 0, "end": 0}, {"start": 0, "end": 10_000}, {"start": 9, "end": 2}):
        assert "no quotation" in refused(client.get("/api/page", params={"document": NAME, **span}))
    foreign = client.get("/api/page", headers={"host": "evil.example"})
    assert foreign.status_code == 403


def test_a_file_that_is_not_as_indexed_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "texts" / NAME
    path.parent.mkdir()
    path.write_bytes(pdf_file(PAGES))
    read = Index.build([path.parent], tmp_path / "index").document(NAME)
    span = Span(0, 5)
    pictures = PagePictures(Reading())
    assert pictures.picture_json(read, span, None, 100)["page"] == 1
    path.write_bytes(pdf_file([["别的内容"], *PAGES]))
    with pytest.raises(Exception, match="has changed since it was indexed"):
        pictures.picture_json(read, span, None, 100)
    path.unlink()
    with pytest.raises(Exception, match="no longer where it was indexed"):
        pictures.picture_json(read, span, None, 100)
    os.mkfifo(path)  # nobody waits for what is no file
    with pytest.raises(Exception, match="no longer where it was indexed"):
        pictures.picture_json(read, span, None, 100)


def test_a_page_in_an_archive_is_drawn(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(NAME, pdf_file(PAGES))
    read = Index.build([tmp_path / "a.zip"], tmp_path / "index").document(f"a.zip/{NAME}")
    drawn = PagePictures(Reading()).picture_json(read, Span(0, 5), None, 100)
    assert (drawn["document"], drawn["page"]) == (f"a.zip/{NAME}", 1)
    assert drawn["boxes"]


def test_the_last_pictures_are_kept(place: Path) -> None:
    read, pictures = document(place), PagePictures(Reading(), most=1)
    first = pictures.picture_json(read, Span(0, 2), 1, 100)
    assert pictures.picture_json(read, Span(0, 2), 1, 100) is first
    pictures.picture_json(read, Span(0, 3), 1, 100)
    assert pictures.picture_json(read, Span(0, 2), 1, 100) is not first


def test_pages_are_those_of_the_blocks() -> None:
    def block(start: int, page: int | None, *pages: int) -> Block:
        boxes = tuple(PageBox(one, 0, 0, 9, 9) for one in pages)
        return Block(Span(start, start + 10), BlockKind.PARAGRAPH, page=page, boxes=boxes)

    blocks = (block(0, 1), block(10, 2, 2, 3), block(20, None))
    read = Document("i", "n", "p", "t", None, False, "字" * 30, blocks, (), None)
    assert pages_of(read, Span(5, 12)) == [1, 2, 3]
    assert pages_of(read, Span(22, 24)) == []
