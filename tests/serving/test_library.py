"""Several collections: named, made, opened; a name is never a path elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import DocumentError, SettingsError, StoreError, StoreLocked, UnknownCollection
from rag.index.local.catalog import CATALOG_FILE
from rag.index.local.opening import write_lock
from rag.serving.collections import (
    MAX_NAME_CHARACTERS,
    Collection,
    Library,
    checked_collection_name,
)
from rag.settings import Settings

TEXT = "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。维修共花费人民币38万元。\n"
BAD_NAMES = [
    "..", ".", "", " ", "../x", "a/b", "/etc", "a\\b", "C:", ".hidden", "x.page", "a\x00b", "a\nb",
    "x" * (MAX_NAME_CHARACTERS + 1), "字" * 100, "a?", "con|", "\u202eabc", "a ", "..%2fx", "x~",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def library(root: Path) -> Library:
    return Library(Collection(root / "default", Settings.load(environ={})), root)


def filled(collection: Collection) -> Collection:
    collection.keep("桥梁.txt", [TEXT.encode()])
    collection.update()
    return collection


def test_a_new_one_has_documents_of_its_own(library: Library, root: Path) -> None:
    assert library.names() == ("default",)
    bridges = filled(library.create("桥 2024"))
    assert library.collection("桥 2024") is bridges
    assert [info.name for info in bridges.documents()] == ["桥梁.txt"]
    assert library.collection().documents() == []
    assert library.names() == ("default", "桥 2024")
    again = Library(Collection(root / "default", library.settings), root)
    assert again.collection("桥 2024").status().documents == 1


def test_what_is_in_the_folder_otherwise_is_no_collection(library: Library, root: Path) -> None:
    filled(library.create("a"))
    outside = root.parent / "outside"
    filled(Collection(outside, library.settings))
    (root / "notes").mkdir()
    (root / "file.txt").write_text("x")
    (root / ".secret.page").mkdir()
    (root / "link").symlink_to(outside)
    (root / "link.page").symlink_to(outside)
    assert library.names() == ("default", "a")
    for name in ("notes", "file.txt", ".secret", "link", "../outside", str(outside), "A"):
        with pytest.raises(UnknownCollection):
            library.collection(name)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_makes_nothing(library: Library, root: Path, name: str) -> None:
    library.create("there")
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(DocumentError, match="cannot be"):
        library.create(name)
    if name:
        with pytest.raises(UnknownCollection):
            library.collection(name)
    assert sorted(root.parent.rglob("*")) == before


@given(name=st.text(max_size=80))
def test_any_name_is_refused_or_one_part_of_a_path(name: str) -> None:
    try:
        checked = checked_collection_name(name)
    except DocumentError:
        return
    place = Path("/root") / checked
    assert (place.parent, place.name) == (Path("/root"), name)


def test_a_name_that_is_taken_is_said(library: Library, root: Path) -> None:
    library.create("Bridges")
    (root / "plain").mkdir()
    for name, message in {
        "Bridges": "already",
        "bridges": "already",
        "plain": "something else",
    }.items():
        with pytest.raises(DocumentError, match=message):
            library.create(name)
    with pytest.raises(DocumentError, match="already"):
        library.create("default")


def test_without_a_folder_there_is_one(root: Path) -> None:
    filled(Collection(root / "other", Settings.load(environ={})))
    alone = Library(Collection(root / "default", Settings.load(environ={})))
    assert alone.names() == ("default",)
    assert alone.collection("default") is alone.collection("") is alone.default
    with pytest.raises(UnknownCollection):
        alone.collection("other")
    with pytest.raises(SettingsError, match="without --index"):
        alone.create("new")
    with pytest.raises(SettingsError, match="does not lie in"):
        Library(alone.default, root / "elsewhere")


def test_settings_are_those_of_all(library: Library) -> None:
    one = filled(library.create("one"))
    changed = Settings.load(environ={}, overrides={"retrieval": {"k": 1}})
    library.use(changed)
    assert len(one.ask("青石桥的维修花了多少钱？").passages) == 1
    assert library.create("two").settings is library.settings is changed


def test_what_another_process_adds_is_there_at_once(library: Library, root: Path) -> None:
    mine = library.collection()
    assert mine.documents() == []
    theirs = filled(Collection(root / "default", library.settings))  # a handle of its own
    assert [info.name for info in mine.documents()] == ["桥梁.txt"]
    theirs.keep("河.txt", ["清水河河道清淤\n\n清水河全长八十公里。\n".encode()])
    theirs.update()
    assert (mine.status().documents, len(mine.documents())) == (2, 2)
    assert "八十公里" in mine.ask("清水河有多长？").text
    theirs.remove("桥梁.txt")
    assert [info.name for info in mine.documents()] == ["河.txt"]


def test_a_renamed_one_keeps_everything(library: Library, root: Path) -> None:
    old = filled(library.create("旧"))
    old.keep("河.txt", ["清水河河道清淤\n\n清水河全长八十公里。\n".encode()])  # not read yet
    library.rename("旧", "新 2024")
    assert library.names() == ("default", "新 2024")
    new = library.collection("新 2024")
    assert [info.name for info in new.documents()] == ["桥梁.txt", "河.txt"]
    assert all(new.is_added(info) for info in new.documents())
    assert "38万元" in new.ask("青石桥的维修花了多少钱？").text
    assert new.remove("桥梁.txt").chunks == 1
    assert not list(root.rglob("桥梁.txt"))
    with pytest.raises(UnknownCollection):
        old.keep("x.txt", [b"x"])
    with pytest.raises(UnknownCollection):
        old.update()
    with pytest.raises(UnknownCollection):
        library.collection("旧")
    assert sorted(path.name for path in root.iterdir()) == ["新 2024", "新 2024.page"]


def test_a_deleted_one_is_gone_and_its_name_is_free(library: Library, root: Path) -> None:
    outside = root.parent / "outside.txt"
    outside.write_text(TEXT, encoding="utf-8")
    gone = filled(library.create("a"))
    gone.index.update([outside])
    (root / ".left.deleted").mkdir()
    library.delete("a")
    assert library.names() == ("default",)
    assert list(root.iterdir()) == []
    assert outside.read_text(encoding="utf-8") == TEXT
    with pytest.raises(UnknownCollection):
        gone.keep("x.txt", [b"x"])
    assert library.create("a").documents() == []


def test_one_that_is_damaged_or_not_read_yet_can_be_deleted(library: Library, root: Path) -> None:
    library.create("empty").keep("x.txt", [b"x"])
    (root / "broken").mkdir()
    (root / "broken" / CATALOG_FILE).write_bytes(b"no database")
    again = Library(library.default, root)
    again.delete("empty")
    again.delete("broken")
    assert again.names() == ("default",)


def test_what_may_not_be_renamed_or_deleted(library: Library, root: Path) -> None:
    filled(library.create("a"))
    library.create("b")
    (root / "notes").mkdir()
    before = sorted(root.rglob("*"))
    for name in ("default", ""):
        with pytest.raises((SettingsError, UnknownCollection)):
            library.delete(name)
        with pytest.raises((SettingsError, UnknownCollection)):
            library.rename(name, "c")
    for name in ("nobody", "notes", "../outside", "b/../a", str(root / "a")):
        with pytest.raises(UnknownCollection):
            library.delete(name)
        with pytest.raises(UnknownCollection):
            library.rename(name, "c")
    for new in ("b", "B", "default", *BAD_NAMES):
        with pytest.raises(DocumentError):
            library.rename("a", new)
    with pytest.raises(StoreError, match="there already"):
        library.rename("a", "notes")
    with pytest.raises(SettingsError, match="without --index"):
        Library(library.default).delete("a")
    assert sorted(root.rglob("*")) == before
    assert library.collection("a").status().documents == 1


def test_while_someone_writes_nothing_is_renamed_or_deleted(library: Library, root: Path) -> None:
    there = filled(library.create("a"))
    with write_lock(root / "a"):
        with pytest.raises(StoreLocked, match="being written"):
            library.delete("a")
        with pytest.raises(StoreLocked, match="being written"):
            library.rename("a", "b")
    there.keep("河.txt", ["清水河全长八十公里。\n".encode()])
    assert there.update().read == 1
