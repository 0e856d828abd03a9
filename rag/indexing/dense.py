"""The vector part of an index: exact inner product over normalised vectors. Third party: FAISS.

Scores are cosines, higher is better; FAISS's distances do not leave this module.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.indexing.records import Float32

_DECIMALS = 6
"""Cosines are rounded: beyond this float32 sums depend on where a vector stands in memory, and
equal vectors would not tie."""

_ALONE_BELOW = 20_000_000
"""Up to so many multiplications one thread searches alone: on a busy machine of two cores 3,207
rows of 512 took .12 ms alone and 8 ms with two threads, which wait for each other."""

# A flat index under an id map, as FAISS writes it: marks and fixed sizes in bytes.
_MAP_MARK, _FLAT_MARK = b"IxMp", b"IxFI"
_HEADER_BYTES = 37  # mark, dimension, count, two unused, trained, metric
_FIXED_BYTES = 2 * _HEADER_BYTES + 2 * 8

_reading = threading.Lock()


class Dense:
    """An open vector part. Searching is safe from several threads."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, matrix: Float32) -> Dense:
        """Row i of `matrix` `(n, d)` is the vector of row i; all-zero rows are left out and are
        found by no query."""
        import faiss

        index = faiss.IndexIDMap(faiss.IndexFlatIP(max(1, matrix.shape[1])))
        rows = np.flatnonzero(matrix.any(axis=1)) if matrix.size else np.empty(0, np.int64)
        if len(rows):
            index.add_with_ids(np.ascontiguousarray(matrix[rows]), rows.astype(np.int64))
        return cls(index)

    @classmethod
    def read(cls, data: bytes, dimension: int, rows: int) -> Dense:
        """What `tobytes` gave, for vectors of `dimension` numbers and at most `rows` rows.

        Raises:
            StoreCorrupt: it is something else.
        """
        import faiss

        count, rest = divmod(len(data) - _FIXED_BYTES, 4 * dimension + 8)
        marks = data[:4], data[_HEADER_BYTES : _HEADER_BYTES + 4]
        if rest or not 0 <= count <= rows or marks != (_MAP_MARK, _FLAT_MARK):
            raise StoreCorrupt("the vector part is no flat index of this size")
        with _reading:  # the limit is one for the process
            before = faiss.get_deserialization_vector_byte_limit()
            faiss.set_deserialization_vector_byte_limit(len(data))
            try:
                index: Any = faiss.deserialize_index(np.frombuffer(data, np.uint8))
            except (RuntimeError, MemoryError) as error:
                raise StoreCorrupt(f"the vector part cannot be read: {error}") from None
            finally:
                faiss.set_deserialization_vector_byte_limit(before)
        ids = faiss.vector_to_array(index.id_map)
        if index.d != dimension or index.ntotal != count or index.index.ntotal != count:
            raise StoreCorrupt("the vector part has another dimension or number of rows")
        if len(ids) != count or (count and not 0 <= ids.min() <= ids.max() < rows):
            raise StoreCorrupt("the vector part names rows that are not there")
        return cls(index)

    def tobytes(self) -> bytes:
        """The part as bytes, for `read`."""
        import faiss

        data: npt.NDArray[np.uint8] = faiss.serialize_index(self._index)
        return data.tobytes()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rank(self, vector: Float32, k: int) -> list[tuple[int, float]]:
        """The `k` rows nearest to `vector` `(d,)` and their cosines, best first, ties by row;
        `[]` for an all-zero vector.

        Raises:
            ValueError: another dimension, or a number that is not finite.
        """
        if vector.shape != (self._index.d,) or not np.isfinite(vector).all():
            raise ValueError(f"not {self._index.d} finite numbers: an array of {vector.shape}")
        norm = float(np.linalg.norm(vector))
        if norm == 0.0 or k < 1:
            return []
        query = np.ascontiguousarray(vector[None, :] / norm, dtype=np.float32)
        total = len(self)
        wanted = min(k + 1, total)
        while wanted:
            products, ids = self._search(query, wanted)
            scores = np.round(products[0].astype(np.float64), _DECIMALS)
            if wanted == total or scores[-1] < scores[k - 1]:  # ties at place k are whole
                order = np.lexsort((ids[0], -scores))[:k]
                return [(int(ids[0][i]), float(scores[i])) for i in order]
            wanted = min(4 * wanted, total)
        return []

    def _search(self, query: Float32, k: int) -> tuple[Float32, npt.NDArray[np.int64]]:
        """Inner products and rows `(1, k)`, best first."""
        import faiss

        if len(self) * self._index.d > _ALONE_BELOW:
            found: tuple[Float32, npt.NDArray[np.int64]] = self._index.search(query, k)
            return found
        threads = faiss.omp_get_max_threads()  # of this thread, not of the process
        faiss.omp_set_num_threads(1)
        try:
            found = self._index.search(query, k)
        finally:
            faiss.omp_set_num_threads(threads)
        return found
