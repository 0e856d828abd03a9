"""Nearest places by codes, against the products themselves."""

from __future__ import annotations

import numpy as np
import pytest

from rag.index.local import vectors as nearest
from rag.index.local.rows import Int64
from rag.index.local.vectors import Codes, Flat, Sieve, code_bytes, encode, searcher
from rag.index.protocol import Float32

ROWS, DIMENSION, K = 30_000, 64, 40


def vectors(seed: int, rows: int) -> Float32:
    """Normalised rows."""
    matrix = np.random.default_rng(seed).standard_normal((rows, DIMENSION)).astype(np.float32)
    normalised: Float32 = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return normalised


def share(found: Int64, wanted: Int64) -> float:
    return len(set(found.tolist()) & set(wanted.tolist())) / len(wanted)


@pytest.mark.parametrize("among", [None, np.arange(0, ROWS, 2), np.arange(7, ROWS, 150)])
def test_a_sieve_finds_what_all_codes_find(among: Int64 | None) -> None:
    matrix = vectors(1, ROWS)
    codes = encode(matrix)
    assert codes.shape == (ROWS, code_bytes(DIMENSION))
    whole, sieve = Codes(codes, DIMENSION), Sieve(codes, DIMENSION)
    alike = []
    for query in vectors(2, 20):
        found, all_of_them = sieve.nearest(query, K, among), whole.nearest(query, K, among)
        assert len(set(found.tolist())) == len(found) == len(all_of_them) == K
        if among is not None:
            assert np.isin(found, among).all()
        alike.append(share(found, all_of_them))
    assert np.mean(alike) > 0.9  # of 64 bits; of 512 it is .98


def test_codes_hold_most_of_the_nearest() -> None:
    matrix = vectors(3, 2000)
    codes, flat = Codes(encode(matrix), DIMENSION), Flat(matrix)
    found = [
        share(codes.nearest(query, 300, None), flat.nearest(query, 10, None)[1])
        for query in vectors(4, 20)
    ]
    assert np.mean(found) > 0.95


def test_a_sample_unlike_the_rest_costs_no_result() -> None:
    """Every row that is sampled is the query itself, the others are far from it."""
    query = vectors(5, 1)[0]
    matrix = np.tile(-query, (ROWS, 1))
    matrix[:: nearest._SAMPLED] = query
    sieve = Sieve(encode(matrix), DIMENSION)
    near = len(matrix[:: nearest._SAMPLED])
    found = sieve.nearest(query, near + 10, None)
    assert len(found) == near + 10
    assert set(range(0, ROWS, nearest._SAMPLED)) <= set(found.tolist())


def test_vectors_of_zeros_and_wanting_everything() -> None:
    matrix = vectors(6, 300)
    matrix[10:20] = 0
    codes = encode(matrix)
    query = vectors(7, 1)[0]
    for found in (
        Codes(codes, DIMENSION).nearest(query, 300, None),
        Sieve(codes, DIMENSION).nearest(query, 300, None),
    ):
        assert set(found.tolist()) >= set(range(300)) - set(range(10, 20))


def test_the_number_of_rows_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = encode(vectors(8, 100))
    assert isinstance(searcher(codes, DIMENSION), Codes)
    monkeypatch.setattr(nearest, "SIEVED_ROWS", 100)
    assert isinstance(searcher(codes, DIMENSION), Sieve)


@pytest.mark.parametrize("dimension", [3, 12, 17])
def test_dimensions_that_fill_no_byte(dimension: int) -> None:
    matrix = np.random.default_rng(9).standard_normal((5000, dimension)).astype(np.float32)
    codes = encode(matrix)
    sieve, whole = Sieve(codes, dimension), Codes(codes, dimension)
    query = matrix[17]
    assert share(sieve.nearest(query, 50, None), whole.nearest(query, 50, None)) > 0.5
