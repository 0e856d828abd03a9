"""Files, in folders and in other files, into Documents.

Files in files, read as folders: archives (zip, tar), and messages with the files attached to
them. A file in one has a path that goes on behind the container's: `reports/a.zip/inner/x.txt`,
`mail.eml/offer.xlsx`, `post.mbox/00001.eml/offer.xlsx`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import Protocol

from rag.documents.detect import is_package, named, parser_of, real_ending, supported
from rag.documents.discover import SIDECAR, ignored
from rag.documents.formats.archives import MAGIC, Archive, Mailbox, Member, Tarball
from rag.documents.headings import not_after
from rag.documents.pool import Job, Pool
from rag.documents.workers import Task
from rag.errors import DocumentError, ReadingTimeout, UnreadableDocument, UnsupportedFormat
from rag.settings import Reading
from rag.types import Document

_ZIP = (".zip",)
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
_ARCHIVES = (*_ZIP, *_TAR)
_MESSAGES = (".eml", ".msg")  # a document each, which may hold others
_MAILBOXES = (".mbox",)
# Parsers of mail are loaded when a message is opened: they need those of web pages and of pages.
_MAY_ATTACH = "rag.documents.formats.email:may_attach"
_PARSE_EML = "rag.documents.formats.email:parse_eml"
_PARSE_MSG = "rag.documents.formats.email:parse_msg"
_CONTAINERS = (*_ARCHIVES, *_MESSAGES, *_MAILBOXES)
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
    """A file in a container: its name there, its size in bytes; `problem` says why it is not to be
    read, if so."""

    name: str
    problem: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What a container holds: whether it is a document as well, the files in it, the time of its
    last change, nanoseconds, and why no more could be listed, if so."""

    document: bool
    inside: tuple[Inside, ...]
    mtime_ns: int = 0
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
            mail = named(_PARSE_MSG)(data, max_bytes)
        elif named(_MAY_ATTACH)(data):
            mail = named(_PARSE_EML)(data)
        self._files = mail.attachments if mail is not None else ()

    def members(self) -> tuple[Member, ...]:
        return tuple(Member(one.name, len(one.data), i) for i, one in enumerate(self._files))

    def read_member(self, member: Member) -> bytes:
        data: bytes = self._files[member.index].data
        return data


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


def contents(place: str, limits: Reading) -> Contents:
    """What the container at `place` holds, by name, and what containers in it hold. A file whose
    name leads out of it, stands there twice, or is an archive in an archive, has a `problem`."""
    path, name = Path(place), place.lower()
    document, mtime_ns, problem = name.endswith(_MESSAGES), 0, ""
    inside: list[Inside] = []
    try:
        if name.endswith(_ZIP):
            document = _is_package(path)
        if document and not name.endswith(_MESSAGES):
            return Contents(document, ())
        there = _opened(path, limits)
        mtime_ns = there.mtime_ns
        for one in _listed(there, "", limits):
            if len(inside) == _MOST_INSIDE:
                many = f"more than {_MOST_INSIDE:,} files in the file; split it"
                inside.append(Inside("…", many))
                break
            inside.append(one)
    except UnreadableDocument as error:
        problem = str(error)
    return Contents(document, tuple(inside), mtime_ns, problem)


def _is_package(path: Path) -> bool:
    """Whether an archive is an office file that is called one."""
    try:
        return is_package(path)
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None


def _listed(there: _Open, prefix: str, limits: Reading) -> Iterator[Inside]:
    for member in sorted(there.everything, key=lambda one: (one.name, one.index)):
        problem = _problem(member, there, limits)
        if there.members[member.name] is not member:
            problem = "a second file of this name in the archive"
        shown = member.name if member.name.isprintable() else ascii(member.name)[1:-1]
        name = prefix + (shown[:_MOST_SHOWN] if problem else member.name)
        if problem or not is_container(member.name):
            yield Inside(name, problem, member.size)
            continue
        if member.name.lower().endswith(_MESSAGES):
            yield Inside(name, size=member.size)
        try:
            yield from _listed(_inner(there, member, limits), f"{name}/", limits)
        except UnreadableDocument as error:
            if not member.name.lower().endswith(_MESSAGES):  # a message says so itself
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


_HIDDEN = re.compile(r"^[.~]|~$|\.(?:tmp|swp|part|crdownload)$", re.IGNORECASE)
_DATE = re.compile(r"^\d{4}(?:-\d{2}(?:-\d{2})?)?$")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to be read: `place` is its path and `root` the path argument under which it was
    found, both from the root and without `..`, links kept; `name` is the document's name in the
    collection; `problem` says why it is not to be read, if so, `hung` that this is the time it
    took. `state` is size in bytes and time of the last change, nanoseconds, of a file in a
    container."""

    place: str
    name: str
    root: str
    problem: str = ""
    hung: bool = False
    state: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.place)


def find_files(
    paths: Iterable[Path],
    limits: Reading | None = None,
    *,
    refused: Mapping[str, str] = MappingProxyType({}),
    waiting: Callable[[str], None] | None = None,
) -> list[FoundFile]:
    """The files under `paths`, folders walked in sorted order, archives as folders, messages with
    the files in them; hidden and temporary files, `corpus.toml`, links to folders, and what the
    folder's `.ragignore` names are left out. Links out of the folder, what is no regular file, and
    archives that exceed the `limits` have a `problem`, and so has what is `refused`, by its place.
    Names are relative to the path argument, with `/`; where a name is taken, the later one gets its
    root folder's name in front, then a number. Containers are opened in another process; while one
    takes long, `waiting` is called with its place.

    Raises:
        DocumentError: a path does not exist.
    """
    found: list[FoundFile] = []
    seen: set[str] = set()
    names: set[str] = set()
    with closing(_Containers(limits or Reading(), waiting)) as containers:
        for path in paths:
            if not path.exists():
                raise DocumentError(f"no such file or folder: {path}")
            root = os.path.abspath(path)  # noqa: PTH100 (resolve follows links)
            base = os.path.realpath(root)
            inside, start = os.path.join(base, ""), len(os.path.join(root, ""))  # noqa: PTH118
            for file, plain in [_itself(root)] if path.is_file() else _walk(root):
                if plain:  # no folder between it and the root is a link
                    real, problem = inside + file.place[start:], file.problem
                else:
                    real = os.path.realpath(file.place)
                    problem = file.problem or _load_problem(real, base, inside)
                if real in seen:
                    continue
                seen.add(real)
                problem = problem or refused.get(file.place, "")
                whole = replace(file, problem=problem) if problem else file
                for one in containers.unpacked(whole):
                    free = _free(one, names)
                    names.add(free)
                    problem = one.problem or refused.get(one.place, "")
                    same = (free, problem) == (one.name, one.problem)
                    found.append(one if same else replace(one, name=free, problem=problem))
    return found


def _itself(path: str) -> tuple[FoundFile, bool]:
    return FoundFile(path, os.path.basename(path), path), False  # noqa: PTH119


class _Containers:
    """Lists what containers hold, in another process, which is started for the first one."""

    def __init__(self, limits: Reading, waiting: Callable[[str], None] | None) -> None:
        self._pool = Pool(Task("rag.documents.load:contents"), limits, 1)
        self._limits = limits
        self._waiting = waiting

    def close(self) -> None:
        self._pool.close()

    def unpacked(self, file: FoundFile) -> Iterator[FoundFile]:
        """The files in a container, and a message itself; of any other file itself."""
        if file.problem or not is_container(file.place):
            yield file
            return
        found = self._contents(file.place)
        if isinstance(found, DocumentError):
            yield replace(file, problem=str(found), hung=isinstance(found, ReadingTimeout))
            return
        if found.document:
            yield file
        left_out = ignored(Path(file.root)) if file.place != file.root else None
        for inside in found.inside:
            name = f"{file.name}/{inside.name}"
            aside = any(_aside(part) for part in inside.name.split("/"))
            if inside.problem:
                yield replace(file, name=name, problem=inside.problem)
            elif not (aside or (left_out and left_out.covers(name))):
                place, state = f"{file.place}/{inside.name}", (inside.size, found.mtime_ns)
                yield replace(file, name=name, place=place, state=state)
        if found.problem and not found.document:  # a message says so itself when it is read
            yield replace(file, problem=found.problem)

    def _contents(self, place: str) -> Contents | DocumentError:
        for outcome in self._pool.results([Job((place, self._limits), 0)]):
            if isinstance(outcome, Contents | DocumentError):
                return outcome
            if self._waiting is not None:
                self._waiting(place)
        raise TypeError(f"nothing was said of {place}")


def _walk(root: str) -> Iterator[tuple[FoundFile, bool]]:
    """The files under a folder, and whether each is a regular file, no link. Links to folders are
    not entered. A folder that cannot be read is found as a file with that problem."""
    left_out = ignored(Path(root))
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        place = os.path.join(root, prefix)  # noqa: PTH118 (as many as there are files)
        try:
            with os.scandir(place) as entries:
                there = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            problem = f"the folder cannot be read: {error.strerror}"
            yield FoundFile(place.rstrip("/"), prefix.rstrip("/") or ".", root, problem), False
            continue
        folders = []
        for entry in there:
            name = prefix + entry.name
            folder = _is_folder(entry)
            aside = _HIDDEN.search(entry.name) if folder else _aside(entry.name)
            if aside or (folder and entry.is_symlink()) or left_out(name, folder=folder):
                continue
            if folder:
                folders.append(f"{name}/")
            else:
                plain = entry.is_file(follow_symlinks=False)
                yield FoundFile(place + entry.name, name, root), plain
        waiting += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _aside(name: str) -> bool:
    """Whether files of this name are never documents."""
    return _HIDDEN.search(name) is not None or name == SIDECAR


def _load_problem(real: str, base: str, inside: str) -> str:
    """Why a file is not to be read; opening a pipe would wait for ever."""
    if real != base and not real.startswith(inside):
        return "a symbolic link that leads out of the folder; name what it leads to, to read it"
    with suppress(OSError):
        if not S_ISREG(os.stat(real).st_mode):  # noqa: PTH116 (as many as there are files)
            return "no regular file (a pipe, socket or device)"
    return ""


def _free(file: FoundFile, taken: set[str]) -> str:
    if file.name not in taken:
        return file.name
    root = Path(file.root).resolve()
    folder = (root.parent if root.is_file() else root).name
    candidate, number = file.name, 1
    while candidate in taken:
        prefix = folder if number == 1 else f"{folder}-{number}"
        candidate = f"{prefix}/{file.name}"
        number += 1
    return candidate


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file, and the time of its last change, nanoseconds."""

    data: bytes
    mtime_ns: int


def read_bytes(path: Path, settings: Reading) -> bytes:
    """The bytes of a file; see `read_content`."""
    return read_content(path, settings).data


def read_content(path: Path, settings: Reading) -> Content:
    """The content of a file, or of one in an archive, that does not change while it is read.

    Raises:
        UnreadableDocument: too large, not readable, or changed in the meantime.
    """
    inside = in_container(str(path))
    if inside is not None:
        return Content(*read_member(*inside, settings))
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > settings.max_file_bytes:
                raise UnreadableDocument(
                    f"the file has {before.st_size:,} bytes, the limit is "
                    f"{settings.max_file_bytes:,}; raise reading.max_file_bytes to read it"
                )
            data = file.read(settings.max_file_bytes + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
    if len(data) != before.st_size or (before.st_size, before.st_mtime_ns) != (
        after.st_size,
        after.st_mtime_ns,
    ):
        raise UnreadableDocument("the file changed while it was read; try again")
    return Content(data, after.st_mtime_ns)


def read_document(path: Path, name: str, settings: Reading) -> Document:
    """A file as a Document, named `name` in the collection; its id is a hash of its bytes and
    the name.

    Raises:
        UnsupportedFormat: no parser for the file's ending.
        UnreadableDocument: empty, binary, damaged, in no known encoding, too large, unreadable.
    """
    return parse_document(read_bytes(path, settings), path, name, settings)


def parse_document(data: bytes, path: Path, name: str, settings: Reading) -> Document:
    """The bytes of the file at `path` as a Document; what they are wins over the ending of its
    name. See `read_document`."""
    ending = real_ending(data, path.suffix)
    parse = parser_of(ending)
    if parse is None:
        raise UnsupportedFormat(
            f"{ending} files cannot be read; supported: {', '.join(supported())}"
        )
    cleaned = parse(data, settings)
    if not cleaned.text:
        raise UnreadableDocument("nothing is left of the file once page furniture is taken out")
    stated = not_after(cleaned.date if cleaned.date and _DATE.match(cleaned.date) else None)
    return Document(
        id=document_id(data, name),
        name=name,
        path=str(path),
        title=cleaned.title or path.stem,
        date=stated,
        date_inferred=cleaned.date_inferred and stated is not None,
        text=cleaned.text,
        blocks=cleaned.blocks,
        origin=cleaned.origin,
        source=cleaned.source,
        publisher=cleaned.publisher,
        tags=cleaned.tags,
        warnings=cleaned.warnings,
        tables=cleaned.tables,
    )


def document_id(data: bytes, name: str) -> str:
    """The first 16 hexadecimal digits of SHA-256 over the name, a zero byte and the bytes."""
    return sha256(name.encode() + b"\0" + data).hexdigest()[:16]
