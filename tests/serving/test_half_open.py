"""Requests that are begun and not finished, over real sockets, stop nobody else."""

from __future__ import annotations

import socket
import time

import pytest

from rag.serving import security, server
from rag.serving.security import Access, Token
from tests.fakes_page import FakeAssistant
from tests.serving.test_leaving import ASK, send, serving, until

SECRET = "a long secret"


def status(client: socket.socket) -> bytes:
    """The status of the reply; empty where the connection is closed without one."""
    client.settimeout(300)
    with client, client.makefile("rb") as reply:
        return b" ".join(reply.readline().split()[1:2])


def health(port: int) -> bytes:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode())
    return status(client)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: 127", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET /he"],
                         ids=["nothing", "half a head", "half of a second one"])  # fmt: skip
def test_a_head_that_does_not_come_is_not_waited_for(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_HEAD_SECONDS", 1.0)
    with serving(FakeAssistant()) as port:
        client = socket.create_connection(("127.0.0.1", port))
        client.settimeout(300)
        client.sendall(sent)
        with client, client.makefile("rb") as reply:
            assert reply.read().startswith(b"HTTP/1.1 200" if b"\r\n\r\n" in sent else b"")
        assert health(port) == b"200"


def test_of_many_half_open_connections_the_oldest_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MAX_HALF_OPEN", 5)
    monkeypatch.setattr(server, "MAX_HEAD_SECONDS", 3600.0)
    with serving(FakeAssistant()) as port:
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
        assert health(port) == b"200"
        assert [status(client) for client in clients[:5]] == [b""] * 5
        for client in clients:
            client.close()


def begun(port: int, stated: int) -> socket.socket:
    """An upload of which the head alone has been sent."""
    client = socket.create_connection(("127.0.0.1", port))
    head = f"POST /api/ask HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {stated}\r\n\r\n"
    client.sendall(head.encode())
    return client


def test_an_upload_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "MAX_SILENCE_SECONDS", 0.3)
    with serving(FakeAssistant()) as port:
        assert status(begun(port, 100)) == b"408"


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_BODIES", 3), ("MAX_BODIES_BYTES", 3_500)], ids=["number", "bytes"]
)
def test_unfinished_uploads_are_counted_together(
    limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, limit, most)
    with serving(FakeAssistant()) as port:
        clients = [begun(port, 1_000) for _ in range(3)]
        assert until(lambda: status(begun(port, 1_000)) == b"503")  # it has seen all three
        assert health(port) == b"200"  # what has no body is none of them
        for client in clients:
            client.close()
        assert until(lambda: status(send(port, "/api/ask", ASK)) == b"200")


def test_a_wrong_token_takes_its_time_as_a_bearer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "WRONG_TOKEN_SECONDS", 0.5)
    with serving(FakeAssistant(), Access(token=Token(SECRET))) as port:
        for bearer, expected, least in (("wrong", b"403", 0.5), (SECRET, b"200", 0.0)):
            client = socket.create_connection(("127.0.0.1", port))
            head = f"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {bearer}\r\n\r\n"
            started = time.monotonic()
            client.sendall(head.encode())
            assert status(client) == expected
            assert time.monotonic() - started >= least
