"""BM25 over a handful of thousand passages held in memory: the yardstick, and the source of
hard negatives. The library's own keyword search is `rag.index.local`; this one is the textbook's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

K1 = 1.2
B = 0.75


class BM25:
    """Scores of questions against `passages`, split into terms by `words`.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the
    idf ln(1 + (N - n + ½)/(n + ½)), k1 = 1.2, b = 0.75.
    """

    def __init__(self, passages: Sequence[str], words: Callable[[str], list[str]]) -> None:
        self._words = words
        self._terms: dict[str, int] = {}
        rows, columns, values = [], [], []
        lengths = np.zeros(len(passages))
        for row, passage in enumerate(passages):
            counts = Counter(words(passage))
            lengths[row] = counts.total()
            for term, count in counts.items():
                rows.append(row)
                columns.append(self._terms.setdefault(term, len(self._terms)))
                values.append(count)
        shape = (len(passages), len(self._terms))
        r, c, tf = np.array(rows), np.array(columns), np.array(values, np.float64)
        holding = np.bincount(c, minlength=shape[1])
        idf = np.log1p((len(passages) - holding + 0.5) / (holding + 0.5))
        norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
        weights = idf[c] * tf * (K1 + 1) / (tf + norm[r])
        self._matrix = sparse.csc_matrix((weights, (r, c)), shape=shape)

    def scores(self, question: str) -> npt.NDArray[np.float64]:
        """One score for each passage, higher is better."""
        terms = [self._terms[t] for t in self._words(question) if t in self._terms]
        return np.asarray(self._matrix[:, terms].sum(axis=1)).ravel()
