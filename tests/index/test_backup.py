"""An index saved as one file, and brought back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import StoreCorrupt, StoreError, StoreMissing
from rag.index.local.database import PAGED
from rag.index.local.index import Index
from rag.index.local.maintenance import restore
from rag.index.protocol import Field
from rag.settings import Settings
from tests.fakes import CharacterEncoder

QUERY = {Field.WORDS: {"灯塔": 1.0, "大桥": 1.0}}


@pytest.fixture
def index(docs: Path, settings: Settings) -> Index:
    return Index.build([docs], settings=settings, encoder=CharacterEncoder())


def opened(folder: Path) -> Index:
    return Index.open(folder, Settings(), encoder=CharacterEncoder())


def test_a_backup_brings_everything_back(index: Index, tmp_path: Path) -> None:
    index.backup(tmp_path / "saved.wenju")
    assert {path.name for path in tmp_path.iterdir()} == {"docs", "index", "saved.wenju"}
    counts = restore(tmp_path / "saved.wenju", tmp_path / "other" / "index")
    again = opened(tmp_path / "other" / "index")
    assert counts == (3, index.count)
    assert again.verify() == []
    assert again.documents() == index.documents()
    assert [again.document(info.name) for info in again.documents()] == [
        index.document(info.name) for info in index.documents()
    ]
    assert again.rank_words(QUERY, 5) == index.rank_words(QUERY, 5)
    vector = index.encoder.encode_queries(["大桥全长"])[0]
    assert again.rank_vectors(vector, 5) == index.rank_vectors(vector, 5)


@pytest.mark.parametrize("page_bytes", [None, 4096, 32768])
def test_a_restored_index_takes_the_place_of_a_later_one(
    index: Index, settings: Settings, tmp_path: Path, page_bytes: int | None
) -> None:
    """Also where it was saved in pages of another size, as an earlier program wrote them."""
    index.backup(tmp_path / "saved")
    if page_bytes:
        with closing(sqlite3.connect(tmp_path / "saved")) as saved:
            saved.execute(f"PRAGMA page_size = {page_bytes}")
            saved.execute("VACUUM")
    reader = opened(settings.index)
    index.remove("灯塔.txt")
    with pytest.raises(StoreError, match=r"there is an index in .*--force"):
        restore(tmp_path / "saved", settings.index)
    late = opened(settings.index)
    restore(tmp_path / "saved", settings.index, replace=True)
    again = opened(settings.index)
    assert again.verify() == []
    assert not list(settings.index.glob(f"*{PAGED}"))
    assert again.generation == 3
    assert again.document("灯塔.txt") == reader.document("灯塔.txt")
    assert [info.name for info in late.documents()] == ["桥梁.md", "渔业/年报.txt"]
    late.reopen()
    assert late.rank_words(QUERY, 5) == reader.rank_words(QUERY, 5)


def test_a_backup_is_never_written_over_a_file(index: Index, tmp_path: Path) -> None:
    (tmp_path / "saved").write_text("keep")
    with pytest.raises(StoreError, match="exists; name a new file"):
        index.backup(tmp_path / "saved")
    assert (tmp_path / "saved").read_text() == "keep"
    with pytest.raises(StoreError, match="nowhere"):
        index.backup(tmp_path / "nowhere" / "saved")


def test_a_damaged_backup_changes_nothing(index: Index, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="no such file"):
        restore(tmp_path / "saved", settings.index, replace=True)
    index.backup(tmp_path / "saved")
    with closing(sqlite3.connect(tmp_path / "saved")) as connection:
        connection.execute("UPDATE chunks SET text = replace(text, '1931', '1932')")
        connection.commit()
    with pytest.raises(StoreCorrupt, match=r"saved is damaged:\n  document 灯塔\.txt, chunk 0"):
        restore(tmp_path / "saved", settings.index, replace=True)
    (tmp_path / "saved").write_bytes(b"something else")
    with pytest.raises(StoreCorrupt):
        restore(tmp_path / "saved", settings.index, replace=True)
    assert opened(settings.index).generation == 1
    assert index.verify() == []
