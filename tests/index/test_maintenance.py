"""What a server does for its index beside answering."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.index.local import maintenance, segments
from rag.index.local.catalog import Catalog
from rag.index.local.index import Index
from rag.index.local.maintenance import Tending, document_damages, last_check
from rag.index.local.opening import LazyEncoder
from rag.offline import folder
from rag.serving.collections import Collection
from rag.settings import EncoderSettings, Settings
from tests.fakes import CharacterEncoder
from tests.index.test_damage import change

PATIENCE_SECONDS = 300


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(maintenance, "_REST", 0.0)


@pytest.fixture
def index(docs: Path, settings: Settings) -> Index:
    return Index.build([docs], settings=settings, encoder=CharacterEncoder())


@pytest.fixture
def tended(index: Index, settings: Settings) -> Iterator[Tending]:
    found = Tending(settings.index, LazyEncoder(settings.encoder, index.encoder))
    yield found
    found.close()


def reopened(settings: Settings) -> Index:
    return Index.open(settings=settings, encoder=CharacterEncoder())


def test_a_sound_index_is_looked_through_once(
    index: Index, settings: Settings, tended: Tending
) -> None:
    assert index.status().checked is None
    tended.start()
    until(lambda: last_check(settings.index) is not None)
    status = index.status()
    assert status.checked is not None and status.damage == ()
    assert (reopened(settings).generation, index.verify()) == (1, [])


def test_a_flipped_bit_that_opening_did_not_see_is_mended(
    index: Index, settings: Settings, tended: Tending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "HASHED_AT_OPENING_BYTES", 0)
    assert index.generation == 1
    path = next(settings.index.glob("parts-1/*.vectors"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    assert reopened(settings).generation == 1
    tended.start()
    until(lambda: reopened(settings).generation == 2)
    until(lambda: last_check(settings.index) is not None)
    assert reopened(settings).verify() == []
    assert reopened(settings).status().damage == ()


def test_a_damaged_row_is_reported_until_it_is_mended(
    index: Index, settings: Settings, tended: Tending
) -> None:
    change(settings, "UPDATE chunks SET text = replace(text, '1931', '1932')")
    tended.start()
    until(lambda: last_check(settings.index) is not None)
    (line,) = index.status().damage
    assert line.startswith("document 灯塔.txt, chunk 0")
    assert reopened(settings).repair() != []
    assert reopened(settings).status().damage == ()


def test_what_comes_later_is_hashed_too(
    index: Index, settings: Settings, docs: Path, tended: Tending
) -> None:
    tended.look()
    (docs / "新.txt").write_text("新的一份。\n", encoding="utf-8")
    index.update([docs])
    path = max(settings.index.glob("parts-2/*.vectors"), key=lambda path: path.name)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    tended.look()
    assert reopened(settings).generation == 3
    assert reopened(settings).verify() == []


def test_where_nothing_can_be_written_the_index_is_read_once(
    index: Index, settings: Settings, tended: Tending, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert index.count
    looked: list[str] = []

    def seen(catalog: Catalog, name: str, dimension: int) -> list[str]:
        looked.append(name)
        return document_damages(catalog, name, dimension)

    monkeypatch.setattr(maintenance, "document_damages", seen)
    (settings.index / "writer.lock").unlink()
    (settings.index / "writer.lock").mkdir()  # no lock can be taken
    for _ in range(3):
        with pytest.raises(StoreError):
            tended.look()
    assert looked == ["桥梁.md", "渔业/年报.txt", "灯塔.txt"]
    (settings.index / "writer.lock").rmdir()
    tended.look()
    assert len(looked) == 3
    assert last_check(settings.index) is not None


def test_closing_leaves_no_thread(index: Index, tended: Tending) -> None:
    assert index.count
    before = set(threading.enumerate())
    tended.start()
    assert set(threading.enumerate()) > before
    tended.close()
    assert set(threading.enumerate()) == before


def test_a_collection_changes_its_encoder_while_it_answers(docs: Path, settings: Settings) -> None:
    """From the built-in encoder to the same table under a path, which is another model."""
    pytest.importorskip("sentence_transformers")
    Index.build([docs], settings=settings)
    named = settings.model_copy(
        update={"encoder": EncoderSettings(name=str(Path(str(folder())) / "encoder"))}
    )
    collection = Collection(settings.index, named)
    before = collection.status()
    assert before.encoder.startswith("wenju@")
    assert collection.search("灯塔高多少米？")[0].document == "灯塔.txt"
    (docs / "新.txt").write_text("新的一份。\n", encoding="utf-8")
    assert collection.index.update([docs]).read == 1
    collection.tend()
    try:
        until(lambda: not collection.status().encoder.startswith("wenju@"))
        assert collection.search("灯塔高多少米？")[0].document == "灯塔.txt"
        until(lambda: collection.status().checked is not None)
    finally:
        collection.close()
    again = Index.open(settings=named)
    assert again.encoder.name == again.status().encoder
    assert (again.verify(), again.status().documents, again.status().stale) == ([], 4, False)
    back = EncoderSettings(earlier=(named.encoder.name,))
    old = Collection(settings.index, settings.model_copy(update={"encoder": back}))
    assert old.status().encoder == again.encoder.name
    assert old.search("灯塔高多少米？")[0].document == "灯塔.txt"
