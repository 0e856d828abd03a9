"""PDF files into pages of placed characters, and pictures of pages. Third party: pypdfium2."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import degrees, hypot, sqrt
from typing import Any

from rag.documents.formats.symbols import in_font, symbol
from rag.errors import UnreadableDocument
from rag.reading.paged.values import Bookmark, Box, Drawn, Glyph, Page, Raster

# A path this thin is a ruling line, points.
_THIN = 4.0
_SHORTEST_RULE = 6.0
_MOST_OBJECTS = 20_000
_BOLD_WEIGHT = 600
_INVISIBLE = re.compile("[\x00-\x20\x7f\xad\u200b-\u200f\ufeff\ufffe\uffff]|\\s")
_HYPHENS = ("\x02", "\ufffe")
_HIGH_HALF, _LOW_HALF, _PRIVATE, _LAST_PRIVATE = 0xD800, 0xDC00, 0xE000, 0xF8FF
# What signs of symbol fonts are read as where the file does not say better: ticks, boxes, bullets.
_SYMBOLIC = frozenset("þýüû¨£§qonlu\u00d8vwRPS")
_LONGEST_NAME = 128
# A character box higher than this share of the size of its type is none; where type stands on its
# line, as a share of its size.
_TALL, _DESCENT = 2.5, 0.12
# Characters are as wide as Chinese ones from this share of the height of their box on; so many of
# one font tell that its map is wrong.
_WIDE, _FEWEST_WIDE, _BEYOND_LATIN = 0.65, 10, 0x250
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CHINESE_FONT = re.compile(
    r"sim(?:sun|hei|kai|fang|li|you)|song|hei(?:ti)?\b|kai(?:ti)?\b|fang ?song|ming(?:liu)?|yahei|"
    r"pingfang|cjk|sourcehan|\bst(?:xi|zhong|li|hu|cai)|^(?:[A-Z]{6}\+)?(?:FZ|HY|DF|MHei|HT_|E-BX?)|"
    r"[\u4e00-\u9fff]",
    re.IGNORECASE,
)
_MOST_ANNOTATIONS, _LONGEST_STRING = 10_000, 200_000
_TYPED = 12.0  # the size of type in a field of a form, where it has room, points
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
        if pdf.get_formtype() != pypdfium2.raw.FORMTYPE_NONE:
            pdf.init_forms()
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
        values, notes = _annotations(pdf, page, place)
        glyphs = (*_glyphs(page, place), *values)
        rules, pictured, drawn = _objects(page, place)
        share = min(1.0, pictured / max(1.0, width * height))
        return Page(index + 1, width, height, glyphs, rules, share, drawn, notes=notes)
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
        codes = [raw.FPDFText_GetUnicode(handle, i) for i in range(textpage.count_chars())]
        misleading = _misleading_fonts(raw, handle, codes)
        spaced = False
        for i, text, mapped in _characters(raw, handle, codes):
            if not text:
                spaced = True
                continue
            raw.FPDFText_GetLooseCharBox(handle, i, pointer)
            box = place.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            if box.height <= 0:
                continue
            size = _size(raw, handle, i, box.height)
            angle = round(degrees(raw.FPDFText_GetCharAngle(handle, i)))
            if angle == 0 and rectangle.top - rectangle.bottom > _TALL * size:
                box = _type_box(raw, handle, i, place, size)
            known = mapped and raw.FPDFText_HasUnicodeMapError(handle, i) != 1
            own = text
            if misleading or text in _SYMBOLIC:
                font = _font(raw, handle, i)
                known = known and font not in misleading
                own = in_font(text, font)
            bold = raw.FPDFText_GetFontWeight(handle, i) >= _BOLD_WEIGHT
            yield Glyph(own, box, size, bold, spaced, (angle + place.turn) % 360, known)
            spaced = False
    finally:
        textpage.close()


def _characters(raw: Any, handle: Any, codes: Sequence[int]) -> Iterator[tuple[int, str, bool]]:
    """The visible characters by their place, and whether it is certain that they are these; the
    empty text for white space. A character beyond U+FFFF comes as two halves."""
    half = 0
    for i, code in enumerate(codes):
        if _HIGH_HALF <= code < _LOW_HALF:
            half = code
            continue
        if _LOW_HALF <= code < _PRIVATE:
            if half:
                text = chr(0x10000 + ((half - _HIGH_HALF) << 10) + (code - _LOW_HALF))
                yield i - 1, text, True
            half = 0
            continue
        text = chr(code)
        if text in _HYPHENS and raw.FPDFText_IsHyphen(handle, i) == 1:
            yield i, "-", True  # at the end of a line
        elif _PRIVATE <= code <= _LAST_PRIVATE:
            own = symbol(code, _font(raw, handle, i))
            yield i, own or "\ufffd", own is not None
        elif _INVISIBLE.match(text):
            if text == " " or not raw.FPDFText_IsGenerated(handle, i):
                yield i, "", True
        else:
            yield i, text, not 0x7F <= code < 0xA0


def _font(raw: Any, handle: Any, index: int) -> str:
    """The name of a character's font."""
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    raw.FPDFText_GetFontInfo(handle, index, name, _LONGEST_NAME, ctypes.byref(ctypes.c_int()))
    return name.value.decode("utf-8", "replace")


def _misleading_fonts(raw: Any, handle: Any, codes: Sequence[int]) -> frozenset[str]:
    """Chinese fonts whose map gives no Chinese character on this page, but Latin ones as wide as
    those: it names the wrong characters."""
    rectangle = raw.FS_RECTF()
    wide: list[int] = []
    for i, code in enumerate(codes):
        if 0x20 < code < _BEYOND_LATIN:
            raw.FPDFText_GetLooseCharBox(handle, i, ctypes.byref(rectangle))
            if rectangle.right - rectangle.left >= _WIDE * (rectangle.top - rectangle.bottom):
                wide.append(i)
    if len(wide) < _FEWEST_WIDE:
        return frozenset()
    widths = Counter(name for i in wide if _CHINESE_FONT.search(name := _font(raw, handle, i)))
    totals: Counter[str] = Counter()
    chinese: set[str] = set()
    for i, code in enumerate(codes) if widths else ():
        name = _font(raw, handle, i)
        totals[name] += 1
        if _CHINESE.match(chr(code)):
            chinese.add(name)
    return frozenset(
        name for name, n in widths.items() if name not in chinese and 2 * n >= totals[name]
    )


def _type_box(raw: Any, handle: Any, index: int, place: _Place, size: float) -> Box:
    """The box of a character whose font says that all of its characters are many times as high,
    as some office programs write: as high as its type, on its line."""
    x, y, rectangle = ctypes.c_double(), ctypes.c_double(), raw.FS_RECTF()
    raw.FPDFText_GetCharOrigin(handle, index, ctypes.byref(x), ctypes.byref(y))
    raw.FPDFText_GetLooseCharBox(handle, index, ctypes.byref(rectangle))
    bottom = y.value - _DESCENT * size
    return place.box(rectangle.left, bottom, rectangle.right, bottom + size)


def _size(raw: Any, handle: Any, index: int, height: float) -> float:
    """The size of a character's type as it is shown: some programs set everything in size 1
    and enlarge it."""
    size = float(raw.FPDFText_GetFontSize(handle, index))
    if not 0.5 * height <= size <= 1.6 * height:
        matrix = raw.FS_MATRIX()
        if raw.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix)):
            size *= hypot(matrix.c, matrix.d)
    return size if 0.05 * height <= size <= 5 * height else height


def _annotations(
    pdf: Any, page: Any, place: _Place
) -> tuple[list[Glyph], tuple[tuple[str, Box], ...]]:
    """What is put on a page: the values of its form fields as characters in their fields, and the
    remarks of people with their places."""
    from pypdfium2 import raw

    values: list[Glyph] = []
    notes: list[tuple[str, Box]] = []
    form = pdf.formenv.raw if pdf.formenv is not None else None
    rectangle = raw.FS_RECTF()
    for i in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, i)
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle)):
            edges = (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            box = place.box(min(edges[::2]), min(edges[1::2]), max(edges[::2]), max(edges[1::2]))
            if kind == raw.FPDF_ANNOT_WIDGET:
                values += _typed(_value(raw, form, annotation), box)
            elif kind not in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP):
                text = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
                if text := " ".join(text.split()):
                    notes.append((text, box))
        raw.FPDFPage_CloseAnnot(annotation)
    return values, tuple(notes)


def _string(get: Callable[..., int], *arguments: Any) -> str:
    """A text of pdfium's, which is asked for its length first; UTF-16."""
    length = get(*arguments, None, 0)
    if not 2 < length <= _LONGEST_STRING:
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    get(*arguments, buffer, length)
    return bytes(buffer)[: length - 2].decode("utf-16-le", "replace")


def _value(raw: Any, form: Any, annotation: Any) -> str:
    """What a field of a form shows: its text, or its box."""
    if form is None:
        return _string(raw.FPDFAnnot_GetStringValue, annotation, b"V")
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return "☑" if raw.FPDFAnnot_IsChecked(form, annotation) else "□"
    if kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE):
        return ""
    return _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _typed(text: str, box: Box) -> Iterator[Glyph]:
    """A value as characters that fill its field from the left, line by line from the top."""
    lines = text.splitlines()
    if not text.strip() or box.height <= 0:
        return
    widest = max(sum(0.5 if c.isascii() else 1.0 for c in line) for line in lines)
    size = min(_TYPED, box.height / len(lines), max(box.width / max(widest, 1.0), 1.0))
    top = box.middle - size * len(lines) / 2
    for number, line in enumerate(lines):
        x, y, spaced = box.x0, top + number * size, False
        for character in line:
            width = size / 2 if character.isascii() else size
            if character.isspace():
                spaced = True
            else:
                yield Glyph(character, Box(x, y, x + width, y + size), size, False, spaced)
                spaced = False
            x += width


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
