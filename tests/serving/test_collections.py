"""Which collection a request means: by a parameter, by a model's name, the default without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings

BRIDGE = "青石桥维修纪要\n\n2024年5月6日，镇政府完成了青石桥的维修。维修共花费人民币38万元。\n"
RIVER = "清水河河道清淤\n\n2023年6月1日开工。清水河全长八十公里，清淤的总投资为人民币90万元。\n"
QUESTION = "总投资或花费是多少万元？"
BAD = ["..", "../default", "/etc", "x" * 5000, "河/..", "nobody", "\u202e", "default/", "河 "]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    root = tmp_path_factory.mktemp("several") / "index"
    default = Collection(root / "default", Settings.load(environ={}))
    library = Library(default, root)
    app = create_app(default, default.status, library=library)
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        assert client.post("/api/collections", json={"name": "河"}).json() == {"collection": "河"}
        for name, text in (("", BRIDGE), ("河", RIVER)):
            where = {"collection": name}
            client.put("/api/documents/文.txt", content=text.encode(), params=where)
            last = client.post("/api/documents", params=where).text.splitlines()[-1]
            assert json.loads(last)["report"]["read"] == 1
        yield client


def test_they_are_listed(client: TestClient) -> None:
    assert client.get("/api/collections").json() == {
        "default": "default",
        "collections": ["default", "河"],
        "several": True,
    }
    models = client.get("/v1/models").json()["data"]
    assert [model["id"] for model in models] == ["wenju", "wenju/default", "wenju/河"]


def test_each_answers_from_its_own_documents(client: TestClient) -> None:
    for name, said in {"": "38万元", "default": "38万元", "河": "90万元"}.items():
        by_get = client.get("/api/ask", params={"question": QUESTION, "collection": name}).json()
        by_post = client.post("/api/ask", json={"question": QUESTION, "collection": name}).json()
        model = f"wenju/{name}" if name else "wenju"
        messages = [{"role": "user", "content": QUESTION}]
        reply = client.post("/v1/chat/completions", json={"model": model, "messages": messages})
        chat = reply.json()["choices"][0]["message"]["content"]
        for text in (by_get["text"], by_post["text"], chat):
            assert (said in text, {"38万元": "90万元", "90万元": "38万元"}[said] in text) == (
                True,
                False,
            )
        (found, *_) = client.get(
            "/api/search", params={"question": "开工", "collection": name}
        ).json()
        assert ("清水河" in found["title"]) is (name == "河")
        (listed,) = client.get("/api/documents", params={"collection": name}).json()["documents"]
        assert ("清水河" in listed["title"]) is (name == "河")
        place = {"document": "文.txt", "start": "0", "end": "5", "collection": name}
        assert client.get("/api/passage", params=place).json()["text"] in BRIDGE + RIVER


@pytest.mark.parametrize("name", BAD)
def test_no_other_name_means_anything(client: TestClient, name: str) -> None:
    where = {"collection": name}
    messages = [{"role": "user", "content": QUESTION}]
    for reply in (
        client.get("/api/ask", params={"question": QUESTION, **where}),
        client.post("/api/search", json={"question": QUESTION, **where}),
        client.get("/api/documents", params=where),
        client.put("/api/documents/x.txt", content=b"x", params=where),
        client.post("/api/documents", params=where),
        client.patch("/api/documents/x.txt", json={"title": "x"}, params=where),
        client.delete("/api/documents/文.txt", params=where),
        client.get("/api/conversations", params=where),
        client.get("/api/passage", params={"document": "x", "start": 0, "end": 1, **where}),
        client.post("/v1/chat/completions", json={"messages": messages, **where}),
    ):
        assert (reply.status_code, "there is no collection" in reply.text) == (404, True)
    model = {"model": f"wenju/{name}", "messages": messages}
    assert client.post("/v1/chat/completions", json=model).status_code == 404
    dify = {"knowledge_id": f"wenju/{name}", "query": QUESTION}
    assert client.post("/api/dify/retrieval", json=dify).json()["error_code"] == 2001


def test_a_server_of_one_collection_knows_no_other(tmp_path: Path) -> None:
    alone = Collection(tmp_path / "index" / "default", Settings.load(environ={}))
    Collection(tmp_path / "index" / "other", alone.settings).keep("x.txt", [b"x"])
    app = create_app(alone, alone.status, library=Library(alone))
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        listed = client.get("/api/collections").json()
        assert (listed["collections"], listed["several"]) == (["default"], False)
        assert client.get("/api/documents", params={"collection": "other"}).status_code == 404
        assert client.post("/api/collections", json={"name": "x"}).status_code == 400


def test_documents_are_paged_filtered_and_corrected(client: TestClient) -> None:
    where = {"collection": "河"}
    client.put("/api/documents/a/桥.txt", content=BRIDGE.encode(), params=where)
    client.post("/api/documents", params=where)

    def names(**given: str) -> list[str]:
        reply = client.get("/api/documents", params=where | given).json()
        return [one["document"] for one in reply["documents"]]

    assert names() == ["a/桥.txt", "文.txt"]
    assert (names(limit="1"), names(limit="1", offset="1")) == (["a/桥.txt"], ["文.txt"])
    assert client.get("/api/documents", params=where | {"limit": "1"}).json()["total"] == 2
    assert (names(since="2024"), names(until="2023-12")) == (["a/桥.txt"], ["文.txt"])
    assert (names(documents="a/*"), names(containing="清淤")) == (["a/桥.txt"], ["文.txt"])
    wrong = client.get("/api/documents", params=where | {"since": "May"})
    assert (wrong.status_code, "YYYY-MM" in wrong.json()["error"]) == (400, True)
    new = {"title": "清水河概况", "date": "2022"}
    said = client.patch("/api/documents/文.txt", json=new, params=where).json()
    assert (said["title"], said["date"], said["date_inferred"]) == ("清水河概况", "2022", False)
    assert sorted(said["corrected"]) == ["date", "title"]
    (found, *_) = client.get("/api/search", params={"question": "清淤 总投资", **where}).json()
    assert (found["title"], found["date"]) == ("清水河概况", "2022")
    back = client.patch(
        "/api/documents/文.txt", json={"title": "", "date": ""}, params=where
    ).json()
    assert (back["corrected"], "清淤" in back["title"]) == ([], True)
    bad = client.patch("/api/documents/文.txt", json={"date": "gestern"}, params=where)
    assert (bad.status_code, "gestern" in bad.json()["error"]) == (400, True)
    assert client.patch("/api/documents/no.txt", json=new, params=where).status_code == 404
    client.delete("/api/documents/a/桥.txt", params=where)


def test_one_is_renamed_and_deleted(client: TestClient) -> None:
    client.post("/api/collections", json={"name": "山"})
    renamed = client.patch("/api/collections/山", json={"name": "山 2"})
    assert renamed.json() == {"collection": "山 2"}
    assert "山 2" in client.get("/api/collections").json()["collections"]
    gone = client.get("/api/documents?collection=山", headers={"Accept-Language": "zh-CN"})
    assert (gone.status_code, gone.json()["error"]) == (
        404,
        "没有文档集 '山'，可能已在别处改名或删除",
    )
    assert client.patch("/api/collections/山 2", json={"name": "河"}).status_code == 400
    assert client.delete("/api/collections/default").status_code == 400
    for name in ("..%2Fdefault", "nobody"):
        assert client.delete(f"/api/collections/{name}").status_code in (404, 405)
    foreign = {"origin": "http://evil.example"}
    assert client.delete("/api/collections/山 2", headers=foreign).status_code == 403
    assert client.delete("/api/collections/山 2").json() == {"collection": "山 2"}
    assert client.get("/api/collections").json()["collections"] == ["default", "河"]
