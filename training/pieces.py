"""Pieces of whole sentences, cut around an answer or anywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def grow(sentence: Ints, first: int, last: int, longest: int, random: np.random.Generator) -> Ints:
    """Places of the sentences `first` to `last` and of neighbours, to `longest` places in all.
    `sentence` says for each place which sentence it stands in, in order and without gaps.

    >>> grow(np.array([0, 0, 1, 1, 1, 2]), 1, 1, 4, np.random.default_rng(0)).tolist()
    [2, 3, 4, 5]
    """
    edges = np.searchsorted(sentence, np.arange(int(sentence[-1]) + 2))
    while True:
        room = longest - int(edges[last + 1] - edges[first])
        before = first > 0 and edges[first] - edges[first - 1] <= room
        after = last + 2 < len(edges) and edges[last + 2] - edges[last + 1] <= room
        if not before and not after:
            return np.arange(edges[first], edges[last + 1])
        if before and (not after or random.random() < 0.5):
            first -= 1
        else:
            last += 1
