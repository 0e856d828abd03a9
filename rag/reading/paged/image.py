"""Picture files as cleaned texts: what is written on them, as OCR reads it."""

from __future__ import annotations

from functools import partial

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned
from rag.reading.paged.read import clean_pages
from rag.reading.paged.scanned import Recognition
from rag.reading.paged.values import Drawn, Page
from rag.reading.pages import tell_pages
from rag.reading.parsers.images import parse_images
from rag.reading.parsers.ocr import INSTALL, available
from rag.reading.parsers.pdf import Paged
from rag.settings import Reading


def read_image(data: bytes, settings: Reading) -> Cleaned:
    """A picture as a document of one page, a TIFF file with each of its pages.

    Raises:
        UnreadableDocument: no OCR is installed, no picture, damaged, too large, or without text.
    """
    if not available():
        raise UnreadableDocument(f"pictures of text are read by OCR, which needs: {INSTALL}")
    found = Recognition()
    pages: list[Page] = []
    for drawn in parse_images(data, settings.max_pixels, settings.max_pages):
        pages.append(drawn.page)
        found.read(drawn.page.number, partial(_drawn, drawn), settings)
        tell_pages(len(pages), drawn.pages)
    return clean_pages(Paged(tuple(pages), None, None, ()), found)


def _drawn(drawn: Drawn) -> Drawn:
    return drawn
