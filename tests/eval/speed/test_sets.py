"""Sets of texts: the same each time, a small one the beginning of a large one, no duplicates."""

from __future__ import annotations

import json
import lzma
import re
from itertools import islice
from pathlib import Path

import pytest

from eval.speed.sets import CHUNK_CHARACTERS, KINDS, texts, write_set

SAID = "沈砚在上海说，2023年有12个项目，涨了3.5%，其中三个在北京。"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number, kind in enumerate(KINDS):
        with lzma.open(folder / f"{kind}.jsonl.xz", "wt", encoding="utf-8") as file:
            for text in (f"第{number}号。{SAID}" * 3, "", f"{kind} {SAID}"):
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return folder


def test_originals_first_then_copies_with_other_figures(data: Path) -> None:
    found = list(islice(texts(data), 18))
    paths = [text.path for text in found]
    assert paths[:2] == ["news/000/000000.txt", "news/000/000002.txt"]
    assert paths[4:7] == ["manuals/000/000000.md", "manuals/000/000002.md", f"copy-1/{paths[0]}"]
    assert paths[12] == f"copy-2/{paths[0]}"
    assert len({text.text for text in found}) == 18
    for original, copy in zip(found[:6], found[6:12], strict=True):
        assert len(copy.text) == len(original.text)
        figures = re.findall(r"[0-9]+", original.text)
        altered = re.findall(r"[0-9]+", copy.text)
        assert [len(figure) for figure in altered] == [len(figure) for figure in figures]
        assert altered != figures
    assert list(islice(texts(data), 18)) == found


def test_a_set_grows_by_what_is_missing(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    few = write_set(data, folder, 1)
    paths = {path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()}
    kept = folder / min(paths)
    kept.write_text("stays", encoding="utf-8")
    many = write_set(data, folder, 4)
    grown = {path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()}
    assert CHUNK_CHARACTERS <= few < many
    assert paths < grown
    assert kept.read_text(encoding="utf-8") == "stays"
