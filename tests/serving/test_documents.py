"""The documents over HTTP: put, read line by line, list, find, look around, remove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
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
        "total": 0, "chunks": 0, "documents": [], "unread": [], "incomplete": 0,
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
    assert kept.json() == {
        "document": NAME, "bytes": len(TEXT.encode()),
        "sha256": sha256(TEXT.encode()).hexdigest(), "unchanged": False,
    }  # fmt: skip
    assert client.put("/api/documents/旧 档/桥梁%231.txt", content=TEXT.encode()).json()[
        "unchanged"
    ]
    client.put("/api/documents/x.exe", content=b"MZ")
    *steps, last = update(client)
    assert [(step["done"], step["total"]) for step in steps if step["done"]] == [(1, 2), (2, 2)]
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


def test_a_form_brings_files_along(client: TestClient) -> None:
    files = [
        ("file", ("渡轮.txt", "渡轮票价\n\n渡轮的单程票价为4元。\n".encode())),
        ("file", ("夹 子/班次.txt", "渡轮班次\n\n渡轮每天开行32班。\n".encode())),
    ]

    def send() -> list[dict[str, Any]]:
        reply = client.post("/api/documents", files=files, data={"note": "x"})
        assert reply.status_code == 200
        return [json.loads(line) for line in reply.text.splitlines()]

    kept, *_, last = send()
    assert [(one["document"], one["unchanged"]) for one in kept["kept"]] == [
        ("渡轮.txt", False),
        ("夹 子/班次.txt", False),
    ]
    assert last["report"]["read"] == 2
    answer = client.post("/api/ask", json={"question": "渡轮的单程票价是多少？"}).json()
    assert answer["short"] == "4元"
    kept, *_, last = send()  # once more: nothing is read again
    assert [one["unchanged"] for one in kept["kept"]] == [True, True]
    assert (last["report"]["read"], last["report"]["unchanged"]) == (0, 2)
    for name in ("渡轮.txt", "夹 子/班次.txt"):
        assert client.delete(f"/api/documents/{name}").status_code == 200


def test_a_form_that_is_none_is_refused(client: TestClient) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x\r\nbroken", b"--x\r\n\r\nno name\r\n--x--\r\n"):
        reply = client.post("/api/documents", content=body, headers=kind)
        assert (reply.status_code, "form cannot be used" in reply.json()["error"]) == (400, True)
    plain = client.post(
        "/api/documents", content=b"", headers={"content-type": "multipart/form-data"}
    )
    assert plain.status_code == 400
    climbing = client.post("/api/documents", files={"file": ("../x.txt", b"x")})
    assert climbing.status_code == 400 and "x.txt" in climbing.json()["error"]
    long = client.post("/api/documents", files={"file": ("x.txt", b"x" * 200_000)})
    assert long.status_code == 413
    foreign = {"origin": "https://elsewhere.example"}
    files = {"file": ("x.txt", b"x")}
    assert client.post("/api/documents", files=files, headers=foreign).status_code == 403
    assert client.get("/api/documents").json()["unread"] == []


def test_a_document_is_read_in_parts(tmp_path_factory: pytest.TempPathFactory) -> None:
    collection = Collection(tmp_path_factory.mktemp("parts") / "index", Settings.load(environ={}))
    rows = "| 年 | 数 |\n| --- | --- |\n| 2023 | 31 |\n"
    text = "# 记录\n\n" + rows + "\n" + "\n\n".join(f"第{n}段，臺灣。" * 300 for n in range(20))
    collection.keep("记录.md", [text.encode()])
    collection.update()
    app = create_app(collection, collection.status, library=Library(collection))
    with TestClient(app, "http://127.0.0.1") as client:
        first = client.get("/api/reading", params={"document": "记录.md"}).json()
        blocks, end = first["blocks"], first["end"]
        assert [one["text"] for one in first["outline"]] == ["记录"]
        assert [one.get("header") for one in blocks[:3]] == [None, True, False]
        while end < first["total"]:
            part = client.get("/api/reading", params={"document": "记录.md", "block": end}).json()
            assert part["first"] == end and "outline" not in part
            assert len(part["blocks"]) == 1 or sum(len(b["text"]) for b in part["blocks"]) < 12_000
            blocks, end = [*blocks, *part["blocks"]], part["end"]
        whole = collection.document("记录.md")
        assert [one["start"] for one in blocks] == [one.span.start for one in whole.blocks]
        assert all(whole.text.startswith(one["text"], one["start"]) for one in blocks)
        before = client.get("/api/reading", params={"document": "记录.md", "until": end}).json()
        assert before["end"] == end and 0 < before["first"] < end
        for at in (0, len(whole.text) // 2, len(whole.text) - 1):
            part = client.get("/api/reading", params={"document": "记录.md", "at": at}).json()
            starts = [one["start"] for one in part["blocks"]]
            assert starts[0] <= at < starts[-1] + len(part["blocks"][-1]["text"])
        found = client.get("/api/found", params={"document": "记录.md", "term": "台湾"}).json()
        assert found["total"] == whole.text.count("臺灣") == 6_000 and len(found["places"]) == 200
        assert all(whole.text[p["start"] : p["end"]] == "臺灣" for p in found["places"])
        names = client.get("/api/names", params={"containing": "记录"}).json()
        assert (names["total"], names["documents"][0]["document"]) == (1, "记录.md")
        assert client.get("/api/names", params={"containing": "无"}).json()["total"] == 0
        dated = client.get("/api/documents", params={"since": "2024/1/31"}).json()
        assert dated["total"] == 0
        assert client.get("/api/documents", params={"since": "去年"}).status_code == 400
