"""Files read in many processes come back in order, each once, whatever becomes of some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.documents.pool import Job, Pool, processes_for
from rag.documents.workers import Task
from rag.errors import UnreadableDocument
from rag.settings import Reading

TASK = Task("tests.documents.tasks:read")
TOGETHER = Task("tests.documents.tasks:read", "tests.documents.tasks:together")


def jobs(count: int, size: int = 50_000, foreign: bool = False) -> list[Job]:
    return [Job((number,), size, foreign) for number in range(count)]


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_order(processes: int) -> None:
    with Pool(TASK, Reading(max_seconds=60), processes) as pool:
        outcomes = [item for item in pool.results(jobs(200)) if item is not None]
    refused = [i for i, item in enumerate(outcomes) if isinstance(item, UnreadableDocument)]
    assert refused == [17, 100]
    assert [item for i, item in enumerate(outcomes) if i not in refused] == [
        f"file {i}" for i in range(200) if i not in refused
    ]


def test_what_came_of_several_is_gone_on_with_together() -> None:
    """One with which that fails, or ends the process, is told apart from the others."""
    wanted = [Job((number,), 1) for number in (15, 16, 999, *range(17, 20), 666)]
    with Pool(TOGETHER, Reading(max_seconds=60), 1) as pool:
        outcomes = [item for item in pool.results(wanted) if item is not None]
    assert [str(item) for item in outcomes if not isinstance(item, UnreadableDocument)] == [
        f"FILE {number}" for number in (15, 16, 18, 19)
    ]
    assert [str(item) for item in outcomes if isinstance(item, UnreadableDocument)] == [
        "the parser crashed on this file (exit code -6)", "file 17 is bad",
        "the file cannot be parsed (ValueError: 666)",
    ]  # fmt: skip


def test_however_little_there_is_nothing_is_read_here() -> None:
    job = Job(("pid",), 1)
    with Pool(TASK, Reading(), processes_for([job, job], Reading())) as pool:
        first, second = [item for item in pool.results([job, job]) if item is not None]
    assert first == second != str(os.getpid())


def test_a_pool_that_does_nothing_leaves_the_kept_process() -> None:
    def pid() -> object:
        with Pool(TASK, Reading(), 1) as pool:
            return next(item for item in pool.results([Job(("pid",), 1)]) if item is not None)

    before = pid()
    with Pool(TOGETHER, Reading(), 2) as idle:
        assert list(idle.results([])) == []
    assert pid() == before


def test_while_one_takes_long_there_are_signs_of_life(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    seen: list[object] = []
    with Pool(TASK, Reading(max_seconds=60), 1) as pool:
        for outcome in pool.results([Job((gate,), 1)]):
            seen.append(outcome)
            gate.touch()
    assert seen[0] is None and seen[-1] == "opened"


def test_leaving_ends_the_processes(tmp_path: Path) -> None:
    """The second file would be waited for until the time is over."""
    waiting = [Job((tmp_path / "never",), 1)] * 2
    with pytest.raises(KeyboardInterrupt), Pool(TASK, Reading(max_seconds=3000), 2) as pool:
        for _ in pool.results(waiting):
            raise KeyboardInterrupt


def test_how_many_processes() -> None:
    cores = processes_for(jobs(1000, 1_000_000), Reading())
    assert cores >= 1
    assert processes_for(jobs(1000, 1_000), Reading()) == 1
    assert processes_for(jobs(5, 100_000, foreign=True), Reading()) == 1
    assert processes_for(jobs(1, 50_000_000), Reading()) == 1
    assert processes_for(jobs(1000, 1_000), Reading(processes=7)) == 7
    assert processes_for(jobs(3, 1_000), Reading(processes=7)) == 3
