"""Patterns of paths as regular expressions, as in `.gitignore`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PARTS = re.compile(r"(?:(?<![^/])\*\*/)+|\*\*|\*|\?|\[[^\]]{0,100}\]|[^*?\[]+|\[")
_ANY_DEPTH = "(?:[^/]+/)*?"


def expression(pattern: str) -> str:
    """A regular expression, to be matched with `re.DOTALL`, for the paths that a pattern fits:
    `*` and `?` stay within a part, `[…]` is a class, `**` goes across parts; a pattern without
    `/` fits at any depth, one with `/` from the top.

    Matching takes time in proportion to the product of the two lengths.

    >>> [bool(re.fullmatch(expression("*.log"), path)) for path in ("x.log", "a/x.log", "x.txt")]
    [True, True, False]
    """
    spans = [[["", "" if "/" in pattern else _ANY_DEPTH]]]  # a star and what comes after it
    for part in _PARTS.findall(pattern.lstrip("/")):
        if part == "*":
            spans[-1].append([part, ""])
        elif part[-1] == "*" or part.startswith("**/"):
            spans.append([[part, ""]])
        else:
            spans[-1][-1][1] += _fixed(part)
    # The first place that fits what stands between two `**` is as good as a later one.
    *before, last = [_span(stars) for stars in spans]
    return "".join(f"(?>{span})" for span in before) + last


def _span(stars: Sequence[Sequence[str]]) -> str:
    """What a pattern says from one `**` to the next: stars, each with what comes after it."""
    (across, written), *stars = stars
    written = (".*?" if across == "**" else _ANY_DEPTH if across else "") + written
    for i, (_, rest) in enumerate(stars, 1):
        # And so it is between two `*`.
        written += f"(?>[^/]*?{rest})" if i < len(stars) else f"[^/]*?{rest}"
    return written


def _fixed(part: str) -> str:
    """What a part without stars fits."""
    if part == "?":
        return "[^/]"
    if part.startswith("[") and part != "[":
        inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
        negated = inner[:1] in ("!", "^") and len(inner) > 1
        return _class(f"^{inner[1:]}" if negated else inner.replace("^", r"\^"))
    return re.escape(part)


def _class(inner: str) -> str:
    """A class of characters, or the same characters one by one where it is none."""
    try:
        re.compile(f"[{inner}]")
    except re.error:
        return re.escape(f"[{inner}]")
    return f"[{inner}]"
