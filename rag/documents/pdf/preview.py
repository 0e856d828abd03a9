"""A page drawn as a picture, with the places of a quotation on it.

The picture of a page, and where a quotation stands on it.

The page is drawn in a process of its own, which ends when it takes too long or too much memory:
a damaged file may hang, swell or crash the library that draws it.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from rag.documents.load import read_bytes
from rag.documents.pdf.characters import Box, Glyph, Raster, around, on_line
from rag.documents.pdf.ocr import draw_image
from rag.documents.pdf.pdfium import draw_page
from rag.documents.workers import child_environment, limit_memory
from rag.errors import DocumentError, UnreadableDocument
from rag.settings import Reading
from rag.text.normalize import fold_aligned, squeeze
from rag.types import PageBox

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2


def write_png(raster: Raster) -> bytes:
    """A picture as a PNG file.

    Source: Portable Network Graphics (PNG) Specification, Third Edition, W3C 2025.
    """
    stride = 3 * raster.width
    rows = b"".join(
        b"\0" + raster.pixels[i : i + stride] for i in range(0, len(raster.pixels), stride)
    )
    head = struct.pack(">IIBBBBB", raster.width, raster.height, 8, _TRUE_COLOUR, 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _part(b"IHDR", head), _part(b"IDAT", zlib.compress(rows, 6)), _part(b"IEND"))
    )


def _part(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


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
    shown = [glyph for glyph in glyphs if glyph.text]
    inside = [glyph for glyph in shown if _within(glyph.box, boxes)] if boxes else shown
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


MOST_PIXELS = 4_000_000
"""A picture has no more: an A4 page is then 1,680 pixels wide."""
MAX_SECONDS = 20
_MAX_MEMORY_BYTES = 2_000_000_000
# A PDF file says so somewhere at its head.
_PDF, _HEAD_BYTES = b"%PDF-", 1024
_COMMAND = "from rag.documents.pdf.preview import serve; serve()"
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
    boxes = found.boxes
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
