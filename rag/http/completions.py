"""`POST /v1/chat/completions` as OpenAI's clients know it, and `GET /v1/models`.

The model `wenju` answers from the default collection, `wenju/NAME` from the one of that name.
The last message of the user is the question. `citations`, `sentences` and `status` come beside
the usual fields, as in `rag ask --json`: in a stream with its last chunk. The pieces of a stream
are checked sentences with their markers; put together they are the answer's text. What a client
asks of a model (temperature, tools and the like) is taken and has no effect.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Literal, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from rag.assistant import History, marked_text
from rag.errors import GenerationError, QuestionError, RagError, UnknownCollection
from rag.http.questions import done
from rag.http.threads import in_thread, unless_left
from rag.types import Answer, Done, Event, Sentence
from rag.wire import answer_json

MODEL = "wenju"
logger = logging.getLogger(__name__)


class Streams(Protocol):
    """What is needed of an assistant."""

    def stream(self, question: str, history: History = ()) -> Iterator[Event]:
        """The events of an answer, `Done` last."""
        ...


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    role: str
    content: str | list[_Part] | None = None

    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class _Wanted(BaseModel):
    model: str = MODEL
    messages: list[_Message] = Field(min_length=1)
    stream: bool | None = False
    n: Literal[1] | None = 1

    def collection(self) -> str:
        """The collection that the model names, empty for the default one."""
        return self.model.removeprefix(f"{MODEL}/") if self.model.startswith(f"{MODEL}/") else ""

    def question(self) -> str:
        """The last message of the user.

        Raises:
            QuestionError: there is none.
        """
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text()
        raise QuestionError("none of the messages has the role user; the question is the last one")

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
    find: Callable[[str], Streams], names: Callable[[], Sequence[str]] = tuple
) -> APIRouter:
    """The routes under `/v1`; `find` gives the assistant of a collection by its name, the default
    for an empty one, `names` the names."""
    router = APIRouter(prefix="/v1")

    @router.get("/models")
    def models() -> dict[str, Any]:
        ids = [MODEL, *(f"{MODEL}/{name}" for name in names())]
        data = [{"id": one, "object": "model", "created": 0, "owned_by": MODEL} for one in ids]
        return {"object": "list", "data": data}

    @router.post("/chat/completions")
    async def complete(request: Request) -> Response:
        try:
            wanted = _Wanted.model_validate_json(await request.body())
            question = wanted.question()
            history = wanted.history()
            assistant = await run_in_threadpool(find, wanted.collection())
            events = in_thread(lambda: assistant.stream(question, history))
            first = await anext(events)  # what is wrong with the question is known by now
            if wanted.stream:
                pieces = _server_sent(_chunks(first, events))
                return StreamingResponse(pieces, media_type="text/event-stream")
            answer = await unless_left(request.receive, _done(first, events))
            return Response() if answer is None else JSONResponse(_completion(answer))
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return _failed(400, "; ".join(problems))
        except RagError as error:
            return _failed(_status(error), str(error))
        except Exception:
            logger.exception("no reply to a chat completion")
            return _failed(500, "internal error; the log of the server has it")

    return router


async def _done(first: Event, events: AsyncGenerator[Event, None]) -> Answer:
    if isinstance(first, Done):
        await events.aclose()
        return first.answer
    return await done(events)


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text}
    return {
        **_head("chat.completion", answer.model),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        **_evidence(answer),
    }


async def _chunks(
    first: Event, events: AsyncGenerator[Event, None]
) -> AsyncIterator[dict[str, Any]]:
    """The answer in chunks: the role, each checked sentence, the end with the evidence."""
    head = _head("chat.completion.chunk", MODEL)
    yield {**head, "choices": [_choice({"role": "assistant", "content": ""})]}
    sent = ""
    sentences: list[Sentence] = []
    async with aclosing(events):
        async for event in _all(first, events):
            if isinstance(event, Sentence):
                sentences.append(event)
            text = _text(event, sentences)
            if not text.startswith(sent):  # an extractive answer takes the place of a broken one
                sent, text = "", f"\n\n{text}"
            if len(text) > len(sent):
                yield {**head, "choices": [_choice({"content": text[len(sent) :]})]}
                sent = text
            if isinstance(event, Done):
                yield {**head, "choices": [_choice({}, "stop")], **_evidence(event.answer)}


async def _all(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in events:
        yield event


def _text(event: Event, sentences: Sequence[Sentence]) -> str:
    """The answer's text as far as it will not change."""
    return event.answer.text if isinstance(event, Done) else marked_text(sentences)


async def _server_sent(chunks: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    try:
        async for chunk in chunks:
            yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    except RagError as error:
        yield f"data: {json.dumps(_error(str(error), error), ensure_ascii=False)}\n\n"
    except Exception:
        logger.exception("a chat completion broke off")
        yield f"data: {json.dumps(_error('internal error; the log of the server has it'))}\n\n"
    yield "data: [DONE]\n\n"


def _head(kind: str, model: str) -> dict[str, Any]:
    identifier = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": identifier, "object": kind, "created": int(time.time()), "model": model}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _evidence(answer: Answer) -> dict[str, Any]:
    value = answer_json(answer)
    return {name: value[name] for name in ("status", "sentences", "citations")}


def _status(error: RagError) -> int:
    if isinstance(error, QuestionError):
        return 400
    if isinstance(error, UnknownCollection):
        return 404
    return 502 if isinstance(error, GenerationError) else 503


def _failed(status: int, message: str) -> JSONResponse:
    return JSONResponse(_error(message), status)


def _error(message: str, error: RagError | None = None) -> dict[str, Any]:
    kind = "server_error" if error is None else type(error).__name__
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
