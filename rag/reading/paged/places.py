"""Where on its pages a block stands."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from rag.reading.paged.values import Line
from rag.types import PageBox

# Lines further apart than this share of the height of what stands above are marked by themselves.
_APART = 3.0


def places(lines: Sequence[Line]) -> list[PageBox]:
    """The rectangles around `lines`, in whole points; lines below each other share one."""
    return merged(
        [
            PageBox(
                line.page,
                max(0, floor(line.box.x0)),
                max(0, floor(line.box.y0)),
                max(0, ceil(line.box.x1)),
                max(0, ceil(line.box.y1)),
            )
            for line in lines
        ]
    )


def merged(boxes: Sequence[PageBox]) -> list[PageBox]:
    """Boxes in reading order, each with the one directly below it as one.

    >>> merged([PageBox(1, 10, 10, 90, 20), PageBox(1, 5, 24, 50, 34)])
    [PageBox(page=1, left=5, top=10, right=90, bottom=34)]
    """
    result: list[PageBox] = []
    height = 0
    for box in boxes:
        last = result[-1] if result else None
        if last is not None and _goes_on(last, box, height):
            result[-1] = PageBox(
                last.page,
                min(last.left, box.left),
                min(last.top, box.top),
                max(last.right, box.right),
                max(last.bottom, box.bottom),
            )
        else:
            result.append(box)
            height = box.bottom - box.top
    return result


def _goes_on(last: PageBox, box: PageBox, height: int) -> bool:
    return (
        last.page == box.page
        and last.top <= box.top
        and box.top - last.bottom <= _APART * height
        and min(last.right, box.right) > max(last.left, box.left)
    )
