"""Zip archives that were written by somebody else: sizes are checked before anything is
unpacked, and again while it is."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO

from rag.errors import UnreadableDocument

_MOST_FILES = 20_000
# Text shrinks about tenfold; what shrinks more than this, and is large, is a bomb.
_MOST_SHRUNK = 200
_LARGE = 50_000_000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


class Archive:
    """A zip archive in memory. Nothing is written to disk."""

    def __init__(self, data: bytes, max_bytes: int) -> None:
        """`max_bytes` limits all files together, unpacked.

        Raises:
            UnreadableDocument: no zip, encrypted, damaged, too many files, or too large.
        """
        self._max_bytes = max_bytes
        if not data.strip(b"\x00 \t\r\n"):
            raise UnreadableDocument("the file is empty")
        if data.startswith(_OLD_OFFICE):
            raise UnreadableDocument(
                "the file is encrypted, or of the old binary format; save it without a password "
                "as .docx, .pptx or .xlsx"
            )
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise UnreadableDocument(f"the file is damaged or no zip archive: {error}") from None
        infos = self._zip.infolist()
        unpacked = sum(info.file_size for info in infos)
        if len(infos) > _MOST_FILES:
            raise UnreadableDocument(
                f"the archive holds {len(infos):,} files, the limit is {_MOST_FILES:,}"
            )
        if unpacked > max_bytes or (unpacked > _LARGE and unpacked > _MOST_SHRUNK * len(data)):
            raise UnreadableDocument(
                f"the archive unpacks to {unpacked:,} bytes from {len(data):,}, more than is "
                f"read ({max_bytes:,}); it is not read"
            )

    def names(self) -> list[str]:
        """The names of all files, in the order of the archive."""
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, None where there is none of that name.

        Raises:
            UnreadableDocument: damaged, encrypted, or larger than it says.
        """
        try:
            info = self._zip.getinfo(name)
            with self._zip.open(info) as file:
                data = file.read(info.file_size + 1)
        except KeyError:
            return None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError,
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
