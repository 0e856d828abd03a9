import math

import numpy as np

from training.bm25 import BM25, K1, B


def test_scores_are_the_textbooks() -> None:
    index = BM25(["a b", "a a c d", "e f"], str.split)
    # N = 3, mean length 8/3; a stands in 2 passages, c in 1.
    rare, common = math.log(1 + 2.5 / 1.5), math.log(1 + 1.5 / 2.5)
    norm_0, norm_1 = (K1 * (1 - B + B * length * 3 / 8) for length in (2, 4))
    expected = [
        common * (K1 + 1) / (1 + norm_0),
        common * 2 * (K1 + 1) / (2 + norm_1) + rare * (K1 + 1) / (1 + norm_1),
        0,
    ]
    np.testing.assert_allclose(index.scores("a c z"), expected)


def test_unknown_words_score_nothing() -> None:
    assert BM25(["a b"], str.split).scores("x y").tolist() == [0]
