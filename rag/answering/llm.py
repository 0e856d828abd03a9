"""Chat models. Third party: LangChain's chat models, and the HTTP client of the one for
OpenAI-compatible servers (`openai`); the adapter for LangChain applications is `rag.langchain`.

Requests run on one event loop in a thread of its own, so that a reply can be left at any moment,
also while nothing of it has come. Nothing is imported, and nothing leaves this machine, until a
model is set and asked.
"""

from __future__ import annotations

import asyncio
import os
import queue
import random
import threading
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

from rag.answering.llm_errors import (
    Failure,
    Redirected,
    broken_off,
    empty_reply,
    refused,
    sent_on,
    shown_address,
    translate,
)
from rag.answering.reply_limits import ReplyLimits
from rag.errors import GenerationError, GenerationTimeout, ModelUnavailable, SettingsError
from rag.settings import Chat
from rag.text.halves import cut_half, mended

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OPENAI = "openai"
KEYS = ("RAG_API_KEY", "OPENAI_API_KEY")
INSTALL = "pip install langchain langchain-openai"
# An empty piece is given this often while the model says nothing: who waits can leave then.
WAIT_SECONDS = 0.25
# The wait before a further try, doubled each time, and the longest that a server may ask for.
FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Message:
    """A part of a prompt and who says it."""

    role: Literal["system", "user"]
    text: str


class ChatModel:
    """A chat model of a server. Safe to use from several threads."""

    def __init__(self, settings: Chat, environ: Mapping[str, str] | None = None) -> None:
        if not settings.model:
            raise SettingsError("no chat model is set; set chat.model, for example openai:NAME")
        self.settings = settings
        self.name = settings.model
        self._environ = os.environ if environ is None else environ

    def prepare(self) -> None:
        """Imports what the first request needs, in a thread of its own; nothing is sent. What is
        wrong shows at the first request."""
        threading.Thread(target=self._import, daemon=True, name="chat import").start()

    def _import(self) -> None:
        with suppress(GenerationError, ModelUnavailable, SettingsError):
            _ = self._model

    def stream(
        self,
        messages: Sequence[Message],
        max_tokens: int | None = None,
        max_retries: int | None = None,
    ) -> Generator[str, None, None]:
        """The reply in pieces as they come; an empty piece is given while nothing comes. Closing
        the iterator ends the request. Until something has come, what can be tried again is, but
        for a silence: it has lasted long enough. What is not given is taken from the settings.

        Raises:
            GenerationError: and its kinds; the message says what to do.
            ModelUnavailable: a package is missing.
            SettingsError: LangChain knows no such provider, or there is no key.
        """
        retries = self.settings.max_retries if max_retries is None else max_retries
        request = _Request(self._model, messages, max_tokens, retries, self)
        items: queue.SimpleQueue[str | GenerationError | None] = queue.SimpleQueue()
        running = asyncio.run_coroutine_threadsafe(request.run(items.put), _loop())
        try:
            while True:
                try:
                    item = items.get(timeout=WAIT_SECONDS)
                except queue.Empty:
                    yield ""
                    continue
                if item is None:
                    return
                if isinstance(item, GenerationError):
                    raise item
                yield item
        finally:
            running.cancel()

    def reply(self, messages: Sequence[Message], max_tokens: int | None = None) -> str:
        """The whole reply. Raises: as `stream`."""
        return "".join(self.stream(messages, max_tokens))

    @property
    def secret(self) -> str:
        """The key, or nothing."""
        if not self.settings.send_key:
            return ""
        return next((self._environ[name] for name in KEYS if self._environ.get(name)), "")

    @cached_property
    def address(self) -> str:
        """Where requests go, without any name and password in it."""
        return shown_address(self.settings.base_url) or f"the server of {self.name}"

    @cached_property
    def _model(self) -> BaseChatModel:
        try:
            from langchain.chat_models import init_chat_model
        except ImportError:
            raise ModelUnavailable(
                f"the chat model {self.name!r} needs LangChain; {INSTALL}"
            ) from None
        try:
            model: BaseChatModel = init_chat_model(self.name, **self._options())
        except ImportError as error:
            raise ModelUnavailable(str(error)) from None
        except ValueError as error:
            raise SettingsError(f"chat.model {self.name!r}: {self._hidden(str(error))}") from None
        return model

    def _options(self) -> dict[str, Any]:
        settings = self.settings
        options: dict[str, Any] = {
            "temperature": settings.temperature,
            "max_tokens": settings.max_answer_tokens,
            "max_retries": 0,
        }
        if settings.base_url:
            options["base_url"] = settings.base_url
        if self.name.startswith(f"{OPENAI}:"):
            if not self.secret and not settings.base_url:
                raise SettingsError(
                    f"no key for {self.name!r}: set the variable OPENAI_API_KEY, or chat.base_url "
                    "for a server of your own that needs none"
                )
            # Servers of one's own want no key, the client wants one.
            options |= {"api_key": self.secret or "none", "use_responses_api": False}
            options["stream_chunk_timeout"] = None
            options["http_async_client"] = _http_client()
        elif self.settings.send_key and self._environ.get("RAG_API_KEY"):
            options["api_key"] = self._environ["RAG_API_KEY"]
        return options

    def _hidden(self, message: str) -> str:
        return message.replace(self.secret, "…") if self.secret else message


@dataclass(frozen=True, slots=True)
class _Request:
    """One question to a model, with what is tried again; runs on the event loop."""

    model: BaseChatModel
    messages: Sequence[Message]
    max_tokens: int | None
    max_retries: int
    chat: ChatModel

    async def run(self, put: Callable[[str | GenerationError | None], None]) -> None:
        """Hands the pieces to `put`, then None, or the error that ended them."""
        for attempt in range(self.max_retries + 1):
            started = False
            try:
                async for piece in self._pieces():
                    started = True
                    put(piece)
            except Exception as error:  # noqa: BLE001 (providers raise what they like)
                failure = self._failure(error, started)
                delay = failure.delay_seconds
                if delay is None:
                    delay = FIRST_DELAY_SECONDS * 2**attempt * random.uniform(0.75, 1.25)
                last = started or attempt == self.max_retries or delay > MAX_DELAY_SECONDS
                helps = failure.error.retryable and not isinstance(failure.error, GenerationTimeout)
                if last or not helps:
                    put(failure.error)
                    return
                await asyncio.sleep(delay)
            else:
                put(None)
                return

    async def _pieces(self) -> AsyncIterator[str]:
        silence = self.chat.settings.timeout_seconds
        limits = ReplyLimits(self.chat.settings, self.chat.address)
        options: dict[str, Any] = {} if self.max_tokens is None else {"max_tokens": self.max_tokens}
        messages = [(message.role, message.text) for message in self.messages]
        said, ended, half = False, "", ""
        stream = self.model.astream(messages, **options)
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            while True:
                left = limits.seconds_left
                try:
                    chunk = await asyncio.wait_for(anext(chunks), max(0.0, min(silence, left)))
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    if left < silence:
                        raise limits.out_of_time() from None
                    raise
                limits.add(str(chunk.text))
                ended = _finish(chunk.response_metadata) or ended
                if chunk.text:
                    said = True
                    piece, half = cut_half(half + str(chunk.text))
                    yield piece
        if half:
            yield mended(half)
        if ended == "content_filter":
            raise refused(self.chat.address)
        if not ended and self.chat.name.startswith(f"{OPENAI}:"):
            raise broken_off(self.chat.address, "it ended without saying that it was complete")
        if not said:
            raise empty_reply(self.chat.name, ended)

    def _failure(self, error: Exception, started: bool) -> Failure:
        known = error if isinstance(error, GenerationError) else sent_on(error, self.chat.address)
        if known is not None:
            return Failure(known)
        settings = self.chat.settings
        return translate(
            error,
            started=started,
            address=self.chat.address,
            model=self.chat.name,
            timeout_seconds=settings.timeout_seconds,
            secret=self.chat.secret,
        )


def _finish(metadata: Mapping[str, Any]) -> str:
    """Why the model stopped, as far as a chunk says; empty while it goes on."""
    for key in ("finish_reason", "stop_reason", "done_reason"):
        if isinstance(metadata.get(key), str):
            return str(metadata[key])
    return ""


@cache
def _http_client() -> Any:
    """The client of all requests to OpenAI-compatible servers: one, since all run on one loop."""
    from openai import DefaultAsyncHttpxClient

    return DefaultAsyncHttpxClient(event_hooks={"response": [_stay]})


async def _stay(response: Any) -> None:
    """Ends a request that would be sent on to another server, with question and passages in it.

    Raises:
        Redirected: it would.
    """
    if response.has_redirect_location:
        asked = str(response.request.url)
        target = urljoin(asked, response.headers["location"])
        if not same_server(asked, target):
            raise Redirected(target)


_PORTS = {"http": 80, "https": 443}


def same_server(asked: str, target: str) -> bool:
    """Whether an address is on the server that was asked, or on the same one by TLS.

    >>> same_server("http://me/v1/x", "https://me/v1/y")
    True
    >>> same_server("https://me/v1", "http://me/v1"), same_server("http://me/", "http://me:81/")
    (False, False)
    """
    try:
        one, other = urlsplit(asked), urlsplit(target)
        ports = [part.port or _PORTS.get(part.scheme) for part in (one, other)]
    except ValueError:
        return False
    if one.hostname != other.hostname:
        return False
    usual = ports == [_PORTS["http"], _PORTS["https"]]
    alike = one.scheme == other.scheme and ports[0] == ports[1]
    return alike or (usual and (one.scheme, other.scheme) == ("http", "https"))


_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all requests, started when it is first needed."""
    with _lock:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, daemon=True, name="chat").start()
            _loops.append(loop)
        return _loops[0]
