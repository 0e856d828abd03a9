"""How a document is set: the size of its text, the distance of its lines, their edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from rag.reading.paged.values import Line

# Shares of the size of the type, of the usual distance of lines, of the page.
_SAME_SIZE = 0.12
WIDER_GAP = 1.5
_SHARE_OF_TEXT = 0.25
_LONG = 0.55
_FEWEST_LONG = 8


@dataclass(frozen=True, slots=True)
class Type:
    """The usual type of a document: size of its text and distance of its lines, in points."""

    size: float
    pitch: float


def usual_type(pages: Sequence[Sequence[Line]]) -> Type:
    """Size and line distance of the text: the largest size that much of it is set in, as
    abstracts and references may take more room than the text itself."""
    sizes: Counter[float] = Counter()
    distances: list[float] = []
    for lines in pages:
        for line in lines:
            if not line.row:
                sizes[round(line.size * 2) / 2] += len(line.text)
        distances += [
            second.box.y0 - first.box.y0
            for first, second in pairwise(lines)
            if _same_column(first, second) and not second.row
        ]
    total = sum(sizes.values())
    size = max((s for s, count in sizes.items() if count >= _SHARE_OF_TEXT * total), default=10.0)
    usual = [d for d in distances if 0.8 * size <= d <= 3 * size]
    return Type(size, median(usual) if usual else 1.5 * size)


def _same_column(first: Line, second: Line) -> bool:
    return (
        first.page == second.page
        and (first.x0, first.x1) == (second.x0, second.x1)
        and second.box.y0 > first.box.y0
    )


def with_usual_edges(
    pages: Sequence[Sequence[Line]], sizes: Sequence[tuple[float, float]]
) -> list[list[Line]]:
    """Lines that stand in no column have the edges that most of the long ones reach on pages
    of that width, so that a wide table or a page with little text does not shift them."""
    result = [list(page) for page in pages]
    for width in {round(size[0]) for size in sizes}:
        alike = [i for i, size in enumerate(sizes) if round(size[0]) == width]
        long = [line.box for i in alike for line in pages[i]
                if not line.row and line.box.width >= _LONG * width]  # fmt: skip
        if len(long) < _FEWEST_LONG:
            continue
        left = float(Counter(round(box.x0) for box in long).most_common(1)[0][0])
        right = float(Counter(round(box.x1) for box in long).most_common(1)[0][0])
        for i in alike:
            result[i] = [
                replace(line, x0=left, x1=right) if line.x1 - line.x0 >= _LONG * width else line
                for line in pages[i]
            ]
    return result


def block_edges(lines: Sequence[Line], kind: Type) -> tuple[list[float], list[float]]:
    """The left and right edge of the block of lines that each line stands in: lines of one size
    that follow each other closely. Few lines have the edges of their column."""
    lefts = [line.x0 for line in lines]
    rights = [line.x1 for line in lines]
    start = 0
    for end in range(1, len(lines) + 1):
        if end < len(lines) and _close(lines[end - 1], lines[end], kind):
            continue
        block = lines[start:end]
        right = max(line.box.x1 for line in block)
        full = sum(line.box.x1 >= right - line.size for line in block)
        if len(block) >= 3 and full >= 2:
            rights[start:end] = [right] * len(block)
            lefts[start:end] = [_left(block)] * len(block)
        start = end
    return lefts, rights


def _left(block: Sequence[Line]) -> float:
    """Where the lines of a block begin: where most of them do, as one may have a number in the
    margin; else where the first from the left does."""
    starts = sorted(line.box.x0 for line in block)
    size = block[0].size
    most = (x for x in starts if 2 * sum(x <= other <= x + size for other in starts) > len(starts))
    return next(most, starts[0])


def _close(first: Line, second: Line, kind: Type) -> bool:
    return (
        _same_column(first, second)
        and not second.row
        and not first.row
        and same_size(first, second)
        and second.box.y0 - first.box.y0 <= WIDER_GAP * max(kind.pitch, first.size)
    )


def same_size(first: Line, second: Line) -> bool:
    """Whether two lines are set in type of about the same size."""
    return abs(first.size - second.size) <= _SAME_SIZE * max(first.size, second.size)
