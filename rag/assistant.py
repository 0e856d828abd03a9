"""The question side of Wenju, composed: search, ask, stream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial

from rag.answering.context import number_passages
from rag.answering.extract import Extraction, extract
from rag.answering.query import Query, parse_query
from rag.answering.retrieve import retrieve
from rag.answering.terms import weigh
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
DOCUMENTS_KEPT = 16


class Assistant:
    """Answers questions from an index. Safe to use from several threads; it keeps nothing of
    one question for the next."""

    def __init__(self, index: Index, settings: Settings | None = None) -> None:
        self.index = index
        self.settings = settings or index.settings
        self._documents: dict[tuple[int, str], Document] = {}

    def search(self, question: str, k: int | None = None) -> list[Passage]:
        """The `k` passages (by default `retrieval.k`) nearest to a question, best first.

        Raises:
            QuestionError: the question is empty or too long.
        """
        query = parse_query(question)
        index = self.index.pinned()
        options = self.settings.retrieval
        found = retrieve(query, weigh(query, index), index, options, k or options.k)
        return list(number_passages(found))

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
        index = self.index.pinned()  # one generation for the whole answer
        weights = weigh(query, index)
        options = self.settings.retrieval
        passages = number_passages(retrieve(query, weights, index, options, options.k))
        retrieved = time.perf_counter()
        yield Retrieved(passages)
        extraction = extract(query, weights, passages, self.settings.answering)
        sentences: list[Sentence] = []
        if extraction.claims and extraction.confidence >= self.settings.answering.min_confidence:
            for claim in extraction.claims:
                yield Text(claim.text)
                sentence = verify(claim, passages, partial(self._document, index))
                sentences.append(sentence)
                yield sentence
        timings = Timings(1000 * (retrieved - start), 1000 * (time.perf_counter() - retrieved))
        if not sentences:
            yield Text(_refusal(query))
        yield Done(_answer(query, sentences, passages, extraction, timings))

    def _document(self, index: Index, name: str) -> Document:
        """A document of the generation that `index` shows, kept for the next citation."""
        key = (index.generation, name)
        found = self._documents.get(key)
        if found is None:
            found = index.document(name)
            if len(self._documents) >= DOCUMENTS_KEPT:
                self._documents.clear()
            self._documents[key] = found
        return found


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
