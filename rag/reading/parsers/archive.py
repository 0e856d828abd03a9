"""Zip archives that were written by somebody else: sizes are checked before anything is
unpacked, and again while it is."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from rag.errors import UnreadableDocument

MOST_FILES = 20_000
# Text shrinks about tenfold; what shrinks more than this, and is large, is a bomb.
MOST_SHRUNK = 200
LARGE = 50_000_000
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of a file
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, its size in bytes, and its place among all of them;
    `problem` says why it is not to be read, if so."""

    name: str
    size: int
    index: int
    problem: str = ""


class Archive:
    """A zip archive, in memory or on disk. Nothing is written to disk."""

    def __init__(self, source: bytes | Path, max_bytes: int) -> None:
        """`max_bytes` limits all files together, unpacked.

        Raises:
            UnreadableDocument: no zip, encrypted, damaged, too many files, or too large.
        """
        self._max_bytes = max_bytes
        if isinstance(source, bytes):
            _check_head(source)
        try:
            self._zip = zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source)
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise UnreadableDocument(f"the file is damaged or no zip archive: {error}") from None
        except OSError as error:
            reason = error.strerror or error
            raise UnreadableDocument(f"the file cannot be read: {reason}") from None
        infos = self._zip.infolist()
        unpacked = sum(info.file_size for info in infos)
        if len(infos) > MOST_FILES:
            raise UnreadableDocument(
                f"the archive holds {len(infos):,} files, the limit is {MOST_FILES:,}"
            )
        if unpacked > max_bytes or (unpacked > LARGE and unpacked > MOST_SHRUNK * size):
            raise UnreadableDocument(
                f"the archive unpacks to {unpacked:,} bytes from {size:,}, more than is read "
                f"({max_bytes:,}); raise reading.max_unpacked_bytes if it is no trap"
            )

    def members(self) -> tuple[Member, ...]:
        """All files, in the order of the archive, their names as they were meant: without the
        mark of UTF-8 they are UTF-8 or GB18030 all the same."""
        return tuple(
            Member(_meant(info), info.file_size, index)
            for index, info in enumerate(self._zip.infolist())
            if not info.is_dir()
        )

    def read_member(self, member: Member) -> bytes:
        """The bytes of a file.

        Raises:
            UnreadableDocument: damaged, encrypted, or larger than it says.
        """
        return self._read(self._zip.infolist()[member.index], member.name)

    def names(self) -> list[str]:
        """The names of all files, in the order of the archive."""
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, None where there is none of that name.

        Raises:
            UnreadableDocument: damaged, encrypted, or larger than it says.
        """
        try:
            return self._read(self._zip.getinfo(name), name)
        except KeyError:
            return None

    def _read(self, info: zipfile.ZipInfo, name: str) -> bytes:
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableDocument(f"{name} in the archive is encrypted; unpack it yourself")
        try:
            with self._zip.open(info) as file:
                data = file.read(info.file_size + 1)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
                NotImplementedError, ValueError) as error:  # fmt: skip
            raise UnreadableDocument(f"{name} in the archive cannot be read: {error}") from None
        if len(data) > min(info.file_size, self._max_bytes):
            raise UnreadableDocument(f"{name} in the archive is larger than it says")
        return data

    def need(self, name: str, kind: str) -> bytes:
        """The bytes of a file that must be there for the archive to be of that `kind`.

        Raises:
            UnreadableDocument: it is not there, or cannot be read.
        """
        data = self.read(name)
        if data is None:
            raise UnreadableDocument(f"the file is no {kind} file: it holds no {name}")
        return data


def _check_head(data: bytes) -> None:
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    if data.startswith(_OLD_OFFICE):
        raise UnreadableDocument(
            "the file is encrypted, or of the old binary format; save it without a password "
            "as .docx, .pptx or .xlsx"
        )


def _meant(info: zipfile.ZipInfo) -> str:
    """A file's name with `/` between its parts. Without a mark it should be in code page 437;
    Chinese programs write GB18030, others UTF-8."""
    name = info.filename
    if not info.flag_bits & _UTF8:
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeError):
                name = info.orig_filename.encode("cp437").decode(encoding)
                break
    return name.replace("\\", "/")
