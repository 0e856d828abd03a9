"""Who is let in, and what is let through: token, gate, names of the server.

The gate: one ASGI middleware in front of everything that is served, the page's own included.

It decides by the request alone, before any of it is understood: is the name under which the
server was reached one of its own (no foreign name is pointed at it: DNS rebinding), does a request
that may change or cost something come from the page itself (no other web page sends it: CSRF; the
address of an image is enough to ask a chat model that costs money), does it carry the token or a
session where one is asked for, is its body within the limit.

It counts the bodies that are still coming in: how many at once, how many bytes together, and how
long one may be silent. Somebody who begins many uploads and finishes none stops nobody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import SettingsError
from rag.i18n import say, told
from rag.serving.requests import told_in

COOKIE = "wenju_session"
MIN_TOKEN_CHARACTERS = 12


class Token:
    """A secret that programs send as `Authorization: Bearer …`; a browser that has shown it
    once holds a `session` instead, from which the secret cannot be read.

    Raises:
        SettingsError: it is too short.
    """

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_TOKEN_CHARACTERS or not secret.isascii() or not secret.isprintable():
            raise SettingsError(say("server.short_token", limit=MIN_TOKEN_CHARACTERS))
        self._secret = secret
        self.session = hmac.new(secret.encode(), b"wenju session", hashlib.sha256).hexdigest()

    def is_(self, given: str) -> bool:
        """Whether `given` is the secret, compared in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode())

    def admits(self, headers: Headers) -> bool:
        """Whether a request carries the token or a session."""
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.is_(value.strip()):
            return True
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        session = cookies[COOKIE].value if COOKIE in cookies else ""
        return hmac.compare_digest(session.encode("utf-8", "replace"), self.session.encode())


def login_html(*, wrong: bool = False) -> str:
    """The page that asks for the token."""
    said = '<p role="alert">口令不对。<span lang="en">Wrong token.</span></p>' if wrong else ""
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<title>文据 Wenju</title>"
        "<style>:root{color-scheme:light dark}body{font:16px/1.7 system-ui,sans-serif;display:grid;"
        "place-items:center;min-height:90vh;margin:0}"
        "form{display:grid;gap:12px;width:min(320px,90vw)}"
        "input,button{font:inherit;padding:8px 12px;border-radius:8px;border:1px solid GrayText}"
        '</style><main><h1>文据 <small lang="en">Wenju</small></h1>'
        f'{said}<form method="post" action="/login"><label for="token">口令 '
        '<span lang="en">Token</span></label><input id="token" name="token" type="password" '
        'autocomplete="current-password" required autofocus><button>进入 <span lang="en">Enter'
        "</span></button></form></main></html>"
    )


MAX_BODIES = 64
MAX_BODIES_BYTES = 500_000_000
"""Together: an upload is held in memory until it is whole."""
MAX_SILENCE_SECONDS = 30.0


class BodyRefused(Exception):
    """Why a body is not received, with the status of the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bodies:
    """Counts the bodies of one server. For one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0

    @contextmanager
    def one(self, size: int) -> Iterator[IncomingBody]:
        """A body of `size` bytes at most, which is counted as coming in until it is whole, its
        bytes until this ends. A single one may be larger than all together.

        Raises:
            BodyRefused: there are too many already.
        """
        if self._count >= MAX_BODIES or (self._bytes and self._bytes + size > MAX_BODIES_BYTES):
            raise BodyRefused(503, say("server.uploads", count=self._count, bytes=self._bytes))
        self._count += 1
        self._bytes += size
        body = IncomingBody(self)
        try:
            yield body
        finally:
            body.end()
            self._bytes -= size

    def ended(self) -> None:
        """One is whole, or given up."""
        self._count -= 1


class IncomingBody:
    """A body that is coming in."""

    def __init__(self, among: Bodies) -> None:
        self._among = among
        self._coming = True

    async def receive(self, receive: Receive) -> Message:
        """The next message; once the body is whole, whatever comes next.

        Raises:
            BodyRefused: nothing came for too long.
        """
        if not self._coming:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), MAX_SILENCE_SECONDS)
        except TimeoutError:
            raise BodyRefused(408, say("server.silent", seconds=MAX_SILENCE_SECONDS)) from None
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.end()
        return message

    def end(self) -> None:
        """Nothing more of it comes."""
        if self._coming:
            self._coming = False
            self._among.ended()


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
class GateRules:
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

        >>> GateRules(None, limits={"/a": 5, "/a/b": 7}).limit("/a/b/c")
        7
        """
        limits = self.limits or {}
        best = max((start for start in limits if path.startswith(start)), key=len, default=None)
        return DEFAULT_LIMIT_BYTES if best is None else limits[best]


class Gate:
    """The middleware. What it refuses gets 403, a body that is too long 413, each with an
    `{"error": message}`; a browser without a session gets the form that asks for the token."""

    def __init__(self, app: ASGIApp, rules: GateRules) -> None:
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
            await _ask_for_token(path, headers, send)
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
            if not size:  # nothing comes in: it waits behind no upload
                await self._received(scope, limit, receive, send)
                return
            with self._bodies.one(size) as body:
                await self._received(scope, limit, partial(body.receive, receive), send)
        except BodyRefused as refused:
            text = told(refused, told_in(headers))
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


_WANTED = "this server wants its token: Authorization: Bearer TOKEN"
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


async def _ask_for_token(path: str, headers: Headers, send: Send) -> None:
    if path.startswith("/v1/"):  # as clients of that API know it
        error = {"message": _WANTED, "type": "authentication_error", "code": "invalid_api_key"}
        body = json.dumps({"error": {**error, "param": None}}).encode()
        await _send(send, 401, b"application/json", body)
    elif "text/html" in headers.get("accept", ""):
        await _html(send, 403, login_html())
    else:
        await _reply(send, 403, _WANTED)


def _too_long(limit: int) -> BodyRefused:
    return BodyRefused(413, say("server.body_too_long", limit=limit))


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


MAX_BODY_BYTES = 64_000  # a question of 2,000 characters needs 24,000 where all is escaped
MAX_TALK_BYTES = 1_000_000  # a chat client sends the whole conversation
LIMITS: Mapping[str, int] = MappingProxyType({"/api/": MAX_BODY_BYTES, "/v1/": MAX_TALK_BYTES})
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
ANY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in: requests that name this machine, `host`, on which the server listens, or one
    of `names`, under which it is reached through another server; with `token`, where there is
    one."""

    host: str = "127.0.0.1"
    names: Sequence[str] = ()
    token: Token | None = None

    @property
    def alone(self) -> bool:
        """Whether nobody but the users of this machine is let in."""
        return is_own(self.host) and not self.names and self.token is None

    def rules(
        self, limits: Mapping[str, int] | None = None, frames: Sequence[str] = ()
    ) -> GateRules:
        """The rules of the gate; see `GateRules` for what is given.

        Raises:
            SettingsError: others can reach the server, and there is no token.
        """
        if self.token is None and not self.alone:
            name = next((name for name in self.names), self.host)
            raise SettingsError(say("server.no_token", name=name))
        anywhere = self.host in ANY_ADDRESS and not self.names
        own = () if self.host in ANY_ADDRESS else (self.host,)
        hosts = None if anywhere else (*LOOPBACK, *own, *self.names)
        return GateRules(
            hosts, self.token, LIMITS if limits is None else {**LIMITS, **limits}, frames
        )


def is_own(host: str) -> bool:
    """Whether only this machine reaches `host`.

    >>> is_own("127.0.0.1"), is_own("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
