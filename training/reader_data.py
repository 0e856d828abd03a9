"""The reader's examples: a question, a piece of a passage, and where in it the answer stands, if
it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from rag.models.reader import FEATURES, STATIC, Vocabulary, Words, match, read_words
from rag.text.segment import words
from training.bm25 import BM25
from training.data import Question
from training.pieces import grow
from training.reader_net import Text

Floats = npt.NDArray[np.float32]
WRONG_PASSAGES = 2
LOOKED_AT = 8
OWN_SHARE = 0.4  # of the unanswerable pieces
SHORTEST, LONGEST, WHOLE = 60, 200, 400  # words
WHOLE_SHARE = 0.1
FIRST_IN_SENTENCE, PLACE, RELATIVE = 13, 14, STATIC + 9  # features that a piece changes
COVERED = STATIC + 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage with their features; the answer's first and last word in it, or
    -1 twice; `holding` are the sentences in which the answer's characters stand."""

    question: Words
    passage: Words
    features: npt.NDArray[np.float16]
    start: int
    end: int
    holding: frozenset[int]


@dataclass(frozen=True, slots=True)
class Example:
    """Some words of a passage. `start` and `end` are places in it; the number of words, that is
    one place behind them, where it holds no answer."""

    pair: Pair
    rows: npt.NDArray[np.int64]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its own passage and with others that BM25 finds for it."""

    own: Pair
    others: tuple[Pair, ...]


def read_questions(
    questions: Sequence[Question], vocabulary: Vocabulary, wrong: int = WRONG_PASSAGES
) -> list[Asked]:
    """The questions whose answer stands in their passage, with `wrong` other passages each."""
    rows = {text: row for row, text in enumerate(dict.fromkeys(q.passage for q in questions))}
    texts = list(rows)
    read = [read_words(text, vocabulary) for text in texts]
    index = BM25(texts, words)
    found = []
    for question in questions:
        asked = read_words(question.text, vocabulary)
        own = _own(question, asked, read[rows[question.passage]])
        if own is None:
            continue
        scores = index.scores(question.text)
        best = np.argpartition(-scores, min(LOOKED_AT, len(texts)) - 1)[:LOOKED_AT]
        others = [
            _pair(asked, read[row], -1, -1)
            for row in best[np.argsort(-scores[best])].tolist()
            if question.answer not in texts[row]
        ]
        found.append(Asked(own, tuple(others[:wrong])))
    return found


def _own(question: Question, asked: Words, passage: Words) -> Pair | None:
    text, answer = question.passage, question.answer.strip()
    at = question.start if text.startswith(answer, question.start) else text.find(answer)
    if at < 0 or not answer:
        return None
    start = int(np.searchsorted(passage.starts, at, "right")) - 1
    end = int(np.searchsorted(passage.starts, at + len(answer), "left")) - 1
    places, begin = set(), text.find(answer)
    while begin >= 0:
        row = max(int(np.searchsorted(passage.starts, begin, "right")) - 1, 0)
        places.add(int(passage.sentence[row]))
        begin = text.find(answer, begin + 1)
    return _pair(asked, passage, max(start, 0), max(start, end, 0), frozenset(places))


def _pair(
    question: Words, passage: Words, start: int, end: int, holding: frozenset[int] = frozenset()
) -> Pair:
    features = match(question, passage).astype(np.float16)
    return Pair(question, passage, features, start, end, holding)


def answerable(pair: Pair, random: np.random.Generator) -> Example:
    """A piece of whole sentences around the answer, now and then the whole passage."""
    longest = WHOLE if random.random() < WHOLE_SHARE else int(random.integers(SHORTEST, LONGEST))
    sentence = pair.passage.sentence
    rows = grow(sentence, int(sentence[pair.start]), int(sentence[pair.end]), longest, random)
    first = int(rows[0])
    if pair.end - first >= WHOLE:  # a sentence of great length
        return Example(pair, rows[:WHOLE], min(WHOLE, len(rows)), min(WHOLE, len(rows)))
    return Example(pair, rows[:WHOLE], pair.start - first, pair.end - first)


def unanswerable(asked: Asked, random: np.random.Generator) -> Example | None:
    """A piece of the passage without the sentences that answer, or of another passage."""
    longest = int(random.integers(SHORTEST, LONGEST))
    if random.random() < OWN_SHARE or not asked.others:
        pair = asked.own
        out = sorted({*pair.holding, *pair.passage.sentence[pair.start : pair.end + 1].tolist()})
        rows = np.flatnonzero(~np.isin(pair.passage.sentence, out))
        begin = int(random.integers(0, max(len(rows) - longest, 0) + 1))
        rows = rows[begin : begin + longest]
    else:
        pair = asked.others[int(random.integers(len(asked.others)))]
        middle = int(random.integers(int(pair.passage.sentence[-1]) + 1))
        rows = grow(pair.passage.sentence, middle, middle, longest, random)[:WHOLE]
    return Example(pair, rows, len(rows), len(rows)) if len(rows) >= 5 else None


def whole(pair: Pair) -> Example:
    """All words of a passage."""
    rows = np.arange(len(pair.passage))
    return Example(pair, rows, pair.start, pair.end)


def batches(
    examples: Sequence[Example], size: int, random: np.random.Generator
) -> Iterator[list[Example]]:
    """Examples of like length together, in random order."""
    noise = random.integers(0, 12, len(examples))
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].rows) + int(noise[i]))
    chunks = [order[i : i + size] for i in range(0, len(order), size)]
    for place in random.permutation(len(chunks)).tolist():
        yield [examples[i] for i in chunks[place]]


def questions_of(batch: Sequence[Example]) -> Text:
    """The questions of a batch as tensors."""
    asked = [example.pair.question for example in batch]
    features = []
    for question in asked:
        rows = np.zeros((len(question), FEATURES), np.float32)
        rows[:, :STATIC] = question.static
        features.append(rows)
    return _text(asked, [np.arange(len(question)) for question in asked], features)


def passages_of(batch: Sequence[Example]) -> Text:
    """The pieces of a batch as tensors."""
    features = [_features(example) for example in batch]
    return _text([e.pair.passage for e in batch], [e.rows for e in batch], features)


def _features(example: Example) -> Floats:
    """Those of the passage, with what depends on the piece made anew."""
    found = example.pair.features[example.rows].astype(np.float32)
    sentence = example.pair.passage.sentence[example.rows]
    order = np.unique(sentence, return_inverse=True)[1]
    found[:, PLACE] = np.minimum(order, 10) / 10
    found[:, RELATIVE] = found[:, COVERED] / max(float(found[:, COVERED].max()), 1e-6)
    return found


def _text(
    texts: Sequence[Words], rows: Sequence[npt.NDArray[np.int64]], features: Sequence[Floats]
) -> Text:
    lengths = [len(row) for row in rows]
    ids = np.zeros((3, len(texts), max(lengths)), np.int64)
    values = np.zeros((len(texts), max(lengths), FEATURES), np.float32)
    for i, (text, row) in enumerate(zip(texts, rows, strict=True)):
        for kind, source in enumerate((text.words, text.first, text.last)):
            ids[kind, i, : len(row)] = source[row]
        values[i, : len(row)] = features[i]
    return (
        torch.from_numpy(ids[0]),
        torch.from_numpy(ids[1]),
        torch.from_numpy(ids[2]),
        torch.from_numpy(values),
        torch.tensor(lengths),
    )
