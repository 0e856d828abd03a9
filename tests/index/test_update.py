"""An update gives the same index however many processes read, and keeps what it has finished."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import StoreMissing
from rag.index.local import ingest
from rag.index.local.index import Index, Step
from rag.index.protocol import Field
from rag.settings import Reading, Settings
from tests.fakes import CharacterEncoder

WEATHER = ("晴", "多云", "小雨", "大风")


def many(folder: Path, count: int = 40) -> Path:
    """Files of several formats, some of which cannot be read."""
    folder.mkdir()
    for number in range(count):
        text = f"第{number}号观测站，{WEATHER[number % 4]}。气温{number % 30}度。\n" * (
            number % 7 + 1
        )
        suffix = (".txt", ".md", ".html", ".csv")[number % 4]
        (folder / f"{number:03d}{suffix}").write_text(text, "utf-8")
    (folder / "010.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "020.txt").write_bytes(b"")
    return folder


def content(index: Index) -> list[tuple[object, ...]]:
    """Every row of the catalog but for the time of the run."""
    connection = sqlite3.connect(index.folder / "catalog.sqlite")
    try:
        return [
            row
            for table in ("documents", "chunks", "vectors")
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")
        ]
    finally:
        connection.close()


@pytest.mark.parametrize("encoder", [CharacterEncoder(), None])
def test_the_number_of_processes_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: CharacterEncoder | None
) -> None:
    """Rows, keys, vectors and scores are the same, and so is the report; segments are many. The
    built-in encoder is there in each process, any other in this one alone."""
    monkeypatch.setattr(ingest, "SEGMENT_ROWS", 20)
    docs = many(tmp_path / "docs")
    for path in docs.iterdir():  # their times can be trusted, and are the same in all catalogs
        os.utime(path, (1_600_000_000, 1_600_000_000))
    built = []
    for processes in (1, 2, 3):
        settings = Settings(reading=Reading(processes=processes))
        folder = tmp_path / f"index{processes}"
        built.append(Index.build([docs], folder, settings, encoder=encoder))
    first = built[0]
    assert first.report is not None and first.report.read == 39
    assert [item.document for item in first.report.skipped] == ["010.pdf", "020.txt"]
    terms = {Field.WORDS: {"多云": 1.0, "观测站": 0.5, "12": 2.0}, Field.BIGRAMS: {"气温": 0.2}}
    for other in built[1:]:
        assert content(other) == content(first)
        assert other.rank_words(terms, 100) == first.rank_words(terms, 100)
        assert other.report is not None
        assert other.report.skipped == first.report.skipped
        assert other.generation == first.generation
    assert all(index.verify() == [] for index in built)


def test_terms_that_came_with_the_file_are_those_of_the_text(tmp_path: Path) -> None:
    """A build uses the terms that were cut while files were read; a repair cuts them again."""
    docs = many(tmp_path / "docs")
    index = Index.build([docs], tmp_path / "index", encoder=CharacterEncoder())
    terms = {Field.CONTEXT_WORDS: {"观测站": 1.0}, Field.BIGRAMS: {"多云": 1.0}}
    before = index.rank_words(terms, 100)
    for path in (tmp_path / "index").glob("parts-*/*"):
        path.unlink()
    again = Index.open(tmp_path / "index", encoder=CharacterEncoder())
    assert len(before) == 10
    assert again.rank_words(terms, 100) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_interrupted_it_keeps_what_is_finished(tmp_path: Path, processes: int) -> None:
    docs = many(tmp_path / "docs")
    settings = Settings(reading=Reading(processes=processes))

    def progress(step: Step) -> None:
        if step.done == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="14 files were read and are in the index"):
        Index.build(
            [docs], tmp_path / "index", settings, encoder=CharacterEncoder(), progress=progress
        )
    half = Index.open(tmp_path / "index", settings, encoder=CharacterEncoder())
    assert half.verify() == []
    assert [info.name for info in half.documents()] == [
        path.name for path in sorted(docs.iterdir())[:15] if path.name != "010.pdf"
    ]
    assert half.rank_words({Field.WORDS: {"观测站": 1.0}}, 100)
    report = half.update([docs])
    assert (report.read, report.unchanged, report.documents) == (25, 14, 39)
    whole = Index.build([docs], tmp_path / "whole", settings, encoder=CharacterEncoder())
    rows = range(whole.count)
    assert half.chunks(rows) == whole.chunks(rows)


def test_interrupted_before_anything_is_finished_it_leaves_nothing(tmp_path: Path) -> None:
    docs = many(tmp_path / "docs", 3)
    (docs / "000.txt").write_bytes(b"")

    def progress(_: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Index.build([docs], tmp_path / "index", encoder=CharacterEncoder(), progress=progress)
    with pytest.raises(StoreMissing):
        Index.open(tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_an_interrupted_change_of_settings_is_undone(tmp_path: Path) -> None:
    docs = many(tmp_path / "docs")
    index = Index.build([docs], tmp_path / "index", encoder=CharacterEncoder())
    before = content(index)
    other = Settings.model_validate({"chunking": {"target_characters": 40, "max_characters": 60}})

    def progress(step: Step) -> None:
        if step.done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="the index is as it was"):
        Index.build(
            [docs], tmp_path / "index", other, encoder=CharacterEncoder(), progress=progress
        )
    assert content(Index.open(tmp_path / "index", encoder=CharacterEncoder())) == before


def test_an_error_of_the_progress_is_passed_on(tmp_path: Path) -> None:
    def progress(_: Step) -> None:
        raise RuntimeError("the page is gone")

    with pytest.raises(RuntimeError, match="the page is gone"):
        Index.build(
            [many(tmp_path / "docs")], tmp_path / "index",
            encoder=CharacterEncoder(), progress=progress,
        )  # fmt: skip


def test_a_name_of_a_file_that_cannot_be_read_is_not_given_to_another(tmp_path: Path) -> None:
    """Names depend on the files alone, not on what became of them."""
    one, two = many(tmp_path / "one", 3), many(tmp_path / "two", 3)
    (one / "000.txt").write_bytes(b"")
    index = Index.build([one, two], tmp_path / "index", encoder=CharacterEncoder())
    assert index.report is not None
    assert [item.document for item in index.report.skipped] == [
        "000.txt", "010.pdf", "020.txt", "two/010.pdf", "two/020.txt"
    ]  # fmt: skip
    assert "two/000.txt" in {info.name for info in index.documents()}


def test_a_path_in_a_catalog_is_read_again_only_for_the_same_bytes(
    tmp_path: Path, docs: Path, settings: Settings
) -> None:
    """After a change of the program; whose path that is nobody knows."""
    Index.build([docs], settings=settings, encoder=CharacterEncoder())
    secret = tmp_path / "secret.txt"
    secret.write_text("口令是海鸥七号。\n", encoding="utf-8")
    with closing(sqlite3.connect(settings.index / "catalog.sqlite")) as connection:
        connection.execute(
            "UPDATE documents SET made_with = 'older', path = ? WHERE name = '灯塔.txt'",
            (str(secret),),
        )
        connection.commit()
    index = Index.open(settings=settings, encoder=CharacterEncoder())
    assert index.status().stale
    index.update([docs / "桥梁.md"])
    assert not index.status().stale
    assert "1931年" in index.document("灯塔.txt").text
    assert index.documents("海鸥七号") == ()
    assert index.verify() == []


def test_an_index_among_the_documents_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("一号码头长30米。\n", encoding="utf-8")
    Index.build([tmp_path], tmp_path / "index" / "own")
    report = Index.build([tmp_path], tmp_path / "index" / "own").report
    assert report is not None
    assert (report.read, report.unchanged, report.skipped, report.documents) == (0, 1, (), 1)
