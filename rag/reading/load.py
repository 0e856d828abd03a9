"""Files found under paths, and read into Documents."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from rag.errors import DocumentError, UnreadableDocument, UnsupportedFormat
from rag.reading.containers import (
    MESSAGES,
    in_container,
    is_container,
    is_document,
    list_inside,
    read_member,
)
from rag.reading.dates import not_after
from rag.reading.detect import real_ending
from rag.reading.formats import parser_of, supported
from rag.reading.ignore import ignored
from rag.reading.sidecar import SIDECAR
from rag.settings import Reading
from rag.types import Document

# Raised whenever the same file gives another Document than before.
READER_VERSION = 4

_HIDDEN = re.compile(r"^[.~]|~$|\.(?:tmp|swp|part|crdownload)$", re.IGNORECASE)
_DATE = re.compile(r"^\d{4}(?:-\d{2}(?:-\d{2})?)?$")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read: `place` is its path and `root` the path argument under which it was
    found, both from the root and without `..`, links kept; `name` is the document's name in the
    collection; `problem` says why it is not to be read, if so."""

    place: str
    name: str
    root: str
    problem: str = ""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.place)


def find_files(paths: Iterable[Path], limits: Reading | None = None) -> list[Found]:
    """The files under `paths`, folders walked in sorted order, archives as folders, messages with
    the files in them; hidden and temporary files, `corpus.toml`, links to folders, and what the
    folder's `.ragignore` names are left out. Links out of the folder, what is no regular file, and
    archives that exceed the `limits` have a `problem`. Names are relative to the path argument,
    with `/`; where a name is taken, the later one gets its root folder's name in front, then a
    number.

    Raises:
        DocumentError: a path does not exist.
    """
    found: list[Found] = []
    seen: set[str] = set()
    names: set[str] = set()
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
                problem = file.problem or _problem(real, base, inside)
            if real in seen:
                continue
            seen.add(real)
            for one in _unpacked(replace(file, problem=problem) if problem else file, limits):
                free = _free(one, names)
                names.add(free)
                found.append(one if free == one.name else replace(one, name=free))
    return found


def _itself(path: str) -> tuple[Found, bool]:
    return Found(path, os.path.basename(path), path), False  # noqa: PTH119


def _unpacked(file: Found, limits: Reading | None) -> Iterator[Found]:
    """The files in a container, and a message itself; of any other file itself."""
    if file.problem or not is_container(file.place):
        yield file
        return
    document = False
    left_out = ignored(Path(file.root)) if file.place != file.root else None
    try:
        document = is_document(file.path)
        if document:
            yield file
        if document and not file.place.lower().endswith(MESSAGES):
            return
        for inside in list_inside(file.path, limits or Reading()):
            name = f"{file.name}/{inside.name}"
            aside = any(_aside(part) for part in inside.name.split("/"))
            if inside.problem:
                yield replace(file, name=name, problem=inside.problem)
            elif not (aside or (left_out and left_out.covers(name))):
                yield replace(file, name=name, place=f"{file.place}/{inside.name}")
    except UnreadableDocument as error:
        if not document:  # a message says so itself when it is read
            yield replace(file, problem=str(error))


def _walk(root: str) -> Iterator[tuple[Found, bool]]:
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
            yield Found(place.rstrip("/"), prefix.rstrip("/") or ".", root, problem), False
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
                yield Found(place + entry.name, name, root), plain
        waiting += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _aside(name: str) -> bool:
    """Whether files of this name are never documents."""
    return _HIDDEN.search(name) is not None or name == SIDECAR


def _problem(real: str, base: str, inside: str) -> str:
    """Why a file is not to be read; opening a pipe would wait for ever."""
    if real != base and not real.startswith(inside):
        return "a symbolic link that leads out of the folder; name what it leads to, to read it"
    with suppress(OSError):
        if not S_ISREG(os.stat(real).st_mode):  # noqa: PTH116 (as many as there are files)
            return "no regular file (a pipe, socket or device)"
    return ""


def _free(file: Found, taken: set[str]) -> str:
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
