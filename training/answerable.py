"""Learns when to say no: a logistic model of `rag.answering.confidence`'s signals.

Questions are asked as an assistant asks them, of an index with their passage and of the same index
with every chunk out of reach that holds the sentence with the answer: once with the words of these
chunks still counted, as in `eval run --without-evidence`, and once without, as if they had never
been indexed. To these come questions on the other collections. Of CMRC train and DRCD dev the
reader has seen the questions, so that its signals weigh somewhat more than they should; of the
news it has not.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from eval.benchmarks.squad import answer_sentence
from eval.withheld import WithheldIndex
from rag.answering.confidence import Signals, signals
from rag.answering.context import number_passages
from rag.answering.evidence import score_sentences
from rag.answering.extract import PASSAGES
from rag.answering.query import Query, parse_query
from rag.answering.rerank import DEPTH, rerank
from rag.answering.retrieve import keyword_terms, retrieve
from rag.answering.terms import Weights, weigh
from rag.indexing.index import Field, Index
from rag.models.reader import Reader
from rag.settings import Settings
from rag.text.fold import squeeze
from rag.text.segment import bigrams, words
from rag.types import Passage
from training import data
from training.data import Question
from training.news_questions import news_questions

log = logging.getLogger("training")
Floats = npt.NDArray[np.float64]

READ = ("has_first", "has_best", "has_most", "has_next")
UNREAD = ("held", "covered", "unknown", "values", "lead", "margin")
QUESTIONS, STRANGE = 450, 140  # asked of a large collection, and of it those on others
SMALL, LARGEST_SMALL = 50, 25  # collections of a few passages
ANSWERED = 0.9  # share of the questions of users that have an answer, as confidence takes it
NEWS_EVERY, NEWS_PLACE = 24, 3
SEED = 9
LOOKED_FOR = 50  # chunks, among them all that hold a sentence
RIDGE, ROUNDS = 2.0, 40


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by name, and questions on them; `own` of these are asked, and `strange` ones."""

    documents: Mapping[str, str]
    questions: Sequence[Question]
    own: int
    strange: int


@dataclass(frozen=True, slots=True)
class Case:
    """A question as it was asked: the signals, with and without a reader, whether the passages
    hold the answer, and how much it counts."""

    read: Signals
    unread: Signals
    answerable: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a question is asked so that the passages can hold the answer, and how much it
    counts."""

    answerable: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the passages found for it."""

    query: Query
    weights: Weights
    passages: tuple[Passage, ...]
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


def asked(collection: Collection, others: Sequence[Question], share: float) -> Iterator[Asked]:
    """Asks a share of the collection's questions in all three ways, and as many `others`."""
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
        for question in own:
            yield from _ask_three_ways(question, index, settings)
        for question in strange:
            yield from _ask(question, index, settings, Way(answerable=False, weight=0.75))


def _ask_three_ways(question: Question, index: Index, settings: Settings) -> Iterator[Asked]:
    sentence = answer_sentence(question.passage, question.answer, question.start)
    if sentence:
        withheld = cast(Index, WithheldIndex(index, [sentence]))
        without = cast(Index, Without(index, sentence))
        yield from _ask(question, index, settings, Way(answerable=True, weight=1.0))
        yield from _ask(question, withheld, settings, Way(answerable=False, weight=0.5))
        yield from _ask(question, without, settings, Way(answerable=False, weight=0.5))


def _ask(question: Question, index: Index, settings: Settings, way: Way) -> Iterator[Asked]:
    """Nothing where the passages hold the answer and should not, or the other way round."""
    query = parse_query(question.text)
    weights = weigh(query, index)
    found = retrieve(query, weights, index, settings.retrieval, DEPTH)
    passages = number_passages(rerank(query, weights, found))
    answer = squeeze(question.answer)
    looked = passages[:PASSAGES] if way.answerable else passages
    if passages and any(answer in squeeze(p.text) for p in looked) is way.answerable:
        yield Asked(query, weights, passages[:PASSAGES], way)


def cases(found: Iterable[Asked], reader: Reader) -> list[Case]:
    """The signals of what was asked; the cases count 1 in all, `ANSWERED` of it where there is an
    answer."""
    rows = []
    for one in found:
        readings = reader.read(one.query.text, [passage.text for passage in one.passages])
        ranked = [
            score_sentences(one.query, one.weights, one.passages, given)
            for given in (readings, None)
        ]
        if all(ranked):
            read, unread = (
                signals(one.query, one.weights, sentences, one.passages) for sentences in ranked
            )
            rows.append(Case(read, unread, one.way.answerable, one.way.weight))
    total = {kind: sum(c.weight for c in rows if c.answerable is kind) for kind in (True, False)}
    share = {True: ANSWERED, False: 1 - ANSWERED}
    return [replace(c, weight=c.weight / total[c.answerable] * share[c.answerable]) for c in rows]


def fit(rows: Sequence[Signals], names: Sequence[str], target: Floats, weight: Floats) -> object:
    """Logistic regression by Newton's method, as `rag.models.answerable` reads it; a signal that
    is not there counts as its mean."""
    values = np.array([[row[name] for name in names] for row in rows], np.float64)
    mean, scale = np.nanmean(values, 0), np.maximum(np.nanstd(values, 0), 1e-6)
    x = np.nan_to_num((values - mean) / scale)
    x = np.hstack((np.ones((len(x), 1)), x))
    penalty = np.diag([0.0] + [RIDGE / len(x)] * len(names))
    weight = weight / weight.sum()
    beta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-x @ beta))
        slope = x.T @ (weight * (target - p)) - penalty @ beta
        curve = x.T @ (x * (weight * p * (1 - p))[:, None]) + penalty
        beta += np.linalg.solve(curve, slope)
    return {
        "constant": round(float(beta[0]), 4),
        "signals": {
            name: [round(float(v), 4) for v in (mean[i], scale[i], beta[i + 1])]
            for i, name in enumerate(names)
        },
    }


def build(folder: Path, share: float = 1.0) -> None:
    """Writes `answerable.json` for the reader that lies in `folder`; for a try, `share` of the
    small collections and of the questions of each is enough."""
    files = folder / "reader"
    reader = Reader((files / "model.onnx").read_bytes(), (files / "vocabulary.json").read_bytes())
    kinds = list(collections())
    found: list[Case] = []
    for place, kind in enumerate(kinds):
        others = [q for other in kinds[:3] for c in other for q in c.questions]
        material: list[Asked] = []
        for collection in kind[: ceil(share * len(kind))]:
            texts = set(collection.documents.values())
            own = {question.passage for question in collection.questions} | texts
            strange = [question for question in others if question.passage not in own]
            material += asked(collection, strange, share)
        found += cases(material, reader)
        log.info("kind %d: %d cases in all", place + 1, len(found))
    target = np.array([case.answerable for case in found], np.float64)
    weight = np.array([case.weight for case in found])
    value = {
        "read": fit([case.read for case in found], (*UNREAD, *READ), target, weight),
        "unread": fit([case.unread for case in found], UNREAD, target, weight),
    }
    text = json.dumps(value, indent=1) + "\n"
    (folder / "answerable.json").write_text(text, encoding="utf-8")
