"""The commands on the sample corpus, with the real index and assistant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.compare import compare, failures, load_scored
from eval.folder import read_lines
from eval.metrics.folding import count_characters
from rag.index.local.index import Index
from tests.chat_server import Reply, serve

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "examples" / "questions.jsonl"
REFERENCE = ROOT / "eval" / "reference" / "sample.jsonl"
ANSWER_FIELDS = {
    "question",
    "status",
    "text",
    "short",
    "sentences",
    "citations",
    "passages",
    "model",
    "timings",
}


@pytest.fixture(scope="module")
def index(sample: Index) -> Path:
    return sample.folder


@pytest.fixture(scope="module")
def sample_run(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    assert (
        main(
            ["run", str(QUESTIONS), "--index", str(index), "--out", str(out), "--without-evidence"]
        )
        == 0
    )
    return out


def test_results_hold_what_the_contract_says(sample_run: Path, index: Path) -> None:
    rows = read_lines(sample_run / "results.jsonl")
    asked = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [question["id"] for question in asked]
    chunks = Index.open(index).count
    for row, question in zip(rows, asked, strict=True):
        assert {name: row[name] for name in question} == question
        assert row.keys() >= ANSWER_FIELDS
        characters = sum(count_characters(passage["text"]) for passage in row["passages"])
        assert characters >= 4000 or len(row["passages"]) == chunks
        assert [p["rank"] for p in row["passages"]] == list(range(1, len(row["passages"]) + 1))
        assert {citation["n"] for citation in row["citations"]} <= {
            passage["rank"] for passage in row["passages"]
        }


def test_metrics_are_flat_numbers_and_citations_are_exact(sample_run: Path) -> None:
    metrics = json.loads((sample_run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["questions"] == len(QUESTIONS.read_text(encoding="utf-8").splitlines())
    flat: list[dict[str, Any]] = [
        metrics["overall"],
        metrics["given"],
        metrics["without_evidence"],
        *metrics["by_type"].values(),
    ]
    assert all(isinstance(value, int | float) for group in flat for value in group.values())
    assert metrics["overall"].keys() >= {
        "hit_at_1",
        "hit_at_5",
        "mrr",
        "evidence_recall_1000",
        "evidence_recall_3000",
        "answer_hit",
        "answer_hit_short",
        "answer_characters",
        "refused_unanswerable",
        "refused_answerable",
        "refusal_auroc",
        "em",
        "f1",
        "sentence_right",
        "support",
        "evidence_precision",
        "evidence_recall",
        "evidence_f1",
        "verbatim",
        "latency_ms_p50",
        "latency_ms_p95",
    }
    assert metrics["overall"]["citations_exact"] == 1.0
    assert metrics["overall"]["evidence_recall_3000"] > 0.9


def test_the_sample_is_answered_no_worse_than_the_reference(sample_run: Path) -> None:
    """The gate: a change that is significantly worse on the sample fails here. After a change
    that is better, the run's `scores.jsonl` becomes the reference."""
    assert failures(compare(load_scored(REFERENCE), load_scored(sample_run))) == []


def test_two_runs_of_the_same_settings_are_equal(
    sample_run: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = index.parent / "again"
    assert main(["run", str(QUESTIONS), "--index", str(index), "--out", str(again)]) == 0
    capsys.readouterr()
    assert main(["compare", str(sample_run), str(again)]) == 0
    assert "equal, question by question" in capsys.readouterr().out


def test_retrieval_alone_finds_what_the_whole_run_finds(sample_run: Path, index: Path) -> None:
    out = index.parent / "retrieval"
    assert (
        main(["run", str(QUESTIONS), "--index", str(index), "--out", str(out), "--retrieval-only"])
        == 0
    )
    whole = json.loads((sample_run / "metrics.json").read_text(encoding="utf-8"))["overall"]
    alone = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["overall"]
    assert alone["mrr"] == whole["mrr"]
    assert "answer_hit" not in alone


def test_a_judge_of_its_own_leaves_the_answers_as_they_are(
    sample_run: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "two.jsonl"
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines(keepends=True)
    questions.write_text("".join(lines[1:3]), encoding="utf-8")
    with serve(Reply(["好"]), Reply(["right"])) as server:
        assert (
            main(
                [
                    "run",
                    str(questions),
                    "--index",
                    str(index),
                    "--out",
                    str(tmp_path / "out"),
                    "--judge-model",
                    "openai:judge",
                    "--base-url",
                    server.url,
                ]
            )
            == 0
        )
        assert {request["model"] for request in server.requests} == {"judge"}
    assert re.search(
        r"^judged right by a chat model +1\.000 .* 2$", capsys.readouterr().out, re.MULTILINE
    )
    rows = read_lines(tmp_path / "out" / "results.jsonl")
    assert [row["judged"]["verdict"] for row in rows] == ["right", "right"]
    assert [(row["model"], row["text"]) for row in rows] == [
        ("extractive", row["text"]) for row in read_lines(sample_run / "results.jsonl")[1:3]
    ]


def test_wrong_usage_and_errors(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", str(QUESTIONS)])
    assert caught.value.code == 2
    with pytest.raises(SystemExit) as caught:
        main(["compare", "a", "b", "--at-least", "mrr"])
    assert caught.value.code == 2
    capsys.readouterr()
    out = ["--out", str(tmp_path / "out")]
    assert main(["run", str(QUESTIONS), "--index", str(tmp_path / "none"), *out]) == 1
    assert main(["run", str(tmp_path / "no.jsonl"), "--index", str(index), *out]) == 1
    assert main(["benchmark", "trivia", str(QUESTIONS), *out]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("error: ") == 3
