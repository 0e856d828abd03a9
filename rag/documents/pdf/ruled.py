"""Tables drawn with ruling lines, all around or from left to right only.

Drawn all around: cells by the lines, and what stands in each row. Drawn from left to right only, as
journals set them: columns from the gaps that go on over the lines of text, rows from what is
filled.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median

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


# Lines of one table begin and end at the same places, and are at least so long, points.
_SAME_EDGE = 6.0
_SHORTEST = 80.0
_FEWEST_RULES = 3
_MOST_HEADER_LINES = 8
# Gaps between columns, as shares of the size of type: for less than 3, less than 6, more lines.
_GAPS = ((3, 1.1), (6, 0.8))
_NARROW_GAP = 0.45
# So many of the lines of text may cross a gap between columns.
_CROSSING = 0.1
# Text that fills so much of its column in most of its lines is no table.
_FILLED = 0.85
_RUNNING_LINES = 4


def find_lined(
    rules: Sequence[Box], glyphs: Sequence[Glyph], grids: Sequence[RuledGrid]
) -> tuple[list[RuledGrid], list[Glyph]]:
    """The tables of a page that have lines from left to right only, from top to bottom, and the
    characters that stand in none. `grids` are the tables that are known already."""
    lines = lines_across(tuple(rules))
    across = [
        line
        for line in lines
        if line.width >= _SHORTEST and not any(_inside(line, grid.box) for grid in grids)
    ]
    found: list[RuledGrid] = []
    rest = list(glyphs)
    for group in _alike(across):
        at = 0
        while at + _FEWEST_RULES <= len(group):
            grid, taken, used = _table(group[at:], rest, lines)
            if grid is None:
                at += 1
                continue
            found.append(grid)
            rest = [glyph for glyph in rest if id(glyph) not in taken]
            at += used
    return sorted(found, key=lambda grid: grid.box.y0), rest


def _inside(line: Box, box: Box) -> bool:
    return (
        box.y0 - _SAME_EDGE <= line.y0 <= box.y1 + _SAME_EDGE
        and line.x0 < box.x1
        and (line.x1 > box.x0)
    )


def _alike(across: Sequence[Box]) -> list[list[Box]]:
    """Lines with the same ends, from top to bottom."""
    groups: list[list[Box]] = []
    for line in sorted(across, key=lambda line: line.y0):
        for group in groups:
            near = (
                abs(group[0].x0 - line.x0) <= _SAME_EDGE
                and abs(group[0].x1 - line.x1) <= _SAME_EDGE
            )
            if near:
                group.append(line)
                break
        else:
            groups.append([line])
    return [group for group in groups if len(group) >= _FEWEST_RULES]


def _table(
    rules: Sequence[Box], glyphs: Sequence[Glyph], lines: Sequence[Box]
) -> tuple[RuledGrid | None, set[int], int]:
    """The table that begins at the first of the `rules`: the table, its characters, and how many
    of the rules are its own; None where none begins there. `lines` are all of the page."""
    bands: list[list[Text]] = []
    for upper, lower in pairwise(rules):
        band = text_lines([glyph for glyph in glyphs if _between(glyph, upper, lower)])
        if not band or (not bands and len(band) > _MOST_HEADER_LINES):
            break
        trial = [*bands, band]
        if _columns(trial) is None or _running(band):
            break
        bands = trial
    edges = _columns(bands) if len(bands) >= _FEWEST_RULES - 1 else None
    if edges is None:
        return None, set(), 0
    rows = _header(bands[0], edges, [line for line in lines if _under(line, rules[0], rules[1])])
    for band in bands[1:]:
        rows += [_row(lines, edges) for lines in Body(band, edges, rules[0].x1).rows()]
    box = Box(rules[0].x0, rules[0].y0, rules[0].x1, rules[len(bands)].y1)
    taken = {id(glyph) for band in bands for line in band for glyph in line}
    return RuledGrid(box, (box.x0, *edges, box.x1), tuple(rows)), taken, len(bands)


def _between(glyph: Glyph, upper: Box, lower: Box) -> bool:
    x = (glyph.box.x0 + glyph.box.x1) / 2
    return upper.y0 <= glyph.box.middle < lower.y0 and (
        upper.x0 - _SAME_EDGE <= x <= upper.x1 + _SAME_EDGE
    )


def _columns(bands: Sequence[Sequence[Text]]) -> list[float] | None:
    """The middles of the gaps between the columns; None where there are fewer than two columns.
    Headings above several columns may cross a gap, so the first band has no say if there are
    others."""
    lines = [line for band in (bands[1:] or bands) for line in band]
    size = median(glyph.size for line in lines for glyph in line)
    least = next((gap for count, gap in _GAPS if len(lines) < count), _NARROW_GAP) * size
    events: list[tuple[float, int]] = []
    for line in lines:
        for start, end in _covered(line, least):
            events += [(start, 1), (end, -1)]
    events.sort()
    allowed = int(_CROSSING * len(lines))
    edges: list[float] = []
    depth, open_at = 0, None
    for x, step in events:
        if depth <= allowed and depth + step > allowed and open_at is not None:
            if x - open_at >= least:
                edges.append((open_at + x) / 2)
            open_at = None
        elif depth > allowed and depth + step <= allowed:
            open_at = x
        depth += step
    return edges or None


def _covered(line: Text, least: float) -> list[tuple[float, float]]:
    """Where the characters of a line stand, gaps that part no columns included."""
    spans: list[tuple[float, float]] = []
    for glyph in line:
        if spans and glyph.box.x0 - spans[-1][1] < least:
            spans[-1] = (spans[-1][0], max(spans[-1][1], glyph.box.x1))
        else:
            spans.append((glyph.box.x0, glyph.box.x1))
    return spans


def _running(band: Sequence[Text]) -> bool:
    """Whether a band holds running text, perhaps in two columns."""
    if len(band) < _RUNNING_LINES:
        return False
    left = min(line[0].box.x0 for line in band)
    right = max(line[-1].box.x1 for line in band)
    size = median(glyph.size for line in band for glyph in line)
    full = sum(
        sum(end - start for start, end in _covered(line, size)) >= _FILLED * (right - left)
        for line in band
    )
    return 2 * full > len(band)


def _under(line: Box, upper: Box, lower: Box) -> bool:
    """Whether a shorter line stands between two rules, as below a heading of several columns."""
    return (
        upper.y0 + _SAME_EDGE < line.y0 < lower.y0 - _SAME_EDGE
        and line.x0 >= upper.x0 - _SAME_EDGE
        and line.x1 <= upper.x1 + _SAME_EDGE
        and line.width < upper.width - 2 * _SAME_EDGE
    )


def _header(band: Sequence[Text], edges: Sequence[float], parting: Sequence[Box]) -> list[Row]:
    """The rows of the header: one, or two where lines part headings of several columns from those
    of each column."""
    if not parting:
        return [_row(band, edges)]
    glyphs = [glyph for line in band for glyph in line]
    box = around([glyph.box for glyph in glyphs])
    limits = [box.x0, *edges, box.x1]
    middles = [(a + b) / 2 for a, b in pairwise(limits)]
    above: list[tuple[str, Placed]] = []
    grouped: set[int] = set()
    taken: set[int] = set()
    for line in sorted(parting, key=lambda line: line.x0):
        columns = [c for c, x in enumerate(middles) if line.x0 <= x <= line.x1]
        columns = [c for c in columns if c not in grouped]
        own = [g for g in glyphs if g.box.middle < line.y0 and line.x0 <= g.box.x0 <= line.x1]
        if len(columns) > 1 and own:
            above.append((cell_text(own), Placed(0, 0, columns[0], 1, len(columns))))
            grouped.update(columns)
            taken.update(map(id, own))
    if not above:
        return [_row(band, edges)]
    rest = [[glyph for glyph in line if id(glyph) not in taken] for line in band]
    cells: list[Text] = [[] for _ in range(len(edges) + 1)]
    for text in filter(None, rest):
        for cell, own in zip(cells, cells_of(text, edges), strict=True):
            cell.extend(own)
    texts = list(map(cell_text, cells))
    above += [(texts[c], Placed(0, 0, c, 2)) for c in range(len(texts)) if c not in grouped]
    below = [(texts[c], Placed(0, 0, c)) for c in sorted(grouped)]
    first = joined(sorted(above, key=lambda cell: cell[1].column))
    second = joined(below)
    return [Row(row.text, box, row.cells) for row in (first, second) if row.text]


def _row(lines: Sequence[Text], edges: Sequence[float]) -> Row:
    """The cells of the lines of a row, each whole."""
    cells: list[Text] = [[] for _ in range(len(edges) + 1)]
    for line in lines:
        for cell, own in zip(cells, cells_of(line, edges), strict=True):
            cell.extend(own)
    box = around([glyph.box for line in lines for glyph in line])
    return Row("\t".join(map(cell_text, cells)).rstrip("\t"), box)
