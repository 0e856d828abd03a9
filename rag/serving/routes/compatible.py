"""APIs in the form that other programs know: OpenAI's `/v1`, and Dify's external knowledge.

`POST /v1/chat/completions`, `POST /v1/embeddings`, `POST /v1/rerank` (as Jina, Cohere and their
clients), `GET /v1/models`. The model `wenju` is the default collection, `wenju/NAME` the one of
that name, for all of them: it answers, its encoder embeds, and its words and encoder rank.

In a chat completion the last message of the user is the question, what was said before it the
history. Filters go beside the usual fields (`extra_body` of OpenAI's client): `documents`, `since`,
`until`, `sources`, `tags`, `collection`. `footnotes` puts the quotations below the text. The field
`wenju` of a reply, in a stream of its last piece, has what an answer has beside its text, and
`ignored`: the names of what the request asked for that has no effect here (`temperature` and the
like). What would change the form of the reply (`tools`, `n`, `response_format`, …) is refused. The
pieces of a stream are checked sentences with their markers; put together they are the answer's
text.

`POST /api/dify/retrieval`: Dify is given the address up to `/api/dify`, and a collection's name as
knowledge id.

Forms: https://platform.openai.com/docs/api-reference; https://docs.dify.ai, External Knowledge API.
"""

from __future__ import annotations

import base64
import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any, Literal, Protocol, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from rag.assistant import in_thread
from rag.errors import FilterError, GenerationError, QuestionError, RagError, UnknownCollection
from rag.i18n import say
from rag.index.protocol import Float32
from rag.retrieval.search import absolute
from rag.serving.requests import Restricted, described, unless_left
from rag.serving.routes.questions import StreamingAssistant, done
from rag.settings import MAX_K
from rag.text.normalize import half_in, mended
from rag.text.sentences import count_tokens
from rag.types import Answer, Done, Event, Filter, History, Passage, Sentence
from rag.wire import answer_json, footnotes, marked_text

MODEL = "wenju"
MAX_INPUTS = 2_048  # as OpenAI's API
MAX_RANKED = 1_000
logger = logging.getLogger(__name__)
T = TypeVar("T")

# What changes the form of a reply, and the values with which it does not.
_PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "n": lambda value: value == 1,
    "response_format": lambda value: value == {"type": "text"},
    "tools": lambda value: value == [],
    "functions": lambda value: value == [],
    "tool_choice": lambda value: value in ("none", "auto"),
    "function_call": lambda value: value in ("none", "auto"),
    "logprobs": lambda value: value is False,
    "top_logprobs": lambda value: value == 0,
    "modalities": lambda value: value == ["text"],
    "audio": lambda _: False,
    "stop": lambda value: value == [],
    "web_search_options": lambda _: False,
}
_OWN = ("status", "short", "missing", "computed", "differing", "searched", "notice")


class Ranking(Protocol):
    """What is needed of a collection; see `rag.serving.collections.Collection`."""

    def embed(self, texts: Sequence[str], *, questions: bool = False) -> Float32: ...  # noqa: D102
    def relevance(self, question: str, texts: Sequence[str]) -> list[float]: ...  # noqa: D102


class ApiError(Exception):
    """An error in the form of the API: the status, `param` the field that it is of."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        kind = "invalid_request_error" if status < 500 else "server_error"
        self.json = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _api_error(error: Exception) -> ApiError:
    """Any error as one of the API; what was not foreseen is logged and not told."""
    match error:
        case ApiError():
            return error
        case ValidationError():
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            return ApiError(400, mended(f"{place}: {first['msg']}"), param=place or None)
        case UnknownCollection():
            return ApiError(404, mended(str(error)), param="model", code="model_not_found")
        case QuestionError():
            return ApiError(400, mended(str(error)))
        case RagError():
            status = 502 if isinstance(error, GenerationError) else 503
            return ApiError(status, mended(str(error)), code=type(error).__name__)
    logger.error("no reply to a request", exc_info=error)
    return ApiError(500, say("server.internal"))


def _route(form: Callable[[ApiError], dict[str, Any]]) -> type[APIRoute]:
    """Routes whose errors have a form of their own."""

    class Route(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    return await handler(request)
                except ClientDisconnect:
                    raise  # the gate has refused the body, or the client has gone
                except Exception as error:  # noqa: BLE001 (what is not foreseen is logged)
                    told = _api_error(error)
                    return JSONResponse(form(told), told.status)

            return handled

    return Route


def _dify_error(error: ApiError) -> dict[str, Any]:
    """An error as Dify shows it; 2001 is its code for a knowledge that there is not."""
    code = 2001 if error.status == 404 else error.status
    return {"error_code": code, "error_msg": str(error)}


class _Body(BaseModel):
    @classmethod
    async def of(cls, request: Request) -> Any:
        """The body of a request.

        Raises:
            ApiError: it is no JSON object. ValidationError: of another form.
        """
        try:
            value = json.loads(await request.body())
        except (ValueError, RecursionError) as error:
            raise ApiError(400, say("server.no_object", error=error)) from None
        if not isinstance(value, dict):
            raise ApiError(400, say("server.no_object", error=type(value).__name__))
        if half := half_in(json.dumps(value, ensure_ascii=False)):
            raise ApiError(400, say("server.half_character", half=half))
        return cls.model_validate(value)


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    role: str
    content: str | list[_Part] | None = None

    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Wanted(Restricted, _Body):
    model_config = ConfigDict(extra="allow")

    model: str = MODEL
    messages: list[_Message] = Field(min_length=1)
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    collection: str = ""
    footnotes: bool = False

    def check(self) -> None:
        """Refuses what would change the form of the reply.

        Raises:
            ApiError: that is asked for, or a message holds something other than text.
        """
        for name, value in (self.model_extra or {}).items():
            if value is not None and name in _PLAIN and not _PLAIN[name](value):
                raise ApiError(400, say("server.unsupported", name=name), param=name)
        for place, message in enumerate(self.messages):
            parts = message.content if isinstance(message.content, list) else []
            for kind in (part.type for part in parts if part.type not in ("text", "refusal")):
                name = f"messages.{place}.content"
                raise ApiError(400, say("server.only_text", kind=kind), param=name)

    @property
    def ignored(self) -> list[str]:
        """What of the request has no effect."""
        extra = [
            name
            for name, value in (self.model_extra or {}).items()
            if value is not None and name not in _PLAIN
        ]
        said = {message.role for message in self.messages} - {"user", "assistant"}
        return sorted([*extra, *(f"messages of the role {role}" for role in said)])

    def question(self) -> str:
        """The last message of the user.

        Raises:
            QuestionError: there is none.
        """
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text()
        raise QuestionError(say("server.no_user_message"))

    def history(self) -> History:
        """The questions before it, each with what was answered, if anything was."""
        found: list[tuple[str, str]] = []
        for message in self.messages:
            if message.role == "user":
                found.append((message.text(), ""))
            elif message.role == "assistant" and found:
                found[-1] = (found[-1][0], message.text())
        return found[:-1]


def completions(
    find: Callable[[str], StreamingAssistant],
    names: Callable[[], Sequence[str]] = tuple,
    ranking: Callable[[str], Ranking] | None = None,
) -> APIRouter:
    """The routes under `/v1`; `find` gives the assistant of a collection by its name, the default
    for an empty one, `names` the names. With `ranking` texts are embedded and ranked, too."""
    router = APIRouter(prefix="/v1", route_class=_route(lambda error: error.json))

    def known(model: str, collection: str = "") -> str:
        """The collection that is meant.

        Raises:
            ApiError: there is no such model, or two collections are named.
        """
        name = collection_of(model, names())
        if name and collection not in ("", name):
            raise ApiError(400, say("server.two_collections"), param="collection")
        return name or collection

    @router.get("/models")
    def models() -> dict[str, Any]:
        ids = [MODEL, *(f"{MODEL}/{name}" for name in names())]
        return {"object": "list", "data": list(map(_model, ids))}

    @router.get("/models/{model:path}")
    def model(model: str) -> dict[str, Any]:
        collection_of(model, names())
        return _model(model)

    @router.post("/chat/completions", openapi_extra=described(_Wanted))
    async def complete(request: Request) -> Response:
        wanted: _Wanted = await _Wanted.of(request)
        wanted.check()
        question, history, where = wanted.question(), wanted.history(), wanted.where()
        name = known(wanted.model, wanted.collection)
        assistant = await run_in_threadpool(find, name)
        events = in_thread(lambda: assistant.stream(question, history, where))
        first = await anext(events)  # what is wrong with the question is known by now
        if wanted.stream:
            pieces = _server_sent(_chunks(first, events, wanted))
            return StreamingResponse(pieces, media_type="text/event-stream")
        answer = await unless_left(request.receive, _done(first, events))
        if answer is None:
            return Response()
        return JSONResponse(await run_in_threadpool(_completion, answer, wanted))

    if ranking is None:
        return router

    @router.post("/embeddings", openapi_extra=described(_Embedding))
    async def embed(request: Request) -> JSONResponse:
        wanted: _Embedding = await _Embedding.of(request)
        collection = await run_in_threadpool(ranking, known(wanted.model))
        return JSONResponse(await _once(lambda: wanted.reply(collection)))

    @router.post("/rerank", openapi_extra=described(_Rerank))
    async def rerank(request: Request) -> JSONResponse:
        wanted: _Rerank = await _Rerank.of(request)
        collection = await run_in_threadpool(ranking, known(wanted.model))
        return JSONResponse(await _once(lambda: wanted.reply(collection)))

    return router


def collection_of(model: str, names: Sequence[str]) -> str:
    """The name of the collection that a model stands for, empty for the default one.

    Raises:
        ApiError: there is no such model.
    """
    name = model.removeprefix(f"{MODEL}/")
    if model != MODEL and (name == model or name not in names):
        message = say("server.no_model", name=mended(model)[:100], model=MODEL)
        raise ApiError(404, message, param="model", code="model_not_found")
    return "" if model == MODEL else name


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": MODEL}


async def _once(work: Callable[[], T]) -> T:
    """What `work` gives, called in a thread when it is its turn."""
    async with aclosing(in_thread(lambda: iter([work()]))) as found:
        async for one in found:
            return one
    raise AssertionError("a thread gives what it was started for")


async def _done(first: Event, events: AsyncGenerator[Event, None]) -> Answer:
    if isinstance(first, Done):
        await events.aclose()
        return first.answer
    return await done(events)


def _completion(answer: Answer, wanted: _Wanted) -> dict[str, Any]:
    content = answer.text + _below(answer, wanted)
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        **_head("chat.completion", wanted),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(wanted, content),
        MODEL: _evidence(answer, wanted),
    }


async def _chunks(
    first: Event, events: AsyncGenerator[Event, None], wanted: _Wanted
) -> AsyncIterator[dict[str, Any]]:
    """The answer in chunks: the role, each checked sentence, the end with the evidence; the usage
    in one of its own, where it is wanted."""
    counted = wanted.stream_options is not None and wanted.stream_options.include_usage
    head = _head("chat.completion.chunk", wanted) | ({"usage": None} if counted else {})
    yield {**head, "choices": [_choice({"role": "assistant", "content": ""})]}
    sent = said = ""
    sentences: list[Sentence] = []
    async with aclosing(events):
        async for event in _all(first, events):
            if isinstance(event, Sentence):
                sentences.append(event)
            text = _text(event, sentences)
            if not text.startswith(sent):  # an extractive answer takes the place of a broken one
                sent, text = "", f"\n\n{text}"
            new = text[len(sent) :] + (
                _below(event.answer, wanted) if isinstance(event, Done) else ""
            )
            if new:
                yield {**head, "choices": [_choice({"content": new})]}
                sent, said = text, said + new
            if isinstance(event, Done):
                evidence = {MODEL: _evidence(event.answer, wanted)}
                yield {**head, "choices": [_choice({}, "stop")], **evidence}
    if counted:
        yield {**head, "choices": [], "usage": await run_in_threadpool(_usage, wanted, said)}


async def _all(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in events:
        yield event


def _text(event: Event, sentences: Sequence[Sentence]) -> str:
    """The answer's text as far as it will not change."""
    return event.answer.text if isinstance(event, Done) else marked_text(sentences)


def _below(answer: Answer, wanted: _Wanted) -> str:
    """The quotations below the text, where they are wanted."""
    lines = footnotes(answer) if wanted.footnotes else []
    return "".join(f"\n\n{line}" for line in lines)


async def _server_sent(chunks: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    try:
        async for chunk in chunks:
            yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    except Exception as error:  # noqa: BLE001 (what is not foreseen is logged)
        yield f"data: {json.dumps(_api_error(error).json, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _head(kind: str, wanted: _Wanted) -> dict[str, Any]:
    identifier = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": identifier, "object": kind, "created": int(time.time()), "model": wanted.model}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _usage(wanted: _Wanted, said: str) -> dict[str, int]:
    """Tokens of the conversation and of the reply, as Wenju counts them; what a chat model behind
    it takes is its own affair."""
    asked = sum(count_tokens(message.text()) for message in wanted.messages)
    answered = count_tokens(said)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }


def _evidence(answer: Answer, wanted: _Wanted) -> dict[str, Any]:
    value = answer_json(answer)
    kept = {name: value[name] for name in (*_OWN, "sentences", "citations")}
    return {**kept, "answered_by": answer.model, "ignored": wanted.ignored}


class _Embedding(_Body):
    model_config = ConfigDict(extra="forbid")

    input: str | list[str]
    model: str = MODEL
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "document"] = "document"
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        if isinstance(value, list) and any(isinstance(one, int | list) for one in value):
            raise ValueError(
                "tokens are given, whose tokenizer is not this encoder's; give texts (in LangChain "
                "check_embedding_ctx_length=False)"
            )
        return value

    def reply(self, collection: Ranking) -> dict[str, Any]:
        """The vectors. Where questions are encoded by a prompt, `input_type` says what these are.

        Raises:
            ApiError: too many texts, or another dimension than the encoder has.
        """
        texts = [self.input] if isinstance(self.input, str) else self.input
        if not 1 <= len(texts) <= MAX_INPUTS:
            message = say("server.inputs", found=len(texts), limit=MAX_INPUTS)
            raise ApiError(400, message, param="input")
        vectors = collection.embed(texts, questions=self.input_type == "query")
        if self.dimensions not in (None, vectors.shape[1]):
            message = say("server.dimensions", found=self.dimensions, own=vectors.shape[1])
            raise ApiError(400, message, param="dimensions")
        tokens = sum(map(count_tokens, texts))
        return {
            "object": "list",
            "model": self.model,
            "data": [
                {"object": "embedding", "index": place, "embedding": self._written(vector)}
                for place, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    def _written(self, vector: Float32) -> str | list[float]:
        if self.encoding_format == "float":
            values: list[float] = vector.tolist()
            return values
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()


class _Ranked(BaseModel):
    text: str


class _Rerank(_Body):
    model_config = ConfigDict(extra="forbid")

    query: str
    documents: list[str | _Ranked] = Field(min_length=1, max_length=MAX_RANKED)
    model: str = MODEL
    top_n: int | None = Field(None, ge=1)
    return_documents: bool = False
    user: str | None = None

    def reply(self, collection: Ranking) -> dict[str, Any]:
        """The texts by relevance, best first, ties in the order given."""
        texts = [one if isinstance(one, str) else one.text for one in self.documents]
        scores = collection.relevance(self.query, texts)
        order = sorted(range(len(texts)), key=lambda place: (-scores[place], place))[: self.top_n]
        tokens = count_tokens(self.query) + sum(map(count_tokens, texts))
        return {
            "id": f"rerank-{uuid.uuid4().hex}",
            "model": self.model,
            "results": [
                {"index": place, "relevance_score": scores[place]}
                | ({"document": {"text": texts[place]}} if self.return_documents else {})
                for place in order
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }


class _Setting(BaseModel):
    top_k: int = Field(default=10, ge=1, le=MAX_K)
    score_threshold: float | None = Field(default=None, ge=0, le=1)


class _Condition(BaseModel):
    name: str
    comparison_operator: str
    value: str | int | list[str] | None = None


class _Conditions(BaseModel):
    logical_operator: Literal["and", "or"] = "and"
    conditions: list[_Condition] | None = None

    def where(self) -> Filter | None:
        """The filter that they state.

        Raises:
            FilterError: a condition that no filter has.
        """
        given = self.conditions or []
        if len(given) > 1 and self.logical_operator == "or":
            raise FilterError(say("server.condition", name="or", operator=""))
        stated: dict[str, Any] = {}
        for one in given:
            name, value = _stated(one)
            if name in stated:
                raise FilterError(say("server.condition", name=one.name, operator="twice"))
            stated[name] = value
        return Filter.of(stated) if stated else None


def _stated(one: _Condition) -> tuple[str, Any]:
    """The field of a filter that a condition states, and its value."""
    given = str(one.value) if isinstance(one.value, int) else one.value
    values = [given] if isinstance(given, str) else given or []
    first = values[0] if len(values) == 1 else ""
    patterns = {"contains": "*{}*", "start with": "{}*", "end with": "*{}"}
    match one.name, one.comparison_operator:
        case (("documents" | "sources" | "tags"), ("is" | "in")) if values:
            return one.name, values
        case "documents", ("contains" | "start with" | "end with") if first:
            return "documents", patterns[one.comparison_operator].format(first)
        case "date", ("≥" | "≤" | "after" | "before") if first:
            field = "since" if one.comparison_operator in ("≥", "after") else "until"
            shift = {"after": 1, "before": -1}.get(one.comparison_operator, 0)
            return field, _shifted(first, shift)
    raise FilterError(say("server.condition", name=one.name, operator=one.comparison_operator))


def _shifted(day: str, days: int) -> str:
    """The day after or before one; as it is for 0."""
    if not days:
        return day
    try:
        return (date.fromisoformat(day) + timedelta(days)).isoformat()
    except (ValueError, OverflowError) as error:
        raise FilterError(say("filter.no_date", name="date", value=day, error=error)) from None


class _Retrieval(_Body):
    knowledge_id: str
    query: str
    retrieval_setting: _Setting = _Setting()
    metadata_condition: _Conditions | None = None


def external_knowledge(
    find: Callable[[str], StreamingAssistant], names: Callable[[], Sequence[str]] = tuple
) -> APIRouter:
    """The route of Dify's external knowledge; see `completions`."""
    router = APIRouter(prefix="/api/dify", route_class=_route(_dify_error))

    @router.post("/retrieval", openapi_extra=described(_Retrieval))
    async def retrieve(request: Request) -> JSONResponse:
        wanted: _Retrieval = await _Retrieval.of(request)
        listed = names()
        name = wanted.knowledge_id
        name = name if name in listed else collection_of(name, listed)
        condition = wanted.metadata_condition
        where = None if condition is None else condition.where()
        assistant = await run_in_threadpool(find, name)
        k = wanted.retrieval_setting.top_k
        passages = await _once(lambda: assistant.search(wanted.query, k, where))
        least = wanted.retrieval_setting.score_threshold or 0.0
        records = [one for one in _records(passages) if one["score"] >= least]
        return JSONResponse({"records": records})

    return router


def _records(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """The passages as Dify wants them: scores in [0, 1], none above the one before it."""
    found, least = [], 1.0
    for one in passages:
        parts = {part.name: part.score for part in one.parts}
        score = absolute(parts.get("answering_sentence", 0.0), parts.get("vector", 0.0))
        least = min(least, parts.get("reranker", score))
        found.append(
            {
                "content": "\n".join((*one.lead, one.text)),
                "score": least,
                "title": one.title,
                "metadata": {
                    "document": one.document,
                    "date": one.date,
                    "page": one.page,
                    "lines": one.lines,
                    "headings": one.headings,
                    "start": one.span.start,
                    "end": one.span.end,
                },
            }
        )
    return found
