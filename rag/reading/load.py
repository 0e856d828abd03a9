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
from rag.reading.formats import parser_of, supported
from rag.reading.ignore import ignored
from rag.reading.sidecar import SIDECAR
from rag.reading.zipped import ARCHIVE, in_archive, list_archive, read_member
from rag.settings import Reading
from rag.types import Document

# Raised whenever the same file gives another Document than before.
READER_VERSION = 3

_HIDDEN = re.compile(r"^[.~]|~$|\.(?:tmp|swp|part|crdownload)$", re.IGNORECASE)
_DATE = re.compile(r"^\d{4}(?:-\d{2}(?:-\d{2})?)?$")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read: `name` is the document's name in the collection, `root` the path
    argument under which it was found; `problem` says why it is not to be read, if so."""

    path: Path
    name: str
    root: Path
    problem: str = ""


def find_files(paths: Iterable[Path], limits: Reading | None = None) -> list[Found]:
    """The files under `paths`, folders walked in sorted order, zip archives as folders; hidden
    and temporary files, `corpus.toml`, links to folders, and what the folder's `.ragignore` names
    are left out. Links out of the folder, what is no regular file, and archives that exceed the
    `limits` have a `problem`. Names are relative to the path argument, with `/`; where a name is
    taken, the later one gets its root folder's name in front, then a number.

    Raises:
        DocumentError: a path does not exist.
    """
    found: list[Found] = []
    seen: set[str] = set()
    names: set[str] = set()
    for root in paths:
        if not root.exists():
            raise DocumentError(f"no such file or folder: {root}")
        base = os.path.realpath(root)
        alone = root.is_file()
        for name in [root.name] if alone else _walk(root):
            path = root if alone else root / name
            real = base if alone else _real(f"{base}/{name}")
            if real in seen:
                continue
            seen.add(real)
            for one in _unpacked(Found(path, name, root, _problem(base, real)), limits):
                free = _free(one.name, root, names)
                names.add(free)
                found.append(one if free == one.name else replace(one, name=free))
    return found


def _unpacked(file: Found, limits: Reading | None) -> Iterator[Found]:
    """The files of an archive; of any other file itself."""
    if file.problem or file.path.suffix.lower() != ARCHIVE:
        yield file
        return
    left_out = ignored(file.root) if file.root.is_dir() else None
    try:
        for inside in list_archive(file.path, limits or Reading()):
            name = f"{file.name}/{inside.name}"
            aside = any(_aside(part) for part in inside.name.split("/"))
            if inside.problem:
                yield replace(file, name=name, problem=inside.problem)
            elif not (aside or (left_out and left_out.covers(name))):
                yield replace(file, name=name, path=file.path / inside.name)
    except UnreadableDocument as error:
        yield replace(file, problem=str(error))


def _walk(root: Path) -> Iterator[str]:
    """The names of the files under a folder, relative to it, with `/`."""
    left_out = ignored(root)
    for folder, folders, files in os.walk(root):
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inside == "." else f"{inside}/"

        def wanted(name: str, prefix: str = prefix, *, is_folder: bool) -> bool:
            aside = _HIDDEN.search(name) if is_folder else _aside(name)
            return not (aside or left_out(prefix + name, folder=is_folder))

        folders[:] = sorted(name for name in folders if wanted(name, is_folder=True))
        yield from (prefix + name for name in sorted(files) if wanted(name, is_folder=False))


def _real(path: str) -> str:
    """Where a file really lies. No folder on the way to it is a link: those are not entered."""
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 (many files)


def _aside(name: str) -> bool:
    """Whether files of this name are never documents."""
    return _HIDDEN.search(name) is not None or name == SIDECAR


def _problem(base: str, real: str) -> str:
    """Why a file is not to be read; opening a pipe would wait for ever."""
    if real != base and not real.startswith(os.path.join(base, "")):  # noqa: PTH118
        return "a symbolic link that leads out of the folder; name what it leads to, to read it"
    with suppress(OSError):
        if not S_ISREG(os.stat(real).st_mode):  # noqa: PTH116 (as many as there are files)
            return "no regular file (a pipe, socket or device)"
    return ""


def _free(name: str, root: Path, taken: set[str]) -> str:
    if name not in taken:
        return name
    folder = root.resolve().parent.name if root.is_file() else root.resolve().name
    candidate, number = name, 1
    while candidate in taken:
        prefix = folder if number == 1 else f"{folder}-{number}"
        candidate = f"{prefix}/{name}"
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
    inside = in_archive(str(path))
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
    """The bytes of the file at `path` as a Document; see `read_document`."""
    parse = parser_of(path.suffix)
    if parse is None:
        raise UnsupportedFormat(
            f"{path.suffix} files cannot be read; supported: {', '.join(supported())}"
        )
    cleaned = parse(data, settings)
    if not cleaned.text:
        raise UnreadableDocument("nothing is left of the file once page furniture is taken out")
    stated = cleaned.date if cleaned.date and _DATE.match(cleaned.date) else None
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
    )


def document_id(data: bytes, name: str) -> str:
    """The first 16 hexadecimal digits of SHA-256 over the name, a zero byte and the bytes."""
    return sha256(name.encode() + b"\0" + data).hexdigest()[:16]
