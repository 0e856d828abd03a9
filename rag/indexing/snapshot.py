"""One generation of an index, open for reading: catalog, vectors and words that agree."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.errors import StoreCorrupt, StoreError, StoreMissing
from rag.indexing.catalog import Catalog, Rows
from rag.indexing.content import counted
from rag.indexing.dense import Dense
from rag.indexing.fingerprint import Fingerprint
from rag.indexing.lexical import Lexical
from rag.indexing.lock import write_lock
from rag.indexing.parts import Parts, read_parts, sweep, write_parts


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """What a reader holds. It stays as it is while others write; the catalog's connection is
    closed with it."""

    catalog: Catalog
    generation: int
    fingerprint: Fingerprint
    rows: Rows
    dense: Dense
    lexical: Lexical


def record(catalog: Catalog) -> tuple[int, Fingerprint, Parts]:
    """Generation, fingerprint and parts as the catalog has them.

    Raises:
        StoreMissing: nothing was ever finished. StoreCorrupt: they cannot be read.
    """
    meta = catalog.meta()
    if "generation" not in meta:
        raise StoreMissing(f"the index in {catalog.path.parent} was never finished; build it again")
    try:
        return (
            int(meta["generation"]),
            Fingerprint.from_json(meta["fingerprint"]),
            Parts.from_json(meta["parts"]),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(f"{catalog.path} lacks facts about the index: {error!r}") from None


def open_snapshot(folder: Path) -> Snapshot:
    """Opens the current generation. Parts that are missing, cut or changed are made anew from
    the catalog; where another process is writing or the folder is read-only, in memory.

    Raises:
        StoreMissing, StoreMismatch, StoreCorrupt: see `Catalog.open_reader`.
    """
    damaged: int | None = None
    while True:
        catalog = Catalog.open_reader(folder)
        try:
            generation, fingerprint, parts = record(catalog)
            rows = catalog.rows()
            try:
                dense, lexical = read_parts(folder, parts, fingerprint.dimension, len(rows.chunks))
            except (StoreCorrupt, OSError):
                if damaged != generation:  # the first time; a writer may just have moved on
                    damaged = generation
                    catalog.close()
                    _try_rebuild(folder, generation)
                    continue
                matrix = catalog.vectors(rows.chunks, fingerprint.dimension)
                dense = Dense.build(matrix)
                lexical = Lexical.build(None, counted(catalog, rows))
        except BaseException:
            catalog.close()
            raise
        snapshot = Snapshot(catalog, generation, fingerprint, rows, dense, lexical)
        weakref.finalize(snapshot, catalog.close)
        return snapshot


def _try_rebuild(folder: Path, generation: int) -> None:
    try:
        with write_lock(folder):
            rebuild(folder, generation)
    except StoreCorrupt:
        raise
    except (StoreError, OSError):
        return


def rebuild(folder: Path, generation: int) -> None:
    """Makes both parts anew, as the next generation, if `generation` is still the current one.
    The caller holds the writer lock."""
    catalog = Catalog.open_writer(folder)
    try:
        current, fingerprint, _ = record(catalog)
        if current == generation:
            finish(folder, catalog, fingerprint, current + 1)
    finally:
        catalog.close()


def finish(folder: Path, catalog: Catalog, fingerprint: Fingerprint, generation: int) -> None:
    """Writes the parts for what the catalog now holds, makes all of it current with one commit,
    and removes what belonged to older generations."""
    rows = catalog.rows()
    matrix = (
        catalog.vectors(rows.chunks, fingerprint.dimension)
        if len(rows.chunks)
        else np.empty((0, fingerprint.dimension), np.float32)
    )
    parts = write_parts(folder, catalog, rows, matrix, generation)
    catalog.set_meta("generation", str(generation))
    catalog.set_meta("fingerprint", fingerprint.to_json())
    catalog.set_meta("parts", parts.to_json())
    catalog.commit()
    sweep(folder, parts)


def settle(folder: Path, snapshot: Snapshot) -> None:
    """Empties the catalog's log after a change, so that what was deleted is in no file; the
    reader of `snapshot` steps out of the way for it. Left for later where another process is
    writing or reading."""
    try:
        with write_lock(folder):
            current = Catalog.open_reader(folder)
            moved_on = record(current)[0] != snapshot.generation
            current.close()
            if not moved_on:
                snapshot.catalog.checkpoint()
    except (StoreError, OSError):
        return
