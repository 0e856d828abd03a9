"""What requests have in common: language, filters, neighbours of a passage, work in threads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message

from rag.types import Document, Filter, Span

LANGUAGES = ("zh", "en")
PARAMETER = "lang"
# Set by the page's script when the language is switched; it says nothing but the language.
COOKIE = "wenju_language"


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], default: str) -> str:
    """What the address asks for, else what the browser was switched to, else `default`.

    >>> language_of({"lang": "en"}, {}, "zh"), language_of({}, {"wenju_language": "<b>"}, "zh")
    ('en', 'zh')
    """
    asked = (query.get(PARAMETER, ""), cookies.get(COOKIE, ""))
    return next((language for language in asked if language in LANGUAGES), default)


def told_in(headers: Headers) -> str:
    """The language of errors and warnings in a reply: Chinese where the request asks for it first,
    as the page does; programs ask for none.

    >>> told_in(Headers({"accept-language": "zh-CN,en;q=0.5"})), told_in(Headers({}))
    ('zh', 'en')
    """
    first = headers.get("accept-language", "").partition(",")[0].strip().lower()
    return "zh" if first.partition("-")[0] == "zh" else "en"


_WRITTEN = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")


def written_date(value: str) -> str:
    """A date as people write it in the form of `rag.types.Filter`; anything else as it is.

    >>> [written_date(one) for one in ("2024/1/31", "2024年3月", "2024", "x")]
    ['2024-01-31', '2024-03', '2024', 'x']
    """
    found = _WRITTEN.fullmatch("".join(value.split()))
    return "-".join(part.zfill(2) for part in found.groups() if part) if found else value


class Restricted(BaseModel):
    """The parameters of a filter; see `rag.types.Filter`."""

    model_config = ConfigDict(extra="forbid")

    documents: list[str] = []
    since: str | None = None
    until: str | None = None
    sources: list[str] = []
    tags: list[str] = []

    @field_validator("since", "until")
    @classmethod
    def _dated(cls, value: str | None) -> str | None:
        return value and written_date(value)

    @field_validator("documents", "sources", "tags", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def where(self) -> Filter | None:
        """The filter, if there is one; a FilterError where it is none."""
        found = Filter(
            tuple(self.documents), self.since, self.until, tuple(self.sources), tuple(self.tags)
        )
        return None if found == Filter() else found


def described(body: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a route that reads its body itself."""
    schema = body.model_json_schema()
    parts = schema.pop("$defs", {})

    def inlined(value: Any) -> Any:
        if isinstance(value, list):
            return [inlined(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return inlined(parts[value["$ref"].rpartition("/")[2]])
        return {name: inlined(one) for name, one in value.items()}

    content = {"application/json": {"schema": inlined(schema)}}
    return {"requestBody": {"required": True, "content": content}}


def described_query(query: type[BaseModel]) -> dict[str, Any]:
    """The same of one that reads its address itself."""
    schema = query.model_json_schema()
    required = schema.get("required", [])
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": one}
            for name, one in schema["properties"].items()
        ]
    }


def values_of(query: QueryParams) -> dict[str, Any]:
    """The values of an address, those of a name that is given several times as a list.

    >>> values_of(QueryParams("tags=a&tags=b&since=2024"))
    {'tags': ['a', 'b'], 'since': '2024'}
    """
    values = {name: query.getlist(name) for name in query}
    return {name: each if len(each) > 1 else each[0] for name, each in values.items()}


DEFAULT_AROUND = 300
MAX_AROUND = 5_000


def widened(document: Document, span: Span, around: int) -> Span:
    """`span` with `around` characters of the text on both sides, and as many again where that
    makes the paragraphs at its ends whole.

    Raises:
        IndexError: the document has no such characters.
    """
    length = len(document.text)
    if span.end > length:
        raise IndexError(
            f"{document.name} has no characters {span.start} to {span.end}; it has {length:,}"
        )
    start, end = max(0, span.start - around), min(length, span.end + around)
    for block in document.blocks:
        if block.span.start < start < block.span.end:
            start = max(block.span.start, start - around)
        if block.span.start < end < block.span.end:
            end = min(block.span.end, end + around)
    return Span(start, end)


def neighbours_json(document: Document, span: Span, around: int = DEFAULT_AROUND) -> dict[str, Any]:
    """The text of `span`, and what stands `before` and `after` it.

    Raises:
        IndexError: the document has no such characters.
    """
    wide = widened(document, span, around)
    return {
        "document": document.name,
        "title": document.title,
        "date": document.date,
        "date_inferred": document.date_inferred,
        "characters": len(document.text),
        "start": span.start,
        "end": span.end,
        "before": document.text[wide.start : span.start],
        "text": span.of(document.text),
        "after": document.text[span.end : wide.end],
    }


T = TypeVar("T")


async def gathered(
    items: AsyncGenerator[T, None], pause_seconds: float
) -> AsyncGenerator[list[T], None]:
    """The items as they come in, those of `pause_seconds` together, in their order; what is
    raised is raised after the items before it. When this is closed, `items` is."""
    waiting = asyncio.ensure_future(anext(items))
    try:
        while True:
            group = [await waiting]
            end = asyncio.get_running_loop().time() + pause_seconds
            while True:
                waiting = asyncio.ensure_future(anext(items))
                left = end - asyncio.get_running_loop().time()
                await asyncio.wait([waiting], timeout=max(0.0, left))
                if not waiting.done() or waiting.exception() is not None:
                    break
                group.append(waiting.result())
            yield group
    except StopAsyncIteration:
        return
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await waiting
        await items.aclose()


async def until(items: AsyncGenerator[T, None], over: asyncio.Event) -> AsyncGenerator[T, None]:
    """The items as they come in until `over` is set, also in the middle of one. When this is
    closed or over, `items` is closed."""
    ending = asyncio.ensure_future(over.wait())
    waiting: asyncio.Future[T] | None = None
    try:
        while not over.is_set():
            waiting = asyncio.ensure_future(anext(items))
            await asyncio.wait([waiting, ending], return_when=asyncio.FIRST_COMPLETED)
            if not over.is_set():
                yield waiting.result()
    except StopAsyncIteration:
        return
    finally:
        left: list[asyncio.Future[Any]] = [ending, *([waiting] if waiting else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await items.aclose()


async def unless_left(
    receive: Callable[[], Awaitable[Message]], work: Coroutine[Any, Any, T]
) -> T | None:
    """What `work` gives; None where the client leaves before, by which `work` is cancelled. The
    request's body must have been received."""

    async def leaving() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(leaving())
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
