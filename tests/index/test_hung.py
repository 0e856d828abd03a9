"""A file that took too long to read is not tried again until it changes, or somebody asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest

from rag.documents import workers
from rag.errors import NothingRead
from rag.index.local.index import Index
from rag.serving.collections import Collection
from rag.settings import Reading, Settings
from rag.types import Report
from tests.fakes import CharacterEncoder
from tests.index.hanging import COMMAND, PIDS

LIMIT = 3.0
TOO_LONG = "reading took longer than 3 seconds"
BEFORE = "reading it took longer than 3 seconds before"
LIGHTHOUSE = "灯塔建于1902年，高31米。\n"


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Processes hang; the folder has a file for each one that does."""
    folder = tmp_path / "tried"
    folder.mkdir()
    monkeypatch.setattr(workers, "_COMMAND", COMMAND)
    monkeypatch.setenv(PIDS, str(folder))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "灯塔.txt").write_text(LIGHTHOUSE, "utf-8")
    yield folder


def settings(seconds: float = LIMIT) -> Settings:
    return Settings(reading=Reading(max_seconds=seconds))


def build(files: Path, index: Path, seconds: float = LIMIT, *, retry: bool = False) -> Report:
    built = Index.build(
        [files], index, settings(seconds), retry_skipped=retry, encoder=CharacterEncoder()
    )
    assert built.report is not None and built.verify() == []
    return built.report


def skipped(report: Report) -> dict[str, str]:
    return {one.document: one.reason for one in report.skipped}


def hung(tried: Path) -> int:
    return len(list(tried.iterdir()))


def test_it_is_tried_once(tried: Path, files: Path, tmp_path: Path) -> None:
    slow, index = files / "hang.txt", tmp_path / "index"
    slow.write_text("一。\n", "utf-8")
    report = build(files, index)
    assert report.read == 1
    assert skipped(report)["hang.txt"].startswith(TOO_LONG)
    (files / "港口.txt").write_text("港口在东。\n", "utf-8")
    report = build(files, index)
    assert (report.read, report.unchanged, hung(tried)) == (1, 1, 1)
    assert skipped(report)["hang.txt"].startswith(BEFORE)
    assert skipped(report)["hang.txt"].endswith("rag index --retry-skipped")


@pytest.mark.parametrize("way", ["changed", "more time", "asked", "renamed and changed"])
def test_it_is_tried_again_when(tried: Path, files: Path, tmp_path: Path, way: str) -> None:
    slow, index = files / "hang.txt", tmp_path / "index"
    slow.write_text("一。\n", "utf-8")
    build(files, index)
    if way == "changed":
        slow.write_text("二。\n", "utf-8")
    elif way == "renamed and changed":
        slow.rename(files / "good.txt")
    report = build(files, index, LIMIT + 0.5 * (way == "more time"), retry=way == "asked")
    if way == "renamed and changed":
        assert (report.read, report.skipped, hung(tried)) == (1, (), 1)
        return
    assert hung(tried) == 2
    assert skipped(report)["hang.txt"].startswith("reading took longer than")
    build(files, index, LIMIT)
    assert hung(tried) == 2


def test_asked_for_no_path_is_needed(
    tried: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "hang.txt").write_text("东港有雾笛。\n", "utf-8")
    build(files, tmp_path / "index")
    monkeypatch.undo()  # the parser is mended
    index = Index.open(tmp_path / "index", settings(), encoder=CharacterEncoder())
    report = index.update([], retry_skipped=True)
    assert (report.read, report.skipped, hung(tried)) == (1, (), 1)
    assert index.document("hang.txt").text == "东港有雾笛。"
    assert index.update([files]).unchanged == 2


def test_an_archive_that_cannot_be_listed_in_time_takes_nothing_with_it(
    tried: Path, files: Path, tmp_path: Path
) -> None:
    """What was read of it before stays, also where what is gone is taken out."""
    index = tmp_path / "index"
    with ZipFile(files / "a.zip", "w") as archive:
        archive.writestr("港口.txt", "港口在东。\n")
    assert build(files, index).read == 2
    (files / "a.zip").rename(files / "hang.zip")
    with closing(sqlite3.connect(index / "catalog.sqlite")) as connection:
        connection.execute("UPDATE documents SET path = replace(path, 'a.zip', 'hang.zip')")
        connection.commit()
    for _ in range(2):
        found = Index.build([files], index, settings(), prune=True, encoder=CharacterEncoder())
        assert found.report is not None
        assert (found.report.removed, list(skipped(found.report))) == (0, ["hang.zip"])
        assert len(found.documents()) == 2
    assert hung(tried) == 1


def test_the_next_upload_does_not_wait_for_it(tried: Path, tmp_path: Path) -> None:
    """Nor where nothing else has been read yet."""
    collection = Collection(tmp_path / "index", settings())
    collection.keep("hang.txt", ["一。\n".encode()])
    assert (collection.update().read, hung(tried)) == (0, 1)
    collection.keep("灯塔.txt", [LIGHTHOUSE.encode()])
    report = collection.update()
    assert (report.read, hung(tried)) == (1, 1)
    (unread,) = collection.unread()
    assert (unread.document, unread.reason[: len(BEFORE)]) == ("hang.txt", BEFORE)
    again = Collection(tmp_path / "index", settings())
    assert (again.update().read, hung(tried)) == (0, 1)


def test_a_new_index_of_it_alone_is_an_error(tried: Path, files: Path, tmp_path: Path) -> None:
    (files / "灯塔.txt").rename(files / "hang.txt")
    with pytest.raises(NothingRead, match=TOO_LONG):
        build(files, tmp_path / "index")
    assert skipped(build(files, tmp_path / "index"))["hang.txt"].startswith(BEFORE)
    assert hung(tried) == 1


@pytest.mark.parametrize("value", ["", "{}", "[1]", '[["a"]]', "[" * 100_000, '[[1,2,3,4,"x",6]]'])
def test_a_list_of_somebody_else_is_none(files: Path, tmp_path: Path, value: str) -> None:
    build(files, tmp_path / "index")
    with closing(sqlite3.connect(tmp_path / "index" / "catalog.sqlite")) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('given_up', ?)", (value,))
        connection.commit()
    assert build(files, tmp_path / "index").unchanged == 1
