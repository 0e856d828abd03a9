"""Zip archives read as folders. A file in one has a path that goes on behind the archive's:
`reports/a.zip/inner/x.txt`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from errno import ENOENT
from functools import lru_cache
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.reading.parsers.archive import Archive, Member
from rag.settings import Reading

ARCHIVE = ".zip"
_END = re.compile(r"\.zip(?=[/\\])", re.IGNORECASE)
_MOST_NAME = 1_000  # characters
_MOST_SHOWN = 200
# Archives kept open in a process: their contents are listed once, not for each file.
_KEPT_OPEN = 4


@dataclass(frozen=True, slots=True)
class Inside:
    """A file in an archive: its name there; `problem` says why it is not to be read, if so."""

    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    archive: Archive
    everything: tuple[Member, ...]
    members: dict[str, Member]
    mtime_ns: int


def list_archive(path: Path, limits: Reading) -> Iterator[Inside]:
    """The files in an archive, by name. One whose name leads out of it, stands there twice, or
    is an archive itself, has a `problem`.

    Raises:
        UnreadableDocument: no zip archive, damaged, too many files, or too large.
    """
    there = _opened(path, limits)
    for member in sorted(there.everything, key=lambda one: (one.name, one.index)):
        problem = _problem(member, limits)
        if there.members[member.name] is not member:
            problem = "a second file of this name in the archive"
        shown = member.name if member.name.isprintable() else ascii(member.name)[1:-1]
        yield Inside(shown[:_MOST_SHOWN] if problem else member.name, problem)


def _problem(member: Member, limits: Reading) -> str:
    parts = member.name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or re.match("[A-Za-z]:", parts[0]):
        return "its name leads out of the archive"
    if not member.name.isprintable() or len(member.name) > _MOST_NAME:
        return f"no name of a file (unprintable, or more than {_MOST_NAME:,} characters)"
    if any(part.lower().endswith(ARCHIVE) for part in parts):
        return "an archive in an archive; unpack it to have it read"
    if member.size > limits.max_file_bytes:
        return (
            f"the file has {member.size:,} bytes, the limit is {limits.max_file_bytes:,}; raise "
            "reading.max_file_bytes to read it"
        )
    return ""


def in_archive(path: str) -> tuple[Path, str] | None:
    """The archive that a path goes on behind, and the name in it; None for any other path.

    >>> in_archive("reports/plain.txt") is None
    True
    """
    if ARCHIVE not in path.lower():  # as most
        return None
    for match in _END.finditer(path):
        if os.path.isfile(path[: match.end()]):  # noqa: PTH113 (as many as there are files)
            return Path(path[: match.end()]), path[match.end() + 1 :].replace(os.sep, "/")
    return None


def file_state(path: str, limits: Reading) -> tuple[int, int]:
    """Size in bytes and time of the last change, nanoseconds, of a file or one in an archive.

    Raises:
        OSError: it is not there. UnreadableDocument: the archive cannot be read.
    """
    inside = in_archive(path)
    if inside is None:
        now = os.stat(path)  # noqa: PTH116 (as many as there are files)
        return now.st_size, now.st_mtime_ns
    there = _opened(inside[0], limits)
    member = there.members.get(inside[1])
    if member is None:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    return member.size, there.mtime_ns


def read_member(archive: Path, name: str, limits: Reading) -> tuple[bytes, int]:
    """The bytes of a file in an archive that does not change while it is read, and the time of
    the archive's last change, nanoseconds.

    Raises:
        UnreadableDocument: it is not there, damaged, encrypted or too large, or the archive is.
    """
    there = _opened(archive, limits)
    member = there.members.get(name)
    problem = "it is not in the archive" if member is None else _problem(member, limits)
    if member is None or problem:
        raise UnreadableDocument(problem)
    data = there.archive.read_member(member)
    if _opened(archive, limits) is not there:
        raise UnreadableDocument("the archive changed while it was read; try again")
    return data, there.mtime_ns


def _opened(path: Path, limits: Reading) -> _Open:
    try:
        now = path.stat()
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
    return _open(path, now.st_size, now.st_mtime_ns, limits.max_unpacked_bytes)


@lru_cache(maxsize=_KEPT_OPEN)
def _open(path: Path, _size: int, mtime_ns: int, max_bytes: int) -> _Open:
    archive = Archive(path, max_bytes)
    everything = archive.members()
    members: dict[str, Member] = {}
    for member in everything:
        members.setdefault(member.name, member)
    return _Open(archive, everything, members, mtime_ns)
