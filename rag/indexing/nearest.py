"""Which vectors are nearest to a query, by inner product. Third party: FAISS.

Exactly, or by codes of one bit a dimension (RaBitQ around zero), which depend on nothing but their
vector. FAISS's distances do not leave this module. One thread searches alone: with two, which
wait for each other, 3,207 rows of 512 took 8 ms instead of .12 ms on a busy machine, and 194,441
codes twice the work for no less time.

Source: Gao, Long, RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
(2024).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.indexing.records import Float32
from rag.indexing.rows import Int64

Bytes = npt.NDArray[np.uint8]

SIEVED_ROWS = 250_000
"""From so many rows on their bits are compared before their codes. 1,105,170 rows of 512: the
codes of all take 10.0 ms of CPU, the bits 3.1 and the codes of 16,000 then 1.3."""

_SIEVED = 16
"""How many times as many rows as are wanted by codes are chosen by their bits. For 200 questions
and sentences on 325,590 chunks the codes' 1,000 held .9975, .9909, .9816 of the nearest 10, 60
and 101; chosen from 8,000 .9960, .9882, .9785, from 16,000 .9975, .9903, .9810."""

_SAMPLED = 128
"""Of so many rows one is looked at to see how far the bits of those wanted are away."""


class Flat:
    """All vectors, compared one by one."""

    def __init__(self, matrix: Float32) -> None:
        """`matrix` `(n, d)`."""
        import faiss

        self._index: Any = faiss.IndexFlatIP(max(1, matrix.shape[1]))
        if len(matrix):
            self._index.add(np.ascontiguousarray(matrix))

    def nearest(self, query: Float32, k: int, among: Int64 | None) -> tuple[Float32, Int64]:
        """Products and places `(k,)`, best first; with `among` only of the vectors at these
        places, of which there are at least `k`."""
        return _search(self._index, query, k, among)


class Codes:
    """Codes, all of which are compared with the query."""

    def __init__(self, codes: Bytes, dimension: int) -> None:
        """`codes` `(n, bytes)`."""
        self._index = _coded(codes, dimension)

    def nearest(self, query: Float32, k: int, among: Int64 | None) -> Int64:
        """The `k` places that the codes hold nearest, in no order, or fewer where vectors are all
        zero; with `among` only of these places, of which there are at least `k`."""
        places = _search(self._index, query, k, among)[1]
        return places[places >= 0]


class Sieve:
    """Codes, of which only those are compared with the query whose bits differ little from its
    own."""

    def __init__(self, codes: Bytes, dimension: int) -> None:
        """`codes` `(n, bytes)`, of which the first `dimension` bits are the signs."""
        import faiss

        self._dimension = dimension
        self._width = (dimension + 7) // 8
        library: Any = faiss  # whose declarations do not know `xb`
        self._index = library.IndexBinaryFlat(8 * self._width)
        bits = np.ascontiguousarray(codes[:, : self._width])
        faiss.copy_array_to_vector(bits.reshape(-1), self._index.xb)
        self._index.ntotal = len(codes)
        held: Bytes = faiss.rev_swig_ptr(self._index.xb.data(), bits.size)
        self._bits = held.reshape(bits.shape)
        self._factors = np.ascontiguousarray(codes[:, self._width :])

    def nearest(self, query: Float32, k: int, among: Int64 | None) -> Int64:
        """As `Codes.nearest`, nearly: a nearest one whose bits are far is missed."""
        chosen = self._sieved(query, _SIEVED * k, among)
        if len(chosen) < k:  # the sample was of another kind than the rest
            chosen = np.arange(len(self._bits)) if among is None else among
        codes = np.empty((len(chosen), self._width + self._factors.shape[1]), np.uint8)
        codes[:, : self._width] = self._bits.take(chosen, axis=0)  # a quarter of self._bits[chosen]
        codes[:, self._width :] = self._factors.take(chosen, axis=0)
        places = _search(_coded(codes, self._dimension), query, k, None)[1]
        return chosen[places[places >= 0]]

    def _sieved(self, query: Float32, count: int, among: Int64 | None) -> Int64:
        """The places of about `count` rows whose bits are nearest, rising."""
        import faiss

        total = len(self._bits) if among is None else len(among)
        if among is not None and total <= 2 * count:
            return among
        own: Bytes = _coder(self._dimension).sa_encode(query[None, :])[:, : self._width]
        sample = (
            self._bits[::_SAMPLED] if among is None else self._bits.take(among[::_SAMPLED], axis=0)
        )
        rank = min(len(sample), count * len(sample) // total + 1)
        with _one_thread():
            distances, _ = faiss.knn_hamming(own, np.ascontiguousarray(sample), rank)
            _, _, places = self._index.range_search(own, int(distances[0, -1]) + 1)
        found: Int64 = places
        return found if among is None else found[_marks(among, len(self._bits))[found]]


def searcher(codes: Bytes, dimension: int) -> Codes | Sieve:
    """What searches so many codes fastest."""
    return (Codes if len(codes) < SIEVED_ROWS else Sieve)(codes, dimension)


def encode(matrix: Float32) -> Bytes:
    """The codes `(n, bytes)` of vectors `(n, d)`."""
    codes: Bytes = _coder(matrix.shape[1]).sa_encode(matrix)
    return codes


def code_bytes(dimension: int) -> int:
    """The bytes of a code."""
    return int(_coder(dimension).code_size)


def _search(index: Any, query: Float32, k: int, among: Int64 | None) -> tuple[Float32, Int64]:
    """Products and places `(k,)`, best first, of those at `among` if given."""
    with _one_thread():
        products, places = index.search(query[None, :], k, params=_restricted(index, among))
    return products[0], places[0]


@contextmanager
def _one_thread() -> Iterator[None]:
    import faiss

    threads = faiss.omp_get_max_threads()  # of this thread, not of the process
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _restricted(index: Any, among: Int64 | None) -> Any:
    """What makes FAISS look at the vectors at `among` alone."""
    import faiss

    if among is None:
        return None
    bitmap = np.packbits(_marks(among, index.ntotal), bitorder="little")
    coded = isinstance(index, faiss.IndexRaBitQ)
    library: Any = faiss  # whose declarations know neither the array nor the argument
    kind = library.RaBitQSearchParameters if coded else library.SearchParameters
    return kind(sel=library.IDSelectorBitmap(bitmap))


def _marks(places: Int64, count: int) -> npt.NDArray[np.bool_]:
    marks = np.zeros(count, np.bool_)
    marks[places] = True
    return marks


def _coded(codes: Bytes, dimension: int) -> Any:
    import faiss

    index = _coder(dimension)
    faiss.copy_array_to_vector(np.ascontiguousarray(codes).reshape(-1), index.codes)
    index.ntotal = len(codes)
    return index


def _coder(dimension: int) -> Any:
    """An empty index of one-bit codes around zero, the same whatever it will hold."""
    import faiss

    index = faiss.IndexRaBitQ(max(1, dimension), faiss.METRIC_INNER_PRODUCT)
    index.train(np.zeros((1, max(1, dimension)), np.float32))
    return index
