"""One generation of an index, open for reading: catalog, vectors and words that agree.

Also which documents a filter leaves and which rows are theirs, and which documents mention a term:
whose text has it, both folded and without white space.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np

from rag.documents.discover import expression
from rag.errors import StoreCorrupt, StoreError, StoreMissing
from rag.i18n import say
from rag.index.local.catalog import Catalog
from rag.index.local.content import Sentences, SentenceWriter
from rag.index.local.database import OlderFormat
from rag.index.local.opening import Fingerprint, write_lock
from rag.index.local.rows import Bools, Int64, RowIds, Rows
from rag.index.local.segments import (
    Known,
    Material,
    Parts,
    SegmentChunks,
    assemble,
    derive,
    plan,
    read_parts,
    sound,
    sweep,
)
from rag.index.local.tables import Facts
from rag.index.local.vectors import Dense
from rag.index.local.words import Counted, Lexical
from rag.index.protocol import Field
from rag.text.normalize import squeeze
from rag.text.segment import bigrams
from rag.types import DocumentInfo, Filter, first_day, last_day

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
        raise StoreMissing(say("index.unfinished", folder=catalog.path.parent))
    try:
        return (
            int(meta["generation"]),
            Fingerprint.from_json(meta["fingerprint"]),
            Parts.from_json(meta["parts"]) if "parts" in meta else Parts.none(),
        )
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(say("index.facts", path=catalog.path, error=repr(error))) from None


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
            numbering = RowIds(rows.chunks)
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

    def _plan(self, keys: Int64, *, tidy: bool) -> list[SegmentChunks]:
        return plan(keys, self._parts.segments, tidy=tidy)

    def _commit(self, pieces: Sequence[SegmentChunks], known: Known) -> None:
        catalog = self._catalog
        material = Material(catalog, self._fingerprint.dimension, known)
        number = self._generation + 1
        try:
            parts = assemble(self._folder, material, pieces, self._parts, number)
        except OSError as error:
            raise StoreError(
                f"index {self._folder} cannot be written to: {error}; it is as it last was: make "
                "room, then do the same again"
            ) from None
        catalog.set_meta("generation", str(number))
        catalog.set_meta("fingerprint", self._fingerprint.to_json())
        catalog.set_meta("parts", parts.to_json())
        catalog.commit()
        sweep(self._folder, parts)
        self._generation, self._parts = number, parts
        catalog.begin()


def _work(pieces: Iterable[SegmentChunks]) -> int:
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


_FILTERS_KEPT = 16
_MARKING = threading.Lock()  # words and vectors ask for the same rows at the same time
_folded = lru_cache(maxsize=4096)(squeeze)


class Findable(Protocol):
    """What a filter asks of a document."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def date(self) -> str | None: ...  # noqa: D102
    @property
    def publisher(self) -> str | None: ...  # noqa: D102
    @property
    def tags(self) -> tuple[str, ...]: ...  # noqa: D102


class Fits:
    """A filter made ready to be asked of many documents."""

    def __init__(self, where: Filter) -> None:
        self._names = [
            re.compile(expression(pattern.rstrip("/")) + "(?:/.*)?", re.DOTALL)
            for pattern in where.documents
        ]
        self._since = where.since and first_day(where.since)
        self._until = where.until and last_day(where.until)
        self._publishers = {squeeze(source) for source in where.sources}
        self._tags = {squeeze(tag) for tag in where.tags}

    def __call__(self, document: Findable) -> bool:
        """Whether the document fits every part of the filter."""
        return (
            (not self._names or any(name.fullmatch(document.name) for name in self._names))
            and self._in_time(document.date)
            and (not self._publishers or _folded(document.publisher or "") in self._publishers)
            and (not self._tags or any(_folded(tag) in self._tags for tag in document.tags))
        )

    def _in_time(self, date: str | None) -> bool:
        if not (self._since or self._until):
            return True
        if date is None:
            return False
        late = self._until is not None and first_day(date) > self._until
        early = self._since is not None and last_day(date) < self._since
        return not (late or early)


def marked(snapshot: Snapshot, where: Filter) -> Bools:
    """The rows `(n,)` of the documents that fit; kept for the next question."""
    marks = snapshot.marks
    with _MARKING:
        found = marks.get(where)
        if found is None:
            fit = Fits(where)
            facts = snapshot.facts or snapshot.catalog.facts()
            snapshot.facts[:] = facts
            keys = [document.key for document in facts if fit(document)]
            found = np.isin(snapshot.rows.documents, np.array(keys, np.int64))
            if len(marks) >= _FILTERS_KEPT:
                marks.clear()
            marks[where] = found
        return found


_AT_ONCE = 64
_MOST = 0.5
"""Where the two rarest pairs stand in more than this share of the chunks, all texts are read."""


def mentioning(snapshot: Snapshot, term: str) -> set[str]:
    """The names of the documents that mention a term; all of them for a term of white space."""
    wanted = squeeze(term)
    catalog = snapshot.catalog
    keys = _candidates(snapshot, wanted)
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        for name, text in catalog.texts(keys[start : start + _AT_ONCE].tolist()):
            if wanted in squeeze(text):
                found.add(name)
    return found


def _candidates(snapshot: Snapshot, wanted: str) -> Int64:
    """Keys of documents, rising, all others of which do not mention a squeezed term.

    A term of Chinese characters alone that stands in a document has all its pairs of characters
    in one chunk, or, across the end of a chunk, all but one in two; so two pairs find it, unless
    a chunk is so short that the term reaches across two ends.
    """
    everything = np.unique(snapshot.rows.documents)
    pairs = bigrams(wanted)
    if len(pairs) < 2 or len(pairs) != len(wanted) - 1:
        return everything
    counts = snapshot.lexical.frequencies(Field.BIGRAMS, set(pairs))
    rarest = sorted(counts, key=lambda pair: (counts[pair], pair))[:2]
    if sum(counts[pair] for pair in rarest) > _MOST * len(snapshot.rows.chunks):
        return everything
    rows = [
        row
        for pair in rarest
        for row, _ in snapshot.lexical.rank({Field.BIGRAMS: {pair: 1.0}}, counts[pair])
    ]
    short = snapshot.catalog.with_short_chunks(len(wanted))
    found = np.concatenate([snapshot.rows.documents[np.array(rows, np.int64)], short])
    return np.unique(found)
