"""PDF files into pages of placed characters, and pictures of pages. Third party: pypdfium2."""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from math import degrees, hypot, sqrt
from typing import Any

from rag.documents.formats.formulas import in_font, symbol
from rag.documents.pdf.characters import (
    Bookmark,
    Box,
    Drawn,
    Glyph,
    Note,
    Page,
    PlacedPicture,
    Raster,
    around,
)
from rag.errors import UnreadableDocument

# A path this thin is a ruling line, points.
_THIN = 4.0
_SHORTEST_RULE = 6.0
_MOST_OBJECTS = 20_000
_DEEPEST_FORM = 3
# Pictures whose shorter side is less are signs and parts of lines, points; of more pictures than
# this on a page the rest is not looked at by itself; larger ones are not told apart by their bytes.
_SIGN, _MOST_FIGURES, _MOST_CONTENT = 18.0, 300, 30_000_000
_TOUCHING = 1.5  # parts of one picture, points
# A line that strikes out: at most so thick, points, and as a share of the size of type; between
# these shares of the height of the characters, as far as which it reaches, within this share of the
# size of type, and which fill so much of it. Lines through characters of a larger size are none.
_STRIKE, _THICK, _ABOVE, _BELOW, _BESIDE, _COVERED = 2.0, 0.15, 0.38, 0.72, 0.4, 0.75
_MOST_CROSSED = 2_000
# Shapes of so many lines and curves together, so wide and high, are a drawing, points.
_FEWEST_SEGMENTS, _SMALLEST_DRAWING = 24, 50.0
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
    """The pages of a file, what it says about itself, its outline, and how many files are attached
    to it. `created` is `YYYY-MM-DD` or None."""

    pages: tuple[Page, ...]
    title: str | None
    created: str | None
    bookmarks: tuple[Bookmark, ...]
    attached: int = 0


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
            max(0, pdf.count_attachments()),
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
        values, notes, crossed = _annotations(pdf, page, place)
        objects = _objects(page, place)
        glyphs, struck = _unstruck(_glyphs(page, place), crossed, objects.rules)
        areas = (max(1.0, one.box.width * one.box.height) for one in objects.figures)
        share = min(1.0, max(areas, default=0.0) / max(1.0, width * height))
        return Page(
            index + 1, width, height, (*glyphs, *values), tuple(objects.rules), share,
            objects.drawn, tuple(_whole_figures(objects)), notes, struck, objects.drawing(),
            objects.lost,
        )  # fmt: skip
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
        if not self.turn:
            return Box(x0, self.height - y1, x1, self.height - y0)
        if self.turn == 90:
            return Box(y0, x0, y1, x1)
        if self.turn == 180:
            return Box(self.width - x1, y0, self.width - x0, y1)
        return Box(self.height - y1, self.width - x1, self.height - y0, self.width - x0)


def _glyphs(page: Any, place: _Place) -> list[Glyph]:
    """The visible characters of a page, in the order of the file."""
    from pypdfium2 import raw

    textpage = page.get_textpage()
    try:
        handle, rectangle = textpage.raw, raw.FS_RECTF()
        pointer = ctypes.byref(rectangle)
        codes = [raw.FPDFText_GetUnicode(handle, i) for i in range(textpage.count_chars())]
        box_of, angle_of = raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharAngle
        error_of, weight_of = raw.FPDFText_HasUnicodeMapError, raw.FPDFText_GetFontWeight
        glyphs: list[Glyph] = []
        places: list[int] = []
        wide: list[int] = []
        spaced = False
        for i, text, mapped in _characters(raw, handle, codes):
            if not text:
                spaced = True
                continue
            box_of(handle, i, pointer)
            box = place.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            height = box.y1 - box.y0
            if height <= 0:
                continue
            upright = rectangle.top - rectangle.bottom
            if codes[i] < _BEYOND_LATIN and rectangle.right - rectangle.left >= _WIDE * upright:
                wide.append(i)
            size = _size(raw, handle, i, height)
            angle = angle_of(handle, i)
            angle = round(degrees(angle)) if angle else 0
            if angle == 0 and upright > _TALL * size:
                box = _type_box(raw, handle, i, place, size)
            known = mapped and error_of(handle, i) != 1
            own = in_font(text, _font(raw, handle, i)) if text in _SYMBOLIC else text
            bold = weight_of(handle, i) >= _BOLD_WEIGHT
            glyphs.append(Glyph(own, box, size, bold, spaced, (angle + place.turn) % 360, known))
            places.append(i)
            spaced = False
        if misleading := _misleading_fonts(raw, handle, codes, wide):
            for at, i in enumerate(places):
                if _font(raw, handle, i) in misleading:
                    glyphs[at] = glyphs[at]._replace(mapped=False)
        return glyphs
    finally:
        textpage.close()


def _characters(raw: Any, handle: Any, codes: Sequence[int]) -> Iterator[tuple[int, str, bool]]:
    """The visible characters by their place, and whether it is certain that they are these; the
    empty text for white space. A character beyond U+FFFF comes as two halves."""
    half = 0
    for i, code in enumerate(codes):
        if 0x20 < code < 0x7F or 0x3000 < code < _HIGH_HALF:  # most of them
            yield i, chr(code), True
            continue
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


def _misleading_fonts(
    raw: Any, handle: Any, codes: Sequence[int], wide: Sequence[int]
) -> frozenset[str]:
    """Chinese fonts whose map gives no Chinese character on this page, but Latin ones as wide as
    those: it names the wrong characters. `wide` are the places of all that are."""
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
) -> tuple[list[Glyph], tuple[Note, ...], list[Box]]:
    """What is put on a page: the values of its form fields as characters in their fields, the
    remarks of people with their places, and the places that they strike out."""
    from pypdfium2 import raw

    values: list[Glyph] = []
    notes: list[Note] = []
    crossed: list[Box] = []
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
                    notes.append(Note(text, box))
            if kind == raw.FPDF_ANNOT_STRIKEOUT:
                crossed += _quads(raw, annotation, place) or [box]
        raw.FPDFPage_CloseAnnot(annotation)
    return values, tuple(notes), crossed


def _quads(raw: Any, annotation: Any, place: _Place) -> list[Box]:
    """The places that an annotation of text covers, one for each line."""
    points = raw.FS_QUADPOINTSF()
    found: list[Box] = []
    for i in range(min(raw.FPDFAnnot_CountAttachmentPoints(annotation), _MOST_ANNOTATIONS)):
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, i, ctypes.byref(points)):
            xs = (points.x1, points.x2, points.x3, points.x4)
            ys = (points.y1, points.y2, points.y3, points.y4)
            found.append(place.box(min(xs), min(ys), max(xs), max(ys)))
    return found


def _unstruck(
    glyphs: Sequence[Glyph], crossed: Sequence[Box], rules: Sequence[Box]
) -> tuple[list[Glyph], int]:
    """The characters, those that are struck out without their text, and how many these are: by an
    annotation, or by a line through their middles, which begins and ends with them, as office
    programs draw it."""
    struck: set[int] = set()
    order = sorted(range(len(glyphs)), key=lambda i: glyphs[i].box.middle)
    middles = [glyphs[i].box.middle for i in order]
    reach = max(0.5 - _ABOVE, _BELOW - 0.5) * max((g.box.height for g in glyphs), default=0.0)

    def standing(top: float, bottom: float, box: Box) -> list[int]:
        """The characters whose middle lies between these heights and in the width of the box."""
        near = order[bisect_left(middles, top) : bisect_right(middles, bottom)]
        return [i for i in near if box.x0 <= (glyphs[i].box.x0 + glyphs[i].box.x1) / 2 <= box.x1]

    for box in crossed[:_MOST_CROSSED]:
        struck.update(standing(box.y0, box.y1, box))
    lines = (box for box in rules if box.height <= _STRIKE and box.width >= _SHORTEST_RULE)
    for box in islice(lines, _MOST_CROSSED):
        y = box.middle
        own = [i for i in standing(y - reach, y + reach, box) if _through(y, glyphs[i])]
        if own:
            size = max(glyphs[i].size for i in own)
            ends = around([glyphs[i].box for i in own])
            wide = sum(glyphs[i].box.width for i in own)
            near = max(abs(ends.x0 - box.x0), abs(ends.x1 - box.x1)) <= _BESIDE * size
            if near and wide >= _COVERED * box.width and box.height <= _THICK * size:
                struck.update(own)
    if not struck:
        return list(glyphs), 0
    kept = [glyph._replace(text="") if i in struck else glyph for i, glyph in enumerate(glyphs)]
    return kept, len(struck)


def _through(y: float, glyph: Glyph) -> bool:
    """Whether a line at this height runs through the middle of a character."""
    share = (y - glyph.box.y0) / glyph.box.height
    return _ABOVE <= share <= _BELOW and glyph.angle == 0


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


@dataclass(slots=True)
class _AbsentFont:
    """A font that the file does not hold: texts of it that have no width, and one that has some and
    no height, None where there is none."""

    lone: int = 0
    flat: Any = None


@dataclass(slots=True)
class _Objects:
    """What is on a page beside its characters: its ruling lines, its pictures, how many lines and
    shapes are drawn on it, the shapes that are no rectangles, with how many lines and curves they
    have together, the places of invisible text, the fonts by their address, None for those that the
    file holds, and how many characters are lost (`_lost`)."""

    rules: list[Box] = field(default_factory=list)
    figures: list[PlacedPicture] = field(default_factory=list)
    drawn: int = 0
    shapes: list[Box] = field(default_factory=list)
    segments: int = 0
    unseen: list[Box] = field(default_factory=list)
    fonts: dict[int, _AbsentFont | None] = field(default_factory=dict)
    lost: int = 0

    def drawing(self) -> tuple[int, ...] | None:
        """What tells the drawing on this page, if there is one, from others."""
        if self.segments < _FEWEST_SEGMENTS:
            return None
        box = around(self.shapes)
        if min(box.width, box.height) < _SMALLEST_DRAWING:
            return None
        edges = (round(edge) for edge in (box.x0, box.y0, box.x1, box.y1))
        return len(self.shapes), self.segments, *edges


def _objects(page: Any, place: _Place) -> _Objects:
    from pypdfium2 import raw

    found = _Objects()
    edges = [ctypes.c_float() for _ in range(4)]
    pointers = [ctypes.byref(edge) for edge in edges]
    for item in islice(_items(raw, page.raw, _DEEPEST_FORM), _MOST_OBJECTS):
        kind = raw.FPDFPageObj_GetType(item)
        unseen = (
            kind == raw.FPDF_PAGEOBJ_TEXT
            and raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE
        )
        if kind == raw.FPDF_PAGEOBJ_TEXT and not unseen:
            _measure(raw, item, found.fonts)
            continue
        if not (unseen or kind in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH)):
            continue
        if not raw.FPDFPageObj_GetBounds(item, *pointers):
            raise UnreadableDocument("the PDF is damaged: a part of a page has no place")
        box = place.box(*(edge.value for edge in edges))
        if unseen:
            found.unseen.append(box)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            found.figures.append(PlacedPicture(box, _content(item)))
        else:
            found.drawn += 1
            if min(box.width, box.height) <= _THIN:
                if max(box.width, box.height) >= _SHORTEST_RULE:
                    found.rules.append(box)
                continue
            segments = raw.FPDFPath_CountSegments(item)
            if segments not in (4, 5):
                found.shapes.append(box)
                found.segments += segments
            elif _stroked(item):
                found.rules += _edges(box)
    found.lost = _lost(raw, page, [font for font in found.fonts.values() if font and font.lone])
    return found


def _measure(raw: Any, item: Any, fonts: dict[int, _AbsentFont | None]) -> None:
    """Takes a text to the account of its font, where the file does not hold that."""
    font = raw.FPDFTextObj_GetFont(item)
    place = ctypes.cast(font, ctypes.c_void_p).value or 0
    if place not in fonts:
        fonts[place] = None if raw.FPDFFont_GetIsEmbedded(font) else _AbsentFont()
    absent = fonts[place]
    if absent is None:
        return
    x0, y0, x1, y1 = (ctypes.c_float() for _ in range(4))
    pointers = map(ctypes.byref, (x0, y0, x1, y1))
    if raw.FPDFPageObj_GetBounds(item, *pointers) and y0.value == y1.value:
        absent.lone += x0.value == x1.value
        absent.flat = item if x0.value < x1.value else absent.flat


def _lost(raw: Any, page: Any, fonts: Sequence[_AbsentFont]) -> int:
    """How many texts of one character are lost at most: of fonts whose characters have no form on
    this machine, as a text of several shows, pdfium reads none that stands alone. Lone spaces of
    such a font are counted with them."""
    fonts = [font for font in fonts if font.flat is not None]
    if not fonts:
        return 0
    buffer, lost = (ctypes.c_ushort * _FLAT)(), 0
    textpage = page.get_textpage()
    for font in fonts:
        length = raw.FPDFTextObj_GetText(font.flat, textpage.raw, buffer, _FLAT)
        characters = min(length // 2, _FLAT) - 1  # it is told in bytes, with a zero at the end
        text = "".join(map(chr, buffer[: max(0, characters)]))
        lost += font.lone if text.strip() else 0
    textpage.close()
    return lost


_FLAT = 64  # characters of a text that show whether it is white space


def _items(raw: Any, parent: Any, depth: int, *, form: bool = False) -> Iterator[Any]:
    """The objects of a page or of a form on it, and in `depth` - 1 forms in one another."""
    count = raw.FPDFFormObj_CountObjects if form else raw.FPDFPage_CountObjects
    get = raw.FPDFFormObj_GetObject if form else raw.FPDFPage_GetObject
    for i in range(count(parent)):
        item = get(parent, i)
        yield item
        if depth > 1 and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_FORM:
            yield from _items(raw, item, depth - 1, form=True)


def _content(image: Any) -> bytes:
    """What tells a picture from others: a hash of its bytes as they are stored."""
    from pypdfium2 import raw

    length: int = raw.FPDFImageObj_GetImageDataRaw(image, None, 0)
    if not 0 < length <= _MOST_CONTENT:
        return length.to_bytes(8, "big")
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFImageObj_GetImageDataRaw(image, buffer, length)
    return sha256(buffer).digest()


def _whole_figures(objects: _Objects) -> Iterator[PlacedPicture]:
    """Pictures that are large enough to show a text; those that were cut into strips are put
    together."""
    waiting = [one for one in objects.figures if min(one.box.width, one.box.height) > 0][
        :_MOST_FIGURES
    ]
    while waiting:
        whole = [waiting.pop(0)]
        box = whole[0].box
        while near := [one for one in waiting if _touch(box, one.box)]:
            waiting = [one for one in waiting if one not in near]
            whole += near
            box = around([one.box for one in whole])
        if min(box.width, box.height) >= _SIGN:
            content = whole[0].content if len(whole) == 1 else b"".join(w.content for w in whole)
            yield PlacedPicture(box, content, any(_inside(one, box) for one in objects.unseen))


def _inside(one: Box, box: Box) -> bool:
    """Whether the middle of one box lies in another."""
    return box.x0 <= (one.x0 + one.x1) / 2 <= box.x1 and box.y0 <= one.middle <= box.y1


def _touch(first: Box, second: Box) -> bool:
    """Whether two pictures have an edge in common over its whole length, or overlap."""
    across = min(first.x1, second.x1) - max(first.x0, second.x0)
    down = min(first.y1, second.y1) - max(first.y0, second.y0)
    if across > _TOUCHING and down > _TOUCHING:
        return True
    same = abs(first.x0 - second.x0) + abs(first.x1 - second.x1) <= _TOUCHING
    level = abs(first.y0 - second.y0) + abs(first.y1 - second.y1) <= _TOUCHING
    return (same and down >= -_TOUCHING) or (level and across >= -_TOUCHING)


def _stroked(item: Any) -> bool:
    from pypdfium2 import raw

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item, ctypes.byref(fill), ctypes.byref(stroke))
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
