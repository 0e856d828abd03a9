"""Wenju as model, embedder, reranker and knowledge base of other programs, on real collections."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from rag import Index, Settings, __version__
from rag.models.encoder import load_encoder
from rag.serving.collections import Collection, Library
from rag.serving.security import Access, Token
from rag.serving.server import create_app
from tests.page.conftest import serving

FERRY = "渡轮票价\n\n渡轮的单程票价为4元，学生半价。渡轮每天开行32班。\n"
BRIDGE = "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。\n\n青石桥的维修共花费人民币38万元。\n"
FARE = "渡轮的单程票价是多少？"
COST = "青石桥的维修花了多少钱？"
SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("compatible")
    plain = Settings()
    for name, text in (("default", FERRY), ("桥梁", BRIDGE)):
        (root / f"{name}.txt").write_text(text, encoding="utf-8")
        Index.build([root / f"{name}.txt"], root / "index" / name, plain).close()
    return Library(Collection(root / "index" / "default", plain), root / "index")


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    default = library.default
    with serving(create_app(default, default.status, library=library)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        yield client


def short(reply: Any) -> str | None:
    return str(reply.model_extra["wenju"]["short"])


def test_each_collection_is_a_model(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["wenju", "wenju/default", "wenju/桥梁"]
    assert client.models.retrieve("wenju/桥梁").id == "wenju/桥梁"

    def ask(model: str, question: str, **extra: str) -> Any:
        return client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": question}], extra_body=extra
        )

    assert short(ask("wenju", FARE)) == "4元"
    one = ask("wenju/桥梁", COST)
    assert one.model == "wenju/桥梁" and "38万元" in one.choices[0].message.content
    other = ask("wenju", COST, collection="桥梁")
    assert other.choices[0].message.content == one.choices[0].message.content
    with pytest.raises(openai.BadRequestError, match="two collections"):
        ask("wenju/桥梁", COST, collection="default")


def test_a_chat_model_of_langchain_asks_it(address: str) -> None:
    model = ChatOpenAI(
        model="wenju", base_url=f"{address}/v1", api_key=SecretStr("none"), stream_usage=True
    )
    reply = model.invoke([("user", FARE)])
    assert "单程票价为4元" in str(reply.content)
    assert reply.usage_metadata is not None and reply.usage_metadata["output_tokens"] > 0
    chunks = list(model.stream([("user", FARE)]))
    assert "".join(str(chunk.content) for chunk in chunks) == reply.content
    usages = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert [usage["total_tokens"] for usage in usages] == [reply.usage_metadata["total_tokens"]]


def test_texts_are_embedded_by_the_encoder_of_the_index(client: openai.OpenAI) -> None:
    texts = ["渡轮票价", "青石桥的维修"]
    reply = client.embeddings.create(model="wenju", input=texts)  # base64, by the client's choice
    encoder = load_encoder(Settings().encoder)
    expected = encoder.encode_documents(texts)
    assert np.allclose([one.embedding for one in reply.data], expected, atol=1e-7)
    assert [one.index for one in reply.data] == [0, 1] and reply.model == "wenju"
    plain = client.embeddings.create(
        model="wenju/桥梁", input=texts[0], encoding_format="float", dimensions=encoder.dimension,
        extra_body={"input_type": "query"},
    )  # fmt: skip
    assert np.allclose(plain.data[0].embedding, encoder.encode_queries(texts[:1])[0], atol=1e-7)
    raw = client.post(
        "/embeddings",
        body={"input": texts[:1], "encoding_format": "base64"},
        cast_to=httpx.Response,
    ).json()
    assert np.frombuffer(base64.b64decode(raw["data"][0]["embedding"]), "<f4").shape == (
        encoder.dimension,
    )


def test_embeddings_of_langchain(address: str) -> None:
    embeddings = OpenAIEmbeddings(
        model="wenju", base_url=f"{address}/v1", api_key=SecretStr("none"),
        check_embedding_ctx_length=False,
    )  # fmt: skip
    found = embeddings.embed_documents(["渡轮票价"])
    assert np.allclose(found, load_encoder(Settings().encoder).encode_documents(["渡轮票价"]))


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"input": []}, "input", "0 texts"),
        ({"input": ["a"] * 2049}, "input", "2049 texts"),
        ({"input": [[1, 2]]}, "input", "check_embedding_ctx_length"),
        ({"input": "a", "dimensions": 7}, "dimensions", "7 dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format", "base64"),
        ({"input": "a", "truncate": True}, "truncate", "Extra"),
        ({}, "input", "required"),
    ],
)
def test_what_cannot_be_embedded_is_said(
    client: openai.OpenAI, body: dict[str, Any], param: str, message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=message) as caught:
        client.post("/embeddings", body=body, cast_to=object)
    assert caught.value.param == param


def rank(client: openai.OpenAI, **body: Any) -> Any:
    return client.post("/rerank", body={"model": "wenju", **body}, cast_to=httpx.Response).json()


def test_texts_are_ranked(client: openai.OpenAI) -> None:
    texts = ["天气很好。", "渡轮的单程票价为4元。", "渡轮停在东岸。"]
    reply = rank(client, query=FARE, documents=texts)
    assert [one["index"] for one in reply["results"]] == [1, 2, 0]
    scores = [one["relevance_score"] for one in reply["results"]]
    assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] < 0.3 < scores[0] <= 1
    assert reply["usage"]["total_tokens"] > 0 and "document" not in reply["results"][0]
    best = rank(
        client, query=FARE, documents=[{"text": t} for t in texts], top_n=1, return_documents=True
    )
    assert best["results"] == [
        {"index": 1, "relevance_score": scores[0], "document": {"text": texts[1]}}
    ]
    for wrong, message in (
        ({"documents": []}, "documents: "), ({"documents": ["a"], "top_n": 0}, "top_n: "),
        ({"documents": ["a"], "query": " "}, "empty"),
    ):  # fmt: skip
        with pytest.raises(openai.BadRequestError, match=message):
            rank(client, **{"query": FARE, **wrong})


def dify(address: str, **changes: Any) -> httpx.Response:
    setting = {"top_k": 3, "score_threshold": 0.0}
    body = {"knowledge_id": "wenju", "query": FARE, "retrieval_setting": setting, **changes}
    return httpx.post(f"{address}/api/dify/retrieval", json=body)


def test_dify_finds_passages(address: str) -> None:
    (record,) = dify(address).json()["records"]
    assert "单程票价为4元" in record["content"] and record["title"] == "渡轮票价"
    assert 0.3 < record["score"] <= 1 and record["metadata"]["document"] == "default.txt"
    high = {"top_k": 3, "score_threshold": 1.0}
    assert dify(address, retrieval_setting=high).json() == {"records": []}
    (bridge, *_) = dify(address, knowledge_id="桥梁", query=COST).json()["records"]
    assert "38万元" in bridge["content"]

    def found(name: str, operator: str, value: object) -> int:
        one = {"name": name, "comparison_operator": operator, "value": value}
        where = {"logical_operator": "and", "conditions": [one]}
        reply = dify(address, knowledge_id="wenju/桥梁", query=COST, metadata_condition=where)
        return len(reply.json()["records"])

    assert found("documents", "is", "桥梁.txt") == found("documents", "contains", "桥") > 0
    assert found("documents", "in", ["a.txt", "桥梁.txt"]) > 0
    assert found("documents", "start with", "梁") == found("tags", "is", "旧") == 0
    assert found("date", "≥", "2024-05-06") == found("date", "before", "2024-05-07") > 0
    assert found("date", "≥", 2024) > found("date", "≥", 2025) == 0
    assert found("date", "after", "2024-05-06") == found("date", "≤", "2023") == 0


def test_dify_is_told_what_is_wrong(address: str) -> None:
    unknown = dify(address, knowledge_id="none")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, 2001)
    assert "none" in unknown.json()["error_msg"]
    one = {"name": "author", "comparison_operator": "is", "value": "x"}
    for changes, message in (
        ({"query": ""}, "empty"), ({"metadata_condition": {"conditions": [one]}}, "author"),
        ({"metadata_condition": {"conditions": [{**one, "name": "date", "comparison_operator": "after"}]}}, "date"),
        ({"retrieval_setting": {"top_k": 0}}, "top_k"),
    ):  # fmt: skip
        reply = dify(address, **changes)
        assert reply.status_code == 400 and message in reply.json()["error_msg"]


def test_without_the_token_nobody_is_served(library: Library) -> None:
    default, access = library.default, Access(token=Token(SECRET))
    with serving(create_app(default, default.status, access=access, library=library)) as address:
        base = f"{address}/v1"
        with (
            openai.OpenAI(base_url=base, api_key="wrong wrong wrong", max_retries=0) as client,
            pytest.raises(openai.AuthenticationError) as caught,
        ):
            client.models.list()
        assert (caught.value.type, caught.value.code) == ("authentication_error", "invalid_api_key")
        assert dify(address).status_code == 403
        headers = {"authorization": f"Bearer {SECRET}", "sec-fetch-site": "cross-site"}
        for path in ("/v1/embeddings", "/v1/rerank", "/api/dify/retrieval"):
            assert httpx.post(f"{address}{path}", json={}, headers=headers).status_code == 403
        with openai.OpenAI(base_url=base, api_key=SECRET) as client:
            assert client.models.list().data[0].id == "wenju"


NAMES = (
    "model", "messages", "role", "content", "type", "text", "stream", "stream_options", "n", "tools",
    "input", "encoding_format", "dimensions", "query", "documents", "top_n", "knowledge_id", "tags",
    "since", "collection", "footnotes", "retrieval_setting", "metadata_condition", "conditions",
    "logical_operator", "name", "comparison_operator", "value", "return_documents",
)  # fmt: skip
PATHS = ("/v1/chat/completions", "/v1/embeddings", "/v1/rerank", "/api/dify/retrieval")
VALUES = st.recursive(
    st.sampled_from(["wenju", "user", "text", "渡轮的票价", "2024", "\ud800", "", "and", "is", "date"])
    | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    PATHS[0]: {"messages": [{"role": "user", "content": FARE}]},
    PATHS[1]: {"input": "渡轮"},
    PATHS[2]: {"query": FARE, "documents": ["渡轮"]},
    PATHS[3]: {"knowledge_id": "wenju", "query": FARE},
}


@pytest.mark.parametrize("path", PATHS)
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
@settings(max_examples=30)
def test_whatever_is_sent_is_answered_or_refused(
    address: str, path: str, body: dict[str, Any]
) -> None:
    for sent in (body, WHOLE[path] | body):
        reply = httpx.post(f"{address}{path}", content=json.dumps(sent))
        assert reply.status_code in (200, 400, 404), (sent, reply.text)
        if reply.status_code != 200:
            told = reply.json()
            assert told.get("error_msg") or told["error"]["type"] == "invalid_request_error"


def test_one_document_describes_the_api(address: str) -> None:
    described = httpx.get(f"{address}/api/openapi.json").json()
    assert described["info"]["version"] == __version__

    def body(path: str, kind: str = "application/json") -> dict[str, Any]:
        operation = described["paths"][path]["post"]
        return dict(operation["requestBody"]["content"][kind]["schema"]["properties"])

    filters = {"documents", "since", "until", "sources", "tags", "collection"}
    assert {"messages", "stream_options", "footnotes"} | filters <= set(body(PATHS[0]))
    assert set(body(PATHS[2])) >= {"query", "documents", "top_n"}
    assert {"question", "history"} | filters <= set(body("/api/ask"))
    assert set(body("/api/documents", "multipart/form-data")) == {"file"}
    asked = {one["name"] for one in described["paths"]["/api/search"]["get"]["parameters"]}
    assert {"question", "k"} | filters <= asked
    message = body(PATHS[0])["messages"]["items"]["properties"]
    assert set(message) == {"role", "content"}
    known = set(described.get("components", {}).get("schemas", {}))
    named = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(described))
    assert set(named) <= known and json.dumps(described).count("$ref") == len(named)


def test_a_question_has_the_turns_before_it(address: str) -> None:
    asked = {"question": "它的学生票怎么算？", "history": [[FARE, "4元。"]]}
    reply = httpx.post(f"{address}/api/ask", json=asked)
    assert reply.json()["searched"] == "渡轮的学生票怎么算？"
    wrong = httpx.post(f"{address}/api/ask", json={**asked, "history": [["x"]]})
    assert wrong.status_code == 422 and "history" in wrong.json()["error"]
