"""Chat completions, driven by OpenAI's own client against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from rag.errors import GenerationError, StoreMissing
from rag.serving.server import create_app
from rag.text.sentences import count_tokens
from rag.types import Event, Filter, History, IndexStatus, Retrieved
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
                self.gate.wait(300)
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
    assert reply.model == "wenju"
    extra: dict[str, Any] = (reply.model_extra or {})["wenju"]
    own = (
        "status", "short", "missing", "computed", "differing", "searched", "notice", "sentences",
        "citations",
    )  # fmt: skip
    assert {name: extra[name] for name in own} == {name: expected[name] for name in own}
    assert extra["answered_by"] == "extractive"
    assert extra["ignored"] == ["messages of the role system", "temperature"]
    usage = reply.usage
    assert usage is not None and usage.completion_tokens == count_tokens(expected["text"])
    asked = ("Be brief.", "火星基地何时建成？", "…", QUESTION)
    assert usage.prompt_tokens == sum(map(count_tokens, asked))
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


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
    extra: dict[str, Any] = (chunks[-1].model_extra or {})["wenju"]
    assert extra["citations"] == answer_json(answer(QUESTION))["citations"]
    assert {(chunk.id, chunk.model) for chunk in chunks} == {(chunks[0].id, "wenju")}


def test_a_stream_says_its_usage_where_that_is_wanted(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="wenju",
        messages=asked(QUESTION),
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        *chunks, last = list(stream)
    whole = client.chat.completions.create(model="wenju", messages=asked(QUESTION))
    assert last.choices == [] and last.usage == whole.usage
    assert {chunk.usage for chunk in chunks} == {None} and chunks[-1].choices


def test_quotations_stand_below_the_text_where_that_is_wanted(client: openai.OpenAI) -> None:
    extra = {"footnotes": True}
    reply = client.chat.completions.create(
        model="wenju", messages=asked(QUESTION), extra_body=extra
    )
    text, *lines = (reply.choices[0].message.content or "").split("\n\n")
    assert text == answer(QUESTION).text and len(lines) == 2
    assert lines[0].startswith("[1] 年度报告之1") and "第 12 页" in lines[0]
    with client.chat.completions.create(
        model="wenju", messages=asked(QUESTION), extra_body=extra, stream=True
    ) as stream:
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert said == reply.choices[0].message.content


def test_filters_go_beside_the_usual_fields(client: openai.OpenAI) -> None:
    def status(**extra: Any) -> str:
        reply = client.chat.completions.create(
            model="wenju", messages=asked(QUESTION), extra_body=extra
        )
        return str((reply.model_extra or {})["wenju"]["status"])

    assert status(documents=["*.txt"], since="2023", until="2024", sources="某报") == "answered"
    assert status(tags=["火星"]) == "no_evidence"  # as the assistant of these tests has it
    with pytest.raises(openai.BadRequestError, match="2023-13"):
        status(since="2023-13")
    with pytest.raises(openai.NotFoundError, match="nowhere"):
        status(collection="nowhere")


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2}, {"response_format": {"type": "json_object"}}, {"logprobs": True},
        {"tools": [{"type": "function", "function": {"name": "f"}}]}, {"stop": ["。"]},
        {"tool_choice": "required"}, {"modalities": ["text", "audio"]}, {"audio": {"voice": "a"}},
        {"functions": [{"name": "f"}]},
    ],
)  # fmt: skip
def test_what_changes_the_form_of_a_reply_is_refused(
    client: openai.OpenAI, changes: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="wenju", messages=asked(QUESTION), extra_body=changes)
    (name,) = changes
    assert caught.value.param == name and caught.value.type == "invalid_request_error"
    plain: dict[str, Any] = {"n": 1, "response_format": {"type": "text"}, "tools": [], "stop": None}
    reply = client.chat.completions.create(
        model="wenju", messages=asked(QUESTION), extra_body=plain
    )
    assert (reply.model_extra or {})["wenju"]["ignored"] == []


def test_a_picture_is_no_question(client: openai.OpenAI) -> None:
    picture: Any = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]
    with pytest.raises(openai.BadRequestError, match="image_url") as caught:
        client.chat.completions.create(
            model="wenju", messages=[{"role": "user", "content": picture}]
        )
    assert caught.value.param == "messages.0.content"


def test_unknown_models_are_refused(client: openai.OpenAI) -> None:
    for model in ("gpt-4o", "wenju/none", "wenju/", ""):
        with pytest.raises(openai.NotFoundError, match="does not exist") as caught:
            client.chat.completions.create(model=model, messages=asked(QUESTION))
        error = caught.value
        assert (error.type, error.code) == ("invalid_request_error", "model_not_found")
        assert error.param == "model"
    with pytest.raises(openai.NotFoundError, match="gpt-4o"):
        client.models.retrieve("gpt-4o")
    assert client.models.retrieve("wenju").id == "wenju"


@pytest.mark.parametrize("body", ["", "{", "[]", "[" * 30_000, b"\xff\xfe", '"a"'])
def test_what_is_no_json_object_is_said(client: openai.OpenAI, body: str | bytes) -> None:
    for path in ("chat/completions", "embeddings"):
        reply = httpx.post(f"{client.base_url}{path}", content=body)
        if path == "embeddings":  # nothing is embedded without collections
            assert reply.status_code == 404
            continue
        error = reply.json()["error"]
        assert (reply.status_code, error["type"]) == (400, "invalid_request_error")
        assert "not a JSON object" in error["message"]


def test_a_refusal_is_an_answer(client: openai.OpenAI) -> None:
    question = "火星基地何时建成？"
    with client.chat.completions.create(
        model="wenju", messages=asked(question), stream=True
    ) as stream:
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == refusal().text
    assert (chunks[-1].model_extra or {})["wenju"]["status"] == "no_evidence"


def test_leaving_a_stream_ends_its_thread(client: openai.OpenAI, assistant: Assistant) -> None:
    with client.chat.completions.create(
        model="wenju", messages=asked("slow"), stream=True
    ) as stream:
        next(iter(stream))
    assistant.gate.set()
    assert assistant.left.wait(300)


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
        ({}, "messages: Field required"),
    ],
)
def test_a_bad_request_is_said(client: openai.OpenAI, body: dict[str, Any], message: str) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        client.post("/chat/completions", body=body, cast_to=object)


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["wenju"]
