"""Compound files with no more than a reader needs, for messages of Outlook.

Source: [MS-CFB]: a header, one sector list of the FAT, the directory, then the streams; each stream
is filled up with zeros to 4,096 bytes, so that none is a small one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR = 512
_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
Tree = Mapping[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """A file of these streams (bytes) and folders (mappings)."""
    entries: list[list[object]] = [["Root Entry", 5, _NONE, _NONE, _NONE, _END, 0]]
    contents: list[tuple[int, bytes]] = []

    def put(folder: Tree, at: int) -> None:
        before = None
        for name, content in folder.items():
            number = len(entries)
            entries.append(
                [name, 2 if isinstance(content, bytes) else 1, _NONE, _NONE, _NONE, 0, 0]
            )
            if before is None:
                entries[at][4] = number
            else:
                entries[before][3] = number
            before = number
            if isinstance(content, bytes):
                contents.append((number, content.ljust(4096, b"\0")))
            else:
                put(content, number)

    put(tree, 0)
    fat = [_FAT] * 64  # enough for 4 MB
    body = b""

    def chain(data: bytes) -> int:
        nonlocal body
        start = len(fat)
        count = -(-len(data) // _SECTOR)
        fat.extend(range(start + 1, start + count))
        fat.append(_END)
        body += data.ljust(count * _SECTOR, b"\0")
        return start

    for number, data in contents:
        entries[number][5], entries[number][6] = chain(data), len(data)
    packed = b""
    for name, kind, left, right, child, start, size in entries:
        coded = str(name).encode("utf-16-le") + b"\0\0"
        packed += coded.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sIQQIQ", len(coded), kind, 1, left, right, child, b"", 0, 0, 0, start, size
        )
    directory = chain(packed)
    fat += [_FREE] * (64 * 128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack(
        "<16sHHHHH6sIIIIIIIII",
        b"",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        b"",
        0,
        64,
        directory,
        0,
        4096,
        _END,
        0,
        _END,
        0,
    )
    header += struct.pack("<109I", *range(64), *[_FREE] * 45)
    return header + struct.pack(f"<{len(fat)}I", *fat) + body
