"""Patterns of paths as regular expressions, as in `.gitignore`."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?:\*\*/)+|/\*\*$|\*\*|\*|\?|\[[^\]]*\]|[^*?\[]+|\[")
_ACROSS = {"/**": "/.*", "**": ".*"}


def expression(pattern: str) -> str:
    """A regular expression, to be matched with `re.DOTALL`, for the paths that a pattern fits:
    `*` and `?` stay within a part, `[…]` is a class, `**` goes across parts; a pattern without
    `/` fits at any depth, one with `/` from the top.

    Matching takes time in proportion to the path, times its number of parts for every `**`.

    >>> [bool(re.fullmatch(expression("*.log"), path)) for path in ("x.log", "a/x.log", "x.txt")]
    [True, True, False]
    """
    groups = [["", "" if "/" in pattern else "(?:[^/]+/)*"]]  # a star and what comes after it
    for part in _PARTS.findall(pattern.lstrip("/")):
        if part[-1] == "*" or part.startswith("**/"):
            groups.append([part, ""])
        else:
            groups[-1][1] += _fixed(part)
    written = ""
    for (star, rest), (following, _) in zip(groups, [*groups[1:], ["", ""]], strict=True):
        if star != "*":
            written += _ACROSS.get(star, "(?:[^/]+/)*" if star else "") + rest
        elif following in ("*", "**"):
            # The first place that fits what stands between two stars is as good as a later one.
            written += f"(?>[^/]*?{rest})"
        else:
            written += f"[^/]*?{rest}"
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
