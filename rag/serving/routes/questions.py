"""Questions over HTTP: search, ask; kept conversations. For `/v1` see `compatible`.

`/api/search` and `/api/ask`, by GET (query) and POST (JSON body) alike: what the commands
give with `--json`. In the body of a question `history` has the turns before it, [question, answer].

The kept conversations over HTTP: list, rename, delete, export as Markdown, HTML or a document of
Word, named after the conversation.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from rag.assistant import in_thread
from rag.i18n import say
from rag.retrieval.query import parse_query
from rag.serving.requests import (
    Restricted,
    described,
    described_query,
    language_of,
    unless_left,
    values_of,
)
from rag.settings import MAX_K
from rag.text.normalize import half_in
from rag.types import Answer, Done, Event, Filter, History, Passage
from rag.wire import answer_json, passage_json


class StreamingAssistant(Protocol):
    """What is needed of `rag.Assistant`."""

    def search(  # noqa: D102
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]: ...
    def stream(  # noqa: D102
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]: ...


MAX_TURNS = 100


class BadRequest(Exception):
    """Parameters that cannot be understood, with the status of the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Parameters(Restricted):
    question: str
    collection: str = ""


class _SearchParameters(_Parameters):
    k: int = Field(10, ge=1, le=MAX_K)
    explain: bool = False


class _AskParameters(_Parameters):
    history: list[tuple[str, str]] = Field([], max_length=MAX_TURNS)


_P = TypeVar("_P", bound=_Parameters)


def questions(find: Callable[[str], StreamingAssistant]) -> APIRouter:
    """The routes; `find` gives the assistant of a collection by its name, the default for an
    empty one."""
    router = APIRouter(prefix="/api")

    @router.get("/search", openapi_extra=described_query(_SearchParameters))
    @router.post("/search", openapi_extra=described(_SearchParameters))
    async def search(request: Request) -> JSONResponse:
        wanted = await _parameters(request, _SearchParameters)
        where = wanted.where()
        assistant = await run_in_threadpool(find, wanted.collection)
        passages = await run_in_threadpool(assistant.search, wanted.question, wanted.k, where)
        found = [passage_json(passage, explain=wanted.explain) for passage in passages]
        return JSONResponse(found)

    @router.get("/ask", openapi_extra=described_query(_Parameters))
    @router.post("/ask", openapi_extra=described(_AskParameters))
    async def ask(request: Request) -> Response:
        wanted = await _parameters(request, _AskParameters)
        where = wanted.where()
        assistant = await run_in_threadpool(find, wanted.collection)
        events = in_thread(lambda: assistant.stream(wanted.question, wanted.history, where))
        answer = await unless_left(request.receive, done(events))
        return Response() if answer is None else JSONResponse(answer_json(answer))

    return router


async def done(events: AsyncGenerator[Event, None]) -> Answer:
    """The answer with which events end."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
    raise AssertionError("a stream ends with Done")


async def _parameters(request: Request, kind: type[_P]) -> _P:
    """The parameters of a request, checked."""
    try:
        if request.method == "GET":
            wanted = kind.model_validate(values_of(request.query_params))
        else:
            wanted = kind.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors())
        raise BadRequest(422, "; ".join(problems)) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, say("server.no_object", error=error)) from None
    if half := half_in(json.dumps(wanted.model_dump(), ensure_ascii=False)):
        raise BadRequest(422, say("server.half_character", half=half))
    parse_query(wanted.question)
    return wanted


class Listed(Protocol):
    """A conversation in a list."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def changed(self) -> float: ...  # noqa: D102
    @property
    def turns(self) -> int: ...  # noqa: D102


class ConversationStore(Protocol):
    """What is needed of the place that keeps them; see `rag.page.chat`."""

    def listed(self, containing: str = "") -> Sequence[Listed]: ...  # noqa: D102
    def rename(self, conversation: str, title: str) -> None: ...  # noqa: D102
    def delete(self, conversation: str) -> None: ...  # noqa: D102
    def export(  # noqa: D102
        self, conversation: str, form: str, language: str
    ) -> tuple[str, bytes]: ...


_FORMS = {
    "markdown": ("md", "text/markdown; charset=utf-8"),
    "html": ("html", "text/html; charset=utf-8"),
    "docx": (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
MAX_NAME_CHARACTERS = 60
_NO_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')


def file_name(title: str) -> str:
    """The title of a conversation as the name of a file on any system, without its ending.

    >>> file_name("A/B: 收入是多少？")
    'A B 收入是多少？'
    """
    words = " ".join(_NO_NAME.sub(" ", title).split())
    return words[:MAX_NAME_CHARACTERS].strip(". ")


class _Title(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, pattern=r"\S")


def conversations(find: Callable[[str], ConversationStore], language: str) -> APIRouter:
    """The routes; `find` gives those of a collection by its name, `language` is that of an export
    for those who ask for none."""
    router = APIRouter(prefix="/api/conversations")

    @router.get("")
    def listed(collection: str = "", containing: str = "") -> list[dict[str, Any]]:
        return [
            {"id": one.id, "title": one.title, "changed": one.changed, "turns": one.turns}
            for one in find(collection).listed(containing)
        ]

    @router.put("/{conversation}")
    def rename(conversation: str, wanted: _Title, collection: str = "") -> dict[str, Any]:
        find(collection).rename(conversation, wanted.title)
        return {"id": conversation}

    @router.delete("/{conversation}")
    def delete(conversation: str, collection: str = "") -> dict[str, Any]:
        find(collection).delete(conversation)
        return {"id": conversation}

    @router.get("/{conversation}/{form}")
    def export(
        conversation: str,
        form: Literal["markdown", "html", "docx"],
        request: Request,
        collection: str = "",
    ) -> Response:
        wanted = language_of(request.query_params, request.cookies, language)
        title, data = find(collection).export(conversation, form, wanted)
        ending, kind = _FORMS[form]
        name = quote(f"{file_name(title) or 'wenju'}.{ending}", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(data, media_type=kind, headers=headers)

    return router
