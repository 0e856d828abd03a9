from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.__main__ import main
from eval.compare import Scored, compare, failures, mcnemar, paired_p, scored
from eval.errors import EvaluationError

QUOTE = "这是证明答案的那一句原文"


def result(identity: int, *, found: bool, latency_ms: float = 5.0) -> dict[str, Any]:
    """An answer that is right, or an answer from another passage."""
    text = QUOTE if found else "完全不相干的另外一段文字"
    return {
        "id": identity,
        "question": f"第{identity}问？",
        "type": "entity",
        "answers": ["那一句"],
        "evidence": [{"doc": "a.txt", "quote": QUOTE}],
        "status": "answered",
        "text": text,
        "short": None,
        "confidence": 0.9,
        "measured": {"latency_ms": latency_ms},
        "sentences": [{"text": text, "support": "supported", "reason": "", "citations": [1]}],
        "citations": [{"n": 1, "sentence": 0, "document": "a.txt", "quote": text}],
        "passages": [{"rank": 1, "document": "a.txt", "text": text}],
    }


def rows(right: int, wrong: int) -> list[dict[str, Any]]:
    return [result(i, found=i < right) for i in range(right + wrong)]


def results(right: int, wrong: int) -> list[Scored]:
    return scored(rows(right, wrong))


def test_mcnemar_is_the_exact_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 1) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    assert mcnemar(3, 11) == pytest.approx(stats.binomtest(3, 14, 0.5).pvalue)


def test_paired_p_by_hand() -> None:
    assert paired_p(np.array([1.0] * 97 + [-1.0] * 2)) == pytest.approx(2 * 3 / 100)
    assert paired_p(np.zeros(99)) == 1.0


def test_equal_runs_compare_as_equal_whatever_their_speed() -> None:
    slower = scored([{**row, "measured": {"latency_ms": 7.0}} for row in rows(5, 5)])
    comparison = compare(results(5, 5), slower, resamples=200)
    assert comparison.changes == ()
    by_name = {d.measure.name: d for d in comparison.differences}
    assert by_name["mrr"].a == by_name["mrr"].b == 0.5
    assert by_name["mrr"].p == 1.0
    assert by_name["latency_ms_p50"].b == 7.0
    assert failures(comparison) == []


def test_what_got_better_and_worse_is_named() -> None:
    a, b = results(2, 10), results(9, 3)
    b[:1] = scored([result(0, found=False)])
    comparison = compare(a, b, resamples=500)
    hit = next(d for d in comparison.differences if d.measure.name == "answer_hit")
    assert hit.a == pytest.approx(2 / 12)
    assert hit.b == pytest.approx(8 / 12)
    assert (hit.only_a, hit.only_b) == (1, 7)
    assert hit.mcnemar_p == pytest.approx(2 * (1 + 8) / 2**8)
    assert 0 < hit.low < hit.b - hit.a < hit.high
    changed = {(c.id, c.better) for c in comparison.changes if c.measure.name == "answer_hit"}
    assert changed == {("0", False)} | {(str(i), True) for i in range(2, 9)}


def test_a_significant_loss_fails_and_so_do_the_stated_limits() -> None:
    comparison = compare(results(10, 2), results(4, 8), resamples=500)
    assert any(
        line.startswith("answer_hit is worse: 0.8333 -> 0.3333") for line in failures(comparison)
    )
    small = compare(results(10, 2), results(9, 3), resamples=500)
    assert failures(small) == []
    assert failures(small, max_loss={"mrr": 0.05}) == [
        "mrr lost 0.0833, more than 0.05: 0.8333 -> 0.7500"
    ]
    assert failures(small, at_least={"mrr": 0.8}) == ["mrr is 0.7500, below 0.8"]
    with pytest.raises(EvaluationError, match="no measure 'mmr'"):
        failures(small, at_least={"mmr": 0.8})


def test_runs_of_other_questions_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no question in common"):
        compare(results(1, 0), scored([result(7, found=True)]))
    with pytest.raises(EvaluationError, match="question 0 is"):
        compare(results(1, 0), scored([{**result(0, found=True), "question": "另一问？"}]))
    comparison = compare(results(2, 0), results(3, 0), resamples=10)
    assert (comparison.questions, comparison.left_out) == (2, 1)


def write_run(folder: Path, lines: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text('{"format": 1}')
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    return folder


def test_the_command_gates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write_run(tmp_path / "good", rows(10, 2))
    bad = write_run(tmp_path / "bad", rows(4, 8))
    assert main(["compare", str(bad), str(good)]) == 0
    assert "Better in B" in capsys.readouterr().out
    assert main(["compare", str(good), str(bad)]) == 1
    assert "failed: mrr is worse" in capsys.readouterr().err
    assert main(["compare", str(good), str(good), "--at-least", "mrr=0.9", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == ["mrr is 0.8333, below 0.9"]
    assert main(["compare", str(good), str(tmp_path / "no")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Is this the folder of a finished run?" in captured.err


def test_the_scores_of_a_run_stand_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_run(tmp_path / "good", rows(10, 2))
    kept = tmp_path / "scores.jsonl"
    kept.write_text(
        "".join(
            json.dumps({"id": item.id, "question": item.question, "columns": dict(item.columns)})
            + "\n"
            for item in results(10, 2)
        )
    )
    assert main(["compare", str(kept), str(good)]) == 0
    assert "equal, question by question" in capsys.readouterr().out
    kept.write_text('{"id": 1, "question": "?"}')
    assert main(["compare", str(kept), str(good)]) == 1
    assert "it needs columns, id, question" in capsys.readouterr().err
