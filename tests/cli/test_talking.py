"""`rag chat`, `rag watch` and `rag export`."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import Index
from rag.cli import main
from rag.wire import document_json
from tests.processes import running

ROOT = Path(__file__).parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_QUIET": "1", "RAG_READING_PROCESSES": "1"}
FARE = "渡轮的单程票价是多少？"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("talking")
    (folder / "in").mkdir()
    (folder / "in" / "渡轮.txt").write_text(
        "渡轮票价\n\n渡轮的单程票价为4元，学生半价。\n", encoding="utf-8"
    )
    (folder / "in" / "桥.md").write_text("# 青石桥\n\n青石桥长42米。\n", encoding="utf-8")
    Index.build([folder / "in"], folder / "index").close()
    return folder


def said(folder: Path, lines: str, *flags: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    return main(["chat", "--index", str(folder / "index"), *flags])


def test_a_conversation_of_lines(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (
        f"{FARE}\n\n它的学生票怎么算？\n{'长' * 3000}\n/new\n它的学生票怎么算？\n/quit\n{FARE}\n"
    )
    assert said(folder, lines, "--json", monkeypatch=monkeypatch) == 0
    first, second, third, fourth = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["short"] == "4元"
    assert second["searched"] == "渡轮的学生票怎么算？" and second["status"] == "answered"
    assert "3,000 characters" in third["error"]
    assert fourth["searched"] == ""  # what was said before is forgotten


def test_a_conversation_for_people(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = f"{FARE}\n/what\n{'长' * 3000}\n"
    assert said(folder, lines, "--document", "*.txt", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert "「渡轮的单程票价为4元，学生半价。」" in out and "/quit" in out
    assert err.startswith("rag: ") and "3,000" in err


def test_a_conversation_in_a_terminal(folder: Path) -> None:
    """A real one: the prompt, an answer, and Ctrl-D."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rag", "chat", "--index", str(folder / "index")]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=ENVIRON, cwd=folder
    ) as process:
        os.close(theirs)
        shown = b""

        def until(wanted: str) -> None:
            nonlocal shown
            while wanted.encode() not in shown:
                shown += os.read(ours, 4096)
            shown = shown[shown.index(wanted.encode()) + len(wanted.encode()) :]

        try:
            until("› ")
            os.write(ours, f"{FARE}\n".encode())
            until("渡轮的单程票价为4元")
            until("› ")
            os.write(ours, b"\x04")
            assert process.wait(300) == 0
        finally:
            process.kill()
            os.close(ours)


def test_an_error_is_told_in_the_language_of_the_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "ask", FARE, "--index", "none"]
    for language, words in (("zh_CN.UTF-8", "没有索引"), ("C.UTF-8", "no index")):
        environ = {**ENVIRON, "LC_ALL": language, "PYTHONUTF8": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 1 and words in done.stderr


def test_documents_are_written_for_other_programs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--index", str(folder / "index")]
    index = Index.open(folder / "index")
    assert main(["export", str(tmp_path / "all.jsonl"), *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 2
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    assert rows == [document_json(index.document(one.name)) for one in index.documents()]
    assert main(["export", "-", *where, "--passages", "--document", "*.txt"]) == 0
    passages = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["document"] for one in passages} == {"渡轮.txt"}
    text = index.document("渡轮.txt").text
    assert all(text[one["start"] : one["end"]] == one["text"] for one in passages)
    assert main(["export", str(tmp_path / "all.jsonl"), *where]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "all.jsonl"), *where, "--force", "--tag", "x"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["all.jsonl"]
    assert (tmp_path / "all.jsonl").read_text("utf-8") == ""


def reports(process: Any) -> Iterator[dict[str, Any]]:
    for line in process.stdout:
        yield json.loads(line)


def watching(folder: Path, act: Callable[[Iterator[dict[str, Any]]], None]) -> None:
    command = [
        sys.executable, "-m", "rag", "watch", "docs", "--index", "docs/index", "--interval", "0.2",
        "--json",
    ]  # fmt: skip
    with running(command, folder, ENVIRON) as process:
        act(reports(process))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out, err) == (0, b"", b"")


def test_an_index_is_kept_in_step_with_a_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "一.txt").write_text("一号码头长30米。\n", encoding="utf-8")

    def first(told: Iterator[dict[str, Any]]) -> None:
        assert next(told)["read"] == 1
        (docs / "二.txt").write_text("二号码头长50米。\n", encoding="utf-8")
        assert next(told)["documents"] == 2
        (docs / "一.txt").write_text("一号码头长35米，刚刚修过。\n", encoding="utf-8")
        report = next(told)
        assert (report["read"], report["unchanged"]) == (1, 1)
        (docs / "二.txt").unlink()
        report = next(told)
        assert (report["removed"], report["documents"]) == (1, 1)

    def second(told: Iterator[dict[str, Any]]) -> None:
        report = next(told)  # what changed while nobody looked
        assert (report["read"], report["documents"]) == (1, 2)

    watching(tmp_path, first)
    (docs / "三.txt").write_text("三号码头长70米。\n", encoding="utf-8")
    watching(tmp_path, second)
    assert "35米" in Index.open(docs / "index").document("一.txt").text


def test_a_folder_without_files_takes_nothing_out(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "一.txt").write_text("一号码头长30米。\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "rag",
        "watch",
        "docs",
        "--index",
        "index",
        "--interval",
        "0.2",
    ]
    with running(command, tmp_path, ENVIRON) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "读入 1" in process.stdout.readline().decode()
        (docs / "一.txt").unlink()
        assert b"holds no file" in process.stderr.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.wait(300)
    assert Index.open(tmp_path / "index").status().documents == 1


def test_wrong_usage_of_watch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch"]) == 2
    assert main(["watch", "x", "--interval", "0"]) == 2
    assert "from 0.1 to 86400" in capsys.readouterr().err
