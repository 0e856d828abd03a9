"""The reading order of a page: columns, turned text, fractions.

The reading order of a page: where it is set in two columns, the left one comes first.

Text that does not run from left to right: turned by a quarter or half, in columns from top to
bottom, at an angle.

A page most of whose text runs in one other direction is turned until that text is upright; what
runs otherwise beside it is set apart, so that it never stands inside a line of the text.

Fractions and roots that are drawn with a line: one term over another, a bar behind a `√`.

A bar is short, no other line goes on at its ends, and what stands above and below it stands there
alone: beside a word that is underlined the line of text goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor
from statistics import median

from rag.documents.formats.formulas import fraction, root
from rag.documents.grids import GridRow, Placed, joined
from rag.documents.pdf.characters import (
    Box,
    Glyph,
    Page,
    PageLine,
    Stretch,
    around,
    on_line,
    stretches,
)
from rag.documents.pdf.ruled import RuledGrid, lines_across
from rag.text.sentences import ends_sentence
from rag.types import PageBox

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
    grid: RuledGrid | None


def reading_order(
    parts: Sequence[Stretch], grids: Sequence[RuledGrid], page: int
) -> list[PageLine]:
    """The lines of a page in the order in which they are read. Rows of the ruled table `i` have
    `table == i`; a line with several cells that no ruled table holds is a row too."""
    items = [Item(part.box, part, None) for part in parts]
    items += [Item(grid.box, None, grid) for grid in grids]
    if not items:
        return []
    items.sort(key=lambda item: (item.box.y0, item.box.x0))
    whole = around([item.box for item in items])
    gutter = _gutter(items, whole)
    lines: list[PageLine] = []
    for band in _bands(items, gutter, whole):
        for zone, x0, x1 in band:
            lines += _zone_lines(zone, x0, x1, page, grids)
    return lines


def foot(parts: Sequence[Stretch], grids: Sequence[RuledGrid], page: Page) -> list[Stretch]:
    """What stands below the short rule at the foot of a page, in smaller type than the rest."""
    for rule in sorted(lines_across(tuple(page.rules)), key=lambda rule: rule.y0):
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
    if len(items) < _FEWEST_LINES:
        return False
    wide = [item.box.x1 - item.box.x0 >= _FILLED * width for item in items]
    long = wide.count(True)
    if long >= _FEWEST_LINES:
        return long >= len(items) / 3
    return long == len(items) - 1 and not wide[-1] and _is_paragraph(items)


def _is_paragraph(items: Sequence[Item]) -> bool:
    """Whether lines that break at one edge are a sentence that ends in the last, short one."""
    parts = [item.stretch for item in items if item.stretch]
    if len(parts) < len(items):
        return False
    *above, last = parts
    edges = [part.box.x1 for part in above]
    return (
        max(edges) - min(edges) <= last.size
        and last.box.x0 - min(part.box.x0 for part in parts) <= last.size
        and ends_sentence(last.text)
        and not any(ends_sentence(part.text) for part in above)
    )


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
    items: Sequence[Item], x0: float, x1: float, page: int, grids: Sequence[RuledGrid]
) -> list[PageLine]:
    """Stretches on one line as one line, its parts separated by tabs; tables row by row."""
    lines: list[PageLine] = []
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
                PageLine(r.text, r.box, 0.0, False, page, x0, x1, True, number, cells=r.cells)
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


def _line(parts: Sequence[Stretch], x0: float, x1: float, page: int) -> PageLine:
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
    return PageLine("\t".join(texts), box, longest.size, bold, page, x0, x1, row=row)


# Characters below each other: their middles differ by less, their distance lies between these
# shares of the size of the type.
_ASIDE, _NEAREST, _FARTHEST = 0.35, 0.7, 1.7
_FEWEST_IN_COLUMN = 4
# A page is set in columns where as many of its characters stand in some.
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Upright:
    """A page, turned clockwise by `turn` degrees so that most of its text is upright, and the
    lines of what runs in another direction, with the places that they have on this page."""

    page: Page
    turn: int
    aside: tuple[PageLine, ...]


def upright(page: Page) -> Upright:
    """The page as it is read, and what runs in other directions beside it. Single columns from top
    to bottom stay: they may be cells of a table; see `columns_down`."""
    turns = _turns(page.glyphs)
    if not any(turns):
        return Upright(page, 0, ())
    counts = Counter(turns)
    main = next((t for t in (90, 180, 270) if counts[t] > _MOST * len(turns)), 0)
    own = [glyph for glyph, turn in zip(page.glyphs, turns, strict=True) if turn == main]
    kept = _turned_page(replace(page, glyphs=tuple(own)), main)
    aside: list[PageLine] = []
    for turn in sorted(counts.keys() - {main}):
        others = [glyph for glyph, t in zip(page.glyphs, turns, strict=True) if t == turn]
        for line in _lines(page, others, turn):
            box = _turn(main, page.width, page.height)(line.box)
            aside.append(replace(line, box=box, note=True, alone=True))
    return Upright(kept, main, tuple(aside))


def columns_down(page: Page, glyphs: Sequence[Glyph]) -> tuple[list[PageLine], list[Glyph]]:
    """Lines that run from top to bottom beside the text of a page, and the characters that are
    left. `glyphs` stand in the order of the file."""
    columns = [run for run in _turned_runs(glyphs) if run[1] - run[0] >= _FEWEST_IN_COLUMN]
    taken = {i for start, end in columns for i in range(start, end)}
    if not taken:
        return [], list(glyphs)
    lines = _lines(page, [glyphs[i] for i in sorted(taken)], 270)
    rest = [glyph for i, glyph in enumerate(glyphs) if i not in taken]
    return [replace(line, note=True, alone=True) for line in lines], rest


def shown(box: PageBox, turn: int, page: Page) -> PageBox:
    """A place on a page that was turned by `turn`, on the page as it is shown."""
    own = _back(turn, page)(Box(box.left, box.top, box.right, box.bottom))
    return PageBox(
        box.page, max(0, floor(own.x0)), max(0, floor(own.y0)), ceil(own.x1), ceil(own.y1)
    )


def _turns(glyphs: Sequence[Glyph]) -> list[int]:
    """By how many degrees the page must be turned clockwise for each character to be read from
    left to right; -1 for what stands at an angle. Where most of a page stands in columns from top
    to bottom, short ones are some, too, if nothing stands beside their characters."""
    known = {angle: _turn_of(angle) for angle in {glyph.angle for glyph in glyphs}}
    turns = [known[glyph.angle] for glyph in glyphs]
    runs = _turned_runs(glyphs)
    long = sum(end - start for start, end in runs if end - start >= _FEWEST_IN_COLUMN)
    if long <= _MOST * len(glyphs):
        return turns
    for start, end in runs:
        before = start > 0 and _beside(glyphs[start - 1], glyphs[start])
        behind = end < len(glyphs) and _beside(glyphs[end - 1], glyphs[end])
        if not (any(turns[start:end]) or before or behind):
            turns[start:end] = [270] * (end - start)
    return turns


def _turned_runs(glyphs: Sequence[Glyph]) -> list[tuple[int, int]]:
    """Characters that stand below each other, from the first to behind the last of them."""
    middles = [(glyph.box.y0 + glyph.box.y1) / 2 for glyph in glyphs]
    below = {
        i
        for i, (above, middle) in enumerate(pairwise(middles), 1)
        if middle > above  # no character on the same line is
        and _NEAREST <= (middle - above) / glyphs[i].size <= _FARTHEST
        and _below(glyphs[i - 1], glyphs[i])
    }
    edges = [i for i in range(len(glyphs)) if i not in below]
    return list(pairwise([*edges, len(glyphs)]))


def _beside(last: Glyph, glyph: Glyph) -> bool:
    near = abs(glyph.box.x0 - last.box.x1) <= last.size
    return near and abs(glyph.box.middle - last.box.middle) <= _ASIDE * last.size


def _turn_of(angle: int) -> int:
    quarter = round(angle / 90) * 90
    return -1 if abs(angle - quarter) > 3 else (360 - quarter) % 360


def _below(last: Glyph, glyph: Glyph) -> bool:
    """Whether a character of the next line stands below the last one in the file."""
    size = glyph.size
    if not -size < last.box.x0 - glyph.box.x0 < size or last.angle or glyph.angle:
        return False
    aside = abs(last.box.x0 + last.box.x1 - glyph.box.x0 - glyph.box.x1) / 2
    return aside <= _ASIDE * size


def _turn(turn: int, width: float, height: float) -> Callable[[Box], Box]:
    """How a box moves when a page of this size is turned clockwise."""
    if turn == 90:
        return lambda box: Box(height - box.y1, box.x0, height - box.y0, box.x1)
    if turn == 180:
        return lambda box: Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
    if turn == 270:
        return lambda box: Box(box.y0, width - box.x1, box.y1, width - box.x0)
    return lambda box: box


def _back(turn: int, page: Page) -> Callable[[Box], Box]:
    """How a box moves from the page, turned by `turn`, to the page as it was."""
    quarter = turn in (90, 270)
    width, height = (page.height, page.width) if quarter else (page.width, page.height)
    return _turn((360 - turn) % 360, width, height)


def _turned_page(page: Page, turn: int) -> Page:
    if turn == 0:
        return page
    move = _turn(turn, page.width, page.height)
    size = (page.width, page.height) if turn == 180 else (page.height, page.width)
    return replace(
        page,
        width=size[0],
        height=size[1],
        glyphs=tuple(glyph._replace(box=move(glyph.box), angle=0) for glyph in page.glyphs),
        rules=tuple(map(move, page.rules)),
        figures=tuple(replace(one, box=move(one.box)) for one in page.figures),
        notes=tuple(replace(one, box=move(one.box)) for one in page.notes),
    )


def _lines(page: Page, glyphs: Sequence[Glyph], turn: int) -> list[PageLine]:
    """The lines of characters that run in one direction, with their places on the page as it is
    shown."""
    if turn < 0:
        return [
            PageLine("".join(glyph.text for glyph in group), around([g.box for g in group]),
                 group[0].size, False, page.number)
            for group in _at_an_angle(glyphs)
        ]  # fmt: skip
    turned = _turned_page(replace(page, glyphs=tuple(glyphs)), turn)
    back = _back(turn, page)
    lines = reading_order(stretches(turned.glyphs), [], page.number)
    return [replace(line, box=back(line.box), row=False) for line in lines]


def _at_an_angle(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Characters one after the other in the file, none far from the last one."""
    groups: list[list[Glyph]] = []
    for glyph in glyphs:
        last = groups[-1][-1] if groups else None
        near = last is not None and (
            max(abs(last.box.x0 - glyph.box.x0), abs(last.box.y0 - glyph.box.y0)) <= 2 * glyph.size
        )
        if near:
            groups[-1].append(glyph)
        else:
            groups.append([glyph])
    return groups


# Shares of the size of type: how long a bar may be, how far its terms reach from it, how far
# neighbours on their lines stay away, by how much a term may be wider than its bar.
_LONGEST, _REACH, _ALONE, _WIDER = 12.0, 1.6, 0.6, 0.3
_MOST_RULES = 600
# Lines that touch, points.
_TOUCHES = 2.0


def with_fractions(
    glyphs: Sequence[Glyph], rules: Sequence[Box], tables: Sequence[Box]
) -> list[Glyph]:
    """The characters of a page that stand in none of its `tables`, those of each fraction and root
    as one of several letters, in the place of its first."""
    rules = [rule for rule in rules if not any(_inside(rule, table) for table in tables)]
    if not glyphs or not 0 < len(rules) <= _MOST_RULES:
        return list(glyphs)
    size = median(glyph.size for glyph in glyphs)
    bars = [rule for rule in rules if rule.height < rule.width <= _LONGEST * size]
    bars = [bar for bar in bars if not any(_continues(bar, rule, size) for rule in rules)]
    found = list(glyphs)
    for bar in sorted(bars, key=lambda bar: bar.width):
        near = [
            glyph for glyph in found
            if abs(glyph.box.middle - bar.middle) <= _REACH * glyph.size
            and glyph.box.x1 > bar.x0 - glyph.size and glyph.box.x0 < bar.x1 + glyph.size
        ]  # fmt: skip
        taken, text = _fraction(near, bar) or _root(near, bar) or ([], "")
        if taken:
            box = around([glyph.box for glyph in taken])
            first = taken[0]
            one = Glyph(text, box, size, first.bold, first.spaced)
            gone = {id(glyph) for glyph in taken[1:]}
            found = [one if glyph is first else glyph for glyph in found if id(glyph) not in gone]
    return found


def _inside(rule: Box, table: Box) -> bool:
    level = table.y0 - _TOUCHES <= rule.middle <= table.y1 + _TOUCHES
    return level and rule.x0 < table.x1 + _TOUCHES and rule.x1 > table.x0 - _TOUCHES


def _continues(bar: Box, rule: Box, size: float) -> bool:
    """Whether a bar is a piece of a longer line or a side of a cell: another goes on at its end."""
    if rule is bar or rule == bar:
        return False
    if rule.height > rule.width:
        ends = min(abs(rule.x0 - bar.x0), abs(rule.x0 - bar.x1))
        return ends <= _TOUCHES and rule.y0 - _TOUCHES <= bar.middle <= rule.y1 + _TOUCHES
    level = abs(rule.middle - bar.middle) <= _TOUCHES
    return level and max(rule.x0 - bar.x1, bar.x0 - rule.x1) <= _ALONE * size


def _fraction(near: Sequence[Glyph], bar: Box) -> tuple[list[Glyph], str] | None:
    """The characters above and below a bar, and the fraction that they are."""
    above = [glyph for glyph in near if glyph.box.middle < bar.middle and _over(glyph, bar)]
    below = [glyph for glyph in near if glyph.box.middle > bar.middle and _over(glyph, bar)]
    for term in (above, below):
        if not term or not _is_term(term, near, bar):
            return None
    text = fraction(_text(above), _text(below))
    return [glyph for glyph in near if glyph in above or glyph in below], text


def _root(near: Sequence[Glyph], bar: Box) -> tuple[list[Glyph], str] | None:
    """A root sign at the left end of a bar, and what stands below it."""
    signs = [
        glyph for glyph in near
        if glyph.text == "√" and abs(glyph.box.x1 - bar.x0) <= _WIDER * glyph.size
    ]  # fmt: skip
    below = [glyph for glyph in near if glyph.box.middle > bar.middle and _over(glyph, bar)]
    if len(signs) != 1 or not below or not on_line(signs[0].box, below[0].box):
        return None
    return [glyph for glyph in near if glyph is signs[0] or glyph in below], root(_text(below))


def _over(glyph: Glyph, bar: Box) -> bool:
    middle = (glyph.box.x0 + glyph.box.x1) / 2
    return bar.x0 <= middle <= bar.x1 and glyph.text != "√"


def _is_term(term: Sequence[Glyph], near: Sequence[Glyph], bar: Box) -> bool:
    """Whether characters stand on one line, no wider than their bar, with nothing beside them."""
    box = around([glyph.box for glyph in term])
    size = term[0].size
    if not all(on_line(term[0].box, glyph.box) for glyph in term):
        return False
    if box.width > bar.width + 2 * _WIDER * size:
        return False
    beside = [glyph for glyph in near if glyph not in term and on_line(term[0].box, glyph.box)]
    return not any(
        _ALONE * size > max(glyph.box.x0 - box.x1, box.x0 - glyph.box.x1)
        and abs(glyph.box.middle - box.middle) < 0.3 * size
        for glyph in beside
    )


def _text(term: Sequence[Glyph]) -> str:
    return " ".join(part.text for part in stretches(term))
