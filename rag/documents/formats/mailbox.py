"""Mailboxes: many messages in one file, one behind the other (mbox)."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.reading.parsers.archive import Member

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
