"""Items from a thread: in order, errors included, and left without waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from functools import partial

import pytest

from rag.assistant import in_thread
from rag.serving.requests import gathered, until


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


def _left_after_one(gate: threading.Event, closed: threading.Event) -> Iterator[int]:
    try:
        yield 1
        gate.wait(300)
        yield 2
        raise AssertionError("went on after it was left")
    finally:
        closed.set()


def test_leaving_does_not_wait_and_ends_the_thread() -> None:
    gate, closed = threading.Event(), threading.Event()

    async def read() -> int:
        items = in_thread(partial(_left_after_one, gate, closed))
        first = await anext(items)
        await items.aclose()
        return first

    assert asyncio.run(read()) == 1
    assert not closed.is_set()
    gate.set()
    assert closed.wait(300)


def test_items_that_come_together_are_given_together() -> None:
    gate = threading.Event()

    def start() -> Iterator[int]:
        yield from (1, 2, 3)
        gate.wait(300)
        yield 4
        raise KeyError("five")

    async def read() -> list[list[int]]:
        seen = []
        with pytest.raises(KeyError, match="five"):
            async for group in gathered(in_thread(start), 0.01):
                seen.append(group)
                if sum(map(len, seen)) == 3:
                    gate.set()
        return seen

    seen = asyncio.run(read())
    assert [item for group in seen for item in group] == [1, 2, 3, 4]
    assert seen[-1] == [4]
    assert len(asyncio.run(_groups(gathered(in_thread(lambda: iter(range(500))), 10)))) == 1
    assert asyncio.run(_groups(gathered(in_thread(lambda: iter(())), 10))) == []


async def _groups(items: AsyncGenerator[list[int], None]) -> list[list[int]]:
    return [group async for group in items]


def test_leaving_a_group_leaves_its_items() -> None:
    gate, closed = threading.Event(), threading.Event()

    async def read() -> list[int]:
        groups = gathered(in_thread(partial(_left_after_one, gate, closed)), 0)
        first = await anext(groups)
        await groups.aclose()
        return first

    assert asyncio.run(read()) == [1]
    gate.set()
    assert closed.wait(300)


def test_items_end_in_the_middle_of_one_when_they_are_over() -> None:
    gate, closed = threading.Event(), threading.Event()

    async def read() -> list[int]:
        over, seen = asyncio.Event(), []
        async for item in until(in_thread(partial(_left_after_one, gate, closed)), over):
            seen.append(item)
            asyncio.get_running_loop().call_later(0.05, over.set)
        return seen

    assert asyncio.run(read()) == [1]  # nobody has opened the gate
    gate.set()
    assert closed.wait(300)


def test_items_that_are_never_over_all_come_and_those_over_before_never_begin() -> None:
    async def read(*, over: bool) -> list[int]:
        event = asyncio.Event()
        if over:
            event.set()
        return [item async for item in until(in_thread(lambda: iter(range(9))), event)]

    assert asyncio.run(read(over=False)) == list(range(9))
    assert asyncio.run(read(over=True)) == []
