"""A decoded text as lines: where each stands, what surrounds it, how wide it is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# What may stand at the end of a sentence, and what may close after it.
TERMINAL = "。！？!?；;：:…."
CLOSERS = "”’」』》】）)\"'］]"
# A form feed, or this many blank lines more than usual, is a page break.
PAGE_BREAK_BLANKS = 2

_SPLIT = re.compile(r"\r\n|\r|\n|\f|\u2028|\u2029")


class _Widths(dict[str, int]):
    """Character -> its columns, looked up once for each."""

    def __missing__(self, character: str) -> int:
        width = self[character] = 2 if unicodedata.east_asian_width(character) in "WFA" else 1
        return width


_WIDTHS = _Widths()


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, without the white space around it.

    `number` counts all lines of the source from 1; `start` is the offset of `text` in the
    source; `gap` is the number of blank lines before it and `page` the form feeds before it
    plus 1. `indented` and `trailing` tell whether white space stood before and after the
    text, `ruled` whether a line of white space only stood directly before.
    """

    number: int
    start: int
    text: str
    gap: int
    page: int
    indented: bool
    trailing: bool
    ruled: bool

    @property
    def width(self) -> int:
        """Columns on a fixed-width page: wide and ambiguous characters count 2."""
        return columns(self.text)

    @property
    def terminal(self) -> bool:
        """Whether a sentence may end with this line."""
        return ends_sentence(self.text)


def columns(text: str) -> int:
    """Columns that `text` takes on a fixed-width page.

    >>> columns("5G基站")
    6
    """
    return sum(map(_WIDTHS.__getitem__, text))


def ends_sentence(text: str) -> bool:
    """Whether `text` ends with a mark that ends a sentence or a clause of a list.

    >>> ends_sentence("他说：“好。”"), ends_sentence("他说，")
    (True, False)
    """
    return text.rstrip(CLOSERS + " ")[-1:] in TERMINAL and text != ""


def split_lines(source: str) -> list[Line]:
    """The lines of `source` that are not blank, in order."""
    lines: list[Line] = []
    number, start, page, gap, ruled = 1, 0, 1, 0, False
    for match in [*_SPLIT.finditer(source), None]:
        end = match.start() if match else len(source)
        raw = source[start:end]
        text = raw.strip()
        if text:
            offset = start + len(raw) - len(raw.lstrip())
            lines.append(
                Line(number, offset, text, gap, page, raw[0].isspace(), raw[-1].isspace(), ruled)
            )
            gap, ruled = 0, False
        else:
            gap += 1
            ruled = bool(raw)
        if match:
            start = match.end()
            if match.group() == "\f":
                page += 1
                gap += PAGE_BREAK_BLANKS
            else:
                number += 1
    return lines
