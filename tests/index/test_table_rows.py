"""Tables and cells round-trip through the catalog, and what is no such row is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.documents.chunk import chunk_document
from rag.documents.formats.records import read_csv
from rag.documents.load import read_document
from rag.errors import StoreCorrupt
from rag.index.local.index import Index
from rag.index.local.rows import pack, pack_cells, pack_tables, read_cells, read_tables
from rag.settings import Chunking, Reading, Settings
from rag.types import Document, Span

TABLE = "站点,日期,气温（℃）\n" + "".join(
    f"{place}站,2023-07-{day:02},{day + len(place)}.5\n"
    for place in ("北山", "南湾")
    for day in range(1, 25)
)


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "气温.csv"
    path.write_text(TABLE, encoding="utf-8")
    return read_document(path, path.name, Reading())


def test_tables_round_trip(document: Document) -> None:
    (table,) = document.tables
    assert len(table.cells) == 3 * 48
    data = pack_tables(document)
    assert data is not None
    assert read_tables(data, document.text) == document.tables


def test_cells_of_a_chunk_round_trip_with_labels_from_outside_it(document: Document) -> None:
    chunks = chunk_document(document, Chunking()).chunks
    assert len(chunks) > 2
    for chunk in chunks:
        data = pack_cells(chunk)
        assert data is not None
        assert read_cells(data, chunk.span, chunk.text) == chunk.cells
    last = chunks[-1].cells[-1]
    assert (last.text, last.unit) == ("26.5", "℃")
    assert [label.text for label in last.rows] == ["南湾站", "2023-07-24"]
    assert [label.text for label in last.columns] == ["气温（℃）"]
    assert last.columns[0].span == Span(6, 11)
    assert sum(len(chunk.cells) for chunk in chunks) == 3 * 48


def test_a_document_without_tables_takes_no_rows() -> None:
    cleaned = read_csv("名称\n甲\n".encode(), Reading())
    document = Document("i", "n", "p", "t", None, False, cleaned.text, cleaned.blocks, (), None)
    assert pack_tables(document) is None


@pytest.mark.parametrize(
    "data",
    [
        "[]",
        "{}",
        "[[0,1],[],[0,1],[]]",
        "[[0,1],[],[0,1,0,0],[null]]",
        "[[0,9],[],[0,1,0,0,0],[null]]",
        "[[],[],[0,9,0,0,0],[]]",
        '[[],["元"],[0,1,2,0,0],[]]',
        "[[],[],[0,1,0,1,0,0],[]]",
        "[[],[],[1,0,0,0,0],[]]",
        "[[],[],[-1,1,0,0,0],[]]",
        "[" * 100_000,
    ],
)
def test_other_cells_are_refused(data: str) -> None:
    with pytest.raises(StoreCorrupt, match="cells of a chunk"):
        read_cells(pack(data), Span(0, 3), "甲乙丙")


@pytest.mark.parametrize("data", ["{}", "[[1]]", "[[null,null,[],-1,[],[],[]]]", '["甲"]'])
def test_other_tables_are_refused(data: str) -> None:
    with pytest.raises(StoreCorrupt, match="tables of a document"):
        read_tables(pack(data), "甲乙丙")


def test_an_index_keeps_tables_and_finds_their_loss(document: Document, tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index")
    index = Index.build([tmp_path / "气温.csv"], settings=settings)
    stored = index.document("气温.csv")
    assert stored.tables == document.tables
    assert [len(chunk.cells) for chunk in index.chunks(range(index.count))] == [
        len(chunk.cells) for chunk in chunk_document(document, Chunking()).chunks
    ]
    assert index.verify() == []
    with closing(sqlite3.connect(settings.index / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("DELETE FROM cells WHERE chunk = 2")
    assert index.verify() == ["document 气温.csv, chunk 1: its cells are no table's"]
    with closing(sqlite3.connect(settings.index / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE tables SET data = x'00'")
    (damage,) = index.verify()
    assert damage.startswith("document 气温.csv, its tables: the content is not what was stored")
    assert damage in index.repair()
    assert index.verify() == []
    assert index.document("气温.csv").tables == document.tables
