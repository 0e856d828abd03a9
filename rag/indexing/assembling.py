"""The derived files of the next generation: segments kept, made anew, joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag.indexing.catalog import Catalog
from rag.indexing.dense import VectorFile, write_fine, write_vectors
from rag.indexing.deriving import Known, derive, matrix
from rag.indexing.lexical import MANIFEST, Counted, WordSegment, compose, write_words
from rag.indexing.merging import merge_segments, searched_words
from rag.indexing.parts import Parts, Segment, has_fine, link, part_file, remove, sync
from rag.indexing.rows import Int64
from rag.indexing.sentences import SentenceWriter

SEGMENT_ROWS = 8192
"""What a segment holds when it is full. Removing one document makes its segment anew, 1 to 2 s
for so many chunks; each further segment adds .1 ms to a keyword search."""

_NEW = ".new"
_OWN = ".write"


@dataclass(frozen=True, slots=True)
class Piece:
    """Chunks that will be one segment: the one that holds them already, or None."""

    keys: Int64
    segment: Segment | None

    @property
    def work(self) -> int:
        """How many rows have to be written."""
        return 0 if self.segment else len(self.keys)


def plan(keys: Int64, segments: Iterable[Segment], *, tidy: bool) -> list[Piece]:
    """How the chunks that there are (`keys`, rising) will be laid out, in their order.

    `tidy`: segments that hold removed chunks are made anew, small neighbours are joined; so
    that each chunk is written about as often as the index has doubled. Else what there is stays
    and only new chunks are written.
    """
    pieces: list[Piece] = []
    reached = 0
    for segment in segments:
        first, reached_now = np.searchsorted(keys, (segment.first, segment.last + 1))
        if first > reached:
            pieces += _fresh(keys[reached:first])
        reached = int(reached_now)
        own = keys[first:reached]
        if len(own) == segment.rows or (len(own) and not tidy):
            pieces.append(Piece(own, segment))
        elif len(own):
            pieces += _fresh(own)
    pieces += _fresh(keys[reached:])
    return _joined(pieces) if tidy else pieces


def _fresh(keys: Int64) -> list[Piece]:
    if not len(keys):
        return []
    count = max(1, round(len(keys) / SEGMENT_ROWS))
    return [Piece(part, None) for part in np.array_split(keys, count)]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for new in pieces:
        piece = new
        while joined and _worth_joining(joined[-1], piece):
            piece = Piece(np.concatenate((joined.pop().keys, piece.keys)), None)
        joined.append(piece)
    return joined


def _worth_joining(before: Piece, after: Piece) -> bool:
    both = len(before.keys) + len(after.keys)
    return len(before.keys) <= 2 * len(after.keys) and both <= SEGMENT_ROWS


@dataclass(frozen=True, slots=True)
class Material:
    """What new segments are made of: the catalog with vectors of that `dimension`, and chunks of
    which nothing need be read in it."""

    catalog: Catalog
    dimension: int
    known: Known


def assemble(
    folder: Path, material: Material, pieces: Sequence[Piece], old: Parts, number: int
) -> Parts:
    """Writes the parts of generation `number`, durably, under a name of their own; kept segments
    are linked from the folder of `old`.

    Raises:
        StoreError: the disk is full or the folder cannot be written to. StoreCorrupt: a row of
            the catalog is not what was stored.
    """
    name = f"parts-{number}"
    remove(folder / name)
    temporary = folder / (name + _NEW)
    remove(temporary)
    temporary.mkdir()

    def bring(file: str) -> None:
        link(folder / old.folder / file, temporary / file)

    segments = []
    for piece in pieces:
        if piece.segment is not None:
            for file in piece.segment.files:
                bring(file.name)
            segments.append(_completed(temporary, piece.segment, material.dimension))
        else:
            segments.append(_segment(temporary, material, piece.keys, number))
    merged = merge_segments(temporary, segments, old, bring)
    compose(temporary, searched_words(segments, merged))
    sync(temporary / MANIFEST)
    sync(temporary)
    temporary.replace(folder / name)
    sync(folder)
    return Parts(name, part_file(folder / name / MANIFEST), tuple(segments), merged)


def _segment(place: Path, material: Material, keys: Int64, number: int) -> Segment:
    """Writes words, sentences and vectors of the chunks `keys` into the folder `place`."""
    first, last = int(keys[0]), int(keys[-1])
    own = place / _OWN
    own.mkdir()
    sentences = SentenceWriter()
    vectors: list[bytes] = []

    def through() -> Iterator[Counted]:
        for key, one in derive(material.catalog, keys, material.dimension, material.known):
            sentences.add(key, one.sentences)
            vectors.append(one.vector)
            yield Counted(key, one.terms)

    words = write_words(own, through())
    paths = []
    for path in sorted(own.iterdir()):
        if _belongs(path, words):
            paths.append(path.replace(place / path.name))
    remove(own)
    stem = place / f"{first}-{number}"
    paths += write_vectors(stem, keys, matrix(vectors, material.dimension))
    paths.append(sentences.save(stem))
    for path in paths:
        sync(path)
    files = tuple(part_file(path) for path in paths)
    return Segment(first, last, len(keys), stem.name, tuple(words), files)


def _completed(place: Path, segment: Segment, dimension: int) -> Segment:
    """A kept segment, with the fine codes that an older program left out."""
    if has_fine(segment):
        return segment
    path = write_fine(VectorFile(place / segment.vectors, segment.rows), dimension)
    sync(path)
    return replace(segment, files=(*segment.files, part_file(path)))


def _belongs(path: Path, words: Sequence[WordSegment]) -> bool:
    return any(path.name.startswith(f"{word.name}.") for word in words)
