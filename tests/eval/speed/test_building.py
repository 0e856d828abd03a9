"""A build and changes of its files, measured on a few articles."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from eval.errors import EvaluationError
from eval.speed.building import Build, build_text, measure_build
from eval.speed.updating import Change, changes_text, measure_changes
from rag.index.local.index import Index


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with lzma.open(tmp_path / "news.jsonl.xz", "wt", encoding="utf-8") as file:
        for number in range(4):
            file.write(json.dumps({"text": f"第{number}座灯塔高{40 + number}米。"}) + "\n")
    return tmp_path


def test_a_build_and_changes_of_what_it_was_made_of(data: Path, tmp_path: Path) -> None:
    built = measure_build(data, tmp_path / "out", 3)
    assert (built.documents, built.chunks) == (3, 3)
    assert built.cpu_seconds > 0 and built.peak_bytes > 0
    index, texts = tmp_path / "out" / "index", tmp_path / "out" / "news-3"
    before = {path: path.read_bytes() for path in texts.rglob("*.txt")}
    changes = measure_changes(index, texts)
    assert [change.how for change in changes[:3]] == [
        "first, file named", "folder named", "file named"
    ]  # fmt: skip
    assert all(change.found_seconds > 0 for change in changes)
    assert {path: path.read_bytes() for path in texts.rglob("*.txt")} == before
    again = Index.open(index)
    assert again.count == 3
    assert not again.mentioning("wenjumeasure")


def test_without_a_file_there_is_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no text file"):
        measure_changes(tmp_path / "index", tmp_path)


def test_in_words() -> None:
    assert build_text(Build(2, 5, 1.25, 0.5, 0.75, 3_000_000)) == (
        "2 files, 5 chunks: 1.2 s, CPU 0.5 s in the process that writes and 0.8 s in those that "
        "read, 3 MB over all processes"
    )
    changes = [Change("a", 0.1, 0.2, 0.3), Change("b", 9, 9, 9), Change("a", 0.3, 0.4, 0.5)]
    assert changes_text([*changes, Change("a", 0.2, 0.3, 0.4)]) == (
        "a: found by another process after 0.20 s, returned after 0.30 s (0.40 s of CPU)\n"
        "b: found by another process after 9.00 s, returned after 9.00 s (9.00 s of CPU)"
    )
