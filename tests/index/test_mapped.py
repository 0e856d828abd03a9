"""Numbers in a file: as they were written, also after they were let go, also while others read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.index.local.rows import Allowance, MappedNumbers, MappedRows

COUNT = 300_000


def mapped(folder: Path) -> MappedNumbers:
    path = folder / "numbers"
    path.write_bytes(b"head" + np.arange(COUNT, dtype="<u4").tobytes() + b"tail")
    return MappedNumbers(path, "<u4", COUNT, 4)


def held() -> int:
    """Pages of files that this process holds, bytes."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * next(int(line.split()[1]) for line in text.splitlines() if "RssFile" in line)


def test_numbers_as_written_and_again_after_they_were_let_go(tmp_path: Path) -> None:
    file = mapped(tmp_path)
    assert int(file.numbers.sum(dtype=np.int64)) == COUNT * (COUNT - 1) // 2
    before = held() if Path("/proc/self/status").exists() else None
    file.let_go()
    if before is not None:
        assert held() <= before - COUNT
    assert file.numbers[[0, 7, COUNT - 1]].tolist() == [0, 7, COUNT - 1]


def test_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    file = MappedNumbers(path, "<f4", 0, 0)
    file.let_go()
    assert file.numbers.shape == (0,)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory cannot be told")
def test_many_looks_let_go_of_large_files_alone(tmp_path: Path) -> None:
    file = mapped(tmp_path)
    for room, kept in ((4 * COUNT, True), (4 * COUNT - 1, False)):
        allowance = Allowance([file], 10, room)
        file.numbers.sum()
        before = held()
        allowance.spend(10)
        assert held() >= before - COUNT
        allowance.spend(1)
        assert (held() >= before - COUNT) is kept


def test_threads_read_while_all_is_let_go(tmp_path: Path) -> None:
    file = mapped(tmp_path)
    allowance = Allowance([file], 50, room=0)

    def read(seed: int) -> bool:
        places = np.random.default_rng(seed).integers(0, COUNT, 40)
        allowance.spend(len(places))
        return bool((file.numbers[places] == places).all())

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(400)))


def test_rows_of_several_files(tmp_path: Path) -> None:
    files = []
    for i, rows in enumerate((3, 0, 5)):
        path = tmp_path / f"{i}"
        path.write_bytes(np.arange(100 * i, 100 * i + 4 * rows, dtype="<u4").tobytes())
        files.append(MappedNumbers(path, "<u4", 4 * rows, 0))
    rows_of = MappedRows(files, 4, 10)
    assert rows_of.take(np.array([0, 2, 3, 7])).tolist() == [
        [0, 1, 2, 3],
        [8, 9, 10, 11],
        [200, 201, 202, 203],
        [216, 217, 218, 219],
    ]
    assert rows_of.take(np.empty(0, np.int64)).shape == (0, 4)
