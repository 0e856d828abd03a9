"""`rag index` while it runs: its bar, and Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rag.commands.progress import Interruption
from rag.indexing.index import Index, Step

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
    with subprocess.Popen(
        [sys.executable, "-m", "rag", "index", "docs", "--index", "index"],
        cwd=tmp_path, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
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


def test_a_second_interruption_does_not_wait() -> None:
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
