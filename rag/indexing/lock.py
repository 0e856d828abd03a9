"""One writer at a time: an advisory lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import StoreError, StoreLocked

LOCK_FILE = "writer.lock"
PATIENCE_SECONDS = 3.0
"""How long a change waits for the lock: a reader that finds a part missing, or empties the log,
holds it for moments."""

_POLL_SECONDS = 0.02


@contextmanager
def write_lock(folder: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the index folder's writer lock, waiting for it at most `wait_seconds`; the lock file
    says who holds it.

    Raises:
        StoreLocked: another process or thread holds it.
        StoreError: the folder cannot be written to.
    """
    path = folder / LOCK_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"index {folder} cannot be written to: {error}") from None
    try:
        deadline = time.monotonic() + wait_seconds
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise StoreLocked(
                    f"index {folder} is being written to by {_holder(handle)}; wait until it has "
                    "finished, or end it"
                )
            time.sleep(_POLL_SECONDS)
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        os.ftruncate(handle, 0)
        os.pwrite(
            handle, f"process {os.getpid()} on {socket.gethostname()} since {since}".encode(), 0
        )
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(handle: int) -> str:
    text = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
    return text or "another process"
