"""Two things done at once, where a core is free for the second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from rag.reading.pool import cores

First = TypeVar("First")
Second = TypeVar("Second")


class Beside:
    """Threads beside those that ask, no more than there are cores beside the first. Their work
    has to leave Python, else nothing is won."""

    def __init__(self, threads: int) -> None:
        self._free = threading.Semaphore(threads)
        self._pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="beside")

    def both(
        self, first: Callable[[], First], second: Callable[[], Second]
    ) -> tuple[First, Second]:
        """What two calls return: one after the other where no thread is free. What the first
        raises is raised, else what the second does; neither runs on afterwards."""
        if not self._free.acquire(blocking=False):
            return first(), second()
        try:
            other = self._pool.submit(second)
            try:
                found = first()
            except BaseException:
                other.exception()
                raise
            return found, other.result()
        finally:
            self._free.release()


@cache
def beside() -> Beside:
    """Of this process, made when it is first needed."""
    return Beside(cores() - 1)
