"""Tables drawn with lines from left to right only, as journals set them: columns from the gaps
that go on over the lines of text, rows from what is filled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from rag.documents.grids import Placed, joined
from rag.reading.paged.cells import Body, Text, cells_of, text_lines
from rag.reading.paged.grid import Grid, Row, cell_text, lines_across
from rag.reading.paged.values import Box, Glyph, around

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
    rules: Sequence[Box], glyphs: Sequence[Glyph], grids: Sequence[Grid]
) -> tuple[list[Grid], list[Glyph]]:
    """The tables of a page that have lines from left to right only, from top to bottom, and the
    characters that stand in none. `grids` are the tables that are known already."""
    lines = lines_across(rules)
    across = [
        line
        for line in lines
        if line.width >= _SHORTEST and not any(_inside(line, grid.box) for grid in grids)
    ]
    found: list[Grid] = []
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
) -> tuple[Grid | None, set[int], int]:
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
    return Grid(box, (box.x0, *edges, box.x1), tuple(rows)), taken, len(bands)


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
