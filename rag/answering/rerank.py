"""Hits in a better order: by their best sentence and the reader, or by a model that is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.english import is_english
from rag.answering.evidence import best_sentence
from rag.answering.query import Kind, Query
from rag.answering.retrieve import Found
from rag.answering.terms import Weights
from rag.models.reading import PassageReader, log_odds
from rag.models.reranker import Reranker
from rag.retrieval.cell_fit import CellFit, Wanted
from rag.retrieval.references import Reference, holds, references
from rag.types import Part

# How many hits are looked at, and the weights of the best sentence, of its holding what is
# asked for and of the cosine beside the hit's score (divided by the best hit's). Sentences: on
# the development questions MRR .817 against .782 without, every weight between .2 and 1 gains.
# Cosines: on 3,400 questions of CMRC train and DRCD, some cut to searches without question words,
# every weight between .2 and 1.2 gains (.5: .006), on questions made from news .5 loses
# .001; the cosine's small weight in the fusion decides what is looked at, not what comes first.
DEPTH = 30
SENTENCE_WEIGHT = 1.0
TYPED_WEIGHT = 0.1
VECTOR_WEIGHT = 0.5
# How many of the first hits are read, and the weight of the reader's log odds of an answer: on
# questions made from news, which it has not seen, every weight up to .15 gains, from .04 on with
# p < .05.
READ = 8
READER_WEIGHT = 0.04
# Of the fit of the best cell of a table.
CELL_WEIGHT = 0.25
_WANTED = {Kind.NUMBER: Wanted.NUMBER, Kind.DATE: Wanted.DATE, Kind.ENTITY: Wanted.WORDS}


def rerank(
    query: Query,
    weights: Weights,
    found: Sequence[Found],
    model: Reranker | None = None,
    reader: PassageReader | None = None,
) -> list[Found]:
    """The first `DEPTH` hits in their order by

        score / best score + SENTENCE_WEIGHT · s + TYPED_WEIGHT · t + VECTOR_WEIGHT · cosine
        + CELL_WEIGHT · c

    where s is the score of their best sentence (less for another year), t whether one holds what
    is asked for and c the fit of their best cell, 0 where they have none; then the first `READ` of
    them by this + READER_WEIGHT · (the reader's log odds that they hold an answer), where a reader
    is given and the question is Chinese. Where a model is given, by its score alone. Ties by chunk
    id; the others follow in their order, their scores no higher. Where the question names an
    article or clause, those that are this unit come before all others.
    """
    top = max((one.hit.score for one in found), default=1.0) or 1.0
    fit = cell_fit(query, weights)
    if model is not None:
        looked = _judged(query, found[:DEPTH], model)
    else:
        looked = [_scored(query, weights, one, top, fit) for one in found[:DEPTH]]
    looked.sort(key=_order)
    if model is None and reader is not None and not is_english(query.text):
        looked = _followed(_read(query, looked[:READ], reader), looked[READ:])
    rest = [_with_score(one, one.hit.score / top) for one in found[DEPTH:]]
    return _units_first(references(query.text), _followed(_tables_by_fit(looked, fit), rest))


def _units_first(wanted: Sequence[Reference], found: list[Found]) -> list[Found]:
    """The hits, those first that are a unit which the question names; see `holds`."""
    if not wanted:
        return found
    chunks = [one.hit.chunk for one in found]
    share = [holds(wanted, chunk.headings, chunk.text) for chunk in chunks]
    order = sorted(range(len(found)), key=lambda i: -share[i])
    scores = [one.hit.score for one in found]
    return [_with_score(found[i], score) for i, score in zip(order, scores, strict=True)]


def _tables_by_fit(found: Sequence[Found], fit: CellFit) -> list[Found]:
    """The hits, those of one table in the places that they have together, best cell first: what
    stands above a table is the same for all of its parts, its rows decide between them."""
    best = {i: fit.first(one.hit.chunk.cells) for i, one in enumerate(found) if one.hit.chunk.cells}
    result = list(found)
    left = list(best)
    while left:
        first, *left = left
        columns = best[first].columns
        own = [first] + [
            i
            for i in left
            if found[i].document.id == found[first].document.id
            and any(cell.columns == columns for cell in found[i].hit.chunk.cells)
        ]
        left = [i for i in left if i not in own]
        for place, i in zip(own, sorted(own, key=lambda i: -fit.of(best[i])), strict=True):
            result[place] = _with_score(found[i], found[place].hit.score)
    return result


def _order(found: Found) -> tuple[float, str]:
    return -found.hit.score, found.hit.chunk.id


def _followed(found: list[Found], rest: Sequence[Found]) -> list[Found]:
    """The hits and behind them the rest, which score no higher than the last of them."""
    least = min((one.hit.score for one in found), default=0.0)
    return found + [_with_score(one, min(least, one.hit.score)) for one in rest]


def _read(query: Query, found: Sequence[Found], reader: PassageReader) -> list[Found]:
    """The hits with their readings, in the order that these give."""
    readings = reader.read(query.text, [one.hit.chunk.text for one in found])
    read = [
        replace(
            _with_score(
                one,
                one.hit.score + READER_WEIGHT * log_odds(reading.has_answer),
                Part("reader", reading.has_answer, None),
            ),
            reading=reading,
        )
        for one, reading in zip(found, readings, strict=True)
    ]
    return sorted(read, key=_order)


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


def cell_fit(query: Query, weights: Weights) -> CellFit:
    """The fit of cells to a question."""
    return CellFit(query.text, weights.of, _WANTED.get(query.kind, Wanted.ANY))


def _scored(query: Query, weights: Weights, found: Found, top: float, fit: CellFit) -> Found:
    chunk = found.hit.chunk
    worth, typed = best_sentence(
        query,
        weights,
        chunk.text,
        (found.document.title, *chunk.headings, *chunk.lead),
        [sentence.terms for sentence in found.sentences],
        found.document.date,
    )
    cosine = next((part.score for part in found.hit.parts if part.name == "vector"), 0.0)
    score = found.hit.score / top + SENTENCE_WEIGHT * worth + TYPED_WEIGHT * typed
    score += VECTOR_WEIGHT * max(0.0, cosine)
    parts = [Part("answering_sentence", worth, None)]
    if chunk.cells:
        best = fit.best(chunk.cells)
        score += CELL_WEIGHT * best
        parts.append(Part("cell", best, None))
    return _with_score(found, score, *parts)


def _with_score(found: Found, score: float, *parts: Part) -> Found:
    hit = replace(found.hit, score=score, parts=(*found.hit.parts, *parts))
    return replace(found, hit=hit)
