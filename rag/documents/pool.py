"""Many files read at once, in processes; what comes of them comes in the order of the files."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Self

from rag.documents.workers import Arguments, Pages, Task, Worker
from rag.errors import DocumentError
from rag.settings import Reading

_BATCH_BYTES, _BATCH_FILES = 1 << 17, 64
"""What goes to a process at once: a tenth of a second of text, so that asking costs nothing."""
_AHEAD_BYTES = 1 << 23
"""How much of the files may have been read before it is the turn of the first of them: what two
processes read in the seconds in which a part of the index is written."""
_WORTH_BYTES = 1 << 22
"""Less text than this is read sooner by one process, 2 s, than a second one has started, half a
second of a core."""
_FILE_BYTES, _FOREIGN_BYTES = 1 << 11, 1 << 18
"""As how much more text each file counts, and one that a library parses."""
_BEAT_SECONDS = 0.25
_READY_SECONDS = 60.0
"""How long a process that has nothing left to do is kept for the next files: it takes half a second
of a core to start."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be read: what the task is called with, its size in bytes, and whether a library
    parses it, which takes longer."""

    arguments: Arguments
    size: int
    foreign: bool = False


def processes_for(jobs: Sequence[Job], settings: Reading) -> int:
    """How many processes read the jobs: as many as the settings say; else one for each core
    where there is enough to do, and one where there is little."""
    if settings.processes is not None:
        return max(1, min(settings.processes, len(jobs)))
    work = sum(job.size + _FILE_BYTES + _FOREIGN_BYTES * job.foreign for job in jobs)
    if work < _WORTH_BYTES:
        return 1
    return min(cores(), len(jobs), work // (_WORTH_BYTES // 2))


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class _Kept:
    """One process that is ready for more of what it did, for `_READY_SECONDS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._timer: threading.Timer | None = None
        self._owner = 0
        atexit.register(self.end)

    def put(self, worker: Worker) -> None:
        """Keeps a process that has nothing left to do, in place of another."""
        self.end()
        with self._lock:
            self._worker, self._owner = worker, os.getpid()
            self._timer = threading.Timer(_READY_SECONDS, self.end)
            self._timer.daemon = True
            self._timer.start()

    def take(self, task: Task, limits: Reading) -> Worker | None:
        """The process, if it does this task under these limits and was started as one would be
        now."""
        with self._lock:
            worker = self._worker
            if worker is None or self._owner != os.getpid() or not worker.is_like(task, limits):
                return None
            self._forget()
            return worker

    def end(self) -> None:
        """Ends the process, if there is one."""
        with self._lock:
            worker, own = self._worker, self._owner == os.getpid()
            self._forget()
        if worker is not None and own:
            worker.end()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._worker = self._timer = None


_kept = _Kept()


class Pool:
    """Does one task with many jobs, in processes alone; a context manager, which ends them but for
    one that is kept a while for what comes next."""

    def __init__(self, task: Task, limits: Reading, processes: int) -> None:
        self._pages: dict[int, Pages] = {}
        kept = _kept.take(task, limits)
        self._workers = [kept] if kept is not None else []
        self._workers += [Worker(task, limits) for _ in range(processes - len(self._workers))]
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(self._workers), "reading")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, raised: object, *_: object) -> None:
        ready = next((worker for worker in self._workers if worker.runs), None)
        if ready and raised is None and self._idle.qsize() == len(self._workers):
            self._workers.remove(ready)
            _kept.put(ready)
        self.close()

    def close(self) -> None:
        """Ends the processes, whatever they do."""
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
        for batch in _batches(jobs):
            size = sum(job.size for job in batch)
            waiting.append((size, self._threads.submit(self._do, batch, first)))
            first += len(batch)
            ahead += size
            while ahead > _AHEAD_BYTES and len(waiting) > 2 * len(self._workers):
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


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Jobs that are done together."""
    batch: list[Job] = []
    size = 0
    for job in jobs:
        if batch and (len(batch) >= _BATCH_FILES or size + job.size > _BATCH_BYTES):
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
