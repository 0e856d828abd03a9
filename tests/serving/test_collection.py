"""A collection: from nothing to an index, files kept, skipped, removed; names that are refused."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from rag.errors import DocumentError, StoreError, StoreLocked, StoreMissing, UnknownDocument
from rag.index.local.index import Step
from rag.serving import collections as module
from rag.serving.collections import Collection
from rag.serving.uploads import Added, checked_name
from rag.settings import Settings
from tests.index.test_damage import change

BRIDGE = (
    "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。青石桥的维修共花费人民币38万元。\n"
)
LIBRARY = "县图书馆开放时间\n\n县图书馆每周二至周日开放，周一闭馆。\n"


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection(tmp_path / "index", Settings.load(environ={}))


def keep(collection: Collection, name: str, text: str) -> Added:
    return collection.keep(name, [text[:5].encode(), text[5:].encode()])


def test_nothing_becomes_an_index(collection: Collection) -> None:
    assert (collection.status().documents, collection.documents()) == (0, [])
    for call in (collection.search, collection.ask, collection.stream):
        with pytest.raises(StoreMissing, match="no documents yet"):
            call("问")
    assert keep(collection, "旧/桥梁.txt", BRIDGE).size == len(BRIDGE.encode())
    keep(collection, "图书馆.txt", LIBRARY)
    seen: list[Step] = []
    report = collection.update(seen.append)
    assert (report.read, report.skipped) == (2, ())
    told = dict.fromkeys((step.done, step.total) for step in seen if step.done)
    assert list(told) == [(1, 2), (2, 2)]
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


def test_what_cannot_be_read_is_said_and_stays_until_somebody_removes_it(
    collection: Collection,
) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    keep(collection, "程序.exe", "MZ")
    collection.keep("空.txt", [])
    report = collection.update()
    assert [skipped.document for skipped in report.skipped] == ["程序.exe", "空.txt"]
    assert [(one.document, one.reason) for one in collection.unread()] == [
        (skipped.document, skipped.reason) for skipped in report.skipped
    ]
    assert (collection.files / "程序.exe").read_bytes() == b"MZ"
    again = Collection(collection.folder, collection.settings)
    assert [one.document for one in again.unread()] == ["程序.exe", "空.txt"]
    removed = again.remove("程序.exe")
    assert (removed.chunks, [one.document for one in again.unread()]) == (0, ["空.txt"])
    assert again.bring_back(removed.undo) == "程序.exe"
    assert (collection.files / "程序.exe").read_bytes() == b"MZ"
    again.remove("空.txt")
    again.remove("程序.exe")
    assert again.update().skipped == ()


def test_lower_limits_and_a_lost_index_delete_no_file(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    keep(collection, "图书馆.txt", LIBRARY)
    collection.update()
    low = Settings.load(environ={}, overrides={"reading": {"max_file_bytes": 10}})
    lowered = Collection(collection.folder, low)
    (lowered.files / "图书馆.txt").touch()  # looked at again
    lowered.update()
    shutil.rmtree(collection.folder)
    lost = Collection(collection.folder, low)
    assert [one.document for one in lost.update().skipped] == ["图书馆.txt", "桥梁.txt"]
    assert [one.document for one in lost.unread()] == ["图书馆.txt", "桥梁.txt"]
    assert (lost.files / "桥梁.txt").read_text(encoding="utf-8") == BRIDGE
    found = Collection(collection.folder, Settings.load(environ={}))
    assert (found.update().read, found.unread()) == (2, [])


def test_an_unreadable_version_leaves_the_one_before_searchable(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    collection.update()
    collection.keep("桥梁.txt", [b"\x00\x01" * 50])
    (skipped,) = collection.update().skipped
    assert (skipped.document, skipped.earlier) == ("桥梁.txt", True)
    assert "38万元" in collection.ask("青石桥的维修花了多少钱？").text
    earlier = collection.kept / "earlier" / "桥梁.txt"
    assert earlier.read_text(encoding="utf-8") == BRIDGE
    keep(collection, "桥梁.txt", BRIDGE.replace("38", "39"))
    assert collection.update().skipped == ()
    assert "39万元" in collection.ask("青石桥的维修花了多少钱？").text
    assert not earlier.exists()


def test_a_first_update_without_a_readable_file_makes_no_index(collection: Collection) -> None:
    keep(collection, "程序.exe", "MZ")
    report = collection.update()
    assert [skipped.document for skipped in report.skipped] == ["程序.exe"]
    assert (report.read, report.documents) == (0, 0)
    assert [one.document for one in collection.unread()] == ["程序.exe"]
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
    assert collection.remove("桥梁.txt").chunks == 1
    assert not (collection.files / "桥梁.txt").exists()
    assert collection.remove("elsewhere.txt").chunks == 1
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


def left(folder: Path) -> bytes:
    """All bytes of all files under a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_was_removed_comes_back_as_it_was(collection: Collection) -> None:
    keep(collection, "桥/桥梁.txt", BRIDGE)
    keep(collection, "图书馆.txt", LIBRARY)
    collection.update()
    collection.correct("桥/桥梁.txt", title="青石桥", date="2024-05-07")
    before = collection.documents()
    answer = collection.ask("青石桥的维修花了多少钱？").text
    removed = collection.remove("桥/桥梁.txt")
    assert [info.name for info in collection.documents()] == ["图书馆.txt"]
    assert collection.unread() == []
    assert collection.bring_back(removed.undo) == "桥/桥梁.txt"
    assert collection.documents() == before
    assert collection.ask("青石桥的维修花了多少钱？").text == answer
    assert collection.update().unchanged == 2
    assert collection.index.verify() == []
    with pytest.raises(UnknownDocument, match="for good"):
        collection.bring_back(removed.undo)


def test_after_a_minute_it_is_gone_from_every_file(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNDO_SECONDS", 0.05)
    keep(collection, "桥梁.txt", BRIDGE)
    keep(collection, "图书馆.txt", LIBRARY)
    collection.update()
    removed = collection.remove("桥梁.txt")
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer) and timer.interval < 1:
            timer.join()
    with pytest.raises(UnknownDocument, match="for good"):
        collection.bring_back(removed.undo)
    everything = left(collection.folder) + left(collection.kept)
    assert "维修".encode() not in everything
    assert "周一闭馆".encode() in everything


def test_closing_makes_a_removal_last(collection: Collection) -> None:
    keep(collection, "桥梁.txt", BRIDGE)
    collection.update()
    collection.remove("桥梁.txt")
    assert "维修".encode() in left(collection.kept)
    collection.close()
    assert left(collection.kept) == b""


@pytest.mark.parametrize("way", ["files/../../mine/x.txt", "files/link/x.txt", "files/x.txt"])
def test_a_catalog_of_somebody_else_deletes_nothing_of_the_user(
    collection: Collection, tmp_path: Path, way: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "x.txt").write_text(LIBRARY, encoding="utf-8")
    keep(collection, "桥梁.txt", BRIDGE)
    collection.update()
    (collection.files / "link").symlink_to(mine)
    (collection.files / "x.txt").symlink_to(mine / "x.txt")
    change(
        collection.settings.model_copy(update={"index": collection.folder}),
        f"UPDATE documents SET path = '{collection.kept}/{way}'",
    )
    theirs = Collection(collection.folder, collection.settings)
    (info,) = theirs.documents()
    assert not theirs.is_added(info)
    theirs.remove(info.name)
    theirs.close()
    assert (mine / "x.txt").read_text(encoding="utf-8") == LIBRARY
    assert (collection.files / "桥梁.txt").exists()


def test_a_folder_of_files_that_is_a_link_is_not_read(
    collection: Collection, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "x.txt").write_text(LIBRARY, encoding="utf-8")
    collection.kept.mkdir()
    collection.files.symlink_to(mine)
    with pytest.raises(StoreError, match="is a link"):
        collection.update()
    assert collection.documents() == []
