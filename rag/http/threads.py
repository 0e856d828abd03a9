"""From work that blocks to items that an event loop can wait for, and leave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from starlette.types import Message

T = TypeVar("T")
# Answers worked on at once; the others wait, so that many questions do not slow each other down.
MAX_ANSWERS = 16
_turns = threading.BoundedSemaphore(MAX_ANSWERS)
_LOOK_SECONDS = 0.1


class Left(Exception):
    """Raised in a thread that puts an item where nobody waits any more."""


async def in_thread(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator that blocks, which is started and run in a thread of its own, of
    which `MAX_ANSWERS` run at once; what it raises is raised here. When this is closed, the thread
    stops at its next item, or before the first."""

    def run(put: Callable[[T], None]) -> None:
        for item in start():
            put(item)

    items = from_thread(run, _turns)
    try:
        async for item in items:
            yield item
    finally:
        await items.aclose()


async def gathered(
    items: AsyncGenerator[T, None], pause_seconds: float
) -> AsyncGenerator[list[T], None]:
    """The items as they come in, those of `pause_seconds` together, in their order; what is
    raised is raised after the items before it. When this is closed, `items` is."""
    waiting = asyncio.ensure_future(anext(items))
    try:
        while True:
            group = [await waiting]
            end = asyncio.get_running_loop().time() + pause_seconds
            while True:
                waiting = asyncio.ensure_future(anext(items))
                left = end - asyncio.get_running_loop().time()
                await asyncio.wait([waiting], timeout=max(0.0, left))
                if not waiting.done() or waiting.exception() is not None:
                    break
                group.append(waiting.result())
            yield group
    except StopAsyncIteration:
        return
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await waiting
        await items.aclose()


async def unless_left(
    receive: Callable[[], Awaitable[Message]], work: Coroutine[Any, Any, T]
) -> T | None:
    """What `work` gives; None where the client leaves before, by which `work` is cancelled. The
    request's body must have been received."""

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(leaving())
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


@contextmanager
def _turn(turns: threading.Semaphore | None, left: threading.Event) -> Iterator[None]:
    """One of the `turns`, waited for; `Left` where nobody waits for the work any more."""
    if turns is None:
        yield
        return
    while not turns.acquire(timeout=_LOOK_SECONDS):
        if left.is_set():
            raise Left
    try:
        if left.is_set():
            raise Left
        yield
    finally:
        turns.release()


async def from_thread(
    run: Callable[[Callable[[T], None]], None], turns: threading.Semaphore | None = None
) -> AsyncGenerator[T, None]:
    """What `run` puts, called in a thread of its own, when one of the `turns` is free; what it
    raises is raised here. When this is closed, its next call of `put` raises `Left`."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[T] | Exception | None] = asyncio.Queue()
    left = threading.Event()

    def send(item: tuple[T] | Exception | None) -> None:
        if not left.is_set() and not loop.is_closed():
            loop.call_soon_threadsafe(items.put_nowait, item)

    def put(item: T) -> None:
        if left.is_set():
            raise Left
        send((item,))

    def work() -> None:
        try:
            with _turn(turns, left):
                run(put)
        except Exception as error:  # noqa: BLE001 (it is raised again where the items are read)
            send(error)
        else:
            send(None)

    threading.Thread(target=work, daemon=True, name="answer").start()
    try:
        while (item := await items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        left.set()
