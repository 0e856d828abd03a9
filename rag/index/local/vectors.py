"""The vector part of an index: kept, and searched for the nearest.

Which vectors are nearest to a query, by inner product. Third party: FAISS.

Exactly, or by codes of one bit a dimension (RaBitQ around zero), which depend on nothing but their
vector. FAISS's distances do not leave this module. One thread searches alone: with two, which
wait for each other, 3,207 rows of 512 took 8 ms instead of .12 ms on a busy machine, and 194,441
codes twice the work for no less time.

Source: Gao, Long, RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound
(2024).

The vector part of an index: cosines over normalised vectors.

Each segment has its vectors in three files of plain numbers: `.vectors` (keys, then float32),
`.codes` (one bit a dimension) and `.fine` (four). Small indexes are searched exactly; in large ones
the codes choose candidates, of which the fine codes choose those whose cosines are computed from
the vectors; these two stay on disk. Scores are cosines, higher is better.

A byte of a fine code holds dimension i below and dimension i + ceil(d / 2) above, each as one of 16
steps around zero, the same for all vectors, whose length is one: they tell apart the vectors that
one bit takes for alike.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.index.local.rows import Bools, Int64, MappedNumbers, MappedRows, RowIds
from rag.index.protocol import Float32

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


_SPREAD = 3.0
"""How many root mean squares of a number the steps reach to either side. Of 1,000 candidates of
100,470 chunks the nearest 10 (101) were among the first 11 (126) in the median, 16 (158) for 95%
and 29 (183) for all of 200 questions and sentences; at 2.5 17 (171) for 95%, at 3.5 18 (161)."""


def fine_bytes(dimension: int) -> int:
    """The bytes of a vector."""
    return (dimension + 1) // 2


def fine(matrix: Float32) -> Bytes:
    """The bytes `(n, ceil(d / 2))` of normalised vectors `(n, d)`."""
    count, dimension = matrix.shape
    step = _SPREAD / (8 * max(1, dimension) ** 0.5)
    steps = np.full((count, 2 * fine_bytes(dimension)), 8, np.uint8)
    steps[:, :dimension] = np.clip(np.floor(matrix / step), -8, 7) + 8
    below, above = np.split(steps, 2, axis=1)
    found: Bytes = np.bitwise_or(below, above << 4, dtype=np.uint8)
    return found


def order_products(rows: Bytes, query: Float32) -> Float32:
    """For each of the rows `(n, ceil(d / 2))` a number that rises with its inner product with
    `query` `(d,)`."""
    halves = np.zeros(2 * rows.shape[1], np.float32)
    halves[: len(query)] = query
    below, above = np.split(halves, 2)
    found: Float32 = _products((rows & 15).astype(np.float32), below)
    found += _products((rows >> 4).astype(np.float32), above)
    return found


def _products(matrix: Float32, vector: Float32) -> Float32:
    products: Float32 = np.einsum("ij,j->i", matrix, vector)
    return products


_DECIMALS = 6
"""Cosines are rounded: beyond this float32 sums depend on where a vector stands in memory, and
equal vectors would not tie."""

_EXACT_NUMBERS = 10_000_000
"""Up to so many numbers all vectors are held in memory and compared. 194,441 rows of 512 take
34 ms that way and 2 ms by codes; 20,000 take 3 ms."""

_CANDIDATES = 1000
"""How many rows the codes choose. Of the nearest ten (sixty) of 194,441 chunks of news, for 500
questions and sentences, they held 99.0% (92.4%) at 300, 99.7% (97.0%) at 600, 99.8% (98.7%) at
1,000 and 99.9% (99.7%) at 2,000."""

_EXACT_SPARE = 60
"""Of the candidates twice as many as are wanted, and so many more, are compared exactly; see
`rag.index.local.vectors`. Of 1,105,170 rows the 100 nearest take 10.3 ms of CPU in the median,
11.5 for 95%; with all 1,000 compared exactly 11.9 and 27.2, and each that is not in memory costs a
reading of the disk."""

_LOOKS = 8192
"""Rows that are looked at before they are let go, where they are many: .5 GB of vectors, 31
searches."""

_HEADER = struct.Struct("<8sqq")  # mark, rows, dimension; then the keys
_MARK = b"wenjuvec"
VECTORS, CODES, FINE = ".vectors", ".codes", ".fine"


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The vectors of a segment on disk: `stem` is the path without `.vectors` and the others,
    `rows` how many there are."""

    stem: Path
    rows: int


def write_vectors(stem: Path, keys: Int64, matrix: Float32) -> list[Path]:
    """Writes the vectors `(n, d)` of the chunks `keys` `(n,)`; returns the files."""
    paths = [stem.with_name(stem.name + suffix) for suffix in (VECTORS, CODES, FINE)]
    data = np.ascontiguousarray(matrix, "<f4")
    with paths[0].open("wb") as file:
        file.write(_HEADER.pack(_MARK, *data.shape))
        file.write(keys.astype("<i8").tobytes())
        file.write(data.data)
    paths[1].write_bytes(encode(data).tobytes() if len(data) else b"")
    paths[2].write_bytes(fine(data).tobytes())
    return paths


def write_fine(file: VectorFile, dimension: int) -> Path:
    """Writes the fine codes that an older program left out; returns the file.

    Raises:
        StoreCorrupt: the vectors are something else.
    """
    path = file.stem.with_name(file.stem.name + FINE)
    matrix = _mapped(file, dimension)[1].numbers.reshape(-1, dimension)
    path.write_bytes(fine(matrix).tobytes())
    return path


class Dense:
    """An open vector part. Searching is safe from several threads."""

    def __init__(self, dimension: int, search: _Exact | _Coded) -> None:
        """Used by `open` and `build`."""
        self._dimension = dimension
        self._parts = search

    @classmethod
    def build(cls, matrix: Float32) -> Dense:
        """In memory: row i of `matrix` `(n, d)` is the vector of row i; all-zero rows are left
        out and are found by no query."""
        rows = np.flatnonzero(matrix.any(axis=1)).astype(np.int64)
        return cls(matrix.shape[1], _Exact(matrix[rows], rows))

    @classmethod
    def open(cls, files: Iterable[VectorFile], dimension: int, rows: RowIds) -> Dense:
        """What `write_vectors` wrote. Vectors of chunks that `rows` does not know are passed over.

        Raises:
            StoreCorrupt: a file is something else, or a row has no vector.
        """
        parts = [_mapped(file, dimension) for file in files]
        keys = np.concatenate([keys for keys, _ in parts]) if parts else np.empty(0, np.int64)
        numbers = rows.of(keys)
        alive = np.flatnonzero(numbers >= 0)
        if len(alive) != len(rows):
            raise StoreCorrupt(say("parts.rows", found=len(alive), rows=len(rows)))
        mapped = [vectors for _, vectors in parts]
        if len(keys) * dimension <= _EXACT_NUMBERS:
            flat = [np.empty(0, np.float32), *(vectors.numbers for vectors in mapped)]
            matrix = np.concatenate(flat).reshape(-1, dimension)
            alive = alive[matrix[alive].any(axis=1)]
            return cls(dimension, _Exact(matrix[alive], numbers[alive]))
        size = code_bytes(dimension)
        codes = np.concatenate([_codes(file, size) for file in files])
        vectors = MappedRows(mapped, dimension, _LOOKS)
        width = fine_bytes(dimension)
        rough = MappedRows([_fine(file, width) for file in files], width, _LOOKS)
        found = searcher(codes.take(alive, axis=0), dimension)
        return cls(dimension, _Coded(found, rough, vectors, alive, numbers[alive]))

    def __len__(self) -> int:
        return len(self._parts)

    def rank(self, vector: Float32, k: int, among: Bools | None = None) -> list[tuple[int, float]]:
        """The `k` rows nearest to `vector` `(d,)` and their cosines, best first, ties by row;
        `[]` for an all-zero vector. With `among` `(n,)` only of the rows that it marks. In a
        large index they are the nearest of those that the codes chose.

        Raises:
            ValueError: another dimension, or a number that is not finite.
        """
        if vector.shape != (self._dimension,) or not np.isfinite(vector).all():
            raise ValueError(f"not {self._dimension} finite numbers: an array of {vector.shape}")
        norm = float(np.linalg.norm(vector))
        if norm == 0.0 or k < 1:
            return []
        query = np.ascontiguousarray(vector / norm, dtype=np.float32)
        places = None if among is None else np.flatnonzero(among[self._parts.rows])
        total = len(self) if places is None else len(places)
        wanted = min(k + 1, total)
        while wanted:
            scores, rows = self._parts.nearest(query, wanted, places)
            order = np.lexsort((rows, -scores))
            scores, rows = scores[order], rows[order]
            whole = len(scores) > k and scores[-1] < scores[k - 1]  # ties at place k
            if whole or wanted == total:
                return [
                    (int(row), float(score))
                    for row, score in zip(rows[:k], scores[:k], strict=True)
                ]
            wanted = min(4 * wanted, total)
        return []


class _Exact:
    """All vectors in memory."""

    def __init__(self, matrix: Float32, rows: Int64) -> None:
        self._flat = Flat(matrix)
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(
        self, query: Float32, k: int, among: Int64 | None
    ) -> tuple[npt.NDArray[np.float64], Int64]:
        """Cosines and rows `(k,)`, in no order; with `among` only of the vectors at these places,
        of which there are at least `k`."""
        products, places = self._flat.nearest(query, k, among)
        return _rounded(products), self.rows[places]


class _Coded:
    """Codes in memory, fine codes and vectors on disk. Row i of the codes is the vector
    `place[i]` of the files one after another, and has the row number `rows[i]`."""

    def __init__(
        self,
        codes: Codes | Sieve,
        rough: MappedRows,
        vectors: MappedRows,
        place: Int64,
        rows: Int64,
    ) -> None:
        self._codes = codes
        self._rough = rough
        self._vectors = vectors
        self._place = place
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(
        self, query: Float32, k: int, among: Int64 | None
    ) -> tuple[npt.NDArray[np.float64], Int64]:
        """Cosines and rows, best first, of the candidates that the codes choose: `k`, or fewer
        where some of them are all zero. With `among` only of the vectors at these places, all of
        which are candidates where they are few."""
        candidates = max(_CANDIDATES, 4 * k)
        total = len(self) if among is None else len(among)
        if among is not None and total <= candidates:
            places = self._place[among]
        else:
            chosen = self._codes.nearest(query, min(total, candidates), among)
            places = self._finer(np.sort(self._place[chosen]), query, 2 * k + _EXACT_SPARE)
        vectors = self._vectors.take(places)
        having = vectors.any(axis=1)
        rows = self.rows[np.searchsorted(self._place, places[having])]
        cosines = _rounded(np.einsum("ij,j->i", vectors[having], query))
        best = np.lexsort((rows, -cosines))[:k]
        return cosines[best], rows[best]

    def _finer(self, places: Int64, query: Float32, count: int) -> Int64:
        """The `count` nearest of these places, which rise, by fine codes; they rise."""
        if len(places) <= count:
            return places
        products = order_products(self._rough.take(places), query)
        found: Int64 = np.sort(places[np.argpartition(-products, count)[:count]])
        return found


def _rounded(scores: Float32) -> npt.NDArray[np.float64]:
    wide: npt.NDArray[np.float64] = scores.astype(np.float64)
    return wide.round(_DECIMALS)


def _mapped(file: VectorFile, dimension: int) -> tuple[Int64, MappedNumbers]:
    """Keys and vectors of a file; the vectors stay on disk."""
    path = file.stem.with_name(file.stem.name + VECTORS)
    size = _HEADER.size + file.rows * (8 + 4 * dimension)
    if path.stat().st_size != size:
        raise StoreCorrupt(say("parts.size", name=path.name, found=path.stat().st_size, size=size))
    with path.open("rb") as opened:
        if opened.read(_HEADER.size) != _HEADER.pack(_MARK, file.rows, dimension):
            raise StoreCorrupt(say("parts.no_vectors", name=path.name))
        keys = np.frombuffer(opened.read(8 * file.rows), "<i8").astype(np.int64)
    return keys, MappedNumbers(path, "<f4", file.rows * dimension, _HEADER.size + 8 * file.rows)


def _codes(file: VectorFile, size: int) -> npt.NDArray[np.uint8]:
    path = _sized(file, CODES, size)
    return np.fromfile(path, np.uint8, file.rows * size).reshape(file.rows, size)


def _fine(file: VectorFile, size: int) -> MappedNumbers:
    """The fine codes of a file, which stay on disk."""
    return MappedNumbers(_sized(file, FINE, size), "u1", file.rows * size, 0)


def _sized(file: VectorFile, suffix: str, row_bytes: int) -> Path:
    path = file.stem.with_name(file.stem.name + suffix)
    size = file.rows * row_bytes
    if path.stat().st_size != size:
        raise StoreCorrupt(say("parts.size", name=path.name, found=path.stat().st_size, size=size))
    return path
