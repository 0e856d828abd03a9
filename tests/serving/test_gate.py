"""The gate: who is let in, who is not, and that nothing behind it is reached by the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from rag.errors import SettingsError
from rag.serving import security
from rag.serving.security import COOKIE, Gate, GateRules, Token
from rag.settings import Settings

SECRET = "correct horse battery"
OWN = "http://127.0.0.1:7860"


async def echo(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"{request.headers.get('origin')} {len(body)}")


async def pieces(_: Request) -> StreamingResponse:
    return StreamingResponse(iter(["a", "b"]))


def behind(rules: GateRules) -> TestClient:
    methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    routes = [Route("/pieces", pieces), Route("/{path:path}", echo, methods=methods)]
    return TestClient(Gate(Starlette(routes=routes), rules), base_url=OWN)


@pytest.fixture
def client() -> TestClient:
    return behind(GateRules(("127.0.0.1", "::1", "localhost"), limits={"/small": 10}))


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:80", "[::1]:7860", "localhost:1"])
def test_own_names_are_answered_to(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "evil@127.0.0.1", "",
     "localhost:x", "127.0.0.1/x", "[::1", "127.0.0.2"],
)  # fmt: skip
def test_other_names_are_not(client: TestClient, host: str) -> None:
    reply = client.get("/", headers={"host": host})
    assert reply.status_code == 403
    assert "does not answer to the name" in reply.json()["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:3000"},
     {"origin": ""}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_another_page_changes_nothing(
    client: TestClient, method: str, headers: dict[str, str]
) -> None:
    reply = client.request(method, "/", headers=headers)
    assert (reply.status_code, reply.json()["error"]) == (
        403,
        "the request comes from another web page",
    )


def test_the_own_page_and_programs_may(client: TestClient) -> None:
    assert client.post("/", headers={"origin": OWN}, content="abc").text == f"{OWN} 3"
    assert client.post("/", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert client.post("/", content="abc").text == "None 3"


def test_another_page_reads_nothing(client: TestClient) -> None:
    # What is behind never learns of the foreign origin, so it cannot allow it to read.
    assert client.get("/", headers={"origin": "http://evil.example"}).text == "None 0"


FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://evil.example"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/api/ask?question=x", "/v1/models", "/gradio_api/call/ask"])
def test_another_page_costs_nothing(client: TestClient, path: str, headers: dict[str, str]) -> None:
    for method in ("GET", "HEAD"):
        assert client.request(method, path, headers=headers).status_code == 403
    assert client.get(path, headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert client.get(path, headers={"sec-fetch-site": "none"}).status_code == 200  # typed
    assert client.get(path).status_code == 200  # a program


def test_a_link_to_the_page_works(client: TestClient) -> None:
    for headers in FOREIGN:
        assert client.get("/", headers=headers).status_code == 200


def test_nothing_is_shown_in_a_frame_of_others() -> None:
    for reply in (
        behind(GateRules(None)).get("/"),
        behind(GateRules(None)).get("/pieces"),
        behind(GateRules((), None)).get("/"),
        behind(GateRules(None, Token(SECRET))).get("/login"),
    ):
        assert reply.headers["x-frame-options"] == "DENY"
        (policy,) = reply.headers.get_list("content-security-policy")
        assert policy.endswith("frame-ancestors 'none'")
    allowed = behind(GateRules(None, frames=("https://a.example", "https://b.example"))).get("/")
    assert "x-frame-options" not in allowed.headers
    policy = allowed.headers["content-security-policy"]
    assert policy == "frame-ancestors https://a.example https://b.example"


@pytest.mark.parametrize(
    "frame", ["*", "'self'; script-src *", "https://a b", "a.example", "ftp://a"]
)
def test_only_addresses_may_be_allowed_frames(frame: str) -> None:
    with pytest.raises(SettingsError, match=r"page\.frames"):
        Settings.load(environ={}, overrides={"page": {"frames": [frame]}})
    several = Settings.load(environ={"RAG_PAGE_FRAMES": "https://a.example,https://b.example:8443"})
    assert several.page.frames == ("https://a.example", "https://b.example:8443")


def test_a_body_ends_at_the_limit(client: TestClient) -> None:
    assert client.post("/small", content=b"x" * 10).text == "None 10"
    assert client.post("/small", content=b"x" * 11).status_code == 413
    reply = client.post("/small", content=iter([b"x" * 6, b"x" * 6]))  # of unknown length
    assert (reply.status_code, reply.json()["error"]) == (413, "the body is longer than 10 bytes")
    assert client.post("/other", content=iter([b"x" * 6, b"x" * 6])).text == "None 12"
    assert client.post("/small", headers={"content-length": "-1"}).status_code == 413


def test_streams_pass(client: TestClient) -> None:
    assert client.get("/pieces").text == "ab"


def test_websockets_are_closed(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(security, "WRONG_TOKEN_SECONDS", 0.0)
    with behind(GateRules(None, Token(SECRET))) as client:
        yield client


def test_a_token_is_asked_of_everybody(guarded: TestClient) -> None:
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {SECRET}"},
        {"cookie": f"{COOKIE}={SECRET}"},
        {"cookie": f"{COOKIE}="},
    ):
        reply = guarded.get("/", headers=headers)
        assert reply.status_code == 403
        assert "Authorization: Bearer" in reply.json()["error"]
    assert guarded.get("/", headers={"authorization": f"Bearer {SECRET}"}).status_code == 200


def test_a_browser_logs_in_and_does_not_keep_the_token(guarded: TestClient) -> None:
    form = guarded.get("/", headers={"accept": "text/html"})
    assert (form.status_code, 'type="password"' in form.text) == (403, True)
    wrong = guarded.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, "口令不对" in wrong.text) == (403, True)
    right = guarded.post("/login", data={"token": SECRET}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"]
    assert SECRET not in cookie
    assert "HttpOnly; SameSite=Strict" in cookie
    assert guarded.get("/").status_code == 200  # the client keeps the cookie
    assert guarded.post("/", headers={"origin": "http://evil.example"}).status_code == 403


def test_another_page_cannot_log_in(guarded: TestClient) -> None:
    headers = {"origin": "http://evil.example"}
    assert guarded.post("/login", data={"token": SECRET}, headers=headers).status_code == 403
    assert guarded.post("/login", content=b"token=" + b"x" * 5000).status_code == 413


@pytest.mark.parametrize("secret", ["", "short", "eleven char", "密码密码密码密码密码密码密码"])
def test_a_weak_token_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="at least 12 characters"):
        Token(secret)
