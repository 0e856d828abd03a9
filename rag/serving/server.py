"""The page and the HTTP API on one port. The door to FastAPI and uvicorn.

By GET (query) and POST (JSON body) alike: `/api/search` (`question`, `k`, `explain`) and
`/api/ask` (`question`) give what the commands give with `--json`, from the documents that fit
`documents`, `since`, `until`, `sources`, `tags`, if given; `/healthz` says that the server is up;
`/v1` is for clients of OpenAI's API, `/api/dify` for Dify. `collection` names a collection, here
and under `/api/documents`, `/api/conversations`, `/api/passage`, `/api/page`; `/api/collections`
has their names. An error is `{"error": message}` with a status from 400 up.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag import __version__
from rag.assistant import Assistant
from rag.errors import (
    ChangeRefused,
    DocumentError,
    GenerationError,
    QuestionError,
    RagError,
    SettingsError,
    StoreLocked,
    UnknownCollection,
    UnknownConversation,
    UnknownDocument,
)
from rag.i18n import say, told
from rag.page.app import mount_page
from rag.page.chat import FILE, Conversations, Room
from rag.serving.collections import Collection, Library
from rag.serving.requests import told_in
from rag.serving.routes.compatible import completions, external_knowledge
from rag.serving.routes.documents import collections, documents, pictures
from rag.serving.routes.model_servers import model_servers
from rag.serving.routes.preferences import Preferences, Remembered, preferences
from rag.serving.routes.questions import (
    BadRequest,
    StreamingAssistant,
    conversations,
    questions,
)
from rag.serving.routes.reading import reading
from rag.serving.security import Access, Gate
from rag.settings import Settings
from rag.text.normalize import mended
from rag.types import IndexStatus

_ALONE = Access()
# How long open connections (a page that listens) hold up the end of the program, and how long
# anything does.
MAX_SHUTDOWN_SECONDS = 1
MAX_ENDING_SECONDS = 1.7
# How long the head of a request may take, and how many connections may be waiting for one.
MAX_HEAD_SECONDS = 20.0
MAX_HALF_OPEN = 200
OPENAPI = "/api/openapi.json"
MAX_FORM_BYTES = 100_000  # of a form, beside its files

_log = logging.getLogger(__name__)


def create_app(
    assistant: StreamingAssistant,
    status: Callable[[], IndexStatus],
    examples: Sequence[str] = (),
    access: Access = _ALONE,
    library: Library | None = None,
    remembered: Path | None = None,
) -> FastAPI:
    """The application: API and page, behind the gate. `assistant`, `status` and `examples` are
    those of the default collection; with `library` its collections are served, their documents
    shown, added and removed, their conversations kept, and settings can be changed; in the file
    `remembered` changed ones are kept where nobody else can reach the server.

    Raises:
        SettingsError: others can reach the server, and there is no token.
    """
    largest = 0 if library is None else library.settings.reading.max_file_bytes
    # The documentation pages of FastAPI load their scripts from elsewhere.
    app = FastAPI(
        title="Wenju", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI
    )
    frames = () if library is None else library.settings.page.frames
    limits = {"/api/documents/": largest, "/api/documents": largest + MAX_FORM_BYTES}
    app.add_middleware(Gate, rules=access.rules(limits, frames))
    app.add_exception_handler(BadRequest, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.add_exception_handler(RagError, _report)
    app.add_exception_handler(Exception, _apologise)

    # A thread of its own: it never waits until one of those that search is free.
    health = ThreadPoolExecutor(1, "health")

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        now = await asyncio.get_running_loop().run_in_executor(health, status)
        return {
            "status": "ok",
            "version": __version__,
            "documents": now.documents,
            "chunks": now.chunks,
        }

    def assistant_of(name: str) -> StreamingAssistant:
        found = _named(library, name)
        return assistant if found is None else found

    def room(name: str) -> Room:
        found = _named(library, name)
        own = library.default if library is not None and found is None else found
        if own is None:
            return Room(assistant, status, examples)
        kept = Conversations(own.kept / FILE)
        by = partial(_by, own, others=access.alone)
        if found is None:
            return Room(assistant, status, examples, kept, by)
        return Room(found, found.status, (), kept, by)

    app.include_router(questions(assistant_of))
    names = library.names if library else tuple
    ranking = library.collection if library else None
    app.include_router(completions(assistant_of, names, ranking))
    app.include_router(external_knowledge(assistant_of, names))
    if library is None:
        return mount_page(app, room, Settings().page.language)
    language = library.settings.page.language
    app.include_router(collections(library))
    app.include_router(documents(library.collection))
    app.include_router(reading(library.collection))
    app.include_router(pictures(library.collection, library.settings.reading))
    app.include_router(conversations(lambda name: _kept(room(name)), language))
    kept = Remembered(remembered, library.default.folder) if remembered and access.alone else None
    changing = Preferences(library.settings, library.use, kept, fixed_server=not access.alone)
    app.include_router(preferences(changing))
    app.include_router(model_servers(not access.alone, changing.key_of))
    return mount_page(app, room, language, keeping=True)


def _named(library: Library | None, name: str) -> Collection | None:
    """The collection of that name where it is not the default one.

    Raises:
        UnknownCollection: there is none.
    """
    if not name:
        return None
    if library is None:
        raise UnknownCollection(say("collection.unknown", name=name))
    found = library.collection(name)
    return None if found is library.default else found


def _by(collection: Collection, model: str, *, others: bool) -> Assistant:
    """Who answers with a model; where not only its owner reaches the server, nobody chooses another
    one than is set."""
    return collection.by(model if others or not model else collection.settings.chat.model)


def _kept(room: Room) -> Conversations:
    assert room.kept is not None  # with a library they are kept
    return room.kept


def _refuse(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RequestValidationError):
        problems = (f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        return JSONResponse(_told(request, "; ".join(problems)), 422)
    status = error.status if isinstance(error, BadRequest) else 400
    return JSONResponse(_told(request, error), status)


def _report(request: Request, error: Exception) -> JSONResponse:
    match error:
        case ChangeRefused():
            status = 403
        case QuestionError() | SettingsError() | DocumentError():
            status = 400
        case UnknownDocument() | UnknownConversation() | UnknownCollection():
            status = 404
        case StoreLocked():
            status = 409
        case GenerationError():
            status = 502
        case _:
            status = 503
    return JSONResponse(_told(request, error), status)


def _apologise(request: Request, error: Exception) -> JSONResponse:
    _log.error("no reply to a request", exc_info=error)
    return JSONResponse(_told(request, say("server.internal")), 500)


def _told(request: Request, what: object) -> dict[str, str]:
    return {"error": mended(told(what, told_in(request.headers)))}


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """`app` behind the gate; see `Access`."""
    return Gate(app, access.rules())


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
        raise SettingsError(say("server.no_host", host=host, error=error)) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(
            say("server.no_port", host=host, port=port, error=error.strerror or error)
        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The address of the page to type into a browser."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serves until the process is interrupted or told to end; it then ends soon, whatever it
    does: indexes are whole at any moment."""
    # What is loaded stays. Python would look through it for what can go now and then, in the
    # middle of an answer: a tenth of a second each time, two milliseconds an answer.
    gc.freeze()
    _Server(configuration(app)).run(sockets=[listener])


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        ending = threading.Timer(MAX_ENDING_SECONDS, os._exit, (128 + sig,))
        ending.daemon = True
        ending.start()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it cuts off what goes on
        super().handle_exit(sig, frame)


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How `app` is served."""
    return uvicorn.Config(
        app,
        http=type("Connection", (_Connection,), {"waiting": {}}),
        log_level="warning",
        timeout_graceful_shutdown=MAX_SHUTDOWN_SECONDS,
    )


class _Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come in time. Of those
    that wait for one only so many stay open, the newest: somebody who opens many and sends
    nothing keeps nobody out."""

    waiting: ClassVar[dict[_Connection, asyncio.TimerHandle]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ready()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._ready()
        elif self not in self.waiting:
            if len(self.waiting) >= MAX_HALF_OPEN:
                next(iter(self.waiting))._give_up()
            self.waiting[self] = self.loop.call_later(MAX_HEAD_SECONDS, self._give_up)

    def _ready(self) -> None:
        timer = self.waiting.pop(self, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self) -> None:
        self._ready()
        self.transport.close()
