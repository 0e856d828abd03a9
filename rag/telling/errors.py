"""Errors, skipped files and warnings in a language; the engine tells them in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        values = _values(form, text)
        if values is not None:
            return told.format(*(_told(value, language, deepest - 1) for value in values))
    return text


def _values(form: Sequence[str], text: str) -> list[str] | None:
    """What stands in `text` between the fixed parts of `form`, each part at its first place after
    the one before and the last at the end; None where they do not make up the text. A value is
    on one line.

    >>> _values(("", " has ", " pages"), "a has b has 3 pages")
    ['a', 'b has 3']
    """
    first, *rest = form
    if not text.startswith(first) or (not rest and text != first):
        return None
    values: list[str] = []
    at = len(first)
    for i, part in enumerate(rest, 1):
        found = len(text) - len(part) if i == len(rest) else text.find(part, at)
        if found < at or not text.startswith(part, found) or "\n" in text[at:found]:
            return None
        values.append(text[at:found])
        at = found + len(part)
    return values


@cache
def _forms(language: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The fixed parts of each text, and its words; those with the most words of their own first."""
    texts = sorted(_TEXTS[language].items(), key=lambda item: -len(item[0].replace("{}", "")))
    return tuple((tuple(english.split("{}")), told) for english, told in texts)
