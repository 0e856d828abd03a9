"""How values are packed for the catalog, checked when they are read back, and hashed.

Nothing is pickled: text, JSON of numbers and strings, zlib. Sizes are limited before memory is
taken.
"""

from __future__ import annotations

import hashlib
import json
import zlib

from rag.errors import StoreCorrupt

MAX_UNPACKED_BYTES = 1 << 29
"""No compressed value unpacks to more: 512 MiB, five times the largest file read by default."""

Value = str | int | float | bytes | None


def row_hash(*values: Value) -> bytes:
    """A 16-byte BLAKE2b hash of the values of a row, types and lengths included."""
    parts: list[bytes] = []
    for value in values:
        if isinstance(value, bytes):
            parts += (b"b%d:" % len(value), value)
        else:
            data = repr(value).encode("utf-8", "surrogatepass")
            parts += (b"r%d:" % len(data), data)
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def pack(text: str) -> bytes:
    """`text` compressed."""
    return zlib.compress(text.encode(), 6)


def unpack(data: bytes) -> str:
    """The text that `pack` compressed.

    Raises:
        StoreCorrupt: not such data, or more than `MAX_UNPACKED_BYTES`.
    """
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(data, MAX_UNPACKED_BYTES)
        if not stream.eof:
            raise StoreCorrupt(f"a compressed value exceeds {MAX_UNPACKED_BYTES:,} bytes or is cut")
        return raw.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"a compressed value cannot be read: {error}") from None


def dump(value: object) -> str:
    """A value as JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def strings(value: object) -> tuple[str, ...]:
    """A list of strings that was read from JSON.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"not a list of strings: {value!r:.80}")
    return tuple(value)


def number(value: object) -> int:
    """A count that was read from JSON.

    Raises:
        TypeError: it is something else.
    """
    if type(value) is not int or value < 0:
        raise TypeError(f"not a count: {value!r:.80}")
    return value


def pair(value: object) -> tuple[int, int]:
    """Two counts that were read from JSON.

    Raises:
        TypeError: they are something else.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"not a pair: {value!r:.80}")
    return number(value[0]), number(value[1])
