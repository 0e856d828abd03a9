"""The documents of a collection over HTTP: list, add, read, remove.

`GET /api/documents?containing=` lists them. `PUT /api/documents/NAME` keeps a file;
`POST /api/documents` then reads what was kept, and gives one JSON object a line: after each file,
and while one takes long, `{"document", "done", "total", "bytes_per_second", "seconds_left"}`, the
last two null while they are unknown; at the end `{"report"}` or `{"error"}`; to leave is to cancel.
`DELETE /api/documents/NAME` removes. `GET /api/passage` gives what stands around a passage.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from rag.errors import DocumentError, RagError
from rag.http.neighbours import DEFAULT_AROUND, MAX_AROUND, neighbours_json
from rag.http.threads import from_thread
from rag.indexing.index import Progress, Step
from rag.types import Document, DocumentInfo, Report, Span
from rag.wire import report_json

logger = logging.getLogger(__name__)


class Documents(Protocol):
    """What is needed of a collection; see `rag.collection.Collection`."""

    def documents(self, containing: str = "") -> list[DocumentInfo]: ...  # noqa: D102
    def document(self, name: str) -> Document: ...  # noqa: D102
    def is_added(self, info: DocumentInfo) -> bool: ...  # noqa: D102
    def keep(self, name: str, pieces: list[bytes]) -> int: ...  # noqa: D102
    def update(self, progress: Progress | None = None) -> Report: ...  # noqa: D102
    def remove(self, name: str) -> int: ...  # noqa: D102


def documents(collection: Documents) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api")

    @router.get("/documents")
    def listed(containing: str = "") -> list[dict[str, Any]]:
        found = collection.documents(containing)
        return [_info_json(info, added=collection.is_added(info)) for info in found]

    @router.put("/documents/{name:path}")
    async def keep(name: str, request: Request) -> dict[str, Any]:
        pieces = [piece async for piece in request.stream()]
        return {"document": name, "bytes": await run_in_threadpool(collection.keep, name, pieces)}

    @router.post("/documents")
    async def update() -> StreamingResponse:
        lines = _lines(from_thread(partial(_update, collection)))
        return StreamingResponse(lines, media_type="application/x-ndjson")

    @router.delete("/documents/{name:path}")
    def remove(name: str) -> dict[str, Any]:
        return {"document": name, "chunks": collection.remove(name)}

    @router.get("/passage")
    def passage(
        document: str,
        start: int = Query(ge=0),
        end: int = Query(ge=0),
        around: int = Query(DEFAULT_AROUND, ge=0, le=MAX_AROUND),
    ) -> dict[str, Any]:
        found = collection.document(document)
        try:
            return neighbours_json(found, Span(start, max(start, end)), around)
        except IndexError as error:
            raise DocumentError(str(error)) from None

    return router


def _update(collection: Documents, put: Callable[[dict[str, Any]], None]) -> None:
    def progress(step: Step) -> None:
        if step.done:
            put(
                {
                    "document": step.document,
                    "done": step.done,
                    "total": step.total,
                    "bytes_per_second": step.bytes_per_second,
                    "seconds_left": step.seconds_left,
                }
            )

    put({"report": report_json(collection.update(progress))})


async def _lines(values: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    try:
        async for value in values:
            yield json.dumps(value, ensure_ascii=False) + "\n"
    except RagError as error:
        yield json.dumps({"error": str(error)}, ensure_ascii=False) + "\n"
    except Exception:
        logger.exception("an update of the index failed")
        yield json.dumps({"error": "internal error; the log of the server has it"}) + "\n"


def _info_json(info: DocumentInfo, *, added: bool) -> dict[str, Any]:
    return {
        "document": info.name,
        "title": info.title,
        "date": info.date,
        "date_inferred": info.date_inferred,
        "characters": info.characters,
        "chunks": info.chunks,
        "added": added,
    }
