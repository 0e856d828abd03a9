"""The vector part of an index: cosines over normalised vectors.

Each segment has its vectors in two files of plain numbers: `.vectors` (keys, then float32) and
`.codes` (one bit a dimension). Small indexes are searched exactly; in large ones the codes choose
candidates, whose cosines are then computed from the vectors, which stay on disk. Scores are
cosines, higher is better.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.indexing.mapped import Allowance, MappedNumbers
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

_LOOKS = 16384
"""Vectors that are looked at before they are let go, where they are many: 1 GB, 16 searches."""

_HEADER = struct.Struct("<8sqq")  # mark, rows, dimension; then the keys
_MARK = b"wenjuvec"
VECTORS, CODES = ".vectors", ".codes"

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The vectors of a segment on disk: `stem` is the path without `.vectors` and `.codes`,
    `rows` how many there are."""

    stem: Path
    rows: int


def write_vectors(stem: Path, keys: Int64, matrix: Float32) -> list[Path]:
    """Writes the vectors `(n, d)` of the chunks `keys` `(n,)`; returns the two files."""
    paths = [stem.with_name(stem.name + suffix) for suffix in (VECTORS, CODES)]
    data = np.ascontiguousarray(matrix, "<f4")
    with paths[0].open("wb") as file:
        file.write(_HEADER.pack(_MARK, *data.shape))
        file.write(keys.astype("<i8").tobytes())
        file.write(data.data)
    paths[1].write_bytes(encode(data).tobytes() if len(data) else b"")
    return paths


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
        return cls(
            dimension,
            _Coded(searcher(codes[alive], dimension), dimension, mapped, alive, numbers[alive]),
        )

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
    """Codes in memory, vectors on disk. Row i of the codes is the vector `place[i]` of the files
    one after another, and has the row number `rows[i]`."""

    def __init__(
        self,
        codes: Codes | Sieve,
        dimension: int,
        files: Sequence[MappedNumbers],
        place: Int64,
        rows: Int64,
    ) -> None:
        self._codes = codes
        self._matrices = [file.numbers.reshape(-1, dimension) for file in files]
        self._starts = np.cumsum([0, *map(len, self._matrices)])
        self._allowance = Allowance(files, _LOOKS)
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
            chosen = among
        else:
            chosen = self._codes.nearest(query, min(total, candidates), among)
        places = np.sort(self._place[chosen])
        scores = self._cosines(places, query)
        having = ~np.isnan(scores)
        rows = self.rows[np.searchsorted(self._place, places[having])]
        rounded = _rounded(scores[having])
        best = np.lexsort((rows, -rounded))[:k]
        return rounded[best], rows[best]

    def _cosines(self, places: Int64, query: Float32) -> Float32:
        """The products of the vectors at these places, which rise, with a query; NaN for one
        that is all zero. File by file: larger products would wake all threads of BLAS, 10 ms
        instead of 3."""
        self._allowance.spend(len(places))
        bounds = np.searchsorted(places, self._starts)
        scores = np.empty(len(places), np.float32)
        for matrix, start, first, last in zip(
            self._matrices, self._starts, bounds, bounds[1:], strict=False
        ):
            vectors = matrix[places[first:last] - start]
            scores[first:last] = np.where(vectors.any(axis=1), vectors @ query, np.nan)
        return scores


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
    path = file.stem.with_name(file.stem.name + CODES)
    data = path.read_bytes()
    if len(data) != file.rows * size:
        raise StoreCorrupt(f"{path.name} has {len(data)} bytes instead of {file.rows * size}")
    return np.frombuffer(data, np.uint8).reshape(file.rows, size)
