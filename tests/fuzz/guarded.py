"""A file read as an update reads it, in a process that notices whatever else a parser does."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from rag.documents.chunk import chunk_document
from rag.documents.detect import real_ending
from rag.documents.formats import office
from rag.documents.pdf import ocr
from rag.documents.pdf.characters import Raster
from rag.documents.pdf.ocr import Recognised
from rag.errors import DocumentError
from rag.index.local import prepare
from rag.index.local.prepare import Making
from rag.settings import Chunking, Reading
from rag.types import Document

READ, REFUSED, FAILED = "read", "refused", "failed"
_FORBIDDEN = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.send", "socket.getnameinfo",
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "os.remove", "os.rename",
    "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "shutil.", "tempfile.",
    "urllib.", "http.", "ftplib.", "webbrowser.",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_seen: list[str] = []
_office: list[str] = []
# Those of Excel, too: it computes formulas.
_BY_OFFICE = {
    ".xlsx",
    ".xlsm",
    ".doc",
    ".rtf",
    ".odt",
    ".ppt",
    ".odp",
    ".xls",
    ".xlsb",
    ".ods",
    ".wps",
    ".et",
    ".dps",
}
_OFFICE_BYTES = 200_000_000
_MADE_AND_REMOVED = (
    "os.posix_spawn",
    "os.fork",
    "os.rmdir",
    "os.remove",
    "shutil.rmtree",
    "tempfile.",
)


def read(path: str, reading: Reading) -> tuple[str, str]:
    """What became of a file: one of `READ`, `REFUSED`, `FAILED`, and in words why."""
    _watch()
    _remember_pictures()
    _seen.clear()
    try:
        with _writing_for_office(path):
            return _read(path, reading)
    except Exception:  # noqa: BLE001 (that is what is looked for)
        return FAILED, traceback.format_exc()


def _read(path: str, reading: Reading) -> tuple[str, str]:
    try:
        arrived = prepare.read(path, Path(path).name, "", reading, Making(None, Chunking(), ""))
        if arrived.document is None:
            return FAILED, "the file counts as known"
        prepare.prepare([arrived])
        kind, words = READ, _flaw(arrived.document)
    except DocumentError as error:
        kind, words = REFUSED, str(error)
    if _seen:
        return FAILED, f"forbidden: {'; '.join(_seen[:5])}"
    if kind is READ and words:
        return FAILED, words
    return kind, words


def _flaw(document: Document) -> str:
    """What is wrong with a document that was read, empty where nothing is."""
    end = 0
    for block in document.blocks:
        if block.span.start < end or block.span.end > len(document.text) or not len(block.span):
            return f"blocks overlap, are empty, or reach beyond the text: {block}"
        end = block.span.end
    for chunk in chunk_document(document, Chunking()).chunks:
        if chunk.span.of(document.text) != chunk.text:
            return f"chunk {chunk.position} is not the text at its place"
    if document.source is not None:
        for run in document.origin:
            ours = document.text[run.start : run.start + run.length]
            if ours != document.source[run.source : run.source + run.length]:
                return f"{run} does not lead to the same characters"
    return ""


@cache
def _watch() -> None:
    """From now on whatever reaches beyond this process is noted, and no file can grow."""
    tempfile.gettempdir()  # asks once where that is, by writing there
    sys.addaudithook(_hear)
    _limit_writing(0)  # native code asks no hook


@cache
def _remember_pictures() -> None:
    """From now on a picture is recognised once: most files are damaged elsewhere than in their
    pictures, and one takes seconds. What a damaged one shows is another picture."""
    known: dict[tuple[int, int, bytes], list[Recognised]] = {}
    really = ocr.recognise

    def recognise(raster: Raster) -> list[Recognised]:
        picture = raster.width, raster.height, sha256(raster.pixels).digest()
        if picture not in known:
            known[picture] = really(raster)
        return known[picture]

    ocr.recognise = recognise


def _limit_writing(size: int) -> None:
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def _writing_for_office(path: str) -> Iterator[None]:
    """While a file is read that only LibreOffice reads, a folder for it may be made and the program
    be started in it."""
    with open(path, "rb") as file:  # noqa: PTH123 (a hook hears how it is opened)
        data = file.read()
    if real_ending(data, Path(path).suffix) not in _BY_OFFICE:
        yield
        return
    _limit_writing(_OFFICE_BYTES)
    _office.append(office.PREFIX)
    try:
        yield
    finally:
        _office.clear()
        _limit_writing(0)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _office and _is_for_office(event, arguments):
        return
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(flags, int) and flags & _WRITING
        if writes and path not in (os.devnull, os.devnull.encode()):
            _seen.append(f"{path!r} opened for writing ({mode!r})")
    elif event.startswith(_FORBIDDEN):
        _seen.append(f"{event} {arguments!r:.100}")


def _is_for_office(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether it is done in LibreOffice's own folder, or starts it."""
    if event == "subprocess.Popen":
        return str(office.program()) in str(arguments[1])
    places = [argument for argument in arguments if isinstance(argument, str)]
    if any(f"{os.sep}{office.PREFIX}" in place for place in places):
        return True
    inside = all(not place.startswith(os.sep) for place in places)  # by the handle of a folder
    return inside and event.startswith(_MADE_AND_REMOVED)
