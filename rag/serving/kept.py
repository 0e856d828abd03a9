"""The files that were added by the page, kept in a folder beside the index.

`files` holds them; `earlier`, of a file whose new version has not been read yet, the version
before; `removed` what a person has removed, for as long as that can be taken back; `arriving` what
is being written. They are often the only copies: reading never deletes one, only a person does.

The names of files come from browsers and from catalogs, which may be somebody else's. Every way to
a file goes from one open folder to the next, and none follows a link.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from rag.errors import DocumentError, StoreError

MAX_NAME_BYTES = 1_000
MAX_PART_BYTES = 200  # most file systems hold 255
NOT_IN_NAMES = frozenset('\\:*?"<>|')  # names that every system can hold
_FILES, _EARLIER, _REMOVED, _ARRIVING = "files", "earlier", "removed", "arriving"
_THE_FILE, _THE_EARLIER = "file", "earlier"
"""In a folder of `removed`."""

_LEFT_SECONDS = 24 * 3600.0
"""What is this old in `arriving` was left by a program that was killed."""

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
                raise StoreError(
                    f"{place} is a link; what the page adds is kept in a folder of its own: "
                    "put the folder itself there"
                )

    def add(self, name: str, pieces: Iterable[bytes]) -> int:
        """Keeps a file under a name, which may have folders in it; returns its size in bytes. A
        file of that name stays beside it until `settle`.

        Raises:
            DocumentError: the name is none that a file can have here.
            StoreError: it cannot be written.
        """
        *folders, last = checked_name(name)
        part = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._open(_ARRIVING, create=True) as arriving:
                try:
                    with os.fdopen(os.open(part, _NEW_FILE, 0o644, dir_fd=arriving), "wb") as file:
                        file.writelines(pieces)
                        size = file.tell()
                    with self._lock, self._open(_FILES, *folders, create=True) as place:
                        self._set_aside(place, folders, last)
                        os.replace(part, last, src_dir_fd=arriving, dst_dir_fd=place)
                finally:
                    with suppress(FileNotFoundError):
                        os.unlink(part, dir_fd=arriving)
        except OSError as error:
            raise StoreError(f"{name} cannot be kept: {error.strerror or error}") from None
        return size

    def _set_aside(self, place: int, folders: list[str], last: str) -> None:
        """Keeps the version that is there, where none is kept yet: that one was read."""
        if not _is_file(place, last):
            return
        with self._open(_EARLIER, *folders, create=True) as earlier:
            if not _is_file(earlier, last):
                os.rename(last, last, src_dir_fd=place, dst_dir_fd=earlier)

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
        name = path.removeprefix(inside)
        if name == path:
            return None
        try:
            *folders, last = checked_name(name)
            with self._open(_FILES, *folders) as place:
                return name if _is_file(place, last) else None
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
                        os.rename(last, kept, src_dir_fd=place, dst_dir_fd=away)
        except OSError as error:
            raise StoreError(f"{name} cannot be removed: {error.strerror or error}") from None
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
                    if _is_file(place, last):
                        raise DocumentError(f"{name} has been added again; it stays as it is now")
                    os.rename(_THE_FILE, last, src_dir_fd=away, dst_dir_fd=place)
                if _is_file(away, _THE_EARLIER):
                    with self._open(_EARLIER, *folders, create=True) as place:
                        os.rename(_THE_EARLIER, last, src_dir_fd=away, dst_dir_fd=place)
        except OSError as error:
            raise StoreError(f"{name} cannot be brought back: {error.strerror or error}") from None
        self.forget(token)

    def forget(self, token: str) -> None:
        """Deletes what was removed, for good."""
        with suppress(OSError):
            with self._open(_REMOVED, token) as away:
                for kept in (_THE_FILE, _THE_EARLIER):
                    with suppress(FileNotFoundError):
                        os.unlink(kept, dir_fd=away)
            with self._open(_REMOVED) as removed:
                os.rmdir(token, dir_fd=removed)

    def sweep(self, seconds: float) -> bool:
        """Deletes what was removed longer ago, and what killed programs left; returns whether
        something removed is left."""
        now = time.time()
        with suppress(OSError), self._open(_ARRIVING) as arriving:
            for part in os.listdir(arriving):  # noqa: PTH208 (of a handle)
                if now - os.stat(part, dir_fd=arriving, follow_symlinks=False).st_mtime > (
                    _LEFT_SECONDS
                ):
                    os.unlink(part, dir_fd=arriving)
        left = False
        with suppress(OSError), self._open(_REMOVED) as removed:
            for token in os.listdir(removed):  # noqa: PTH208 (of a handle)
                at = os.stat(token, dir_fd=removed, follow_symlinks=False).st_mtime
                if now - at >= seconds or at > now:
                    self.forget(token)
                else:
                    left = True
        return left

    def _names(self, kind: str) -> list[str]:
        found: list[str] = []
        with suppress(FileNotFoundError, NotADirectoryError), self._open(kind) as place:
            for folder, _, files, handle in os.fwalk(".", dir_fd=place):
                prefix = folder.removeprefix(".").removeprefix("/")
                found += [
                    f"{prefix}/{file}" if prefix else file
                    for file in files
                    if _is_file(handle, file)
                ]
        return found

    def _unlink(self, kind: str, name: str) -> None:
        *folders, last = name.split("/")
        with suppress(OSError), self._open(kind, *folders) as place:
            os.unlink(last, dir_fd=place)

    @contextmanager
    def _open(self, *parts: str, create: bool = False) -> Iterator[int]:
        """A handle of a folder in this one, from folder to folder."""
        handle = os.open(self.folder, _OPEN_FOLDER)
        try:
            for part in parts:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=handle)
                inner = os.open(part, _OPEN_FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)


def is_of(document: str, name: str) -> bool:
    """Whether a document of this name can be of the file kept under `name`: it has the same one,
    perhaps with a folder in front where another had that, or is one in an archive.

    >>> is_of("files/a.txt", "a.txt"), is_of("a.zip/b.txt", "a.zip"), is_of("b.txt", "a.txt")
    (True, True, False)
    """
    return f"/{name}/" in f"/{document}/"


def _is_file(folder: int, name: str) -> bool:
    try:
        return S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


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
            raise DocumentError(
                f"{name!r:.200} cannot be added: a name is made of parts of at most "
                f"{MAX_PART_BYTES} bytes with / between them, none of which begins with a dot or "
                'holds one of \\ : * ? " < > |; rename the file'
            )
    return tuple(parts)
