"""The vector part of an index: cosines over normalised vectors.

Each segment has its vectors in three files of plain numbers: `.vectors` (keys, then float32),
`.codes` (one bit a dimension) and `.fine` (four). Small indexes are searched exactly; in large ones
the codes choose candidates, of which the fine codes choose those whose cosines are computed from
the vectors; these two stay on disk. Scores are cosines, higher is better.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.indexing.fine import fine, fine_bytes, order_products
from rag.indexing.mapped import MappedNumbers, MappedRows
from rag.indexing.nearest import Codes, Flat, Sieve, code_bytes, encode, searcher
from rag.indexing.records import Float32
from rag.indexing.rows import Bools, Numbering

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
`rag.indexing.fine`. Of 1,105,170 rows the 100 nearest take 10.3 ms of CPU in the median, 11.5 for
95%; with all 1,000 compared exactly 11.9 and 27.2, and each that is not in memory costs a reading
of the disk."""

_LOOKS = 8192
"""Rows that are looked at before they are let go, where they are many: .5 GB of vectors, 31
searches."""

_HEADER = struct.Struct("<8sqq")  # mark, rows, dimension; then the keys
_MARK = b"wenjuvec"
VECTORS, CODES, FINE = ".vectors", ".codes", ".fine"

Int64 = npt.NDArray[np.int64]


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
    def open(cls, files: Iterable[VectorFile], dimension: int, rows: Numbering) -> Dense:
        """What `write_vectors` wrote. Vectors of chunks that `rows` does not know are passed over.

        Raises:
            StoreCorrupt: a file is something else, or a row has no vector.
        """
        parts = [_mapped(file, dimension) for file in files]
        keys = np.concatenate([keys for keys, _ in parts]) if parts else np.empty(0, np.int64)
        numbers = rows.of(keys)
        alive = np.flatnonzero(numbers >= 0)
        if len(alive) != len(rows):
            raise StoreCorrupt(f"the vector part has {len(alive)} rows instead of {len(rows)}")
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
        raise StoreCorrupt(f"{path.name} has {path.stat().st_size} bytes instead of {size}")
    with path.open("rb") as opened:
        if opened.read(_HEADER.size) != _HEADER.pack(_MARK, file.rows, dimension):
            raise StoreCorrupt(f"{path.name} is no vector file of this size")
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
        raise StoreCorrupt(f"{path.name} has {path.stat().st_size} bytes instead of {size}")
    return path
