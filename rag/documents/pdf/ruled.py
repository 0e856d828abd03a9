"""Tables drawn with ruling lines all around: cells by the lines, and what stands in each row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.documents.grids import Placed, joined
from rag.documents.pdf.characters import Box, Glyph, around, join, on_line, stretches

# Ruling lines closer than this are one, points.
_SAME = 3.0
# A table without a line at its edge has at least this much room there, points.
_OPEN = 8.0
# A page with more lines than this is a drawing.
_MOST_RULES = 1500
_FILLED_ROWS = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells joined by tabs, where they stand, and its place."""

    text: str
    box: Box
    cells: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledGrid:
    """A ruled table: its place, the edges of its columns, and its rows that hold text."""

    box: Box
    columns: tuple[float, ...]
    rows: tuple[Row, ...]


def find_grids(
    rules: Sequence[Box], glyphs: Sequence[Glyph]
) -> tuple[list[RuledGrid], list[Glyph]]:
    """The ruled tables of a page from top to bottom, and the characters that stand in none."""
    across = lines_across(tuple(rules))
    down = _merged([rule for rule in rules if rule.width < rule.height], flat=False)
    if len(across) + len(down) > _MOST_RULES:
        return [], list(glyphs)
    grids: list[RuledGrid] = []
    rest = list(glyphs)
    for lines, posts in _connected(across, down):
        frame = _Frame(lines, posts)
        if frame.columns < 2:
            continue
        inside = [glyph for glyph in rest if frame.holds(glyph)]
        grid = frame.filled(inside)
        if grid is not None:
            grids.append(grid)
            taken = set(map(id, inside))
            rest = [glyph for glyph in rest if id(glyph) not in taken]
    return sorted(grids, key=lambda grid: grid.box.y0), rest


@lru_cache(maxsize=1)  # asked for three times on each page
def lines_across(rules: tuple[Box, ...]) -> tuple[Box, ...]:
    """The lines that run from left to right, each as a whole."""
    return tuple(_merged([rule for rule in rules if rule.width >= rule.height], flat=True))


def _merged(rules: Sequence[Box], *, flat: bool) -> list[Box]:
    """Lines that go on in each other, as one. `flat` lines run from left to right."""
    turned = [rule if flat else Box(rule.y0, rule.x0, rule.y1, rule.x1) for rule in rules]
    merged: list[Box] = []
    near: list[int] = []  # those that may still go on: middles are in order but for less than 1
    for rule in sorted(turned, key=lambda rule: (round(rule.middle), rule.x0)):
        near = [i for i in near if rule.middle - merged[i].middle <= _SAME + 1]
        for i in reversed(near):
            last = merged[i]
            if (
                abs(rule.middle - last.middle) <= _SAME
                and rule.x0 <= last.x1 + _SAME
                and (rule.x1 >= last.x0 - _SAME)
            ):
                merged[i] = around([last, rule])
                break
        else:
            near.append(len(merged))
            merged.append(rule)
    return merged if flat else [Box(rule.y0, rule.x0, rule.y1, rule.x1) for rule in merged]


def _connected(across: Sequence[Box], down: Sequence[Box]) -> list[tuple[list[Box], list[Box]]]:
    """Groups of lines that touch each other, at least two across and one down in each."""
    group = list(range(len(across) + len(down)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for i, line in enumerate(across):
        for j, post in enumerate(down):
            if (
                line.x0 - _SAME <= post.x0 <= line.x1 + _SAME
                and post.y0 - _SAME <= line.y0 <= post.y1 + _SAME
            ):
                group[root(i)] = root(len(across) + j)
    found: dict[int, tuple[list[Box], list[Box]]] = {}
    for i, line in enumerate(across):
        found.setdefault(root(i), ([], []))[0].append(line)
    for j, post in enumerate(down):
        found.setdefault(root(len(across) + j), ([], []))[1].append(post)
    return [(lines, posts) for lines, posts in found.values() if len(lines) >= 2 and posts]


def _steps(values: Sequence[float], starts: Sequence[float], ends: Sequence[float]) -> list[float]:
    """Sorted, without those that are as good as the same. Where the lines that cross them begin
    or end well outside, the table is open there and has one more row or column."""
    steps: list[float] = []
    for value in sorted(values):
        if not steps or value - steps[-1] > _SAME:
            steps.append(value)
    if min(starts) < steps[0] - _OPEN:
        steps.insert(0, min(starts))
    if max(ends) > steps[-1] + _OPEN:
        steps.append(max(ends))
    return steps


class _Frame:
    """The lines of one table: edges of columns and rows, and which cells are one."""

    def __init__(self, lines: Sequence[Box], posts: Sequence[Box]) -> None:
        self.lines, self.posts = lines, posts
        self.xs = _steps([post.x0 for post in posts], [line.x0 for line in lines],
                         [line.x1 for line in lines])  # fmt: skip
        self.ys = _steps([line.y0 for line in lines], [post.y0 for post in posts],
                         [post.y1 for post in posts])  # fmt: skip
        self.box = Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])
        self._known: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def columns(self) -> int:
        return len(self.xs) - 1

    def holds(self, glyph: Glyph) -> bool:
        x = (glyph.box.x0 + glyph.box.x1) / 2
        return self.box.x0 <= x < self.box.x1 and self.box.y0 <= glyph.box.middle < self.box.y1

    def _cell(self, row: int, column: int) -> tuple[int, int]:
        """The first row and column of the cell that holds this field: it goes on to the left
        and upwards where no line stands between."""
        if (row, column) not in self._known:
            self._known[row, column] = self._begin(row, column)
        return self._known[row, column]

    def _begin(self, row: int, column: int) -> tuple[int, int]:
        middle = (self.ys[row] + self.ys[row + 1]) / 2
        while column > 0 and not any(
            abs(post.x0 - self.xs[column]) <= _SAME and post.y0 <= middle <= post.y1
            for post in self.posts
        ):
            column -= 1
        centre = (self.xs[column] + self.xs[column + 1]) / 2
        while row > 0 and not any(
            abs(line.y0 - self.ys[row]) <= _SAME and line.x0 <= centre <= line.x1
            for line in self.lines
        ):
            row -= 1
        return row, column

    def _placed(self, row: int, column: int, filled: Sequence[int]) -> Placed:
        """How many columns, and of the rows that hold text how many, a cell covers."""
        right, below = column + 1, row + 1
        while right < self.columns and self._cell(row, right) == (row, column):
            right += 1
        while below < len(self.ys) - 1 and self._cell(below, column) == (row, column):
            below += 1
        covered = bisect_left(filled, below) - bisect_left(filled, row)
        return Placed(0, 0, column, max(1, covered), right - column)

    def filled(self, glyphs: Sequence[Glyph]) -> RuledGrid | None:
        """The table with its text, or None where most of it is empty: a drawing."""
        cells: dict[tuple[int, int], list[Glyph]] = {}
        for glyph in glyphs:
            x = (glyph.box.x0 + glyph.box.x1) / 2
            field = (bisect_right(self.ys, glyph.box.middle) - 1, bisect_right(self.xs, x) - 1)
            cells.setdefault(self._cell(*field), []).append(glyph)
        rows: list[Row] = []
        by_row: dict[int, dict[int, list[Glyph]]] = {}
        for (row, column), held in cells.items():
            by_row.setdefault(row, {})[column] = held
        filled = sorted(by_row)
        for row in filled:
            own = by_row[row]
            texts = {column: cell_text(own[column]) for column in sorted(own)}
            if any(texts.values()):
                box = Box(self.box.x0, self.ys[row], self.box.x1, self.ys[row + 1])
                box = around([box, *(glyph.box for cell in own.values() for glyph in cell)])
                made = joined([(text, self._placed(row, c, filled)) for c, text in texts.items()])
                rows.append(Row(made.text, box, made.cells))
        used = {row for row, _ in cells}
        if not rows or len(used) < _FILLED_ROWS * len(rows) or len(cells) < 2:
            return None
        return RuledGrid(self.box, tuple(self.xs), tuple(rows))


def cell_text(glyphs: Sequence[Glyph]) -> str:
    """The text of a cell, its lines joined."""
    parts = stretches(glyphs)
    lines: list[str] = []
    last: Box | None = None
    for part in parts:
        if last is not None and on_line(last, part.box):
            lines[-1] += f" {part.text}"
        else:
            lines.append(part.text)
        last = part.box
    return join(lines)
