"""Files that hold files: zip, tar, compound files, mailboxes.

Zip archives that were written by somebody else: sizes are checked before anything is
unpacked, and again while it is.

Tar archives that were written by somebody else, plain or compressed: what they unpack to is
limited while it is unpacked, into memory or, where it is much, a file without a name.

Compound files, in which old office programs and Outlook keep what they write: their streams.
Third party: olefile.

Mailboxes: many messages in one file, one behind the other (mbox).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import re
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, cast

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
        if problem := too_much(unpacked, size, max_bytes):
            raise UnreadableDocument(problem)

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


def too_much(unpacked: int, size: int, max_bytes: int, more: str = "") -> str:
    """Why an archive of `size` bytes is not read that holds `unpacked` bytes, or `more` of them;
    empty where nothing is wrong with it.

    >>> too_much(60_000_000, 1_000_000, 100_000_000)
    ''
    """
    if unpacked > max_bytes:
        return (
            f"the archive unpacks to {unpacked:,} bytes{more}, the limit is {max_bytes:,}; raise "
            "reading.max_unpacked_bytes if it is no trap"
        )
    if unpacked > LARGE and unpacked > MOST_SHRUNK * size:
        return (
            f"the archive unpacks to {unpacked:,} bytes{more}, {unpacked // max(1, size):,} times "
            f"its own {size:,}, the limit is {MOST_SHRUNK} times from {LARGE:,} bytes on; unpack "
            "it yourself if it is no trap, an office file save in parts"
        )
    return ""


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
        if problem := too_much(unpacked, unpacked, max_bytes):
            raise UnreadableDocument(problem)

    def __del__(self) -> None:
        """Closes the file that it reads from."""
        self._file.close()

    def members(self) -> tuple[Member, ...]:
        """All files but folders, in the order of the archive; links and devices have a
        problem. Names in no Unicode are GB18030."""
        return tuple(
            Member(_tarball_meant(info.name), info.size, index, _kind(info))
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
                if problem := too_much(total, size, max_bytes, " or more"):
                    raise UnreadableDocument(problem)
                plain.write(piece)
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _kind(info: tarfile.TarInfo) -> str:
    return "" if info.isfile() else "no regular file (a link, pipe or device)"


def _tarball_meant(name: str) -> str:
    """A file's name; what is no UTF-8 is GB18030."""
    name = name.removeprefix("./")
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("gb18030", "replace")
    return name


MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def stream_names(data: bytes) -> frozenset[str]:
    """The names of the streams and folders at the root of a compound file; none where it is
    damaged or no such file."""
    import olefile

    if not data.startswith(MAGIC):
        return frozenset()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damage that does not matter
            with olefile.OleFileIO(BytesIO(data)) as file:
                return frozenset(entry[0] for entry in file.listdir(streams=True, storages=True))
    except Exception:  # noqa: BLE001 (a damaged file raises whatever it meets)
        return frozenset()


def read_streams(data: bytes, max_bytes: int) -> dict[tuple[str, ...], bytes]:
    """All streams of a compound file by their path; `max_bytes` limits them together.

    Raises:
        UnreadableDocument: no compound file, damaged, or too large.
    """
    import olefile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with olefile.OleFileIO(BytesIO(data)) as file:
                paths = [tuple(path) for path in file.listdir(streams=True, storages=False)]
                total = sum(file.get_size(list(path)) for path in paths)
                if total > max_bytes:
                    raise UnreadableDocument(
                        f"the file's parts have {total:,} bytes, the limit is {max_bytes:,}; raise "
                        "reading.max_unpacked_bytes to read it"
                    )
                return {path: file.openstream(list(path)).read() for path in paths}
    except UnreadableDocument:
        raise
    except Exception as error:  # noqa: BLE001 (a damaged file raises whatever it meets)
        raise UnreadableDocument(f"the file is damaged: {error!r:.200}") from None


MOST_MESSAGES = 200_000
# A line that begins with "From " and follows a blank one separates messages.
# Source: RFC 4155, appendix A.
_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Mailbox:
    """The messages of a file, in memory or on disk, named by their number from 1:
    `00001.eml`."""

    def __init__(self, source: bytes | Path, max_bytes: int) -> None:
        """`max_bytes` limits the size of the file.

        Raises:
            UnreadableDocument: no mailbox, too large, or too many messages.
        """
        self._data = source if isinstance(source, bytes) else _mapped(source, max_bytes)
        starts: list[tuple[int, int]] = []
        for match in _START.finditer(self._data):
            if len(starts) >= MOST_MESSAGES:
                raise UnreadableDocument(f"the mailbox holds more than {MOST_MESSAGES:,} messages")
            starts.append(match.span())
        if not starts or starts[0][0] != 0:
            raise UnreadableDocument('the file is no mailbox: it does not begin with "From "')
        ends = [start for start, _ in starts[1:]] + [len(self._data)]
        self._spans = [(body, end) for (_, body), end in zip(starts, ends, strict=True)]

    def members(self) -> tuple[Member, ...]:
        """All messages, in order."""
        return tuple(
            Member(f"{number:05d}.eml", end - start, number - 1)
            for number, (start, end) in enumerate(self._spans, 1)
        )

    def read_member(self, member: Member) -> bytes:
        """The bytes of a message."""
        start, end = self._spans[member.index]
        return _QUOTED.sub(rb"\1", bytes(self._data[start:end]))


def _mapped(path: Path, max_bytes: int) -> mmap.mmap | bytes:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UnreadableDocument(
                f"the mailbox has {size:,} bytes, the limit is {max_bytes:,}; raise "
                "reading.max_unpacked_bytes to read it"
            )
        if not size:
            return b""
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise UnreadableDocument(f"the file cannot be read: {error.strerror}") from None
