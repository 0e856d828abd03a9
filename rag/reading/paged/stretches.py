"""Characters into stretches of text that stand together on one line, and their joining."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag.documents.formats.positions import Part, Shift, in_line
from rag.documents.hyphens import Joint, joint
from rag.reading.paged.values import Box, Glyph, around

# Gaps between characters, as shares of the size of the type: up to the first they stand together
# (an em, as Chinese text sets between the two characters of a name), from the second on a
# Latin word ends, from the third on Chinese characters are set apart with white space in the
# file, from the fourth on without.
_TOGETHER = 1.1
_WORD_GAP = 0.17
_MIXED_GAP = 0.35
_WIDE_GAP = 0.6
# Full-width marks are pushed together by up to half their width.
_KERNED = -0.7
_ON_LINE = 0.5
# Type smaller than this share of the largest on its line is an exponent or index where its foot
# stands so far above or below that of the line, as shares of the largest size.
_SMALL, _RAISED, _LOWERED = 0.8, 0.18, 0.02

_LATIN = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0370-\u03ff.,;:%)(\]\[/+*&'\"’”“‘-]")
_DIGITS_GO_ON = re.compile(r"[\d,.]$")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a line. `size` is the usual size of its type, in points."""

    text: str
    box: Box
    size: float
    bold: bool


def on_line(first: Box, second: Box) -> bool:
    """Whether two boxes stand beside each other on one line."""
    overlap = min(first.y1, second.y1) - max(first.y0, second.y0)
    return overlap >= _ON_LINE * min(first.height, second.height)


def stretches(glyphs: Sequence[Glyph]) -> list[Stretch]:
    """The stretches of text that `glyphs` make, from top to bottom and left to right."""
    groups: list[list[Glyph]] = []
    for glyph in glyphs:
        if groups and _follows(groups[-1][-1], glyph):
            groups[-1].append(glyph)
        else:
            groups.append([glyph])
    groups.sort(key=lambda group: (round(group[0].box.middle), group[0].box.x0))
    merged: list[list[Glyph]] = []
    sizes: list[float] = []
    ends: list[Box] = []
    for group in groups:
        box = around([glyph.box for glyph in group])
        size = median(glyph.size for glyph in group)
        at = next((i for i in range(len(merged) - 1, max(-1, len(merged) - 12), -1)
                   if _beside(ends[i], box, min(sizes[i], size))), None)  # fmt: skip
        if at is None:
            merged.append(group)
            sizes.append(size)
            ends.append(box)
        else:
            merged[at] += group
            ends[at] = around([ends[at], box])
    return [_stretch(group) for group in merged]


def _follows(last: Glyph, glyph: Glyph) -> bool:
    """Whether a character goes on where the last one ended."""
    size = max(last.size, glyph.size)
    gap = glyph.box.x0 - last.box.x1
    return on_line(last.box, glyph.box) and _KERNED * size <= gap <= _TOGETHER * size


def _beside(first: Box, second: Box, size: float) -> bool:
    gap = max(second.x0 - first.x1, first.x0 - second.x1)
    return on_line(first, second) and gap <= _TOGETHER * size


def _stretch(glyphs: Sequence[Glyph]) -> Stretch:
    ordered = sorted(glyphs, key=lambda glyph: glyph.box.x0)
    size = median(glyph.size for glyph in glyphs)
    spaces = [False, *(_apart(last, glyph) for last, glyph in pairwise(ordered))]
    shifts = _shifts(ordered)
    if shifts is None:
        pairs = zip(spaces, ordered, strict=True)
        text = "".join(f" {glyph.text}" if space else glyph.text for space, glyph in pairs)
    else:
        parts: list[Part] = []
        for space, glyph, shift in zip(spaces, ordered, shifts, strict=True):
            parts += [(" " * space, Shift.NONE), (glyph.text, shift)]
        text = in_line(parts)
    bold = 2 * sum(glyph.bold for glyph in glyphs) > len(glyphs)
    return Stretch(text, around([glyph.box for glyph in glyphs]), size, bold)


def _shifts(ordered: Sequence[Glyph]) -> list[Shift] | None:
    """Which characters of a stretch are small and stand above or below its line; None where all
    are set alike. A formula that was drawn is one character of several letters."""
    sizes = [glyph.size for glyph in ordered]
    largest = max(sizes)
    letters = sum(len(glyph.text) for glyph in ordered)
    if letters == len(sizes) and min(sizes) >= _SMALL * largest:
        return None
    line = [glyph for glyph in ordered if glyph.size >= _SMALL * largest]
    foot = median(glyph.box.y1 for glyph in line)
    return [
        Shift.FORMULA if len(glyph.text) > 1
        else Shift.NONE if glyph.size >= _SMALL * largest
        else Shift.RAISED if foot - glyph.box.y1 >= _RAISED * largest
        else Shift.LOWERED if glyph.box.y1 - foot >= _LOWERED * largest
        else Shift.NONE
        for glyph in ordered
    ]  # fmt: skip


def _apart(last: Glyph, glyph: Glyph) -> bool:
    gap = (glyph.box.x0 - last.box.x1) / max(last.size, glyph.size)
    if _LATIN.match(last.text) and _LATIN.match(glyph.text):
        return gap > _WORD_GAP or (glyph.spaced and gap > _WORD_GAP / 2)
    return gap > (_MIXED_GAP if glyph.spaced else _WIDE_GAP)


def join(parts: Sequence[str]) -> str:
    """Lines of one paragraph or cell as one: words keep a space between them, a hyphenated
    word and a number that was broken are made whole.

    >>> join(["资产为1,234,", "567元，见 annu-", "al report", "of 2020"])
    '资产为1,234,567元，见 annual report of 2020'
    """
    text = ""
    for part in parts:
        if not text or not part:
            text += part
        elif (how := joint(text, part)) is not Joint.APART:
            text = (text[:-1] if how is Joint.WORD_BROKEN else text) + part
        elif _DIGITS_GO_ON.search(text) and re.match(r"\d", part) and re.search(r"\d,$", text):
            text += part
        elif _LATIN.match(text[-1]) and _LATIN.match(part[0]):
            text += f" {part}"
        else:
            text += part
    return text
