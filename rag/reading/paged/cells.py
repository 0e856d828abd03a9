"""What stands in a table without lines between its cells: its lines of text, the cells of each
line, and which lines make a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from rag.reading.paged.stretches import on_line
from rag.reading.paged.values import Glyph

# Lines of text closer than this share of the size of type stand in one row.
_CLOSE = 1.05
_ROOM = 1.5
# A column with more room than this to its right, in the size of type, breaks no lines.
_TIGHT = 2.5
_FULL_LINES = 3  # that end at the same place show where its lines are broken
_MOST_FULL = 0.9  # of all, as the last line of a cell is shorter
_WIDE = 4.5
_SMALL = 0.8
# A heading is parted from the next one by a gap of this share of the size of type; where the
# columns part, by the second.
_PARTED, _LEAST = 0.45, 0.2

_MARK = re.compile(r"^[（(]?[一二三四五六七八九十\d]+[)）、.．]")
_NUMBER = re.compile(r"^[-−(]?[\d,]*\d(?:\.\d+)?[%％*]*+(?:\)[*]*+)?")
# A label that begins something new.
_NEW = re.compile(
    r"^(?:--|—|[-•●]|[（(]?[一二三四五六七八九十\d]+[)）、.．]|[①-⑳]|其中|其他|加[：:]|减[：:]|[合小总]计|.*[：:]$)"
)

Text = list[Glyph]
"""What stands on one line of a table, or of a cell, from left to right."""


def text_lines(glyphs: Sequence[Glyph]) -> list[Text]:
    """Characters line by line; raised and lowered ones belong to the nearest line."""
    if not glyphs:
        return []
    usual = median(glyph.size for glyph in glyphs)
    large = [glyph for glyph in glyphs if glyph.size >= _SMALL * usual]
    lines: list[Text] = []
    for glyph in sorted(large, key=lambda glyph: glyph.box.middle):
        if lines and on_line(lines[-1][0].box, glyph.box):
            lines[-1].append(glyph)
        else:
            lines.append([glyph])
    places = [_middle(line) for line in lines]
    for glyph in glyphs:
        if glyph.size < _SMALL * usual:
            near = min(range(len(lines)), key=lambda i: abs(places[i] - glyph.box.middle))
            lines[near].append(glyph)
    return [sorted(line, key=lambda glyph: glyph.box.x0) for line in lines]


def cells_of(line: Text, edges: Sequence[float]) -> list[Text]:
    """The characters of a line by column. What crosses a gap belongs where most of it stands."""
    cells: list[Text] = [[] for _ in range(len(edges) + 1)]
    piece: Text = []

    def put() -> None:
        if piece:
            middle = (piece[0].box.x0 + piece[-1].box.x1) / 2
            cells[sum(edge < middle for edge in edges)].extend(piece)
            piece.clear()

    for glyph in line:
        if piece:
            last = piece[-1].box.x1
            gap = (glyph.box.x0 - last) / glyph.size
            if gap > _PARTED or (gap > _LEAST and any(last <= x <= glyph.box.x0 for x in edges)):
                put()
        piece.append(glyph)
    put()
    return cells


class Body:
    """A band of a table below its header, line by line and column by column."""

    def __init__(self, band: Sequence[Text], edges: Sequence[float], right: float) -> None:
        self.lines = list(band)
        self.cells = [cells_of(line, edges) for line in band]
        self.size = median(glyph.size for line in band for glyph in line)
        columns = range(len(edges) + 1)
        ends = [[row[c][-1].box.x1 for row in self.cells if row[c]] for c in columns]
        starts = [[row[c][0].box.x0 for row in self.cells if row[c]] for c in columns]
        self._ends = [max(own, default=0.0) for own in ends]
        limits = [min(own, default=right) for own in starts[1:]] + [right]
        self._tight = [
            limit - end < _TIGHT * self.size
            or _FULL_LINES
            <= sum(x >= end - _ROOM * self.size for x in own)
            <= _MOST_FULL * len(own)
            for own, end, limit in zip(ends, self._ends, limits, strict=True)
        ]

    def rows(self) -> list[list[Text]]:
        """The lines by row. Where cells of several lines stand around the middle of their row,
        the lines between two rows belong half to each."""
        begins: list[int] = []
        for i in range(len(self.lines)):
            if self._begins(i, begins[-1] if begins else 0):
                begins.append(i)
        if not begins:
            return [self.lines]
        if begins[0] > 0:
            middles = [a + 1 + (b - a - 1) // 2 for a, b in pairwise(begins)]
            begins = [0, *middles]
        return [self.lines[a:b] for a, b in pairwise([*begins, len(self.lines)])]

    def _begins(self, i: int, row: int) -> bool:
        """Whether a row begins with, or stands around, line `i`; the last one began with line
        `row`."""
        own = [bool(cell) for cell in self.cells[i]]
        if i == 0:
            return own[0] or sum(own) >= 2
        if _middle(self.lines[i]) - _middle(self.lines[i - 1]) < _CLOSE * self.size:
            # Beside a cell that stands around the middle of several rows, another row may begin.
            return any(not self._goes_on(j, i) for j in range(row, i) if self._shared(j, i))
        above = self.lines[i - 1]
        if own[0] and _MARK.fullmatch("".join(glyph.text for glyph in above)):
            return False
        if sum(own) > 1:
            begun = own[0] or 2 * sum(own) >= len(own)
            return begun and not self._goes_on(i - 1, i, alone=False)
        label = "".join(glyph.text for glyph in self.lines[i])
        return own[0] and (_NEW.match(label) is not None or not self._goes_on(i - 1, i))

    def _shared(self, j: int, i: int) -> list[int]:
        """The columns in which both lines have something."""
        return [c for c, cell in enumerate(self.cells[i]) if cell and self.cells[j][c]]

    def _goes_on(self, j: int, i: int, *, alone: bool = True) -> bool:
        """Whether all of line `i`, as far as line `j` has such cells, goes on in cells that had
        no room left; where they are not `alone` in their line, in wide ones of the first column
        and another."""
        shared = self._shared(j, i)
        above = [self.cells[j][c] for c in shared]
        if any(_NUMBER.fullmatch("".join(glyph.text for glyph in cell)) for cell in above):
            return False
        if not alone and (len(shared) < 2 or shared[0] != 0 or not self._wide(above)):
            return False
        return bool(shared) and all(
            self._tight[c] and cell[-1].box.x1 >= self._ends[c] - _ROOM * self.size
            for c, cell in zip(shared, above, strict=True)
        )

    def _wide(self, cells: Sequence[Text]) -> bool:
        return any(cell[-1].box.x1 - cell[0].box.x0 >= _WIDE * self.size for cell in cells)


def _middle(line: Text) -> float:
    return median(glyph.box.middle for glyph in line)
