"""A user's words on a document, put into the index."""

from __future__ import annotations

from pathlib import Path

from rag.errors import FilterError
from rag.indexing.catalog import Catalog, Entry
from rag.indexing.loading import LazyEncoder
from rag.indexing.preparing import prepared
from rag.indexing.snapshot import Series, record
from rag.models.encoder import Encoder
from rag.settings import Settings
from rag.types import Document

MAX_TITLE_CHARACTERS = 1_000


def checked_title(title: str) -> str:
    """A title on one line.

    Raises:
        FilterError: it is too long, or no Unicode text.
    """
    line = " ".join(title.split())
    if len(line) > MAX_TITLE_CHARACTERS or not line.isprintable():
        raise FilterError(
            f"the title {line!r:.60} has {len(line):,} characters, the limit is "
            f"{MAX_TITLE_CHARACTERS:,}, or some that cannot be shown"
        )
    return line


def correct(
    folder: Path,
    settings: Settings,
    encoder: LazyEncoder,
    name: str,
    title: str | None,
    date: str | None,
) -> bool:
    """Records a correction as the next generation; see `FactTables.correct`. Returns whether
    there is such a document. The caller holds the writer lock.

    Raises:
        StoreMismatch: the title stands above every chunk, and the encoder is another.
    """
    catalog = Catalog.open_writer(folder)
    try:
        generation, fingerprint, parts = record(catalog)
        document = catalog.as_read(name)
        if document is None:
            return False
        if catalog.correct(name, title, date):
            entry = catalog.entry(name)
            put_again(catalog, document, entry, encoder.checked(folder, fingerprint), settings)
        Series(folder, catalog, fingerprint, generation, parts).finish()
    finally:
        catalog.close()
    return True


def put_again(
    catalog: Catalog, document: Document, entry: Entry, encoder: Encoder, settings: Settings
) -> None:
    """Stores a document, as it was read, with new chunks and vectors under its present title."""
    title = catalog.said_title(document.name, entry.stated)
    (new,) = prepared([(document, title)], settings.chunking, encoder)
    catalog.put(entry, new.rows, new.vectors)
