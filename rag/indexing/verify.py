"""Damage in an index: found row by row, and mended from what is still sound."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import DocumentError, StoreCorrupt
from rag.indexing.catalog import Catalog, Entry
from rag.indexing.database import OlderFormat
from rag.indexing.fingerprint import check_encoder
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.parts import Parts, damage, read_parts, sound
from rag.indexing.rows import Numbering
from rag.indexing.snapshot import Series, record
from rag.indexing.stating import put_again
from rag.reading.chunk import DocumentCells
from rag.reading.load import read_document
from rag.reading.sidecar import Sidecars
from rag.settings import Settings
from rag.types import Document

if TYPE_CHECKING:
    from rag.models.encoder import Encoder


CHECKED = "checked"
"""The fact in which `rag.indexing.tending` keeps what it found; no longer true once mended."""


def damages(folder: Path) -> list[str]:
    """One line for each damage in the index folder, none for a sound one.

    Raises:
        StoreMissing: there is no index. StoreMismatch: another format.
    """
    try:
        catalog = Catalog.open_reader(folder)
    except StoreCorrupt as error:
        return [str(error)]
    try:
        _, fingerprint, parts = record(catalog)
        found = row_damages(catalog, fingerprint.dimension)
        return found + _part_damages(folder, catalog, parts, fingerprint.dimension)
    except StoreCorrupt as error:
        return [str(error)]
    finally:
        catalog.close()


def row_damages(catalog: Catalog, dimension: int) -> list[str]:
    """One line for each damage in the catalog's own content.

    Raises:
        StoreCorrupt: it cannot be read at all.
    """
    found = catalog.integrity()
    for name in catalog.names():
        found += document_damages(catalog, name, dimension)
    return found + [line for _, line in _correction_damages(catalog)]


def _correction_damages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Names of documents and what is wrong with the correction of each."""
    for name in catalog.corrected():
        try:
            catalog.correction(name)
        except StoreCorrupt as error:
            yield name, str(error)


def repair(folder: Path, settings: Settings, load: Callable[[], Encoder]) -> list[str]:
    """Mends an index that perhaps cannot be opened; see `mend`.

    Raises:
        StoreMissing: there is no index. StoreLocked: another process is writing.
        StoreCorrupt: see `mend`.
    """
    with suppress(OlderFormat):
        Catalog.open_reader(folder).close()
    with write_lock(folder, PATIENCE_SECONDS):
        return mend(folder, settings, load)


def mend(folder: Path, settings: Settings, load: Callable[[], Encoder]) -> list[str]:
    """Makes anew what is damaged; one line for each thing mended. The caller holds the writer
    lock; `load` gives the encoder where vectors are needed.

    Raises:
        StoreCorrupt: a document's row is damaged and its file is gone or cannot be read.
    """
    catalog = Catalog.open_writer(folder)
    try:
        generation, fingerprint, parts = record(catalog)
        mended = _mend_structure(catalog)
        dropped = dict(_correction_damages(catalog))
        for name, line in dropped.items():
            catalog.drop_correction(name)
            mended.append(f"{line}; it was dropped, correct the document again")
        sidecars = Sidecars()
        for entry in catalog.entries():
            lines = document_damages(catalog, entry.name, fingerprint.dimension)
            if lines or entry.name in dropped:
                document = _recover(catalog, entry, settings)
                encoder = load()
                check_encoder(folder, fingerprint, encoder)
                catalog.delete(entry.name)
                stated = sidecars.of(entry.path, entry.root) if lines else None
                renamed = replace(entry, name=document.name, stated=stated or entry.stated)
                put_again(catalog, document, renamed, encoder, settings)
                mended += lines
        broken = _part_damages(folder, catalog, parts, fingerprint.dimension)
        if mended or broken:
            catalog.drop_meta(CHECKED)
            Series(folder, catalog, fingerprint, generation, sound(folder, parts)).finish()
        return mended + broken
    finally:
        catalog.close()


def _mend_structure(catalog: Catalog) -> list[str]:
    """Makes SQLite's own indexes anew where they do not fit their tables.

    Raises:
        StoreCorrupt: that was not enough.
    """
    found = catalog.integrity()
    if found:
        catalog.run("REINDEX")
        if left := catalog.integrity():
            raise StoreCorrupt(
                f"{catalog.path} is damaged: {left[0]}; put a backup in its place with: "
                f"rag restore FILE --force --index {catalog.path.parent}; "
                "or delete the folder and index again"
            )
    return found


def document_damages(catalog: Catalog, name: str, dimension: int) -> list[str]:
    """What is wrong with a document, its chunks and their vectors, one line each."""
    try:
        document = catalog.document(name)
        if document is None:
            return [f"document {name} is missing"]
        keys = catalog.document_chunks(name)
        found = [] if _origin_holds(document) else [f"document {name}: its origin does not fit"]
        cells = DocumentCells(document)
        for position, chunk in enumerate(catalog.chunks(keys)):
            place = (chunk.position, chunk.document_id)
            if place != (position, document.id) or chunk.span.of(document.text) != chunk.text:
                found.append(f"document {name}, chunk {position}: it is no part of the text")
            elif chunk.cells != cells.within(chunk.span):
                found.append(f"document {name}, chunk {position}: its cells are no table's")
        catalog.vectors(np.array(keys, np.int64), dimension)
    except StoreCorrupt as error:
        text = str(error)
        return [text if name in text else f"document {name}: {text}"]
    return found


def _origin_holds(document: Document) -> bool:
    """Whether every run gives the same characters in text and source."""
    text, source = document.text, document.source
    return source is None or all(
        text[run.start : run.start + run.length] == source[run.source : run.source + run.length]
        for run in document.origin
    )


def _part_damages(folder: Path, catalog: Catalog, parts: Parts, dimension: int) -> list[str]:
    if lines := damage(folder, parts):
        return lines
    try:
        read_parts(folder, parts, dimension, Numbering(catalog.keys()))
    except StoreCorrupt as error:
        return [str(error)]
    return []


def _recover(catalog: Catalog, entry: Entry, settings: Settings) -> Document:
    try:
        document = catalog.as_read(entry.name)
        if document is not None:
            return document
    except StoreCorrupt:
        pass
    try:
        again = read_document(Path(entry.path), entry.name, settings.reading)
        if again.id == catalog.document_id(entry.name):
            return again
        # The name may be what is damaged: the one that the file had is known by the id.
        usual = os.path.relpath(entry.path, entry.root)
        name = Path(entry.path).name if usual == "." else Path(usual).as_posix()
        if name == entry.name:
            return again
        renamed = read_document(Path(entry.path), name, settings.reading)
        if renamed.id == catalog.document_id(entry.name):
            return renamed
        reason = "neither its name nor its file is what it was"
    except (DocumentError, OSError) as error:
        reason = str(error)
    raise StoreCorrupt(
        f"document {entry.name} is damaged and cannot be read again from {entry.path}: "
        f"{reason}; put the file back, or remove the document with: rag remove {entry.name}"
    )
