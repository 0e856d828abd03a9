"""Fractions and roots that are drawn with a line: one term over another, a bar behind a `√`.

A bar is short, no other line goes on at its ends, and what stands above and below it stands there
alone: beside a word that is underlined the line of text goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rag.documents.formats.positions import fraction, root
from rag.reading.paged.stretches import on_line, stretches
from rag.reading.paged.values import Box, Glyph, around

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
