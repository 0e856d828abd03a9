from __future__ import annotations

import numpy as np
import pytest

from eval.figures import figures
from eval.score import BY_NAME, columns_of, mean, percentile, ratio
from tests.eval.test_report import REFUSED, result


def test_statistics_leave_undefined_entries_out() -> None:
    columns = {
        "x": np.array([[1.0, np.nan, 0.0], [np.nan] * 3]),
        "n": np.array([[2.0, 0.0, 2.0], [0.0, 0.0, 0.0]]),
    }
    assert mean("x")(columns) == pytest.approx([0.5, np.nan], nan_ok=True)
    assert ratio("x", "n")(columns) == pytest.approx([0.25, np.nan], nan_ok=True)


@pytest.mark.parametrize("percent", [0, 37, 50, 95, 100])
def test_percentile_agrees_with_numpy(percent: float) -> None:
    values = np.random.default_rng(2).random((4, 9))
    values[1, ::2] = np.nan
    values[2, :] = np.nan
    found = percentile("x", percent)({"x": values})
    assert found[[0, 1, 3]] == pytest.approx(
        [np.nanpercentile(values[i], percent) for i in (0, 1, 3)]
    )
    assert np.isnan(found[2])


def test_columns_of_a_right_answer() -> None:
    columns = columns_of(result(reference="涨水三米"))
    assert columns["em"] == columns["sentence_right"] == columns["answer_hit_short"] == 1.0
    assert (columns["sentences"], columns["supported"]) == (1.0, 1.0)
    assert columns["verbatim"] == 0.0  # the quotation lacks the full stop
    assert columns["answer_characters"] == 10
    # 涨水三米 is the longest common subsequence of it and the ten characters with the mark.
    assert columns["rouge_l"] == pytest.approx(2 * 4 / 14)
    assert (columns["answerable"], columns["holds_answer"]) == (1.0, 1.0)


def test_columns_of_a_refusal() -> None:
    columns = columns_of(result(**REFUSED))
    assert columns["answer_hit"] == columns["em"] == columns["f1"] == 0.0
    assert columns["evidence_recall"] == columns["sentence_right"] == 0.0
    assert "evidence_precision" not in columns
    assert "answer_characters" not in columns
    assert columns["refused_answerable"] == 1.0
    none = columns_of(result(**REFUSED, answers=[], evidence=[], type="unanswerable"))
    assert none["refused_unanswerable"] == 1.0
    assert "em" not in none
    counted = columns_of(
        result(**REFUSED, answers=[], evidence=[], type="unanswerable", count_no_answer=True)
    )
    assert counted["em"] == counted["f1"] == 1.0


def test_a_sentence_without_a_citation_is_not_supported() -> None:
    assert columns_of(result(citations=[]))["supported"] == 0.0


def test_types_of_which_all_answers_are_required_have_no_exact_match() -> None:
    columns = columns_of(result(type="list", answers=["三米", "四米"]))
    assert columns["answer_hit"] == 0.5
    assert "em" not in columns
    assert "answer_hit_short" not in columns


def test_documents_are_judged_where_there_is_no_evidence() -> None:
    columns = columns_of(result(evidence=[], relevant={"b.txt": 2, "c.txt": 1}))
    assert (columns["hit_at_1"], columns["hit_at_5"]) == (0.0, 1.0)
    assert columns["mrr"] == 0.5
    assert columns["recall_at_10"] == 0.5
    assert "evidence_recall_1000" not in columns


def test_a_measure_without_data_is_absent() -> None:
    found = figures([columns_of(result(answers=None, evidence=None, type=None))], resamples=5)
    assert set(found) == {
        "answer_characters",
        "support",
        "verbatim",
        "citations_exact",
        "latency_ms_p50",
        "latency_ms_p95",
    }
    assert figures([]) == {}


def test_intervals_are_the_same_at_every_call_and_hold_the_value() -> None:
    rows = [
        columns_of(result(id=i, passages=[] if i % 3 else result()["passages"])) for i in range(30)
    ]
    first, second = figures(rows), figures(rows)
    assert first == second
    found = first["mrr"]
    assert found.count == 30
    # The normal approximation: 1.96 * sqrt(1/3 * 2/3 / 30) = 0.169.
    assert (found.low, found.high) == pytest.approx((1 / 3 - 0.169, 1 / 3 + 0.169), abs=0.03)
    assert BY_NAME["mrr"].higher_is_better
