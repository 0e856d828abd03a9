"""A query into hits: keyword and vector results fused, neighbours lifted, repetitions folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answering.query import Query
from rag.indexing.index import Field, Index, Terms
from rag.settings import Retrieval
from rag.text.fold import squeeze
from rag.text.sentences import sentences
from rag.types import Chunk, DocumentInfo, Hit, Part

# Weights of a term by where it is looked for. Words carry the score; bigrams catch what no
# dictionary knows; what stands above a chunk counts less than what it says.
FIELD_WEIGHTS: Mapping[Field, float] = {
    Field.WORDS: 1.0,
    Field.BIGRAMS: 0.5,
    Field.CONTEXT_WORDS: 0.4,
    Field.CONTEXT_BIGRAMS: 0.0,
}
# The weight of a cosine beside the keyword score, both divided by the best of the question;
# and the share of the better neighbour's score that a chunk gains.
VECTOR_WEIGHT = 0.3
NEIGHBOUR_WEIGHT = 0.1
# Passages of two documents say the same when this share of the later one stands in the earlier.
SAME_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Found:
    """A hit, its document, and the names of other documents that say the same."""

    hit: Hit
    document: DocumentInfo
    also: tuple[str, ...] = ()


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


def retrieve(query: Query, index: Index, settings: Retrieval, k: int) -> list[Found]:
    """The `k` best chunks for a question, best first, ties by chunk id.

    score = (keyword + VECTOR_WEIGHT · cosine) + NEIGHBOUR_WEIGHT · (that of the better of the
    two chunks beside it in its document), where keyword and cosine are divided by the best of
    the question, so that scores of one result compare, scores of two do not.
    """
    depth = max(settings.candidates, k)
    by_words = dict(index.rank_words(keyword_terms(query), depth))
    vector = index.encoder.encode_queries([query.text])[0]
    by_vector = dict(index.rank_vectors(vector, depth))
    fused = fuse(by_words, by_vector)
    lifted = {row: score + _lift(row, fused, index) for row, score in fused.items()}
    best = sorted(lifted, key=lambda row: (-lifted[row], row))[: 2 * k]
    ranks = {
        "keyword": {row: rank for rank, row in enumerate(by_words, 1)},
        "vector": {row: rank for rank, row in enumerate(by_vector, 1)},
    }
    found = []
    for row, chunk in zip(best, index.chunks(best), strict=True):
        parts = (
            Part("keyword", by_words.get(row, 0.0), ranks["keyword"].get(row)),
            Part("vector", by_vector.get(row, 0.0), ranks["vector"].get(row)),
            Part("neighbour", lifted[row] - fused[row], None),
        )
        found.append(Found(Hit(chunk, lifted[row], parts), index.row_document(row)))
    found.sort(key=lambda item: (-item.hit.score, item.hit.chunk.id))
    return fold_repetitions(found)[:k]


def fuse(by_words: Mapping[int, float], by_vector: Mapping[int, float]) -> dict[int, float]:
    """The weighted sum of both scores of each row, each divided by its best; a row that one of
    them did not find has 0 there, as has a cosine below 0.

    >>> fuse({1: 8.0, 2: 4.0}, {2: 0.5})
    {1: 1.0, 2: 0.8}
    """
    top_words = max(by_words.values(), default=0.0) or 1.0
    top_vector = max(by_vector.values(), default=0.0) or 1.0
    return {
        row: by_words.get(row, 0.0) / top_words
        + VECTOR_WEIGHT * max(0.0, by_vector.get(row, 0.0)) / top_vector
        for row in sorted({*by_words, *by_vector})
    }


def _lift(row: int, fused: Mapping[int, float], index: Index) -> float:
    document = index.row_document(row).id
    beside = [
        fused[other]
        for other in (row - 1, row + 1)
        if other in fused and index.row_document(other).id == document
    ]
    return NEIGHBOUR_WEIGHT * max(beside, default=0.0)


def fold_repetitions(found: Sequence[Found]) -> list[Found]:
    """Hits of other documents that repeat an earlier hit are left out and named there. What
    repeats is whole sentences, folded; so a passage with another figure or name stays."""
    kept: list[Found] = []
    sentences_of: list[frozenset[str]] = []
    for item in found:
        own = _sentences(item.hit.chunk)
        twin = next(
            (
                i
                for i, earlier in enumerate(kept)
                if earlier.document.id != item.document.id and _repeats(own, sentences_of[i])
            ),
            None,
        )
        if twin is None:
            kept.append(item)
            sentences_of.append(own)
        elif item.document.name not in kept[twin].also:
            kept[twin] = replace(kept[twin], also=(*kept[twin].also, item.document.name))
    return kept


def _sentences(chunk: Chunk) -> frozenset[str]:
    return frozenset(squeeze(span.of(chunk.text)) for span in sentences(chunk.text))


def _repeats(own: frozenset[str], earlier: frozenset[str]) -> bool:
    shared = sum(map(len, own & earlier))
    return shared > 0 and shared >= SAME_SHARE * sum(map(len, own))
