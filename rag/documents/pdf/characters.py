"""What a page holds: characters with their places, the stretches and the type they form.

What a page holds: characters and ruling lines, each with its place.

Lengths are in points; `x` runs to the right and `y` down from the upper left corner of the page
as it is shown.

How a document is set: the size of its text, the distance of its lines, their edges.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rag.documents.formats.formulas import Part, Shift, in_line
from rag.documents.grids import Placed
from rag.documents.layout import Joint, joint


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """Half way from top to bottom."""
        return (self.y0 + self.y1) / 2


def around(boxes: list[Box]) -> Box:
    """The smallest box around all of `boxes`, of which there is at least one."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


class Glyph(NamedTuple):
    """A character on a page; `size` is that of its type, `spaced` tells that white space stands
    before it. `angle` is that of its line, in degrees clockwise from one that runs to the right.
    `mapped` tells that its font says which character it is; else `text` is a guess; it is empty
    where the character is struck out."""

    text: str
    box: Box
    size: float
    bold: bool
    spaced: bool
    angle: int = 0
    mapped: bool = True


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """A picture on a page, or the pictures that it was cut into; `content` is the same for the same
    picture on another page. `layered` tells that invisible text stands on it: what a program read
    on it before."""

    box: Box
    content: bytes
    layered: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What is put on a page beside its text: the remark of a person, what is written on a picture.
    `row` tells that it is a row of cells, separated by tabs."""

    text: str
    box: Box
    row: bool = False
    by_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page, counted from 1. `glyphs` stand in the order of the file, white space left out;
    `rules` are thin straight lines; `pictured` is the share of the page that its largest picture
    covers, `drawn` how many lines and shapes are drawn on it, `figures` are its pictures, `notes`
    its annotations. `struck` characters are struck out. `drawing` is the
    same for the same drawing on another page, None for a page without one. `lost` characters stand
    alone in a font that is neither in the file nor on this machine."""

    number: int
    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    rules: tuple[Box, ...]
    pictured: float = 0.0
    drawn: int = 0
    figures: tuple[PlacedPicture, ...] = ()
    notes: tuple[Note, ...] = ()
    struck: int = 0
    drawing: tuple[int, ...] | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture: `pixels` are `height` rows of `width` times red, green, blue, one byte each."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page and its picture; a point of the page is `scale` pixels of it. `pages` counts those of
    its file, where that is one of pictures."""

    page: Page
    raster: Raster
    scale: float
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of a file's outline: its level from 0 and the page it points to, from 1."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class PageLine:
    """A stretch of text on one line of a page, or in one cell. `x0` and `x1` are the edges of
    the column it stands in, `row` whether it is a row of a table, its cells separated by tabs,
    `note` whether it stands below the rule at the foot of the page, `alone` whether it goes on in
    no other line: what runs in another direction, a remark that somebody put to the page. `cells`
    are those of a row, where they are not what stands between its tabs. `by_ocr` tells that it was
    read from a picture."""

    text: str
    box: Box
    size: float
    bold: bool
    page: int
    x0: float = 0.0
    x1: float = 0.0
    row: bool = False
    table: int | None = None
    note: bool = False
    cells: tuple[Placed, ...] = ()
    alone: bool = False
    by_ocr: bool = False


# Gaps between characters, as shares of the size of the type: up to the first they stand together
# (an em, as Chinese text sets between the two characters of a name), from the second on a
# Latin word ends, from the third on Chinese characters are set apart with white space in the
# file, from the fourth on without.
_TOGETHER = 1.1
_WORD_GAP = 0.17
_MIXED_GAP = 0.35
_WIDE_GAP = 0.6
# Full-width marks are pushed together by up to half their width.
_KERNED = -0.7
_ON_LINE = 0.5
# Type smaller than this share of the largest on its line is an exponent or index where its foot
# stands so far above or below that of the line, as shares of the largest size.
_SMALL, _RAISED, _LOWERED = 0.8, 0.18, 0.02

_LATIN = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0370-\u03ff.,;:%)(\]\[/+*&'\"’”“‘-]")
_DIGITS_GO_ON = re.compile(r"[\d,.]$")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a line. `size` is the usual size of its type, in points."""

    text: str
    box: Box
    size: float
    bold: bool


def on_line(first: Box, second: Box) -> bool:
    """Whether two boxes stand beside each other on one line."""
    _, top, _, bottom = first
    _, upper, _, lower = second
    overlap = min(bottom, lower) - max(top, upper)
    return overlap >= _ON_LINE * min(bottom - top, lower - upper)


def stretches(glyphs: Sequence[Glyph]) -> list[Stretch]:
    """The stretches of text that `glyphs` make, from top to bottom and left to right."""
    groups: list[list[Glyph]] = []
    for glyph in glyphs:
        if groups and _follows(groups[-1][-1], glyph):
            groups[-1].append(glyph)
        else:
            groups.append([glyph])
    groups.sort(key=lambda group: (round(group[0].box.middle), group[0].box.x0))
    merged: list[list[Glyph]] = []
    sizes: list[float] = []
    ends: list[Box] = []
    for group in groups:
        box = around([glyph.box for glyph in group])
        size = _usual_size(group)
        at = next((i for i in range(len(merged) - 1, max(-1, len(merged) - 12), -1)
                   if _beside(ends[i], box, min(sizes[i], size))), None)  # fmt: skip
        if at is None:
            merged.append(group)
            sizes.append(size)
            ends.append(box)
        else:
            merged[at] += group
            ends[at] = around([ends[at], box])
    return [found for found in map(_stretch, merged) if found.text]


def _follows(last: Glyph, glyph: Glyph) -> bool:
    """Whether a character goes on where the last one ended."""
    size = max(last.size, glyph.size)
    gap = glyph.box.x0 - last.box.x1
    return on_line(last.box, glyph.box) and _KERNED * size <= gap <= _TOGETHER * size


def _beside(first: Box, second: Box, size: float) -> bool:
    gap = max(second.x0 - first.x1, first.x0 - second.x1)
    return on_line(first, second) and gap <= _TOGETHER * size


def _usual_size(glyphs: Sequence[Glyph]) -> float:
    sizes = [glyph.size for glyph in glyphs]
    return sizes[0] if sizes.count(sizes[0]) == len(sizes) else median(sizes)


def _stretch(glyphs: Sequence[Glyph]) -> Stretch:
    ordered = sorted(glyphs, key=lambda glyph: glyph.box.x0)
    size = _usual_size(glyphs)
    spaces = [False, *(_apart(last, glyph) for last, glyph in pairwise(ordered))]
    shifts = _shifts(ordered)
    if shifts is None:
        pairs = zip(spaces, ordered, strict=True)
        text = "".join(f" {glyph.text}" if space else glyph.text for space, glyph in pairs)
    else:
        parts: list[Part] = []
        for space, glyph, shift in zip(spaces, ordered, shifts, strict=True):
            parts += [(" " * space, Shift.NONE), (glyph.text, shift)]
        text = in_line(parts)
    if not all(glyph.text for glyph in ordered):  # on either side of what is struck out
        text = " ".join(text.split())
    bold = 2 * sum(glyph.bold for glyph in glyphs) > len(glyphs)
    return Stretch(text, around([glyph.box for glyph in glyphs]), size, bold)


def _shifts(ordered: Sequence[Glyph]) -> list[Shift] | None:
    """Which characters of a stretch are small and stand above or below its line; None where all
    are set alike. A formula that was drawn is one character of several letters."""
    sizes = [glyph.size for glyph in ordered]
    largest = max(sizes)
    letters = sum(len(glyph.text) for glyph in ordered)
    if letters == len(sizes) and min(sizes) >= _SMALL * largest:
        return None
    line = [glyph for glyph in ordered if glyph.size >= _SMALL * largest]
    foot = median(glyph.box.y1 for glyph in line)
    return [
        Shift.FORMULA if len(glyph.text) > 1
        else Shift.NONE if glyph.size >= _SMALL * largest
        else Shift.RAISED if foot - glyph.box.y1 >= _RAISED * largest
        else Shift.LOWERED if glyph.box.y1 - foot >= _LOWERED * largest
        else Shift.NONE
        for glyph in ordered
    ]  # fmt: skip


def _apart(last: Glyph, glyph: Glyph) -> bool:
    gap = (glyph.box.x0 - last.box.x1) / max(last.size, glyph.size)
    if gap <= _WORD_GAP / 2:  # as most characters stand
        return False
    if _LATIN.match(last.text) and _LATIN.match(glyph.text):
        return gap > _WORD_GAP or (glyph.spaced and gap > _WORD_GAP / 2)
    return gap > (_MIXED_GAP if glyph.spaced else _WIDE_GAP)


def join(parts: Sequence[str]) -> str:
    """Lines of one paragraph or cell as one: words keep a space between them, a hyphenated
    word and a number that was broken are made whole.

    >>> join(["资产为1,234,", "567元，见 annu-", "al report", "of 2020"])
    '资产为1,234,567元，见 annual report of 2020'
    """
    text = ""
    for part in parts:
        if not text or not part:
            text += part
        elif (how := joint(text, part)) is not Joint.APART:
            text = (text[:-1] if how is Joint.WORD_BROKEN else text) + part
        elif _DIGITS_GO_ON.search(text) and re.match(r"\d", part) and re.search(r"\d,$", text):
            text += part
        elif _LATIN.match(text[-1]) and _LATIN.match(part[0]):
            text += f" {part}"
        else:
            text += part
    return text


# Shares of the size of the type, of the usual distance of lines, of the page.
_SAME_SIZE = 0.12
WIDER_GAP = 1.5
_SHARE_OF_TEXT = 0.25
_LONG = 0.55
_FEWEST_LONG = 8


@dataclass(frozen=True, slots=True)
class Type:
    """The usual type of a document: size of its text and distance of its lines, in points."""

    size: float
    pitch: float


def usual_type(pages: Sequence[Sequence[PageLine]]) -> Type:
    """Size and line distance of the text: the largest size that much of it is set in, as
    abstracts and references may take more room than the text itself."""
    sizes: Counter[float] = Counter()
    distances: list[float] = []
    for lines in pages:
        for line in lines:
            if not line.row:
                sizes[round(line.size * 2) / 2] += len(line.text)
        distances += [
            second.box.y0 - first.box.y0
            for first, second in pairwise(lines)
            if _same_column(first, second) and not second.row
        ]
    total = sum(sizes.values())
    size = max((s for s, count in sizes.items() if count >= _SHARE_OF_TEXT * total), default=10.0)
    usual = [d for d in distances if 0.8 * size <= d <= 3 * size]
    return Type(size, median(usual) if usual else 1.5 * size)


def _same_column(first: PageLine, second: PageLine) -> bool:
    return (
        first.page == second.page
        and (first.x0, first.x1) == (second.x0, second.x1)
        and second.box.y0 > first.box.y0
    )


def with_usual_edges(
    pages: Sequence[Sequence[PageLine]], sizes: Sequence[tuple[float, float]]
) -> list[list[PageLine]]:
    """Lines that stand in no column have the edges that most of the long ones reach on pages
    of that width, so that a wide table or a page with little text does not shift them."""
    result = [list(page) for page in pages]
    for width in {round(size[0]) for size in sizes}:
        alike = [i for i, size in enumerate(sizes) if round(size[0]) == width]
        long = [line.box for i in alike for line in pages[i]
                if not line.row and line.box.width >= _LONG * width]  # fmt: skip
        if len(long) < _FEWEST_LONG:
            continue
        left = float(Counter(round(box.x0) for box in long).most_common(1)[0][0])
        right = float(Counter(round(box.x1) for box in long).most_common(1)[0][0])
        for i in alike:
            result[i] = [
                replace(line, x0=left, x1=right) if line.x1 - line.x0 >= _LONG * width else line
                for line in pages[i]
            ]
    return result


def block_edges(lines: Sequence[PageLine], kind: Type) -> tuple[list[float], list[float]]:
    """The left and right edge of the block of lines that each line stands in: lines of one size
    that follow each other closely. Few lines have the edges of their column."""
    lefts = [line.x0 for line in lines]
    rights = [line.x1 for line in lines]
    start = 0
    for end in range(1, len(lines) + 1):
        if end < len(lines) and _close(lines[end - 1], lines[end], kind):
            continue
        block = lines[start:end]
        right = max(line.box.x1 for line in block)
        full = sum(line.box.x1 >= right - line.size for line in block)
        if len(block) >= 3 and full >= 2:
            rights[start:end] = [right] * len(block)
            lefts[start:end] = [_left(block)] * len(block)
        start = end
    return lefts, rights


def _left(block: Sequence[PageLine]) -> float:
    """Where the lines of a block begin: where most of them do, as one may have a number in the
    margin; else where the first from the left does."""
    starts = sorted(line.box.x0 for line in block)
    size = block[0].size
    most = (x for x in starts if 2 * sum(x <= other <= x + size for other in starts) > len(starts))
    return next(most, starts[0])


def _close(first: PageLine, second: PageLine, kind: Type) -> bool:
    return (
        _same_column(first, second)
        and not second.row
        and not first.row
        and same_size(first, second)
        and second.box.y0 - first.box.y0 <= WIDER_GAP * max(kind.pitch, first.size)
    )


def same_size(first: PageLine, second: PageLine) -> bool:
    """Whether two lines are set in type of about the same size."""
    return abs(first.size - second.size) <= _SAME_SIZE * max(first.size, second.size)
