"""Settings changed on the page last until the next start says otherwise; no key is in the file."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.serving.collections import Collection, Library
from rag.serving.security import Access, Token
from rag.serving.server import create_app
from rag.settings import Settings

KEY = "sk-not-for-everybody"
LOCAL = {"model": "openai:m", "base_url": "http://127.0.0.1:9/v1"}


def client(folder: Path, access: Access | None = None, **overrides: Any) -> TestClient:
    """A server that was just started."""
    settings = Settings.load(environ={}, overrides=overrides)
    collection = Collection(folder / "index" / "default", settings)
    library = Library(collection, folder / "index")
    file = folder / "config" / "wenju" / "page.json"
    app = create_app(collection, collection.status, (), access or Access(), library, file)
    return TestClient(app, "http://127.0.0.1")


def values(of: TestClient) -> dict[str, Any]:
    shown: dict[str, Any] = of.get("/api/settings").json()["values"]
    return shown


def test_the_next_start_has_what_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    changed = client(tmp_path).put("/api/settings", json={"k": 7, "strict": True, **LOCAL}).json()
    assert changed["kept"] is True
    file = tmp_path / "config" / "wenju" / "page.json"
    assert KEY not in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = client(tmp_path)
    shown = again.get("/api/settings").json()
    assert {name: shown["values"][name] for name in ("k", "strict", *LOCAL)} == {
        "k": 7,
        "strict": True,
        **LOCAL,
    }
    assert shown["key_sent"] is False  # the key goes where the server was started to send it
    other = client(tmp_path / "other")
    assert values(other)["k"] == 20
    assert again.delete("/api/settings").json()["values"]["k"] == 20
    assert values(client(tmp_path))["k"] == 20
    assert json.loads(file.read_text(encoding="utf-8")) == {}


def test_what_is_stated_anew_counts_more(tmp_path: Path) -> None:
    client(tmp_path).put("/api/settings", json={"k": 7, "max_sentences": 3})
    stated = client(tmp_path, retrieval={"k": 30})
    assert (values(stated)["k"], values(stated)["max_sentences"]) == (30, 3)


def test_where_others_come_in_nothing_is_remembered(tmp_path: Path) -> None:
    client(tmp_path).put("/api/settings", json={"k": 7, **LOCAL})
    secret = "a long secret"
    guarded = client(tmp_path, Access(token=Token(secret)))
    guarded.headers["Authorization"] = f"Bearer {secret}"
    shown = guarded.get("/api/settings").json()
    assert (shown["values"]["k"], shown["values"]["model"], shown["kept"]) == (20, "", False)


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "[" * 5000, '{"%s": 3}', '{"%s": {"k": 7}}',
     '{"%s": {"k": {"was": 20, "now": "many"}}}', '{"%s": {"k": {"was": 20, "now": -1}}}',
     '{"%s": {"base_url": {"was": "", "now": "http://a:b@c"}}}',
     '{"%s": {"index": {"was": "", "now": "/"}}}'],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_left_aside(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config" / "wenju" / "page.json"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("%s", str(tmp_path / "index" / "default")), encoding="utf-8")
    started = client(tmp_path)
    assert (values(started)["k"], values(started)["base_url"]) == (20, "")
    assert started.put("/api/settings", json={"k": 9}).json()["kept"] is True
    assert values(client(tmp_path))["k"] == 9


def test_where_it_cannot_be_written_the_change_counts_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("in the way")
    changed = client(tmp_path).put("/api/settings", json={"k": 7}).json()
    assert (changed["values"]["k"], changed["kept"]) == (7, False)
