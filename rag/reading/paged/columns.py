"""The reading order of a page: where it is set in two columns, the left one comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from rag.documents.grids import GridRow, Placed, joined
from rag.reading.paged.grid import Grid, lines_across
from rag.reading.paged.stretches import Stretch, on_line
from rag.reading.paged.values import Box, Line, Page, around

# The gutter is looked for in this part of the text's width, in steps of points.
_GUTTER_FROM, _GUTTER_TO = 0.3, 0.7
_STEP = 2
_CLEAR = 2.0
# Both columns hold so many lines that fill this share of their width.
_FEWEST_LINES = 3
_FILLED = 0.6
# The rule above footnotes, points and shares of the page; footnotes are smaller than the text.
_SHORT_RULE = 25.0
_RULE_SHARE = 0.4
_FOOT = 0.45
_SMALLER = 0.95
# A line with gaps of up to so many ems is text spread over the line, where it fills it.
_SPREAD = 2.5
_TEXT_SHARE = 0.8
# A number or label that stands before its heading or caption, not a cell.
_LABEL = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}[.、]?|第[一二三四五六七八九十百\d]+[章节编部条]|[（(]?[一二三四五六七八九十]{1,3}[）)、]?"
    r"|[表图]\s?\d+(?:[-.]\d+)?|\[\d+\]|[•·●■◆*-])$"
)


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of text or a ruled table on its place."""

    box: Box
    stretch: Stretch | None
    grid: Grid | None


def reading_order(parts: Sequence[Stretch], grids: Sequence[Grid], page: int) -> list[Line]:
    """The lines of a page in the order in which they are read. Rows of the ruled table `i` have
    `table == i`; a line with several cells that no ruled table holds is a row too."""
    items = [Item(part.box, part, None) for part in parts]
    items += [Item(grid.box, None, grid) for grid in grids]
    if not items:
        return []
    items.sort(key=lambda item: (item.box.y0, item.box.x0))
    whole = around([item.box for item in items])
    gutter = _gutter(items, whole)
    lines: list[Line] = []
    for band in _bands(items, gutter, whole):
        for zone, x0, x1 in band:
            lines += _zone_lines(zone, x0, x1, page, grids)
    return lines


def foot(parts: Sequence[Stretch], grids: Sequence[Grid], page: Page) -> list[Stretch]:
    """What stands below the short rule at the foot of a page, in smaller type than the rest."""
    for rule in sorted(lines_across(page.rules), key=lambda rule: rule.y0):
        short = _SHORT_RULE < rule.width < _RULE_SHARE * page.width
        lowest = max((grid.box.y1 for grid in grids), default=0.0)
        if not short or rule.y0 < max(_FOOT * page.height, lowest + _CLEAR):
            continue
        above = [part.size for part in parts if part.box.y1 <= rule.y0 + _CLEAR]
        below = [part for part in parts if part.box.y0 >= rule.y0 - _CLEAR]
        column = [part for part in below if part.box.x0 < rule.x1]
        for found in (below, column):
            sizes = [part.size for part in found]
            if sizes and above and max(sizes) <= _SMALLER * median(above):
                return found
    return []


_Zone = tuple[list[Item], float, float]


def _gutter(items: Sequence[Item], whole: Box) -> float | None:
    """Where the space between two columns stands; None where there are none."""
    best: tuple[int, int, float] | None = None
    start = int(whole.x0 + _GUTTER_FROM * whole.width)
    for x in range(start, int(whole.x0 + _GUTTER_TO * whole.width), _STEP):
        left = [item for item in items if item.box.x1 <= x + _CLEAR]
        right = [item for item in items if item.box.x0 >= x - _CLEAR]
        crossing = len(items) - len(left) - len(right)
        if _is_column(left, x - whole.x0) and _is_column(right, whole.x1 - x):
            key = (min(len(left), len(right)), -crossing, float(x))
            best = max(best or key, key)
    return best[2] if best else None


def _is_column(items: Sequence[Item], width: float) -> bool:
    """Whether the lines of one side are text set in a column, not cells."""
    long = sum(item.box.width >= _FILLED * width for item in items)
    return long >= _FEWEST_LINES and long >= len(items) / 3


def _bands(items: Sequence[Item], gutter: float | None, whole: Box) -> list[list[_Zone]]:
    """The page from top to bottom: zones across the page, and pairs of columns."""
    if gutter is None:
        return [[(list(items), whole.x0, whole.x1)]]
    bands: list[list[_Zone]] = []
    across: list[Item] = []
    left: list[Item] = []
    right: list[Item] = []

    def close_columns() -> None:
        nonlocal left, right, across
        if left and right and not (_rows(left) or _rows(right)):
            across += left + right
        elif left or right:
            close_across()
            zones = [(left, *_edges(left, whole.x0, gutter)),
                     (right, *_edges(right, gutter, whole.x1))]  # fmt: skip
            bands.append([zone for zone in zones if zone[0]])
        left, right = [], []

    def close_across() -> None:
        nonlocal across
        if across:
            bands.append([(across, whole.x0, whole.x1)])
        across = []

    for item in items:
        if item.box.x1 <= gutter + _CLEAR:
            left.append(item)
        elif item.box.x0 >= gutter - _CLEAR:
            right.append(item)
        else:
            close_columns()
            across.append(item)
    close_columns()
    close_across()
    return bands


def _rows(items: Sequence[Item]) -> bool:
    """Whether one side of a pair reads as running text: some line of it is long."""
    if any(item.grid for item in items):
        return True
    longest = max(item.box.width for item in items)
    return len(items) >= 2 and longest >= 8 * items[0].box.height


def _edges(items: Sequence[Item], x0: float, x1: float) -> tuple[float, float]:
    if not items:
        return x0, x1
    box = around([item.box for item in items])
    wide = box.width >= _FILLED * (x1 - x0)
    return (box.x0, box.x1) if wide else (min(box.x0, x1), max(x1 - 2 * _CLEAR, box.x1))


def _zone_lines(
    items: Sequence[Item], x0: float, x1: float, page: int, grids: Sequence[Grid]
) -> list[Line]:
    """Stretches on one line as one line, its parts separated by tabs; tables row by row."""
    lines: list[Line] = []
    rows: list[list[Item]] = []
    unruled: list[tuple[int, Sequence[Stretch]]] = []
    for item in sorted(items, key=lambda item: (item.box.y0, item.box.x0)):
        if (
            item.grid is None
            and rows
            and rows[-1][0].grid is None
            and any(on_line(other.box, item.box) for other in rows[-1])
        ):
            rows[-1].append(item)
        else:
            rows.append([item])
    for row in rows:
        grid = row[0].grid
        if grid is not None:
            number = grids.index(grid)
            lines += [
                Line(r.text, r.box, 0.0, False, page, x0, x1, True, number, cells=r.cells)
                for r in grid.rows
            ]
        else:
            parts = sorted((i.stretch for i in row if i.stretch), key=lambda part: part.box.x0)
            lines.append(_line(parts, x0, x1, page))
            if lines[-1].row:
                unruled.append((len(lines) - 1, parts))
    for run in _runs(unruled):
        for (i, _), made in zip(run, aligned([parts for _, parts in run]), strict=True):
            lines[i] = replace(lines[i], text=made.text, cells=made.cells)
    return lines


def _runs(
    rows: Sequence[tuple[int, Sequence[Stretch]]],
) -> list[list[tuple[int, Sequence[Stretch]]]]:
    """Rows that follow each other directly, by the number of their line."""
    runs: list[list[tuple[int, Sequence[Stretch]]]] = []
    for row in rows:
        if runs and row[0] == runs[-1][-1][0] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def aligned(rows: Sequence[Sequence[Stretch]]) -> list[GridRow]:
    """Rows of cells without lines between them, each cell in the columns that it stands over; the
    columns are those of the rows with the most cells. Where these do not stand apart, the cells
    are counted from the left."""
    most = max(map(len, rows))
    full = [row for row in rows if len(row) == most]
    columns = [
        (min(row[c].box.x0 for row in full), max(row[c].box.x1 for row in full))
        for c in range(most)
    ]
    apart = all(first[1] < second[0] for first, second in pairwise(columns))
    return [joined(_placed(row, columns if apart else ())) for row in rows]


def _placed(
    row: Sequence[Stretch], columns: Sequence[tuple[float, float]]
) -> list[tuple[str, Placed]]:
    cells: list[tuple[str, Placed]] = []
    free = 0
    for part in row:
        over = [c for c, (x0, x1) in enumerate(columns) if x0 < part.box.x1 and part.box.x0 < x1]
        middle = (part.box.x0 + part.box.x1) / 2
        if not over and columns:
            over = [min(range(len(columns)), key=lambda c: abs(sum(columns[c]) / 2 - middle))]
        first = max(free, over[0] if over else 0)
        last = max(first, over[-1] if over else 0)
        cells.append((part.text, Placed(0, 0, first, 1, last - first + 1)))
        free = last + 1
    return cells


def _line(parts: Sequence[Stretch], x0: float, x1: float, page: int) -> Line:
    texts = [parts[0].text]
    row = False
    gaps = [second.box.x0 - first.box.x1 for first, second in pairwise(parts)]
    spread = max(gaps, default=0.0) <= _SPREAD * parts[0].size and (
        sum(part.box.width for part in parts) >= _TEXT_SHARE * (x1 - x0)
    )
    for part in parts[1:]:
        if spread or (len(texts) == 1 and _LABEL.match(texts[0])):
            texts[-1] += f" {part.text}"
        else:
            texts.append(part.text)
            row = True
    longest = max(parts, key=lambda part: len(part.text))
    bold = all(part.bold for part in parts)
    box = around([part.box for part in parts])
    return Line("\t".join(texts), box, longest.size, bold, page, x0, x1, row=row)
