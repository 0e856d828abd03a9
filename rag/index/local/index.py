"""The index: built from files, opened, searched, updated, verified."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from rag.errors import StoreError, UnknownDocument
from rag.i18n import say
from rag.index.local.ingest import Options, Progress, Step
from rag.index.local.maintenance import Checked, backup, damages, last_check, repair
from rag.index.local.opening import (
    PATIENCE_SECONDS,
    LazyEncoder,
    check_encoder,
    fingerprint,
    write_lock,
)
from rag.index.local.rows import Bools
from rag.index.local.snapshot import Fits, Snapshot, marked, mentioning, open_snapshot, settle
from rag.index.local.update import (
    TakenOut,
    checked_title,
    correct,
    put_back,
    take_out,
    update_index,
)
from rag.index.protocol import Field, Float32, IndexedSentence, Terms
from rag.settings import Settings
from rag.types import Chunk, Document, DocumentInfo, Filter, IndexStatus, Report, check_date

if TYPE_CHECKING:
    from rag.index.protocol import Encoder

__all__ = ["Index", "Progress", "Step"]

_NEAR_NAMES = 3


class Index:
    """An index folder, open at one generation. Rows are the chunks in reading order: documents
    by name, all chunks of a document after one another.

    Reading methods may be called from several threads. A handle keeps its generation until it
    updates, is opened again or pinned, whatever others write.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        encoder: Encoder | None = None,
        *,
        earlier: bool = False,
    ) -> None:
        """Used by `open` and `build`."""
        self.folder = folder
        self.settings = settings
        self.report: Report | None = None
        self._encoder = LazyEncoder(settings.encoder, encoder, earlier=earlier)
        self._earlier = earlier
        self._where: Filter | None = None
        self._held: Snapshot | None = open_snapshot(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the generation; whatever is asked of this handle afterwards is a StoreError.
        Handles that were pinned, and the answers that use them, keep theirs. The files are closed
        with the last one."""
        self._held = None

    @property
    def _snapshot(self) -> Snapshot:
        if self._held is None:
            raise StoreError(say("index.closed", folder=self.folder))
        return self._held

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        earlier: bool = False,
    ) -> Index:
        """Opens the index in `folder`, by default the one that the settings name. `encoder` is
        used instead of the one that the settings name; with `earlier` the one that made the
        index as long as that is another (see `rag.index.local.maintenance`).

        Raises:
            StoreMissing: there is none. StoreMismatch: another format.
            StoreCorrupt: the catalog is damaged.
        """
        settings = settings or Settings.load()
        return cls(Path(folder or settings.index), settings, encoder, earlier=earlier)

    @classmethod
    def build(  # noqa: PLR0913 (one entrance for library and command)
        cls,
        paths: Iterable[Path | str],
        folder: Path | str | None = None,
        settings: Settings | None = None,
        *,
        prune: bool = False,
        rebuild: bool = False,
        retry_skipped: bool = False,
        progress: Progress | None = None,
        encoder: Encoder | None = None,
    ) -> Index:
        """Creates the index in `folder`, or brings it up to date; see `update`. `rebuild` makes
        every vector anew, with an encoder other than before too, `retry_skipped` takes up again
        what was left out of documents, of those under `paths` or, where there are none, of all.

        Raises:
            UnreadableDocument: a new index, and no file could be read; nothing is created.
        """
        settings = settings or Settings.load()
        place = Path(folder or settings.index)
        lazy = LazyEncoder(settings.encoder, encoder)
        files = [Path(path) for path in paths]
        options = Options(prune, rebuild, retry_skipped, progress)
        report = update_index(place, settings, lazy.get(), files, options)
        index = cls(place, settings, lazy.get())
        index.report = report
        return index

    def update(
        self,
        paths: Iterable[Path | str],
        *,
        prune: bool = False,
        rebuild: bool = False,
        retry_skipped: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Reads what is new or changed under `paths`; this handle then shows the result.

        A file that cannot be read is reported and its earlier version stays; a document whose
        file is gone stays and is reported unless `prune`, which looks only under `paths`.
        `retry_skipped` reads documents again of which a part was left out (pages for which OCR was
        not installed, or that took too long), of all of them where `paths` is empty.

        Raises:
            DocumentError: a path does not exist. StoreLocked: another process is writing.
            StoreMismatch: the encoder is not the index's.
        """
        options = Options(prune, rebuild, retry_skipped, progress)
        files = [Path(path) for path in paths]
        encoder = self._encoder.get() if rebuild or not self._earlier else self.encoder
        report = update_index(self.folder, self.settings, encoder, files, options)
        self.settle()
        self.report = report
        return report

    def reopen(self) -> None:
        """Goes to the generation that is current now; a closed handle is open again."""
        self._held = open_snapshot(self.folder)

    def pinned(self) -> Index:
        """A second handle, for a task whose rows must keep their meaning while this handle moves
        on. Both go to the current generation first where another process has made one since;
        else this costs nothing.

        Raises:
            StoreMissing, StoreMismatch, StoreCorrupt: the index has been deleted, or replaced by
                something else.
        """
        if not self._snapshot.current:
            self.reopen()
        return copy.copy(self)

    def restricted(self, where: Filter) -> Index:
        """A second handle at the same generation: `rank_words` and `rank_vectors` find rows of
        the documents that fit `where` alone. Rows keep their numbers, and terms their
        `frequencies`, so that a row has the score that it has among all."""
        handle = copy.copy(self)
        handle._where = where
        return handle

    def encoded_by(self, encoder: Encoder) -> Index:
        """A second handle at the same generation, whose questions `encoder` encodes.

        Raises:
            StoreMismatch: it did not make the index's vectors.
        """
        check_encoder(self.folder, self._snapshot.fingerprint, encoder)
        handle = copy.copy(self)
        handle._encoder = LazyEncoder(self.settings.encoder, encoder)
        return handle

    @property
    def _among(self) -> Bools | None:
        return None if self._where is None else marked(self._snapshot, self._where)

    def settle(self) -> None:
        """Goes to the current generation, and empties the log of changes where nobody reads an
        earlier one any more: what was removed before is then in no file."""
        self.reopen()
        settle(self.folder, self._snapshot)

    def correct(
        self, document: str, *, title: str | None = None, date: str | None = None
    ) -> DocumentInfo:
        """States title or date of a document, whatever file and `corpus.toml` say, also of later
        versions of the file, until the document is removed. None leaves a field as it is, an
        empty string takes its correction back. Returns the document as it is now called.

        Raises:
            UnknownDocument: there is none of that name. FilterError: that is no date, no title.
            StoreLocked: another process is writing. StoreMismatch: the encoder is another.
        """
        if date:
            check_date(date, "date")
        title = title and checked_title(title)
        with write_lock(self.folder, PATIENCE_SECONDS):
            if not correct(self.folder, self.settings, self._encoder, document, title, date):
                raise _unknown(document, self._snapshot.catalog.names())
        self.settle()
        return self._snapshot.catalog.info_of(document)

    def remove(self, document: str) -> int:
        """Removes a document from all parts; returns how many chunks went with it.

        Raises:
            UnknownDocument: there is none of that name. StoreLocked: another process is writing.
        """
        return self.take_out(document).chunks

    def take_out(self, document: str) -> TakenOut:
        """As `remove`; returns what `put_back` needs to bring the document back.

        Raises:
            UnknownDocument, StoreLocked: see `remove`.
        """
        with write_lock(self.folder, PATIENCE_SECONDS):
            taken = take_out(self.folder, document)
        if taken is None:
            raise _unknown(document, self._snapshot.catalog.names())
        self.settle()
        return taken

    def put_back(self, taken: TakenOut) -> None:
        """Puts a document back as it was taken out.

        Raises:
            DocumentError: it cannot be. StoreLocked: another process is writing.
            StoreMismatch: the encoder is another.
        """
        with write_lock(self.folder, PATIENCE_SECONDS):
            put_back(self.folder, self.settings, self._encoder, taken)
        self.settle()

    @property
    def wanted_encoder(self) -> LazyEncoder:
        """The encoder that the settings name, whichever made the index's vectors."""
        return self._encoder

    @property
    def encoder(self) -> Encoder:
        """The encoder that made the index's vectors, loaded at first use.

        Raises:
            StoreMismatch: the settings name another. ModelUnavailable: it cannot be loaded.
        """
        return self._encoder.checked(self.folder, self._snapshot.fingerprint)

    @property
    def generation(self) -> int:
        """The number of the generation that this handle shows."""
        return self._snapshot.generation

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._snapshot.rows.chunks)

    def rank_words(self, terms: Terms, k: int) -> list[tuple[int, float]]:
        """The `k` best rows by BM25 and their scores; see `Lexical.rank`."""
        return self._snapshot.lexical.rank(terms, k, self._among)

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """In how many rows each term stands in a field."""
        return self._snapshot.lexical.frequencies(field, terms)

    def rank_vectors(self, vector: Float32, k: int) -> list[tuple[int, float]]:
        """The `k` nearest rows and their cosines; see `Dense.rank`."""
        return self._snapshot.dense.rank(vector, k, self._among)

    def sentences(
        self, rows: Sequence[int], terms: Collection[str]
    ) -> list[tuple[IndexedSentence, ...]]:
        """The sentences of the chunks of rows, with those of `terms` that stand in them.

        Raises:
            StoreCorrupt: they are not what was stored.
        """
        return self._snapshot.sentences.of(rows, terms)

    def chunk(self, row: int) -> Chunk:
        """The chunk of a row.

        Raises:
            IndexError: no such row. StoreCorrupt: its content is not what was stored.
        """
        return self.chunks([row])[0]

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of rows, in the order given; see `chunk`."""
        snapshot = self._snapshot
        keys = [int(snapshot.rows.chunks[_checked_row(row, snapshot)]) for row in rows]
        return list(snapshot.catalog.chunks(keys))

    def row_document(self, row: int) -> DocumentInfo:
        """The document of a row.

        Raises:
            IndexError: no such row.
        """
        snapshot = self._snapshot
        infos = snapshot.infos
        key = int(snapshot.rows.documents[_checked_row(row, snapshot)])
        if key not in infos:
            infos[key] = snapshot.catalog.info(key)
        return infos[key]

    def same_document(self, row: int, other: int) -> bool:
        """Whether two rows are of one document.

        Raises:
            IndexError: no such row.
        """
        snapshot = self._snapshot
        documents = snapshot.rows.documents
        keys = [documents[_checked_row(one, snapshot)] for one in (row, other)]
        return bool(keys[0] == keys[1])

    def document_rows(self, row: int) -> range:
        """All rows of the document that holds `row`, in reading order.

        Raises:
            IndexError: no such row.
        """
        snapshot = self._snapshot
        documents = snapshot.rows.documents
        inside = np.flatnonzero(documents == documents[_checked_row(row, snapshot)])
        return range(int(inside[0]), int(inside[-1]) + 1)

    def documents(
        self, mentioning: str | None = None, where: Filter | None = None
    ) -> tuple[DocumentInfo, ...]:
        """The documents by name; with `mentioning` those whose text has it, compared folded and
        without white space; with `where` those that fit."""
        infos = self._snapshot.catalog.infos()
        if where is not None:
            fit = Fits(where)
            infos = [info for info in infos if fit(info)]
        if mentioning is not None:
            having = self.mentioning(mentioning)
            infos = [info for info in infos if info.name in having]
        return tuple(infos)

    def mentioning(self, term: str) -> frozenset[str]:
        """The names of the documents whose text has a term; see `documents`."""
        return frozenset(mentioning(self._snapshot, term))

    def last_page(self, document: str) -> int | None:
        """The page on which the last chunk of a document begins, from 1; None where it has no
        pages, or there is no such document."""
        return self._snapshot.catalog.last_page(document)

    def document(self, name: str) -> Document:
        """A whole document, with its source.

        Raises:
            UnknownDocument: there is none of that name. StoreCorrupt: it is damaged.
        """
        found = self._snapshot.catalog.document(name)
        if found is None:
            raise _unknown(name, self._snapshot.catalog.names())
        return found

    def status(self) -> IndexStatus:
        """What the index holds."""
        snapshot = self._snapshot
        recorded = snapshot.fingerprint
        now = fingerprint(self.settings.chunking, recorded.encoder, recorded.dimension)
        made_with = now.made_with
        outdated = sum(entry.made_with != made_with for entry in snapshot.catalog.entries())
        stale = now.terms != recorded.terms or outdated > 0
        documents, chunks = snapshot.catalog.counts()
        checked = last_check(self.folder) or Checked(None, ())
        return IndexStatus(
            str(self.folder), snapshot.generation, documents, chunks, recorded.encoder,
            _bytes(self.folder), stale, checked.at, checked.damage, outdated,
        )  # fmt: skip

    def backup(self, path: Path | str) -> None:
        """Writes the whole index into one new file; see `rag.index.local.maintenance`.

        Raises:
            StoreError: the file exists or cannot be written.
        """
        backup(self._snapshot.catalog, Path(path))

    def verify(self) -> list[str]:
        """Compares everything stored with its checksums and the parts with each other; one line
        for each damage, none for a sound index."""
        return damages(self.folder)

    def repair(self) -> list[str]:
        """Mends what `verify` finds: the parts from the catalog, chunks and vectors from their
        document, a document from its file. One line for each thing mended; what is left, `verify`
        still reports.

        Raises:
            StoreLocked: another process is writing.
        """
        mended = repair(self.folder, self.settings, lambda: self.encoder)
        self.settle()
        return mended


def _checked_row(row: int, snapshot: Snapshot) -> int:
    if not 0 <= row < len(snapshot.rows.chunks):
        raise IndexError(f"no row {row}: the index has rows 0 to {len(snapshot.rows.chunks) - 1}")
    return row


def _unknown(name: str, names: Sequence[str]) -> UnknownDocument:
    near = difflib.get_close_matches(name, names, _NEAR_NAMES, 0.5)
    near = near or [other for other in names if name in other][:_NEAR_NAMES]
    if near:
        return UnknownDocument(say("index.near_documents", name=name, near=", ".join(near)))
    return UnknownDocument(say("index.unknown_document", name=name))


def _bytes(folder: Path) -> int:
    """The size of all files of an index folder."""
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(Path(place) / file).st_size
            except FileNotFoundError:  # a writer has just removed it
                continue
    return total
