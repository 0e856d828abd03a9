"""The page and the HTTP API on one port. The door to FastAPI and uvicorn.

By GET (query) and POST (JSON body) alike: `/api/search` (`question`, `k`, `explain`) and
`/api/ask` (`question`) give what the commands give with `--json`, from the documents that fit
`document`, `since`, `until`, `source`, `tag`, if given; `/healthz` says that the server is up;
`/v1/chat/completions` is for clients of OpenAI's API. An error is `{"error": message}` with a
status from 400 up.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from rag import __version__
from rag.answering.query import parse_query
from rag.assistant import History
from rag.collection import Collection
from rag.errors import (
    DocumentError,
    GenerationError,
    QuestionError,
    RagError,
    SettingsError,
    StoreLocked,
    UnknownConversation,
    UnknownDocument,
)
from rag.http.completions import completions
from rag.http.conversations import conversations
from rag.http.documents import documents
from rag.http.gate import Gate, Rules
from rag.http.login import Token
from rag.http.pictures import pictures
from rag.page.blocks import mount_page
from rag.page.conversations import Conversations
from rag.page.room import Room
from rag.settings import Settings
from rag.types import Answer, Event, Filter, IndexStatus, Passage
from rag.wire import answer_json, passage_json

MAX_BODY_BYTES = 64_000  # a question of 2,000 characters needs 24,000 where all is escaped
MAX_TALK_BYTES = 1_000_000  # a chat client sends the whole conversation
LIMITS: Mapping[str, int] = MappingProxyType({"/api/": MAX_BODY_BYTES, "/v1/": MAX_TALK_BYTES})
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
ANY_ADDRESS = ("0.0.0.0", "::")
# How long open connections (a page that listens) hold up the end of the program.
MAX_SHUTDOWN_SECONDS = 2

_log = logging.getLogger(__name__)


class Assistant(Protocol):
    """What the server needs of `rag.Assistant`."""

    def search(  # noqa: D102
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]: ...
    def ask(self, question: str, *, where: Filter | None = None) -> Answer: ...  # noqa: D102
    def stream(self, question: str, history: History = ()) -> Iterator[Event]: ...  # noqa: D102


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str
    document: list[str] = []
    since: str | None = None
    until: str | None = None
    source: list[str] = []
    tag: list[str] = []

    @field_validator("document", "source", "tag", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def where(self) -> Filter | None:
        """The filter, if there is one; a FilterError where it is none."""
        found = Filter(
            tuple(self.document), self.since, self.until, tuple(self.source), tuple(self.tag)
        )
        return None if found == Filter() else found


class _SearchParameters(_Parameters):
    k: int = Field(10, ge=1, le=1000)
    explain: bool = False


_P = TypeVar("_P", bound=_Parameters)


class _BadRequest(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def create_app(
    assistant: Assistant,
    status: Callable[[], IndexStatus],
    examples: Sequence[str] = (),
    host: str = "127.0.0.1",
    token: Token | None = None,
    collection: Collection | None = None,
) -> FastAPI:
    """The application: API and page, behind the gate. Requests must name `host` or this machine,
    and carry `token` where there is one. With `collection` its documents are shown, added and
    removed.

    Raises:
        SettingsError: `host` can be reached from other machines, and there is no token.
    """
    largest = 0 if collection is None else collection.settings.reading.max_file_bytes
    rules = _rules(host, token, {**LIMITS, "/api/documents/": largest})
    # The documentation pages of FastAPI load their scripts from elsewhere.
    app = FastAPI(title="Wenju", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Gate, rules=rules)
    app.add_exception_handler(_BadRequest, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.add_exception_handler(RagError, _report)
    app.add_exception_handler(Exception, _apologise)

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        now = status()
        return {
            "status": "ok",
            "version": __version__,
            "documents": now.documents,
            "chunks": now.chunks,
        }

    @app.api_route("/api/search", methods=["GET", "POST"])
    async def search(request: Request) -> JSONResponse:
        wanted = await _parameters(request, _SearchParameters)
        where = wanted.where()
        passages = await run_in_threadpool(assistant.search, wanted.question, wanted.k, where)
        found = [passage_json(passage, explain=wanted.explain) for passage in passages]
        return JSONResponse(found)

    @app.api_route("/api/ask", methods=["GET", "POST"])
    async def ask(request: Request) -> JSONResponse:
        wanted = await _parameters(request, _Parameters)
        where = wanted.where()
        answer = await run_in_threadpool(assistant.ask, wanted.question, where=where)
        return JSONResponse(answer_json(answer))

    app.include_router(completions(assistant))
    if collection is None:
        room = Room(assistant, status, examples)
        return mount_page(app, lambda _: room, Settings().page.language)
    kept = Conversations(collection.kept / "conversations.sqlite")
    language = collection.settings.page.language
    app.include_router(documents(collection))
    app.include_router(pictures(collection, collection.settings.reading))
    app.include_router(conversations(kept, language))
    room = Room(assistant, status, examples, kept)
    return mount_page(app, lambda _: room, language, keeping=True)


async def _parameters(request: Request, kind: type[_P]) -> _P:
    """The parameters of a request, checked."""
    try:
        if request.method == "GET":
            given = request.query_params
            values = {name: given.getlist(name) for name in given}
            several = {name for name, each in values.items() if len(each) > 1}
            wanted = kind.model_validate(
                {name: each if name in several else each[0] for name, each in values.items()}
            )
        else:
            wanted = kind.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors())
        raise _BadRequest(422, "; ".join(problems)) from None
    except (ValueError, RecursionError) as error:
        raise _BadRequest(400, f"the body is not a JSON object: {error}") from None
    parse_query(wanted.question)
    return wanted


def _refuse(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RequestValidationError):
        problems = (f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        return JSONResponse({"error": "; ".join(problems)}, 422)
    status = error.status if isinstance(error, _BadRequest) else 400
    return JSONResponse({"error": str(error)}, status)


def _report(_: Request, error: Exception) -> JSONResponse:
    match error:
        case QuestionError() | SettingsError() | DocumentError():
            status = 400
        case UnknownDocument() | UnknownConversation():
            status = 404
        case StoreLocked():
            status = 409
        case GenerationError():
            status = 502
        case _:
            status = 503
    return JSONResponse({"error": str(error)}, status)


def _apologise(_: Request, error: Exception) -> JSONResponse:
    _log.error("no reply to a request", exc_info=error)
    return JSONResponse({"error": "internal error; the log of the server has it"}, 500)


def guarded(app: ASGIApp, host: str, token: Token | None = None) -> ASGIApp:
    """`app` behind the gate; see `create_app`."""
    return Gate(app, _rules(host, token))


def _rules(host: str, token: Token | None, limits: Mapping[str, int] = LIMITS) -> Rules:
    if token is None and not is_own(host):
        raise SettingsError(
            f"everyone who reaches {host} could read these documents; set a token in RAG_TOKEN, "
            "or listen on 127.0.0.1"
        )
    return Rules(None if host in ANY_ADDRESS else (*LOOPBACK, host), token, limits)


def is_own(host: str) -> bool:
    """Whether only this machine reaches `host`.

    >>> is_own("127.0.0.1"), is_own("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`; 0 takes a free port.

    Raises:
        SettingsError: the address is in use, unknown or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host}: {error}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; "
            "end the program that uses it, or take another with --port (0: any free one)"
        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The address of the page to type into a browser."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serves until the process is interrupted or told to end."""
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=MAX_SHUTDOWN_SECONDS
    )
    uvicorn.Server(config).run(sockets=[listener])
