"""Hits in a better order: by their best sentence, or by a model that is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.evidence import best_sentence
from rag.answering.query import Query
from rag.answering.retrieve import Found
from rag.answering.terms import Weights
from rag.models.reranker import Reranker
from rag.types import Part

# How many hits are looked at, and the weight of the best sentence and of its holding what is
# asked for beside the hit's score (divided by the best hit's). Measured on the development
# questions: MRR .817 against .782 without, evidence recall@1000 / @3000 .906 / .961 against
# .893 / .953; every weight between .2 and 1 gains.
DEPTH = 30
SENTENCE_WEIGHT = 1.0
TYPED_WEIGHT = 0.1


def rerank(
    query: Query, weights: Weights, found: Sequence[Found], model: Reranker | None = None
) -> list[Found]:
    """The first `DEPTH` hits by score / best score + SENTENCE_WEIGHT · (the score of their best
    sentence) + TYPED_WEIGHT, if a sentence holds what is asked for, or, where a model is given,
    by its score; ties by chunk id; the others follow in their order, with their score divided
    likewise.
    """
    top = max((one.hit.score for one in found), default=1.0) or 1.0
    if model is not None:
        looked = _judged(query, found[:DEPTH], model)
    else:
        looked = [_scored(query, weights, one, top) for one in found[:DEPTH]]
    looked.sort(key=lambda one: (-one.hit.score, one.hit.chunk.id))
    least = looked[-1].hit.score if looked else 0.0
    rest = [_with_score(one, min(least, one.hit.score / top)) for one in found[DEPTH:]]
    return looked + rest


def _judged(query: Query, found: Sequence[Found], model: Reranker) -> list[Found]:
    """Scored by a model, which reads what stands above a chunk and the chunk."""
    texts = [
        "\n".join(
            (one.document.title, *one.hit.chunk.headings, *one.hit.chunk.lead, one.hit.chunk.text)
        )
        for one in found
    ]
    scores = model.scores(query.text, texts).tolist()
    return [
        _with_score(one, score, Part("reranker", score, None))
        for one, score in zip(found, scores, strict=True)
    ]


def _scored(query: Query, weights: Weights, found: Found, top: float) -> Found:
    chunk = found.hit.chunk
    worth, typed = best_sentence(
        query,
        weights,
        chunk.text,
        (found.document.title, *chunk.headings, *chunk.lead),
        [sentence.terms for sentence in found.sentences],
    )
    score = found.hit.score / top + SENTENCE_WEIGHT * worth + TYPED_WEIGHT * typed
    return _with_score(found, score, Part("answering_sentence", worth, None))


def _with_score(found: Found, score: float, *parts: Part) -> Found:
    hit = replace(found.hit, score=score, parts=(*found.hit.parts, *parts))
    return replace(found, hit=hit)
