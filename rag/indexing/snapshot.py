"""One generation of an index, open for reading: catalog, vectors and words that agree."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from rag.errors import StoreCorrupt, StoreError, StoreMissing
from rag.indexing.assembling import Material, Piece, assemble, plan
from rag.indexing.catalog import Catalog
from rag.indexing.database import OlderFormat
from rag.indexing.dense import Dense
from rag.indexing.deriving import Known, derive
from rag.indexing.facts import Facts
from rag.indexing.fingerprint import Fingerprint
from rag.indexing.lexical import Counted, Lexical
from rag.indexing.lock import write_lock
from rag.indexing.parts import Parts, read_parts, sound, sweep
from rag.indexing.rows import Bools, Int64, Numbering, Rows
from rag.indexing.sentences import Sentences, SentenceWriter
from rag.types import DocumentInfo, Filter

_TRIES = 3
"""How often parts are made anew at opening; where the catalog's own rows do not fit each other,
that never helps."""

_AT_ONCE_ROWS = 1024
"""When more rows than this have to be written again for what was removed, what is new and what is
gone is made current first, and the tidying by a commit of its own."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """What a reader holds. It stays as it is while others write; the catalog's connection is
    closed with it. `place` is the folder of its parts, None where they are in memory alone;
    `infos` keeps the documents that were asked for, by their keys, `facts` what filters ask of
    documents, `marks` the rows that they leave."""

    catalog: Catalog
    generation: int
    fingerprint: Fingerprint
    rows: Rows
    dense: Dense
    lexical: Lexical
    sentences: Sentences
    place: Path | None
    infos: dict[int, DocumentInfo] = field(default_factory=dict)
    marks: dict[Filter, Bools] = field(default_factory=dict)
    facts: list[Facts] = field(default_factory=list)

    @property
    def current(self) -> bool:
        """Whether no later generation is known: a writer removes the parts of earlier ones."""
        return self.place is None or self.place.exists()


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
            Parts.from_json(meta["parts"]) if "parts" in meta else Parts.none(),
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
    tries = 0
    while True:
        try:
            catalog = Catalog.open_reader(folder)
        except OlderFormat:
            if damaged is not None:
                raise
            damaged = 0
            _try_rebuild(folder, None)
            continue
        try:
            generation, fingerprint, parts = record(catalog)
            rows = catalog.rows()
            numbering = Numbering(rows.chunks)
            place: Path | None = folder / parts.folder
            try:
                dense, lexical, sentences = read_parts(
                    folder, parts, fingerprint.dimension, numbering
                )
            except (StoreCorrupt, OSError):
                tries += 1
                if damaged != generation and tries <= _TRIES:  # a writer may just have moved on
                    damaged = generation
                    catalog.close()
                    _try_rebuild(folder, generation)
                    continue
                place = None
                dense = Dense.build(catalog.vectors(rows.chunks, fingerprint.dimension))
                writer = SentenceWriter()
                terms = _all_terms(catalog, rows, fingerprint.dimension, writer)
                lexical = Lexical.build(terms, numbering)
                sentences = writer.part(numbering)
        except BaseException:
            catalog.close()
            raise
        snapshot = Snapshot(
            catalog, generation, fingerprint, rows, dense, lexical, sentences, place
        )
        weakref.finalize(snapshot, catalog.close)
        return snapshot


def _all_terms(
    catalog: Catalog, rows: Rows, dimension: int, sentences: SentenceWriter
) -> Iterator[Counted]:
    """The terms of all chunks, whose sentences are taken down."""
    for key, one in derive(catalog, np.sort(rows.chunks), dimension, {}):
        sentences.add(key, one.sentences)
        yield Counted(key, one.terms)


def _try_rebuild(folder: Path, generation: int | None) -> None:
    try:
        with write_lock(folder):
            rebuild(folder, generation)
    except StoreCorrupt:
        raise
    except (StoreError, OSError):
        return


def rebuild(folder: Path, generation: int | None) -> None:
    """Makes anew what is damaged of the parts, as the next generation, if `generation` is still
    the current one (None: whichever is). The caller holds the writer lock."""
    catalog = Catalog.open_writer(folder)
    try:
        current, fingerprint, parts = record(catalog)
        if generation in (None, current):
            Series(folder, catalog, fingerprint, current, sound(folder, parts)).finish()
    finally:
        catalog.close()


class Series:
    """The generations that one writer makes current, one commit each: the parts for what the
    catalog then holds, and all of it. Afterwards a new transaction is open."""

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        fingerprint: Fingerprint,
        generation: int,
        parts: Parts,
    ) -> None:
        """`generation` is the last one, of whose parts the segments in `parts` may be kept."""
        self._folder = folder
        self._catalog = catalog
        self._fingerprint = fingerprint
        self._generation = generation
        self._parts = parts

    def publish(self, known: Known) -> None:
        """Makes current what is new and what is gone, writing only what is new. Chunks in `known`
        are not read again."""
        self._commit(self._plan(self._catalog.keys(), tidy=False), known)

    def finish(self, known: Known = MappingProxyType({})) -> None:
        """As `publish`, and tidies: removed text leaves the files, small segments are joined.
        Where that takes long, it comes after what is new is current, as a generation of its
        own."""
        keys = self._catalog.keys()
        tidy, quick = self._plan(keys, tidy=True), self._plan(keys, tidy=False)
        if _work(tidy) - _work(quick) > _AT_ONCE_ROWS:
            self._commit(quick, known)
            tidy = self._plan(keys, tidy=True)
        self._commit(tidy, known)

    def untidy(self) -> bool:
        """Whether something removed is still in the files, or the parts lack something."""
        return _work(self._plan(self._catalog.keys(), tidy=True)) > 0

    def _plan(self, keys: Int64, *, tidy: bool) -> list[Piece]:
        return plan(keys, self._parts.segments, tidy=tidy)

    def _commit(self, pieces: Sequence[Piece], known: Known) -> None:
        catalog = self._catalog
        material = Material(catalog, self._fingerprint.dimension, known)
        number = self._generation + 1
        parts = assemble(self._folder, material, pieces, self._parts, number)
        catalog.set_meta("generation", str(number))
        catalog.set_meta("fingerprint", self._fingerprint.to_json())
        catalog.set_meta("parts", parts.to_json())
        catalog.commit()
        sweep(self._folder, parts)
        self._generation, self._parts = number, parts
        catalog.begin()


def _work(pieces: Iterable[Piece]) -> int:
    return sum(piece.work for piece in pieces)


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
