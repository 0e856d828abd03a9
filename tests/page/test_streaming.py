"""Events from a thread: in order, errors included, and left without waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from rag.errors import GenerationError
from rag.page.streaming import answering, in_thread
from rag.page.turn import Turn
from rag.types import Event, Retrieved
from tests.fakes_page import FakeAssistant, answer


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


def turns(assistant: FakeAssistant) -> list[Turn]:
    async def read() -> list[Turn]:
        return [turn async for turn in answering(assistant, Turn("营业收入是多少？"))]

    return asyncio.run(read())


def test_the_last_turn_holds_the_answer() -> None:
    grown = turns(FakeAssistant())
    assert [turn.busy for turn in grown] == [True] * (len(grown) - 1) + [False]
    assert grown[-1].answer == answer("营业收入是多少？")


class Broken(FakeAssistant):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def stream(self, question: str) -> Iterator[Event]:
        yield Retrieved(self.ask(question).passages)
        raise self.error


def test_an_expected_error_is_said_and_another_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert turns(Broken(GenerationError("没有回应")))[-1].error == "没有回应"
    assert caplog.records == []
    said = turns(Broken(ValueError("secret detail")))[-1].error
    assert said is not None
    assert "secret" not in said
    assert "secret detail" in caplog.text
