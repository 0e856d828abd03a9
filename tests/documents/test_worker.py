"""A file that hangs, swells or crashes its parser is ended and reported; the next one is read."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rag.documents import workers
from rag.documents.load import read_document
from rag.documents.workers import Task, Worker, child_environment
from rag.errors import DocumentError, UnreadableDocument, UnsupportedFormat
from rag.settings import Reading
from rag.types import Document

TASK = Task("rag.documents.load:read_document")


def page(folder: Path, name: str = "a.html", text: str = "一句话。") -> Path:
    path = folder / name
    path.write_text(f"<p>{text}</p>", encoding="utf-8")
    return path


def read(limits: Reading, *jobs: tuple[Path, str]) -> list[object | DocumentError]:
    """What one process makes of the files, in one call."""
    reader = Worker(TASK, limits)
    try:
        return reader.do([(path, name, limits) for path, name in jobs])
    finally:
        reader.end()


def test_the_same_as_reading_here(tmp_path: Path) -> None:
    path = page(tmp_path)
    names = ("甲.html", "乙.html")
    assert read(Reading(), *((path, name) for name in names)) == [
        read_document(path, name, Reading()) for name in names
    ]


def test_errors_come_back_as_they_are(tmp_path: Path) -> None:
    empty, other = tmp_path / "a.pdf", tmp_path / "a.exe"
    empty.write_bytes(b"")
    other.write_bytes(b"MZ")
    first, second, third = read(
        Reading(), (empty, "a.pdf"), (other, "a.exe"), (page(tmp_path), "a.html")
    )
    assert isinstance(first, UnreadableDocument) and "empty" in str(first)
    assert isinstance(second, UnsupportedFormat) and "supported" in str(second)
    assert isinstance(third, Document) and third.text == "一句话。"


def misbehaving(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """The process that reads does `action` when the file's name says so."""
    code = (
        "import os, sys, time, rag.documents.load as load, rag.documents.workers as w\n"
        "real = load.read_document\n"
        "def read(path, name, settings):\n"
        f"    {action} if 'bad' in name else None\n"
        "    return real(path, name, settings)\n"
        "load.read_document = read; w.serve()"
    )
    monkeypatch.setattr(workers, "_COMMAND", code)


@pytest.mark.parametrize(
    ("action", "settings", "words"),
    [
        ("time.sleep(600)", {"max_seconds": 5.0}, "longer than 5 seconds"),
        ("os.abort()", {}, r"the parser crashed on this file \(exit code -6\)"),
        ("1 / 0", {}, "cannot be parsed (ZeroDivisionError"),
        ("print('noise') or os.write(1, b'noise' * 100)", {}, ""),
    ],
)
def test_misbehaviour_ends_with_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    settings: dict[str, float],
    words: str,
) -> None:
    """Those before and after it in the same call come out all the same."""
    misbehaving(monkeypatch, action)
    path = page(tmp_path)
    names = ("good.html", "bad.html", "good too.html", "last.html")
    before, bad, *after = read(Reading.model_validate(settings), *((path, name) for name in names))
    assert [item.name for item in (before, *after) if isinstance(item, Document)] == [
        "good.html", "good too.html", "last.html"
    ]  # fmt: skip
    if words:
        assert isinstance(bad, UnreadableDocument) and words.replace("\\", "") in str(bad)
    else:
        assert isinstance(bad, Document) and bad.text == "一句话。"


def test_a_process_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_COMMAND", "raise SystemExit(7)")
    (error,) = read(Reading(), (page(tmp_path), "a.html"))
    assert isinstance(error, UnreadableDocument)
    assert "did not start (exit code 7)" in str(error) or "(exit code -9)" in str(error)


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaving(monkeypatch, "bytearray(5_000_000_000)")
    path = page(tmp_path)
    bad, good = read(
        Reading(max_memory_bytes=4_000_000_000), (path, "bad.html"), (path, "good.html")
    )
    assert isinstance(bad, UnreadableDocument)
    assert "more than 4,000,000,000 bytes of memory" in str(bad)
    assert isinstance(good, Document) and good.text == "一句话。"


def test_closed_from_another_thread_it_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    misbehaving(monkeypatch, f"(open({str(begun)!r}, 'w').close(), time.sleep(600))")
    reader = Worker(TASK, Reading())
    job = (page(tmp_path), "bad.html", Reading())
    ended: list[BaseException] = []

    def run() -> None:
        try:
            reader.do([job, job])
        except InterruptedError as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not begun.exists():
        assert thread.is_alive()
        thread.join(0.01)
    reader.close()
    thread.join(300)
    reader.end()
    assert len(ended) == 1


SCRIPT = """
import sys, threading
from pathlib import Path
from rag import Index, Settings
settings = Settings(reading={"processes": 2})
found = []
def build():
    found.append(Index.build([Path("docs")], Path("index"), settings).report.read)
thread = threading.Thread(target=build)
thread.start()
thread.join()
print(*found)
"""


def test_a_script_without_a_main_guard_and_with_threads(tmp_path: Path) -> None:
    """The processes do not run the caller's script again."""
    (tmp_path / "docs").mkdir()
    for number in range(3):
        page(tmp_path / "docs", f"{number}.html", f"第{number}座灯塔建成了。")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**child_environment(), "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("3\n", "")
