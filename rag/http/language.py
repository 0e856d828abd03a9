"""The language in which a browser wants the page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers

LANGUAGES = ("zh", "en")
PARAMETER = "lang"
# Set by the page's script when the language is switched; it says nothing but the language.
COOKIE = "wenju_language"


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], default: str) -> str:
    """What the address asks for, else what the browser was switched to, else `default`.

    >>> language_of({"lang": "en"}, {}, "zh"), language_of({}, {"wenju_language": "<b>"}, "zh")
    ('en', 'zh')
    """
    asked = (query.get(PARAMETER, ""), cookies.get(COOKIE, ""))
    return next((language for language in asked if language in LANGUAGES), default)


def told_in(headers: Headers) -> str:
    """The language of errors and warnings in a reply: Chinese where the request asks for it first,
    as the page does; programs ask for none.

    >>> told_in(Headers({"accept-language": "zh-CN,en;q=0.5"})), told_in(Headers({}))
    ('zh', 'en')
    """
    first = headers.get("accept-language", "").partition(",")[0].strip().lower()
    return "zh" if first.partition("-")[0] == "zh" else "en"
