"""`/api/search` and `/api/ask`, by GET (query) and POST (JSON body) alike: what the commands
give with `--json`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Protocol, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool

from rag.answering.query import parse_query
from rag.assistant import History
from rag.http.filters import Restricted, values_of
from rag.http.threads import in_thread, unless_left
from rag.text.halves import half_in
from rag.types import Answer, Done, Event, Filter, Passage
from rag.wire import answer_json, passage_json


class Assistant(Protocol):
    """What is needed of `rag.Assistant`."""

    def search(  # noqa: D102
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]: ...
    def stream(  # noqa: D102
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]: ...


class BadRequest(Exception):
    """Parameters that cannot be understood, with the status of the reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Parameters(Restricted):
    question: str
    collection: str = ""


class _SearchParameters(_Parameters):
    k: int = Field(10, ge=1, le=1000)
    explain: bool = False


_P = TypeVar("_P", bound=_Parameters)


def questions(find: Callable[[str], Assistant]) -> APIRouter:
    """The routes; `find` gives the assistant of a collection by its name, the default for an
    empty one."""
    router = APIRouter(prefix="/api")

    @router.api_route("/search", methods=["GET", "POST"])
    async def search(request: Request) -> JSONResponse:
        wanted = await _parameters(request, _SearchParameters)
        where = wanted.where()
        assistant = await run_in_threadpool(find, wanted.collection)
        passages = await run_in_threadpool(assistant.search, wanted.question, wanted.k, where)
        found = [passage_json(passage, explain=wanted.explain) for passage in passages]
        return JSONResponse(found)

    @router.api_route("/ask", methods=["GET", "POST"])
    async def ask(request: Request) -> Response:
        wanted = await _parameters(request, _Parameters)
        where = wanted.where()
        assistant = await run_in_threadpool(find, wanted.collection)
        events = in_thread(lambda: assistant.stream(wanted.question, (), where))
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
        raise BadRequest(400, f"the body is not a JSON object: {error}") from None
    if half := half_in(json.dumps(wanted.model_dump(), ensure_ascii=False)):
        raise BadRequest(422, f"a parameter holds half a character ({half}); send it whole")
    parse_query(wanted.question)
    return wanted
