"""Where on a page a quotation stands, found from the places of the characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.reading.paged.stretches import on_line
from rag.reading.paged.values import Box, Glyph, around
from rag.text.fold import fold_aligned, squeeze
from rag.types import PageBox

# A piece of a quotation that stands somewhere else than the rest is at least so long; shorter
# ones are words that stand anywhere.
_SHORTEST_PIECE = 4
# What is found of a quotation is shown where it is at least this share of it.
_FOUND = 0.5
# Characters this far outside of a block's boxes, points, still belong to it.
_AROUND = 3.0
# Characters further apart than this share of their size are marked by themselves.
_GAP = 2.0


def marks(quotation: str, glyphs: Sequence[Glyph], boxes: Sequence[PageBox]) -> list[Box]:
    """The rectangles, line by line, in which `quotation` stands on the page of these `glyphs`;
    white space is not counted and both are folded. `boxes` are the places of its blocks on this
    page, where they are known: it is looked for there, and they are what is marked where its
    characters are not found. Empty where there is nothing to show."""
    inside = [glyph for glyph in glyphs if _within(glyph.box, boxes)] if boxes else list(glyphs)
    found, share = _found(quotation, inside)
    if share < _FOUND and boxes:
        return [Box(box.left, box.top, box.right, box.bottom) for box in boxes]
    return list(_lines([inside[i] for i in found]))


def _within(box: Box, boxes: Sequence[PageBox]) -> bool:
    x, y = (box.x0 + box.x1) / 2, box.middle
    return any(
        place.left - _AROUND <= x <= place.right + _AROUND
        and place.top - _AROUND <= y <= place.bottom + _AROUND
        for place in boxes
    )


def _found(quotation: str, glyphs: Sequence[Glyph]) -> tuple[list[int], float]:
    """Positions of the characters that make the quotation, and what share of it they are."""
    folded = fold_aligned("".join(glyph.text for glyph in glyphs))
    kept = [i for i, character in enumerate(folded.text) if not character.isspace()]
    text = "".join(folded.text[i] for i in kept)
    wanted = squeeze(quotation)
    used: set[int] = set()
    matched, at, end = 0, 0, 0
    while at < len(wanted):
        length = _longest(wanted, at, text)
        if length < min(_SHORTEST_PIECE, len(wanted)):
            at += 1
            continue
        piece = wanted[at : at + length]
        start = text.find(piece, end)
        start = start if start >= 0 else text.find(piece)
        end = start + length
        used.update(int(folded.offsets[i]) for i in kept[start:end])
        matched += length
        at += length
    return sorted(used), matched / len(wanted) if wanted else 0.0


def _longest(wanted: str, at: int, text: str) -> int:
    """How many characters of `wanted` from `at` on stand together somewhere in `text`."""
    low, high = 0, len(wanted) - at
    while low < high:
        middle = (low + high + 1) // 2
        if wanted[at : at + middle] in text:
            low = middle
        else:
            high = middle - 1
    return low


def _lines(glyphs: Sequence[Glyph]) -> Iterator[Box]:
    """A rectangle for each line that `glyphs` stand on."""
    open_box: Box | None = None
    for glyph in glyphs:
        if open_box is not None and on_line(open_box, glyph.box):
            gap = max(glyph.box.x0 - open_box.x1, open_box.x0 - glyph.box.x1)
            if gap <= _GAP * glyph.size:
                open_box = around([open_box, glyph.box])
                continue
        if open_box is not None:
            yield open_box
        open_box = glyph.box
    if open_box is not None:
        yield open_box
