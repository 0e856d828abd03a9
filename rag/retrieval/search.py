"""What is searched for, found, extended by its section, and ranked.

A question is searched for as it stands, an English one in Chinese words too, a hard one also by its
parts; the passages found for each are merged. Lists that go on beyond what was found are followed:
the headings under the heading that a question asks about, and the chunks beside a hit in which the
items of an enumeration stand. Hits are ordered by their best sentence and the reader, or by a
model that is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.index.protocol import Field, SearchIndex
from rag.models.encoder import Reranker
from rag.models.reader import PassageReader, ReaderMarks, log_odds
from rag.retrieval.analysis import analyse
from rag.retrieval.cells import CellFit, Wanted, table_names
from rag.retrieval.decomposition import parts
from rag.retrieval.english import Documents, in_chinese, is_english
from rag.retrieval.entities import Around, asked_names, bound
from rag.retrieval.evidence import MOST_ITEMS, best_sentence, mark_of
from rag.retrieval.query import (
    AnswerKind,
    Query,
    Weights,
    parse_query,
    sentence_terms,
    terms_of,
    weigh,
)
from rag.retrieval.references import Reference, holds, references
from rag.retrieval.retrieve import ScoredChunk, number_passages, retrieve
from rag.settings import Retrieval
from rag.text.normalize import squeeze
from rag.text.segment import words
from rag.types import Chunk, Hit, Part, Passage, Span

# Hits whose neighbours are looked at, and whose headings are; how many chunks before and behind
# them; a section is followed so far in each direction.
LOOKED_AT, LOOKED_UNDER = 3, 8
BEFORE, BEHIND = 2, 4
SECTION = 40
# The heading asked about has this share of the question, its names left out, where the question
# does not say how many items there are.
HEADING = 0.4

_HAN = "一二三四五六七八九十"
_HOW_MANY = re.compile(
    rf"([{_HAN[1:]}]|[2-9]|10)(?:大|个|项|类|种|条|点|方面|根|块|层|款|步|座|只)"
)
# What asks for a list and says nothing of what it is a list of.
_LISTING = frozenset(
    (
        *("列", "列出", "列举", "列一下", "一下", "概括", "归纳", "总结", "介绍", "主要", "包括"),
        *("方面", "几点", "几条", "几个", "几类", "几种"),
    )
)


@dataclass(frozen=True, slots=True)
class ListSection:
    """What belongs to a list: the chunks in which its items may stand, in reading order, without
    a score, and the headings that are its items, in order; both may be empty."""

    found: tuple[ScoredChunk, ...] = ()
    headings: tuple[str, ...] = ()


def section(
    query: Query, weights: Weights, found: Sequence[ScoredChunk], index: SearchIndex
) -> ListSection:
    """What belongs to the list that a question asks for; nothing for other questions. `found` are
    its hits, best first."""
    if query.kind is not AnswerKind.LIST:
        return ListSection()
    beside: dict[int, Chunk] = {}
    for one in found[:LOOKED_AT]:
        rows = index.document_rows(one.row)
        near = range(max(rows.start, one.row - BEFORE), min(rows.stop, one.row + BEHIND + 1))
        beside |= {
            row: chunk
            for row, chunk in zip(near, index.chunks(near), strict=True)
            if _has_item(chunk) and _same_section(chunk, one.hit.chunk)
        }
    headings: tuple[str, ...] = ()
    for one in found[:LOOKED_UNDER]:
        first = _outline(query, weights, one, index)
        if first:
            beside |= first
            headings = tuple(chunk.headings[_depth(first)] for chunk in first.values())
            break
    return ListSection(
        tuple(
            ScoredChunk(Hit(chunk, 0.0, ()), row, index.row_document(row), ())
            for row, chunk in sorted(beside.items())
        ),
        headings,
    )


def _outline(
    query: Query, weights: Weights, found: ScoredChunk, index: SearchIndex
) -> dict[int, Chunk]:
    """The chunks that begin what stands under the heading that is asked about, by row; empty
    where none of the headings above the hit is that."""
    headings = found.hit.chunk.headings
    wanted = _how_many(query)
    above = Around("\n".join((found.document.title, *headings)))
    if bound(query.text, [found.hit.chunk.text], above) != [1.0]:
        return {}
    for depth in range(len(headings), 0, -1):
        if not wanted and not _asked_about(query, weights, headings[depth - 1]):
            continue
        firsts: dict[str, tuple[int, Chunk]] = {}
        for row, chunk in _under(headings[:depth], found.row, index):
            if len(chunk.headings) > depth:
                firsts.setdefault(chunk.headings[depth], (row, chunk))
        many = len(firsts)
        if many == wanted or (not wanted and 2 <= many <= MOST_ITEMS):
            return dict(sorted(firsts.values()))
    return {}


def _asked_about(query: Query, weights: Weights, heading: str) -> bool:
    """Whether a heading names what the question asks for; its names, and what stands right behind
    one (歌尔股份), are left out."""
    question = squeeze(query.text)
    names = [name.text for name in asked_names(query.text)]
    asked = {
        word: weights.of[word]
        for word in query.words
        if word in weights.of
        and word not in _LISTING
        and word not in names
        and not any(name + word in question for name in names)
    }
    there = terms_of(heading)
    held = sum(weight for word, weight in asked.items() if word in there)
    return held >= HEADING * sum(asked.values()) > 0


def _under(headings: Sequence[str], row: int, index: SearchIndex) -> Iterator[tuple[int, Chunk]]:
    """The chunks around a row under the same headings, in reading order."""
    rows = index.document_rows(row)
    window = range(max(rows.start, row - SECTION), min(rows.stop, row + SECTION + 1))
    chunks = index.chunks(window)
    start = end = row - window.start
    while start > 0 and chunks[start - 1].headings[: len(headings)] == headings:
        start -= 1
    while end + 1 < len(chunks) and chunks[end + 1].headings[: len(headings)] == headings:
        end += 1
    yield from zip(window[start : end + 1], chunks[start : end + 1], strict=True)


def _depth(first: dict[int, Chunk]) -> int:
    """Where the headings of chunks part."""
    paths = [chunk.headings for chunk in first.values()]
    depth = 0
    while len({path[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _has_item(chunk: Chunk) -> bool:
    return any(mark_of(one.span.of(chunk.text)) for one in sentence_terms(chunk.text))


def _same_section(chunk: Chunk, other: Chunk) -> bool:
    return chunk.headings[:1] == other.headings[:1]


def _how_many(query: Query) -> int:
    """How many items a question says there are; 0 where it does not."""
    found = _HOW_MANY.search(squeeze(query.text))
    if not found:
        return 0
    return int(found[1]) if found[1].isdecimal() else _HAN.index(found[1]) + 1


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
CELL_WEIGHT = 1.0
_WANTED = {
    AnswerKind.NUMBER: Wanted.NUMBER,
    AnswerKind.DATE: Wanted.DATE,
    AnswerKind.ENTITY: Wanted.WORDS,
}


def rerank(
    query: Query,
    weights: Weights,
    found: Sequence[ScoredChunk],
    model: Reranker | None = None,
    reader: PassageReader | None = None,
) -> list[ScoredChunk]:
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


def _units_first(wanted: Sequence[Reference], found: list[ScoredChunk]) -> list[ScoredChunk]:
    """The hits, those first that are a unit which the question names; see `holds`."""
    if not wanted:
        return found
    chunks = [one.hit.chunk for one in found]
    share = [holds(wanted, chunk.headings, chunk.text) for chunk in chunks]
    order = sorted(range(len(found)), key=lambda i: -share[i])
    scores = [one.hit.score for one in found]
    return [_with_score(found[i], score) for i, score in zip(order, scores, strict=True)]


def _tables_by_fit(found: Sequence[ScoredChunk], fit: CellFit) -> list[ScoredChunk]:
    """The hits, those of one table in the places that they have together, best cell first: what
    stands above a table is the same for all of its parts, its rows decide between them."""
    best = {
        i: cell
        for i, one in enumerate(found)
        if (cell := fit.best(one.hit.chunk.cells)) is not None
    }
    result = list(found)
    left = list(best)
    while left:
        first, *left = left
        columns = best[first][1].columns
        own = [first] + [
            i
            for i in left
            if found[i].document.id == found[first].document.id
            and any(cell.columns == columns for cell in found[i].hit.chunk.cells)
        ]
        left = [i for i in left if i not in own]
        for place, i in zip(own, sorted(own, key=lambda i: -best[i][0]), strict=True):
            result[place] = _with_score(found[i], found[place].hit.score)
    return result


def _order(found: ScoredChunk) -> tuple[float, str]:
    return -found.hit.score, found.hit.chunk.id


def _followed(found: list[ScoredChunk], rest: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """The hits and behind them the rest, which score no higher than the last of them."""
    least = min((one.hit.score for one in found), default=0.0)
    return found + [_with_score(one, min(least, one.hit.score)) for one in rest]


def _read(query: Query, found: Sequence[ScoredChunk], reader: PassageReader) -> list[ScoredChunk]:
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


def _judged(query: Query, found: Sequence[ScoredChunk], model: Reranker) -> list[ScoredChunk]:
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


def relevance(
    question: str, texts: Sequence[str], index: SearchIndex, models: SearchModels | None = None
) -> list[float]:
    """How well each text answers a question, in [0, 1], in their order: by the reranker where there
    is one, else

        (SENTENCE_WEIGHT · s + VECTOR_WEIGHT · cosine) / (SENTENCE_WEIGHT + VECTOR_WEIGHT)

    with s as in `rerank`. Words weigh what they weigh in the index, whose encoder is used.

    Raises:
        QuestionError: the question is empty or too long.
    """
    query = plan(parse_query(question), index)[0]
    if models is not None and models.reranker is not None:
        scores: list[float] = models.reranker.scores(query.text, texts).tolist()
        return scores
    weights = weigh(query, index)
    vectors = index.encoder.encode_documents(texts)
    cosines = vectors @ index.encoder.encode_queries([query.text])[0]
    return [
        absolute(best_sentence(query, weights, text, ())[0], cosine)
        for text, cosine in zip(texts, cosines.tolist(), strict=True)
    ]


def absolute(sentence: float, cosine: float) -> float:
    """The part of a hit's score that does not depend on the other hits, in [0, 1]."""
    score = SENTENCE_WEIGHT * sentence + VECTOR_WEIGHT * max(0.0, cosine)
    return min(1.0, max(0.0, score / (SENTENCE_WEIGHT + VECTOR_WEIGHT)))


def cell_fit(query: Query, weights: Weights) -> CellFit:
    """The fit of cells to a question."""
    wanted = _WANTED.get(query.kind, Wanted.ANY)
    return CellFit(query.text, weights.of, wanted, analyse(query).measures)


def _scored(
    query: Query, weights: Weights, found: ScoredChunk, top: float, fit: CellFit
) -> ScoredChunk:
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
    best = fit.best(chunk.cells, table_names(chunk))
    if best is not None:
        score += CELL_WEIGHT * best[0]
        parts.append(Part("cell", best[0], None))
    return _with_score(found, score, *parts)


def _with_score(found: ScoredChunk, score: float, *parts: Part) -> ScoredChunk:
    hit = replace(found.hit, score=score, parts=(*found.hit.parts, *parts))
    return replace(found, hit=hit)


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
    readings: tuple[ReaderMarks | None, ...]
    standing: tuple[tuple[frozenset[str], ...], ...] = ()
    beside: tuple[Passage, ...] = ()
    headings: tuple[str, ...] = ()


def plan(query: Query, index: SearchIndex) -> tuple[Query, ...]:
    """What is searched for to answer a question, by rule: itself, an English one in the Chinese
    words that the documents have, and then its parts where it asks for several things."""
    if is_english(query.text):
        return (_translated(query, index),)
    return (query, *map(parse_query, parts(query.text)))


@dataclass(frozen=True, slots=True)
class SearchModels:
    """What orders the hits beside their score: a reranker alone, or a reader."""

    reader: PassageReader | None = None
    reranker: Reranker | None = None


def find(
    queries: Sequence[Query],
    index: SearchIndex,
    settings: Retrieval,
    k: int,
    models: SearchModels | None = None,
    *,
    lists: bool = False,
) -> tuple[tuple[Passage, ...], tuple[Search, ...]]:
    """The `k` best passages of all queries, the first of each in turn, and what each found, the
    first of it read by the reader of `models`. More are looked at than are wanted, so that a small
    `k` gives the first of a larger one. With `lists` what belongs to the list that a single query
    asks for comes after them."""
    depth = max(k, DEPTH)
    weights = [weigh(query, index) for query in queries]
    models = models or SearchModels()
    readers = _readers(models.reader, len(queries))
    found = [
        rerank(query, own, retrieve(query, own, index, settings, depth), models.reranker, one)
        for query, own, one in zip(queries, weights, readers, strict=True)
    ]
    best = _in_turn(found)[:k]
    belonging = ListSection()
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


def _in_turn(found: Sequence[Sequence[ScoredChunk]]) -> list[ScoredChunk]:
    """The first of each list, the second of each, and so on, each chunk once."""
    merged: dict[str, ScoredChunk] = {}
    for place in range(max(map(len, found), default=0)):
        for rows in found:
            if place < len(rows):
                merged.setdefault(rows[place].hit.chunk.id, rows[place])
    return list(merged.values())


def _own(
    query: Query,
    weights: Weights,
    rows: Sequence[ScoredChunk],
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


def _translated(query: Query, index: SearchIndex) -> Query:
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
