"""A document taken out of an index, and put back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import DocumentError, StoreCorrupt
from rag.indexing.catalog import Catalog, Entry
from rag.indexing.loading import LazyEncoder
from rag.indexing.snapshot import Series, record
from rag.indexing.stating import put_again
from rag.settings import Settings
from rag.types import Document, Stated


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What an index held of a document: as it was read, its file, a user's words on it; `chunks`
    is how many there were. `document` is None where it was damaged: it cannot be put back."""

    document: Document | None
    entry: Entry
    corrected: Stated
    chunks: int


def take_out(folder: Path, name: str) -> TakenOut | None:
    """Removes a document from all parts; None where there is none of that name. The caller holds
    the writer lock."""
    catalog = Catalog.open_writer(folder)
    try:
        generation, made_with, parts = record(catalog)
        if not catalog.has(name):
            return None
        document, corrected, entry = None, Stated(), catalog.entry(name)
        with suppress(StoreCorrupt):  # what is damaged can be removed all the same
            document, corrected = catalog.as_read(name), catalog.correction(name)
        chunks = catalog.remove(name)
        Series(folder, catalog, made_with, generation, parts).finish()
    finally:
        catalog.close()
    return TakenOut(document, entry, corrected, chunks)


def put_back(folder: Path, settings: Settings, encoder: LazyEncoder, taken: TakenOut) -> None:
    """Puts a document back as it was. The caller holds the writer lock.

    Raises:
        DocumentError: there is another of that name by now, or it was damaged.
        StoreMismatch: the encoder is another.
    """
    name = taken.entry.name
    catalog = Catalog.open_writer(folder)
    try:
        if taken.document is None or catalog.has(name):
            raise DocumentError(f"{name} cannot be brought back: it was damaged, or is there again")
        generation, fingerprint, parts = record(catalog)
        catalog.correct(name, taken.corrected.title, taken.corrected.date)
        model = encoder.checked(folder, fingerprint)
        put_again(catalog, taken.document, taken.entry, model, settings)
        Series(folder, catalog, fingerprint, generation, parts).finish()
    finally:
        catalog.close()
