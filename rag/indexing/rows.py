"""The rows of one generation: chunks in reading order, and the way from their keys to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """The chunks of one generation in reading order: documents by name, chunks by position.
    `chunks[row]` and `documents[row]` are the catalog's keys, int64."""

    chunks: Int64
    documents: Int64


class Numbering:
    """From the keys of chunks to their row numbers."""

    def __init__(self, keys: Int64) -> None:
        """`keys[row]` is the key of row `row`; no key twice."""
        self._given = keys
        self._order = np.argsort(keys, kind="stable").astype(np.int64)
        self._keys = keys[self._order]

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self, rows: Int64) -> Int64:
        """The key of each row."""
        return self._given[rows]

    def of(self, keys: Int64) -> Int64:
        """The row of each key, -1 for a chunk that is no longer there.

        >>> Numbering(np.array([30, 10, 20])).of(np.array([10, 15, 30, 40])).tolist()
        [1, -1, 0, -1]
        """
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, self._order[places], -1)
