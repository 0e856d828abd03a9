"""Documents over HTTP: collections, files, pictures of pages.

The collections over HTTP: `GET /api/collections` lists them, `POST` makes a new one,
`PATCH /api/collections/NAME` gives it another `name`, `DELETE` deletes it.

Everywhere else `collection` names one, as a parameter of the address, for search and questions
also in the body; without it the default is meant.

The documents of a collection over HTTP: list, add, read, remove.

`GET /api/documents` lists them: those that have `containing` in them and fit a filter; without
either also `unread`, the files that were added and could not be read, and how many of those that
were added are `incomplete`: a part that was left out may be there when they are read again.
`GET /api/names` has those whose name or title has `containing` in it, and all tags.
`PUT /api/documents/NAME` keeps a file and gives its `sha256`; the same bytes once more are
`unchanged`. `POST /api/documents` then reads what was kept, with `retry_skipped=true` also what was
left out of added files. A form (`multipart/form-data`) brings files along, of which a first line
tells: `{"kept": […]}`. The reply is one JSON object a line: after each file, and while one takes
long, `{"document", "done", "total", "bytes_done", "bytes_total", "pages_done", "pages_total",
"bytes_per_second", "seconds_left"}`, the last two null while they are unknown; at the end
`{"report"}` or `{"error"}`; to leave is to cancel.
`PATCH /api/documents/NAME` states `title` or `date`, an empty string takes it back;
`DELETE` removes and gives `undo`, with which `POST /api/removed/UNDO` brings back what it was,
for `undo_seconds`. `GET /api/passage` gives what stands around a passage.

`GET /api/page`: the page of a PDF file or a picture that a quotation stands on, as a picture.

Only a document of the collection is drawn, by its name, and only while its file holds the very
bytes that were indexed.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from rag.assistant import from_thread
from rag.documents.detect import PAGED
from rag.documents.load import document_id, in_container, read_bytes
from rag.documents.pdf.preview import PagePicture, page_picture
from rag.documents.workers import RETRY, apart
from rag.errors import DocumentError, RagError
from rag.i18n import say, told
from rag.index.local.index import Progress, Step
from rag.serving.collections import UNDO_SECONDS, Library, Removed
from rag.serving.requests import (
    DEFAULT_AROUND,
    MAX_AROUND,
    Restricted,
    neighbours_json,
    told_in,
    written_date,
)
from rag.serving.routes.questions import BadRequest
from rag.serving.uploads import Added
from rag.settings import Reading
from rag.types import Document, DocumentInfo, Filter, PageBox, Report, Skipped, Span
from rag.wire import info_json, report_json


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def collections(library: Library) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/collections")

    @router.get("")
    def listed() -> dict[str, Any]:
        return {
            "default": library.default.folder.name,
            "collections": list(library.names()),
            "several": library.root is not None,
        }

    @router.post("")
    def create(wanted: _Named) -> dict[str, Any]:
        library.create(wanted.name)
        return {"collection": wanted.name}

    @router.patch("/{name}")
    def rename(name: str, wanted: _Named) -> dict[str, Any]:
        library.rename(name, wanted.name)
        return {"collection": wanted.name}

    @router.delete("/{name}")
    def delete(name: str) -> dict[str, Any]:
        library.delete(name)
        return {"collection": name}

    return router


DEFAULT_LISTED = 200
MAX_LISTED = 1_000
MAX_TAGS = 200
MAX_TITLE_CHARACTERS = 300
MAX_FILES = 1_000  # in a form
_BYTES = {"type": "string", "format": "binary"}
_PARTS = {"type": "object", "properties": {"file": {"type": "array", "items": _BYTES}}}
# What OpenAPI says of bodies that are read here.
_A_FILE = {"requestBody": {"content": {"application/octet-stream": {"schema": _BYTES}}}}
_FILES = {"requestBody": {"content": {"multipart/form-data": {"schema": _PARTS}}}}
logger = logging.getLogger(__name__)


class DocumentStore(Protocol):
    """What is needed of a collection; see `rag.serving.collections.Collection`."""

    def documents(  # noqa: D102
        self, containing: str = "", where: Filter | None = None
    ) -> list[DocumentInfo]: ...
    def document(self, name: str) -> Document: ...  # noqa: D102
    def last_page(self, name: str) -> int | None: ...  # noqa: D102
    def is_added(self, info: DocumentInfo) -> bool: ...  # noqa: D102
    def keep(self, name: str, pieces: list[bytes]) -> Added: ...  # noqa: D102
    def update(  # noqa: D102
        self, progress: Progress | None = None, *, retry_skipped: bool = False
    ) -> Report: ...
    def unread(self) -> list[Skipped]: ...  # noqa: D102
    def remove(self, name: str) -> Removed: ...  # noqa: D102
    def bring_back(self, undo: str) -> str: ...  # noqa: D102
    def correct(  # noqa: D102
        self, name: str, *, title: str | None = None, date: str | None = None
    ) -> DocumentInfo: ...


class _Listed(Restricted):
    collection: str = ""
    containing: str = ""
    offset: int = Field(0, ge=0)
    limit: int = Field(DEFAULT_LISTED, ge=1, le=MAX_LISTED)


class _Correction(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str | None = Field(None, max_length=MAX_TITLE_CHARACTERS)
    date: str | None = None

    @field_validator("date")
    @classmethod
    def _dated(cls, value: str | None) -> str | None:
        return value and written_date(value)


def documents(find: Callable[[str], DocumentStore]) -> APIRouter:
    """The routes; `find` gives a collection by its name, the default for an empty one."""
    router = APIRouter(prefix="/api")

    @router.get("/documents")
    def listed(
        where: Annotated[_Listed, Query()],
        request: Request,
    ) -> dict[str, Any]:
        there, language = find(where.collection), told_in(request.headers)
        found = there.documents(where.containing, where.where())
        everything = not where.containing.strip() and where.where() is None
        return {
            "unread": [
                {
                    "document": one.document,
                    "reason": told(one.reason, language) or None,
                }
                for one in (there.unread()[:MAX_LISTED] if everything else ())
            ],
            "incomplete": sum(_is_incomplete(there, one) for one in found) if everything else 0,
            "total": len(found),
            "chunks": sum(info.chunks for info in found),
            "documents": [
                _listed_json(there, info, language)
                for info in found[where.offset : where.offset + where.limit]
            ],
        }

    @router.get("/names")
    def names(
        collection: str = "",
        containing: str = "",
        limit: int = Query(DEFAULT_LISTED, ge=1, le=MAX_LISTED),
    ) -> dict[str, Any]:
        everything = find(collection).documents()
        wanted = containing.strip().casefold()
        fitting = [one for one in everything if wanted in f"{one.name}\n{one.title}".casefold()]
        return {
            "total": len(fitting),
            "documents": [
                {"document": one.name, "title": one.title, "date": one.date}
                for one in fitting[:limit]
            ],
            "tags": sorted({tag for one in everything for tag in one.tags})[:MAX_TAGS],
        }

    @router.put("/documents/{name:path}", openapi_extra=_A_FILE)
    async def keep(name: str, request: Request, collection: str = "") -> dict[str, Any]:
        there = await run_in_threadpool(find, collection)
        pieces = [piece async for piece in request.stream()]
        return _kept_json(name, await run_in_threadpool(there.keep, name, pieces))

    @router.post("/documents", openapi_extra=_FILES)
    async def update(
        request: Request, collection: str = "", retry_skipped: bool = False
    ) -> StreamingResponse:
        there, language = await run_in_threadpool(find, collection), told_in(request.headers)
        kept = await _kept(request, there)
        read = partial(_update, there, language, retry_skipped)
        lines = _lines(from_thread(read), language, kept)
        return StreamingResponse(lines, media_type="application/x-ndjson")

    @router.patch("/documents/{name:path}")
    def correct(name: str, wanted: _Correction, collection: str = "") -> dict[str, Any]:
        there = find(collection)
        return info_json(there.correct(name, title=wanted.title, date=wanted.date))

    @router.delete("/documents/{name:path}")
    def remove(name: str, collection: str = "") -> dict[str, Any]:
        gone = find(collection).remove(name)
        return {
            "document": name,
            "chunks": gone.chunks,
            "undo": gone.undo,
            "undo_seconds": UNDO_SECONDS,
        }

    @router.post("/removed/{undo}")
    def bring_back(undo: str, collection: str = "") -> dict[str, Any]:
        return {"document": find(collection).bring_back(undo)}

    @router.get("/passage")
    def passage(
        document: str,
        collection: str = "",
        start: int = Query(ge=0),
        end: int = Query(ge=0),
        around: int = Query(DEFAULT_AROUND, ge=0, le=MAX_AROUND),
    ) -> dict[str, Any]:
        found = find(collection).document(document)
        try:
            return neighbours_json(found, Span(start, max(start, end)), around)
        except IndexError as error:
            raise DocumentError(str(error)) from None

    return router


def _is_incomplete(there: DocumentStore, info: DocumentInfo) -> bool:
    """Whether a part of an added file was left out that may be there the next time."""
    return any(text.endswith(RETRY) for text in info.warnings) and there.is_added(info)


def _update(
    collection: DocumentStore,
    language: str,
    retry_skipped: bool,
    put: Callable[[dict[str, Any]], None],
) -> None:
    def progress(step: Step) -> None:
        put(
            {
                "document": step.document,
                "done": step.done,
                "total": step.total,
                "bytes_done": step.bytes_done,
                "bytes_total": step.bytes_total,
                "pages_done": step.pages_done,
                "pages_total": step.pages_total,
                "bytes_per_second": step.bytes_per_second,
                "seconds_left": step.seconds_left,
            }
        )

    report = report_json(collection.update(progress, retry_skipped=retry_skipped))
    for one in (*report["skipped"], *report["warnings"]):
        one["reason"] = told(one["reason"], language)
    put({"report": report})


async def _kept(request: Request, there: DocumentStore) -> list[dict[str, Any]] | None:
    """The files of a form, kept; None where the request is none.

    Raises:
        BadRequest: the form is damaged, or holds no file.
        DocumentError, StoreError: see `Collection.keep`; the files before that one are kept.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    found = []
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            for _, one in form.multi_items():
                if isinstance(one, UploadFile):
                    name, content = one.filename or "", await one.read()
                    added = await run_in_threadpool(there.keep, name, [content])
                    found.append(_kept_json(name, added))
    except HTTPException as error:  # what starlette says of a form
        raise BadRequest(400, say("server.no_form", error=error.detail)) from None
    if not found:
        raise BadRequest(400, say("server.no_form", error="no file"))
    return found


def _kept_json(name: str, added: Added) -> dict[str, Any]:
    return {
        "document": name,
        "bytes": added.size,
        "sha256": added.sha256,
        "unchanged": added.unchanged,
    }


async def _lines(
    values: AsyncIterator[dict[str, Any]], language: str, kept: list[dict[str, Any]] | None
) -> AsyncIterator[str]:
    if kept is not None:
        yield json.dumps({"kept": kept}, ensure_ascii=False) + "\n"
    try:
        async for value in values:
            yield json.dumps(value, ensure_ascii=False) + "\n"
    except RagError as error:
        yield _failed(error, language)
    except Exception:
        logger.exception("an update of the index failed")
        yield _failed(say("server.internal"), language)


def _failed(what: object, language: str) -> str:
    return json.dumps({"error": told(what, language)}, ensure_ascii=False) + "\n"


def _listed_json(there: DocumentStore, info: DocumentInfo, language: str) -> dict[str, Any]:
    return info_json(info) | {
        "warnings": [told(warning, language) for warning in info.warnings],
        "added": there.is_added(info),
        "bytes": _size(info.path),
        "last_page": there.last_page(info.name),
    }


def _size(path: str) -> int | None:
    """The size of a file in bytes; None where it is gone."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


DEFAULT_WIDTH = 1_000
MIN_WIDTH, MAX_WIDTH = 100, 2_000
PICTURES_KEPT = 16  # some 200 kB each
# Each is a process of its own.
DRAWN_AT_ONCE = 2
# A quotation is looked for on so many pages; hardly a block stands on more.
MAX_PAGES = 4
MAX_QUOTED = 5_000

_Key = tuple[str, Span, int | None, int]


class DocumentSource(Protocol):
    """What is needed of a collection; see `rag.serving.collections.Collection`."""

    def document(self, name: str) -> Document: ...  # noqa: D102


class PagePictures:
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
        data: bytes
        if in_container(str(path)) is not None:
            data = apart("rag.documents.load:read_bytes", (path, self._reading), self._reading)
        elif path.is_file():
            data = read_bytes(path, self._reading)
        else:
            raise DocumentError(f"the file of {document.name} is no longer where it was indexed")
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
        "boxes": [box._asdict() for box in picture.boxes],
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


def pictures(find: Callable[[str], DocumentSource], reading: Reading) -> APIRouter:
    """The route; `find` gives a collection by its name, the default for an empty one."""
    router = APIRouter(prefix="/api")
    drawn = PagePictures(reading)

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
