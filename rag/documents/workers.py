"""Processes in which files are read: limits of time and memory, progress by pages.

A parser of a foreign format may hang, swell or crash on a damaged file; the process is ended and
the run goes on. It is a new interpreter with pipes, neither a fork of this one (which may have
threads) nor one that runs the caller's script again. A file whose pages take seconds each tells
how far it is read, and gives up a page that takes too long.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from queue import Empty, SimpleQueue
from types import FrameType
from typing import IO, Any

from rag.errors import DocumentError, ReadingTimeout, UnreadableDocument, UnsupportedFormat
from rag.settings import Reading

_SIGNAL_OF_PARENT, _SIGKILL = 1, 9


def child_environment() -> dict[str, str]:
    """The variables of this process, and the path on which its modules are found. Tokenizers use
    one thread: there are as many processes as cores."""
    path = os.pathsep.join(part for part in sys.path if part)
    return {"TOKENIZERS_PARALLELISM": "false", **os.environ, "PYTHONPATH": path}


def limit_memory(limit: int) -> None:
    """Limits the address space of this process to `limit` bytes, where the system can."""
    try:
        import resource
    except ImportError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def end_with_parent() -> None:
    """From now on the system ends this process when the thread that started it ends, whatever it
    does; on Linux only.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SIGNAL_OF_PARENT, _SIGKILL)


RETRY = "rag index --retry-skipped"
"""With these words a warning ends that is of no matter once the file is read again."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How many pages of a file are read, of how many that take long."""

    done: int
    total: int


class PageTooLong(BaseException):
    """A page took longer than it may. No `Exception`: no library is to take it for its own."""


_listeners: list[Callable[[Pages], None]] = []


def listen(listener: Callable[[Pages], None]) -> None:
    """Has `listener` called after each page, in place of an earlier one."""
    _listeners[:] = [listener]


def tell_pages(done: int, total: int) -> None:
    """Says how far the file is that is being read."""
    for listener in _listeners:
        listener(Pages(done, total))


@contextmanager
def page_limit(seconds: float) -> Iterator[None]:
    """Ends what is done inside after so many seconds, as soon as a library's native code returns.
    Where the system has no timers, and in other threads than the first, there is no end.

    Raises:
        PageTooLong: it was ended.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise PageTooLong

    before = signal.signal(signal.SIGALRM, end)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)


Arguments = tuple[object, ...]

_READY = "ready"
_START_SECONDS = 300.0
_LENGTH = struct.Struct(">Q")
_PIPE_BYTES = 1 << 20
_ORPHAN_SECONDS = 10.0
"""How long after its time a file goes on to be read when nobody is there to end it."""
_TELLING = ("PATH", "PYTHONPATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
_COMMAND = "from rag.documents.workers import serve; serve()"


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
    except (ReadingTimeout, UnsupportedFormat) as error:
        return type(error)(str(error))
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


def apart(task: str, arguments: Arguments, limits: Reading) -> Any:
    """What one call of `module:function` gives in a process of its own.

    Raises:
        DocumentError: see `attempt` and `Worker.do`.
    """
    worker = Worker(Task(task), limits)
    try:
        (found,) = worker.do([arguments])
    finally:
        worker.end()
    if isinstance(found, DocumentError):
        raise found
    return found


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
        self._messages: SimpleQueue[bytearray | Exception] = SimpleQueue()
        self._closed = False
        self._started: tuple[str, Mapping[str, str]] = ("", {})

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

    @property
    def runs(self) -> bool:
        """Whether its process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def is_like(self, task: Task, limits: Reading) -> bool:
        """Whether its process runs and is as one would be that is started now for this task."""
        return (
            self.runs
            and (self._task, self._limits) == (task, limits)
            and self._started == (_COMMAND, _telling(child_environment()))
        )

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
        with suppress(OSError):
            _pipe(process.stdin).close()  # the other one is closed by the thread that reads it

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
            failed: UnreadableDocument | None = None
            try:
                _send(_pipe(process.stdin), [jobs[i] for i in left])
                for i in left:
                    while (said := self._heard(self._limits.max_seconds)) is not None:
                        if isinstance(said, Pages):
                            told(i, said)
                    at += 1
                found = self._heard(self._limits.max_seconds)
                if not isinstance(found, list):
                    raise TypeError(f"no results: {type(found).__name__}")
                results.update(zip(left, found, strict=True))
            except TimeoutError:
                self.end()
                failed = ReadingTimeout(
                    f"reading took longer than {self._limits.max_seconds:g} seconds and was "
                    "ended; raise reading.max_seconds to give it longer"
                )
            except (EOFError, OSError):
                self.end()
                failed = UnreadableDocument(
                    f"the parser crashed on this file (exit code {process.returncode})"
                )
            if failed is not None:
                if at == len(left) > 1:
                    return False
                results[left[min(at, len(left) - 1)]] = failed
        except UnreadableDocument as error:  # it did not start
            results[left[0]] = error
        except BaseException:
            self.end()  # what comes next out of the pipe would be the answer to another job
            raise
        return True

    def _heard(self, seconds: float) -> object:
        """What the process says next, waited for so long at most. A thread reads its pipe, as not
        every system can wait for one.

        Raises:
            EOFError: the process has ended. TimeoutError: nothing came in time.
        """
        try:
            data = self._messages.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(data, Exception):
            raise data
        return pickle.loads(data)  # noqa: S301 (the other end is this program)

    def _start(self) -> subprocess.Popen[bytes]:
        """A new process that has said it is ready; starting does not count as reading."""
        environment = child_environment()
        self._started = (_COMMAND, _telling(environment))
        process = self._process = _starter().submit(_open, environment).result()
        if self._closed:
            process.kill()
        self._messages = SimpleQueue()
        output = _pipe(process.stdout)
        _widen(output)  # before the thread, which closes it where the process ends at once
        threading.Thread(target=_listen, args=(output, self._messages), daemon=True).start()
        try:
            _send(_pipe(process.stdin), (self._task, self._limits))
            if self._heard(_START_SECONDS) != _READY:
                raise EOFError
        except (EOFError, OSError):
            self.end()
            raise UnreadableDocument(
                f"the reading process did not start (exit code {process.returncode}); "
                f"try: {sys.executable} -c '{_COMMAND}'"
            ) from None
        return process


@cache
def _starter() -> ThreadPoolExecutor:
    """The thread that starts the processes: they end with the thread that started them (see
    `end_with_parent`), so that it has to last as long as the program."""
    return ThreadPoolExecutor(1, "starting")


def _open(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the process that asked
    )


def _telling(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which reading goes: where programs, modules and temporary files are, and our
    own."""
    return {
        name: value
        for name, value in environment.items()
        if name in _TELLING or name.startswith(("RAG_", "WENJU_", "HF_", "OMP_"))
    }


def serve() -> None:
    """Does the task that is named on stdin with what comes after it there, until stdin is
    closed; results go to stdout."""
    end_with_parent()
    jobs = os.fdopen(os.dup(0), "rb", buffering=0)
    results = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library may print
    with suppress(EOFError, BrokenPipeError):
        named = pickle.loads(_receive(jobs))  # noqa: S301 (the other end is this program)
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
            batch = pickle.loads(_receive(jobs))  # noqa: S301
            if not isinstance(batch, list):
                raise TypeError(f"no jobs: {type(batch).__name__}")
            done: list[object | DocumentError] = []
            for arguments in batch:
                _set_alarm(limits)
                done.append(attempt(each, arguments, limits))
                _send(results, None)  # whoever asked counts the time of each
            _set_alarm(limits)
            _send(results, finished(task, done, limits))
            _set_alarm(None)


def _set_alarm(limits: Reading | None) -> None:
    """Whoever asked ends this process in time; the alarm, where the system has one, is for when he
    is gone."""
    if hasattr(signal, "setitimer"):
        seconds = 0 if limits is None else limits.max_seconds + _ORPHAN_SECONDS
        signal.setitimer(signal.ITIMER_REAL, seconds)


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
        left = left[pipe.write(left) :]


def _listen(pipe: IO[bytes], messages: SimpleQueue[bytearray | Exception]) -> None:
    """Puts what comes out of a pipe into a queue, to its end, and the end too."""
    with pipe:
        try:
            while True:
                messages.put(_receive(pipe))
        except (EOFError, OSError, MemoryError) as error:
            messages.put(error)


def _receive(pipe: IO[bytes]) -> bytearray:
    """The next value, pickled.

    Raises:
        EOFError: the other end is closed.
    """
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = pipe.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]
    return data
