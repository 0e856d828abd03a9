"""Servers of chat models: looked for on this machine, and what they list."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rag.errors import SettingsError
from rag.serving.routes.model_servers import FoundServer, here, models_of


class _Lists(BaseHTTPRequestHandler):
    status = 200
    body: bytes = b""
    keys: list[str | None]

    def do_GET(self) -> None:
        self.keys.append(self.headers.get("Authorization"))
        self.send_response(self.status if self.path == "/v1/models" else 404)
        self.send_header("Location", "http://127.0.0.1:9/v1/models")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@contextmanager
def listing(value: object, status: int = 200) -> Iterator[tuple[int, list[str | None]]]:
    """A server that lists `value`; gives its port and the keys that it was asked with."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    keys: list[str | None] = []
    kind = type("Lists", (_Lists,), {"body": body, "status": status, "keys": keys})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port, keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


TWO = {"data": [{"id": "qwen2.5:7b"}, {"id": "llama3"}, {"id": "wenju", "owned_by": "wenju"}]}


def test_what_answers_here_is_named_with_its_models_and_gets_no_key() -> None:
    with listing(TWO) as (port, keys), listing(b"<html>") as (other, _):
        found = here(((port, "Ollama"), (other, "vLLM"), (1, "LM Studio")))
    address = f"http://127.0.0.1:{port}/v1"
    assert found == (FoundServer("Ollama", address, ("qwen2.5:7b", "llama3")),)
    assert keys == [None]


def test_a_list_is_asked_for_with_its_key() -> None:
    with listing(TWO) as (port, keys):
        assert models_of(f"http://127.0.0.1:{port}/v1/", "sk-1") == ("qwen2.5:7b", "llama3")
    assert keys == ["Bearer sk-1"]


@pytest.mark.parametrize(
    ("value", "status", "message"),
    [
        ({"error": "no"}, 401, "refuses the key (401)"),
        (TWO, 302, "no list of models (302)"),
        (b"[" * 100_000, 200, "no list of models (200)"),
        ({"data": [1]}, 200, "no list of models (200)"),
    ],
)
def test_what_is_no_list_is_said(value: object, status: int, message: str) -> None:
    with listing(value, status) as (port, _), pytest.raises(SettingsError) as caught:
        models_of(f"http://127.0.0.1:{port}/v1", "sk-hidden")
    assert message in str(caught.value) and "sk-hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "http://127.0.0.1:99999/v1", "http://[::1"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(SettingsError, match="address"):
        models_of(url)


def test_nobody_listening_is_said() -> None:
    with pytest.raises(SettingsError, match="cannot be reached"):
        models_of("http://127.0.0.1:1/v1")
