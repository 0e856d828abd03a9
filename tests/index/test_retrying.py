"""What was left out of documents is taken up again where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag import Index
from rag.cli import main
from rag.documents.formats import office
from rag.documents.workers import RETRY
from rag.serving.collections import Collection, Library
from rag.serving.server import create_app
from rag.settings import Settings
from tests.documents.formats.office_files import SHEETS, made
from tests.fakes import CharacterEncoder

pytestmark = pytest.mark.skipif(not office.available(), reason=office.INSTALL)


def test_a_document_of_which_a_part_was_missing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "客运.xls").write_bytes(made(SHEETS, ".fods", "xls"))
    (files / "灯塔.txt").write_text("灯塔建于1902年。\n", "utf-8")
    with monkeypatch.context() as without:
        # The processes that read find none either.
        without.setenv("PATH", "/nowhere")
        office.program.cache_clear()
        without.setattr(office, "_PLACES", ())
        index = Index.build([files], tmp_path / "index", Settings(), encoder=CharacterEncoder())
    office.program.cache_clear()
    assert index.document("客运.xls").text.endswith("东港\t31500\t0.4039")
    (warning,) = index.document("客运.xls").warnings
    assert warning.endswith(RETRY)
    report = index.update([files])
    assert (report.read, report.unchanged) == (0, 2)
    (tmp_path / "others").mkdir()
    report = index.update([tmp_path / "others"], retry_skipped=True)  # nobody names the file
    assert report.read == 0
    report = index.update([], retry_skipped=True)
    assert (report.read, report.unchanged, report.skipped) == (1, 0, ())
    assert index.document("客运.xls").text.endswith("东港\t31,500\t40.39%")
    report = index.update([files], retry_skipped=True)
    assert (report.read, report.unchanged) == (0, 2)


def test_added_files_are_read_again_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = Collection(tmp_path / "index", Settings.load(environ={}))
    app = create_app(collection, collection.status, library=Library(collection))
    with TestClient(app, "http://127.0.0.1") as client:
        client.put("/api/documents/客运.xls", content=made(SHEETS, ".fods", "xls"))
        with monkeypatch.context() as without:
            without.setenv("PATH", "/nowhere")
            office.program.cache_clear()
            without.setattr(office, "_PLACES", ())
            client.post("/api/documents")
        office.program.cache_clear()
        assert client.get("/api/documents").json()["incomplete"] == 1
        client.post("/api/documents")
        assert "0.4039" in collection.document("客运.xls").text
        client.post("/api/documents?retry_skipped=true")
        assert "40.39%" in collection.document("客运.xls").text
        assert client.get("/api/documents").json()["incomplete"] == 0


def test_the_command_needs_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("灯塔建于1902年。\n", "utf-8")
    place = str(tmp_path / "index")
    assert main(["index", str(tmp_path / "a.txt"), "--index", place]) == 0
    assert main(["index", "--retry-skipped", "--index", place]) == 0
    assert "读入 0" in capsys.readouterr().out
    assert main(["index", "--index", place]) == 2
    assert "PATH" in capsys.readouterr().err
