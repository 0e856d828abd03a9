"""Pages of a file that take seconds each: how far it is read, and when a page is given up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

RETRY = "rag index --retry-skipped"
"""With these words a warning ends that is of no matter once the file is read again."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How many pages of a file are read, of how many that take long."""

    done: int
    total: int


class PageTooLong(BaseException):
    """A page took longer than it may. No `Exception`: no library is to take it for its own."""


_listeners: list[Callable[[Pages], None]] = []


def listen(listener: Callable[[Pages], None]) -> None:
    """Has `listener` called after each page, in place of an earlier one."""
    _listeners[:] = [listener]


def tell_pages(done: int, total: int) -> None:
    """Says how far the file is that is being read."""
    for listener in _listeners:
        listener(Pages(done, total))


@contextmanager
def page_limit(seconds: float) -> Iterator[None]:
    """Ends what is done inside after so many seconds, as soon as a library's native code returns.
    Where the system has no timers, and in other threads than the first, there is no end.

    Raises:
        PageTooLong: it was ended.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise PageTooLong

    before = signal.signal(signal.SIGALRM, end)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)
