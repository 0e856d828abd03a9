"""The documents over HTTP: put, read line by line, list, find, look around, remove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.collection import Collection
from rag.library import Library
from rag.server import create_app
from rag.settings import Settings

TEXT = (
    "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。\n\n"
    "青石桥的维修共花费人民币38万元，比预算少2万元。\n\n桥长42米，建于清代。\n"
)
NAME = "旧 档/桥梁#1.txt"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings.load(environ={}, overrides={"reading": {"max_file_bytes": 1000}})
    collection = Collection(tmp_path_factory.mktemp("documents") / "index", settings)
    app = create_app(collection, collection.status, library=Library(collection))
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def update(client: TestClient) -> list[dict[str, Any]]:
    reply = client.post("/api/documents")
    return [json.loads(line) for line in reply.text.splitlines()]


def test_from_a_file_to_an_answer_and_back(client: TestClient) -> None:
    assert client.get("/api/documents").json() == {
        "total": 0, "chunks": 0, "documents": [], "unread": [],
    }  # fmt: skip
    asked = {"question": "青石桥的维修花了多少钱？"}
    refused = client.post("/api/ask", json=asked)
    assert (refused.status_code, refused.json()["error"]) == (
        503,
        "no documents yet; add files first",
    )
    told = client.post("/api/ask", json=asked, headers={"Accept-Language": "zh-CN,en"})
    assert told.json() == {"error": "还没有文档，请先添加文件"}
    kept = client.put("/api/documents/旧 档/桥梁%231.txt", content=TEXT.encode())
    assert kept.json() == {"document": NAME, "bytes": len(TEXT.encode())}
    client.put("/api/documents/x.exe", content=b"MZ")
    *steps, last = update(client)
    assert [(step["done"], step["total"]) for step in steps] == [(1, 2), (2, 2)]
    assert last["report"]["read"] == 1
    assert [skipped["document"] for skipped in last["report"]["skipped"]] == ["x.exe"]
    everything = client.get("/api/documents").json()
    (listed,) = everything["documents"]
    assert [one["document"] for one in everything["unread"]] == ["x.exe"]
    assert client.delete("/api/documents/x.exe").json()["chunks"] == 0
    assert (listed["document"], listed["date"], listed["added"]) == (NAME, "2024-05-06", True)
    assert listed["bytes"] == len(TEXT.encode())
    assert client.get("/api/documents", params={"containing": "火星"}).json()["total"] == 0
    answer = client.post("/api/ask", json={"question": "青石桥的维修花了多少钱？"}).json()
    (citation, *_) = answer["citations"]
    place = {key: citation[key] for key in ("document", "start", "end")}
    around = client.get("/api/passage", params={**place, "around": 30}).json()
    assert around["text"] == citation["quote"]
    assert "镇政府" in around["before"] + around["text"]
    assert "清代" in around["after"]
    wrong = client.get("/api/passage", params={**place, "end": 9999})
    assert (wrong.status_code, "it has" in wrong.json()["error"]) == (400, True)
    assert client.get("/api/passage", params={**place, "start": -1}).status_code == 422
    gone = client.delete("/api/documents/旧 档/桥梁%231.txt").json()
    assert (gone["document"], gone["undo_seconds"], gone["chunks"] > 0) == (NAME, 60, True)
    assert client.get("/api/documents").json()["documents"] == []
    assert client.post(f"/api/removed/{gone['undo']}").json() == {"document": NAME}
    assert client.post(f"/api/removed/{gone['undo']}").status_code == 404
    assert client.get("/api/documents").json()["documents"] == [listed]
    assert client.delete("/api/documents/旧 档/桥梁%231.txt").json()["chunks"] > 0
    assert client.delete("/api/documents/旧 档/桥梁%231.txt").status_code == 404
    assert client.get("/api/documents").json()["documents"] == []


def test_what_is_too_long_or_has_a_bad_name_is_refused(client: TestClient) -> None:
    long = client.put("/api/documents/x.txt", content=b"x" * 1001)
    assert (long.status_code, long.json()["error"]) == (413, "the body is longer than 1,000 bytes")
    for name in ("..%2Fx.txt", "a/.hidden", "%2Fetc%2Fpasswd"):
        reply = client.put(f"/api/documents/{name}", content=b"x")
        assert (reply.status_code, "cannot be added" in reply.json()["error"]) == (400, True)


def test_another_page_adds_and_removes_nothing(client: TestClient) -> None:
    foreign = {"origin": "http://evil.example"}
    for method, path in (("PUT", "/x.txt"), ("DELETE", "/x.txt"), ("POST", "")):
        reply = client.request(method, f"/api/documents{path}", headers=foreign)
        assert reply.status_code == 403


def test_an_error_ends_the_lines(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("secret detail")

    monkeypatch.setattr(Collection, "update", fail)
    assert update(client) == [{"error": "internal error; the log of the server has it"}]
