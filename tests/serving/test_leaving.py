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
    """Waits for a chat model for ever; counts the answers that are under way, and were."""

    def __init__(self) -> None:
        self.begun = self.under_way = 0
        self._lock = threading.Lock()

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        if "火星" in question:
            yield from super().stream(question, history, where)
            return
        self._count(1)
        try:
            while True:
                yield Text("")
                time.sleep(0.05)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.begun += max(change, 0)
            self.under_way += change


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
    """Health never waits behind answers, nor do answers behind those that nobody wants."""
    slow = Slow()
    with serving(slow) as port:
        clients = [send(port, "/api/ask", ASK) for _ in range(200)]
        assert until(lambda: slow.under_way == MAX_ANSWERS)
        address = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{address}/healthz", timeout=300) as reply:
            assert json.load(reply)["status"] == "ok"
        for client in clients:
            client.close()
        other = f"{address}/api/ask?question=%E7%81%AB%E6%98%9F"
        with urllib.request.urlopen(other, timeout=300) as reply:
            assert json.load(reply)["status"] == "no_evidence"
        assert until(lambda: slow.under_way == 0)
        assert slow.begun < len(clients)
