"""Clients that leave in the middle, over real sockets: their answers end, and nobody waits."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from rag.assistant import MAX_ANSWERS
from rag.serving.security import Access
from rag.serving.server import configuration, create_app, listen
from rag.types import Event, Filter, History, IndexStatus, Text
from tests.fakes_page import FakeAssistant

STATUS = IndexStatus("index/sample", 3, 12, 240, "wenju", 1000, False)
ASK = json.dumps({"question": "营业收入是多少？"}).encode()
TALK = json.dumps({"messages": [{"role": "user", "content": "营业收入是多少？"}]}).encode()


class Slow(FakeAssistant):
    """Waits for a chat model for ever; knows the questions whose answers were begun, and how many
    are under way."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.under_way = 0
        self._lock = threading.Lock()

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        if "火星" in question:
            yield from super().stream(question, history, where)
            return
        self.begun.append(question)
        self._count(1)
        try:
            while True:
                yield Text("")
                time.sleep(0.05)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.under_way += change


def answering() -> int:
    """How many answers have a thread, those that wait for their turn too."""
    return sum(thread.name == "answer" for thread in threading.enumerate())


@contextmanager
def serving(assistant: FakeAssistant, access: Access | None = None) -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    app = create_app(assistant, lambda: STATUS, access=access or Access())
    server = uvicorn.Server(configuration(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(300)


def send(port: int, path: str, body: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {len(body)}\r\n\r\n"
    client.sendall(head.encode() + body)
    return client


def until(reached: Callable[[], bool]) -> bool:
    end = time.monotonic() + 300
    while not reached():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/ask", ASK), ("/v1/chat/completions", TALK)],
    ids=["ask", "completions"],
)
def test_the_answer_of_a_client_that_left_ends(path: str, body: bytes) -> None:
    slow = Slow()
    with serving(slow) as port:
        client = send(port, path, body)
        assert until(lambda: slow.under_way == 1)
        client.close()
        assert until(lambda: slow.under_way == 0)


def test_many_clients_that_leave_at_once_change_nothing() -> None:
    """Health never waits behind answers, nor do answers behind those that nobody wants: of clients
    that leave while they wait, none is answered."""
    slow = Slow()
    with serving(slow) as port:
        asked = [f"营业收入是多少？{number}" for number in range(200)]
        clients = {
            one: send(port, "/api/ask", json.dumps({"question": one}).encode()) for one in asked
        }
        assert until(lambda: answering() >= 2 * MAX_ANSWERS and slow.under_way >= MAX_ANSWERS)
        begun = tuple(slow.begun)
        assert len(begun) == MAX_ANSWERS
        address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{address}/healthz", timeout=300) as reply:
            assert json.load(reply)["status"] == "ok"
        for question in set(clients) - set(begun):
            clients[question].close()
        assert until(lambda: answering() == MAX_ANSWERS)
        assert tuple(slow.begun) == begun
        for question in begun:
            clients[question].close()
        other = f"{address}/api/ask?question=%E7%81%AB%E6%98%9F"
        with urllib.request.urlopen(other, timeout=300) as reply:
            assert json.load(reply)["status"] == "no_evidence"
        assert until(lambda: slow.under_way == 0)
