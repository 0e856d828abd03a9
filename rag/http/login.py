"""The token of a server, the session that stands for it in a browser, and the form between."""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from rag.errors import SettingsError

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
            raise SettingsError(
                f"the token in RAG_TOKEN must have at least {MIN_TOKEN_CHARACTERS} characters, "
                "letters, digits and ASCII marks; make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe())"'
            )
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
