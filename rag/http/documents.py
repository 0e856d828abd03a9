"""The documents of a collection over HTTP: list, add, read, remove.

`GET /api/documents` lists them: those that have `containing` in them and fit a filter; without
either also `unread`, the files that were added and could not be read.
`PUT /api/documents/NAME` keeps a file; `POST /api/documents` then reads what was kept, and gives
one JSON object a line: after each file, and while one takes long, `{"document", "done", "total",
"bytes_done", "bytes_total", "pages_done", "pages_total", "bytes_per_second", "seconds_left"}`, the
last two null while they are unknown; at the end `{"report"}` or `{"error"}`; to leave is to cancel.
`PATCH /api/documents/NAME` states `title` or `date`, an empty string takes it back;
`DELETE` removes and gives `undo`, with which `POST /api/removed/UNDO` brings back what it was,
for `undo_seconds`. `GET /api/passage` gives what stands around a passage.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from rag.collection import UNDO_SECONDS, Removed
from rag.errors import DocumentError, RagError
from rag.http.filters import Restricted
from rag.http.language import told_in
from rag.http.neighbours import DEFAULT_AROUND, MAX_AROUND, neighbours_json
from rag.http.threads import from_thread
from rag.indexing.index import Progress, Step
from rag.telling.errors import error_text
from rag.types import Document, DocumentInfo, Filter, Report, Skipped, Span
from rag.wire import info_json, report_json

DEFAULT_LISTED = 200
MAX_LISTED = 1_000
MAX_TITLE_CHARACTERS = 300
logger = logging.getLogger(__name__)


class Documents(Protocol):
    """What is needed of a collection; see `rag.collection.Collection`."""

    def documents(  # noqa: D102
        self, containing: str = "", where: Filter | None = None
    ) -> list[DocumentInfo]: ...
    def document(self, name: str) -> Document: ...  # noqa: D102
    def last_page(self, name: str) -> int | None: ...  # noqa: D102
    def is_added(self, info: DocumentInfo) -> bool: ...  # noqa: D102
    def keep(self, name: str, pieces: list[bytes]) -> int: ...  # noqa: D102
    def update(self, progress: Progress | None = None) -> Report: ...  # noqa: D102
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


def documents(find: Callable[[str], Documents]) -> APIRouter:
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
                    "reason": error_text(one.reason, language) or None,
                }
                for one in (there.unread()[:MAX_LISTED] if everything else ())
            ],
            "total": len(found),
            "chunks": sum(info.chunks for info in found),
            "documents": [
                _listed_json(there, info, language)
                for info in found[where.offset : where.offset + where.limit]
            ],
        }

    @router.put("/documents/{name:path}")
    async def keep(name: str, request: Request, collection: str = "") -> dict[str, Any]:
        there = await run_in_threadpool(find, collection)
        pieces = [piece async for piece in request.stream()]
        return {"document": name, "bytes": await run_in_threadpool(there.keep, name, pieces)}

    @router.post("/documents")
    async def update(request: Request, collection: str = "") -> StreamingResponse:
        there, language = await run_in_threadpool(find, collection), told_in(request.headers)
        lines = _lines(from_thread(partial(_update, there, language)), language)
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


def _update(collection: Documents, language: str, put: Callable[[dict[str, Any]], None]) -> None:
    def progress(step: Step) -> None:
        if step.done:
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

    report = report_json(collection.update(progress))
    for one in (*report["skipped"], *report["warnings"]):
        one["reason"] = error_text(one["reason"], language)
    put({"report": report})


async def _lines(values: AsyncIterator[dict[str, Any]], language: str) -> AsyncIterator[str]:
    try:
        async for value in values:
            yield json.dumps(value, ensure_ascii=False) + "\n"
    except RagError as error:
        yield _failed(str(error), language)
    except Exception:
        logger.exception("an update of the index failed")
        yield _failed("internal error; the log of the server has it", language)


def _failed(message: str, language: str) -> str:
    return json.dumps({"error": error_text(message, language)}, ensure_ascii=False) + "\n"


def _listed_json(there: Documents, info: DocumentInfo, language: str) -> dict[str, Any]:
    return info_json(info) | {
        "warnings": [error_text(warning, language) for warning in info.warnings],
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
