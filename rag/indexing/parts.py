"""The derived files of an index: written beside the old ones, checked, swept away.

A part carries the generation that it was made from in its name, and the catalog records its
size and checksum: `vectors-7.faiss` is a file, `words-7` a folder of files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rag.errors import StoreCorrupt
from rag.indexing.catalog import Catalog, Rows
from rag.indexing.content import counted
from rag.indexing.dense import Dense
from rag.indexing.lexical import Lexical
from rag.indexing.records import Float32

_PART = re.compile(r"(?:vectors-[0-9]+\.faiss|words-[0-9]+)(?:\.new)?")
_NEW = ".new"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What the catalog knows about the derived files: for each, relative to the index folder,
    its size in bytes and its SHA-256. Two parts: one vector file, one folder of words."""

    vectors: str
    words: str
    files: tuple[tuple[str, int, str], ...]

    def to_json(self) -> str:
        """As the catalog stores it."""
        return json.dumps({"vectors": self.vectors, "words": self.words, "files": self.files})

    @classmethod
    def from_json(cls, data: str) -> Parts:
        """What `to_json` gave.

        Raises:
            StoreCorrupt: it is something else, or names files outside the index folder.
        """
        try:
            value = json.loads(data)
            parts = cls(
                value["vectors"],
                value["words"],
                tuple((str(name), int(size), str(digest)) for name, size, digest in value["files"]),
            )
            sound = all(_PART.fullmatch(name) for name in (parts.vectors, parts.words))
            sound = sound and all(_inside(name, parts) for name, _, _ in parts.files)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreCorrupt(
                f"the record of the index's parts cannot be read: {error!r}"
            ) from None
        if not sound:
            raise StoreCorrupt("the record of the index's parts names other files")
        return parts


def _inside(name: str, parts: Parts) -> bool:
    folder, slash, file = name.partition("/")
    return name == parts.vectors or (folder == parts.words and bool(slash) and _plain(file))


def _plain(file: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.-]+", file) is not None and file not in (".", "..")


def write_parts(
    folder: Path, catalog: Catalog, rows: Rows, matrix: Float32, generation: int
) -> Parts:
    """Writes both parts for the catalog's present content, durably, under new names. `matrix`
    `(n, d)` holds the rows' vectors.

    Raises:
        StoreError: the disk is full or the folder cannot be written to.
    """
    vectors, words_folder = f"vectors-{generation}.faiss", f"words-{generation}"
    _remove(folder / words_folder)
    temporary = folder / (words_folder + _NEW)
    _remove(temporary)
    temporary.mkdir()
    Lexical.build(temporary, counted(catalog, rows))
    for file in sorted(temporary.iterdir()):
        _sync(file)
    _sync(temporary)
    temporary.replace(folder / words_folder)
    new = folder / (vectors + _NEW)
    new.write_bytes(Dense.build(matrix).tobytes())
    _sync(new)
    new.replace(folder / vectors)
    _sync(folder)
    names = [vectors, *(f"{words_folder}/{file.name}" for file in _files(folder / words_folder))]
    files = tuple((name, (folder / name).stat().st_size, _sha256(folder / name)) for name in names)
    return Parts(vectors, words_folder, files)


def damage(folder: Path, parts: Parts) -> list[str]:
    """What is wrong with the files of the parts, one line each; empty when all is sound."""
    found = []
    for name, size, digest in parts.files:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != size:
            found.append(f"{name} has {path.stat().st_size} bytes instead of {size}")
        elif _sha256(path) != digest:
            found.append(f"{name} has changed since it was written")
    return found


def read_parts(folder: Path, parts: Parts, dimension: int, rows: int) -> tuple[Dense, Lexical]:
    """Opens both parts once their files are what was written.

    Raises:
        StoreCorrupt: a file is missing, has changed or cannot be read.
    """
    if lines := damage(folder, parts):
        raise StoreCorrupt("; ".join(lines))
    data = (folder / parts.vectors).read_bytes()
    recorded = {name: digest for name, _, digest in parts.files}
    if sha256(data).hexdigest() != recorded.get(parts.vectors):
        raise StoreCorrupt(f"{parts.vectors} has changed since it was written")
    lexical = Lexical.open(folder / parts.words)
    if len(lexical) != rows:
        raise StoreCorrupt(f"{parts.words} holds {len(lexical)} rows instead of {rows}")
    return Dense.read(data, dimension, rows), lexical


def sweep(folder: Path, keep: Parts) -> None:
    """Removes derived files of other generations and what an interrupted writer left."""
    for path in folder.iterdir():
        if _PART.fullmatch(path.name) and path.name not in (keep.vectors, keep.words):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    """The files that a reader needs; Tantivy's lock files are not among them."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".lock")


def _sync(path: Path) -> None:
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
