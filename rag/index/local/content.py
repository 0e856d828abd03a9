"""What of a chunk is searched: the one place that decides it, and the terms of its sentences.

Reading a hundred candidates of a question from the sentence part takes a millisecond; cutting their
text again took forty. For each chunk a row of uint32: how many sentences it has; for each of them a
checksum of its words, their characters, how many terms follow; then the terms of all of them. A
term is its CRC-32: of a question's terms and all terms of its candidates two are taken for each
other once in ten thousand questions.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.index.local.rows import Allowance, Bools, Int64, MappedNumbers, RowIds
from rag.index.protocol import IndexedSentence
from rag.text.segment import line_terms
from rag.text.sentences import sentences
from rag.types import Chunk

EMBEDDING_VERSION = 1
"""Raised when `embedding_text` gives other text than before."""

ChunkTerms = tuple[str, str, str, str]
"""The terms of a chunk in the order of `Field`: a space between two terms of a field, a line end
between two sentences."""

_CUT_AT_ONCE = 64
"""Chunks cut together: far fewer and the dictionaries of each step drive out those of the others
from the processor's cache (780 µs of CPU a chunk one by one, 500 so many at a time), far more and
the texts do."""


def context_of(title: str, chunk: Chunk) -> str:
    """What stands above a chunk: title, headings and lead, one a line, each once."""
    return "\n".join(dict.fromkeys((title, *chunk.headings, *chunk.lead)))


def embedding_text(title: str, chunk: Chunk) -> str:
    """What the encoder reads of a chunk: title, headings and lead above its text."""
    return f"{context_of(title, chunk)}\n{chunk.text}"


def chunk_terms(chunks: Sequence[tuple[str, Chunk]]) -> Iterator[ChunkTerms]:
    """The terms of chunks, given with the titles of their documents, and of what stands above
    each."""
    for start in range(0, len(chunks), _CUT_AT_ONCE):
        some = chunks[start : start + _CUT_AT_ONCE]
        own = line_terms(
            ["\n".join([span.of(one.text) for span in sentences(one.text)]) for _, one in some]
        )
        contexts = [context_of(title, one) for title, one in some]
        each = list(dict.fromkeys(contexts))  # the same stands above many chunks in a row
        above = dict(zip(each, line_terms(each), strict=True))
        for terms, context in zip(own, contexts, strict=True):
            yield (*terms, *above[context])


UInt32 = npt.NDArray[np.uint32]
HEAD = 3
"""Numbers that stand before the terms for each sentence: the CRC-32 of its words, their
characters, how many terms follow."""

_LONGEST = 32
"""Bytes of a term up to which checksums are computed for many at once; few are longer."""

_AT_ONCE = 256  # chunks


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


SENTENCES = ".sentences"
_HEADER = struct.Struct("<8sqq")  # mark, chunks, numbers; then keys, ends, numbers
_MARK = b"wenjusen"
_LOW = 0xFFFF
_NONE: frozenset[str] = frozenset()
_LOOKS = 8192  # chunks, before they are let go: .5 GB, 80 searches


class SentenceWriter:
    """Takes down the sentences of chunks that are on their way into the word part."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._ends = array("q")
        self._rows: list[bytes] = []

    def add(self, key: int, row: bytes) -> None:
        """Takes down a chunk; see `sentence_rows`."""
        self._keys.append(key)
        self._ends.append((self._ends[-1] if self._ends else 0) + len(row) // 4)
        self._rows.append(row)

    def save(self, stem: Path) -> Path:
        """Writes what was taken down; returns the file."""
        path = stem.with_name(stem.name + SENTENCES)
        with path.open("wb") as file:
            count = self._ends[-1] if self._ends else 0
            file.write(_HEADER.pack(_MARK, len(self._keys), count))
            file.write(np.array(self._keys, "<i8").tobytes())
            file.write(np.array(self._ends, "<i8").tobytes())
            file.writelines(self._rows)
        return path

    def part(self, rows: RowIds) -> Sentences:
        """What was taken down, in memory."""
        arrays = (
            np.array(self._keys, np.int64),
            np.array(self._ends, np.int64),
            np.frombuffer(b"".join(self._rows), "<u4").astype(np.uint32),
        )
        return Sentences([_File(*arrays)], rows)


@dataclass(frozen=True, slots=True)
class _File:
    """The chunks `keys` `(n,)`; the numbers of chunk i end before `ends[i]`."""

    keys: Int64
    ends: Int64
    numbers: UInt32
    mapped: MappedNumbers | None = None


class Sentences:
    """An open sentence part. Reading is safe from several threads."""

    def __init__(self, files: Sequence[_File], rows: RowIds) -> None:
        """Used by `open` and `SentenceWriter.part`.

        Raises:
            StoreCorrupt: a row has no sentences.
        """
        self._numbers = [file.numbers for file in files]
        self._allowance = Allowance((file.mapped for file in files if file.mapped), _LOOKS)
        self._file = np.full(len(rows), -1, np.int64)
        self._span = np.zeros((len(rows), 2), np.int64)
        for i, file in enumerate(files):
            numbers = rows.of(file.keys)
            known = numbers >= 0
            starts = np.concatenate(([0], file.ends[:-1]))
            self._file[numbers[known]] = i
            self._span[numbers[known]] = np.column_stack((starts, file.ends))[known]
        if (missing := int(np.count_nonzero(self._file < 0))) > 0:
            raise StoreCorrupt(say("parts.sentences_missing", missing=missing))

    @classmethod
    def open(cls, stems: Iterable[Path], rows: RowIds) -> Sentences:
        """What `SentenceWriter.save` wrote under these stems. Chunks that `rows` does not know
        are passed over.

        Raises:
            StoreCorrupt: a file is something else, or a row has no sentences.
        """
        return cls([_mapped(stem.with_name(stem.name + SENTENCES)) for stem in stems], rows)

    def of(self, rows: Sequence[int], terms: Collection[str]) -> list[tuple[IndexedSentence, ...]]:
        """The sentences of each of these rows in order, with those of `terms` that stand in them.

        Raises:
            StoreCorrupt: a row holds something else.
        """
        self._allowance.spend(len(rows))
        if not len(rows):
            return []
        lengths, numbers = self._numbers_of(rows)
        starts = np.cumsum(lengths) - lengths
        counts = numbers[starts].astype(np.int64)
        _check(rows, 1 + HEAD * counts <= lengths)
        ends = np.cumsum(counts)
        places = np.repeat(starts + 1 - HEAD * (ends - counts), counts)
        places += HEAD * np.arange(len(places))
        head = numbers[places[:, None] + np.arange(HEAD)]
        sums = np.concatenate(([0], np.cumsum(head[:, 2], dtype=np.int64)))
        _check(rows, 1 + HEAD * counts + sums[ends] - sums[ends - counts] == lengths)
        is_term = np.ones(len(numbers), np.bool_)
        is_term[starts] = False
        is_term[places[:, None] + np.arange(HEAD)] = False
        standing = _standing(numbers[is_term], sums[1:], terms)
        flat = [
            IndexedSentence(standing.get(i, _NONE), characters, checksum)
            for i, (checksum, characters, _) in enumerate(head.tolist())
        ]
        last = ends.tolist()
        return [tuple(flat[end - n : end]) for n, end in zip(counts.tolist(), last, strict=True)]

    def _numbers_of(self, rows: Sequence[int]) -> tuple[Int64, UInt32]:
        """How many numbers each row has, and the numbers of all of them."""
        chosen = np.array(rows, np.int64)
        spans = self._span[chosen]
        parts = [
            self._numbers[file][start:end]
            for file, (start, end) in zip(self._file[chosen].tolist(), spans.tolist(), strict=True)
        ]
        return spans[:, 1] - spans[:, 0], np.concatenate(parts)


def _check(rows: Sequence[int], sound: Bools) -> None:
    if not sound.all():
        raise StoreCorrupt(say("parts.sentences", row=rows[int(np.argmin(sound))]))


def _standing(numbers: UInt32, ends: Int64, terms: Collection[str]) -> dict[int, frozenset[str]]:
    """Which of `terms` stand in which sentence, by its place; the `numbers` of sentence i end
    before `ends[i]`."""
    by_number = {crc32(term.encode()): term for term in terms}
    wanted = np.array(list(by_number), np.uint32)
    likely = np.zeros(_LOW + 1, np.bool_)  # by the low bits: most numbers are none of them
    likely[wanted & _LOW] = True
    hits = np.flatnonzero(likely[numbers & _LOW])
    places = np.searchsorted(ends, hits, side="right")
    standing: dict[int, list[str]] = {}
    for place, number in zip(places.tolist(), numbers[hits].tolist(), strict=True):
        if (term := by_number.get(number)) is not None:
            standing.setdefault(place, []).append(term)
    return {place: frozenset(found) for place, found in standing.items()}


def _mapped(path: Path) -> _File:
    """A file's keys and ends; its numbers stay on disk."""
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
        mark, chunks, count = _HEADER.unpack(head) if len(head) == _HEADER.size else (b"", 0, 0)
        size = _HEADER.size + 16 * chunks + 4 * count
        if mark != _MARK or min(chunks, count) < 0 or path.stat().st_size != size:
            raise StoreCorrupt(say("parts.no_sentences", name=path.name))
        keys = np.frombuffer(file.read(8 * chunks), "<i8").astype(np.int64)
        ends = np.frombuffer(file.read(8 * chunks), "<i8").astype(np.int64)
        if chunks and (ends[-1] != count or ends[0] < 1 or (np.diff(ends) < 1).any()):
            raise StoreCorrupt(say("parts.sentences_order", name=path.name))
    mapped = MappedNumbers(path, "<u4", count, _HEADER.size + 16 * chunks)
    return _File(keys, ends, mapped.numbers, mapped)
