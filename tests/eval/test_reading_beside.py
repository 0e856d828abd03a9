"""Readers side by side: what counts as order, as a row, and a reader run by another interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eval import other_readers
from eval.reading import main
from eval.reading_beside import ORDER, Reading, comparison, in_a_row, in_order

FAKE = """
class MarkItDown:
    def convert(self, path):
        if path.endswith(".bin"):
            raise ValueError("no converter")
        class Result:
            text_content = "| " + open(path, encoding="utf-8").read() + " |"
        return Result()
"""
LOADERS = """
class TextLoader:
    def __init__(self, path, **options):
        self.path = path
    def load(self):
        class Page:
            page_content = open(self.path, encoding="utf-8").read()
        return [Page(), Page()]
"""


def test_a_comparison_by_another_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-ins for the two packages, found on the path of the interpreter."""
    there = tmp_path / "packages"
    (there / "langchain_community").mkdir(parents=True)
    (there / "markitdown.py").write_text(FAKE, "utf-8")
    (there / "langchain_community" / "__init__.py").write_text("", "utf-8")
    (there / "langchain_community" / "document_loaders.py").write_text(LOADERS, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(there))
    folder, out = tmp_path / "in", tmp_path / "out.md"
    folder.mkdir()
    (folder / "a.txt").write_text("灯塔高三十一米。", "utf-8")
    (folder / "b.bin").write_bytes(b"\x00")
    assert main([str(folder), "--out", str(out), "--beside", sys.executable]) == 0
    lines = out.read_text("utf-8").splitlines()
    (first,) = [line for line in lines if line.startswith("| a.txt | 8 · ")]
    assert [cell.split(" · ")[0].strip() for cell in first.strip("|").split("|")[1:]] == [
        "8", "10", "16"
    ]  # fmt: skip
    (second,) = [line for line in lines if line.startswith("| b.bin | 0 · ")]
    assert ".bin files cannot be read" in second and "ValueError: no converter" in second
    assert "KeyError: '.bin'" in second


def test_order_and_rows() -> None:
    assert in_order("甲 乙\n丙", ["甲乙", "丙"])
    assert not in_order("丙\n甲乙", ["甲乙", "丙"])
    assert in_a_row("| 营业收入 | 1,581 |\n| 总资产 | 2 |", ["营业收入", "1,581"])
    assert not in_a_row("营业收入\n1,581", ["营业收入", "1,581"])
    file, parts = ORDER[0]
    table = comparison({"一": {file: Reading("".join(parts), 1.0)}, "二": {file: Reading("", 2.0)}})
    assert "| order of text | 1 of 1 | 0 of 1 |" in table
    assert f"| — {file}: {parts[-1][:18]} | yes | no |" in table


def test_every_format_has_a_loader(shared: Path) -> None:
    endings = {path.suffix for path in (shared / "documents").iterdir()}
    assert endings == set(other_readers.LOADERS)
