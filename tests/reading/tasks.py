"""Tasks for reading processes that behave in a known way."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rag.errors import UnreadableDocument


def read(what: int | str | Path) -> str:
    """`file N`, or an error for two of the numbers; the process for `pid`; for a path the word
    `opened`, once there is something."""
    if isinstance(what, Path):
        while not what.exists():
            time.sleep(0.01)
        return "opened"
    if what == "pid":
        return str(os.getpid())
    if what in (17, 100):
        raise UnreadableDocument(f"file {what} is bad")
    return f"file {what}"
