"""`make eval` on a few questions of the sample corpus, with and without a chat model."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.__main__ import main
from eval.folder import read_lines
from tests.chat_server import Reply, serve

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table of three questions, with no shared folder."""
    monkeypatch.setenv("RAG_QUIET", "1")
    monkeypatch.setenv("WENJU_SHARED", str(tmp_path / "none"))
    monkeypatch.setenv("RAG_CHAT_MAX_RETRIES", "0")
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(lines[:3]), encoding="utf-8")
    return [
        "table",
        "--corpus",
        str(SAMPLE / "corpus"),
        "--questions",
        str(questions),
        "--out",
        str(tmp_path / "out"),
    ]


def test_the_table_names_who_answers_and_every_speed(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "\nanswers: extractive\n" in printed
    for title in (
        "evidence recall@1000 characters",
        "AUROC, with evidence against without",
        "indexing the corpus",
        "an answer, median",
        "rag search, cold start",
    ):
        assert f"\n{title}" in printed


def test_a_chat_model_answers_and_is_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(Reply(["好"]), Reply(["这是文档的话[1]。"])) as server:
        asked = ["--model", "openai:scripted", "--base-url", server.url, "--concurrency", "2"]
        assert main([*command, *asked]) == 0
        requests = len(server.requests)
    printed = capsys.readouterr().out
    assert "\nanswers: openai:scripted\n" in printed
    assert "an answer, median" not in printed
    rows = read_lines(tmp_path / "out" / "run" / "results.jsonl")
    assert {row["model"] for row in rows} == {"openai:scripted"}
    assert requests == 1 + 2 * len(rows)  # one to see that it is there, then with and without
    assert "openai:scripted" in (tmp_path / "out" / "run" / "report.html").read_text("utf-8")


def test_a_chat_model_that_is_not_there_ends_it_at_once(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--model", "openai:x", "--base-url", "http://127.0.0.1:9/v1"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "127.0.0.1:9" in captured.err


def test_a_run_of_failures_has_no_table(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Reply(status=500, error={"message": "out of memory"})
    with serve(Reply(["好"]), broken) as server:
        assert main([*command, "--model", "openai:x", "--base-url", server.url]) == 1
    captured = capsys.readouterr()
    assert "every question failed; the first: GenerationError" in captured.err
