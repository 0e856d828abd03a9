"""Tasks for reading processes that behave in a known way."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rag.documents.workers import tell_pages
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


def together(done: list[str]) -> list[str]:
    """The words in capitals; an error with `file 666`, the end of the process with `file 999`."""
    if "file 999" in done:
        os.abort()
    if "file 666" in done:
        raise ValueError("666")
    return [word.upper() for word in done]


def page_by_page(name: str, pages: int, seconds: float) -> str:
    """A file whose pages take so many seconds each."""
    for done in range(pages):
        time.sleep(seconds)
        tell_pages(done + 1, pages)
    return f"{name} has {pages} pages"
