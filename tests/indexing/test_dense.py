"""The vector part against numpy, and what it does with files that are not its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import StoreCorrupt
from rag.indexing.dense import Dense
from rag.indexing.records import Float32


def vectors(seed: int, rows: int, dimension: int) -> Float32:
    """Normalised rows; some all zero, some equal."""
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((rows, dimension)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[random.random(rows) < 0.1] = 0
    for row in np.flatnonzero(random.random(rows) < 0.2):
        matrix[row] = matrix[random.integers(rows)]
    return matrix


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(1, 24), st.integers(1, 70))
def test_ranks_like_brute_force(seed: int, rows: int, dimension: int, k: int) -> None:
    matrix = vectors(seed, rows, dimension)
    query = np.random.default_rng(seed + 1).standard_normal(dimension).astype(np.float32)
    cosines = np.round(matrix.astype(np.float64) @ query / np.linalg.norm(query), 6)
    having = np.flatnonzero(matrix.any(axis=1))
    expected = having[np.lexsort((having, -cosines[having]))][:k]
    found = Dense.build(matrix).rank(query, k)
    assert len(found) == len(expected)
    assert [score for _, score in found] == pytest.approx(cosines[expected].tolist(), abs=2e-6)
    assert [(-score, row) for row, score in found] == sorted((-s, r) for r, s in found)


def test_equal_vectors_tie_by_row_even_at_the_last_place() -> None:
    matrix = np.tile(np.array([[0.6, 0.8]], np.float32), (50, 1))
    assert Dense.build(matrix).rank(np.array([3, 4], np.float32), 3) == [(0, 1), (1, 1), (2, 1)]


def test_zero_vectors_rank_nowhere() -> None:
    matrix = np.array([[0, 0], [1, 0], [0, 0], [-1, 0]], np.float32)
    dense = Dense.build(matrix)
    assert len(dense) == 2
    assert dense.rank(np.array([1, 0], np.float32), 10) == [(1, 1.0), (3, -1.0)]
    assert dense.rank(np.zeros(2, np.float32), 10) == []


def test_empty() -> None:
    dense = Dense.build(np.empty((0, 8), np.float32))
    assert dense.rank(np.ones(8, np.float32), 5) == []
    assert Dense.read(dense.tobytes(), 8, 0).rank(np.ones(8, np.float32), 5) == []


def test_a_query_of_another_kind_is_refused() -> None:
    dense = Dense.build(vectors(1, 5, 4))
    with pytest.raises(ValueError, match="4 finite numbers"):
        dense.rank(np.ones(5, np.float32), 1)
    with pytest.raises(ValueError, match="4 finite numbers"):
        dense.rank(np.array([1, 2, np.nan, 4], np.float32), 1)


def test_survives_its_bytes() -> None:
    matrix = vectors(2, 40, 16)
    dense = Dense.build(matrix)
    again = Dense.read(dense.tobytes(), 16, 40)
    assert again.rank(matrix[3], 10) == dense.rank(matrix[3], 10)


def test_bytes_of_another_size_are_refused() -> None:
    data = Dense.build(vectors(2, 40, 16)).tobytes()
    for dimension, rows in ((17, 40), (8, 40), (16, 10)):
        with pytest.raises(StoreCorrupt):
            Dense.read(data, dimension, rows)
    for wrong in (b"", data[:-1], data + b"\0", b"Irfn" + data[4:]):
        with pytest.raises(StoreCorrupt):
            Dense.read(wrong, 16, 40)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 72), st.integers(1, 255))
def test_a_wrong_header_byte_never_kills(position: int, change: int) -> None:
    data = bytearray(Dense.build(vectors(3, 10, 4)).tobytes())
    data[position] ^= change
    try:
        dense = Dense.read(bytes(data), 4, 10)
    except StoreCorrupt:
        return
    assert len(dense) <= 10  # unused bytes of the header
