"""The gate: one ASGI middleware in front of everything that is served, the page's own included.

It decides by the request alone, before any of it is understood: is the name under which the
server was reached one of its own (no foreign name is pointed at it: DNS rebinding), does a request
that may change or cost something come from the page itself (no other web page sends it: CSRF; the
address of an image is enough to ask a chat model that costs money), does it carry the token or a
session where one is asked for, is its body within the limit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.http.bodies import Bodies, BodyRefused
from rag.http.language import told_in
from rag.http.login import COOKIE, Token, login_html
from rag.telling.errors import error_text

READING = frozenset({"GET", "HEAD"})
LOGIN_PATH = "/login"
MAX_LOGIN_BYTES = 4_000
# A wrong token costs this much, so that nobody tries many.
WRONG_TOKEN_SECONDS = 1.0
DEFAULT_LIMIT_BYTES = 256_000
# What answers questions, reads files or draws pages: all but the page and its parts.
COSTLY = ("/api/", "/v1/", "/gradio_api/", "/login")
# The page takes files by a way of its own; gradio's would fill the disk for anybody.
CLOSED = ("/gradio_api/upload",)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the gate lets in. `hosts` are the names that the server answers to, None for any;
    `token` is asked of everybody where there is one; `limits` holds the greatest body in bytes
    by the beginning of the path, the longest beginning counts; `frames` are the addresses whose
    pages may show this one in a frame."""

    hosts: Sequence[str] | None
    token: Token | None = None
    limits: Mapping[str, int] | None = None
    frames: Sequence[str] = ()

    def limit(self, path: str) -> int:
        """How many bytes a request to `path` may have.

        >>> Rules(None, limits={"/a": 5, "/a/b": 7}).limit("/a/b/c")
        7
        """
        limits = self.limits or {}
        best = max((start for start in limits if path.startswith(start)), key=len, default=None)
        return DEFAULT_LIMIT_BYTES if best is None else limits[best]


class Gate:
    """The middleware. What it refuses gets 403, a body that is too long 413, each with an
    `{"error": message}`; a browser without a session gets the form that asks for the token."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self._bodies = Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            # Nothing here speaks it, and browsers do not keep other pages from opening one.
            await send({"type": "websocket.close", "code": 1008, "reason": "not served"})
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = self._framed(send)
        headers, path = Headers(scope=scope), str(scope["path"])
        reason = self._refusal(str(scope["method"]), path, headers)
        if reason:
            await _reply(send, 403, reason)
        elif self.rules.token is not None and path == LOGIN_PATH:
            await self._login(self.rules.token, scope, receive, send)
        elif self.rules.token is not None and not self.rules.token.admits(headers):
            if headers.get("authorization", "").lower().startswith("bearer"):
                await asyncio.sleep(WRONG_TOKEN_SECONDS)
            await _ask_for_token(headers, send)
        else:
            await self._limited(_without_foreign_origin(scope, headers), receive, send)

    def _refusal(self, method: str, path: str, headers: Headers) -> str:
        """Why the request is not let in; empty when it is."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._own_name(hosts[0]):
            return f"this server does not answer to the name {', '.join(hosts)!r:.100}"
        costly = method not in READING or path.startswith(COSTLY)
        if costly and is_foreign(headers):
            return "the request comes from another web page"
        if path.startswith(CLOSED):
            return "not served"
        return ""

    def _framed(self, send: Send) -> Send:
        """Hands on replies with a word on who may show them in a frame: a page that shows this
        one under its own buttons makes a user press what they do not see."""
        ancestors = " ".join(self.rules.frames) or "'none'"

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] not in _ON_FRAMES]
                own = [value for name, value in message["headers"] if name == _CSP]
                policy = "; ".join([*map(_text, own), f"frame-ancestors {ancestors}"])
                kept.append((_CSP, policy.encode("latin-1")))
                if not self.rules.frames:
                    kept.append((b"x-frame-options", b"DENY"))
                message = {**message, "headers": kept}
            await send(message)

        return framed

    def _own_name(self, host: str) -> bool:
        if self.rules.hosts is None:
            return True
        name = _hostname(host)
        return name is not None and name in {_bare(own) for own in self.rules.hosts}

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands on the request, its body no further than the limits."""
        limit = self.rules.limit(str(scope["path"]))
        headers = Headers(scope=scope)
        stated = headers.get("content-length", "0")
        try:
            if not stated.isdecimal() or int(stated) > limit:
                raise _too_long(limit)
            size = limit if "transfer-encoding" in headers else int(stated)
            with self._bodies.one(size) as body:
                await self._received(scope, limit, partial(body.receive, receive), send)
        except BodyRefused as refused:
            text = error_text(str(refused), told_in(headers))
            await _reply(send, refused.status, text)

    async def _received(self, scope: Scope, limit: int, receive: Receive, send: Send) -> None:
        """Hands on the request; whoever asks for more than is received is told that the client
        has gone.

        Raises:
            BodyRefused: no more is received, and nothing has been sent.
        """
        taken, started = 0, False
        refused: BodyRefused | None = None

        async def counted() -> Message:
            nonlocal taken, refused
            if refused is None:
                try:
                    message = await receive()
                    taken += len(message.get("body", b""))
                    if taken <= limit:
                        return message
                    refused = _too_long(limit)
                except BodyRefused as error:
                    refused = error
            return {"type": "http.disconnect"}

        async def watched(message: Message) -> None:
            nonlocal started
            if refused is None or started:
                started = True
                await send(message)

        try:
            await self.app(scope, counted, watched)
        except Exception:
            if refused is None:
                raise
        if refused is not None and not started:
            raise refused

    async def _login(self, token: Token, scope: Scope, receive: Receive, send: Send) -> None:
        """The form that asks for the token, and its answer: a session in a cookie."""
        if scope["method"] != "POST":
            await _html(send, 200, login_html())
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MAX_LOGIN_BYTES:
                await _reply(send, 413, str(_too_long(MAX_LOGIN_BYTES)))
                return
            if not message.get("more_body", False):
                break
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
        if not token.is_(given):
            await asyncio.sleep(WRONG_TOKEN_SECONDS)
            await _html(send, 403, login_html(wrong=True))
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{COOKIE}={token.session}; Path=/; HttpOnly; SameSite=Strict{secure}"
        extra = [(b"set-cookie", cookie.encode()), (b"location", b"/")]
        await _send(send, 303, b"text/plain", b"", extra)


_CSP = b"content-security-policy"
_ON_FRAMES = (_CSP, b"x-frame-options")


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def is_foreign(headers: Headers) -> bool:
    """Whether another web page made the browser send this. Programs that are no browser send
    neither header.

    >>> is_foreign(Headers({"host": "127.0.0.1:1", "origin": "http://127.0.0.1:1"}))
    False
    >>> is_foreign(Headers({"host": "127.0.0.1:1", "origin": "null"}))
    True
    """
    origin = headers.get("origin")
    if origin is not None:
        own = headers.get("host", "").lower()
        return origin.lower() not in {f"http://{own}", f"https://{own}"}
    return headers.get("sec-fetch-site") in {"cross-site", "same-site"}


def _without_foreign_origin(scope: Scope, headers: Headers) -> Scope:
    """The request without the Origin of another page, so that no reply tells the browser to
    let that page read it."""
    if "origin" not in headers or not is_foreign(headers):
        return scope
    kept = [(name, value) for name, value in scope["headers"] if name != b"origin"]
    return {**scope, "headers": kept}


def _hostname(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError:
        return None
    return parts.hostname if parts.username is None and not parts.path else None


def _bare(host: str) -> str:
    return host.strip("[]").lower()


async def _ask_for_token(headers: Headers, send: Send) -> None:
    if "text/html" in headers.get("accept", ""):
        await _html(send, 403, login_html())
    else:
        await _reply(send, 403, "this server wants its token: Authorization: Bearer TOKEN")


def _too_long(limit: int) -> BodyRefused:
    return BodyRefused(413, f"the body is longer than {limit:,} bytes")


async def _reply(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "replace")
    await _send(send, status, b"application/json", body)


async def _html(send: Send, status: int, text: str) -> None:
    policy = [(_CSP, _POLICY.encode())]
    await _send(send, status, b"text/html; charset=utf-8", text.encode(), policy)


async def _send(
    send: Send, status: int, kind: bytes, body: bytes, extra: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
