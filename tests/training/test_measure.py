import numpy as np
import pytest

from training.measure import fused, ranks, summary


def test_the_best_right_passage_counts_and_ties_count_against_it() -> None:
    scores = np.array([[3, 2, 1], [1, 1, 0], [0, 5, 9]], np.float32)
    assert ranks(scores, [(1, 2), (0,), (2,)]).tolist() == [2, 2, 1]


def test_summary_cuts_ranks_beyond_ten() -> None:
    assert summary(np.array([1, 2, 11])) == pytest.approx((0.5, 1 / 3))


def test_words_are_divided_by_their_best_score() -> None:
    words = np.array([[4, 2], [0, 0]], np.float32)
    vectors = np.array([[0, 1], [0.5, 0]], np.float32)
    np.testing.assert_allclose(fused(words, vectors, 0.5), np.array([[1, 1], [0.25, 0]]))
