"""An OpenAI-compatible server that says what a test wrote down, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rag.settings import Chat


@dataclass(frozen=True)
class Reply:
    """One reply. `pieces` are streamed as the text of the model; a bytes piece goes out as it is.
    `wait` holds the reply back before the piece of that number until the client is gone or the
    server's `release` is set. `cut` drops the connection after the pieces; `finish` None ends the
    stream without a reason."""

    pieces: Iterable[str | bytes] = ()
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: int | None = None
    cut: bool = False
    finish: str | None = "stop"


class ChatServer(ThreadingHTTPServer):
    """Gives the replies in turn, the last one again and again; `requests` are what came in."""

    daemon_threads = True

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.release = threading.Event()
        self.left = threading.Event()  # a client has gone away in the middle
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def settings(self, **changes: Any) -> Chat:
        return Chat(**{"model": "openai:scripted", "base_url": self.url, **changes})

    def next_reply(self, body: dict[str, Any], key: str | None) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def prompts(self) -> list[str]:
        """All that each request said, as one text."""
        return ["\n".join(m["content"] for m in request["messages"]) for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        reply = self.server.next_reply(body, self.headers.get("authorization"))
        try:
            if reply.status != 200:
                self._refuse(reply)
            else:
                self._stream(reply)
        except OSError:
            self.server.left.set()
            self.close_connection = True

    def _refuse(self, reply: Reply) -> None:
        content = json.dumps({"error": dict(reply.error)}).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(reply.pieces):
            if number == reply.wait:
                self._hold()
            self._send(piece if isinstance(piece, bytes) else _event(piece, None))
        if reply.cut:
            self.close_connection = True
            return
        if reply.finish:
            self._send(_event("", reply.finish))
        self._send(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _hold(self) -> None:
        self.connection.settimeout(0.02)
        while not self.server.release.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue
        self.connection.settimeout(None)

    def _send(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Says nothing on stderr."""


def _event(piece: str, finish: str | None) -> bytes:
    delta = {"role": "assistant", "content": piece} if piece else {}
    chunk = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


@contextmanager
def serve(*replies: Reply) -> Iterator[ChatServer]:
    """A server on a free port of this machine, for as long as the context lasts."""
    server = ChatServer(replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
