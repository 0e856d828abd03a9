"""What a chat model's server can answer instead of a reply, as errors that say what to do.

Errors are told apart by their HTTP status, which every provider's carry under the same name, and
by the names of their classes; no library is imported for it.
"""

from __future__ import annotations

import email.utils
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from rag.errors import ContextTooLong, GenerationError, GenerationRefused, GenerationTimeout

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
            f"the chat model {model} at {address} gave no usable reply "
            f"({type(error).__name__}: {seen.words}); look at the server's log",
            retryable="APIError" in names,
        )
    )


def broken_off(address: str, cause: str) -> GenerationError:
    """The reply came to an end in the middle."""
    return GenerationError(
        f"the reply from {address} was cut off in the middle ({cause}); ask again, and look at the "
        "server's log if it happens again",
        retryable=True,
    )


def refused(address: str) -> GenerationRefused:
    """A filter of the server stopped the reply."""
    return GenerationRefused(
        f"a content filter of {address} stopped the reply; ask in other words, or use another model"
    )


def empty_reply(model: str, ended: str) -> GenerationError:
    """The reply held no text."""
    advice = (
        "all of chat.max_answer_tokens went into thinking; raise it"
        if ended == "length"
        else "ask again, or use another model"
    )
    return GenerationError(f"the chat model {model} said nothing; {advice}", retryable=False)


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
                f"{address} wants the question and passages to be sent on to another server, "
                f"{shown_address(cause.target)[:MAX_QUOTED]}; nothing was sent there: set "
                "chat.base_url to it if it is the right one"
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
            error = GenerationError(
                f"{server} refused the key {said}; set RAG_API_KEY or OPENAI_API_KEY to one of its "
                "keys"
            )
        case 404:
            error = GenerationError(
                f"{server} has no model {seen.model.partition(':')[2]!r}, or chat.base_url is not "
                f"its address up to /v1 {said}; `curl {server}/models` lists its models"
            )
        case 402 | 429 if _NO_QUOTA.search(seen.words):
            error = GenerationError(f"the account at {server} has no credit left {said}; top it up")
        case 429:
            message = f"{server} has too many requests {said}; ask again later"
            error = GenerationError(message, retryable=True)
        case 408 | 409 | 500 | 501 | 502 | 503 | 504 | 529:
            error = GenerationError(f"{server} failed {said}; look at its log", retryable=True)
        case _:
            error = GenerationError(
                f"{server} did not accept the request {said}; check chat.model and the other "
                "settings under [chat]"
            )
    return error


def _timeout(seen: _Seen, seconds: float, started: bool) -> GenerationTimeout:
    what = "stopped talking" if started else "said nothing"
    return GenerationTimeout(
        f"{seen.address} {what} for {seconds:g} s, the limit; raise chat.timeout_seconds, or use a "
        "faster model",
        retryable=True,
    )


def _too_long(seen: _Seen) -> ContextTooLong:
    return ContextTooLong(
        f"the prompt is too long for {seen.model} ({seen.words}); set chat.context_tokens to what "
        "the server allows"
    )


def _unreachable(seen: _Seen, cause: str) -> GenerationError:
    return GenerationError(
        f"no connection to {seen.address} ({cause or seen.words}); start the server, or correct "
        "chat.base_url",
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
