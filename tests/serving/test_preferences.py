"""Settings changed while the server runs; a key goes where it was meant to go and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.serving.collections import Collection, Library
from rag.serving.security import Access, Token
from rag.serving.server import create_app
from rag.settings import Settings
from tests.chat_server import ChatServer, Reply, serve

KEY = "sk-not-for-everybody"
TEXT = "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。维修共花费人民币38万元。\n"
QUESTION = "青石桥的维修花了多少钱？"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAG_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)


@pytest.fixture
def home() -> Iterator[ChatServer]:
    with serve(Reply(["维修共花费人民币38万元[1]。"])) as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[ChatServer]:
    with serve(Reply(["维修共花费人民币38万元[1]。"])) as server:
        yield server


def client(tmp_path: Path, access: Access | None = None, **chat: Any) -> TestClient:
    settings = Settings.load(environ={}, overrides={"chat": {"max_retries": 0, **chat}})
    collection = Collection(tmp_path / "index" / "default", settings)
    if not collection.documents():
        collection.keep("桥梁.txt", [TEXT.encode()])
        collection.update()
    library = Library(collection, tmp_path / "index")
    app = create_app(collection, collection.status, (), access or Access(), library)
    return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    return client(tmp_path_factory.mktemp("page"))


def test_settings_count_from_the_next_question_on(tmp_path: Path) -> None:
    page = client(tmp_path)
    shown = page.get("/api/settings").json()
    assert (shown["values"]["k"], shown["fixed_server"], shown["changed"]) == (20, False, False)
    page.post("/api/collections", json={"name": "另一"})
    changed = page.put("/api/settings", json={"k": 1, "strict": True, "min_confidence": 1}).json()
    assert changed["changed"]
    assert {name: changed["values"][name] for name in ("k", "strict", "min_confidence")} == {
        "k": 1,
        "strict": True,
        "min_confidence": 1.0,
    }
    answer = page.post("/api/ask", json={"question": QUESTION}).json()
    assert (answer["status"], len(answer["passages"])) == ("nearest", 1)
    # Nothing is kept: a new server has what it was started with.
    assert client(tmp_path).get("/api/settings").json() == shown


@pytest.mark.parametrize(
    ("wanted", "status", "message"),
    [
        ({"k": 0}, 400, "retrieval.k"),
        ({"k": "20"}, 422, "k"),
        ({"base_url": "file:///etc/passwd"}, 400, "begins with http:// or https://"),
        ({"base_url": "http://me:secret@127.0.0.1/v1"}, 400, "no name and password"),
        ({"base_url": "http://127.0.0.1:99999/v1", "model": "openai:x"}, 400, "no address"),
        ({"model": "anthropic:claude"}, 400, "openai:NAME"),
        ({"model": "openai:gpt"}, 400, "needs a base address"),
        ({"api_key": "x"}, 422, "api_key"),
        ({"key": "x"}, 400, "address before the key"),
        ({"prompts": "/etc/passwd"}, 422, "prompts"),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    page: TestClient, wanted: dict[str, Any], status: int, message: str
) -> None:
    before = page.get("/api/settings").json()
    for reply in (
        page.put("/api/settings", json={"max_sentences": 1, **wanted}),
        page.post("/api/settings/test", json=wanted),
    ):
        assert (reply.status_code, message in reply.json()["error"]) == (status, True), reply.text
    assert page.get("/api/settings").json() == before


def test_the_key_goes_where_the_server_was_started_to_send_it(
    tmp_path: Path, home: ChatServer
) -> None:
    page = client(tmp_path, model="openai:one", base_url=home.url)
    assert page.get("/api/settings").json()["key_for"] == home.url
    assert page.post("/api/settings/test", json={}).json()["ok"]
    page.put("/api/settings", json={"model": "openai:two", "base_url": f"{home.url}/"})
    assert page.post("/api/ask", json={"question": QUESTION}).json()["model"] == "openai:two"
    assert home.keys == [f"Bearer {KEY}"] * 2


def test_no_key_goes_elsewhere(tmp_path: Path, home: ChatServer, elsewhere: ChatServer) -> None:
    page = client(tmp_path, model="openai:one", base_url=home.url)
    there = {"model": "openai:one", "base_url": elsewhere.url}
    assert page.post("/api/settings/test", json=there).json()["ok"]
    changed = page.put("/api/settings", json={"base_url": elsewhere.url})
    assert changed.json()["key_sent"] is False
    answer = page.post("/api/ask", json={"question": QUESTION}).json()
    assert answer["model"] == "openai:one"
    assert len(elsewhere.keys) == 2
    assert not any(KEY in str(key) for key in elsewhere.keys)
    # Nor by LangChain's other clients, which look for their keys themselves.
    for model in ("anthropic:claude", "ollama:x", "google_genai:x"):
        assert page.put("/api/settings", json={"model": model}).status_code == 400
    back = page.put("/api/settings", json={"base_url": home.url}).json()
    assert back["key_sent"] is True
    assert page.post("/api/settings/test", json={}).json()["ok"]
    assert home.keys == [f"Bearer {KEY}"]


def test_a_server_started_for_nowhere_sends_no_key(tmp_path: Path, elsewhere: ChatServer) -> None:
    page = client(tmp_path)
    assert page.get("/api/settings").json()["key_for"] == ""
    page.put("/api/settings", json={"model": "openai:x", "base_url": elsewhere.url})
    assert page.post("/api/ask", json={"question": QUESTION}).json()["model"] == "openai:x"
    assert elsewhere.keys
    assert not any(KEY in str(key) for key in elsewhere.keys)


@pytest.mark.parametrize(
    "access",
    [
        Access(token=Token("a long secret")),
        Access("0.0.0.0", token=Token("a long secret")),
        Access(names=["docs.example"], token=Token("a long secret")),
    ],
)
def test_where_others_come_in_the_server_of_the_model_stays(
    tmp_path: Path, home: ChatServer, elsewhere: ChatServer, access: Access
) -> None:
    page = client(tmp_path, access, model="openai:one", base_url=home.url)
    page.headers["Authorization"] = "Bearer a long secret"
    assert page.get("/api/settings").json()["fixed_server"] is True
    for wanted in ({"base_url": elsewhere.url}, {"model": "openai:two"}, {"base_url": ""}):
        for reply in (
            page.put("/api/settings", json=wanted),
            page.post("/api/settings/test", json=wanted),
        ):
            assert (reply.status_code, "where the server is started" in reply.text) == (403, True)
    assert elsewhere.keys == []
    same = {"model": "openai:one", "base_url": home.url, "k": 3}
    assert page.put("/api/settings", json=same).json()["values"]["k"] == 3


def test_a_wrong_key_is_said_in_the_servers_words_and_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}
    with serve(Reply(status=401, error=wrong)) as server:
        page = client(tmp_path, model="openai:one", base_url=server.url)
        found = page.post("/api/settings/test", json={})
        shown = page.get("/api/settings")
    assert found.json()["ok"] is False
    assert "401" in found.json()["error"]
    assert KEY not in found.text + shown.text + caplog.text
    gone = page.post("/api/settings/test", json={}).json()  # nobody listens there any more
    assert (gone["ok"], server.url in gone["error"]) == (False, True)


def test_a_password_in_the_address_is_not_shown(tmp_path: Path) -> None:
    page = client(tmp_path, model="openai:x", base_url="http://me:hidden@127.0.0.1:9/v1")
    shown = page.get("/api/settings")
    assert shown.json()["values"]["base_url"] == "http://127.0.0.1:9/v1"
    changed = page.put("/api/settings", json={"base_url": "http://127.0.0.1:9/v1", "k": 5})
    assert (changed.status_code, changed.json()["values"]["k"]) == (200, 5)
    assert "hidden" not in shown.text + changed.text


def test_another_page_changes_nothing(tmp_path: Path) -> None:
    page = client(tmp_path)
    foreign = {"origin": "http://evil.example"}
    assert page.put("/api/settings", json={"k": 1}, headers=foreign).status_code == 403
    assert page.post("/api/settings/test", json={}, headers=foreign).status_code == 403
    assert page.post("/api/collections", json={"name": "x"}, headers=foreign).status_code == 403


def test_a_typed_key_goes_to_its_address_alone_and_is_in_no_reply_or_file(
    tmp_path: Path,
    home: ChatServer,
    elsewhere: ChatServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    typed = "sk-typed-by-hand"
    page = client(tmp_path)
    there = {"model": "one", "base_url": home.url, "key": typed}
    assert page.post("/api/settings/test", json=there).json() | {"seconds": 0} == {
        "ok": True,
        "model": "openai:one",
        "seconds": 0,
    }
    changed = page.put("/api/settings", json=there)
    assert changed.json()["key_typed"] and typed not in changed.text
    answer = page.post("/api/ask", json={"question": QUESTION})
    assert answer.json()["model"] == "openai:one"
    assert home.keys == [f"Bearer {typed}"] * 2
    moved = page.put("/api/settings", json={"base_url": elsewhere.url})
    assert moved.json()["key_typed"] is False
    page.post("/api/ask", json={"question": QUESTION})
    assert elsewhere.keys and not any(typed in str(key) for key in elsewhere.keys)
    back = page.put("/api/settings", json={"base_url": home.url})
    assert back.json()["key_typed"]
    page.put("/api/settings", json={"key": ""})
    page.post("/api/ask", json={"question": QUESTION})
    assert typed not in str(home.keys[-1])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(typed.encode() in path.read_bytes() for path in files)
    assert typed not in caplog.text + answer.text + moved.text


@pytest.mark.parametrize(
    ("named", "model"),
    [("qwen2.5:7b", "openai:qwen2.5:7b"), ("llama:8b", "openai:llama:8b"), ("", "")],
)
def test_the_name_of_a_model_is_enough(tmp_path: Path, named: str, model: str) -> None:
    there = {"model": named, "base_url": "http://127.0.0.1:9/v1"}
    assert client(tmp_path).put("/api/settings", json=there).json()["values"]["model"] == model
