"""Four bits a dimension order vectors nearly as their products do, whatever the dimension."""

from __future__ import annotations

import numpy as np
import pytest

from rag.index.local.vectors import fine, fine_bytes, order_products


@pytest.mark.parametrize("dimension", [1, 2, 7, 64, 513])
def test_products_of_steps(dimension: int) -> None:
    random = np.random.default_rng(dimension)
    matrix = random.standard_normal((50, dimension)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    rows = fine(matrix)
    assert rows.shape == (50, fine_bytes(dimension))
    query = random.standard_normal(dimension).astype(np.float32)
    step = 3 / (8 * np.sqrt(dimension))
    steps = np.clip(np.floor(matrix / step), -8, 7)
    expected = (steps + 8) @ query
    assert order_products(rows, query) == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_the_nearest_stay_among_the_first() -> None:
    random = np.random.default_rng(1)
    matrix = random.standard_normal((2000, 256)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    query = matrix[5] + matrix[7]
    nearest = np.argsort(-(matrix @ query))[:10]
    assert set(nearest) <= set(np.argsort(-order_products(fine(matrix), query))[:80])
