from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.asking import MIN_CHARACTERS, asking, merge, searching
from eval.batch import Options, run_batch, summary
from eval.errors import EvaluationError
from eval.folder import read_lines
from eval.metrics.folding import count_characters
from eval.questions import Selection, load_questions
from eval.run import Pace, run
from eval.score import RETRIEVED
from tests.eval.fakes import FakeEngine

PASSAGES = {
    "red.txt": "红河在春天涨水三米。",
    "blue.txt": "蓝山的最高峰有九百米。",
    "green.txt": "绿洲每年迎来候鸟。",
}
QUESTIONS = [
    {
        "id": "a",
        "question": "红河春天涨水多少？",
        "answers": ["三米"],
        "type": "number",
        "evidence": [{"doc": "red.txt", "quote": "红河在春天涨水三米"}],
        "status": "new",
    },
    {
        "id": "b",
        "question": "蓝山最高峰有多少米？",
        "answers": ["八百米"],
        "type": "number",
        "evidence": [{"doc": "blue.txt", "quote": "蓝山的最高峰有九百米"}],
    },
    {
        "id": "c",
        "question": "坏问题",
        "answers": ["候鸟"],
        "type": "entity",
        "evidence": [{"doc": "green.txt", "quote": "绿洲每年迎来候鸟"}],
    },
    {"id": "d", "question": "这件衣服卖几块钱？", "answers": [], "type": "unanswerable"},
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_QUIET", "1")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS), encoding="utf-8")
    return path


def metrics(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def test_a_run_writes_results_and_figures(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(FakeEngine(PASSAGES), questions, out)
    rows = read_lines(out / "results.jsonl")
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert rows[0]["input_status"] == "new"
    assert rows[0]["status"] == "answered"
    assert rows[0]["citations"][0]["quote"] == "红河在春天涨水三米。"
    assert rows[2]["status"] == "error"
    assert rows[2]["error"] == "QuestionError: the question is bad"
    assert rows[3]["status"] == "no_evidence"
    assert len(rows[3]["passages"]) == 3
    figures = metrics(out)
    assert figures["questions"] == 4
    overall = figures["overall"]
    # Found at rank 1 for a and b; the failed question counts as not found.
    assert overall["mrr"] == overall["hit_at_1"] == pytest.approx(2 / 3, abs=1e-6)
    assert overall["evidence_recall_1000"] == pytest.approx(2 / 3, abs=1e-6)
    assert overall["answer_hit"] == overall["answer_hit_short"] == pytest.approx(1 / 3, abs=1e-6)
    assert overall["answer_characters"] == pytest.approx((10 + 11) / 2)
    assert overall["refused_unanswerable"] == 1.0
    assert overall["refused_answerable"] == 0.0
    assert overall["refusal_auroc"] == 1.0
    assert overall["support"] == overall["verbatim"] == overall["citations_exact"] == 1.0
    assert overall["evidence_precision"] == 1.0
    assert overall["evidence_recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert overall["evidence_f1"] == pytest.approx(0.8, abs=1e-6)
    assert overall["errors"] == 0.25
    assert set(figures["by_type"]) == {"number", "entity", "unanswerable"}
    assert "refusal_auroc" not in figures["by_type"]["number"]
    assert figures["by_document"]["blue.txt"]["answer_hit"] == 0.0
    low, high = figures["intervals"]["overall"]["mrr"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert figures["given"] == {}


def test_an_interrupted_run_goes_on_where_it_stopped(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(FakeEngine(PASSAGES), questions, out)
    whole = (out / "results.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    record = json.loads((out / "run.json").read_text())
    del record["finished"]
    (out / "run.json").write_text(json.dumps(record))
    (out / "results.jsonl").write_bytes(lines[1] + lines[0] + lines[2][:20])
    engine = FakeEngine(PASSAGES)
    run_batch(engine, questions, out)
    assert engine.assistant.asked == ["坏问题", "这件衣服卖几块钱？"]
    assert [row["id"] for row in read_lines(out / "results.jsonl")] == ["a", "b", "c", "d"]


def test_nothing_is_overwritten_without_force(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(FakeEngine(PASSAGES), questions, out)
    with pytest.raises(EvaluationError, match="finished"):
        run_batch(FakeEngine(PASSAGES), questions, out)
    with pytest.raises(EvaluationError, match="generation differs"):
        run_batch(FakeEngine(PASSAGES, generation=2, now=2), questions, out)
    run_batch(FakeEngine(PASSAGES, generation=2, now=2), questions, out, Options(force=True))
    (out / "run.json").write_text('{"format": 0}')
    with pytest.raises(EvaluationError, match="format 0"):
        run_batch(FakeEngine(PASSAGES), questions, out)
    (out / "run.json").unlink()
    with pytest.raises(EvaluationError, match=r"without run\.json"):
        run_batch(FakeEngine(PASSAGES), questions, out)
    with pytest.raises(EvaluationError, match="is a file"):
        run_batch(FakeEngine(PASSAGES), questions, questions)


def test_failed_questions_are_asked_again_on_request(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(FakeEngine(PASSAGES), questions, out)
    engine = FakeEngine(PASSAGES)
    run_batch(engine, questions, out, Options(retry_errors=True))
    assert engine.assistant.asked == ["坏问题"]
    assert len(read_lines(out / "results.jsonl")) == 4


def test_an_unforeseen_error_does_not_end_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "虫？"}\n{"question": "红河春天？"}', encoding="utf-8")
    run_batch(FakeEngine(PASSAGES), path, tmp_path / "out")
    first, second = read_lines(tmp_path / "out" / "results.jsonl")
    assert first["error"] == "ZeroDivisionError: a bug"
    assert second["status"] == "answered"
    assert "1 of 2 questions failed" in capsys.readouterr().err


def test_an_index_that_changes_during_the_run_is_an_error(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(EvaluationError, match="changed"):
        run_batch(FakeEngine(PASSAGES, now=2), questions, out)
    assert not (out / "metrics.json").exists()


def test_questions_without_their_evidence(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(FakeEngine(PASSAGES), questions, out, Options(without_evidence=True))
    rows = read_lines(out / "without_evidence.jsonl")
    assert [(row["id"], row["status"]) for row in rows] == [
        ("a", "no_evidence"),
        ("b", "no_evidence"),
        ("c", "error"),
    ]
    assert all(PASSAGES["red.txt"] != passage["text"] for passage in rows[0]["passages"])
    # a and b count: 三米 and 八百米 stand in no passage that is left; c failed.
    assert metrics(out)["without_evidence"] == {
        "questions": 2,
        "left_out": 1,
        "refused": 1.0,
        "refusal_auroc": 1.0,
        "refused_at_7": 1.0,
    }


def test_a_question_whose_answer_is_still_there_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(QUESTIONS[0]), encoding="utf-8")
    again = {**PASSAGES, "extra.txt": "井水也涨了三米。"}
    run_batch(FakeEngine(again), path, tmp_path / "out", Options(without_evidence=True))
    assert metrics(tmp_path / "out")["without_evidence"] == {"questions": 0, "left_out": 1}


def test_a_broken_line_is_named_on_stderr(
    questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions.write_text(questions.read_text(encoding="utf-8") + "{oops\n", encoding="utf-8")
    run_batch(FakeEngine(PASSAGES), questions, tmp_path / "out")
    captured = capsys.readouterr()
    assert "line 5: not JSON" in captured.err
    assert captured.out == ""


def test_concurrent_results_are_the_same_and_in_order(questions: Path, tmp_path: Path) -> None:
    run_batch(FakeEngine(PASSAGES), questions, tmp_path / "one")
    run_batch(
        FakeEngine(PASSAGES),
        questions,
        tmp_path / "many",
        Options(pace=Pace(concurrency=4, per_minute=60_000)),
    )

    def rows(name: str) -> list[dict[str, Any]]:
        found = read_lines(tmp_path / name / "results.jsonl")
        for row in found:
            row.pop("measured", None)
        return found

    assert rows("one") == rows("many")


def test_retrieval_only_measures_retrieval_alone(questions: Path, tmp_path: Path) -> None:
    engine = FakeEngine(PASSAGES)
    outcome = run_batch(engine, questions, tmp_path / "out", Options(retrieval_only=True))
    scores = outcome.scores
    assert engine.assistant.asked == []
    # Nothing shares a character with question c: ties by name put green.txt second.
    assert scores.overall["mrr"].value == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert "answer_hit" not in scores.overall
    assert "refused_answerable" not in scores.overall
    assert "MISSED" not in summary(outcome)


def test_results_hold_4000_characters_of_passages_or_all_there_are(tmp_path: Path) -> None:
    passages = {f"{i}.txt": "红河" + "水" * 498 for i in range(20)}
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "红河？"}', encoding="utf-8")
    engine = FakeEngine(passages)
    both = {
        "ask": asking(engine.assistant, engine.sources()),
        "search": searching(engine.assistant),
    }
    for name, ask in both.items():
        [row] = run(load_questions(path).questions, ask, tmp_path / f"{name}.jsonl")
        texts = [passage["text"] for passage in row["passages"]]
        assert sum(map(count_characters, texts)) >= MIN_CHARACTERS
        assert [p["rank"] for p in row["passages"]] == list(range(1, len(texts) + 1))
        assert len({p["document"] for p in row["passages"]}) == len(texts)
    [row] = run(
        load_questions(path).questions,
        searching(FakeEngine(PASSAGES).assistant),
        tmp_path / "few.jsonl",
    )
    assert len(row["passages"]) == 3
    assert row["status"] == RETRIEVED


def test_a_follow_up_is_asked_with_the_turns_before_it(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        json.dumps(
            {
                "question": "那蓝山呢？",
                "history": [{"question": "红河的最高峰有多少米？"}],
                "evidence": [PASSAGES["blue.txt"]],
            }
        ),
        encoding="utf-8",
    )
    engine = FakeEngine(PASSAGES)
    run_batch(engine, path, tmp_path / "out")
    assert engine.assistant.asked == ["红河的最高峰有多少米？那蓝山呢？"]
    [row] = read_lines(tmp_path / "out" / "results.jsonl")
    assert row["question"] == "那蓝山呢？"
    assert row["history"] == [{"question": "红河的最高峰有多少米？"}]
    # Retrieval alone fills in what is left out, by rule: red comes first for 那蓝山呢 as it is.
    passages = {"blue.txt": "蓝山的最高峰有九百米。", "a.txt": "那蓝山呢"}
    run_batch(FakeEngine(passages), path, tmp_path / "found", Options(retrieval_only=True))
    [row] = read_lines(tmp_path / "found" / "results.jsonl")
    assert row["passages"][0]["document"] == "blue.txt"


def test_own_fields_are_kept_beside_the_answers() -> None:
    assert merge({"text": "own", "question": "q", "x": 1}, {"text": "t", "question": "q"}) == {
        "input_text": "own",
        "x": 1,
        "text": "t",
        "question": "q",
    }


def test_the_printed_table_names_what_is_missed(questions: Path, tmp_path: Path) -> None:
    text = summary(run_batch(FakeEngine(PASSAGES), questions, tmp_path / "out"))
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert lines["answer hit, all types"].endswith("≥ 0.62    MISSED")
    assert lines["characters of an answer"].endswith("≤ 200     reached")


def test_a_run_of_a_part_says_so(tmp_path: Path, questions: Path) -> None:
    selection = Selection((("type", "number", True),), 1, 3)
    out = tmp_path / "part"
    run_batch(FakeEngine(PASSAGES), questions, out, Options(selection=selection))
    (row,) = read_lines(out / "results.jsonl")
    assert row["id"] in ("a", "b")
    stated = json.loads((out / "run.json").read_text("utf-8"))
    kept = {name: stated[name] for name in ("where", "sample", "seed")}
    assert kept == {"where": ["type=number"], "sample": 1, "seed": 3}
