"""The question side of Wenju, composed: search, ask, stream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.answering.context import number_passages
from rag.answering.extract import Extraction, extract
from rag.answering.query import Query, parse_query
from rag.answering.retrieve import retrieve
from rag.answering.terms import Weights, weigh
from rag.answering.verify import verify
from rag.indexing.index import Index
from rag.settings import Settings
from rag.types import (
    Answer,
    Document,
    Done,
    Event,
    Passage,
    Retrieved,
    Sentence,
    Status,
    Text,
    Timings,
)

EXTRACTIVE = "extractive"
REFUSAL = "文档中没有找到能回答这个问题的依据。"
REFUSAL_ENGLISH = "The documents hold no evidence that answers this question."
_DOCUMENTS_KEPT = 16


class Assistant:
    """Answers questions from an index. Safe to use from several threads; it keeps nothing of
    one question for the next."""

    def __init__(self, index: Index, settings: Settings | None = None) -> None:
        self.index = index
        self.settings = settings or index.settings
        self._document = lru_cache(_DOCUMENTS_KEPT)(self._load)  # by generation and name

    def search(self, question: str, k: int | None = None) -> list[Passage]:
        """The `k` passages (by default `retrieval.k`) nearest to a question, best first.

        Raises:
            QuestionError: the question is empty or too long.
        """
        query = parse_query(question)
        weights = weigh(query, self.index)
        return list(self._retrieve(query, weights, k or self.settings.retrieval.k))

    def ask(self, question: str) -> Answer:
        """The answer to a question, with the quotations that it rests on.

        Raises:
            QuestionError: the question is empty or too long.
        """
        for event in self.stream(question):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(self, question: str) -> Iterator[Event]:
        """The answer as it comes about: `Retrieved`, then for each sentence its `Text` and the
        checked `Sentence`, then `Done`.

        Raises:
            QuestionError: the question is empty or too long (at the first event).
        """
        query = parse_query(question)
        start = time.perf_counter()
        weights = weigh(query, self.index)
        passages = self._retrieve(query, weights, self.settings.retrieval.k)
        retrieved = time.perf_counter()
        yield Retrieved(passages)
        extraction = extract(query, weights, passages, self.settings.answering)
        sentences: list[Sentence] = []
        if extraction.claims and extraction.confidence >= self.settings.answering.min_confidence:
            for claim in extraction.claims:
                yield Text(claim.text)
                sentence = verify(claim, passages, self._source)
                sentences.append(sentence)
                yield sentence
        timings = Timings(1000 * (retrieved - start), 1000 * (time.perf_counter() - retrieved))
        if not sentences:
            yield Text(_refusal(query))
        yield Done(_answer(query, sentences, passages, extraction, timings))

    def _retrieve(self, query: Query, weights: Weights, k: int) -> tuple[Passage, ...]:
        found = retrieve(query, weights, self.index, self.settings.retrieval, k)
        return number_passages(found)

    def _source(self, name: str) -> Document:
        return self._document(self.index.generation, name)

    def _load(self, _generation: int, name: str) -> Document:
        return self.index.document(name)


def _refusal(query: Query) -> str:
    return REFUSAL_ENGLISH if query.text.isascii() else REFUSAL


def _answer(
    query: Query,
    sentences: Sequence[Sentence],
    passages: tuple[Passage, ...],
    extraction: Extraction,
    timings: Timings,
) -> Answer:
    answered = bool(sentences)
    return Answer(
        question=query.text,
        status=Status.ANSWERED if answered else Status.NO_EVIDENCE,
        text=marked_text(sentences) if answered else _refusal(query),
        short=extraction.short if answered else None,
        sentences=tuple(sentences),
        passages=passages,
        confidence=extraction.confidence,
        model=EXTRACTIVE,
        timings=timings,
    )


def marked_text(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by the markers of its citations; a space parts
    what ends in a Latin letter or mark.

    >>> marked_text([])
    ''
    """
    parts: list[str] = []
    for sentence in sentences:
        ranks = dict.fromkeys(citation.n for citation in sentence.citations)
        space = " " if parts and sentence.text[:1].isascii() else ""
        parts.append(space + sentence.text + "".join(f"[{rank}]" for rank in ranks))
    return "".join(parts)
