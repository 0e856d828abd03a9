"""What is searched for: a question, an English one in Chinese words too, and the parts of a hard
one; and the passages found for each, merged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answering.context import number_passages
from rag.answering.english import Documents, in_chinese, is_english
from rag.answering.parts import parts
from rag.answering.query import Query, parse_query
from rag.answering.rerank import DEPTH, cell_fit, rerank
from rag.answering.retrieve import Found, retrieve
from rag.answering.section import Section, section
from rag.answering.terms import Weights, weigh
from rag.indexing.index import Field, Index
from rag.models.reading import PassageReader, Reading
from rag.models.reranker import load_reranker
from rag.settings import Retrieval
from rag.text.segment import words
from rag.types import Passage, Span


@dataclass(frozen=True, slots=True)
class Search:
    """A query and the passages that it found, its own best first, with its own scores and with
    the ranks that they have in the answer. `standing` are those of the query's terms that stand
    in each sentence of each passage; empty where that is not known. `readings` are those of the
    passages, None for what was not read. For a list `beside` are the passages in which its items
    may stand, and `headings` those that are its items."""

    query: Query
    weights: Weights
    passages: tuple[Passage, ...]
    readings: tuple[Reading | None, ...]
    standing: tuple[tuple[frozenset[str], ...], ...] = ()
    beside: tuple[Passage, ...] = ()
    headings: tuple[str, ...] = ()


def plan(query: Query, index: Index) -> tuple[Query, ...]:
    """What is searched for to answer a question, by rule: itself, an English one in the Chinese
    words that the documents have, and then its parts where it asks for several things."""
    if is_english(query.text):
        return (_translated(query, index),)
    return (query, *map(parse_query, parts(query.text)))


def find(
    queries: Sequence[Query],
    index: Index,
    settings: Retrieval,
    k: int,
    reader: PassageReader | None = None,
    *,
    lists: bool = False,
) -> tuple[tuple[Passage, ...], tuple[Search, ...]]:
    """The `k` best passages of all queries, the first of each in turn, and what each found, the
    first of it read by `reader`. More are looked at than are wanted, so that a small `k` gives
    the first of a larger one. With `lists` what belongs to the list that a single query asks for
    comes after them."""
    depth = max(k, DEPTH)
    weights = [weigh(query, index) for query in queries]
    model = load_reranker(settings.reranker) if settings.reranker else None
    found = [
        rerank(query, own, retrieve(query, own, index, settings, depth), model, one)
        for query, own, one in zip(queries, weights, _readers(reader, len(queries)), strict=True)
    ]
    best = _in_turn(found)[:k]
    belonging = Section()
    if lists and len(queries) == 1:
        belonging = section(queries[0], weights[0], found[0], index)
    passages = number_passages(
        _in_turn([[*best, *belonging.found]]), cell_fit(queries[0], weights[0])
    )
    places = {(passage.document_id, passage.span): passage for passage in passages}
    beside = _own(queries[0], weights[0], belonging.found, places).passages
    searches = tuple(
        replace(_own(query, own, rows, places), beside=beside, headings=belonging.headings)
        for query, own, rows in zip(queries, weights, found, strict=True)
    )
    return passages, searches


def _readers(reader: PassageReader | None, count: int) -> list[PassageReader | None]:
    """Who reads what each query finds: nobody for a question that is searched for in parts, too.
    The reader knows questions for one thing."""
    return [None if place == 0 and count > 1 else reader for place in range(count)]


def _in_turn(found: Sequence[Sequence[Found]]) -> list[Found]:
    """The first of each list, the second of each, and so on, each chunk once."""
    merged: dict[str, Found] = {}
    for place in range(max(map(len, found), default=0)):
        for rows in found:
            if place < len(rows):
                merged.setdefault(rows[place].hit.chunk.id, rows[place])
    return list(merged.values())


def _own(
    query: Query,
    weights: Weights,
    rows: Sequence[Found],
    places: dict[tuple[str, Span], Passage],
) -> Search:
    """What a query found, as far as it is among the passages."""
    keys = [(row, (row.document.id, row.hit.chunk.span)) for row in rows]
    kept = [(row, places[key]) for row, key in keys if key in places]
    return Search(
        query,
        weights,
        tuple(replace(at, score=row.hit.score, parts=row.hit.parts) for row, at in kept),
        tuple(row.reading for row, _ in kept),
        tuple(tuple(sentence.terms for sentence in row.sentences) for row, _ in kept),
    )


def _translated(query: Query, index: Index) -> Query:
    """The query in Chinese words; as it is where the documents have none of them."""

    def count(word: str) -> int:
        terms = words(word, parts=False)
        return min(index.frequencies(Field.WORDS, terms).values(), default=0) if terms else 0

    def pairs(wanted: Collection[str]) -> Mapping[str, int]:
        return index.frequencies(Field.BIGRAMS, wanted)

    chinese = in_chinese(query.text, Documents(count, pairs))
    if chinese.text.isascii():
        return query
    again = frozenset(term for word in chinese.again for term in words(word, parts=False))
    return replace(parse_query(chinese.text), text=chinese.text, kind=query.kind, again=again)
