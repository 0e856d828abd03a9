"""A file that hangs, swells or crashes its parser is ended and reported; the next one is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.errors import UnreadableDocument, UnsupportedFormat
from rag.reading import worker
from rag.reading.load import read_document
from rag.reading.worker import Reader
from rag.settings import Reading


def page(folder: Path, name: str = "a.html", text: str = "一句话。") -> Path:
    path = folder / name
    path.write_text(f"<p>{text}</p>", encoding="utf-8")
    return path


def test_the_same_as_reading_here(tmp_path: Path) -> None:
    path = page(tmp_path)
    with Reader(Reading()) as reader:
        for name in ("甲.html", "乙.html"):
            assert reader.read(path, name) == read_document(path, name, Reading())


def test_errors_come_back_as_they_are(tmp_path: Path) -> None:
    empty, other = tmp_path / "a.pdf", tmp_path / "a.exe"
    empty.write_bytes(b"")
    other.write_bytes(b"MZ")
    with Reader(Reading()) as reader:
        with pytest.raises(UnreadableDocument, match="empty"):
            reader.read(empty, "a.pdf")
        with pytest.raises(UnsupportedFormat, match="supported"):
            reader.read(other, "a.exe")
        assert reader.read(page(tmp_path), "a.html").text == "一句话。"


def misbehaving(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """The process that reads does `action` when the file's name says so."""
    code = (
        "import os, sys, time, rag.reading.worker as w; real = w.read_document\n"
        "def read(path, name, settings):\n"
        f"    {action} if 'bad' in name else None\n"
        "    return real(path, name, settings)\n"
        "w.read_document = read; w.serve()"
    )
    monkeypatch.setattr(worker, "_COMMAND", code)


@pytest.mark.parametrize(
    ("action", "settings", "words"),
    [
        ("time.sleep(600)", {"max_seconds": 5.0}, "longer than 5 seconds"),
        ("os.abort()", {}, "the parser crashed on this file"),
        ("1 / 0", {}, r"cannot be parsed \(ZeroDivisionError"),
        ("print('noise') or os.write(1, b'noise' * 100)", {}, None),
    ],
)
def test_misbehaviour_ends_with_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    settings: dict[str, float],
    words: str | None,
) -> None:
    misbehaving(monkeypatch, action)
    path = page(tmp_path)
    with Reader(Reading.model_validate(settings)) as reader:
        if words is None:
            assert reader.read(path, "bad.html").text == "一句话。"
        else:
            with pytest.raises(UnreadableDocument, match=words):
                reader.read(path, "bad.html")
        assert reader.read(path, "good.html").text == "一句话。"


def test_a_process_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_COMMAND", "raise SystemExit(7)")
    with Reader(Reading()) as reader, pytest.raises(UnreadableDocument, match=r"exit code (?:7|-9)"):
        reader.read(page(tmp_path), "a.html")


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaving(monkeypatch, "bytearray(5_000_000_000)")
    with Reader(Reading(max_memory_bytes=4_000_000_000)) as reader:
        with pytest.raises(UnreadableDocument, match="more than 4,000,000,000 bytes of memory"):
            reader.read(page(tmp_path), "bad.html")
        assert reader.read(page(tmp_path), "good.html").text == "一句话。"
