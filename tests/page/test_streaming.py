"""Turns as the events of an answer come in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rag.errors import GenerationError
from rag.page.chat import Room, answering
from rag.page.turns import Turn
from rag.types import Event, Filter, History, Retrieved
from tests.fakes_page import FakeAssistant, answer
from tests.page.test_browser import STATUS


def turns(assistant: FakeAssistant) -> list[Turn]:
    async def read() -> list[Turn]:
        return [
            turn
            async for turn in answering(Room(assistant, lambda: STATUS), Turn("营业收入是多少？"))
        ]

    return asyncio.run(read())


def test_the_last_turn_holds_the_answer() -> None:
    grown = turns(FakeAssistant())
    assert [turn.busy for turn in grown] == [True] * (len(grown) - 1) + [False]
    assert grown[-1].answer == answer("营业收入是多少？")


class Broken(FakeAssistant):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        yield Retrieved(self.ask(question, where=where).passages, " ".join(a for a, _ in history))
        raise self.error


def test_an_expected_error_is_said_and_another_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert turns(Broken(GenerationError("没有回应")))[-1].error == "没有回应"
    assert caplog.records == []
    said = turns(Broken(ValueError("secret detail")))[-1].error
    assert said is not None
    assert "secret" not in said
    assert "secret detail" in caplog.text
