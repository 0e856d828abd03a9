"""Several collections: named, made, opened; a name is never a path elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.collection import Collection
from rag.errors import DocumentError, SettingsError, UnknownCollection
from rag.library import MAX_NAME_CHARACTERS, Library, checked_collection_name
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
