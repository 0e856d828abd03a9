"""Learns when to say no: a logistic model of `rag.answering.confidence`'s signals.

Questions that the reader was not trained on are asked as an assistant asks them, of an index with
their passage and of the same index with every chunk out of reach that holds the sentence with the
answer: once with the words of these chunks still counted, as in `eval run --without-evidence`, and
once without, as if they had never been indexed.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
UNREAD = ("covered", "unknown", "values", "lead", "margin")
QUESTIONS = 450  # asked of each collection
NEWS_EVERY, NEWS_PLACE = 24, 3
SEED = 9
LOOKED_FOR = 50  # chunks, among them all that hold a sentence
RIDGE, ROUNDS = 2.0, 40


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by name, and questions on them."""

    documents: Mapping[str, str]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Case:
    """A question as it was asked: the signals, with and without a reader, whether the passages
    hold the answer, and how much it counts."""

    read: Signals
    unread: Signals
    answerable: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the passages found for it, which hold its answer or do not; `weight` as in
    `Case`."""

    query: Query
    weights: Weights
    passages: tuple[Passage, ...]
    answerable: bool
    weight: float


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


def collections() -> Iterator[Collection]:
    """DRCD's articles, CMRC's passages and news, each with the questions that the reader's last
    stage has not been trained on."""
    articles = data.drcd_articles()
    yield Collection(
        {f"{i:05d}.txt": article.text for i, article in enumerate(articles)},
        [q for article in articles for q in article.questions if data.held_out(q.passage)],
    )
    questions = data.cmrc_train()
    texts = dict.fromkeys(question.passage for question in questions)
    held = [question for question in questions if data.held_out(question.passage)]
    yield Collection({f"{i:05d}.txt": text for i, text in enumerate(texts)}, held)
    news = [text for i, text in enumerate(data.news()) if i % NEWS_EVERY == NEWS_PLACE]
    made = list(news_questions(news, np.random.default_rng(SEED)))
    yield Collection({f"{i:05d}.txt": text for i, text in enumerate(news)}, made)


def asked(collection: Collection, questions: int) -> Iterator[Asked]:
    """Asks `questions` of the collection's questions in all three ways."""
    order = np.random.default_rng(SEED).permutation(len(collection.questions))[:questions]
    with tempfile.TemporaryDirectory(prefix="wenju-answerable-") as temporary:
        folder, settings = Path(temporary) / "in", Settings(index=Path(temporary) / "index")
        folder.mkdir()
        for name, text in collection.documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        index = Index.build([folder], settings.index, settings)
        for place in order.tolist():
            yield from _ask(collection.questions[place], index, settings)


def _ask(question: Question, index: Index, settings: Settings) -> Iterator[Asked]:
    sentence = answer_sentence(question.passage, question.answer, question.start)
    if not sentence:
        return
    answer = squeeze(question.answer)
    for way, answerable, weight in (
        (index, True, 1.0),
        (cast(Index, WithheldIndex(index, [sentence])), False, 0.5),
        (cast(Index, Without(index, sentence)), False, 0.5),
    ):
        query = parse_query(question.text)
        weights = weigh(query, way)
        found = retrieve(query, weights, way, settings.retrieval, DEPTH)
        passages = number_passages(rerank(query, weights, found))
        looked = passages[:PASSAGES] if answerable else passages
        if any(answer in squeeze(passage.text) for passage in looked) is answerable:
            yield Asked(query, weights, passages[:PASSAGES], answerable, weight)


def cases(found: Iterable[Asked], reader: Reader) -> list[Case]:
    """The signals of what was asked; the cases count 1 in all, half of it where there is an
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
            rows.append(Case(read, unread, one.answerable, one.weight))
    total = {kind: sum(c.weight for c in rows if c.answerable is kind) for kind in (True, False)}
    return [
        Case(c.read, c.unread, c.answerable, c.weight / (2 * total[c.answerable])) for c in rows
    ]


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


def build(folder: Path, questions: int = QUESTIONS) -> None:
    """Writes `answerable.json` for the reader that lies in `folder`."""
    files = folder / "reader"
    reader = Reader((files / "model.onnx").read_bytes(), (files / "vocabulary.json").read_bytes())
    found: list[Case] = []
    for collection in collections():
        found += cases(asked(collection, questions), reader)
        log.info("%d cases", len(found))
    target = np.array([case.answerable for case in found], np.float64)
    weight = np.array([case.weight for case in found])
    value = {
        "read": fit([case.read for case in found], (*UNREAD, *READ), target, weight),
        "unread": fit([case.unread for case in found], UNREAD, target, weight),
    }
    text = json.dumps(value, indent=1) + "\n"
    (folder / "answerable.json").write_text(text, encoding="utf-8")
