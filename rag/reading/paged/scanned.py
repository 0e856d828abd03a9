"""Pages that are pictures: which they are, and their lines as OCR reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from rag.reading.paged.stretches import Stretch
from rag.reading.paged.values import Box, Drawn, Page, Raster
from rag.reading.pages import RETRY, PageTooLong, page_limit, tell_pages
from rag.reading.parsers.ocr import LONGEST_SIDE, Recognised, recognise
from rag.reading.parsers.pdf import draw_page
from rag.settings import Reading

SHARE_OF_TIME = 0.7
"""A page is read by OCR for at most this share of the time that a file may take without a word."""

# A page without characters is a picture of text if anything at all is pictured on it, or so much
# is drawn; with few characters (a stamp, the mark of a scanning program) if a picture covers it.
_DRAWN = 20
_FEW_CHARACTERS = 40
_COVERED = 0.6
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
    too unclear."""

    pages: dict[int, list[Stretch]] = field(default_factory=dict)
    garbled: frozenset[int] = frozenset()
    late: list[int] = field(default_factory=list)
    unclear: int = 0

    def read(self, number: int, draw: Callable[[], Drawn], settings: Reading) -> None:
        """Reads a page from its picture, which is drawn for it; one that takes too long is left
        out."""
        seconds = min(settings.max_page_seconds, SHARE_OF_TIME * settings.max_seconds)
        try:
            with page_limit(seconds):
                self.add(draw())
        except PageTooLong:
            self.pages.pop(number, None)
            self.late.append(number)

    def add(self, drawn: Drawn) -> None:
        """Reads a page from its picture."""
        own = self.pages.setdefault(drawn.page.number, [])
        for line in _lines(drawn.raster):
            if line.score < _SURE:
                self.unclear += 1
                continue
            edges = (line.box.x0, line.box.y0, line.box.x1, line.box.y1)
            box = Box(*(edge / drawn.scale for edge in edges))
            own.append(Stretch(line.text.strip(), box, _size(line.text, box), bold=False))

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
    unknown = sum(not glyph.mapped for glyph in page.glyphs)
    return unknown >= max(_FEWEST_UNKNOWN, _UNKNOWN * len(page.glyphs))


def recognise_pages(data: bytes, pages: Sequence[Page], settings: Reading) -> Recognition:
    """These pages of a PDF file; those that take too long are left out."""
    found = Recognition(garbled=frozenset(page.number for page in pages if is_garbled(page)))
    if pages:
        tell_pages(0, len(pages))
    for done, page in enumerate(pages, 1):
        width = max(LONGEST_SIDE * min(1.0, page.width / max(1.0, page.height)), _NARROWEST)
        found.read(
            page.number, partial(draw_page, data, page.number, round(width), _MOST_PIXELS), settings
        )
        tell_pages(done, len(pages))
    return found


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
