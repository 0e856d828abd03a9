"""`.ragignore`: what of a folder is not to be read, by patterns as in `.gitignore`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rag.text.globs import expression

IGNORE_FILE = ".ragignore"


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

    def covers(self, path: str) -> bool:
        """Whether the file at `path`, or a folder that it lies in, is left out."""
        folders = [path[: match.start()] for match in re.finditer("/", path)]
        return any(self(place, folder=True) for place in folders) or self(path, folder=False)


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
        rules.append(_Rule(re.compile(expression(pattern), re.DOTALL), folders_only, keeps))
    return Ignored(tuple(rules))
