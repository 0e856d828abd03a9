"""The HTTP API: what it gives, what it refuses."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from rag.errors import GenerationError, ModelError, SettingsError
from rag.serving.security import MAX_BODY_BYTES, Access, Token
from rag.serving.server import address_of, create_app, listen
from rag.types import Answer, Filter, IndexStatus
from rag.wire import answer_json, passage_json
from tests.fakes_page import FakeAssistant, answer, refusal

STATUS = IndexStatus("index/sample", 3, 12, 240, "wenju", 1000, False)


class Broken(FakeAssistant):
    """Fails in the way that the question names."""

    def ask(self, question: str, *, where: Filter | None = None) -> Answer:  # noqa: ARG002
        raise {
            "model": ModelError("no model"),
            "chat": GenerationError("no reply"),
            "bug": ValueError("secret detail"),
        }[question]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(
        create_app(FakeAssistant(), lambda: STATUS), base_url="http://127.0.0.1:7860"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def broken() -> Iterator[TestClient]:
    app = create_app(Broken(), lambda: STATUS)
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def test_healthz_says_what_is_open(client: TestClient) -> None:
    reply = client.get("/healthz").json()
    assert reply == {"status": "ok", "version": "0.2.0", "documents": 12, "chunks": 240}


def test_ask_gives_what_the_command_gives(client: TestClient) -> None:
    expected = answer_json(answer("营业收入是多少？"))
    assert client.get("/api/ask", params={"question": "营业收入是多少？"}).json() == expected
    assert client.post("/api/ask", json={"question": "营业收入是多少？"}).json() == expected


def test_search_takes_k_and_explain(client: TestClient) -> None:
    two = client.post("/api/search", json={"question": "营业收入", "k": 2}).json()
    assert two == [passage_json(passage) for passage in answer().passages[:2]]
    query = {"question": "营业收入", "k": "1", "explain": "true"}
    one = client.get("/api/search", params=query).json()
    assert one == [passage_json(answer().passages[0], explain=True)]


@pytest.mark.parametrize(
    "body",
    ['{"question": "青\\ud800石桥"}', '{"question": "x", "tags": ["\\ud800"]}',
     '{"question": "x", "collection": "\\ud800"}', '{"question": "x", "\\ud800": 1}'],
)  # fmt: skip
def test_half_a_character_is_a_422(client: TestClient, body: str) -> None:
    for path in ("/api/ask", "/api/search"):
        reply = client.post(path, content=body)
        assert (reply.status_code, list(reply.json())) == (422, ["error"])


def test_another_page_asks_nothing(client: TestClient) -> None:
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    for path in ("/api/ask", "/api/search"):
        reply = client.get(path, params={"question": "营业收入是多少？"}, headers=foreign)
        assert reply.status_code == 403
    page = client.get("/")
    for reply in (page, client.get("/healthz"), client.get("/api/ask")):
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


def test_a_filter_is_handed_on(client: TestClient) -> None:
    several: dict[str, str | list[str]] = {"question": "营业收入", "tags": ["火星", "x"]}
    for path in ("/api/search", "/api/ask"):
        one = client.post(path, json={"question": "营业收入", "tags": "火星", "since": "2023"})
        many = client.get(path, params=several)
        found = one.json() if path == "/api/search" else one.json()["passages"]
        assert found == [passage_json(passage) for passage in refusal().passages]
        assert many.json() == one.json()


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("", 400, "the body is not a JSON object"),
        ("{", 400, "the body is not a JSON object"),
        ("[" * 30_000, 400, "the body is not a JSON object"),
        (b"\xff\xfe", 400, "the body is not a JSON object"),
        ("[]", 422, "body: "),
        ("{}", 422, "question: Field required"),
        ('{"question": 7}', 422, "question: "),
        ('{"question": "问", "n": 1}', 422, "n: Extra inputs"),
        ('{"question": "问", "k": 0}', 422, "k: "),
        ('{"question": "问", "k": 1001}', 422, "k: "),
        ('{"question": " "}', 400, "the question is empty"),
        ('{"question": "问", "tags": 7}', 422, "tags: "),
        ('{"question": "问", "since": "2023-13"}', 400, "since '2023-13' is no date"),
        (json.dumps({"question": "a" * 2001}), 400, "2,001 characters, the limit is 2,000"),
        (json.dumps({"question": "a" * MAX_BODY_BYTES}), 413, "longer than 64,000 bytes"),
    ],
)
def test_bad_requests_are_refused_with_a_reason(
    client: TestClient, body: str | bytes, status: int, message: str
) -> None:
    reply = client.post("/api/search", content=body)
    assert reply.status_code == status
    assert message in reply.json()["error"]


@pytest.mark.parametrize(
    ("question", "status", "message"),
    [("model", 503, "no model"), ("chat", 502, "no reply"), ("bug", 500, "internal error")],
)
def test_failures_have_a_status_and_keep_their_secrets(
    broken: TestClient, question: str, status: int, message: str
) -> None:
    reply = broken.get("/api/ask", params={"question": question})
    assert reply.status_code == status
    assert message in reply.json()["error"]
    assert "secret" not in reply.text


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/healthz", headers={"host": "localhost:7860"}).status_code == 200


def test_another_machine_is_let_in_with_a_token_only() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "rag.example"):
        with pytest.raises(SettingsError, match="RAG_TOKEN"):
            create_app(FakeAssistant(), lambda: STATUS, access=Access(host))
    access = Access("0.0.0.0", token=Token("a long secret"))
    app = create_app(FakeAssistant(), lambda: STATUS, access=access)
    with TestClient(app, base_url="http://rag.example") as everywhere:
        assert everywhere.get("/healthz").status_code == 403
        bearer = {"Authorization": "Bearer a long secret"}
        assert everywhere.get("/healthz", headers=bearer).status_code == 200


def test_the_events_of_the_page_are_behind_the_gate(client: TestClient) -> None:
    body = {"data": ["营业收入是多少？", None], "fn_index": 0, "session_hash": "s"}
    foreign = {"origin": "http://evil.example"}
    reply = client.post("/gradio_api/queue/join", json=body, headers=foreign)
    assert (reply.status_code, reply.json()) == (
        403,
        {"error": "the request comes from another web page"},
    )
    upload = client.post("/gradio_api/upload", files={"files": b"x"})
    assert upload.status_code == 403
    assert client.post("/gradio_api/queue/join", content=b"x" * 300_000).status_code == 413


def test_the_page_is_on_the_same_port(client: TestClient) -> None:
    assert client.get("/").status_code == 200
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


def test_files_of_the_working_directory_are_not_served(client: TestClient) -> None:
    for path in ("pyproject.toml", "/etc/passwd", "index/sample/catalog.sqlite"):
        assert client.get(f"/gradio_api/file={path}").status_code in {403, 404}


def test_a_port_in_use_is_said() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(SettingsError, match=f"port {port}: Address already in use"):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_said() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on no\.such\.host\.invalid"):
        listen("no.such.host.invalid", 0)


def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        listener = listen("::1", 0)
    except SettingsError as error:  # a machine without IPv6
        assert str(error).startswith("cannot listen on ::1")
        return
    with listener:
        assert listener.family is socket.AF_INET6
        assert address_of(listener).startswith("http://[::1]:")
