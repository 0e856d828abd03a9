"""A query into hits and passages: rankings side by side, fused, numbered.

A query into hits: keyword and vector results fused, neighbours lifted, repetitions folded.

Hits into numbered passages: everything that a page or a prompt needs to show them.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from rag.documents.pool import cores
from rag.index.protocol import Field, IndexedSentence, SearchIndex, Terms
from rag.models.encoder import BUILTIN
from rag.models.reader import ReaderMarks
from rag.retrieval.cells import CellFit
from rag.retrieval.query import BIGRAM_WEIGHT, Query, Weights
from rag.settings import Retrieval
from rag.types import DocumentInfo, Hit, Part, Passage

First = TypeVar("First")
Second = TypeVar("Second")


class SideThreads:
    """Threads beside those that ask, no more than there are cores beside the first. Their work
    has to leave Python, else nothing is won."""

    def __init__(self, threads: int) -> None:
        self._free = threading.Semaphore(threads)
        self._pool = ThreadPoolExecutor(max(1, threads), thread_name_prefix="beside")

    def both(
        self, first: Callable[[], First], second: Callable[[], Second]
    ) -> tuple[First, Second]:
        """What two calls return: one after the other where no thread is free. What the first
        raises is raised, else what the second does; neither runs on afterwards."""
        if not self._free.acquire(blocking=False):
            return first(), second()
        try:
            other = self._pool.submit(second)
            try:
                found = first()
            except BaseException:
                other.exception()
                raise
            return found, other.result()
        finally:
            self._free.release()


@cache
def beside() -> SideThreads:
    """Of this process, made when it is first needed."""
    return SideThreads(cores() - 1)


# Weights of a term by where it is looked for. Words carry the score; bigrams catch what no
# dictionary knows; what stands above a chunk counts less than what it says.
FIELD_WEIGHTS: Mapping[Field, float] = {
    Field.WORDS: 1.0,
    Field.BIGRAMS: BIGRAM_WEIGHT,
    Field.CONTEXT_WORDS: 0.4,
    Field.CONTEXT_BIGRAMS: 0.0,
}
# Measured on the development questions, where the score is flat around them: with all of them
# evidence recall@1000 is .885 against .873 for keywords alone, MRR .776 against .753.
BUILTIN_VECTOR_WEIGHT = 0.1
NAMED_VECTOR_WEIGHT = 0.5
SENTENCE_WEIGHT = 0.2
NEIGHBOUR_WEIGHT = 0.05
# In an index of as many rows the two searches run side by side; in a smaller one a second thread
# costs about what it saves.
SIDE_BY_SIDE_ROWS = 50_000
# Passages of two documents say the same when this share of the later one stands in the earlier.
SAME_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A hit, its row in the index, its document, its sentences with those of the question's terms
    that stand in them, the names of other documents that say the same, and what the reader makes
    of it, if it has read it."""

    hit: Hit
    row: int
    document: DocumentInfo
    sentences: tuple[IndexedSentence, ...]
    also: tuple[str, ...] = ()
    reading: ReaderMarks | None = None


def keyword_terms(query: Query) -> Terms:
    """The query as weighted terms for each field."""
    return {
        field: dict.fromkeys(
            query.bigrams if field in (Field.BIGRAMS, Field.CONTEXT_BIGRAMS) else query.words,
            weight,
        )
        for field, weight in FIELD_WEIGHTS.items()
        if weight
    }


def retrieve(
    query: Query, weights: Weights, index: SearchIndex, settings: Retrieval, k: int
) -> list[ScoredChunk]:
    """The `k` best chunks for a question, best first, ties by chunk id.

    Keyword and vector search each give candidates; the sentences of the best of their sum are
    then looked at:

        base = keyword / W + v · cosine
        score = (base + SENTENCE_WEIGHT · s) · r + NEIGHBOUR_WEIGHT · base of the better neighbour

    where W is the weight of all terms of the question, c the share of it that the chunk covers,
    s the share that its best sentence covers, v the weight of vectors (`vector_weight`), and
    r = √c, or the cosine where that is more and a named encoder gave it. A cosine below 0 counts
    0, and where v is 0 there is none. Scores of one result compare.
    """
    depth = max(settings.candidates, 2 * k)
    by_words, by_vector = _ranked(query, index, depth)
    named = not index.encoder.name.startswith(BUILTIN)
    weight = vector_weight(named, settings)
    if not weight:
        by_vector = {}
    base = fuse(by_words, by_vector, weights, weight)
    rows = sorted(base, key=lambda row: (-base[row], row))[:depth]
    scored = []
    for row, own in zip(rows, index.sentences(rows, weights.of), strict=True):
        read = _read(own, weights)
        lift = NEIGHBOUR_WEIGHT * _neighbour(row, base, index)
        reach = max(math.sqrt(read.covered), by_vector.get(row, 0.0) if named else 0.0)
        score = (base[row] + SENTENCE_WEIGHT * read.best) * reach + lift
        scored.append((score, row, own, (read, lift)))
    scored.sort(key=lambda item: (-item[0], item[1]))
    least = scored[min(2 * k, len(scored)) - 1][0] if scored else 0.0
    best = [item for item in scored if item[0] >= least]  # ties at the end are whole
    chunks = index.chunks([row for _, row, _, _ in best])
    places = [
        {row: rank for rank, row in enumerate(part, 1)} for part in (by_words, by_vector, rows)
    ]
    found = []
    for chunk, (score, row, own, (read, lift)) in zip(chunks, best, strict=True):
        parts = (
            Part("keyword", by_words.get(row, 0.0), places[0].get(row)),
            Part("vector", by_vector.get(row, 0.0), places[1].get(row)),
            Part("fused", base[row], places[2].get(row)),
            Part("coverage", read.covered, None),
            Part("best_sentence", read.best, None),
            Part("neighbour", lift, None),
        )
        found.append(ScoredChunk(Hit(chunk, score, parts), row, index.row_document(row), own))
    found.sort(key=lambda item: (-item.hit.score, item.hit.chunk.id))
    return fold_repetitions(found[: 2 * k])[:k]


def _ranked(query: Query, index: SearchIndex, k: int) -> tuple[dict[int, float], dict[int, float]]:
    """The `k` best rows by words and by vectors."""

    def by_words() -> dict[int, float]:
        return dict(index.rank_words(keyword_terms(query), k))

    def by_vector() -> dict[int, float]:
        return dict(index.rank_vectors(index.encoder.encode_queries([query.text])[0], k))

    if index.count < SIDE_BY_SIDE_ROWS:
        return by_words(), by_vector()
    return beside().both(by_words, by_vector)


def vector_weight(named: bool, settings: Retrieval) -> float:
    """The weight of a cosine: the setting, else by the encoder. The built-in one sees words
    much as the keyword search does; a network that was named sees what they miss."""
    if settings.vector_weight is not None:
        return settings.vector_weight
    return NAMED_VECTOR_WEIGHT if named else BUILTIN_VECTOR_WEIGHT


@dataclass(frozen=True, slots=True)
class _Read:
    """The shares of the question's weight that a chunk and its best sentence cover."""

    covered: float
    best: float


def _read(sentences: Sequence[IndexedSentence], weights: Weights) -> _Read:
    own = [sentence.terms for sentence in sentences if sentence.terms]
    return _Read(
        weights.covered(frozenset().union(*own)),
        max((weights.covered(terms) for terms in own), default=0.0),
    )


def fuse(
    by_words: Mapping[int, float],
    by_vector: Mapping[int, float],
    weights: Weights,
    vector_weight: float,
) -> dict[int, float]:
    """The base score of each row that either search found; what one did not find is 0 there.

    >>> fuse({1: 8.0, 2: 4.0}, {2: 0.5}, Weights({}, 8.0), 0.1)
    {1: 1.0, 2: 0.55}
    """
    return {
        row: by_words.get(row, 0.0) / weights.total
        + vector_weight * max(0.0, by_vector.get(row, 0.0))
        for row in sorted({*by_words, *by_vector})
    }


def _neighbour(row: int, base: Mapping[int, float], index: SearchIndex) -> float:
    """The base score of the better of the two chunks beside this one in its document."""
    beside = [
        base[other]
        for other in (row - 1, row + 1)
        if other in base and index.same_document(row, other)
    ]
    return max(beside, default=0.0)


def fold_repetitions(found: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Hits of other documents that repeat an earlier hit are left out and named there. What
    repeats is the words of whole sentences; so a passage with another figure or name stays."""
    kept: list[ScoredChunk] = []
    holding: dict[int, list[int]] = {}  # checksum of a sentence -> who of those kept has it
    for item in found:
        own = {sentence.checksum: sentence.characters for sentence in item.sentences}
        shared: dict[int, int] = {}  # characters shared with each of those kept
        for checksum, characters in own.items():
            for i in holding.get(checksum, ()):
                shared[i] = shared.get(i, 0) + characters
        wanted = SAME_SHARE * sum(own.values())
        twin = min(
            (
                i
                for i, characters in shared.items()
                if characters >= wanted > 0 and kept[i].document.id != item.document.id
            ),
            default=None,
        )
        if twin is None:
            for checksum in own:
                holding.setdefault(checksum, []).append(len(kept))
            kept.append(item)
        elif item.document.name not in kept[twin].also:
            kept[twin] = replace(kept[twin], also=(*kept[twin].also, item.document.name))
    return kept


def number_passages(found: Sequence[ScoredChunk], fit: CellFit) -> tuple[Passage, ...]:
    """Passages in the order of `found`, ranked from 1 without gaps; cells by their `fit`."""
    return tuple(
        Passage(
            rank=rank,
            score=item.hit.score,
            document_id=item.document.id,
            document=item.document.name,
            title=item.document.title,
            date=item.document.date,
            date_inferred=item.document.date_inferred,
            headings=item.hit.chunk.headings,
            page=item.hit.chunk.page,
            lines=item.hit.chunk.lines,
            span=item.hit.chunk.span,
            text=item.hit.chunk.text,
            lead=item.hit.chunk.lead,
            also=item.also,
            parts=item.hit.parts,
            publisher=item.document.publisher,
            cells=fit.ordered(item.hit.chunk.cells),
        )
        for rank, item in enumerate(found, 1)
    )
