"""Building, updating, removing and reading, through the whole index."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rag.documents.load import read_document
from rag.errors import (
    DocumentError,
    StoreLocked,
    StoreMismatch,
    StoreMissing,
    UnknownDocument,
    UnreadableDocument,
)
from rag.index.local.index import Index, Step
from rag.index.local.opening import write_lock
from rag.index.protocol import Field
from rag.settings import Chunking, Settings
from rag.text.segment import words
from rag.types import Skipped
from tests.fakes import CharacterEncoder


def build(docs: Path, settings: Settings) -> Index:
    return Index.build([docs], settings=settings, encoder=CharacterEncoder())


def find(index: Index, text: str) -> list[str]:
    """Names of the documents found by the words of `text`, best first, each once."""
    rows = index.rank_words({Field.WORDS: dict.fromkeys(words(text), 1.0)}, 10)
    return list(dict.fromkeys(index.row_document(row).name for row, _ in rows))


def age(folder: Path) -> None:
    """Sets all files' times an hour back, so that they count as settled."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 3600 * 10**9))


def test_build_finds_what_was_written(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    assert index.report is not None
    assert (index.report.read, index.report.documents, index.report.skipped) == (3, 3, ())
    assert [info.name for info in index.documents()] == ["桥梁.md", "渔业/年报.txt", "灯塔.txt"]
    assert find(index, "渔获量1750吨") == ["渔业/年报.txt"]
    assert find(index, "守塔人")[0] == "灯塔.txt"
    assert index.verify() == []


def test_rows_are_chunks_in_reading_order(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    assert index.report is not None and index.count == index.report.chunks
    chunks = index.chunks(range(index.count))
    order = [(index.row_document(row).name, chunk.position) for row, chunk in enumerate(chunks)]
    assert order == sorted(order)
    for row, chunk in enumerate(chunks):
        document = index.document(index.row_document(row).name)
        assert chunk.span.of(document.text) == chunk.text
        rows = index.document_rows(row)
        assert row in rows and len(rows) == index.row_document(row).chunks
        same = [index.same_document(row, other) for other in range(index.count)]
        assert same == [other in rows for other in range(index.count)]
    for row in (-1, index.count):
        with pytest.raises(IndexError, match=f"no row {row}"):
            index.chunk(row)


def test_a_document_comes_back_whole(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    for info in index.documents():
        read = read_document(docs / info.name, info.name, settings.reading)
        stored = index.document(info.name)
        assert stored == read
        assert (info.id, info.title, info.date) == (read.id, read.title, read.date)
        assert info.characters == len(read.text)


def test_vectors_are_those_of_the_chunks(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    for row, chunk in enumerate(index.chunks(range(index.count))):
        vector = index.encoder.encode_queries([f"{index.row_document(row).title}{chunk.text}"])[0]
        best, score = index.rank_vectors(vector, 1)[0]
        assert best == row
        assert score > 0.9


def test_nothing_changed_is_nothing_done(docs: Path, settings: Settings) -> None:
    age(docs)
    first = build(docs, settings)
    encoder = CharacterEncoder()
    again = Index.build([docs], settings=settings, encoder=encoder)
    assert again.report is not None
    assert (again.report.read, again.report.unchanged) == (0, 3)
    assert again.generation == first.generation == 1
    assert encoder.encoded == []


def test_a_touched_file_is_not_read_again(docs: Path, settings: Settings) -> None:
    build(docs, settings)
    age(docs)
    report = build(docs, settings).report
    assert report is not None and (report.read, report.unchanged) == (0, 3)


def test_a_change_within_the_same_size_and_instant_is_seen(docs: Path, settings: Settings) -> None:
    build(docs, settings)
    path = docs / "灯塔.txt"
    before = path.stat()
    path.write_text(path.read_text("utf-8").replace("1931", "1937"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    index = build(docs, settings)
    assert "1937" in index.document("灯塔.txt").text


def test_a_changed_document_is_replaced_everywhere(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    (docs / "灯塔.txt").write_text("灯塔已改建为气象站，由小陈看管。\n", "utf-8")
    report = index.update([docs])
    assert (report.read, report.unchanged, report.documents) == (1, 2, 3)
    assert find(index, "气象站") == ["灯塔.txt"]
    assert find(index, "守塔人") == []
    assert index.generation == 2
    assert index.verify() == []


def test_a_vanished_file_stays_and_is_reported(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    (docs / "灯塔.txt").unlink()
    report = index.update([docs])
    assert (report.missing, report.removed, report.documents) == (("灯塔.txt",), 0, 3)
    assert find(index, "守塔人") == ["灯塔.txt"]


def test_prune_removes_only_under_the_paths_given(
    docs: Path, settings: Settings, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("甲.txt", "乙.txt"):
        (other / name).write_text(f"{name}里写着别的内容，与海无关。\n", "utf-8")
    index = Index.build([docs, other], settings=settings, encoder=CharacterEncoder())
    (docs / "灯塔.txt").unlink()
    (other / "甲.txt").unlink()
    report = index.update([docs], prune=True)
    assert (report.removed, report.missing) == (1, ())
    names = [info.name for info in index.documents()]
    assert "灯塔.txt" not in names and "甲.txt" in names
    assert find(index, "守塔人") == []


def test_one_bad_file_does_not_end_the_run(docs: Path, settings: Settings) -> None:
    (docs / "空.txt").write_bytes(b"")
    (docs / "图.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    report = build(docs, settings).report
    assert report is not None
    assert (report.read, report.documents) == (3, 3)
    assert {item.document for item in report.skipped} == {"空.txt", "图.png"}
    assert all(item.reason for item in report.skipped)


def test_the_earlier_version_of_a_file_that_is_now_unreadable_stays(
    docs: Path, settings: Settings
) -> None:
    index = build(docs, settings)
    (docs / "灯塔.txt").write_bytes(b"")
    report = index.update([docs])
    assert [item.document for item in report.skipped] == ["灯塔.txt"]
    assert (report.read, report.documents, report.missing) == (0, 3, ())
    assert find(index, "守塔人") == ["灯塔.txt"]


def test_a_name_that_is_no_unicode_is_skipped(docs: Path, settings: Settings) -> None:
    (docs / os.fsdecode(b"\xb5\xc6.txt")).write_text("内容本身没有问题。\n", "utf-8")
    report = build(docs, settings).report
    assert report is not None
    (skipped,) = report.skipped
    assert isinstance(skipped, Skipped)
    assert skipped.document == "灯.txt" and "rename" in skipped.reason


def test_a_new_index_from_nothing_readable_is_not_created(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    with pytest.raises(UnreadableDocument, match="no file to read under"):
        build(folder, settings)
    (folder / "空.txt").write_bytes(b"")
    with pytest.raises(UnreadableDocument, match=r"none of the 1 files[^$]*空\.txt: "):
        build(folder, settings)
    assert not settings.index.exists()


def test_a_path_that_does_not_exist_changes_nothing(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    (docs / "新.txt").write_text("新的一份文件，写了一句话。\n", "utf-8")
    with pytest.raises(DocumentError, match="nowhere"):
        index.update([docs, docs / "nowhere"])
    assert len(Index.open(settings=settings).documents()) == 3


def test_equal_names_under_two_roots(docs: Path, settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "档案"
    other.mkdir()
    (other / "灯塔.txt").write_text("另一座灯塔在北岛，由海军管理。\n", "utf-8")
    index = build(docs, settings)
    index.update([other])
    assert {"灯塔.txt", "档案/灯塔.txt"} <= {info.name for info in index.documents()}
    assert find(index, "北岛海军") == ["档案/灯塔.txt"]
    assert index.update([other, docs]).unchanged == 4


def test_a_moved_folder_keeps_its_names(docs: Path, settings: Settings, tmp_path: Path) -> None:
    index = build(docs, settings)
    moved = docs.rename(tmp_path / "moved")
    report = index.update([moved])
    assert (report.read, report.unchanged, report.documents) == (0, 3, 3)
    assert index.document("灯塔.txt").path == str(moved / "灯塔.txt")


def test_remove(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    before = index.count
    removed = index.remove("灯塔.txt")
    assert removed > 0 and index.count == before - removed
    assert find(index, "守塔人") == []
    with pytest.raises(UnknownDocument, match=r"'灯塔.txt'"):
        index.document("灯塔.txt")
    with pytest.raises(UnknownDocument, match=r"near: .*渔业/年报\.txt"):
        index.remove("年报.txt")


def test_removed_text_is_in_no_file(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    index.remove("灯塔.txt")
    for path in settings.index.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word.encode() in data for word in ("守塔人", "守塔", "老周")), path


def test_documents_mentioning(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    names = {text: [i.name for i in index.documents(text)] for text in ("３.6 公里", "1,750", "鯨")}
    assert names == {"３.6 公里": ["桥梁.md"], "1,750": ["渔业/年报.txt"], "鯨": []}


def test_open_without_an_index(settings: Settings) -> None:
    with pytest.raises(StoreMissing, match="rag index PATH"):
        Index.open(settings=settings)


def test_another_encoder_is_refused_and_rebuild_accepts_it(docs: Path, settings: Settings) -> None:
    build(docs, settings)
    other = CharacterEncoder("characters-2", 32)
    index = Index.open(settings=settings, encoder=other)
    assert find(index, "守塔人") == ["灯塔.txt"]
    for attempt in (lambda: index.encoder, lambda: index.update([docs])):
        with pytest.raises(StoreMismatch, match=r"characters-1 .*characters-2 .*--rebuild"):
            attempt()
    report = index.update([docs / "灯塔.txt"], rebuild=True)
    assert (report.read, report.documents) == (3, 3)
    assert index.status().encoder == "characters-2"
    assert index.encoder is other
    assert index.rank_vectors(other.encode_queries(["大桥全长公里"])[0], 1)
    assert index.verify() == []


def test_rebuild_takes_stored_text_where_a_file_is_gone_or_unreadable(
    docs: Path, settings: Settings
) -> None:
    build(docs, settings)
    (docs / "灯塔.txt").unlink()
    (docs / "桥梁.md").write_bytes(b"")
    other = CharacterEncoder("characters-2", 32)
    index = Index.build([docs], settings=settings, encoder=other, rebuild=True)
    assert index.report is not None
    assert (index.report.read, index.report.missing) == (3, ("灯塔.txt",))
    assert [item.document for item in index.report.skipped] == ["桥梁.md"]
    assert find(index, "守塔人") == ["灯塔.txt"]
    assert index.verify() == []
    assert not index.status().stale


def test_other_chunk_settings_make_it_stale_until_the_next_update(
    docs: Path, settings: Settings
) -> None:
    build(docs, settings)
    (docs / "灯塔.txt").unlink()
    smaller = settings.model_copy(
        update={"chunking": Chunking(target_characters=40, max_characters=50)}
    )
    index = Index.open(settings=smaller, encoder=CharacterEncoder())
    assert index.status().stale
    report = index.update([docs / "桥梁.md"])
    assert report.read == 3
    assert not index.status().stale
    assert find(index, "守塔人") == ["灯塔.txt"]
    assert index.verify() == []


def test_status(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    status = index.status()
    assert (status.index, status.generation) == (str(settings.index), 1)
    assert (status.documents, status.chunks) == (3, index.count)
    assert (status.encoder, status.stale) == ("characters-1", False)
    files = [path for path in settings.index.rglob("*") if path.is_file()]
    assert status.bytes == sum(path.stat().st_size for path in files)


def test_a_second_writer_is_told_who_writes(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    with write_lock(settings.index):
        for attempt in (lambda: index.update([docs]), lambda: index.remove("灯塔.txt")):
            with pytest.raises(StoreLocked, match=f"process {os.getpid()} on .* since"):
                attempt()
        assert find(Index.open(settings=settings), "守塔人") == ["灯塔.txt"]


def test_a_reader_keeps_its_generation_until_reopened(docs: Path, settings: Settings) -> None:
    reader, writer = (
        build(docs, settings),
        Index.open(settings=settings, encoder=CharacterEncoder()),
    )
    pinned = writer.pinned()
    writer.remove("灯塔.txt")
    for old in (reader, pinned):
        assert find(old, "守塔人") == ["灯塔.txt"]
        assert old.document("灯塔.txt").text
        assert (old.generation, len(old.documents())) == (1, 3)
    reader.reopen()
    assert (reader.generation, len(reader.documents())) == (2, 2)


def test_a_pinned_handle_is_at_what_is_current(docs: Path, settings: Settings) -> None:
    server = build(docs, settings)
    pinned = server.pinned()
    assert pinned.generation == 1
    Index.open(settings=settings, encoder=CharacterEncoder()).remove("灯塔.txt")
    assert find(server, "守塔人") == ["灯塔.txt"]
    assert find(server.pinned(), "守塔人") == []
    assert (server.generation, pinned.generation) == (2, 1)
    assert find(pinned, "守塔人") == ["灯塔.txt"]
    shutil.rmtree(settings.index)
    with pytest.raises(StoreMissing):
        server.pinned()


def test_threads_read_while_one_updates(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)

    def read(_: int) -> bool:
        pinned = index.pinned()
        rows = [row for row, _ in pinned.rank_words({Field.WORDS: {"灯塔": 1.0}}, 5)]
        names = {pinned.row_document(row).name for row in rows}
        texts = [chunk.text for chunk in pinned.chunks(rows)]
        return names == {"灯塔.txt"} and all("灯塔" in text for text in texts)

    with ThreadPoolExecutor(4) as pool:
        readings = pool.map(read, range(200))
        for number in range(5):
            (docs / f"新{number}.txt").write_text(f"第{number}份新文件讲的是养殖海带。\n", "utf-8")
            index.update([docs])
        assert all(readings)
    assert index.generation == 6


def _done(step: Step | None) -> int:
    return step.done if step else 0


def test_progress_names_every_file(docs: Path, settings: Settings) -> None:
    seen: list[Step] = []
    Index.build([docs], settings=settings, encoder=CharacterEncoder(), progress=seen.append)
    # Where a file takes its time, it is told meanwhile, too.
    seen = [step for before, step in pairwise([None, *seen]) if step and step.done > _done(before)]
    assert [(step.done, step.total) for step in seen] == [(1, 3), (2, 3), (3, 3)]
    assert [step.document for step in seen] == ["桥梁.md", "灯塔.txt", "渔业/年报.txt"]
    sizes = [(docs / step.document).stat().st_size for step in seen]
    assert [step.bytes_done for step in seen] == [sizes[0], sum(sizes[:2]), sum(sizes)]
    assert {step.bytes_total for step in seen} == {sum(sizes)}


def test_the_same_files_give_the_same_index(docs: Path, settings: Settings, tmp_path: Path) -> None:
    first = build(docs, settings)
    second = Index.build([docs], tmp_path / "second", settings, encoder=CharacterEncoder())
    rows = range(first.count)
    assert first.chunks(rows) == second.chunks(rows)
    terms = {Field.WORDS: {"大桥": 1.0, "2022": 1.0, "年": 0.1}}
    assert first.rank_words(terms, 10) == second.rank_words(terms, 10)
    vector = np.ones(64, np.float32)
    assert first.rank_vectors(vector, 10) == second.rank_vectors(vector, 10)
