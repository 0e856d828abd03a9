"""How the commands write: JSON for programs, wrapped and coloured text for people."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Marks that may not begin a line of Chinese. Source: GB/T 15834-2011, 5.1.
NOT_AT_START = frozenset("，。、；：？！）》」』】〉”’％%,.;:?!)]}…—·")
MAX_WIDTH = 100  # longer lines are hard to read
_CODES = {"bold": "1", "dim": "2", "mark": "1;33", "good": "32", "warn": "33", "bad": "31"}


def write_json(value: Any) -> None:
    """Prints one JSON value, UTF-8 whatever the terminal's encoding is."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    write_exactly(text + "\n")


def write_exactly(text: str) -> None:
    """Prints `text` as UTF-8, with no character added or replaced."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where text for people goes: `width` in columns (None: lines are not wrapped) and whether
    colours are wanted."""

    width: int | None
    colour: bool

    @classmethod
    def of_stdout(cls) -> Terminal:
        """What stdout is now: a pipe gets neither colour nor wrapping."""
        if not sys.stdout.isatty():
            return cls(width=None, colour=False)
        columns = shutil.get_terminal_size().columns
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        return cls(width=max(20, min(columns, MAX_WIDTH)), colour=not plain)

    def paint(self, text: str, style: str) -> str:
        """`text`, without a line feed in it, in a style of `_CODES`."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text and style else text

    def flow(self, pieces: Iterable[tuple[str, str]], indent: int = 0) -> str:
        """Pieces of one text, each `(text, style)` with style "" for plain, on lines that fit,
        each indented by `indent` spaces. Control characters are left out."""
        parts = [(visible(text), style) for text, style in pieces]
        whole = "".join(text for text, _ in parts)
        width = None if self.width is None else max(10, self.width - indent)
        lines = []
        for first, last in lines_of(whole, width):
            line, start = "", 0
            for text, style in parts:
                cut = text[max(0, first - start) : max(0, last - start)]
                line += self.paint(cut, style)
                start += len(text)
            lines.append(" " * indent + line if line else "")
        return "\n".join(lines)


def write(text: str) -> None:
    """Prints lines for people; a character that the terminal cannot show becomes `?`."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))


def visible(text: str) -> str:
    """`text` without control characters other than line feed and tab: text from documents
    must not steer the terminal.

    >>> visible("a\\x1b[31mb\\r")
    'a[31mb'
    """
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})


def columns(text: str) -> int:
    """The width of `text` in a terminal: two for a wide character, none for a combining one.

    >>> columns("a文件")
    5
    """
    return sum(_column(character) for character in text)


def _column(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def lines_of(text: str, width: int | None) -> list[tuple[int, int]]:
    """The lines of `text`, as ranges, each at most `width` columns wide (None: no limit);
    broken at line feeds, at a space or beside a wide character, never before a closing mark,
    and inside a word only when it is wider than a line. Empty text gives one empty line.

    >>> [("营业收入增长，利润下降")[a:b] for a, b in lines_of("营业收入增长，利润下降", 12)]
    ['营业收入增', '长，利润下降']
    """
    ranges = []
    start = 0
    for part in text.split("\n"):
        end = start + len(part)
        while width is not None and columns(text[start:end]) > width:
            cut = start + _break(text[start:end], width)
            ranges.append((start, start + len(text[start:cut].rstrip())))
            start = cut + len(text[cut:end]) - len(text[cut:end].lstrip(" "))
        ranges.append((start, end))
        start = end + 1
    return ranges


def _break(text: str, width: int) -> int:
    """Where the first line of `text`, which is wider than `width`, ends; always above 0."""
    end = taken = 0
    while taken + _column(text[end]) <= width:
        taken += _column(text[end])
        end += 1
    for cut in range(end, 0, -1):
        before, after = text[cut - 1], text[cut]
        if after in NOT_AT_START:
            continue
        if before == " " or after == " " or _column(before) == 2 or _column(after) == 2:
            return cut
    return max(end, 1)
