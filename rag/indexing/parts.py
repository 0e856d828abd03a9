"""The derived files of an index: which there are, checked, swept away.

They lie in one folder for each generation, `parts-7`. A segment holds the words and vectors of
the chunks whose keys lie in a range; its files are written once, and later generations link to
them. The catalog records size and checksum of every file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag.errors import StoreCorrupt
from rag.indexing.database import PAGED
from rag.indexing.dense import FINE, Dense, VectorFile
from rag.indexing.lexical import MANIFEST, Lexical, WordSegment
from rag.indexing.rows import Numbering
from rag.indexing.sentences import SENTENCES, Sentences

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
            raise StoreCorrupt(
                f"the record of the index's parts cannot be read: {error!r}"
            ) from None
        if not sound or not (parts.folder == "" or _FOLDER.fullmatch(parts.folder)):
            raise StoreCorrupt("the record of the index's parts names other files")
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
    folder: Path, parts: Parts, dimension: int, rows: Numbering
) -> tuple[Dense, Lexical, Sentences]:
    """Opens all parts once their files are what was written.

    Raises:
        StoreCorrupt: a file is missing, has changed or cannot be read.
    """
    if not parts.folder:
        raise StoreCorrupt("no parts were derived")
    small = sum(file.size for file in parts.files()) <= HASHED_AT_OPENING_BYTES
    if lines := damage(folder, parts, whole=small):
        raise StoreCorrupt("; ".join(lines))
    if not all(map(has_fine, parts.segments)):
        raise StoreCorrupt(f"{parts.folder} is of an older program and lacks fine codes")
    place = folder / parts.folder
    lexical = Lexical.open(place, rows)
    expected = sum(segment.rows for segment in parts.segments)
    if len(lexical) != expected:
        raise StoreCorrupt(f"{parts.folder} holds the words of {len(lexical)} rows, not {expected}")
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
    """Makes a file, or a folder's list of names, last."""
    handle = os.open(path, os.O_RDONLY)
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
