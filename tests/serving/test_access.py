"""Under which names a server is reached, and what it asks for then."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from rag.errors import SettingsError
from rag.serving.security import Access, Token
from rag.serving.server import create_app
from rag.types import IndexStatus
from tests.fakes_page import FakeAssistant

TOKEN = Token("a long secret")
BEARER = {"Authorization": "Bearer a long secret"}


def status(access: Access, host: str) -> int:
    now = IndexStatus("index", 1, 0, 0, "wenju", 0, False)
    app = create_app(FakeAssistant(), lambda: now, access=access)
    with TestClient(app, base_url=f"http://{host}") as client:
        return client.get("/healthz", headers=BEARER).status_code


def test_a_further_name_needs_a_token() -> None:
    with pytest.raises(SettingsError, match=r"docs\.example.*RAG_TOKEN"):
        Access("127.0.0.1", ["docs.example"]).rules()
    assert not Access("127.0.0.1", ["docs.example"], TOKEN).alone
    assert not Access("127.0.0.1", (), TOKEN).alone
    assert Access("127.0.0.1").alone


@pytest.mark.parametrize(
    ("host", "names", "asked", "expected"),
    [
        ("127.0.0.1", ["docs.example"], "docs.example", 200),
        ("127.0.0.1", ["docs.example"], "DOCS.example:8443", 200),
        ("127.0.0.1", ["docs.example"], "127.0.0.1", 200),
        ("127.0.0.1", ["docs.example"], "evil.example", 403),
        ("127.0.0.1", ["docs.example"], "docs.example.evil.example", 403),
        ("127.0.0.1", ["a.example", "b.example"], "b.example", 200),
        ("0.0.0.0", [], "anything.example", 200),
        ("0.0.0.0", ["docs.example"], "anything.example", 403),
        ("0.0.0.0", ["docs.example"], "docs.example", 200),
    ],
)
def test_names_are_answered_to(host: str, names: Sequence[str], asked: str, expected: int) -> None:
    assert status(Access(host, names, TOKEN), asked) == expected
