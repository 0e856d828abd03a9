"""A collection: from nothing to an index, files kept, skipped, removed; names that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.collection import Collection, checked_name
from rag.errors import DocumentError, StoreLocked, StoreMissing, UnknownDocument
from rag.indexing.index import Step
from rag.settings import Settings

BRIDGE = (
    "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。青石桥的维修共花费人民币38万元。\n"
)
LIBRARY = "县图书馆开放时间\n\n县图书馆每周二至周日开放，周一闭馆。\n"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "index", Settings.load(environ={}))


def keep(collection: Collection, name: str, text: str) -> int:
    return collection.keep(name, [text[:5].encode(), text[5:].encode()])


def test_nothing_becomes_an_index(collection: Collection) -> None:
    assert (collection.status().documents, collection.documents()) == (0, [])
    for call in (collection.search, collection.ask, collection.stream):
        with pytest.raises(StoreMissing, match="no documents yet"):
            call("问")
    assert keep(collection, "旧/桥梁.txt", BRIDGE) == len(BRIDGE.encode())
    keep(collection, "图书馆.txt", LIBRARY)
    seen: list[Step] = []
    report = collection.update(seen.append)
    assert (report.read, report.skipped) == (2, ())
    assert [(step.done, step.total) for step in seen] == [(1, 2), (2, 2)]
    assert [info.name for info in collection.documents()] == ["图书馆.txt", "旧/桥梁.txt"]
    assert "38万元" in collection.ask("青石桥的维修花了多少钱？").text
    again = Collection(collection.folder, collection.settings)
    assert again.status().documents == 2
    assert all(again.is_added(info) for info in again.documents())


def test_documents_are_found_by_text_name_and_title(collection: Collection) -> None:
    keep(collection, "bridge.txt", BRIDGE)
    keep(collection, "library.txt", LIBRARY)
    collection.update()
    for wanted, names in {
        "周一闭馆": ["library.txt"],
        "BRIDGE": ["bridge.txt"],
        "维修纪要": ["bridge.txt"],
        " ": ["bridge.txt", "library.txt"],
        "火星": [],
    }.items():
        assert [info.name for info in collection.documents(wanted)] == names


def test_what_cannot_be_read_is_said_and_not_kept(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    keep(collection, "程序.exe", "MZ")
    collection.keep("空.txt", [])
    report = collection.update()
    assert [skipped.document for skipped in report.skipped] == ["程序.exe", "空.txt"]
    assert [path.name for path in collection.files.iterdir()] == ["桥梁.txt"]
    assert collection.update().skipped == ()


def test_a_first_update_without_a_readable_file_leaves_nothing(collection: Collection) -> None:
    keep(collection, "程序.exe", "MZ")
    report = collection.update()
    assert [skipped.document for skipped in report.skipped] == ["程序.exe"]
    assert (report.read, report.documents) == (0, 0)
    assert list(collection.files.iterdir()) == []
    assert not collection.folder.exists()


def test_an_update_that_is_left_changes_nothing(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    collection.update()
    keep(collection, "图书馆.txt", LIBRARY)

    def leave(step: Step) -> None:
        raise KeyError(step)

    with pytest.raises(KeyError):
        collection.update(leave)
    assert collection.status().documents == 1
    assert collection.update().read == 1


def test_two_updates_do_not_meet(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)

    def meet(*_: object) -> None:
        for call in (collection.update, lambda: collection.remove("桥梁.txt")):
            with pytest.raises(StoreLocked, match="wait"):
                call()

    assert collection.update(meet).read == 1


def test_a_removed_document_and_its_file_are_gone(collection: Collection, tmp_path: Path) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    collection.update()
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text(LIBRARY, encoding="utf-8")
    collection.index.update([elsewhere])
    assert collection.remove("桥梁.txt") == 1
    assert not (collection.files / "桥梁.txt").exists()
    assert collection.remove("elsewhere.txt") == 1
    assert elsewhere.exists()  # only what the page added is the page's to delete
    assert collection.documents() == []
    with pytest.raises(UnknownDocument):
        collection.remove("桥梁.txt")


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x.txt", "a/../x.txt", "a//x.txt", "a/", ".hidden", "a/.git/x", "x.txt.",
     "a\\x.txt", "c:x.txt", "a\x00.txt", "a\n.txt", "x" * 201, "a/" * 600 + "x", "x\ud800.txt", "x~"],
)  # fmt: skip
def test_names_that_climb_or_hide_are_refused(collection: Collection, name: str) -> None:
    with pytest.raises(DocumentError, match="cannot be added"):
        checked_name(name)
    with pytest.raises(DocumentError):
        keep(collection, name, BRIDGE)
    assert not collection.kept.exists()
