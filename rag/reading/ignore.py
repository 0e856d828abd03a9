"""`.ragignore`: what of a folder is not to be read, by patterns as in `.gitignore`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".ragignore"
_PARTS = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[^\]]*\]|[^*?\[]+|\[")
_GLOBS = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]", "[": r"\["}


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    folders_only: bool
    keeps: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules of a folder; the last one that fits decides."""

    rules: tuple[_Rule, ...]

    def __call__(self, path: str, *, folder: bool) -> bool:
        """Whether the file or folder at `path`, relative and with `/`, is left out."""
        left_out = False
        for rule in self.rules:
            if (folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                left_out = not rule.keeps
        return left_out


def ignored(folder: Path) -> Ignored:
    """The rules in a folder's `.ragignore`; none where there is no such file or it cannot be
    read as text."""
    try:
        text = (folder / IGNORE_FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Ignored(())
    return parse_ignored(text)


def parse_ignored(text: str) -> Ignored:
    """The rules of a text, one a line: `*`, `?`, `[…]` and `**`; a `/` at the end means folders,
    one elsewhere ties the pattern to the top; `!` takes back; `#` begins a remark.

    >>> rules = parse_ignored("*.log\\n!keep.log\\ndrafts/")
    >>> rules("a/x.log", folder=False), rules("keep.log", folder=False)
    (True, False)
    >>> rules("drafts", folder=True)
    True
    """
    rules: list[_Rule] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keeps = line.startswith("!")
        pattern = line.removeprefix("!")
        folders_only = pattern.endswith("/")
        pattern = pattern.rstrip("/")
        anywhere = "" if "/" in pattern else "(?:.*/)?"
        expression = anywhere + _expression(pattern.lstrip("/"))
        rules.append(_Rule(re.compile(expression, re.DOTALL), folders_only, keeps))
    return Ignored(tuple(rules))


def _expression(pattern: str) -> str:
    parts: list[str] = []
    for part in _PARTS.findall(pattern):
        if part in _GLOBS:
            parts.append(_GLOBS[part])
        elif part.startswith("["):
            inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
            negated = inner[:1] in ("!", "^") and len(inner) > 1
            inner = f"^{inner[1:]}" if negated else inner.replace("^", r"\^")
            parts.append(_class(inner))
        else:
            parts.append(re.escape(part))
    return "".join(parts)


def _class(inner: str) -> str:
    """A class of characters, or the same characters one by one where it is none."""
    try:
        re.compile(f"[{inner}]")
    except re.error:
        return re.escape(f"[{inner}]")
    return f"[{inner}]"
