"""Lines of text: where they stand, how they are laid out, whether one goes on in the next.

Text taken from PDFs keeps the line breaks of the page. Two kinds of evidence undo them: a
line that had no room for the next word was broken by the page; and some programs leave a
space behind the last line of every paragraph. Hyphens at line ends of Latin text: those that
break a word go, those of a name stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from rag.text.sentences import ends_sentence

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
    text, `ruled` whether a line of white space only stood directly before. `width` is its columns
    on a fixed-width page: wide and ambiguous characters count 2.
    """

    number: int
    start: int
    text: str
    gap: int
    page: int
    indented: bool
    trailing: bool
    ruled: bool
    width: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", columns(self.text))

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


# A layout counts as wrapped when this share of the lines is about as wide as the widest.
WRAPPED_SHARE = 0.35
MAX_WRAP_COLUMNS = 130
# A line of a text that is not wrapped is cut, not complete, from this many characters on.
CUT_CHARACTERS = 20
LONGEST_HEADING = 34

_FIRST_WORD = re.compile(r"[A-Za-z0-9.,%+\-/]+|.")
_CLAUSE_MARK = re.compile(r"[，。；,;]")
_NO_LINE_START = "，。、；：！？”’）》】」』,.;:!?)]}%％"
_PAIRS = (("“", "”"), ("（", "）"), ("(", ")"), ("《", "》"), ("「", "」"))


@dataclass(frozen=True, slots=True)
class Layout:
    """`width`: columns at which lines are wrapped, 0 when they are not. `marked`: paragraphs
    end with a trailing space, other lines do not. `gap`: blank lines usual between lines."""

    width: int
    marked: bool
    gap: int

    def is_full(self, line: Line) -> bool:
        """Whether the line reaches the margin, give or take two wide characters."""
        return self.width > 0 and line.width >= self.width - 5

    def is_break(self, line: Line) -> bool:
        """Whether a page break stands before the line."""
        return line.gap >= self.gap + 2


def infer_layout(lines: Sequence[Line]) -> Layout:
    """The layout of a whole text. Fewer than 8 lines are taken as not wrapped."""
    gap = Counter(line.gap for line in lines[1:]).most_common(1)[0][0] if len(lines) > 1 else 0
    widths = sorted(line.width for line in lines)
    if len(lines) < 8:
        return Layout(0, False, gap)
    width = widths[int(0.95 * (len(widths) - 1))]
    full = [line for line in lines if line.width >= width - 8]
    broken = [line for line in full if not line.terminal]
    wrapped = (
        width <= MAX_WRAP_COLUMNS
        and len(full) >= WRAPPED_SHARE * len(lines)
        and len(broken) >= len(full) / 2
    )
    if not wrapped:
        return Layout(0, False, gap)
    ends = [line for line in lines if line.terminal and line.width < 0.8 * width]
    marked = len(ends) >= 3 and _share_trailing(ends) >= 0.8 and _share_trailing(broken) <= 0.2
    return Layout(width, marked, gap)


def _share_trailing(lines: Sequence[Line]) -> float:
    return sum(line.trailing for line in lines) / len(lines) if lines else 0.0


def goes_on(first: Line, second: Line, layout: Layout, *, narrow: bool = False) -> bool:
    """Whether the paragraph of `first` goes on in `second`, the next line of the same flow.

    `narrow` tells that both stand in a column narrower than the page. Headings, list items and
    rows are for the caller to notice; this looks at the page alone.
    """
    if second.text[0] in _NO_LINE_START and not first.terminal:
        return True
    if second.gap <= layout.gap and joint(first.text, second.text) is not Joint.APART:
        return True
    if layout.marked:
        return not first.trailing or (layout.is_full(first) and not first.terminal)
    if narrow:
        return not first.terminal
    if layout.width:
        return _wrapped(first, second, layout)
    return _cut(first)


def _wrapped(first: Line, second: Line, layout: Layout) -> bool:
    if layout.gap == 0 and second.gap > 0 and (first.terminal or not layout.is_full(first)):
        return False
    room = layout.width - first.width
    match = _FIRST_WORD.match(second.text)
    fits = columns(match.group() if match else "") + 2 <= room
    if first.terminal:
        return not fits
    return first.width >= 0.75 * layout.width or (_open_pair(first.text) and not fits)


def _cut(line: Line) -> bool:
    """Whether a line of a text with whole paragraphs was cut in the middle."""
    if line.terminal:
        return False
    long = len(line.text) > LONGEST_HEADING
    clauses = len(line.text) >= CUT_CHARACTERS and bool(_CLAUSE_MARK.search(line.text))
    return long or clauses or _open_pair(line.text)


def _open_pair(text: str) -> bool:
    return any(left in text and text.count(left) > text.count(right) for left, right in _PAIRS)


def narrow_columns(lines: Sequence[Line], layout: Layout) -> frozenset[int]:
    """Positions of lines that stand in a column much narrower than the text: runs of three or
    more lines of equal width (within two wide characters) that do not end sentences, and the
    line that completes them."""
    found: set[int] = set()
    start = 0
    while start < len(lines):
        end = start
        while end + 1 < len(lines) and _same_column(lines[start], lines[end], lines[end + 1]):
            end += 1
        run = lines[start : end + 1]
        if len(run) >= 3 and any(re.search("[，,]", line.text) for line in run):
            found.update(range(start, end + 1))
        start = max(end, start + 1)
    return frozenset(found) if not layout.marked else frozenset()


def _same_column(first: Line, line: Line, following: Line) -> bool:
    return (
        18 <= first.width <= 48
        and not line.terminal
        and abs(line.width - first.width) <= 5
        and following.width <= first.width + 5
        and "\t" not in line.text
    )


_ENDS = re.compile(r"[A-Za-z0-9]-$")
# What an address, a code or a word with several hyphens has before or behind its hyphen.
_CODE_BEFORE = re.compile(r"[\d/@._:\\=&?#-]")
_CODE_AFTER = re.compile(r"[\d/@_\\=&?#-]|\.\w")
_LONGEST_WORD = 80


class Joint(Enum):
    """How a line that ends with a hyphen goes on in the next one."""

    WORD_BROKEN = "the hyphen goes"
    HYPHEN_STAYS = "nothing comes between"
    APART = "no hyphen of Latin text"


def joint(line: str, following: str) -> Joint:
    """How `following` is put behind `line`.

    >>> joint("the annu-", "al report").name, joint("see wenju-", "docs.org").name
    ('WORD_BROKEN', 'HYPHEN_STAYS')
    >>> joint("Kaplan-", "Meier").name, joint("1990-", "年").name
    ('HYPHEN_STAYS', 'APART')
    """
    if not _ENDS.search(line) or not (following[:1].isascii() and following[:1].isalnum()):
        return Joint.APART
    before = line[-_LONGEST_WORD:].rsplit(maxsplit=1)[-1][:-1]
    after = following[:_LONGEST_WORD].split(maxsplit=1)[0]
    if not before[-1].isalpha() or not after[0].islower():
        return Joint.HYPHEN_STAYS
    if _CODE_BEFORE.search(before) or _CODE_AFTER.search(after):
        return Joint.HYPHEN_STAYS
    return Joint.WORD_BROKEN
