"""The sentence part of an index: which terms stand in which sentence of a chunk.

Reading a hundred candidates of a question this way takes a millisecond; cutting their text again
took forty. For each chunk a row of uint32: how many sentences it has; for each of them a checksum
of its words, their characters, how many terms follow; then the terms of all of them. A term is
its CRC-32: of a question's terms and all terms of its candidates two are taken for each other
once in ten thousand questions.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from rag.errors import StoreCorrupt
from rag.indexing.mapped import Allowance, MappedNumbers
from rag.indexing.rows import Bools, Int64, Numbering
from rag.indexing.sentence_rows import HEAD

SENTENCES = ".sentences"
_HEADER = struct.Struct("<8sqq")  # mark, chunks, numbers; then keys, ends, numbers
_MARK = b"wenjusen"
_LOW = 0xFFFF
_NONE: frozenset[str] = frozenset()
_LOOKS = 8192  # chunks, before they are let go: .5 GB, 80 searches

UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a chunk: those of the wanted terms that stand in it, the characters of its
    words, and a checksum of them, the same for the same words in the same order."""

    terms: frozenset[str]
    characters: int
    checksum: int


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

    def part(self, rows: Numbering) -> Sentences:
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

    def __init__(self, files: Sequence[_File], rows: Numbering) -> None:
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
            raise StoreCorrupt(f"the sentence part lacks {missing} rows")

    @classmethod
    def open(cls, stems: Iterable[Path], rows: Numbering) -> Sentences:
        """What `SentenceWriter.save` wrote under these stems. Chunks that `rows` does not know
        are passed over.

        Raises:
            StoreCorrupt: a file is something else, or a row has no sentences.
        """
        return cls([_mapped(stem.with_name(stem.name + SENTENCES)) for stem in stems], rows)

    def of(self, rows: Sequence[int], terms: Collection[str]) -> list[tuple[Sentence, ...]]:
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
            Sentence(standing.get(i, _NONE), characters, checksum)
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
        raise StoreCorrupt(
            f"the sentences of row {rows[int(np.argmin(sound))]} are damaged; "
            "mend them with: rag verify --repair"
        )


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
            raise StoreCorrupt(f"{path.name} is no file of sentences, or is cut short")
        keys = np.frombuffer(file.read(8 * chunks), "<i8").astype(np.int64)
        ends = np.frombuffer(file.read(8 * chunks), "<i8").astype(np.int64)
        if chunks and (ends[-1] != count or ends[0] < 1 or (np.diff(ends) < 1).any()):
            raise StoreCorrupt(f"{path.name} does not hold its sentences one after another")
    mapped = MappedNumbers(path, "<u4", count, _HEADER.size + 16 * chunks)
    return _File(keys, ends, mapped.numbers, mapped)
