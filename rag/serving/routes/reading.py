"""A document to read, over HTTP: its text in parts, its outline, what is found in it; texts to take
away.

`GET /api/reading` gives a part of a document: the blocks from number `block` on, or those before
`until`, or those around the character `at`; with the first part also what is known of the document
and its `outline`. `GET /api/found` gives where a term stands in it. `POST /api/texts` gives the
texts of some documents as one archive, `GET /api/suggestions` questions to begin with, which the
documents answer.
"""

from __future__ import annotations

import io
import threading
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from rag.assistant import Assistant
from rag.documents.detect import PAGED
from rag.errors import DocumentError
from rag.i18n import say
from rag.serving.suggestions import MOST_READ, suggestions
from rag.text.normalize import fold, fold_aligned
from rag.types import Block, BlockKind, Document, DocumentInfo, IndexStatus

PART_CHARACTERS = 12_000  # of text in a part, as far as blocks allow: some 60 kB
BEFORE_CHARACTERS = 2_000  # of a part around a character, before it
MAX_BLOCK_CHARACTERS = 50_000  # of a block that is shown; a longer one is cut
MAX_OUTLINE = 1_500
MAX_FOUND = 200
AROUND_FOUND = 24
MAX_TEXTS = 1_000
MAX_TERM_CHARACTERS = 200
_HEADINGS = (BlockKind.TITLE, BlockKind.HEADING)


class ReadCollection(Protocol):
    """What is needed of a collection; see `rag.serving.collections.Collection`."""

    def documents(self) -> list[DocumentInfo]: ...  # noqa: D102
    def document(self, name: str) -> Document: ...  # noqa: D102
    def status(self) -> IndexStatus: ...  # noqa: D102
    def by(self, model: str) -> Assistant: ...  # noqa: D102


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid")
    documents: list[str] = Field(min_length=1, max_length=MAX_TEXTS)


def reading(find: Callable[[str], ReadCollection]) -> APIRouter:
    """The routes; `find` gives a collection by its name, the default for an empty one."""
    router = APIRouter(prefix="/api")

    @router.get("/reading")
    def part(
        document: str,
        collection: str = "",
        block: int | None = Query(None, ge=0),
        until: int | None = Query(None, ge=0),
        at: int | None = Query(None, ge=0),
    ) -> dict[str, Any]:
        found = find(collection).document(document)
        first, end = _part(found, block, until, at)
        value = {
            "document": found.name,
            "first": first,
            "end": end,
            "total": len(found.blocks),
            "blocks": list(_blocks_json(found, first, end)),
        }
        return value if block or until is not None else value | _facts_json(found)

    known: dict[str, tuple[int, list[str]]] = {}
    finding = threading.Lock()

    @router.get("/suggestions")
    def suggested(collection: str = "") -> list[str]:
        there = find(collection)
        status = there.status()
        if not status.documents:
            return []
        with finding:
            generation, found = known.get(status.index, (-1, []))
            if generation != status.generation:
                names = [one.name for one in there.documents()]
                some = names[:: max(1, len(names) // MOST_READ)][:MOST_READ]
                found = suggestions([there.document(name) for name in some], there.by("").ask)
                known[status.index] = (status.generation, found)
        return found

    @router.get("/found")
    def found(
        document: str,
        collection: str = "",
        term: str = Query(min_length=1, max_length=MAX_TERM_CHARACTERS),
    ) -> dict[str, Any]:
        return found_json(find(collection).document(document), term)

    @router.post("/texts")
    def texts(wanted: _Names, collection: str = "") -> Response:
        data = archive(map(find(collection).document, wanted.documents))
        return Response(data, media_type="application/zip")

    return router


def _part(
    document: Document, block: int | None, until: int | None, at: int | None
) -> tuple[int, int]:
    """The numbers of the blocks of a part, the end not included."""
    blocks = document.blocks
    if until is not None:
        end = first = min(until, len(blocks))
        while first and _characters(blocks, first - 1, end) <= PART_CHARACTERS:
            first -= 1
        return min(first, max(0, end - 1)), end
    first = min(block or 0, len(blocks))
    if at is not None:
        wanted = max(0, at - BEFORE_CHARACTERS)
        first = bisect_left(blocks, wanted, key=lambda one: one.span.end)
        first = min(first, max(0, bisect_right(blocks, at, key=lambda one: one.span.start) - 1))
    end = first
    while end < len(blocks) and (
        end == first
        or _characters(blocks, first, end + 1) <= PART_CHARACTERS
        or (at is not None and blocks[end].span.start <= at)
    ):
        end += 1
    return first, end


def _characters(blocks: Sequence[Block], first: int, end: int) -> int:
    return blocks[end - 1].span.end - blocks[first].span.start


def _blocks_json(document: Document, first: int, end: int) -> Iterator[dict[str, Any]]:
    """The blocks of a part; a row of a table that holds none of its cells is its `header`."""
    cells = sorted({cell.span.start for table in document.tables for cell in table.cells})
    for number, block in enumerate(document.blocks[first:end], first):
        value: dict[str, Any] = {
            "block": number,
            "start": block.span.start,
            "kind": block.kind.value,
            "text": block.span.of(document.text)[:MAX_BLOCK_CHARACTERS],
            "page": block.page,
        }
        if block.kind in _HEADINGS:
            value["level"] = len(block.headings)
        if block.kind is BlockKind.TABLE_ROW:
            at = bisect_left(cells, block.span.start)
            value["header"] = bool(cells) and not (at < len(cells) and cells[at] < block.span.end)
        if block.by_ocr:
            value["by_ocr"] = True
        yield value


def _facts_json(document: Document) -> dict[str, Any]:
    headings = [
        (number, block) for number, block in enumerate(document.blocks) if block.kind in _HEADINGS
    ]
    return {
        "title": document.title,
        "date": document.date,
        "date_inferred": document.date_inferred,
        "publisher": document.publisher,
        "tags": list(document.tags),
        "characters": len(document.text),
        "paged": document.path.lower().endswith(PAGED),
        "outline": [
            {
                "block": number,
                "start": block.span.start,
                "level": len(block.headings),
                "text": " ".join(block.span.of(document.text).split())[:200],
                "page": block.page,
            }
            for number, block in headings[:MAX_OUTLINE]
        ],
    }


def found_json(document: Document, term: str) -> dict[str, Any]:
    """Where a term stands in a document, compared folded: `total`, and the first `MAX_FOUND`
    places, each with what stands around it."""
    folded, wanted = fold_aligned(document.text), fold(" ".join(term.split()))
    places: list[dict[str, Any]] = []
    total, at = 0, folded.text.find(wanted) if wanted else -1
    while at >= 0:
        total += 1
        end = at + len(wanted)
        if len(places) < MAX_FOUND:
            start, last = int(folded.offsets[at]), int(folded.offsets[end - 1]) + 1
            around = document.text[max(0, start - AROUND_FOUND) : last + AROUND_FOUND]
            places.append({"start": start, "end": last, "around": " ".join(around.split())})
        at = folded.text.find(wanted, end)
    return {"term": term, "total": total, "places": places}


def archive(documents: Iterator[Document]) -> bytes:
    """The texts of documents as a zip archive, each as UTF-8 under its name with `.txt`.

    Raises:
        DocumentError: there is no room for them.
    """
    target = io.BytesIO()
    size = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for document in documents:
            data = document.text.encode()
            size += len(data)
            if size > MAX_ARCHIVE_BYTES:
                raise DocumentError(say("documents.too_many", limit=MAX_ARCHIVE_BYTES))
            name = document.name if document.name.endswith(".txt") else f"{document.name}.txt"
            packed.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


MAX_ARCHIVE_BYTES = 200_000_000
