"""Chat models, and what their servers can answer instead of a reply.

Chat models. Third party: LangChain's chat models, and the HTTP client of the one for
OpenAI-compatible servers (`openai`); the adapter for LangChain applications is `rag.langchain`.

Requests run on one event loop in a thread of its own, so that a reply can be left at any moment,
also while nothing of it has come. Nothing is imported, and nothing leaves this machine, until a
model is set and asked.

What a chat model's server can answer instead of a reply, as errors that say what to do.

Errors are told apart by their HTTP status, which every provider's carry under the same name, and
by the names of their classes; no library is imported for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import email.utils
import os
import queue
import random
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urljoin, urlsplit

from rag.errors import (
    ContextTooLong,
    GenerationError,
    GenerationRefused,
    GenerationTimeout,
    ModelUnavailable,
    SettingsError,
)
from rag.i18n import say
from rag.settings import Chat
from rag.text.normalize import cut_half, mended

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


# What servers say when a prompt is too long: OpenAI, vLLM, llama.cpp, LM Studio, SGLang, Anthropic.
_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context length|context (?:size|window|length)"
    r"|exceed_context_size|prompt is too long|input is too long|too many (?:input )?tokens"
    r"|ContextOverflow",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content management policy|data_inspection_failed", re.IGNORECASE
)
_NO_QUOTA = re.compile(r"insufficient_quota|billing|insufficient balance|arrearage", re.IGNORECASE)
MAX_QUOTED = 300  # characters of a server's own words in a message


@dataclass(frozen=True, slots=True)
class Failure:
    """An error and how long the server asks to wait before the next try, if it does."""

    error: GenerationError
    delay_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of an error: status, the server's words, where and of what model."""

    status: int | None
    words: str
    address: str
    model: str


class Redirected(Exception):
    """A server wanted the request to be sent on to `target`, on another server."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


def translate(
    error: Exception,
    *,
    started: bool,
    address: str,
    model: str,
    timeout_seconds: float,
    secret: str,
) -> Failure:
    """The error of a provider's library as one of Wenju's. `started` says whether a part of the
    reply had come; `secret` is kept out of the message."""
    names = {kind.__name__ for kind in type(error).__mro__}
    words = " ".join(str(error).split())
    words = words.replace(secret, "…") if secret else words
    status = getattr(error, "status_code", None)
    seen = _Seen(status if isinstance(status, int) else None, words[:MAX_QUOTED], address, model)
    if any("Timeout" in name for name in names):
        return Failure(_timeout(seen, timeout_seconds, started))
    if seen.status is not None:
        return Failure(_status(seen), _retry_after(error))
    if _TOO_LONG.search(words):
        return Failure(_too_long(seen))
    if started or "JSONDecodeError" in names:
        return Failure(broken_off(address, _cause(error) or words[:MAX_QUOTED]))
    if any("Connection" in name or "Connect" in name for name in names):
        return Failure(_unreachable(seen, _cause(error)))
    return Failure(
        GenerationError(
            say(
                "chat.no_reply",
                model=model,
                address=address,
                kind=type(error).__name__,
                words=seen.words,
            ),
            retryable="APIError" in names,
        )
    )


def broken_off(address: str, cause: str) -> GenerationError:
    """The reply came to an end in the middle."""
    return GenerationError(
        say("chat.broken_off", address=address, cause=cause),
        retryable=True,
    )


def refused(address: str) -> GenerationRefused:
    """A filter of the server stopped the reply."""
    return GenerationRefused(say("chat.filtered", address=address))


def empty_reply(model: str, ended: str) -> GenerationError:
    """The reply held no text."""
    if ended == "length":
        return GenerationError(say("chat.only_thinking", model=model))
    return GenerationError(say("chat.empty", model=model))


def shown_address(url: str) -> str:
    """An address for messages, without name and password.

    >>> shown_address("http://me:secret@host:8000/v1?key=1")
    'http://host:8000/v1'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if url else ""


def sent_on(error: Exception, address: str) -> GenerationError | None:
    """What to say where an error comes of a `Redirected`; None where it does not."""
    for cause in (error, *_causes(error)):
        if isinstance(cause, Redirected):
            return GenerationError(
                say(
                    "chat.redirected",
                    address=address,
                    target=shown_address(cause.target)[:MAX_QUOTED],
                )
            )
    return None


def _status(seen: _Seen) -> GenerationError:
    server, said = seen.address, f"({seen.status}: {seen.words})"
    match seen.status:
        case 400 | 413 | 422 | 500 if _TOO_LONG.search(seen.words):
            error: GenerationError = _too_long(seen)
        case 400 if _FILTERED.search(seen.words):
            error = refused(server)
        case 401 | 403:
            error = GenerationError(say("chat.key_refused", server=server, words=said))
        case 404:
            error = GenerationError(
                say(
                    "chat.model_unknown",
                    server=server,
                    model=seen.model.partition(":")[2],
                    words=said,
                )
            )
        case 402 | 429 if _NO_QUOTA.search(seen.words):
            error = GenerationError(say("chat.no_credit", server=server, words=said))
        case 429:
            error = GenerationError(say("chat.busy", server=server, words=said), retryable=True)
        case 408 | 409 | 500 | 501 | 502 | 503 | 504 | 529:
            error = GenerationError(say("chat.failed", server=server, words=said), retryable=True)
        case _:
            error = GenerationError(say("chat.not_accepted", server=server, words=said))
    return error


def _timeout(seen: _Seen, seconds: float, started: bool) -> GenerationTimeout:
    if started:
        return GenerationTimeout(
            say("chat.stopped", address=seen.address, limit=seconds),
            retryable=True,
        )
    return GenerationTimeout(
        say("chat.silent", address=seen.address, limit=seconds),
        retryable=True,
    )


def _too_long(seen: _Seen) -> ContextTooLong:
    return ContextTooLong(say("chat.prompt_too_long", model=seen.model, words=seen.words))


def _unreachable(seen: _Seen, cause: str) -> GenerationError:
    return GenerationError(
        say("chat.no_connection", address=seen.address, cause=cause or seen.words),
        retryable=True,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    while (inner := error.__cause__ or error.__context__) is not None and id(inner) not in seen:
        seen.add(id(inner))
        error = inner
        yield error


def _cause(error: Exception) -> str:
    """What the operating system said, or else the last cause that says something."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno and cause.errno > 0:
            return os.strerror(cause.errno)
    return next((str(cause) for cause in reversed(causes) if str(cause)), "")


def _retry_after(error: Exception) -> float | None:
    """Seconds that the server asks to wait: a number, or the date of HTTP."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    value = headers.get("retry-after") if isinstance(headers, Mapping) else None
    if not isinstance(value, str):
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
    return None if parsed is None else max(0.0, email.utils.mktime_tz(parsed) - time.time())


_PORTS = {"http": 80, "https": 443}
_typed: dict[tuple[str, str, int | None], str] = {}


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; two addresses of one origin are one server.

    >>> origin("https://API.example/v1")
    ('https', 'api.example', 443)

    Raises:
        ValueError: that is no address.
    """
    parts = urlsplit(url)
    return (parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme))


def type_key(url: str, key: str) -> None:
    """Keeps a key that a person typed for an address, in the memory of this process alone; it goes
    to this server and to no other. An empty one is forgotten."""
    if key:
        _typed[origin(url)] = key
    else:
        _typed.pop(origin(url), None)


def typed_key(url: str) -> str:
    """The key that was typed for the server of an address, empty where none was."""
    try:
        return _typed.get(origin(url), "") if url else ""
    except ValueError:
        return ""


OPENAI = "openai"
KEYS = ("RAG_API_KEY", "OPENAI_API_KEY")
INSTALL = "pip install langchain langchain-openai"
# An empty piece is given this often while the model says nothing: who waits can leave then.
WAIT_SECONDS = 0.25
# The wait before a further try, doubled each time, and the longest that a server may ask for.
FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 60.0
# A run of up to so many characters, said again and again, ends a reply; it is looked for each time
# that `_STEP` have come.
LONGEST_RUN = 200
_STEP = 256


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A part of a prompt and who says it."""

    role: Literal["system", "user"]
    text: str


class Answerer(Protocol):
    """What a program brings along to write answers in place of a chat model of the settings."""

    @property
    def name(self) -> str:
        """What answers call it."""

    def stream(
        self, messages: Sequence[ChatMessage], max_tokens: int | None = None
    ) -> Iterator[str]:
        """The reply to a prompt in pieces of text, of `max_tokens` tokens at most where that is
        given; called in a thread of its own. What it raises ends the answer."""


if TYPE_CHECKING:
    AnyAnswerer = Answerer | BaseChatModel


class ReplyModel(Protocol):
    """What writing needs: `ChatModel`, or an `Answerer` by way of `GivenModel`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def settings(self) -> Chat: ...  # noqa: D102
    def prepare(self) -> None: ...  # noqa: D102
    def stream(  # noqa: D102
        self,
        messages: Sequence[ChatMessage],
        max_tokens: int | None = None,
        max_retries: int | None = None,
    ) -> Generator[str, None, None]: ...


class GivenModel:
    """An answerer, or a chat model of LangChain, that a program brings along. Its replies have the
    limits of the settings; nothing is tried again, that is its own affair."""

    def __init__(self, given: AnyAnswerer, settings: Chat) -> None:
        self.settings = settings
        self._given = given
        kind = type(given).__name__
        named = (getattr(given, name, None) for name in ("name", "model_name", "model"))
        self.name = next((name for name in named if isinstance(name, str) and name), kind)

    def prepare(self) -> None:
        """Nothing: it is there."""

    def stream(
        self,
        messages: Sequence[ChatMessage],
        max_tokens: int | None = None,
        max_retries: int | None = None,  # noqa: ARG002 (see the class)
    ) -> Generator[str, None, None]:
        """As `ChatModel.stream`. It is asked in a thread of its own, never on the loop of the other
        requests: the connections of a LangChain model may belong to another one."""
        items: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        left = threading.Event()

        def work() -> None:
            try:
                for piece in self._pieces(messages, max_tokens):
                    if left.is_set():
                        return
                    items.put(piece)
                items.put(None)
            except Exception as error:  # noqa: BLE001 (it is raised again where pieces are read)
                items.put(error)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), daemon=True, name="answerer").start()
        said, half = False, ""
        try:
            for item in self._limited(items):
                said = said or bool(item)
                piece, half = cut_half(half + item)
                yield piece
        finally:
            left.set()
        if half:
            yield mended(half)
        if not said:
            raise empty_reply(self.name, "")

    def _limited(self, items: queue.SimpleQueue[str | Exception | None]) -> Iterator[str]:
        """The pieces as they come, an empty one while nothing does, as far as the limits allow."""
        limits = ReplyLimits(self.settings, self.name)
        silence = self.settings.timeout_seconds
        heard = time.monotonic()
        while True:
            if limits.seconds_left < 0:
                raise limits.out_of_time()
            try:
                item = items.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                if time.monotonic() - heard > silence:
                    raise GenerationTimeout(
                        say("chat.silent", address=self.name, limit=silence)
                    ) from None
                yield ""
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise self._told(item) from item
            heard = time.monotonic()
            limits.add(item)
            yield item

    def _pieces(self, messages: Sequence[ChatMessage], max_tokens: int | None) -> Iterator[str]:
        given: Any = self._given
        if not hasattr(given, "bind_tools"):  # LangChain's chat models have it
            yield from given.stream(messages, max_tokens)
            return
        options = {} if max_tokens is None else {"max_tokens": max_tokens}
        for chunk in given.stream([(one.role, one.text) for one in messages], **options):
            yield str(chunk.text)

    def _told(self, error: Exception) -> GenerationError:
        if isinstance(error, GenerationError):
            return error
        words = " ".join(str(error).split())[:MAX_QUOTED]
        kind = type(error).__name__
        return GenerationError(say("chat.given_failed", model=self.name, kind=kind, words=words))


class ChatModel:
    """A chat model of a server. Safe to use from several threads."""

    def __init__(self, settings: Chat, environ: Mapping[str, str] | None = None) -> None:
        if not settings.model:
            raise SettingsError(say("chat.none"))
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
        messages: Sequence[ChatMessage],
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

    def reply(self, messages: Sequence[ChatMessage], max_tokens: int | None = None) -> str:
        """The whole reply. Raises: as `stream`."""
        return "".join(self.stream(messages, max_tokens))

    @property
    def secret(self) -> str:
        """The key that was typed for this server, else that of the environment, else nothing."""
        if key := typed_key(self.settings.base_url):
            return key
        if not self.settings.send_key:
            return ""
        return next((self._environ[name] for name in KEYS if self._environ.get(name)), "")

    @cached_property
    def address(self) -> str:
        """Where requests go, without any name and password in it."""
        return shown_address(self.settings.base_url) or say("chat.server_of", model=self.name)

    @cached_property
    def _model(self) -> BaseChatModel:
        try:
            from langchain.chat_models import init_chat_model
        except ImportError:
            raise ModelUnavailable(say("chat.no_langchain", model=self.name)) from None
        try:
            model: BaseChatModel = init_chat_model(self.name, **self._options())
        except ImportError as error:
            raise ModelUnavailable(str(error)) from None
        except ValueError as error:
            raise SettingsError(
                say("chat.no_model", model=self.name, error=self._hidden(str(error)))
            ) from None
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
                raise SettingsError(say("chat.no_key", model=self.name))
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
    messages: Sequence[ChatMessage]
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


class ReplyLimits:
    """Counts a reply as it comes, from the moment that this is made, against the most that it may
    be: its length, its time, and how long it may say the same. A server may ignore the longest
    answer that it was asked for."""

    def __init__(self, settings: Chat, address: str) -> None:
        self._settings = settings
        self._address = address
        self._end = time.monotonic() + settings.max_reply_seconds
        self._length = 0
        self._looked_at = 0
        self._tail = ""

    @property
    def seconds_left(self) -> float:
        """Until the reply has taken all its time."""
        return self._end - time.monotonic()

    def add(self, text: str) -> None:
        """Counts a piece of the reply; one without text, such as a piece of hidden thinking, as a
        character.

        Raises:
            GenerationError: the reply is too long, or says the same again and again.
        """
        settings = self._settings
        self._length += max(1, len(text))
        if self._length > settings.max_reply_characters:
            raise GenerationError(
                say(
                    "chat.reply_too_long",
                    address=self._address,
                    limit=settings.max_reply_characters,
                )
            )
        self._tail = (self._tail + text)[-settings.max_repeated_characters :]
        if self._length - self._looked_at >= _STEP:
            self._looked_at = self._length
            if repeats(self._tail, settings.max_repeated_characters):
                raise GenerationError(
                    say(
                        "chat.reply_repeats",
                        address=self._address,
                        limit=settings.max_repeated_characters,
                    )
                )

    def out_of_time(self) -> GenerationError:
        """The error of a reply that has taken all its time."""
        return GenerationError(
            say(
                "chat.reply_too_slow", address=self._address, limit=self._settings.max_reply_seconds
            )
        )


def repeats(text: str, characters: int) -> bool:
    """Whether the last `characters` of a text are one run of up to `LONGEST_RUN` characters, at
    least three times over.

    >>> repeats("对" + "不对，" * 9, 27), repeats("一二三四五六七八九", 9)
    (True, False)
    """
    tail = text[-characters:]
    if len(tail) < characters:
        return False
    longest = min(LONGEST_RUN, characters // 3)
    return any(tail[run:] == tail[:-run] for run in range(1, longest + 1))
