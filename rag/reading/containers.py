"""Files in files, read as folders: archives (zip, tar), and messages with the files attached to
them. A file in one has a path that goes on behind the container's: `reports/a.zip/inner/x.txt`,
`mail.eml/offer.xlsx`, `post.mbox/00001.eml/offer.xlsx`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from errno import ENOENT
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from rag.documents.formats.mail import may_attach, parse_eml
from rag.documents.formats.mailbox import Mailbox
from rag.documents.formats.outlook import parse_msg
from rag.errors import UnreadableDocument
from rag.reading.detect import is_package
from rag.reading.parsers.archive import Archive, Member
from rag.reading.parsers.compound import MAGIC
from rag.reading.parsers.tarball import Tarball
from rag.settings import Reading

_ZIP = (".zip",)
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
_ARCHIVES = (*_ZIP, *_TAR)
MESSAGES = (".eml", ".msg")
"""The endings of files that are a document and may hold others."""
_MAILBOXES = (".mbox",)
_CONTAINERS = (*_ARCHIVES, *MESSAGES, *_MAILBOXES)
_END = re.compile(
    r"\.(?:zip|tar(?:\.(?:gz|bz2|xz))?|tgz|tbz2?|txz|eml|msg|mbox)(?=[/\\])", re.IGNORECASE
)
_MOST_NAME = 1_000  # characters
_MOST_SHOWN = 200
_MOST_INSIDE = 200_000
_DEEPEST = 4  # containers in one another
# Containers kept open in a process: their contents are listed once, not for each file.
_KEPT_OPEN = 4


@dataclass(frozen=True, slots=True)
class Inside:
    """A file in a container: its name there; `problem` says why it is not to be read, if so."""

    name: str
    problem: str = ""


class _Container(Protocol):
    def members(self) -> tuple[Member, ...]:
        """All files, in order."""

    def read_member(self, member: Member) -> bytes:
        """The bytes of one."""


class _Attached:
    """The files attached to a message."""

    def __init__(self, data: bytes, ending: str, max_bytes: int) -> None:
        mail = None
        if ending == ".msg" and data.startswith(MAGIC):
            mail = parse_msg(data, max_bytes)
        elif may_attach(data):
            mail = parse_eml(data)
        self._files = mail.attachments if mail is not None else ()

    def members(self) -> tuple[Member, ...]:
        return tuple(Member(one.name, len(one.data), i) for i, one in enumerate(self._files))

    def read_member(self, member: Member) -> bytes:
        return self._files[member.index].data


@dataclass(frozen=True, slots=True)
class _Open:
    """An open container; `archived` tells that it is an archive or lies in one, `depth` how many
    it lies in. `members` are the first of each name, `mtime_ns` the time of the file's change."""

    container: _Container
    everything: tuple[Member, ...]
    members: Mapping[str, Member]
    mtime_ns: int
    archived: bool
    depth: int


def is_container(name: str) -> bool:
    """Whether a file of this name may hold others."""
    return name.lower().endswith(_CONTAINERS)


def is_document(path: Path) -> bool:
    """Whether a container is a document as well: a message, or an office file called an archive.

    Raises:
        UnreadableDocument: it cannot be read.
    """
    name = path.name.lower()
    if name.endswith(_ZIP):
        try:
            return is_package(path)
        except OSError as error:
            raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
    return name.endswith(MESSAGES)


def list_inside(path: Path, limits: Reading) -> Iterator[Inside]:
    """The files in a container, by name, and those in containers in it. One whose name leads out
    of it, stands there twice, or is an archive in an archive, has a `problem`.

    Raises:
        UnreadableDocument: no such container, damaged, too many files, or too large.
    """
    for number, inside in enumerate(_listed(_opened(path, limits), "", limits)):
        if number >= _MOST_INSIDE:
            yield Inside("…", f"more than {_MOST_INSIDE:,} files in the file; split it")
            return
        yield inside


def _listed(there: _Open, prefix: str, limits: Reading) -> Iterator[Inside]:
    for member in sorted(there.everything, key=lambda one: (one.name, one.index)):
        problem = _problem(member, there, limits)
        if there.members[member.name] is not member:
            problem = "a second file of this name in the archive"
        shown = member.name if member.name.isprintable() else ascii(member.name)[1:-1]
        name = prefix + (shown[:_MOST_SHOWN] if problem else member.name)
        if problem or not is_container(member.name):
            yield Inside(name, problem)
            continue
        if member.name.lower().endswith(MESSAGES):
            yield Inside(name)
        try:
            yield from _listed(_inner(there, member, limits), f"{name}/", limits)
        except UnreadableDocument as error:
            if not member.name.lower().endswith(MESSAGES):  # a message says so itself
                yield Inside(name, str(error))


def _problem(member: Member, there: _Open, limits: Reading) -> str:
    parts = member.name.split("/")
    problem = member.problem
    if not {"", ".", ".."}.isdisjoint(parts) or re.match("[A-Za-z]:", parts[0]):
        problem = "its name leads out of the archive"
    elif not member.name.isprintable() or len(member.name) > _MOST_NAME:
        problem = f"no name of a file (unprintable, or more than {_MOST_NAME:,} characters)"
    elif there.archived and any(part.lower().endswith(_ARCHIVES) for part in parts):
        problem = "an archive in an archive; unpack it to have it read"
    elif there.depth >= _DEEPEST and is_container(member.name):
        problem = f"more than {_DEEPEST} files in one another; save it as a file of its own"
    elif member.size > limits.max_file_bytes:
        problem = (
            f"the file has {member.size:,} bytes, the limit is {limits.max_file_bytes:,}; raise "
            "reading.max_file_bytes to read it"
        )
    return problem


def in_container(path: str) -> tuple[Path, str] | None:
    """The container that a path goes on behind, and the name in it; None for any other path.

    >>> in_container("reports/plain.txt") is None
    True
    """
    for match in _END.finditer(path):
        if os.path.isfile(path[: match.end()]):  # noqa: PTH113 (as many as there are files)
            return Path(path[: match.end()]), path[match.end() + 1 :].replace(os.sep, "/")
    return None


def file_state(path: str, limits: Reading) -> tuple[int, int]:
    """Size in bytes and time of the last change, nanoseconds, of a file or one in a container.

    Raises:
        OSError: it is not there. UnreadableDocument: the container cannot be read.
    """
    inside = in_container(path)
    if inside is None:
        now = os.stat(path)  # noqa: PTH116 (as many as there are files)
        return now.st_size, now.st_mtime_ns
    found = _found(_opened(inside[0], limits), inside[1], limits)
    if found is None:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
    there, member = found
    return member.size, there.mtime_ns


def read_member(container: Path, name: str, limits: Reading) -> tuple[bytes, int]:
    """The bytes of a file in a container that does not change while it is read, and the time of
    the container's last change, nanoseconds.

    Raises:
        UnreadableDocument: it is not there, damaged, encrypted or too large, or the container is.
    """
    outer = _opened(container, limits)
    found = _found(outer, name, limits)
    if found is None:
        raise UnreadableDocument("it is not in the archive")
    there, member = found
    if problem := _problem(member, there, limits):
        raise UnreadableDocument(problem)
    data = there.container.read_member(member)
    if _opened(container, limits) is not outer:
        raise UnreadableDocument("the archive changed while it was read; try again")
    return data, there.mtime_ns


def _found(there: _Open, name: str, limits: Reading) -> tuple[_Open, Member] | None:
    """A file in a container or in one in it, with the container that holds it."""
    member = there.members.get(name)
    if member is not None:
        return there, member
    for match in _END.finditer(name):
        holder = there.members.get(name[: match.end()])
        if holder is not None and not _problem(holder, there, limits):
            return _found(_inner(there, holder, limits), name[match.end() + 1 :], limits)
    return None


def _opened(path: Path, limits: Reading) -> _Open:
    try:
        now = path.stat()
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
    return _open(
        path, now.st_size, now.st_mtime_ns, limits.max_unpacked_bytes, limits.max_file_bytes
    )


@lru_cache(maxsize=_KEPT_OPEN)
def _open(path: Path, size: int, mtime_ns: int, max_bytes: int, max_file_bytes: int) -> _Open:
    name = path.name.lower()
    if name.endswith(_ARCHIVES):
        kind = Archive if name.endswith(_ZIP) else Tarball
        return _filled(kind(path, max_bytes), mtime_ns, archived=True, depth=1)
    if name.endswith(_MAILBOXES):
        return _filled(Mailbox(path, max_bytes), mtime_ns, archived=False, depth=1)
    if size > max_file_bytes:
        raise UnreadableDocument(
            f"the file has {size:,} bytes, the limit is {max_file_bytes:,}; raise "
            "reading.max_file_bytes to read it"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
    return _filled(_Attached(data, name[-4:], max_bytes), mtime_ns, archived=False, depth=1)


@lru_cache(maxsize=_KEPT_OPEN)
def _inside(outer: _Key, member: Member, max_bytes: int) -> _Open:
    there = outer.there
    name = member.name.lower()
    data = there.container.read_member(member)
    archived = there.archived or name.endswith(_ARCHIVES)
    inner: _Container
    if name.endswith(_ZIP):
        inner = Archive(data, max_bytes)
    elif name.endswith(_TAR):
        inner = Tarball(data, max_bytes)
    elif name.endswith(_MAILBOXES):
        inner = Mailbox(data, max_bytes)
    else:
        inner = _Attached(data, name[-4:], max_bytes)
    return _filled(inner, there.mtime_ns, archived=archived, depth=there.depth + 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Key:
    """A container that is compared by being the same one."""

    there: _Open

    def __hash__(self) -> int:
        return id(self.there)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.there is self.there


def _inner(there: _Open, member: Member, limits: Reading) -> _Open:
    return _inside(_Key(there), member, limits.max_unpacked_bytes)


def _filled(container: _Container, mtime_ns: int, *, archived: bool, depth: int) -> _Open:
    everything = container.members()
    members: dict[str, Member] = {}
    for member in everything:
        members.setdefault(member.name, member)
    return _Open(container, everything, members, mtime_ns, archived, depth)
