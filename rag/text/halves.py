"""Half characters: of JSON's `\\ud83d\\ude00` one may come without the other, and no encoder takes
that. In Python they are code points from U+D800 to U+DFFF."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")


def half_in(text: str) -> str:
    """The first half character of a text as its number; empty where all are whole.

    >>> half_in("青石桥"), half_in("青\\ud800石桥")
    ('', 'U+D800')
    """
    found = None if text.isascii() else _HALF.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def mended(text: str) -> str:
    """A text of whole characters: two halves that belong together are joined, any other is
    replaced.

    >>> mended("\\ud83d\\ude00 \\ud83d")
    '😀 \ufffd'
    """
    if not half_in(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut_half(text: str) -> tuple[str, str]:
    """A part of a longer text, mended, and the half character at its end, if there is one, whose
    other half may come with the next part.

    >>> cut_half("好\\ud83d")
    ('好', '\\ud83d')
    """
    at = len(text) - 1 if "\ud800" <= text[-1:] <= "\udbff" else len(text)
    return mended(text[:at]), text[at:]
