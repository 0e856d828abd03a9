"""The derived files of an index: made from the catalog, joined, checked, swept away.

They lie in one folder for each generation, `parts-7`. A segment holds the terms, sentences and
vectors of the chunks whose keys lie in a range; its files are written once, and later generations
link to them. The catalog records size and checksum of every file.

Words of neighbouring segments are merged, so that a search looks each term up in fewer places.
These segments keep their own files: where one is made anew, the others are merged with it again, in
a second, and no text has to be cut.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import StoreCorrupt
from rag.i18n import say
from rag.index.local.catalog import Catalog
from rag.index.local.content import (
    SENTENCES,
    ChunkTerms,
    Sentences,
    SentenceWriter,
    chunk_terms,
    sentence_rows,
)
from rag.index.local.database import PAGED
from rag.index.local.rows import Int64, RowIds
from rag.index.local.vectors import FINE, Dense, VectorFile, write_fine, write_vectors
from rag.index.local.words import (
    MANIFEST,
    Counted,
    Lexical,
    WordSegment,
    compose,
    merge_words,
    write_words,
)
from rag.index.protocol import Float32

_FOLDER = re.compile(r"parts-[0-9]{1,18}(?:\.new)?")
# What format 1 left behind, too, and a restoring that was killed.
_SWEPT = re.compile(
    rf"^(?:{_FOLDER.pattern}|(?:vectors-[0-9]+\.faiss|words-[0-9]+)(?:\.new)?|.*{re.escape(PAGED)})"
)
_STEM = r"[0-9]{1,18}-[0-9]{1,18}"
_FILE = re.compile(rf"[0-9a-f]{{32}}\.[a-z]{{1,20}}|{_STEM}\.(?:vectors|codes|fine|sentences)")
_UUID = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20
_IN_USE = (PermissionError,) if os.name == "nt" else ()
"""Windows keeps a file that somebody reads; it goes with the next sweep."""
_ATTEMPTS = 3
HASHED_AT_OPENING_BYTES = 1 << 26
"""Parts up to 64 MiB are hashed whole whenever they are opened (about .1 s); of larger ones all
sizes are compared, and `verify` hashes them."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """A derived file: its name, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Words and vectors of the chunks whose keys lie from `first` to `last`; `rows` there were
    when it was written. `vectors` is the stem of its vector files."""

    first: int
    last: int
    rows: int
    vectors: str
    words: tuple[WordSegment, ...]
    files: tuple[PartFile, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The words of several segments as one: `of` names their vectors."""

    of: tuple[str, ...]
    words: WordSegment
    files: tuple[PartFile, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """All derived files of a generation: the folder, the list of Tantivy's segments, the
    segments by the keys that they hold, and which of their words are searched merged. `folder`
    is empty where nothing was ever derived."""

    folder: str
    manifest: PartFile
    segments: tuple[Segment, ...]
    merged: tuple[Merged, ...] = ()

    @classmethod
    def none(cls) -> Parts:
        """Nothing was derived yet."""
        return cls("", PartFile(MANIFEST, 0, "0" * 64), ())

    def files(self) -> Iterator[PartFile]:
        """All files, relative to the folder."""
        yield self.manifest
        for segment in self.segments:
            yield from segment.files
        for merged in self.merged:
            yield from merged.files

    def to_json(self) -> str:
        """As the catalog stores it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, data: str) -> Parts:
        """What `to_json` gave.

        Raises:
            StoreCorrupt: it is something else, or names files outside the index folder.
        """
        try:
            value = json.loads(data)
            segments = tuple(_segment(item) for item in value["segments"])
            merged = tuple(_merged(item) for item in value.get("merged", ()))
            whole = tuple(filter(_complete, segments))
            parts = cls(str(value["folder"]), _part_file(value["manifest"]), whole, merged)
            sound = parts.manifest.name == MANIFEST and _ordered(segments)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise StoreCorrupt(say("parts.record", error=repr(error))) from None
        if not sound or not (parts.folder == "" or _FOLDER.fullmatch(parts.folder)):
            raise StoreCorrupt(say("parts.other_files"))
        return parts


def _segment(item: dict[str, Any]) -> Segment:
    words = tuple(WordSegment(str(word["name"]), int(word["rows"])) for word in item["words"])
    files = tuple(_part_file(file) for file in item["files"])
    segment = Segment(
        int(item["first"]), int(item["last"]), int(item["rows"]), str(item["vectors"]), words, files
    )
    sound = all(_UUID.fullmatch(word.name) for word in words)
    if not sound or segment.rows < 0 or segment.first > segment.last:
        raise ValueError(f"no segment: {item!r:.200}")
    if not all(_FILE.fullmatch(file.name) for file in files) or not any(
        file.name == f"{segment.vectors}.vectors" for file in files
    ):
        raise ValueError(f"a segment of other files: {item!r:.200}")
    return segment


def _complete(segment: Segment) -> bool:
    """Whether it has its sentences; those of an older program have none and are made anew."""
    return any(file.name == segment.vectors + SENTENCES for file in segment.files)


def has_fine(segment: Segment) -> bool:
    """Whether it has its fine codes; an older program wrote none, they are made of its vectors."""
    return any(file.name == segment.vectors + FINE for file in segment.files)


def _merged(item: dict[str, Any]) -> Merged:
    words = WordSegment(str(item["words"]["name"]), int(item["words"]["rows"]))
    files = tuple(_part_file(file) for file in item["files"])
    merged = Merged(tuple(map(str, item["of"])), words, files)
    own = all(file.name.startswith(f"{words.name}.") for file in files)
    named = all(_FILE.fullmatch(file.name) for file in files) and _UUID.fullmatch(words.name)
    if not (own and named and merged.of and all(re.fullmatch(_STEM, name) for name in merged.of)):
        raise ValueError(f"no merged words: {item!r:.200}")
    return merged


def _part_file(item: dict[str, Any]) -> PartFile:
    file = PartFile(str(item["name"]), int(item["size"]), str(item["sha256"]))
    if file.size < 0 or not _DIGEST.fullmatch(file.sha256):
        raise ValueError(f"no file of a part: {item!r:.200}")
    return file


def _ordered(segments: tuple[Segment, ...]) -> bool:
    """Whether every key belongs to one segment at most."""
    return all(before.last < after.first for before, after in pairwise(segments))


def part_file(path: Path) -> PartFile:
    """A file as it is now."""
    return PartFile(path.name, path.stat().st_size, _sha256(path))


def damage(folder: Path, parts: Parts, *, whole: bool = True) -> list[str]:
    """What is wrong with the files of the parts, one line each; empty when all is sound.
    `whole`: hash them all, else compare sizes and hash only the manifest."""
    place = folder / parts.folder
    lines = [
        damaged_file(place, file, whole=whole or file == parts.manifest) for file in parts.files()
    ]
    return [f"{parts.folder}/{line}" for line in lines if line]


def sound(folder: Path, parts: Parts) -> Parts:
    """The parts with those segments and merged words alone whose files are what was written."""
    place = folder / parts.folder

    def intact(written: Segment | Merged) -> bool:
        return not any(damaged_file(place, file) for file in written.files)

    return replace(
        parts,
        segments=tuple(filter(intact, parts.segments)),
        merged=tuple(filter(intact, parts.merged)),
    )


def damaged_file(place: Path, file: PartFile, *, whole: bool = True) -> str:
    """What is wrong with a file in the folder `place`, empty where nothing is; see `damage`."""
    path = place / file.name
    if path.is_symlink() or not path.is_file():
        return f"{file.name} is missing"
    if path.stat().st_size != file.size:
        return f"{file.name} has {path.stat().st_size} bytes instead of {file.size}"
    if whole and _sha256(path) != file.sha256:
        return f"{file.name} has changed since it was written"
    return ""


def read_parts(
    folder: Path, parts: Parts, dimension: int, rows: RowIds
) -> tuple[Dense, Lexical, Sentences]:
    """Opens all parts once their files are what was written.

    Raises:
        StoreCorrupt: a file is missing, has changed or cannot be read.
    """
    if not parts.folder:
        raise StoreCorrupt(say("parts.none"))
    small = sum(file.size for file in parts.files()) <= HASHED_AT_OPENING_BYTES
    if lines := damage(folder, parts, whole=small):
        raise StoreCorrupt("; ".join(lines))
    if not all(map(has_fine, parts.segments)):
        raise StoreCorrupt(say("parts.older", name=parts.folder))
    place = folder / parts.folder
    lexical = Lexical.open(place, rows)
    expected = sum(segment.rows for segment in parts.segments)
    if len(lexical) != expected:
        raise StoreCorrupt(
            say("parts.words_rows", name=parts.folder, found=len(lexical), rows=expected)
        )
    files = [VectorFile(place / segment.vectors, segment.rows) for segment in parts.segments]
    sentences = Sentences.open([file.stem for file in files], rows)
    return Dense.open(files, dimension, rows), lexical, sentences


def sweep(folder: Path, keep: Parts) -> None:
    """Removes derived files of other generations and what an interrupted writer left."""
    for path in folder.iterdir():
        if _SWEPT.fullmatch(path.name) and path.name != keep.folder:
            remove(path)


def remove(path: Path) -> None:
    """Removes a file or a folder with all that is in it; a link itself, not what it names. A
    reader that has just opened the folder may put a lock file into it meanwhile."""
    if path.is_dir() and not path.is_symlink():
        for _ in range(_ATTEMPTS):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                return
    else:
        with suppress(*_IN_USE):
            path.unlink(missing_ok=True)


def link(source: Path, target: Path) -> None:
    """A second name for a file that never changes; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
        sync(target)


def sync(path: Path) -> None:
    """Makes a file last, or a folder's list of names where the system can (Windows cannot)."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


_AT_ONCE = 256  # chunks


@dataclass(frozen=True, slots=True)
class Derived:
    """What of a chunk stands in the parts: its terms, its row of sentences, the bytes of its
    vector."""

    terms: ChunkTerms
    sentences: bytes
    vector: bytes


Known = Mapping[int, Derived]
"""Chunks by their keys, of which nothing has to be read in the catalog."""


def derive(
    catalog: Catalog, keys: Int64, dimension: int, known: Known
) -> Iterator[tuple[int, Derived]]:
    """The chunks `keys`, rising, one after another: those `known`, the others cut anew from the
    catalog, with their vectors of that `dimension`.

    Raises:
        StoreCorrupt: a row of the catalog is not what was stored.
    """
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        absent = np.array([key for key in some.tolist() if key not in known], np.int64)
        found = dict(_cut(catalog, absent, dimension)) if len(absent) else {}
        for key in some.tolist():
            yield key, known.get(key) or found[key]


def _cut(catalog: Catalog, keys: Int64, dimension: int) -> Iterator[tuple[int, Derived]]:
    wanted = set(keys.tolist())
    titled = [
        (title, chunk)
        for key, title, chunk in catalog.titled_chunks(int(keys[0]), int(keys[-1]))
        if key in wanted
    ]
    if len(titled) != len(keys):
        raise StoreCorrupt(say("catalog.orphans", path=catalog.path))
    terms = list(chunk_terms(titled))
    rows = sentence_rows([one[0] for one in terms], [one[1] for one in terms])
    vectors = catalog.vectors(keys, dimension)
    for key, own, row, vector in zip(keys.tolist(), terms, rows, vectors, strict=True):
        yield key, Derived(own, row, vector.astype("<f4", copy=False).tobytes())


def matrix(vectors: list[bytes], dimension: int) -> Float32:
    """Vectors `(n, d)` of their bytes."""
    flat = np.frombuffer(b"".join(vectors), "<f4").astype(np.float32, copy=False)
    return flat.reshape(-1, dimension)


SEGMENT_ROWS = 8192
"""What a segment holds when it is full. Removing one document makes its segment anew, 1 to 2 s
for so many chunks; each further segment adds .1 ms to a keyword search."""

_NEW = ".new"
_OWN = ".write"


@dataclass(frozen=True, slots=True)
class SegmentChunks:
    """Chunks that will be one segment: the one that holds them already, or None."""

    keys: Int64
    segment: Segment | None

    @property
    def work(self) -> int:
        """How many rows have to be written."""
        return 0 if self.segment else len(self.keys)


def plan(keys: Int64, segments: Iterable[Segment], *, tidy: bool) -> list[SegmentChunks]:
    """How the chunks that there are (`keys`, rising) will be laid out, in their order.

    `tidy`: segments that hold removed chunks are made anew, small neighbours are joined; so
    that each chunk is written about as often as the index has doubled. Else what there is stays
    and only new chunks are written.
    """
    pieces: list[SegmentChunks] = []
    reached = 0
    for segment in segments:
        first, reached_now = np.searchsorted(keys, (segment.first, segment.last + 1))
        if first > reached:
            pieces += _fresh(keys[reached:first])
        reached = int(reached_now)
        own = keys[first:reached]
        if len(own) == segment.rows or (len(own) and not tidy):
            pieces.append(SegmentChunks(own, segment))
        elif len(own):
            pieces += _fresh(own)
    pieces += _fresh(keys[reached:])
    return _joined(pieces) if tidy else pieces


def _fresh(keys: Int64) -> list[SegmentChunks]:
    if not len(keys):
        return []
    count = max(1, round(len(keys) / SEGMENT_ROWS))
    return [SegmentChunks(part, None) for part in np.array_split(keys, count)]


def _joined(pieces: Sequence[SegmentChunks]) -> list[SegmentChunks]:
    joined: list[SegmentChunks] = []
    for new in pieces:
        piece = new
        while joined and _worth_joining(joined[-1], piece):
            piece = SegmentChunks(np.concatenate((joined.pop().keys, piece.keys)), None)
        joined.append(piece)
    return joined


def _worth_joining(before: SegmentChunks, after: SegmentChunks) -> bool:
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
    folder: Path, material: Material, pieces: Sequence[SegmentChunks], old: Parts, number: int
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
            segments.append(_assembling_segment(temporary, material, piece.keys, number))
    merged = merge_segments(temporary, segments, old, bring)
    compose(temporary, searched_words(segments, merged))
    sync(temporary / MANIFEST)
    sync(temporary)
    temporary.replace(folder / name)
    sync(folder)
    return Parts(name, part_file(folder / name / MANIFEST), tuple(segments), merged)


def _assembling_segment(place: Path, material: Material, keys: Int64, number: int) -> Segment:
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


MERGED_SEGMENTS = 8
"""How many are merged into one. Of 326,000 chunks a question's terms took 9 ms in 39 segments,
most of it looking them up; eight are merged in 1 s."""

_MERGED = ".merge"

Bring = Callable[[str], None]
"""Puts a file of the generation before, given by its name, into the new folder."""


def merge_segments(
    place: Path, segments: Sequence[Segment], old: Parts, bring: Bring
) -> tuple[Merged, ...]:
    """Merges runs of segments whose files lie in `place`; what of `old` still fits is kept."""
    names = [segment.vectors for segment in segments]
    at = {name: i for i, name in enumerate(names)}
    merged: dict[int, Merged] = {}
    for group in old.merged:
        first = at.get(group.of[0], len(names))
        if tuple(names[first : first + len(group.of)]) == group.of:
            for file in group.files:
                bring(file.name)
            merged[first] = group
    first = 0
    while first + MERGED_SEGMENTS <= len(segments):
        taken = [i for i in range(first, first + MERGED_SEGMENTS) if i in merged]
        if taken:
            first = taken[-1] + len(merged[taken[-1]].of)
            continue
        new = _merge(place, segments[first : first + MERGED_SEGMENTS])
        if new is not None:
            merged[first] = new
        first += MERGED_SEGMENTS
    return tuple(merged[i] for i in sorted(merged))


def searched_words(segments: Sequence[Segment], merged: Sequence[Merged]) -> list[WordSegment]:
    """The word segments of which an index is composed: those merged, and those of the others."""
    within = {name for group in merged for name in group.of}
    single = [word for one in segments if one.vectors not in within for word in one.words]
    return [group.words for group in merged] + single


def _merge(place: Path, segments: Sequence[Segment]) -> Merged | None:
    """One segment of the words of all, or None where Tantivy sees no reason to merge them."""
    own = place / _MERGED
    own.mkdir()
    words = [word for segment in segments for word in segment.words]
    for segment in segments:
        for file in segment.files:
            if any(file.name.startswith(f"{word.name}.") for word in words):
                link(place / file.name, own / file.name)
    found = merge_words(own, words)
    paths = []
    if len(found) == 1:
        for path in sorted(own.glob(f"{found[0].name}.*")):
            paths.append(path.replace(place / path.name))
    remove(own)
    if not paths:
        return None
    for path in paths:
        sync(path)
    files = tuple(map(part_file, paths))
    return Merged(tuple(segment.vectors for segment in segments), found[0], files)
