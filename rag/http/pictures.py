"""`GET /api/page`: the page of a PDF file or a picture that a quotation stands on, as a picture.

Only a document of the collection is drawn, by its name, and only while its file holds the very
bytes that were indexed.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter, Query

from rag.errors import DocumentError
from rag.reading.containers import in_container
from rag.reading.formats import PAGED
from rag.reading.load import document_id, read_bytes
from rag.reading.paged.picture import PagePicture, page_picture
from rag.settings import Reading
from rag.types import Document, PageBox, Span

DEFAULT_WIDTH = 1_000
MIN_WIDTH, MAX_WIDTH = 100, 2_000
PICTURES_KEPT = 16  # some 200 kB each
# Each is a process of its own.
DRAWN_AT_ONCE = 2
# A quotation is looked for on so many pages; hardly a block stands on more.
MAX_PAGES = 4
MAX_QUOTED = 5_000

_Key = tuple[str, Span, int | None, int]


class Documents(Protocol):
    """What is needed of a collection; see `rag.collection.Collection`."""

    def document(self, name: str) -> Document: ...  # noqa: D102


class Pictures:
    """Draws pages, and keeps the last `most`. Safe to use from several threads."""

    def __init__(self, reading: Reading, most: int = PICTURES_KEPT) -> None:
        self._reading = reading
        self._most = most
        self._kept: OrderedDict[_Key, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.BoundedSemaphore(DRAWN_AT_ONCE)

    def picture_json(
        self, document: Document, span: Span, page: int | None, width: int
    ) -> dict[str, Any]:
        """The page as `png` (base64), `width`, `height`, the `boxes` of `span` on it in pixels,
        its number `page`, and `pages`, all that the span's blocks stand on. Without a `page` it
        is the one on which most of the quotation stands.

        Raises:
            DocumentError: no PDF file; the span is none of its text; the file is gone or was
                changed; it cannot be drawn.
        """
        if not 0 < len(span) <= MAX_QUOTED or span.end > len(document.text):
            raise DocumentError(
                f"{document.name} has no quotation from {span.start} to {span.end}; it has "
                f"{len(document.text):,} characters, of which up to {MAX_QUOTED:,} can be marked"
            )
        data = self._bytes(document)
        key = (document.id, span, page, width)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._drawing:
            drawn = _drawn(data, document, span, page, width)
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return drawn

    def _bytes(self, document: Document) -> bytes:
        path = Path(document.path)
        if path.suffix.lower() not in PAGED:
            raise DocumentError(
                f"{document.name} has no pages that can be drawn; PDF files and pictures have"
            )
        if not path.is_file() and in_container(str(path)) is None:
            raise DocumentError(f"the file of {document.name} is no longer where it was indexed")
        data = read_bytes(path, self._reading)
        if document_id(data, document.name) != document.id:
            raise DocumentError(
                f"the file of {document.name} has changed since it was indexed; index it again"
            )
        return data


def pages_of(document: Document, span: Span) -> list[int]:
    """The pages that the blocks of `span` stand on, in order."""
    found: set[int] = set()
    for block in document.blocks_of(span):
        found.update(box.page for box in block.boxes)
        if block.page is not None and not block.boxes:
            found.add(block.page)
    return sorted(found)


def _drawn(
    data: bytes, document: Document, span: Span, page: int | None, width: int
) -> dict[str, Any]:
    pages = pages_of(document, span)[:MAX_PAGES]
    blocks = [box for block in document.blocks_of(span) for box in block.boxes]
    quote = span.of(document.text)
    if page is None and len(pages) > 1:
        page = max(pages, key=lambda one: _marked(page_picture(data, one, quote, MIN_WIDTH)))
    page = page or (pages[0] if pages else 1)
    picture = _on_page(data, page, quote if page in pages else "", width, blocks)
    return {
        "document": document.name,
        "page": page,
        "pages": pages,
        "width": picture.width,
        "height": picture.height,
        "boxes": [asdict(box) for box in picture.boxes],
        "png": base64.b64encode(picture.png).decode(),
    }


def _on_page(
    data: bytes, page: int, quote: str, width: int, blocks: Sequence[PageBox]
) -> PagePicture:
    """The page with the quotation; its blocks are marked only where all of it stands here."""
    alone = {box.page for box in blocks} == {page}
    return page_picture(data, page, quote, width, blocks if alone and quote else ())


def _marked(picture: PagePicture) -> float:
    """How much is marked, in pixels along the lines."""
    return sum(box.x1 - box.x0 for box in picture.boxes)


def pictures(find: Callable[[str], Documents], reading: Reading) -> APIRouter:
    """The route; `find` gives a collection by its name, the default for an empty one."""
    router = APIRouter(prefix="/api")
    drawn = Pictures(reading)

    @router.get("/page")
    def page(
        document: str,
        collection: str = "",
        start: int = Query(ge=0),
        end: int = Query(ge=0),
        page: int | None = Query(None, ge=1, le=100_000),
        width: int = Query(DEFAULT_WIDTH, ge=MIN_WIDTH, le=MAX_WIDTH),
    ) -> dict[str, Any]:
        span = Span(start, max(start, end))
        return drawn.picture_json(find(collection).document(document), span, page, width)

    return router
