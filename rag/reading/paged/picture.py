"""The picture of a page, and where a quotation stands on it.

The page is drawn in a process of its own, which ends when it takes too long or too much memory:
a damaged file may hang, swell or crash the library that draws it.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from rag.errors import DocumentError, UnreadableDocument
from rag.reading.child import child_environment, limit_memory
from rag.reading.load import read_bytes
from rag.reading.paged.marking import marks
from rag.reading.paged.values import Box
from rag.reading.parsers.images import draw_image
from rag.reading.parsers.pdf import draw_page
from rag.reading.parsers.png import write_png
from rag.settings import Reading
from rag.types import PageBox

MOST_PIXELS = 4_000_000
"""A picture has no more: an A4 page is then 1,680 pixels wide."""
MAX_SECONDS = 20
_MAX_MEMORY_BYTES = 2_000_000_000
# A PDF file says so somewhere at its head.
_PDF, _HEAD_BYTES = b"%PDF-", 1024
_COMMAND = "from rag.reading.paged.picture import serve; serve()"
_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as a PNG file of `width` by `height` pixels; `boxes` are the rectangles of the
    quotation on it, in pixels from its upper left corner, in reading order."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...]


def page_picture(
    source: Path | bytes, page: int, quotation: str, width: int, blocks: Sequence[PageBox] = ()
) -> PagePicture:
    """Page `page`, from 1, of a PDF file or a picture, `width` pixels wide, or less where it
    would have more than `MOST_PIXELS`. `quotation` is what of the text is to be marked; the part
    of it that stands on this page is. `blocks` are the boxes of the blocks that it is taken from:
    they help to find it, and those of this page are marked where its characters cannot be found.

    Raises:
        ValueError: `width` is less than 1.
        UnreadableDocument: neither, encrypted, damaged, no such page, or drawing it takes longer
            than `MAX_SECONDS` or too much memory.
    """
    if width < 1:
        raise ValueError(f"a picture cannot be {width} pixels wide; the least is 1")
    data = source if isinstance(source, bytes) else read_bytes(source, Reading())
    own = [astuple(box) for box in blocks if box.page == page]
    head = json.dumps([page, quotation, width, own]).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND],
            input=_LENGTH.pack(len(head)) + head + data,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=True,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired:
        raise UnreadableDocument(f"page {page} takes more than {MAX_SECONDS} s to draw") from None
    except subprocess.CalledProcessError as error:
        raise UnreadableDocument(
            f"page {page} cannot be drawn (exit code {error.returncode})"
        ) from None
    line, _, png = done.stdout.partition(b"\n")
    found = json.loads(line)
    if isinstance(found, str):
        raise UnreadableDocument(found)
    wide, high, boxes = found
    return PagePicture(png, wide, high, tuple(Box(*box) for box in boxes))


def serve() -> None:
    """Draws the page that is asked for on stdin; the result goes to stdout."""
    limit_memory(_MAX_MEMORY_BYTES)
    (length,) = _LENGTH.unpack(sys.stdin.buffer.read(_LENGTH.size))
    page, quotation, width, blocks = json.loads(sys.stdin.buffer.read(length))
    try:
        found = _picture(
            sys.stdin.buffer.read(), page, quotation, width, [PageBox(*box) for box in blocks]
        )
    except DocumentError as error:
        sys.stdout.buffer.write(json.dumps(str(error)).encode() + b"\n")
        return
    boxes = [astuple(box) for box in found.boxes]
    head = json.dumps([found.width, found.height, boxes])
    sys.stdout.buffer.write(head.encode() + b"\n" + found.png)


def _picture(
    data: bytes, page: int, quotation: str, width: int, blocks: Sequence[PageBox]
) -> PagePicture:
    draw = draw_page if _PDF in data[:_HEAD_BYTES] else draw_image
    drawn = draw(data, page, width, MOST_PIXELS)
    scale = drawn.scale
    boxes = tuple(
        Box(scale * box.x0, scale * box.y0, scale * box.x1, scale * box.y1)
        for box in marks(quotation, drawn.page.glyphs, blocks)
    )
    return PagePicture(write_png(drawn.raster), drawn.raster.width, drawn.raster.height, boxes)
