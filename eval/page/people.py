"""People who ask on the page at the same time, each over HTTP as the page's own script does."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from eval.errors import EvaluationError

TIMEOUT_SECONDS = 120.0
FIELD = "wj-question"
_SAID = ("wj-s\\", "wj-pending\\", "wj-refusal\\")


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a person waited, in seconds: for the first words, and for the whole answer, as
    it was sent in the end."""

    first: float
    whole: float
    shown: str


class Person:
    """A browser with one tab at a time, without the browser."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_SECONDS)
        config = self._client.get("/config").raise_for_status().json()
        self._event, self._field = _asking(config)
        self._loading = [
            event
            for event in config["dependencies"]
            if any(kind == "load" for _, kind in event["targets"])
        ]
        self._session = ""

    def open(self) -> None:
        """Opens a tab with a conversation of its own, and loads the page in it."""
        self._session = uuid.uuid4().hex
        for event in self._loading:
            self._send(event, [None] * len(event["inputs"]), None)
            for message in self._messages():
                _check(message, "the page's load")

    def ask(self, question: str) -> Wait:
        """Asks in the tab that was opened last.

        Raises:
            EvaluationError: the event fails.
        """
        inputs = [question, *[None] * (len(self._event["inputs"]) - 1)]
        start = time.perf_counter()
        self._send(self._event, inputs, self._field)
        first, shown = None, ""
        for message in self._messages():
            text = json.dumps(message.get("output") or {}, ensure_ascii=False)
            if first is None and any(mark in text for mark in _SAID):
                first = time.perf_counter() - start
            _check(message, question)
            if message["msg"] == "process_completed":
                shown = text
        whole = time.perf_counter() - start
        return Wait(whole if first is None else first, whole, shown)

    def _send(self, event: dict[str, Any], inputs: list[Any], trigger: int | None) -> None:
        self._client.post(
            "/gradio_api/queue/join",
            json={
                "data": inputs,
                "fn_index": event["id"],
                "session_hash": self._session,
                "trigger_id": trigger,
            },
        ).raise_for_status()

    def _messages(self) -> Iterator[dict[str, Any]]:
        path, wanted = "/gradio_api/queue/data", {"session_hash": self._session}
        with self._client.stream("GET", path, params=wanted) as reply:
            for line in reply.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line.removeprefix("data:"))
                    if message["msg"] == "close_stream":
                        return
                    yield message


def _check(message: dict[str, Any], asked: str) -> None:
    if message["msg"] == "process_completed" and not message["success"]:
        text = json.dumps(message.get("output"), ensure_ascii=False)
        raise EvaluationError(f"the page failed on {asked!r}: {text:.200}")


def at_once(people: Sequence[Person], questions: Sequence[str]) -> list[Wait]:
    """Every person asks one question in the open tab, all at the same moment.

    Raises:
        EvaluationError: one of them got no answer.
    """
    waits: list[Wait | None] = [None] * len(people)
    together = threading.Barrier(len(people))

    def ask(i: int) -> None:
        together.wait()
        waits[i] = people[i].ask(questions[i])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [wait for wait in waits if wait is not None]
    if len(answered) < len(people):
        raise EvaluationError(f"{len(people) - len(answered)} of {len(people)} got no answer")
    return answered


def _asking(config: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The event that sends a question, and the number of the field that it is typed into."""
    names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    for event in config["dependencies"]:
        for part, kind in event["targets"]:
            if names.get(part) == FIELD and kind == "submit":
                return event, part
    raise EvaluationError(f"the page has no field {FIELD!r} to ask in")
