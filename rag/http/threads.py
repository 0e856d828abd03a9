"""From an iterator that blocks to one that an event loop can wait for, and leave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def in_thread(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator that blocks, which is started and run in a thread of its own;
    what it raises is raised here. When this is closed, the thread stops at its next item."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[T] | Exception | None] = asyncio.Queue()
    left = threading.Event()

    def put(item: tuple[T] | Exception | None) -> None:
        if not left.is_set() and not loop.is_closed():
            loop.call_soon_threadsafe(items.put_nowait, item)

    def run() -> None:
        try:
            for item in start():
                if left.is_set():
                    return
                put((item,))
        except Exception as error:  # noqa: BLE001 (it is raised again where the items are read)
            put(error)
        else:
            put(None)

    threading.Thread(target=run, daemon=True, name="answer").start()
    try:
        while (item := await items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        left.set()
