"""Items from a thread: in order, errors included, and left without waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from rag.http.threads import in_thread


def test_items_come_in_order_and_end() -> None:
    async def read() -> list[int]:
        return [item async for item in in_thread(lambda: iter(range(100)))]

    assert asyncio.run(read()) == list(range(100))


def test_an_error_comes_after_the_items_before_it() -> None:
    def start() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    async def read() -> list[int]:
        seen = []
        with pytest.raises(KeyError, match="two"):
            async for item in in_thread(start):
                seen.append(item)
        return seen

    assert asyncio.run(read()) == [1]


def test_leaving_does_not_wait_and_ends_the_thread() -> None:
    gate, closed = threading.Event(), threading.Event()

    def start() -> Iterator[int]:
        try:
            yield 1
            gate.wait(30)
            yield 2
            raise AssertionError("went on after it was left")
        finally:
            closed.set()

    async def read() -> int:
        items = in_thread(start)
        first = await anext(items)
        await items.aclose()
        return first

    assert asyncio.run(read()) == 1
    assert not closed.is_set()
    gate.set()
    assert closed.wait(30)
