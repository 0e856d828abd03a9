"""What a page holds: characters and ruling lines, each with its place.

Lengths are in points; `x` runs to the right and `y` down from the upper left corner of the page
as it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.documents.grids import Placed


@dataclass(frozen=True, slots=True)
class Box:
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
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character on a page; `size` is that of its type, `spaced` tells that white space stands
    before it. `angle` is that of its line, in degrees clockwise from one that runs to the right.
    `mapped` tells that its font says which character it is; else `text` is a guess."""

    text: str
    box: Box
    size: float
    bold: bool
    spaced: bool
    angle: int = 0
    mapped: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page, counted from 1. `glyphs` stand in the order of the file, white space left out;
    `rules` are thin straight lines; `pictured` is the share of the page that its largest picture
    covers, `drawn` how many lines and shapes are drawn on it, `figures` are the places of pictures
    and drawings. `notes` are its annotations, each with its place."""

    number: int
    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    rules: tuple[Box, ...]
    pictured: float = 0.0
    drawn: int = 0
    figures: tuple[Box, ...] = ()
    notes: tuple[tuple[str, Box], ...] = ()


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
class Line:
    """A stretch of text on one line of a page, or in one cell. `x0` and `x1` are the edges of
    the column it stands in, `row` whether it is a row of a table, its cells separated by tabs,
    `note` whether it stands below the rule at the foot of the page, `alone` whether it goes on in
    no other line: what runs in another direction, a remark that somebody put to the page. `cells`
    are those of a row, where they are not what stands between its tabs."""

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
