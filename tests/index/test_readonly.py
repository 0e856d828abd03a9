"""An index where nothing can be written: asked all the same, and clear words where it cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.index.local.index import Index
from rag.settings import Settings

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
USER = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


def unwritable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def rag(index: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of a user who may write nowhere in the index; root may write everywhere."""
    command = [sys.executable, "-m", "rag", *arguments, "--index", str(index)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and there is no setpriv")
        command = ["setpriv", *USER, *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1", "HOME": "/"}
    return subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def index(docs: Path, settings: Settings) -> Iterator[Path]:
    """In a folder of its own, which others may enter, as they may not enter pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "index"
        Index.build([docs], place, settings)
        yield place
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)


def test_it_can_be_asked_and_looked_at(index: Path) -> None:
    unwritable(index)
    asked = rag(index, "ask", "灯塔建于哪一年？")
    assert (asked.returncode, "1931" in asked.stdout) == (0, True), asked.stderr
    for command in (("search", "灯塔"), ("status",), ("text", "灯塔.txt"), ("verify",)):
        done = rag(index, *command)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_what_would_write_says_that_it_cannot(index: Path, docs: Path) -> None:
    unwritable(index)
    for command in (("index", str(docs)), ("remove", "灯塔.txt"), ("verify", "--repair")):
        done = rag(index, *command)
        assert done.returncode == 1
        assert done.stderr.startswith("rag: index ")
        assert "cannot be written to" in done.stderr
        assert "Traceback" not in done.stderr


def test_changes_in_the_log_are_not_left_out_unsaid(index: Path) -> None:
    log = index / "catalog.sqlite-wal"
    log.write_bytes(b"x" * 100)
    unwritable(index)
    done = rag(index, "ask", "灯塔建于哪一年？")
    assert (done.returncode, done.stdout) == (1, "")
    assert "changes in its log" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_read_says_so(index: Path) -> None:
    (index / "catalog.sqlite").chmod(0)
    done = rag(index, "ask", "灯塔建于哪一年？")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "catalog.sqlite cannot be" in done.stderr
