"""PDF files into pages of placed characters, and pictures of pages. Third party: pypdfium2."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

from rag.errors import UnreadableDocument
from rag.reading.paged.values import Bookmark, Box, Drawn, Glyph, Page, Raster

# A path this thin is a ruling line, points.
_THIN = 4.0
_SHORTEST_RULE = 6.0
_MOST_OBJECTS = 20_000
_BOLD_WEIGHT = 600
_INVISIBLE = re.compile("[\x00-\x20\x7f\xad\u200b-\u200f\ufeff\ufffe\uffff\ue000-\uf8ff]|\\s")
_CREATED = re.compile(r"D:(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class Paged:
    """The pages of a file, what it says about itself, and its outline. `created` is
    `YYYY-MM-DD` or None."""

    pages: tuple[Page, ...]
    title: str | None
    created: str | None
    bookmarks: tuple[Bookmark, ...]


def parse_pdf(data: bytes, max_pages: int) -> Paged:
    """The pages of a PDF file.

    Raises:
        UnreadableDocument: encrypted, damaged, no PDF, or more than `max_pages` pages.
    """
    with _opened(data) as pdf:
        count = len(pdf)
        if count > max_pages:
            raise UnreadableDocument(
                f"the file has {count:,} pages, the limit is {max_pages:,}; raise "
                "reading.max_pages, or split the file"
            )
        facts = pdf.get_metadata_dict(skip_empty=True)
        created = _CREATED.match(facts.get("CreationDate", ""))
        return Paged(
            tuple(_page(pdf, i) for i in range(count)),
            facts.get("Title", "").strip() or None,
            "-".join(created.groups()) if created else None,
            tuple(_bookmarks(pdf, count)),
        )


def draw_page(data: bytes, number: int, width: int, max_pixels: int) -> Drawn:
    """The page `number`, from 1, of a PDF file, drawn `width` pixels wide, or less where it
    would have more than `max_pixels`.

    Raises:
        UnreadableDocument: encrypted, damaged, no PDF, or it has no such page.
    """
    with _opened(data) as pdf:
        if not 1 <= number <= len(pdf):
            raise UnreadableDocument(f"there is no page {number}; the file has {len(pdf):,}")
        placed = _page(pdf, number - 1)
        page = pdf[number - 1]
        try:
            most = sqrt(max_pixels / max(1.0, placed.width * placed.height))
            scale = min(width / max(1.0, placed.width), most)
            bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True)
            rows = memoryview(bitmap.buffer).cast("B")
            wide, stride = 3 * bitmap.width, bitmap.stride
            pixels = b"".join(rows[i * stride :][:wide] for i in range(bitmap.height))
            return Drawn(placed, Raster(bitmap.width, bitmap.height, pixels), scale)
        finally:
            page.close()


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """The file, open; what pdfium finds wrong with it is an `UnreadableDocument`."""
    import pypdfium2

    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise UnreadableDocument(_reason(str(error))) from None
    try:
        yield pdf
    except pypdfium2.PdfiumError as error:
        raise UnreadableDocument(f"the PDF is damaged: {error}") from None
    finally:
        pdf.close()


def _reason(error: str) -> str:
    if "assword" in error or "ecurity" in error:
        return "the PDF is encrypted; save it without a password to read it"
    return f"the PDF is damaged, truncated or no PDF at all ({error})"


def _page(pdf: Any, index: int) -> Page:
    page = pdf[index]
    try:
        width, height = page.get_size()
        turn = page.get_rotation()
        user_width, user_height = (height, width) if turn in (90, 270) else (width, height)
        left, bottom, *_ = page.get_bbox()
        place = _Place(turn, left, bottom, user_width, user_height)
        glyphs = tuple(_glyphs(page, place))
        rules, pictured, drawn = _objects(page, place)
        share = min(1.0, pictured / max(1.0, width * height))
        return Page(index + 1, width, height, glyphs, rules, share, drawn)
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """From the coordinates of a page's content to those of the page as it is shown."""

    turn: int
    left: float
    bottom: float
    width: float
    height: float

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        x0, x1 = left - self.left, right - self.left
        y0, y1 = bottom - self.bottom, top - self.bottom
        if self.turn == 90:
            return Box(y0, x0, y1, x1)
        if self.turn == 180:
            return Box(self.width - x1, y0, self.width - x0, y1)
        if self.turn == 270:
            return Box(self.height - y1, self.width - x1, self.height - y0, self.width - x0)
        return Box(x0, self.height - y1, x1, self.height - y0)


def _glyphs(page: Any, place: _Place) -> Iterator[Glyph]:
    """The visible characters of a page, in the order of the file."""
    from pypdfium2 import raw

    textpage = page.get_textpage()
    try:
        handle, rectangle = textpage.raw, raw.FS_RECTF()
        pointer = ctypes.byref(rectangle)
        spaced = False
        for i in range(textpage.count_chars()):
            text = chr(raw.FPDFText_GetUnicode(handle, i))
            if _INVISIBLE.match(text) or "\ud800" <= text <= "\udfff":
                spaced = spaced or not raw.FPDFText_IsGenerated(handle, i) or text == " "
                continue
            raw.FPDFText_GetLooseCharBox(handle, i, pointer)
            box = place.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            if box.height > 0:
                bold = raw.FPDFText_GetFontWeight(handle, i) >= _BOLD_WEIGHT
                yield Glyph(text, box, _size(raw, handle, i, box.height), bold, spaced)
                spaced = False
    finally:
        textpage.close()


def _size(raw: Any, handle: Any, index: int, height: float) -> float:
    """The size of a character's type as it is shown: some programs set everything in size 1
    and enlarge it."""
    size = float(raw.FPDFText_GetFontSize(handle, index))
    if not 0.5 * height <= size <= 1.6 * height:
        matrix = raw.FS_MATRIX()
        if raw.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix)):
            size *= hypot(matrix.c, matrix.d)
    return size if 0.2 * height <= size <= 5 * height else height


def _objects(page: Any, place: _Place) -> tuple[tuple[Box, ...], float, int]:
    """The ruling lines of a page, the area of its largest picture, at least 1 if there is any,
    and how many lines and shapes are drawn on it."""
    from pypdfium2 import raw

    rules: list[Box] = []
    pictured, drawn = 0.0, 0
    for number, item in enumerate(page.get_objects(max_depth=3)):
        if number >= _MOST_OBJECTS:
            break
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            box = place.box(*item.get_bounds())
            pictured = max(pictured, 1.0, box.width * box.height)
        elif item.type == raw.FPDF_PAGEOBJ_PATH:
            drawn += 1
            box = place.box(*item.get_bounds())
            if min(box.width, box.height) <= _THIN:
                if max(box.width, box.height) >= _SHORTEST_RULE:
                    rules.append(box)
            elif raw.FPDFPath_CountSegments(item.raw) in (4, 5) and _stroked(item):
                rules += _edges(box)
    return tuple(rules), pictured, drawn


def _stroked(item: Any) -> bool:
    from pypdfium2 import raw

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item.raw, ctypes.byref(fill), ctypes.byref(stroke))
    return bool(stroke.value)


def _edges(box: Box) -> list[Box]:
    return [
        Box(box.x0, box.y0, box.x1, box.y0),
        Box(box.x0, box.y1, box.x1, box.y1),
        Box(box.x0, box.y0, box.x0, box.y1),
        Box(box.x1, box.y0, box.x1, box.y1),
    ]


def _bookmarks(pdf: Any, pages: int) -> Iterator[Bookmark]:
    for entry in pdf.get_toc():
        target = entry.get_dest()
        index = target.get_index() if target else None
        title = entry.get_title().strip()
        if title and index is not None and 0 <= index < pages:
            yield Bookmark(title, entry.level, index + 1)
