"""The writer lock."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from rag.errors import StoreError, StoreLocked
from rag.index.local.opening import write_lock
from tests.processes import running

ROOT = Path(__file__).parent.parent.parent


def test_one_at_a_time_and_free_afterwards(tmp_path: Path) -> None:
    taken = pytest.raises(StoreLocked, match=f"process {os.getpid()} on")
    with write_lock(tmp_path), taken, write_lock(tmp_path):
        pass
    with write_lock(tmp_path):
        pass


def test_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in between"), write_lock(tmp_path):
        raise ValueError("in between")
    with write_lock(tmp_path):
        pass


def test_a_killed_holder_frees_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from rag.index.local.opening import write_lock\n"
        "with write_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(3600)"
    )
    with running([sys.executable, "-c", code, tmp_path], ROOT, os.environ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreLocked, match=f"process {holder.pid} on"), write_lock(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with write_lock(tmp_path):
        pass


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written to"), write_lock(tmp_path / "none"):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep")
    (tmp_path / "writer.lock").symlink_to(target)
    with pytest.raises(StoreError), write_lock(tmp_path):
        pass
    assert target.read_text() == "keep"


def test_a_change_waits_for_a_moment(tmp_path: Path) -> None:
    entered, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with write_lock(tmp_path):
            entered.set()
            enough.wait()

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    try:
        assert entered.wait(300)
        with pytest.raises(StoreLocked), write_lock(tmp_path):
            pass
        threading.Timer(0.1, enough.set).start()
        with write_lock(tmp_path, 300):
            assert enough.is_set()
    finally:
        enough.set()
        holder.join()
