"""Pictures of text: decoded, recognised, and as lines of a page.

Third party: Pillow decodes, after its size was checked; RapidOCR (`rapidocr`, of the extra `ocr`)
recognises. Its wheel holds the models; they are named by their path, so that it never looks for
them on the network.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.util import find_spec
from io import BytesIO
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from rag.documents.pdf.characters import Box, Drawn, Glyph, Page, PlacedPicture, Raster, Stretch
from rag.documents.pdf.pdfium import draw_page
from rag.documents.workers import RETRY, PageTooLong, page_limit, tell_pages
from rag.errors import UnreadableDocument
from rag.offline import without_telemetry
from rag.settings import Reading

PAGE_WIDTH = 595.0
"""The width that a picture has as a page, points: that of A4, whatever its pixels."""
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_PAGED = "TIFF"


def parse_images(data: bytes, max_pixels: int, max_pages: int) -> Iterator[Drawn]:
    """The picture of a file as a page, upright; of a TIFF file all of its pages.

    Raises:
        UnreadableDocument: no picture, damaged, more than `max_pixels` in one picture, or more
            than `max_pages`.
    """
    from PIL import Image, ImageOps

    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes are checked here; damage that matters is an error
        try:
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                pages = getattr(image, "n_frames", 1) if image.format == _PAGED else 1
                if pages > max_pages:
                    raise UnreadableDocument(
                        f"the file has {pages:,} pages, the limit is {max_pages:,}; raise "
                        "reading.max_pages, or split the file"
                    )
                for number in range(pages):
                    image.seek(number)
                    _check_size(image.size, max_pixels)
                    raster = _raster(ImageOps.exif_transpose(image))
                    scale = raster.width / PAGE_WIDTH
                    page = Page(number + 1, PAGE_WIDTH, raster.height / scale, (), (), 1.0)
                    yield Drawn(page, raster, scale, pages)
        except Image.DecompressionBombError:
            raise UnreadableDocument(
                f"the picture has more pixels than are ever decoded; the limit is {max_pixels:,}"
            ) from None
        except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError,
                ZeroDivisionError, OverflowError) as error:  # fmt: skip
            raise UnreadableDocument(f"the picture is damaged or none: {error}") from None


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise UnreadableDocument(
            f"the picture has {size[0]:,} x {size[1]:,} pixels, the limit is {max_pixels:,}; raise "
            "reading.max_pixels, or make it smaller"
        )


def _raster(image: Any) -> Raster:
    """The picture on white, where it lets something through."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    plain = image.convert("RGB")
    return Raster(plain.width, plain.height, plain.tobytes())


def draw_image(data: bytes, number: int, width: int, max_pixels: int) -> Drawn:
    """The page `number`, from 1, of a picture file, drawn `width` pixels wide, or less where it
    would have more than `max_pixels`.

    Raises:
        UnreadableDocument: no picture, damaged, or it has no such page.
    """
    from PIL import Image

    limits = Reading()
    pages = parse_images(data, limits.max_pixels, limits.max_pages)
    drawn = next((drawn for drawn in pages if drawn.page.number == number), None)
    if drawn is None:
        raise UnreadableDocument(f"there is no page {number} in the picture")
    page, raster = drawn.page, drawn.raster
    scale = min(width / page.width, sqrt(max_pixels / (page.width * page.height)))
    size = (max(1, round(scale * page.width)), max(1, round(scale * page.height)))
    image = Image.frombytes("RGB", (raster.width, raster.height), raster.pixels)
    small = image.resize(size, Image.Resampling.LANCZOS)
    return Drawn(page, Raster(small.width, small.height, small.tobytes()), scale)


INSTALL = 'pip install "wenju[ocr]"'
"""What makes `available` true."""
LONGEST_SIDE = 2_000
"""A picture is read with its longer side at most so long, pixels: some 170 dots per inch of an
A4 page. Of the 8 scanned pages that this was tried on, the same characters were found as with
120 and 240 dots per inch; a page takes some 5 s of CPU at each."""
_MOST_THREADS = 4
_MODELS = {"Det": "*det*.onnx", "Cls": "*cls*.onnx", "Rec": "*rec*.onnx"}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line of text, its place in pixels, and how sure the recognition is, in [0, 1]."""

    text: str
    box: Box
    score: float


def available() -> bool:
    """Whether pictures can be read."""
    return find_spec("rapidocr") is not None


def recognise(raster: Raster) -> list[Recognised]:
    """The lines of a picture, in no particular order.

    Raises:
        UnreadableDocument: the extra is not installed, or not whole.
    """
    rows = np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, 3)
    found = _engine()(np.ascontiguousarray(rows[:, :, ::-1]))
    if found.txts is None or found.boxes is None:
        return []
    return [
        Recognised(text, _box(corners), float(score))
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def _box(corners: Any) -> Box:
    xs, ys = np.asarray(corners, float).T
    return Box(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))


@cache
def _engine() -> Any:
    if not available():
        raise UnreadableDocument(f"pictures of text are read by OCR, which needs: {INSTALL}")
    without_telemetry()
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    models = {part: sorted(folder.glob(pattern)) for part, pattern in _MODELS.items()}
    if not all(models.values()):
        raise UnreadableDocument(f"the OCR models are not in {folder}; install anew: {INSTALL}")
    # as libraries for numbers do it: who runs several programs side by side says so
    stated = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(stated) if stated.isdecimal() and int(stated) else os.cpu_count() or 1
    threads = min(_MOST_THREADS, cores)
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": LONGEST_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            **{f"{part}.model_path": str(paths[0]) for part, paths in models.items()},
        }
    )


SHARE_OF_TIME = 0.7
"""A page is read by OCR for at most this share of the time that a file may take without a word."""

# A page without characters is a picture of text if anything at all is pictured on it, or so much
# is drawn; with few characters (a stamp, the mark of a scanning program) if a picture covers it.
_DRAWN = 20
_FEW_CHARACTERS = 40
_COVERED = 0.6
# Characters that fill so much of a picture are its text, or it is their ground.
_CLOSE = 0.12
# A page is not readable where so many of its characters, and such a share, have no known meaning.
_FEWEST_UNKNOWN, _UNKNOWN = 10, 0.3
# Lines that the recognition is less sure of are mostly no text: labels and lines of drawings. Of
# the scanned pages tried, whole lines of text had .93 and more.
_SURE = 0.7
# Sizes closer than this share are one: the heights of recognised lines vary by a fifth.
_SAME_SIZE = 0.2
_WHOLE_LINE = 6
# Taller pictures are read in parts, which overlap by twice so much of their height.
_TALLEST = 1.6
_OVERLAP = 0.03
# A page is drawn at least so wide to be read, and never with more pixels.
_NARROWEST = 1_250
_MOST_PIXELS = 40_000_000
_PAGES_NAMED = 12
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]")


@dataclass(slots=True)
class Recognition:
    """What OCR made of pages, by their numbers: the lines of each in points; which of them are
    no pictures but `garbled`; the pages that took too long and are left out; how many lines were
    too unclear. `figures` are the lines of each picture on pages that have text, `late_figures` the
    pages whose pictures took too long."""

    pages: dict[int, list[Stretch]] = field(default_factory=dict)
    garbled: frozenset[int] = frozenset()
    late: list[int] = field(default_factory=list)
    unclear: int = 0
    figures: dict[int, list[list[Stretch]]] = field(default_factory=dict)
    late_figures: list[int] = field(default_factory=list)

    def read(self, number: int, draw: Callable[[], Drawn], settings: Reading) -> None:
        """Reads a page from its picture, which is drawn for it; one that takes too long is left
        out."""
        try:
            with page_limit(_seconds(settings)):
                drawn = draw()
                own = self.pages.setdefault(drawn.page.number, [])
                for line in self._sure(drawn.raster):
                    own.append(_stretch(line, drawn.scale, 0.0, 0.0))
        except PageTooLong:
            self.pages.pop(number, None)
            self.late.append(number)

    def read_figures(self, page: Page, draw: Callable[[], Drawn], settings: Reading) -> None:
        """Reads the figures of a page that has text, but for what of the text stands on them."""
        own: list[list[Stretch]] = []
        try:
            with page_limit(_seconds(settings)):
                drawn = draw()
                for figure in page.figures:
                    part, left, top = _cut(drawn, figure.box)
                    lines = [_stretch(line, drawn.scale, left, top) for line in self._sure(part)]
                    own.append([one for one in lines if not _is_typed(one, page.glyphs)])
        except PageTooLong:
            self.late_figures.append(page.number)
        self.figures[page.number] = [lines for lines in own if lines]

    def _sure(self, raster: Raster) -> Iterator[Recognised]:
        """The lines of a picture that are clear enough."""
        for line in _lines(raster):
            if line.score >= _SURE:
                yield line
            else:
                self.unclear += 1

    def warnings(self, pages: int) -> list[str]:
        """What the reader of the document is told of it."""
        told: list[str] = []
        unclear = f"; {self.unclear} lines too unclear to read are left out" * bool(self.unclear)
        pictures = [number for number in self.pages if number not in self.garbled]
        if pictures:
            told.append(
                f"{len(pictures)} of {pages} pages are pictures and were read by OCR, which may "
                f"misread characters (page {named(pictures)}){unclear}"
            )
        if garbled := [number for number in self.pages if number in self.garbled]:
            told.append(
                f"{len(garbled)} of {pages} pages are set in fonts that do not say which "
                "characters they show and were read by OCR, which may misread characters (page "
                f"{named(garbled)}){unclear * (not pictures)}"
            )
        if shown := [number for number, lines in self.figures.items() if lines]:
            told.append(
                f"pictures on {len(shown)} of {pages} pages were read by OCR, which may misread "
                f"characters (page {named(shown)})"
            )
        if self.late_figures:
            told.append(
                f"pictures on {len(self.late_figures)} of {pages} pages are not read, which takes "
                f"too long (page {named(self.late_figures)}); raise reading.max_page_seconds, "
                f"then: {RETRY}"
            )
        if self.late:
            told.append(
                f"{len(self.late)} of {pages} pages are pictures and are missing, reading them "
                f"takes too long (page {named(self.late)}); raise reading.max_page_seconds, then: "
                f"{RETRY}"
            )
        return told


def is_scan(page: Page) -> bool:
    """Whether a page is a picture of its text."""
    if not page.glyphs:
        return page.pictured > 0 or page.drawn >= _DRAWN
    return page.pictured >= _COVERED and len(page.glyphs) < _FEW_CHARACTERS


def is_garbled(page: Page) -> bool:
    """Whether a page is set in fonts that do not say which characters they show."""
    unknown = [glyph.mapped for glyph in page.glyphs].count(False)
    return unknown >= max(_FEWEST_UNKNOWN, _UNKNOWN * len(page.glyphs))


@dataclass(frozen=True, slots=True)
class Pictured:
    """Pages that have text and show pictures: `wanted` with those as their figures that may hold
    more text, each once; `grounds` with those on which text stands close by, as on a ground."""

    wanted: tuple[Page, ...] = ()
    grounds: tuple[Page, ...] = ()


NO_PICTURES = Pictured()


def pictured_pages(pages: Sequence[Page]) -> Pictured:
    """Which pictures of these pages, which have text, are to be read; none of those that a program
    has read before, whose text stands on them unseen."""
    known: set[bytes] = set()
    found: tuple[list[Page], list[Page]] = ([], [])
    for page in pages:
        own: tuple[list[PlacedPicture], list[PlacedPicture]] = ([], [])
        for figure in page.figures:
            on = [glyph for glyph in page.glyphs if _stands_on(glyph, figure.box)]
            many = len(on) >= _FEW_CHARACTERS
            if figure.content not in known and not (many and figure.layered):
                area = sum(glyph.box.width * glyph.box.height for glyph in on)
                close = many and area >= _CLOSE * figure.box.width * figure.box.height
                own[close].append(figure)
            known.add(figure.content)
        for kind, figures in zip(found, own, strict=True):
            if figures:
                kind.append(replace(page, figures=tuple(figures)))
    return Pictured(*map(tuple, found))


def recognise_pages(
    data: bytes, pages: Sequence[Page], settings: Reading, pictured: Sequence[Page] = ()
) -> Recognition:
    """These pages of a PDF file, and the figures on those that are `pictured`; what takes too long
    is left out."""
    found = Recognition(garbled=frozenset(page.number for page in pages if is_garbled(page)))
    whole = {page.number for page in pages}
    wanted = sorted([*pages, *pictured], key=lambda page: page.number)
    if wanted:
        tell_pages(0, len(wanted))
    for done, page in enumerate(wanted, 1):
        width = max(LONGEST_SIDE * min(1.0, page.width / max(1.0, page.height)), _NARROWEST)
        draw = partial(draw_page, data, page.number, round(width), _MOST_PIXELS)
        if page.number in whole:
            found.read(page.number, draw, settings)
        else:
            found.read_figures(page, draw, settings)
        tell_pages(done, len(wanted))
    return found


def _seconds(settings: Reading) -> float:
    return min(settings.max_page_seconds, SHARE_OF_TIME * settings.max_seconds)


def _stretch(line: Recognised, scale: float, left: float, top: float) -> Stretch:
    """A line of a picture on its page; the picture's corner is there, points."""
    x0, y0, x1, y1 = (edge / scale for edge in (line.box.x0, line.box.y0, line.box.x1, line.box.y1))
    box = Box(left + x0, top + y0, left + x1, top + y1)
    return Stretch(line.text.strip(), box, _size(line.text, box), bold=False)


def _cut(drawn: Drawn, box: Box) -> tuple[Raster, float, float]:
    """The part of a page's picture in a box, and its corner on the page, points."""
    raster, scale = drawn.raster, drawn.scale
    x0, x1 = (min(max(0, round(x * scale)), raster.width) for x in (box.x0, box.x1))
    y0, y1 = (min(max(0, round(y * scale)), raster.height) for y in (box.y0, box.y1))
    width, stride = max(1, x1 - x0), 3 * raster.width
    start = min(x0, raster.width - width)
    rows = (
        raster.pixels[y * stride + 3 * start :][: 3 * width] for y in range(y0, max(y1, y0 + 1))
    )
    pixels = b"".join(row for row in rows if len(row) == 3 * width)
    return Raster(width, len(pixels) // (3 * width), pixels), start / scale, y0 / scale


def _is_typed(line: Stretch, glyphs: Sequence[Glyph]) -> bool:
    """Whether what OCR read on a picture is text that the page sets over it."""
    return 2 * _on(line.box, glyphs) >= len("".join(line.text.split()))


def _on(box: Box, glyphs: Sequence[Glyph]) -> int:
    """How many characters stand in a box."""
    return sum(_stands_on(glyph, box) for glyph in glyphs)


def _stands_on(glyph: Glyph, box: Box) -> bool:
    own = glyph.box
    return box.x0 <= (own.x0 + own.x1) / 2 <= box.x1 and box.y0 <= own.middle <= box.y1


def _lines(raster: Raster) -> Iterator[Recognised]:
    """The lines of a picture; a tall one is read in parts that overlap."""
    tallest = int(max(_TALLEST * raster.width, LONGEST_SIDE))
    if raster.height <= tallest:
        yield from recognise(raster)
        return
    stride = 3 * raster.width
    margin = int(tallest * _OVERLAP)
    for top in range(0, raster.height - 2 * margin, tallest - 2 * margin):
        rows = raster.pixels[top * stride : (top + tallest) * stride]
        part = Raster(raster.width, len(rows) // stride, rows)
        last = top + tallest >= raster.height
        for line in recognise(part):
            middle = line.box.middle
            if (top == 0 or middle >= margin) and (last or middle < tallest - margin):
                box = line.box
                yield replace(line, box=Box(box.x0, box.y0 + top, box.x1, box.y1 + top))


def _size(text: str, box: Box) -> float:
    """The size of type: of a line of some length from its width, which is known better than its
    height."""
    ems = sum(1.0 if _WIDE.match(character) else 0.5 for character in text)
    high = 0.8 * box.height
    wide = box.width / max(ems, 1.0)
    return wide if ems >= _WHOLE_LINE and 0.6 * high <= wide <= 1.6 * high else high


def named(pages: Sequence[int]) -> str:
    """The numbers of pages, or of the first of many.

    >>> named([2, 5])
    '2, 5'
    """
    more = " …" if len(pages) > _PAGES_NAMED else ""
    return ", ".join(map(str, pages[:_PAGES_NAMED])) + more


def evened(pages: dict[int, list[Stretch]]) -> dict[int, list[Stretch]]:
    """The same lines; sizes that are about the same are the one of most characters."""
    counts: Counter[float] = Counter()
    for part in (part for parts in pages.values() for part in parts):
        counts[round(part.size * 2) / 2] += len(part.text)
    usual: dict[float, float] = {}
    for size, _ in counts.most_common():
        near = next((u for u in usual.values() if abs(size - u) <= _SAME_SIZE * u), size)
        usual[size] = near
    return {
        number: [replace(part, size=usual[round(part.size * 2) / 2]) for part in parts]
        for number, parts in pages.items()
    }
