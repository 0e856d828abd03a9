"""Files read in a process of its own, which is ended when it takes too long or too much memory.

A parser of a foreign format may hang, swell or crash on a damaged file; the run goes on.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rag.errors import DocumentError, UnreadableDocument, UnsupportedFormat
from rag.reading.child import child_environment, limit_memory
from rag.reading.formats import is_foreign
from rag.reading.load import read_document
from rag.settings import Reading
from rag.types import Document

_READY = "ready"
_LENGTH = struct.Struct(">Q")
_COMMAND = "from rag.reading.worker import serve; serve()"

_Job = tuple[Path, str, Reading]
_Result = Document | DocumentError


class Reader:
    """Reads files one after the other; a context manager, which ends its process. Text files
    are read in this process, all others in another one, which is started when it is needed."""

    def __init__(self, settings: Reading) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def read(self, path: Path, name: str) -> Document:
        """A file as a Document; see `read_document`.

        Raises:
            UnsupportedFormat: no parser for the file's ending.
            UnreadableDocument: as for `read_document`, or the limits of time or memory are
                exceeded, or the parser crashed.
        """
        if not is_foreign(path.suffix):
            return read_document(path, name, self._settings)
        result = self._ask((path, name, self._settings))
        if isinstance(result, DocumentError):
            raise result
        return result

    def _ask(self, job: _Job) -> _Result:
        process = self._process or self._started()
        if process.stdin is None or process.stdout is None:
            raise TypeError("the process was started without pipes")
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._settings.max_seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            _send(process.stdin, job)
            result = _receive(process.stdout)
        except (EOFError, OSError):
            self._end()
            raise UnreadableDocument(self._fate(late.is_set(), process.returncode)) from None
        except BaseException:
            self._end()  # what comes next out of the pipe would be the answer to this job
            raise
        finally:
            timer.cancel()
        if not isinstance(result, (Document, DocumentError)):
            raise TypeError(f"the reading process answered {type(result).__name__}")
        return result

    def _started(self) -> subprocess.Popen[bytes]:
        """A new process that has said it is ready; starting does not count as reading."""
        process = self._process = _start()
        try:
            if process.stdout is None or _receive(process.stdout) != _READY:
                raise EOFError
        except EOFError:
            self._end()
            raise UnreadableDocument(
                f"the reading process did not start (exit code {process.returncode}); "
                f"try: {sys.executable} -c '{_COMMAND}'"
            ) from None
        return process

    def _fate(self, late: bool, code: int | None) -> str:
        if late:
            return (
                f"reading took longer than {self._settings.max_seconds:g} seconds and was ended; "
                "raise reading.max_seconds to give it longer"
            )
        return f"the parser crashed on this file (exit code {code})"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,  # Ctrl-C is for the process that asked
    )


def serve() -> None:
    """Reads the files that are asked for on stdin until it is closed; results go to stdout."""
    jobs = sys.stdin.buffer
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library may print
    _send(results, _READY)
    while True:
        try:
            job = _receive(jobs)
        except EOFError:
            return
        if not isinstance(job, tuple):
            raise TypeError(f"no job: {type(job).__name__}")
        path, name, settings = job
        limit_memory(settings.max_memory_bytes)
        _send(results, _result(path, name, settings))


def _result(path: Path, name: str, settings: Reading) -> _Result:
    try:
        return read_document(path, name, settings)
    except UnsupportedFormat as error:
        return UnsupportedFormat(str(error))
    except DocumentError as error:
        return UnreadableDocument(str(error))
    except MemoryError:
        return UnreadableDocument(
            f"reading needs more than {settings.max_memory_bytes:,} bytes of memory; raise "
            "reading.max_memory_bytes to give it more"
        )
    except Exception as error:  # noqa: BLE001 (a parser that fails must not end the run)
        return UnreadableDocument(f"the file cannot be parsed ({type(error).__name__}: {error})")


def _send(pipe: IO[bytes], value: object) -> None:
    data = pickle.dumps(value)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> object:
    """The next value; both ends of the pipe are this program.

    Raises:
        EOFError: the other end is closed.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301
