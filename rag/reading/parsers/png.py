"""Pictures as PNG files."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2


def write_png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG file of `height` rows of `width` times red, green, blue, one byte each.

    Source: Portable Network Graphics (PNG) Specification, Third Edition, W3C 2025.

    Raises:
        ValueError: other than `3 * width * height` bytes.
    """
    stride = 3 * width
    if len(pixels) != stride * height:
        raise ValueError(f"{len(pixels)} bytes are no picture of {width} x {height} pixels")
    rows = b"".join(b"\0" + pixels[i : i + stride] for i in range(0, len(pixels), stride))
    head = struct.pack(">IIBBBBB", width, height, 8, _TRUE_COLOUR, 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _part(b"IHDR", head), _part(b"IDAT", zlib.compress(rows, 6)), _part(b"IEND"))
    )


def _part(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
