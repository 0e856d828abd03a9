"""From an assistant that blocks to turns that an event loop can wait for, and leave.

Gradio ends an event only at an `await`: a generator that blocks while a chat model thinks could
be stopped no sooner than the model's next word, and a question asked meanwhile would be lost.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Protocol, TypeVar

from rag.errors import RagError
from rag.page.turn import Turn
from rag.types import Event

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Answers(Protocol):
    """What the page needs of an assistant."""

    def stream(self, question: str) -> Iterator[Event]:
        """The events of an answer, `Done` last."""
        ...


async def answering(assistant: Answers, turn: Turn) -> AsyncGenerator[Turn, None]:
    """The turn after each event; the last one is complete or says what went wrong."""
    try:
        async with aclosing(in_thread(lambda: assistant.stream(turn.question))) as events:
            async for event in events:
                turn = turn.after(event)
                yield turn
    except RagError as error:
        yield turn.failed(str(error))
    except Exception:
        # The page must not go on waiting, and its user can do nothing with a traceback.
        logger.exception("no answer to a question of %d characters", len(turn.question))
        yield turn.failed("程序内部出错，详情见运行窗口里的日志。")


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
