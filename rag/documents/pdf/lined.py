"""Tables with ruling lines from left to right only, as journals set them.

Columns from the gaps that go on over the lines of text, rows from how far lines stand apart, else
from what is filled.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import gt
from statistics import median

from rag.documents.grids import Placed, joined
from rag.documents.pdf.characters import Box, Glyph, around, on_line
from rag.documents.pdf.ruled import Row, RuledGrid, cell_text, lines_across

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
# What stays together at the beginning of a line.
_WORD = re.compile(r"[（《“‘「]{0,3}(?:[A-Za-z0-9.,%+\-/()]++|.)[”’）》」，。、；：]{0,3}")
# A label that begins something new.
_NEW = re.compile(
    r"^(?:--|—|[-•●]|[（(]?[一二三四五六七八九十\d]+[)）、.．]|[①-⑳]|其中|其他|加[：:]|减[：:]|[合小总]计|.*[：:]$)"
)

# Distances of lines, as shares of the size of type: the least; that of lines of one cell differs by
# less than the second, that to another row is larger by at least the third.
_LEAST_PITCH, _SPREAD, _STEP = 0.9, 0.06, 0.015
# Of cells of several lines, so many may have several cells beside them.
_TORN = 0.25
# The middles of cells of one row stand so far apart at most, in the size of type; inside another.
_ASIDE, _LEAST_ASIDE = 0.7, 0.3
# How much a line may be short of the longest above that goes on.
_HALF = 0.5

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


@dataclass(slots=True)
class _Block:
    """A cell: its column, the middles of its first and last line, its characters."""

    column: int
    top: float
    bottom: float
    glyphs: Text


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
        """The characters of each row by column."""
        if rows := self._by_distance():
            return rows
        columns = range(len(self.cells[0]))
        return [
            [[glyph for row in self.cells[a:b] for glyph in row[c]] for c in columns]
            for a, b in pairwise(self._by_filling())
        ]

    def _by_distance(self) -> list[list[Text]]:
        """The rows where lines of one cell stand closer together than those of two: what then
        stands beside each other is a row. None where the distances do not tell."""
        columns = [
            text_lines([glyph for row in self.cells for glyph in row[c]])
            for c in range(len(self.cells[0]))
        ]
        for limit in self._limits(columns):
            blocks = [self._blocks(c, lines, limit) for c, lines in enumerate(columns)]
            long = [block for own in blocks for block in own if block.bottom > block.top]
            if self._torn(long, blocks) <= _TORN * len(long):
                return self._beside([block for own in blocks for block in own])
        return []

    def _limits(self, columns: Sequence[Sequence[Text]]) -> Iterator[float]:
        """Distances that may part the lines of one cell from those of two, likeliest first: below
        them are nearly only lines that had no room for what follows, all about as far apart."""
        pairs = [
            (distance, c, upper, lower)
            for c, lines in enumerate(columns)
            for upper, lower in pairwise(lines)
            if (distance := self._distance(upper, lower)) >= _LEAST_PITCH
        ]
        distances = sorted(pair[0] for pair in pairs)
        steps = [
            (b - a, a, b)
            for a, b in pairwise(distances)
            if b - a >= _STEP and a - distances[0] <= _SPREAD
        ]
        for _, a, b in sorted(steps, reverse=True):
            inner = [pair for pair in pairs if pair[0] <= a]
            ends: dict[int, float] = {}
            for _, c, upper, _ in inner:
                ends[c] = max(ends.get(c, 0.0), upper[-1].box.x1)
            full = sum(
                upper[-1].box.x1 + _first_word(lower) >= ends[c] - _HALF * self.size
                and not _NUMBER.fullmatch("".join(glyph.text for glyph in upper))
                for _, c, upper, lower in inner
            )
            if full >= _MOST_FULL * len(inner):
                yield (a + b) / 2

    def _distance(self, upper: Text, lower: Text) -> float:
        return (_middle(lower) - _middle(upper)) / self.size

    def _blocks(self, column: int, lines: Sequence[Text], limit: float) -> list[_Block]:
        """The cells of a column."""
        blocks: list[_Block] = []
        for i, line in enumerate(lines):
            if i and self._distance(lines[i - 1], line) <= limit:
                blocks[-1].glyphs.extend(line)
                blocks[-1].bottom = _middle(line)
            else:
                blocks.append(_Block(column, _middle(line), _middle(line), list(line)))
        return blocks

    def _torn(self, long: Sequence[_Block], blocks: Sequence[Sequence[_Block]]) -> int:
        """How many cells of several lines have two cells of another column beside them."""
        places = [([b.top for b in own], [b.bottom for b in own]) for own in blocks]
        reach = _LEAST_ASIDE * self.size
        return sum(
            any(
                bisect_right(bottoms, one.bottom + reach) - bisect_left(tops, one.top - reach) > 1
                for tops, bottoms in places
            )
            for one in long
        )

    def _beside(self, blocks: Sequence[_Block]) -> list[list[Text]]:
        """The rows that cells of all columns form."""
        rows: list[list[_Block]] = []
        bottom = -inf
        for block in sorted(blocks, key=lambda block: block.top):
            if block.top - bottom > _ASIDE * self.size:
                rows.append([])
            rows[-1].append(block)
            bottom = max(bottom, block.bottom)
        return [cells for row in rows for cells in self._parted(row)]

    def _parted(self, row: Sequence[_Block]) -> list[list[Text]]:
        """A row, or the several that a cell beside them holds together; it stands in the first."""
        column, _ = Counter(block.column for block in row).most_common(1)[0]
        ends = [block.bottom for block in row if block.column == column]
        parts: list[list[Text]] = [[[] for _ in self.cells[0]] for _ in ends]
        for block in row:
            at = bisect_left(ends, block.top - _ASIDE * self.size)
            parts[min(at, len(ends) - 1)][block.column].extend(block.glyphs)
        return parts

    def _by_filling(self) -> list[int]:
        """With which line each row begins, and the number of lines. Where cells of several lines
        stand around the middle of their row, the lines between two rows belong half to each."""
        begins: list[int] = []
        for i in range(len(self.lines)):
            if self._begins(i, begins[-1] if begins else 0):
                begins.append(i)
        if not begins:
            return [0, len(self.lines)]
        if begins[0] > 0:
            middles = [a + 1 + (b - a - 1) // 2 for a, b in pairwise(begins)]
            begins = [0, *middles]
        return [*begins, len(self.lines)]

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


def _first_word(line: Text) -> float:
    """The width of the beginning of a line that is not broken: a word, and the marks around it."""
    word = _WORD.match("".join(glyph.text for glyph in line))
    end = line[min(word.end(), len(line)) - 1] if word else line[0]
    return end.box.x1 - line[0].box.x0


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
        trial = [*bands, band]
        if not band or _columns(trial) is None or _running(band):
            break
        bands = trial
    edges = _columns(bands) if len(bands) >= _FEWEST_RULES - 1 else None
    if edges is None or _high(bands[0], edges):
        return None, set(), 0
    rows = _header(bands[0], edges, [line for line in lines if _under(line, rules[0], rules[1])])
    for band in bands[1:]:
        rows += list(map(_made, Body(band, edges, rules[0].x1).rows()))
    box = Box(rules[0].x0, rules[0].y0, rules[0].x1, rules[len(bands)].y1)
    taken = {id(glyph) for band in bands for line in band for glyph in line}
    return RuledGrid(box, (box.x0, *edges, box.x1), tuple(rows)), taken, len(bands)


def _high(band: Sequence[Text], edges: Sequence[float]) -> bool:
    """Whether some cell of a band has more lines than a heading."""
    cells = zip(*(cells_of(line, edges) for line in band), strict=True)
    return any(sum(map(bool, own)) > _MOST_HEADER_LINES for own in cells)


def _between(glyph: Glyph, upper: Box, lower: Box) -> bool:
    x = (glyph.box.x0 + glyph.box.x1) / 2
    return upper.y0 <= glyph.box.middle < lower.y0 and (
        upper.x0 - _SAME_EDGE <= x <= upper.x1 + _SAME_EDGE
    )


def _columns(bands: Sequence[Sequence[Text]]) -> list[float] | None:
    """The middles of the gaps between the columns; None where there are fewer than two columns.
    Headings above several columns may cross a gap, so the first band has no say if there are
    others, but for the heading of a column that is empty. Lines with one cell say where a column
    is, not where one ends."""
    lines = [line for band in (bands[1:] or bands) for line in band]
    size = median(glyph.size for line in lines for glyph in line)
    least = next((gap for count, gap in _GAPS if len(lines) < count), _NARROW_GAP) * size
    spans = [_covered(line, least) for line in lines]
    allowed = [int(_CROSSING * n) for n in (len(lines), sum(len(own) > 1 for own in spans))]
    events = sorted(
        event
        for own in spans
        for start, end in own
        for event in ((start, 1, len(own) > 1), (end, -1, len(own) > 1))
    )
    gaps: list[tuple[float, float]] = []
    depths, open_at = [0, 0], None
    for x, step, several in events:
        covered = any(map(gt, depths, allowed))
        depths[several] += step
        covers = any(map(gt, depths, allowed))
        if covers and not covered and open_at is not None:
            if x - open_at >= least:
                gaps.append((open_at, x))
            open_at = None
        elif covered and not covers:
            open_at = x
    if len(bands) > 1:
        gaps = list(_headed(gaps, bands[0], least))
    return [(start + end) / 2 for start, end in gaps] or None


def _headed(
    gaps: Sequence[tuple[float, float]], header: Sequence[Text], least: float
) -> Iterator[tuple[float, float]]:
    """The gaps, parted by the heading of an empty column where the columns beside it have others
    above them."""
    glyphs = sorted((glyph for line in header for glyph in line), key=lambda glyph: glyph.box.x0)
    heads = _covered(glyphs, least)
    edges = [-inf, *(x for gap in gaps for x in gap), inf]
    above = [
        any(left < x1 and x0 < right for x0, x1 in heads)
        for left, right in zip(edges[::2], edges[1::2], strict=True)
    ]
    for i, (start, end) in enumerate(gaps):
        between = [x for x0, x1 in heads if start <= x0 and x1 <= end for x in (x0, x1)]
        steps = [start, *between, end] if above[i] and above[i + 1] else [start, end]
        yield from zip(steps[::2], steps[1::2], strict=True)


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
    return _made(cells)


def _made(cells: Sequence[Text]) -> Row:
    box = around([glyph.box for cell in cells for glyph in cell])
    return Row("\t".join(map(cell_text, cells)).rstrip("\t"), box)
