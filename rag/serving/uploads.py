"""The files that were added by the page, kept in a folder beside the index.

`files` holds them; `earlier`, of a file whose new version has not been read yet, the version
before; `removed` what a person has removed, for as long as that can be taken back; `arriving` what
is being written. They are often the only copies: reading never deletes one, only a person does.

The names of files come from browsers and from catalogs, which may be somebody else's. Every way to
a file goes from one open folder to the next, and none follows a link. Where the system opens no
folders (Windows) each step is a path, looked at before it is gone; there making a link is a
privilege.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from errno import ENOTDIR
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from rag.errors import DocumentError, StoreError
from rag.i18n import say
from rag.sqlite import NO_FOLLOW

MAX_NAME_BYTES = 1_000
MAX_PART_BYTES = 200  # most file systems hold 255
NOT_IN_NAMES = frozenset('\\:*?"<>|')  # names that every system can hold
_FILES, _EARLIER, _REMOVED, _ARRIVING = "files", "earlier", "removed", "arriving"
_THE_FILE, _THE_EARLIER = "file", "earlier"
"""In a folder of `removed`."""

_LEFT_SECONDS = 24 * 3600.0
"""What is this old in `arriving` was left by a program that was killed."""

_OPENS_FOLDERS = {os.open, os.stat, os.rename, os.unlink, os.mkdir} <= os.supports_dir_fd
_OPEN_FOLDER = os.O_RDONLY | NO_FOLLOW | getattr(os, "O_DIRECTORY", 0)
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | _BINARY


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder, open under a handle, or by its path alone where the system opens none."""

    path: Path
    handle: int | None

    @classmethod
    def open(cls, path: Path, at: tuple[str | Path, int | None]) -> _Folder:
        """The folder `path`, found by name in another one, or by its path alone.

        Raises:
            OSError: it is not there, or a link.
        """
        if _OPENS_FOLDERS:
            name, inside = at
            return cls(path, os.open(name, _OPEN_FOLDER, dir_fd=inside))
        found = os.lstat(path)
        if not S_ISDIR(found.st_mode) or getattr(found, "st_reparse_tag", 0) != 0:
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(path))
        return cls(path, None)

    def at(self, name: str) -> tuple[str | Path, int | None]:
        """A name in this folder as functions of `os` take it, and their `dir_fd`."""
        return (self.path / name, None) if self.handle is None else (name, self.handle)

    def inner(self, name: str) -> _Folder:
        """A folder in this one, opened."""
        return _Folder.open(self.path / name, self.at(name))

    def make(self, name: str) -> None:
        """Makes a folder in this one where there is none."""
        place, inside = self.at(name)
        with suppress(FileExistsError):
            os.mkdir(place, dir_fd=inside)

    def new_file(self, name: str) -> int:
        """A handle of a new file."""
        place, inside = self.at(name)
        return os.open(place, _NEW_FILE, 0o644, dir_fd=inside)

    def entries(self) -> list[str]:
        """The names of all that is in it."""
        return os.listdir(self.path if self.handle is None else self.handle)  # noqa: PTH208

    def state(self, name: str) -> os.stat_result:
        """Of what has this name; links are not followed."""
        place, inside = self.at(name)
        return os.stat(place, dir_fd=inside, follow_symlinks=False)

    def holds_file(self, name: str) -> bool:
        """Whether a regular file has this name."""
        try:
            return S_ISREG(self.state(name).st_mode)
        except OSError:
            return False

    def sha256(self, name: str, size: int) -> str | None:
        """The SHA-256 of a regular file of that name and size; None where there is none."""
        if not self.holds_file(name) or self.state(name).st_size != size:
            return None
        place, inside = self.at(name)
        handle = os.open(place, os.O_RDONLY | NO_FOLLOW | _BINARY, dir_fd=inside)
        with os.fdopen(handle, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def move(self, name: str, to: _Folder, new: str) -> None:
        """Renames a file, over one that may be there."""
        (old, inside), (target, other) = self.at(name), to.at(new)
        os.replace(old, target, src_dir_fd=inside, dst_dir_fd=other)

    def unlink(self, name: str) -> None:
        """Deletes a file."""
        place, inside = self.at(name)
        os.unlink(place, dir_fd=inside)

    def remove_folder(self, name: str) -> None:
        """Deletes an empty folder."""
        place, inside = self.at(name)
        os.rmdir(place, dir_fd=inside)

    def files(self) -> Iterator[str]:
        """The names of all regular files in it and in its folders, with `/` between."""
        for name in self.entries():
            if self.holds_file(name):
                yield name
                continue
            with suppress(OSError), closing(self.inner(name)) as inner:
                yield from (f"{name}/{file}" for file in inner.files())

    def close(self) -> None:
        """Closes the handle."""
        if self.handle is not None:
            os.close(self.handle)


@dataclass(frozen=True, slots=True)
class Added:
    """A file that is kept: its size, the SHA-256 of its bytes in hexadecimal, and whether the same
    bytes were kept under that name before."""

    size: int
    sha256: str
    unchanged: bool


class KeptFiles:
    """The files kept in one folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Nothing is created before the first file is added."""
        self.folder = folder
        self.files = folder / _FILES
        self._lock = threading.Lock()

    def check(self) -> None:
        """Refuses a folder that leads elsewhere: everything in it would count as added.

        Raises:
            StoreError: it is a link.
        """
        for place in (self.folder, self.files):
            if place.is_symlink():
                raise StoreError(say("kept.link", place=place))

    def add(self, name: str, pieces: Iterable[bytes]) -> Added:
        """Keeps a file under a name, which may have folders in it. Another file of that name stays
        beside it until `settle`; the same bytes once more change nothing.

        Raises:
            DocumentError: the name is none that a file can have here.
            StoreError: it cannot be written.
        """
        *folders, last = checked_name(name)
        part, digest, size = uuid.uuid4().hex, hashlib.sha256(), 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._open(_ARRIVING, create=True) as arriving:
                try:
                    with os.fdopen(arriving.new_file(part), "wb") as file:
                        for piece in pieces:
                            size += file.write(piece)
                            digest.update(piece)
                    sha256 = digest.hexdigest()
                    with self._lock, self._open(_FILES, *folders, create=True) as place:
                        unchanged = place.sha256(last, size) == sha256
                        if not unchanged:
                            self._set_aside(place, folders, last)
                            arriving.move(part, place, last)
                finally:
                    with suppress(FileNotFoundError):
                        arriving.unlink(part)
        except OSError as error:
            raise StoreError(
                say("kept.not_kept", name=name, error=error.strerror or error)
            ) from None
        return Added(size, sha256, unchanged)

    def _set_aside(self, place: _Folder, folders: list[str], last: str) -> None:
        """Keeps the version that is there, where none is kept yet: that one was read."""
        if not place.holds_file(last):
            return
        with self._open(_EARLIER, *folders, create=True) as earlier:
            if not earlier.holds_file(last):
                place.move(last, earlier, last)

    def settle(self, unread: Iterable[str]) -> None:
        """Drops the earlier versions of files that have been read since; `unread` are the
        documents that could not be, by their names."""
        unread = tuple(unread)
        for name in self._names(_EARLIER):
            if not any(is_of(document, name) for document in unread):
                self._unlink(_EARLIER, name)

    def names(self) -> list[str]:
        """The names of all files, in order; links are none."""
        return sorted(self._names(_FILES))

    def name_of(self, path: str) -> str | None:
        """The name of the file at `path`, as a catalog has it; None where it is none of these."""
        inside = os.path.join(self.files.absolute(), "")  # noqa: PTH118 (ends in a slash)
        name = path.removeprefix(inside).replace(os.sep, "/")
        if not path.startswith(inside):
            return None
        try:
            *folders, last = checked_name(name)
            with self._open(_FILES, *folders) as place:
                return name if place.holds_file(last) else None
        except (DocumentError, OSError):
            return None

    def take_away(self, name: str) -> str:
        """Removes a file so that it can be brought back; returns what `bring_back` and `forget`
        take.

        Raises:
            StoreError: it cannot be removed.
        """
        *folders, last = checked_name(name)
        token = uuid.uuid4().hex
        try:
            with self._lock, self._open(_REMOVED, token, create=True) as away:
                for kind, kept in ((_FILES, _THE_FILE), (_EARLIER, _THE_EARLIER)):
                    with suppress(FileNotFoundError), self._open(kind, *folders) as place:
                        place.move(last, away, kept)
        except OSError as error:
            raise StoreError(
                say("kept.not_removed", name=name, error=error.strerror or error)
            ) from None
        return token

    def bring_back(self, token: str, name: str) -> None:
        """Puts a removed file back.

        Raises:
            DocumentError: there is another of that name by now. StoreError: it cannot be done.
        """
        *folders, last = checked_name(name)
        try:
            with self._lock, self._open(_REMOVED, token) as away:
                with self._open(_FILES, *folders, create=True) as place:
                    if place.holds_file(last):
                        raise DocumentError(say("kept.added_again", name=name))
                    away.move(_THE_FILE, place, last)
                if away.holds_file(_THE_EARLIER):
                    with self._open(_EARLIER, *folders, create=True) as place:
                        away.move(_THE_EARLIER, place, last)
        except OSError as error:
            raise StoreError(
                say("kept.not_back", name=name, error=error.strerror or error)
            ) from None
        self.forget(token)

    def forget(self, token: str) -> None:
        """Deletes what was removed, for good."""
        with suppress(OSError):
            with self._open(_REMOVED, token) as away:
                for kept in (_THE_FILE, _THE_EARLIER):
                    with suppress(FileNotFoundError):
                        away.unlink(kept)
            with self._open(_REMOVED) as removed:
                removed.remove_folder(token)

    def sweep(self, seconds: float) -> bool:
        """Deletes what was removed longer ago, and what killed programs left; returns whether
        something removed is left."""
        now = time.time()
        with suppress(OSError), self._open(_ARRIVING) as arriving:
            for part in arriving.entries():
                if now - arriving.state(part).st_mtime > _LEFT_SECONDS:
                    arriving.unlink(part)
        left = False
        with suppress(OSError), self._open(_REMOVED) as removed:
            for token in removed.entries():
                if abs(now - removed.state(token).st_mtime) >= seconds:  # clocks are put back, too
                    self.forget(token)
                else:
                    left = True
        return left

    def _names(self, kind: str) -> list[str]:
        found: list[str] = []
        with suppress(FileNotFoundError, NotADirectoryError), self._open(kind) as place:
            found.extend(place.files())
        return found

    def _unlink(self, kind: str, name: str) -> None:
        *folders, last = name.split("/")
        with suppress(OSError), self._open(kind, *folders) as place:
            place.unlink(last)

    @contextmanager
    def _open(self, *parts: str, create: bool = False) -> Iterator[_Folder]:
        """A folder in this one, opened from folder to folder."""
        place = _Folder.open(self.folder, (self.folder, None))
        try:
            for part in parts:
                if create:
                    place.make(part)
                inner = place.inner(part)
                place.close()
                place = inner
            yield place
        finally:
            place.close()


def is_of(document: str, name: str) -> bool:
    """Whether a document of this name can be of the file kept under `name`: it has the same one,
    perhaps with a folder in front where another had that, or is one in an archive.

    >>> is_of("files/a.txt", "a.txt"), is_of("a.zip/b.txt", "a.zip"), is_of("b.txt", "a.txt")
    (True, True, False)
    """
    return f"/{name}/" in f"/{document}/"


def checked_name(name: str) -> tuple[str, ...]:
    """The parts of a file's name, folders first.

    Raises:
        DocumentError: it is absolute, climbs, hides, or is one that not every system can hold.

    >>> checked_name("2024/年报.txt")
    ('2024', '年报.txt')
    """
    parts = name.split("/")
    fits = len(os.fsencode(name)) <= MAX_NAME_BYTES if name.isprintable() else False
    for part in parts:
        good = (
            part and part[0] not in ". " and part[-1] not in ". ~" and not set(part) & NOT_IN_NAMES
        )
        if not (fits and good and len(part.encode()) <= MAX_PART_BYTES):
            raise DocumentError(say("kept.bad_name", name=name, limit=MAX_PART_BYTES))
    return tuple(parts)
