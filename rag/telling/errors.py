"""Errors, skipped files and warnings in a language; the engine tells them in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from rag.telling.errors_zh import TEXTS as CHINESE

_TEXTS: Mapping[str, Mapping[str, str]] = {"zh": CHINESE}
# A text of a text of a text is none that the engine says; what files and servers say may be long.
_DEEPEST = 3
_LONGEST = 5_000


def error_text(text: str, language: str) -> str:
    """`text` in `language`, its values as they are; as it is where that is not known.

    >>> error_text("the question is empty; ask something", "zh")
    '问题是空的，请先输入问题'
    >>> error_text("Permission denied", "zh"), error_text("the file is empty", "en")
    ('Permission denied', 'the file is empty')
    """
    if language not in _TEXTS or len(text) > _LONGEST:
        return text
    return _told(text, language, _DEEPEST)


def _told(text: str, language: str, deepest: int) -> str:
    if not deepest or text.isdigit():
        return text
    for form, told in _forms(language):
        match = form.fullmatch(text)
        if match:
            values = (_told(value, language, deepest - 1) for value in match.groups())
            return told.format(*values)
    return text


@cache
def _forms(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What each text looks like, and its words; those with the most words of their own first."""
    texts = sorted(_TEXTS[language].items(), key=lambda item: -len(item[0].replace("{}", "")))
    return tuple(
        (re.compile("(.*?)".join(map(re.escape, english.split("{}")))), told)
        for english, told in texts
    )
