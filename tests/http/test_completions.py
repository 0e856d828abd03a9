"""Chat completions, driven by OpenAI's own client against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from rag.assistant import History
from rag.errors import GenerationError, StoreMissing
from rag.server import create_app
from rag.types import Event, Filter, IndexStatus, Retrieved
from rag.wire import answer_json
from tests.fakes_page import FakeAssistant, answer, refusal
from tests.page.conftest import serving

STATUS = IndexStatus("index/sample", 3, 12, 240, "wenju", 1000, False)
QUESTION = "营业收入是多少？"


class Assistant(FakeAssistant):
    """Fails in the way that the question names; waits at the gate when it is told to."""

    def __init__(self) -> None:
        self.gate, self.left = threading.Event(), threading.Event()

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        if question == "empty":
            raise StoreMissing("no documents yet")
        yield Retrieved(answer().passages)
        if question == "chat":
            raise GenerationError("no reply")
        if question == "bug":
            raise ValueError("secret detail")
        if question == "slow":
            try:
                yield answer().sentences[0]
                self.gate.wait(30)
                yield answer().sentences[1]
            finally:
                self.left.set()
        yield from super().stream(question, history, where)


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant()


@pytest.fixture(scope="module")
def client(assistant: Assistant) -> Iterator[openai.OpenAI]:
    with (
        serving(create_app(assistant, lambda: STATUS)) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def asked(text: str) -> list[ChatCompletionUserMessageParam]:
    return [{"role": "user", "content": text}]


def test_an_answer_comes_with_its_citations(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="wenju",
        temperature=0.3,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "火星基地何时建成？"},
            {"role": "assistant", "content": "…"},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
        ],
    )
    expected = answer_json(answer(QUESTION))
    assert reply.choices[0].message.content == expected["text"]
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "extractive"
    extra: dict[str, Any] = reply.model_extra or {}
    assert {name: extra[name] for name in ("citations", "sentences", "status")} == {
        name: expected[name] for name in ("citations", "sentences", "status")
    }


def test_a_stream_put_together_is_the_answer(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="wenju", messages=asked(QUESTION), stream=True
    ) as stream:
        chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert len([piece for piece in pieces if piece]) == 3  # sentence by sentence
    assert "".join(pieces) == answer(QUESTION).text
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices[0].finish_reason == "stop"
    extra: dict[str, Any] = chunks[-1].model_extra or {}
    assert extra["citations"] == answer_json(answer(QUESTION))["citations"]
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_refusal_is_an_answer(client: openai.OpenAI) -> None:
    question = "火星基地何时建成？"
    with client.chat.completions.create(
        model="wenju", messages=asked(question), stream=True
    ) as stream:
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == refusal().text
    assert (chunks[-1].model_extra or {})["status"] == "no_evidence"


def test_leaving_a_stream_ends_its_thread(client: openai.OpenAI, assistant: Assistant) -> None:
    with client.chat.completions.create(
        model="wenju", messages=asked("slow"), stream=True
    ) as stream:
        next(iter(stream))
    assistant.gate.set()
    assert assistant.left.wait(30)


@pytest.mark.parametrize(
    ("question", "status", "message"),
    [("empty", 503, "no documents yet"), ("chat", 502, "no reply"), ("bug", 500, "internal")],
)
def test_failures_have_a_status(
    client: openai.OpenAI, question: str, status: int, message: str
) -> None:
    with pytest.raises(openai.APIStatusError, match=message) as caught:
        client.chat.completions.create(model="wenju", messages=asked(question))
    assert caught.value.status_code == status
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("question", "message"), [("chat", "no reply"), ("bug", "internal")])
def test_a_stream_that_breaks_off_says_so(
    client: openai.OpenAI, question: str, message: str
) -> None:
    with (
        pytest.raises(openai.APIError, match=message),
        client.chat.completions.create(
            model="wenju", messages=asked(question), stream=True
        ) as stream,
    ):
        list(stream)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": []}, "messages: "),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "role user"),
        ({"messages": asked(QUESTION), "n": 2}, "n: "),
        ({}, "messages: Field required"),
    ],
)
def test_a_bad_request_is_said(client: openai.OpenAI, body: dict[str, Any], message: str) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        client.post("/chat/completions", body=body, cast_to=object)


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["wenju"]
