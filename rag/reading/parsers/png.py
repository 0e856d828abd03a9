"""Pictures as PNG files."""

from __future__ import annotations

import struct
import zlib

from rag.reading.paged.values import Raster

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2


def write_png(raster: Raster) -> bytes:
    """A picture as a PNG file.

    Source: Portable Network Graphics (PNG) Specification, Third Edition, W3C 2025.
    """
    stride = 3 * raster.width
    rows = b"".join(
        b"\0" + raster.pixels[i : i + stride] for i in range(0, len(raster.pixels), stride)
    )
    head = struct.pack(">IIBBBBB", raster.width, raster.height, 8, _TRUE_COLOUR, 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _part(b"IHDR", head), _part(b"IDAT", zlib.compress(rows, 6)), _part(b"IEND"))
    )


def _part(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
