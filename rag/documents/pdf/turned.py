"""Text that does not run from left to right: turned by a quarter or half, in columns from top to
bottom, at an angle.

A page most of whose text runs in one other direction is turned until that text is upright; what
runs otherwise beside it is set apart, so that it never stands inside a line of the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

from rag.reading.paged.columns import reading_order
from rag.reading.paged.stretches import stretches
from rag.reading.paged.values import Box, Glyph, Line, Page, around
from rag.types import PageBox

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
    aside: tuple[Line, ...]


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
    aside: list[Line] = []
    for turn in sorted(counts.keys() - {main}):
        others = [glyph for glyph, t in zip(page.glyphs, turns, strict=True) if t == turn]
        for line in _lines(page, others, turn):
            box = _turn(main, page.width, page.height)(line.box)
            aside.append(replace(line, box=box, note=True, alone=True))
    return Upright(kept, main, tuple(aside))


def columns_down(page: Page, glyphs: Sequence[Glyph]) -> tuple[list[Line], list[Glyph]]:
    """Lines that run from top to bottom beside the text of a page, and the characters that are
    left. `glyphs` stand in the order of the file."""
    columns = [run for run in _runs(glyphs) if run[1] - run[0] >= _FEWEST_IN_COLUMN]
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
    turns = [_turn_of(glyph.angle) for glyph in glyphs]
    runs = _runs(glyphs)
    long = sum(end - start for start, end in runs if end - start >= _FEWEST_IN_COLUMN)
    if long <= _MOST * len(glyphs):
        return turns
    for start, end in runs:
        before = start > 0 and _beside(glyphs[start - 1], glyphs[start])
        behind = end < len(glyphs) and _beside(glyphs[end - 1], glyphs[end])
        if not (any(turns[start:end]) or before or behind):
            turns[start:end] = [270] * (end - start)
    return turns


def _runs(glyphs: Sequence[Glyph]) -> list[tuple[int, int]]:
    """Characters that stand below each other, from the first to behind the last of them."""
    edges = [0, *(i for i in range(1, len(glyphs)) if not _below(glyphs[i - 1], glyphs[i]))]
    return list(pairwise([*edges, len(glyphs)])) if glyphs else []


def _beside(last: Glyph, glyph: Glyph) -> bool:
    near = abs(glyph.box.x0 - last.box.x1) <= last.size
    return near and abs(glyph.box.middle - last.box.middle) <= _ASIDE * last.size


def _turn_of(angle: int) -> int:
    quarter = round(angle / 90) * 90
    return -1 if abs(angle - quarter) > 3 else (360 - quarter) % 360


def _below(last: Glyph, glyph: Glyph) -> bool:
    """Whether a character stands below the one before it in the file."""
    size = glyph.size
    if not -size < last.box.x0 - glyph.box.x0 < size or last.angle or glyph.angle:
        return False
    aside = abs(last.box.x0 + last.box.x1 - glyph.box.x0 - glyph.box.x1) / 2
    down = glyph.box.middle - last.box.middle
    return aside <= _ASIDE * size and _NEAREST * size <= down <= _FARTHEST * size


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
        glyphs=tuple(replace(glyph, box=move(glyph.box), angle=0) for glyph in page.glyphs),
        rules=tuple(map(move, page.rules)),
        figures=tuple(map(move, page.figures)),
        notes=tuple((text, move(box)) for text, box in page.notes),
    )


def _lines(page: Page, glyphs: Sequence[Glyph], turn: int) -> list[Line]:
    """The lines of characters that run in one direction, with their places on the page as it is
    shown."""
    if turn < 0:
        return [
            Line("".join(glyph.text for glyph in group), around([g.box for g in group]),
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
