"""Pictures inside office files: what is written on them, as OCR reads it, where it is installed."""

from __future__ import annotations

import time
from contextlib import suppress

from rag.errors import UnreadableDocument
from rag.reading.paged.read import clean_pages
from rag.reading.paged.scanned import SHARE_OF_TIME, Recognition
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.images import parse_images
from rag.reading.parsers.ocr import INSTALL, available
from rag.reading.parsers.pdf import Paged
from rag.settings import Reading

_SIGN = 48
"""Pictures whose shorter side has fewer pixels are signs and bullets, no text."""


class Pictures:
    """Reads the pictures of one file, each once, and counts them: those of which a text was
    `read`, and those that were not read."""

    def __init__(self, archive: Archive, settings: Reading) -> None:
        self._archive, self._settings = archive, settings
        self._until = time.monotonic() + SHARE_OF_TIME * settings.max_seconds
        self._known: set[str] = set()
        self.read = 0
        self.unread = 0

    def texts(self, part: str) -> list[str]:
        """The paragraphs written on the picture that is this part of the file; none where it shows
        no text, was read before, cannot be read or time ran out."""
        if part and part in self._known:
            return []
        self._known.add(part)
        found: list[str] | None = None
        with suppress(UnreadableDocument):
            data = self._archive.read(part) if part and available() else None
            found = self._recognised(data) if data else None
        self.read += bool(found)
        self.unread += found is None
        return found or []

    def _recognised(self, data: bytes) -> list[str] | None:
        """The paragraphs of a picture, None where there was no time left."""
        drawn = next(parse_images(data, self._settings.max_pixels, self._settings.max_pages))
        if min(drawn.raster.width, drawn.raster.height) < _SIGN:
            return []
        if time.monotonic() > self._until:
            return None
        recognition = Recognition()
        recognition.read(drawn.page.number, lambda: drawn, self._settings)
        if recognition.late:
            return None
        if not any(recognition.pages.values()):
            return []
        cleaned = clean_pages(Paged((drawn.page,), None, None, ()), recognition)
        return [block.span.of(cleaned.text) for block in cleaned.blocks]

    def warnings(self) -> list[str]:
        """What the reader of the document is told of its pictures."""
        told: list[str] = []
        if self.read:
            told.append(f"{self.read:,} pictures were read by OCR, which may misread characters")
        if self.unread:
            advice = "" if available() else f"; to have them read by OCR: {INSTALL}"
            told.append(f"{self.unread:,} pictures are not read{advice}")
        return told
