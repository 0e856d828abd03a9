"""Many files read at once, in processes; what comes of them comes in the order of the files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Self

from rag.errors import DocumentError
from rag.reading.pages import Pages
from rag.reading.worker import Arguments, Task, Worker, attempt, finished, function
from rag.settings import Reading

_BATCH_BYTES, _BATCH_FILES = 1 << 17, 64
"""What goes to a process at once: a tenth of a second of text, so that asking costs nothing."""
_AHEAD_BYTES = 1 << 23
"""How much of the files may have been read before it is the turn of the first of them: what two
processes read in the seconds in which a part of the index is written."""
_WORTH_BYTES = 1 << 22
"""Less text than this is read sooner here, 2 s, than processes have started, half a second of
each core, and their results have come over."""
_FILE_BYTES, _FOREIGN_BYTES = 1 << 11, 1 << 18
"""As how much more text each file counts, and one that a library parses."""
_BEAT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be read: what the task is called with, its size in bytes, and whether it has to
    be read in another process, as its parser may hang or crash."""

    arguments: Arguments
    size: int
    isolated: bool


def processes_for(jobs: Sequence[Job], settings: Reading) -> int:
    """How many processes read the jobs: as many as the settings say; else one for each core
    where there is enough to do, and none but for isolated jobs where there is little."""
    if settings.processes is not None:
        return min(settings.processes, len(jobs))
    work = sum(job.size + _FILE_BYTES + _FOREIGN_BYTES * job.isolated for job in jobs)
    if work < _WORTH_BYTES:
        return 0
    return min(cores(), len(jobs), work // (_WORTH_BYTES // 2))


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class Pool:
    """Does one task with many jobs; a context manager, which ends the processes. With no process
    isolated jobs are done in one all the same."""

    def __init__(self, task: Task, limits: Reading, processes: int) -> None:
        self._task = task
        self._limits = limits
        self._here = processes == 0
        self._pages: dict[int, Pages] = {}
        self._workers = [Worker(task, limits) for _ in range(max(1, processes))]
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(self._workers), "reading")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for worker in self._workers:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.end()

    @property
    def pages(self) -> dict[int, Pages]:
        """How far the files are that are read page by page, by the position of their job."""
        return dict(self._pages)

    def results(self, jobs: Iterable[Job]) -> Iterator[object | DocumentError | None]:
        """What the task makes of each job, in order (see `attempt`); None now and then while the
        next one takes long."""
        waiting: deque[tuple[int, Future[list[object | DocumentError]]]] = deque()
        ahead, first = 0, 0
        for batch in _batches(jobs, apart=self._here):
            if self._here and not batch[0].isolated:
                each = function(self._task.each)
                first += len(batch)
                done = [attempt(each, job.arguments, self._limits) for job in batch]
                yield from finished(self._task, done, self._limits)
                continue
            size = sum(job.size for job in batch)
            waiting.append((size, self._threads.submit(self._do, batch, first)))
            first += len(batch)
            ahead += size
            while waiting and (
                self._here or (ahead > _AHEAD_BYTES and len(waiting) > 2 * len(self._workers))
            ):
                size, oldest = waiting.popleft()
                ahead -= size
                yield from _results(oldest)
        for _, oldest in waiting:
            yield from _results(oldest)

    def _do(self, batch: Sequence[Job], first: int) -> list[object | DocumentError]:
        """`first` is the position of the batch's first job among all."""

        def told(position: int, pages: Pages) -> None:
            self._pages[first + position] = pages

        worker = self._idle.get()
        try:
            return worker.do([job.arguments for job in batch], told)
        finally:
            self._idle.put(worker)


def _batches(jobs: Iterable[Job], *, apart: bool) -> Iterator[list[Job]]:
    """Jobs that are done together; `apart`: isolated ones one by one."""
    batch: list[Job] = []
    size = 0
    for job in jobs:
        full = len(batch) >= _BATCH_FILES or size + job.size > _BATCH_BYTES
        if batch and (full or (apart and (job.isolated or batch[0].isolated))):
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += job.size
    if batch:
        yield batch


def _results(
    future: Future[list[object | DocumentError]],
) -> Iterator[object | DocumentError | None]:
    while True:
        try:
            results = future.result(_BEAT_SECONDS)
        except TimeoutError:
            yield None
            continue
        yield from results
        return
