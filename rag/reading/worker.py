"""A process in which files are read, ended when one takes too long or too much memory.

A parser of a foreign format may hang, swell or crash on a damaged file; the run goes on. The
process is a new interpreter with pipes, neither a fork of this one (which may have threads) nor
one that runs the caller's script again.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from rag.errors import DocumentError, UnreadableDocument, UnsupportedFormat
from rag.reading.child import child_environment, limit_memory
from rag.reading.pages import Pages, listen
from rag.settings import Reading

Arguments = tuple[object, ...]

_READY = "ready"
_START_SECONDS = 300.0
_LENGTH = struct.Struct(">Q")
_PIPE_BYTES = 1 << 20
_ORPHAN_SECONDS = 10.0
"""How long after its time a file goes on to be read when nobody is there to end it."""
_COMMAND = "from rag.reading.worker import serve; serve()"


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with files: the function `each` with one at a time, as a parser may hang or
    crash, then, where there is such a function, `together` with what came of several. Functions
    are named `module:function`; `together` takes a list and gives one as long."""

    each: str
    together: str = ""


def attempt(
    task: Callable[..., object], arguments: Arguments, limits: Reading
) -> object | DocumentError:
    """What `task` returns, or why there is nothing, with plain text for a reason."""
    try:
        return task(*arguments)
    except UnsupportedFormat as error:
        return UnsupportedFormat(str(error))
    except DocumentError as error:
        return UnreadableDocument(str(error))
    except MemoryError:
        return UnreadableDocument(
            f"reading needs more than {limits.max_memory_bytes:,} bytes of memory; raise "
            "reading.max_memory_bytes to give it more"
        )
    except Exception as error:  # noqa: BLE001 (a parser that fails must not end the run)
        return UnreadableDocument(f"the file cannot be parsed ({type(error).__name__}: {error})")


def function(task: str) -> Callable[..., Any]:
    """The function that `module:name` names."""
    module, _, name = task.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def finished(
    task: Task, outcomes: Sequence[object | DocumentError], limits: Reading
) -> list[object | DocumentError]:
    """What `task.together` makes of what came of each file; one with which it fails is told apart
    from the others."""
    good = [outcome for outcome in outcomes if not isinstance(outcome, DocumentError)]
    if not task.together or not good:
        return list(outcomes)
    together = function(task.together)
    made: Sequence[object | DocumentError]
    try:
        made = together(good)
    except Exception:  # noqa: BLE001 (see `attempt`)
        made = [attempt(_first_of, (together, one), limits) for one in good]
    rest = iter(made)
    return [one if isinstance(one, DocumentError) else next(rest) for one in outcomes]


def _first_of(together: Callable[[list[object]], list[object]], one: object) -> object:
    return together([one])[0]


def _unheard(_position: int, _pages: Pages) -> None:
    """Nobody asks how far it is."""


class Worker:
    """Does one task again and again in a process, which is started at the first call and anew
    after each that had to be ended. For one thread at a time; `close` may be called from
    another."""

    def __init__(self, task: Task, limits: Reading) -> None:
        self._task = task
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def do(
        self, jobs: Sequence[Arguments], told: Callable[[int, Pages], None] = _unheard
    ) -> list[object | DocumentError]:
        """What the task makes of each of the `jobs`, in order; see `attempt`. The limits of memory
        and time are those of each job; of a file that is read page by page each page has the time.
        `told` is called after each such page with the position of its job."""
        results: dict[int, object | DocumentError] = {}
        at_once = len(jobs)
        while len(results) < len(jobs):
            if self._closed:
                raise InterruptedError("the reading process was closed")
            left = [i for i in range(len(jobs)) if i not in results][:at_once]
            if not self._go_on(left, jobs, results, told):
                at_once = 1  # what ended the process is found by doing one after another
        return [results[i] for i in range(len(jobs))]

    def close(self) -> None:
        """Ends the process, whatever it does."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """Ends the process and frees what it had; to be called by the thread that uses it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _go_on(
        self,
        left: Sequence[int],
        jobs: Sequence[Arguments],
        results: dict[int, object],
        told: Callable[[int, Pages], None],
    ) -> bool:
        """Does the jobs `left` until there are results of them or the process ends; what ended it
        is then the result of the job that it was at. False where it is not known which that was."""
        at = 0
        try:
            process = self._process or self._start()
            reason = ""
            try:
                _send(_pipe(process.stdin), [jobs[i] for i in left])
                for i in left:
                    while (said := self._heard(process)) is not None:
                        if isinstance(said, Pages):
                            told(i, said)
                    at += 1
                found = self._heard(process)
                if not isinstance(found, list):
                    raise TypeError(f"no results: {type(found).__name__}")
                results.update(zip(left, found, strict=True))
            except TimeoutError:
                reason = (
                    f"reading took longer than {self._limits.max_seconds:g} seconds and was "
                    "ended; raise reading.max_seconds to give it longer"
                )
            except (EOFError, OSError):
                reason = "the parser crashed on this file"
            if reason:
                self.end()
                if at == len(left) > 1:
                    return False
                crashed = f" (exit code {process.returncode})" if "crashed" in reason else ""
                guilty = left[min(at, len(left) - 1)]
                results[guilty] = UnreadableDocument(reason + crashed)
        except UnreadableDocument as error:  # it did not start
            results[left[0]] = error
        except BaseException:
            self.end()  # what comes next out of the pipe would be the answer to another job
            raise
        return True

    def _heard(self, process: subprocess.Popen[bytes]) -> object:
        return _receive(_pipe(process.stdout), self._limits.max_seconds)

    def _start(self) -> subprocess.Popen[bytes]:
        """A new process that has said it is ready; starting does not count as reading."""
        process = self._process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,  # Ctrl-C is for the process that asked
        )
        if self._closed:
            process.kill()
        try:
            _widen(_pipe(process.stdout))
            _send(_pipe(process.stdin), (self._task, self._limits))
            if _receive(_pipe(process.stdout), _START_SECONDS) != _READY:
                raise EOFError
        except (EOFError, OSError):
            self.end()
            raise UnreadableDocument(
                f"the reading process did not start (exit code {process.returncode}); "
                f"try: {sys.executable} -c '{_COMMAND}'"
            ) from None
        return process


def serve() -> None:
    """Does the task that is named on stdin with what comes after it there, until stdin is
    closed; results go to stdout."""
    jobs = os.fdopen(os.dup(0), "rb", buffering=0)
    results = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library may print
    with suppress(EOFError, BrokenPipeError):
        named = _receive(jobs)
        if not isinstance(named, tuple):
            raise TypeError(f"no task: {type(named).__name__}")
        task, limits = named
        each = function(task.each)
        limit_memory(limits.max_memory_bytes)

        def tell(pages: Pages) -> None:
            _send(results, pages)
            _set_alarm(limits)

        listen(tell)
        _send(results, _READY)
        while True:
            batch = _receive(jobs)
            if not isinstance(batch, list):
                raise TypeError(f"no jobs: {type(batch).__name__}")
            done: list[object | DocumentError] = []
            for arguments in batch:
                _set_alarm(limits)
                done.append(attempt(each, arguments, limits))
                _send(results, None)  # whoever asked counts the time of each
            _set_alarm(limits)
            _send(results, finished(task, done, limits))
            signal.setitimer(signal.ITIMER_REAL, 0)


def _set_alarm(limits: Reading) -> None:
    """Whoever asked ends this process in time; the alarm is for when he is gone."""
    signal.setitimer(signal.ITIMER_REAL, limits.max_seconds + _ORPHAN_SECONDS)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise TypeError("the process was started without pipes")
    return pipe


def _widen(pipe: IO[bytes]) -> None:
    """A pipe that holds a whole result, where the system can: fewer turns for both sides."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _send(pipe: IO[bytes], value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    left = memoryview(_LENGTH.pack(len(data)) + data)
    while left:
        left = left[os.write(pipe.fileno(), left) :]


def _receive(pipe: IO[bytes], seconds: float | None = None) -> object:
    """The next value, waited for so long at most; both ends of the pipe are this program.

    Raises:
        EOFError: the other end is closed. TimeoutError: it did not come in time.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    (length,) = _LENGTH.unpack(_exactly(pipe.fileno(), _LENGTH.size, deadline))
    return pickle.loads(_exactly(pipe.fileno(), length, deadline))  # noqa: S301


def _exactly(pipe: int, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while view:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not poll.poll(None if left is None else left * 1000):
            raise TimeoutError
        count = os.readv(pipe, [view])
        if not count:
            raise EOFError
        view = view[count:]
    return data
