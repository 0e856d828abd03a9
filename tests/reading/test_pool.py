"""Files read in many processes come back in order, each once, whatever becomes of some."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import UnreadableDocument
from rag.reading.pool import Job, Pool, processes_for
from rag.reading.worker import Task
from rag.settings import Reading

TASK = Task("tests.reading.tasks:read")
TOGETHER = Task("tests.reading.tasks:read", "tests.reading.tasks:together")


def jobs(count: int, size: int = 50_000, isolated: bool = False) -> list[Job]:
    return [Job((number,), size, isolated) for number in range(count)]


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_results_come_in_order(processes: int) -> None:
    with Pool(TASK, Reading(max_seconds=60), processes) as pool:
        outcomes = [item for item in pool.results(jobs(200)) if item is not None]
    refused = [i for i, item in enumerate(outcomes) if isinstance(item, UnreadableDocument)]
    assert refused == [17, 100]
    assert [item for i, item in enumerate(outcomes) if i not in refused] == [
        f"file {i}" for i in range(200) if i not in refused
    ]


@pytest.mark.parametrize("processes", [0, 1])
def test_what_came_of_several_is_gone_on_with_together(processes: int) -> None:
    """One with which that fails, or ends the process, is told apart from the others."""
    wanted = [Job((number,), 1, isolated=False) for number in (*range(15, 20), 666)]
    if processes:
        wanted.insert(2, Job((999,), 1, isolated=False))
    with Pool(TOGETHER, Reading(max_seconds=60), processes) as pool:
        outcomes = [item for item in pool.results(wanted) if item is not None]
    assert [str(item) for item in outcomes if not isinstance(item, UnreadableDocument)] == [
        f"FILE {number}" for number in (15, 16, 18, 19)
    ]
    words = [str(item) for item in outcomes if isinstance(item, UnreadableDocument)]
    expected = ["file 17 is bad", "the file cannot be parsed (ValueError: 666)"]
    if processes:
        expected.insert(0, "the parser crashed on this file (exit code -6)")
    assert words == expected


def test_what_is_isolated_is_never_read_here() -> None:
    own = Job(("pid",), 1, isolated=False)
    other = Job(("pid",), 1, isolated=True)
    with Pool(TASK, Reading(), 0) as pool:
        here, there, again, after = [
            item for item in pool.results([own, other, other, own]) if item is not None
        ]
    assert here == after != there == again


def test_while_one_takes_long_there_are_signs_of_life(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    seen: list[object] = []
    with Pool(TASK, Reading(max_seconds=60), 1) as pool:
        for outcome in pool.results([Job((gate,), 1, isolated=True)]):
            seen.append(outcome)
            gate.touch()
    assert seen[0] is None and seen[-1] == "opened"


def test_leaving_ends_the_processes(tmp_path: Path) -> None:
    """The second file would be waited for until the time is over."""
    waiting = [Job((tmp_path / "never",), 1, isolated=True)] * 2
    with pytest.raises(KeyboardInterrupt), Pool(TASK, Reading(max_seconds=3000), 2) as pool:
        for _ in pool.results(waiting):
            raise KeyboardInterrupt


def test_how_many_processes() -> None:
    cores = processes_for(jobs(1000, 1_000_000), Reading())
    assert cores >= 1
    assert processes_for(jobs(1000, 1_000), Reading()) == 0
    assert processes_for(jobs(5, 100_000, isolated=True), Reading()) == 0
    assert processes_for(jobs(1, 50_000_000), Reading()) == 1
    assert processes_for(jobs(1000, 1_000), Reading(processes=7)) == 7
    assert processes_for(jobs(3, 1_000), Reading(processes=7)) == 3
    assert processes_for(jobs(1000, 1_000_000), Reading(processes=0)) == 0
