"""An index saved as one file, and brought back. The file is a catalog: everything else of an
index is derived from it. Both may run while others search."""

from __future__ import annotations

import os
from pathlib import Path

from rag.errors import StoreCorrupt, StoreError, StoreMissing
from rag.indexing.catalog import CATALOG_FILE, Catalog
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.parts import Parts
from rag.indexing.snapshot import Series, record
from rag.indexing.verify import row_damages

_NEW = ".new"
_LINES_SHOWN = 5


def backup(catalog: Catalog, path: Path) -> None:
    """Writes what the catalog shows, one generation, into the new file `path`.

    Raises:
        StoreError: the file exists, the disk is full, the folder cannot be written to.
    """
    if path.exists():
        raise StoreError(f"{path} exists; name a new file, or delete it first")
    temporary = path.with_name(path.name + _NEW)
    try:
        temporary.unlink(missing_ok=True)
        catalog.copy_to(temporary)
        os.link(temporary, path)  # never over a file that has come in between
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def restore(path: Path, folder: Path, *, replace: bool = False) -> tuple[int, int]:
    """Makes the index that was saved in `path` the one in `folder`, as its next generation.
    Every row is held against its checksum first. Returns the numbers of documents and chunks.

    Raises:
        StoreMissing: no such file. StoreCorrupt: it is damaged or something else.
        StoreMismatch: another format. StoreLocked: another process is writing.
        StoreError: there is an index in `folder` and `replace` is not set.
    """
    if not path.is_file():
        raise StoreMissing(f"no such file: {path}; rag backup FILE writes one")
    target = folder / CATALOG_FILE
    saved = Catalog.reader(path)
    try:
        generation, fingerprint, _ = record(saved)
        if lines := row_damages(saved, fingerprint.dimension):
            shown = "".join(f"\n  {line}" for line in lines[:_LINES_SHOWN])
            raise StoreCorrupt(f"the backup {path} is damaged:{shown}")
        if target.exists() and not replace:
            raise StoreError(
                f"there is an index in {folder}; name another folder, or replace it with --force"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with write_lock(folder, PATIENCE_SECONDS):
            last = max(generation, _generation(folder))
            saved.copy_over(target)
            catalog = Catalog.open_writer(folder)
            try:
                Series(folder, catalog, fingerprint, last, Parts.none()).finish()
                counts = catalog.counts()
            finally:
                catalog.close()
        return counts
    except OSError as error:
        raise StoreError(f"{folder} cannot be written to: {error}") from None
    finally:
        saved.close()


def _generation(folder: Path) -> int:
    """The number that the index in `folder` has reached, 0 where there is none to be read."""
    try:
        catalog = Catalog.open_reader(folder)
    except StoreError:
        return 0
    try:
        return record(catalog)[0]
    except StoreError:
        return 0
    finally:
        catalog.close()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
