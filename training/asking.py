"""Questions asked so that there is an answer and so that there is none.

Questions are asked as an assistant asks them, half of them said in other words: of an index with
their passage, and of the same index with every chunk out of reach that holds the sentence with the
answer: once with the words of these chunks still counted, as in `eval run --without-evidence`, and
once without, as if they had never been indexed. To these come the same questions asked of another
name or year, or for another detail, and questions on the other collections.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import cast

import numpy as np

from eval.benchmarks.squad import answer_sentence
from eval.withheld import WithheldIndex
from rag.answering.context import number_passages
from rag.answering.query import Query, parse_query
from rag.answering.rerank import DEPTH, READ, cell_fit, rerank
from rag.answering.retrieve import Found, keyword_terms, retrieve
from rag.answering.terms import Weights, weigh
from rag.indexing.index import Field, Index
from rag.models.reader import Reader
from rag.models.reading import Reading
from rag.settings import Settings
from rag.text.fold import squeeze
from rag.text.segment import bigrams, words
from rag.types import Passage
from training import data
from training.changed_questions import Names, Wording, names_of, other_detail, renamed
from training.data import Question
from training.news_questions import news_questions

QUESTIONS, STRANGE = 200, 75  # asked of a large collection, and of it those on others
SMALL, LARGEST_SMALL = 30, 25  # collections of a few passages
REWORDED, RENAMED, OTHER_DETAIL = 0.5, 0.35, 0.5  # shares of the questions asked so
NEWS_EVERY, NEWS_PLACE = 24, 3
SEED = 9
LOOKED_FOR = 50  # chunks, among them all that hold a sentence


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by name, and questions on them; `own` of these are asked, and `strange` ones."""

    documents: Mapping[str, str]
    questions: Sequence[Question]
    own: int
    strange: int


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a question is asked so that the passages can hold the answer, how much it counts,
    and whether its own answer is not the one that it asks for."""

    answerable: bool
    weight: float
    changed: bool = False


WITH, WITHHELD = Way(answerable=True, weight=1.0), Way(answerable=False, weight=0.5)
STRANGER = Way(answerable=False, weight=0.75)
OTHER_NAME = Way(answerable=False, weight=1.0, changed=True)
OTHER = Way(answerable=False, weight=0.7, changed=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the passages found for it with what the reader makes of them, and those found
    without a reader."""

    query: Query
    weights: Weights
    passages: tuple[Passage, ...]
    readings: tuple[Reading | None, ...]
    unread: tuple[Passage, ...]
    way: Way


class Without(WithheldIndex):
    """An index that never held the chunks with a sentence: their words do not count either."""

    def __init__(self, index: Index, sentence: str) -> None:
        super().__init__(index, [sentence])
        found = index.rank_words(keyword_terms(parse_query(sentence[:500])), LOOKED_FOR)
        self._gone = [index.chunk(row).text for row, _ in found if self._is_hidden(row)]

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """As `Index.frequencies`, less what is gone."""
        cut = words if field is Field.WORDS else bigrams
        gone = [frozenset(cut(text)) for text in self._gone]
        counts = self._index.frequencies(field, terms)
        return {term: count - sum(term in held for held in gone) for term, count in counts.items()}


def collections() -> Iterator[Sequence[Collection]]:
    """DRCD's articles, CMRC's passages, news, and many collections of a few passages, each with
    some questions on them."""
    articles = data.drcd_articles()
    documents = {f"{i:05d}.txt": article.text for i, article in enumerate(articles)}
    drcd = _drawn(q for article in articles for q in article.questions)
    yield [Collection(documents, drcd, QUESTIONS, STRANGE)]
    texts = dict.fromkeys(question.passage for question in data.cmrc_train())
    cmrc = _drawn(data.cmrc_train())
    yield [Collection(_named(texts), cmrc, QUESTIONS, STRANGE)]
    news = [text for i, text in enumerate(data.news()) if i % NEWS_EVERY == NEWS_PLACE]
    made = list(news_questions(news, np.random.default_rng(SEED)))
    yield [Collection(_named(news), made, QUESTIONS, STRANGE)]
    yield list(_small(drcd + cmrc, np.random.default_rng(SEED)))


def _small(questions: Sequence[Question], random: np.random.Generator) -> Iterator[Collection]:
    passages = list(dict.fromkeys(question.passage for question in questions))
    for _ in range(SMALL):
        count = int(random.integers(2, LARGEST_SMALL))
        chosen = {passages[place] for place in random.permutation(len(passages))[:count].tolist()}
        own = [question for question in questions if question.passage in chosen]
        yield Collection(_named(sorted(chosen)), own, 6, 4)


def _drawn(questions: Iterable[Question]) -> list[Question]:
    return [question for question in questions if data.is_drawn(question.passage)]


def _named(texts: Iterable[str]) -> dict[str, str]:
    return {f"{i:05d}.txt": text for i, text in enumerate(texts)}


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks questions of one collection."""

    index: Index
    settings: Settings
    reader: Reader
    names: Names

    def ask_all_ways(self, question: Question) -> Iterator[Asked]:
        """With what answers it, and without that, its words counted or not."""
        sentence = answer_sentence(question.passage, question.answer, question.start)
        if sentence:
            yield from self.ask(question, WITH)
            yield from self.ask(question, WITHHELD, WithheldIndex(self.index, [sentence]))
            yield from self.ask(question, WITHHELD, Without(self.index, sentence))

    def ask_changed(self, question: Question, random: np.random.Generator) -> Iterator[Asked]:
        """Of another name or year, and for a detail that its passage does not speak of."""
        chances = random.random(2) < (RENAMED, OTHER_DETAIL)
        other = renamed(question.text, self.names, random) if chances[0] else None
        if other is not None:
            yield from self.ask(replace(question, text=other), OTHER_NAME)
        detail = other_detail(question.text, random) if chances[1] else None
        if detail is not None and not any(word in question.passage for word in detail.words):
            yield from self.ask(replace(question, text=detail.text), OTHER)

    def ask(
        self, question: Question, way: Way, withheld: WithheldIndex | None = None
    ) -> Iterator[Asked]:
        """Nothing where the passages hold the answer and should not, or the other way round."""
        index = cast(Index, withheld or self.index)
        query = parse_query(question.text)
        weights = weigh(query, index)
        found = retrieve(query, weights, index, self.settings.retrieval, DEPTH)
        read = rerank(query, weights, found, reader=self.reader)
        looked = read[:READ] if way.answerable else read
        if found and (way.changed or _holds(looked, question.answer) is way.answerable):
            yield Asked(
                query,
                weights,
                number_passages(read[:READ], cell_fit(query, weights)),
                tuple(one.reading for one in read[:READ]),
                number_passages(rerank(query, weights, found)[:READ], cell_fit(query, weights)),
                way,
            )


def _holds(found: Sequence[Found], answer: str) -> bool:
    return any(squeeze(answer) in squeeze(one.hit.chunk.text) for one in found)


def asked(
    collection: Collection,
    others: Sequence[Question],
    reader: Reader,
    wording: Wording,
    share: float,
) -> Iterator[Asked]:
    """Asks a share of the collection's questions in all ways, and as many `others`."""
    random = np.random.default_rng(SEED)
    own, strange = (
        [questions[place] for place in random.permutation(len(questions))[: ceil(share * count)]]
        for questions, count in (
            (collection.questions, collection.own),
            (others, collection.strange),
        )
    )
    with tempfile.TemporaryDirectory(prefix="wenju-answerable-") as temporary:
        folder, settings = Path(temporary) / "in", Settings(index=Path(temporary) / "index")
        folder.mkdir()
        for name, text in collection.documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        index = Index.build([folder], settings.index, settings)
        names = names_of(question.text for question in collection.questions)
        asker = Asker(index, settings, reader, names)
        for one in own:
            reword = random.random() < REWORDED
            text = wording.reworded(one.text, random) if reword else one.text
            question = replace(one, text=text)
            yield from asker.ask_all_ways(question)
            yield from asker.ask_changed(question, random)
        for question in strange:
            yield from asker.ask(question, STRANGER)
