"""Chunks as rows of numbers, as the sentence part holds them; see `rag.indexing.sentences`."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

HEAD = 3
"""Numbers that stand before the terms for each sentence: the CRC-32 of its words, their
characters, how many terms follow."""

_LONGEST = 32
"""Bytes of a term up to which checksums are computed for many at once; few are longer."""

_AT_ONCE = 256  # chunks

UInt32 = npt.NDArray[np.uint32]


@cache
def _tables() -> tuple[UInt32, UInt32]:
    """What a byte adds to a CRC-32, by how many bytes follow it, and the CRC-32 of that many zeros:
    the CRC-32 of messages of one length is linear, what their bytes add is combined by xor."""
    zeros = [crc32(bytes(length)) for length in range(_LONGEST + 1)]
    added = [
        [crc32(bytes((value, *bytes(after)))) ^ zeros[after + 1] for value in range(256)]
        for after in range(_LONGEST)
    ]
    return np.array(added, np.uint32), np.array(zeros, np.uint32)


def sentence_rows(words: Sequence[str], bigrams: Sequence[str]) -> list[bytes]:
    """The row of each chunk, little-endian uint32: how many sentences it has, the head of each,
    then the terms of each, every one once. `words` and `bigrams` of a chunk are terms with spaces
    between them, a line for each sentence."""
    rows: list[bytes] = []
    for start in range(0, len(words), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        rows += _rows(words[some], bigrams[some])
    return rows


def _rows(words: Sequence[str], bigrams: Sequence[str]) -> list[bytes]:
    said = "\n".join(words)
    lines = said.split("\n")
    own, pairs = _checksums(said), _checksums("\n".join(bigrams))
    terms = np.sort(np.concatenate((own, pairs)))
    terms = terms[np.concatenate((terms[:1] >= 0, terms[1:] != terms[:-1]))]
    per_line = np.bincount((terms >> np.uint64(32)).astype(np.int64), minlength=len(lines))
    heads = array("I")
    for line, count in zip(lines, per_line.tolist(), strict=True):
        heads.extend((crc32(line.encode()), len(line) - line.count(" "), count))
    head, numbers = np.array(heads, "<u4").tobytes(), terms.astype("<u4").tobytes()
    ends = (4 * np.cumsum(per_line)).tolist()
    rows: list[bytes] = []
    line_at = at = 0
    for one in words:
        count = one.count("\n") + 1
        last, end = line_at + count, ends[line_at + count - 1]
        own_head = head[4 * HEAD * line_at : 4 * HEAD * last]
        rows.append(count.to_bytes(4, "little") + own_head + numbers[at:end])
        line_at, at = last, end
    return rows


def _checksums(lines: str) -> npt.NDArray[np.uint64]:
    """For every term the number of its line, times 2 ** 32, and its CRC-32."""
    data = np.frombuffer(lines.encode(), np.uint8)
    between = (data == ord(" ")) | (data == ord("\n"))
    edges = np.flatnonzero(np.diff(between, prepend=True, append=True))
    starts, ends = edges[::2], edges[1::2]
    lengths = ends - starts
    added, zeros = _tables()
    numbers = zeros[np.minimum(lengths, _LONGEST)]
    left = np.arange(len(lengths))
    for after in range(int(min(lengths.max(initial=0), _LONGEST))):
        left = left[lengths[left] > after]
        numbers[left] ^= added[after][data[ends[left] - 1 - after]]
    for i in np.flatnonzero(lengths > _LONGEST).tolist():
        numbers[i] = crc32(data[starts[i] : ends[i]].tobytes())
    line = np.cumsum(data == ord("\n"))[starts].astype(np.uint64)
    found: npt.NDArray[np.uint64] = (line << np.uint64(32)) | numbers
    return found
