"""One writer at a time: an advisory lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import StoreError, StoreLocked

LOCK_FILE = "writer.lock"


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Holds the index folder's writer lock; the lock file says who holds it.

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
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreLocked(
                f"index {folder} is being written to by {_holder(handle)}; wait until it has "
                "finished, or end it"
            ) from None
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        os.ftruncate(handle, 0)
        os.pwrite(
            handle, f"process {os.getpid()} on {socket.gethostname()} since {since}".encode(), 0
        )
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    text = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
    return text or "another process"
