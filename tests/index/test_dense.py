"""The vector part against numpy, and what it does with files that are not its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import StoreCorrupt
from rag.index.local import vectors as dense
from rag.index.local import vectors as nearest
from rag.index.local.rows import Int64, RowIds
from rag.index.local.vectors import Dense, VectorFile, write_vectors
from rag.index.protocol import Float32


def vectors(seed: int, rows: int, dimension: int) -> Float32:
    """Normalised rows; some all zero, some equal."""
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((rows, dimension)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[random.random(rows) < 0.1] = 0
    for row in np.flatnonzero(random.random(rows) < 0.2):
        matrix[row] = matrix[random.integers(rows)]
    return matrix


@settings(max_examples=50)
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
    built = Dense.build(matrix)
    assert len(built) == 2
    assert built.rank(np.array([1, 0], np.float32), 10) == [(1, 1.0), (3, -1.0)]
    assert built.rank(np.zeros(2, np.float32), 10) == []


def test_empty() -> None:
    built = Dense.build(np.empty((0, 8), np.float32))
    assert built.rank(np.ones(8, np.float32), 5) == []
    assert Dense.open([], 8, RowIds(np.empty(0, np.int64))).rank(np.ones(8, np.float32), 5) == []


def test_a_query_of_another_kind_is_refused() -> None:
    built = Dense.build(vectors(1, 5, 4))
    with pytest.raises(ValueError, match="4 finite numbers"):
        built.rank(np.ones(5, np.float32), 1)
    with pytest.raises(ValueError, match="4 finite numbers"):
        built.rank(np.array([1, 2, np.nan, 4], np.float32), 1)


def written(folder: Path, matrix: Float32, keys: Int64, cuts: list[int]) -> list[VectorFile]:
    """Files of the vectors, cut into segments."""
    files: list[VectorFile] = []
    for part, own in zip(np.split(matrix, cuts), np.split(keys, cuts), strict=True):
        stem = folder / f"{len(files)}"
        write_vectors(stem, own, part)
        files.append(VectorFile(stem, len(own)))
    return files


def test_files_give_the_same_ranks(tmp_path: Path) -> None:
    matrix = vectors(2, 400, 16)
    keys = np.arange(400, dtype=np.int64) * 3 + 50
    order = np.random.default_rng(0).permutation(400)  # rows are not in the order of the keys
    files = written(tmp_path, matrix[order], keys, [0, 100, 399])
    rows = np.empty(400, np.int64)
    rows[order] = keys
    opened = Dense.open(files, 16, RowIds(rows))
    query = np.random.default_rng(1).standard_normal(16).astype(np.float32)
    assert opened.rank(query, 50) == Dense.build(matrix).rank(query, 50)


def test_vectors_of_removed_chunks_are_passed_over(tmp_path: Path) -> None:
    matrix = vectors(5, 60, 8)
    files = written(tmp_path, matrix, np.arange(60), [20])
    left = np.array([key for key in range(60) if key % 5], np.int64)
    opened = Dense.open(files, 8, RowIds(left))
    query = matrix[11]
    assert opened.rank(query, 60) == Dense.build(matrix[left]).rank(query, 60)
    with pytest.raises(StoreCorrupt, match="60 rows instead of 61"):
        Dense.open(files, 8, RowIds(np.arange(61)))


@pytest.mark.parametrize("sieved_rows", [1 << 40, 0])
def test_a_large_part_is_searched_by_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sieved_rows: int
) -> None:
    """The ten nearest of 4,000 are found among the 1,000 candidates, with their exact cosines."""
    monkeypatch.setattr(dense, "_EXACT_NUMBERS", 0)
    monkeypatch.setattr(nearest, "SIEVED_ROWS", sieved_rows)
    matrix = vectors(9, 4000, 64)
    left = np.array([key for key in range(4000) if key % 9], np.int64)
    files = written(tmp_path, matrix, np.arange(4000), [1000, 3900])
    coded, exact = Dense.open(files, 64, RowIds(left)), Dense.build(matrix[left])
    same = 0
    for seed in range(20):
        query = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
        wanted, found = dict(exact.rank(query, 10)), coded.rank(query, 10)
        assert [(-s, row) for row, s in found] == sorted((-s, row) for row, s in found)
        same += sum(row in wanted for row, _ in found)
        assert all(wanted[row] == pytest.approx(s, abs=2e-6) for row, s in found if row in wanted)
    assert same >= 196
    everything = coded.rank(query, 4000)
    assert {row for row, _ in everything} == {row for row, _ in exact.rank(query, 4000)}


def test_codes_depend_on_their_vector_alone(tmp_path: Path) -> None:
    matrix = vectors(4, 30, 32)
    written(tmp_path, matrix, np.arange(30), [7])
    parts = [(tmp_path / f"{i}.codes").read_bytes() for i in range(2)]
    again = tmp_path / "again"
    again.mkdir()
    written(again, matrix, np.arange(30), [])
    assert b"".join(parts) == (again / "0.codes").read_bytes()


@pytest.mark.parametrize("exact", [True, False])
def test_files_of_another_size_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    if not exact:
        monkeypatch.setattr(dense, "_EXACT_NUMBERS", 0)
    (file,) = written(tmp_path, vectors(2, 40, 16), np.arange(40), [])
    rows = RowIds(np.arange(40))
    for dimension, count in ((17, 40), (8, 40), (16, 10), (16, 1 << 60)):
        with pytest.raises(StoreCorrupt, match="bytes instead of"):
            Dense.open([VectorFile(file.stem, count)], dimension, rows)
    for suffix, wrong in ((".vectors", 1), (".codes", 0 if exact else 1)):
        path = tmp_path / f"0{suffix}"
        data = path.read_bytes()
        for changed in (b"", data[:-1], data + b"0"):
            path.write_bytes(changed)
            if wrong:
                with pytest.raises(StoreCorrupt, match="bytes instead of"):
                    Dense.open([file], 16, rows)
        path.write_bytes(data)
    assert len(Dense.open([file], 16, rows)) <= 40


@pytest.mark.parametrize("position", range(24))
def test_a_wrong_header_is_refused(tmp_path: Path, position: int) -> None:
    (file,) = written(tmp_path, vectors(3, 10, 4), np.arange(10), [])
    data = bytearray((tmp_path / "0.vectors").read_bytes())
    data[position] ^= 1
    (tmp_path / "0.vectors").write_bytes(data)
    with pytest.raises(StoreCorrupt, match="no vector file"):
        Dense.open([file], 4, RowIds(np.arange(10)))
