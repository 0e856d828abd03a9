"""Long files: each page has its time, and one that takes too long is given up."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from rag.documents.pool import Job, Pool
from rag.documents.workers import Pages, PageTooLong, Task, Worker, page_limit
from rag.errors import UnreadableDocument
from rag.settings import Reading

TASK = Task("tests.documents.tasks:page_by_page")


def test_a_file_of_many_pages_takes_as_long_as_it_takes() -> None:
    """All of it takes longer than a file may, each page an eighth of that."""
    limits = Reading(max_seconds=4)
    worker = Worker(TASK, limits)
    told: list[tuple[int, Pages]] = []
    try:
        done = worker.do([("a", 9, 0.5), ("b", 1, 0.0)], lambda i, pages: told.append((i, pages)))
    finally:
        worker.end()
    assert done == ["a has 9 pages", "b has 1 pages"]
    assert told == [*((0, Pages(n, 9)) for n in range(1, 10)), (1, Pages(1, 1))]


def test_a_page_that_hangs_ends_the_file() -> None:
    worker = Worker(TASK, Reading(max_seconds=3))
    try:
        first, second = worker.do([("a", 2, 30.0), ("b", 2, 0.0)])
    finally:
        worker.end()
    assert isinstance(first, UnreadableDocument) and "longer than 3 seconds" in str(first)
    assert second == "b has 2 pages"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_pool_tells_how_far_files_are(processes: int) -> None:
    jobs = [Job((name, pages, 0.0), 10) for name, pages in (("a", 3), ("b", 5))]
    with Pool(TASK, Reading(), processes) as pool:
        done = [outcome for outcome in pool.results(jobs) if outcome is not None]
        assert pool.pages == {0: Pages(3, 3), 1: Pages(5, 5)}
    assert done == ["a has 3 pages", "b has 5 pages"]


def test_a_limit_ends_what_is_done_and_leaves_an_earlier_timer() -> None:
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with pytest.raises(PageTooLong), page_limit(0.05):
            while True:
                time.sleep(0.01)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 100
        with page_limit(100):
            pass
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_without_timers_there_is_no_end() -> None:
    """Signals reach the first thread only."""
    done: list[str] = []

    def work() -> None:
        with page_limit(0.001):
            time.sleep(0.05)
            done.append("whole")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["whole"]
