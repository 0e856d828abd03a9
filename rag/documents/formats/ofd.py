"""OFD files, the format of Chinese offices and invoices, as pages of placed characters: read on as
those of a PDF are.

Source: GB/T 33190-2016, Electronic files storage and exchange formats: fixed layout documents.
Lengths in a file are millimetres, y runs down.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.documents.detect import Cleaned
from rag.documents.formats.archives import Archive
from rag.documents.formats.markup import Node, parse_xml
from rag.documents.formats.office import attribute
from rag.documents.pdf.characters import Box, Glyph, Page
from rag.documents.pdf.ocr import Recognition, is_scan, named
from rag.documents.pdf.pdfium import Paged
from rag.documents.pdf.read import clean_pages
from rag.errors import UnreadableDocument
from rag.settings import Reading

_POINTS = 72 / 25.4  # in a millimetre
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")
_STEP = re.compile(r"g\s+(\d{1,6})\s+([-+]?[\d.]+)|([-+]?[\d.]+)")
_PATH = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)")
# How many numbers follow the letters of a path.
_ARGUMENTS = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\u3000-\u303f]")
_ASCENT, _DESCENT = 0.85, 0.15  # of the size of type, above and below the line
_NARROW = 0.5
_BOLD_WEIGHT = 600
_DEFAULT_SIZE = (210.0, 297.0)  # A4
_LARGEST = 100_000.0
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STRAIGHT = 0.3  # a line leans at most so much, millimetres
_SHORTEST = 2.0
_MOST_GLYPHS, _MOST_RULES = 200_000, 20_000  # of a page
_DEEPEST = 20

Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def read_ofd(data: bytes, settings: Reading) -> Cleaned:
    """An OFD file: all of its documents, page after page. Pages that are pictures, attached files
    and drawings put together of others are named or counted in warnings.

    Raises:
        UnreadableDocument: no OFD, encrypted, damaged, too many pages, or no page has text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    if archive.read("Encryptions.xml") is not None:
        raise UnreadableDocument("the file is encrypted; save it without a password to read it")
    root = parse_xml(archive.need("OFD.xml", "OFD"))
    pages: list[Page] = []
    told: dict[str, int] = {}
    bodies = list(root.nodes("docbody"))
    for body in bodies:
        place = next((node.text().strip() for node in body.nodes("docroot")), "")
        document = _Document(archive, place, told)
        for page in document.pages(settings.max_pages - len(pages)):
            pages.append(replace(page, number=len(pages) + 1))
    stated = next((info for body in bodies for info in body.nodes("docinfo")), Node("docinfo"))
    title = _said(stated, "title")
    created = _DAY.match(_said(stated, "moddate") or _said(stated, "creationdate"))
    scans = [page.number for page in pages if is_scan(page)]
    paged = Paged(tuple(pages), title or None, created[0] if created else None, ())
    if scans and len(scans) == len(pages):
        raise UnreadableDocument(
            "all pages are pictures without a text; save the file as PDF to have them read by OCR"
        )
    cleaned = clean_pages(paged, Recognition())
    warnings = [words.format(f"{count:,}") for words, count in sorted(told.items())]
    if scans:
        warnings.append(
            f"{len(scans)} of {len(pages)} pages are pictures without a text and are missing "
            f"(page {named(scans)}); save the file as PDF to have them read by OCR"
        )
    return replace(cleaned, warnings=(*cleaned.warnings, *warnings))


def _said(node: Node, tag: str) -> str:
    found = node.child(tag)
    return " ".join(found.text().split()) if found is not None else ""


def _numbers(text: str, count: int) -> list[float]:
    """The first numbers of a text, none of them beyond reason; empty where there are fewer."""
    found = [float(number) for number in _NUMBER.findall(text[:500])[:count]]
    return found if len(found) == count and all(abs(n) <= _LARGEST for n in found) else []


@dataclass(slots=True)
class _Document:
    """One document of a file. `told` counts what is left out, by the words of its warning."""

    archive: Archive
    place: str
    told: dict[str, int]
    templates: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    def pages(self, most: int) -> Iterator[Page]:
        """Its pages, all with the number 0."""
        root = parse_xml(self.archive.need(self._part("", self.place), "OFD"))
        base = self._part("", self.place)
        common = root.child("commondata") or root
        size = self._size(common.child("pagearea"), _DEFAULT_SIZE)
        for node in root.nodes("templatepage"):
            self.templates[attribute(node, "id")] = self._part(base, attribute(node, "baseloc"))
        self._annotations(root, base)
        self._attached(root, base)
        holder = root.child("pages")
        entries = list(holder.nodes("page")) if holder is not None else []
        if len(entries) > most:
            raise UnreadableDocument(
                f"the file has {len(entries):,} pages or more, the limit is {most:,}; raise "
                "reading.max_pages, or split the file"
            )
        for entry in entries:
            yield self._page(entry, base, size)

    def _part(self, base: str, location: str) -> str:
        """The name of a part in the archive; locations are relative to the part that names them."""
        folder = "" if location.startswith("/") else posixpath.dirname(base)
        name = posixpath.normpath(posixpath.join("/", folder, location.lstrip("/")))
        return name.lstrip("/")

    def _tree(self, part: str) -> Node | None:
        data = self.archive.read(part) if part else None
        return parse_xml(data) if data and data.strip() else None

    def _size(self, area: Node | None, otherwise: tuple[float, float]) -> tuple[float, float]:
        for tag in ("physicalbox", "applicationbox"):
            box = area.child(tag) if area is not None else None
            numbers = _numbers(box.text(), 4) if box is not None else []
            if numbers and numbers[2] > 0 and numbers[3] > 0:
                return numbers[2], numbers[3]
        return otherwise

    def _annotations(self, root: Node, base: str) -> None:
        found = root.child("annotations")
        part = self._part(base, found.text().strip()) if found is not None else ""
        tree = self._tree(part)
        for page in tree.nodes("page") if tree is not None else ():
            place = page.child("fileloc")
            if place is not None:
                self.annotations[attribute(page, "pageid")] = self._part(part, place.text().strip())

    def _attached(self, root: Node, base: str) -> None:
        found = root.child("attachments")
        tree = self._tree(self._part(base, found.text().strip())) if found is not None else None
        if tree is not None and (count := sum(1 for _ in tree.nodes("attachment"))):
            self._tell("{} attached files are not read", count)

    def _tell(self, words: str, count: int = 1) -> None:
        self.told[words] = self.told.get(words, 0) + count

    def _page(self, entry: Node, base: str, size: tuple[float, float]) -> Page:
        tree = self._tree(self._part(base, attribute(entry, "baseloc")))
        if tree is None:
            self._tell("{} pages are missing from the file")
            tree = Node("page")
        width, height = self._size(tree.child("area"), size)
        drawing = _Drawing()
        layers = [
            self._tree(self.templates.get(attribute(node, "templateid"), ""))
            for node in tree.nodes("template")
        ]
        for layer in [*layers, tree]:
            content = layer.child("content") if layer is not None else None
            if content is not None:
                drawing.walk(content, _SAME, 0)
        marks = self._tree(self.annotations.get(attribute(entry, "id"), ""))
        for mark in marks.nodes("annot") if marks is not None else ():
            if attribute(mark, "type") == "Watermark":
                self._tell("{} watermarks are left out")
                continue
            for shown in mark.nodes("appearance"):
                left, top, *_ = _numbers(attribute(shown, "boundary"), 4) or (0.0, 0.0)
                drawing.walk(shown, (1, 0, 0, 1, left, top), 0)
        if drawing.glyphs and drawing.pictures:
            self._tell("{} pictures on pages that have text are not read", drawing.pictures)
        if drawing.composed:
            self._tell("{} drawings that are kept apart are not read", drawing.composed)
        share = drawing.pictured / (width * height)
        return Page(
            0, width * _POINTS, height * _POINTS, tuple(drawing.glyphs), tuple(drawing.rules),
            min(1.0, share), drawing.drawn,
        )  # fmt: skip


@dataclass(slots=True)
class _Drawing:
    """What stands on a page; `pictured` is the area of its largest picture, square millimetres."""

    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    pictured: float = 0.0
    pictures: int = 0
    drawn: int = 0
    composed: int = 0

    def walk(self, node: Node, matrix: Matrix, depth: int) -> None:
        """Everything in a layer or block of a page."""
        for child in node.children:
            if isinstance(child, str) or depth > _DEEPEST:
                continue
            if child.tag == "textobject":
                self._text(child, _placed(child, matrix))
            elif child.tag == "pathobject":
                self._path(child, _placed(child, matrix))
            elif child.tag == "imageobject":
                box = _numbers(attribute(child, "boundary"), 4)
                self.pictures += 1
                self.pictured = max(self.pictured, box[2] * box[3] if box else 0.0, 0.01)
            elif child.tag == "compositeobject":
                self.composed += 1
            else:
                self.walk(child, matrix, depth + 1)

    def _text(self, node: Node, matrix: Matrix) -> None:
        size = next(iter(_numbers(attribute(node, "size"), 1)), 0.0)
        scale = next(iter(_numbers(attribute(node, "hscale"), 1)), 1.0)
        bold = (
            attribute(node, "weight").isdecimal() and int(attribute(node, "weight")) >= _BOLD_WEIGHT
        )
        if size <= 0:
            return
        left = top = 0.0
        for code in node.nodes("textcode"):
            text = code.text()
            left = next(iter(_numbers(attribute(code, "x"), 1)), left)
            top = next(iter(_numbers(attribute(code, "y"), 1)), top)
            across = _steps(attribute(code, "deltax"), len(text))
            down = _steps(attribute(code, "deltay"), len(text))
            x, y = left, top
            spaced = True
            for i, character in enumerate(text):
                usual = size * scale * (1.0 if _WIDE.match(character) else _NARROW)
                step = across[i] if i < len(across) else (0.0 if down else usual)
                if character.isspace() or not character.isprintable():
                    spaced = True
                elif len(self.glyphs) < _MOST_GLYPHS:
                    wide = min(step, size * scale) if step > 0 else usual
                    self.glyphs.append(_glyph(character, (x, y, wide, size), matrix, bold, spaced))
                    spaced = False
                x += step
                y += down[i] if i < len(down) else 0.0

    def _path(self, node: Node, matrix: Matrix) -> None:
        self.drawn += 1
        data = node.child("abbreviateddata")
        if data is None or attribute(node, "stroke") == "false":
            return
        for (x0, y0), (x1, y1) in _segments(data.text()):
            ax, ay = _moved(matrix, x0, y0)
            bx, by = _moved(matrix, x1, y1)
            long, lean = sorted((abs(ax - bx), abs(ay - by)), reverse=True)
            if lean <= _STRAIGHT and long >= _SHORTEST and len(self.rules) < _MOST_RULES:
                edges = (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
                self.rules.append(Box(*(edge * _POINTS for edge in edges)))


def _placed(node: Node, matrix: Matrix) -> Matrix:
    """Where what is drawn in an object stands: its own matrix, then the place of its boundary,
    then that of what it lies in."""
    left, top, *_ = _numbers(attribute(node, "boundary"), 4) or (0.0, 0.0)
    own = _numbers(attribute(node, "ctm"), 6) or list(_SAME)
    a, b, c, d, e, f = own
    return (a, b, c, d, e + left + matrix[4], f + top + matrix[5])


def _moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _glyph(
    character: str,
    place: tuple[float, float, float, float],
    matrix: Matrix,
    bold: bool,
    spaced: bool,
) -> Glyph:
    """A character whose line begins at (x, y), so wide and of that size, millimetres."""
    x, y, wide, size = place
    corners = [
        _moved(matrix, x + dx, y + dy)
        for dx in (0.0, wide) for dy in (-_ASCENT * size, _DESCENT * size)
    ]  # fmt: skip
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    box = Box(*(edge * _POINTS for edge in (min(xs), min(ys), max(xs), max(ys))))
    shown = size * (matrix[2] ** 2 + matrix[3] ** 2) ** 0.5 * _POINTS
    return Glyph(character, box, shown, bold, spaced)


def _steps(text: str, most: int) -> list[float]:
    """How far it is from each character to the next: numbers, of which `g N D` stands for N times
    D."""
    found: list[float] = []
    for match in _STEP.finditer(text[: 20 * most + 100]):
        value = _numbers(match[2] or match[3], 1)
        times = min(int(match[1]), most - len(found)) if match[1] else 1
        found += (value or [0.0]) * max(0, times)
        if len(found) >= most:
            break
    return found


def _segments(data: str) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight lines of a path."""
    start = at = (0.0, 0.0)
    tokens: Sequence[str] = _PATH.findall(data[:200_000])
    position = 0
    while position < len(tokens):
        letter = tokens[position].upper()
        count = _ARGUMENTS.get(letter)
        position += 1
        if count is None:
            continue
        values = _numbers(" ".join(tokens[position : position + count]), count) if count else []
        if count and not values:
            continue
        position += count
        to = start if letter == "C" else (values[-2], values[-1])
        if letter in "LC" and to != at:
            yield at, to
        if letter in "SM":
            start = to
        at = to
