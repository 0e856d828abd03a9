"""Tar archives that were written by somebody else, plain or compressed: what they unpack to is
limited while it is unpacked, into memory or, where it is much, a file without a name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, cast

from rag.errors import UnreadableDocument
from rag.reading.parsers.archive import LARGE, MOST_FILES, MOST_SHRUNK, Member

_IN_MEMORY = 64_000_000
_PIECE = 1 << 20
_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], IO[bytes]]], ...] = (
    (b"\x1f\x8b", lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw))),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError,
           OverflowError, UnicodeError, RecursionError)  # fmt: skip


class Tarball:
    """A tar archive, in memory or on disk."""

    def __init__(self, source: bytes | Path, max_bytes: int) -> None:
        """`max_bytes` limits what it unpacks to.

        Raises:
            UnreadableDocument: no tar archive, damaged, too many files, or too large.
        """
        self._file: IO[bytes] = BytesIO()
        with _damage("the file is damaged or no tar archive"):
            self._file = _unpacked(source, max_bytes)
            # Lives as long as this does: members are read from it.
            self._tar = tarfile.open(fileobj=self._file, mode="r:", errors="surrogateescape")  # noqa: SIM115
            self._infos: list[tarfile.TarInfo] = []
            while (info := self._tar.next()) is not None:
                if len(self._infos) >= MOST_FILES:
                    raise UnreadableDocument(
                        f"the archive holds more than {MOST_FILES:,} files, the limit"
                    )
                self._infos.append(info)
        unpacked = sum(info.size for info in self._infos if info.isfile())
        if unpacked > max_bytes:
            raise UnreadableDocument(_too_much(unpacked, max_bytes))

    def __del__(self) -> None:
        """Closes the file that it reads from."""
        self._file.close()

    def members(self) -> tuple[Member, ...]:
        """All files but folders, in the order of the archive; links and devices have a
        problem. Names in no Unicode are GB18030."""
        return tuple(
            Member(_meant(info.name), info.size, index, _kind(info))
            for index, info in enumerate(self._infos)
            if not info.isdir()
        )

    def read_member(self, member: Member) -> bytes:
        """The bytes of a file.

        Raises:
            UnreadableDocument: damaged.
        """
        with _damage(f"{member.name} in the archive cannot be read"):
            file = self._tar.extractfile(self._infos[member.index])
            if file is None:
                raise UnreadableDocument(f"{member.name} in the archive is no regular file")
            data = file.read(member.size + 1)
        if len(data) != member.size:
            raise UnreadableDocument(f"{member.name} in the archive is cut off")
        return data


@contextmanager
def _damage(words: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise UnreadableDocument(f"{words}: {error}") from None


def _unpacked(source: bytes | Path, max_bytes: int) -> IO[bytes]:
    """The plain archive, at its beginning."""
    raw: IO[bytes] = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    head = raw.read(6)
    raw.seek(0)
    unpack = next((unpack for magic, unpack in _PACKED if head.startswith(magic)), None)
    if unpack is None:
        return raw
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    plain = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (the caller's)
    total = 0
    try:
        with raw, unpack(raw) as packed:
            while piece := packed.read(_PIECE):
                total += len(piece)
                if total > max_bytes or (total > LARGE and total > MOST_SHRUNK * size):
                    raise UnreadableDocument(_too_much(total, max_bytes))
                plain.write(piece)
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _too_much(size: int, limit: int) -> str:
    return (
        f"the archive unpacks to {size:,} bytes or more, more than is read ({limit:,}); raise "
        "reading.max_unpacked_bytes if it is no trap"
    )


def _kind(info: tarfile.TarInfo) -> str:
    return "" if info.isfile() else "no regular file (a link, pipe or device)"


def _meant(name: str) -> str:
    """A file's name; what is no UTF-8 is GB18030."""
    name = name.removeprefix("./")
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("gb18030", "replace")
    return name
