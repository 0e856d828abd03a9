"""`rag index` while it runs: its bar, and Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from rag.cli import terminal
from rag.cli.terminal import Interruption
from rag.index.local.index import Index, Step
from tests.index.hanging import PIDS
from tests.processes import running

ROOT = Path(__file__).parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "", "RAG_READING_PROCESSES": "2"}
FILES = 4000
STEP = Step("a.txt", 1, 2, 10, 20, 1.0)


def test_interrupted_it_says_what_it_kept(tmp_path: Path) -> None:
    """Ctrl-C once the bar shows that files are done."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(FILES):
        (docs / f"{number}.txt").write_text(f"第{number}座灯塔高{number % 50}米。\n" * 20, "utf-8")
    command = [sys.executable, "-m", "rag", "index", "docs", "--index", "index"]
    with running(command, tmp_path, ENVIRON) as process:
        assert process.stderr is not None
        shown = b""
        while not re.search(rb"\b[1-9]\d*/4000 files", shown):
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, shown.decode()
            shown += piece
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, b"")
    said = re.search(rb"rag: interrupted; (\d+) files were read and are in the index", err)
    assert said is not None, err.decode()
    assert b"Traceback" not in err
    kept = Index.open(tmp_path / "index").status().documents
    assert kept == int(said[1])
    assert 0 < kept < FILES


SLOW = """
import sys, time
from rag.documents import workers as worker
from rag.index.local import update
from tests.index.hanging import COMMAND

worker._COMMAND = COMMAND
if "native" in sys.argv:
    def run(*_):
        print("begun", flush=True)
        time.sleep(3600)
    update.Series.finish = run
from rag.cli import main
sys.exit(main(["index", "docs", "--index", "index"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("busy", ["hang.txt", "hang.zip", "native"])
def test_whatever_it_does_it_ends(tmp_path: Path, number: int, busy: str) -> None:
    """In a parser, while an archive is listed, in a library that does not look at signals. The
    index is as it was, and no process is left."""
    docs, pids = tmp_path / "docs", tmp_path / "pids"
    for folder in (docs, pids):
        folder.mkdir()
    (docs / "a.txt").write_text("灯塔高31米。\n", "utf-8")
    built = Index.build([docs], tmp_path / "index")
    (docs / ("b.txt" if busy == "native" else busy)).write_text("港口在东。\n", "utf-8")
    environ = {**ENVIRON, "RAG_QUIET": "1", PIDS: str(pids)}
    with running([sys.executable, "-c", SLOW, busy], tmp_path, environ) as process:
        assert process.stdout is not None
        while busy != "native" and not list(pids.iterdir()):
            assert process.poll() is None
            time.sleep(0.02)
        if busy == "native":
            assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, b"")
    assert b"rag: interrupted; " in err and b"Traceback" not in err
    assert [int(one.name) for one in pids.iterdir() if alive(int(one.name))] == []
    left = Index.open(tmp_path / "index")
    assert left.generation == built.generation
    assert left.verify() == []
    assert [info.name for info in left.documents()] == ["a.txt"]


def alive(pid: int) -> bool:
    """Whether there is a process, other than one that has ended and nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_second_interruption_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "GRACE_SECONDS", 3600)
    seen: list[Step] = []
    before = signal.getsignal(signal.SIGINT)
    with Interruption(seen.append) as interruption:
        interruption.step(STEP)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interruption.step(STEP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert seen == [STEP, STEP]
    assert signal.getsignal(signal.SIGINT) is before
