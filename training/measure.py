"""How well an encoder finds passages, beside BM25 and together with it.

No set measured here is trained on: CMRC trial (questions on passages, and on pieces of about 100
characters of them), RGB `zh_int`, spans of news articles that training leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training import data
from training.bm25 import BM25

Float = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Float]
HELD_OUT_NEWS = 100  # every hundredth article is left out of training
PIECE_CHARACTERS = 100
SEED = 1


@dataclass(frozen=True, slots=True)
class Task:
    """Questions, passages, and for each question the rows of the passages that are right."""

    name: str
    questions: tuple[str, ...]
    passages: tuple[str, ...]
    right: tuple[tuple[int, ...], ...]


def trial_passages() -> Task:
    """CMRC trial: the passage of each question among the 256."""
    questions = data.cmrc_trial()
    rows = {text: row for row, text in enumerate(dict.fromkeys(q.passage for q in questions))}
    return Task(
        "trial",
        tuple(q.text for q in questions),
        tuple(rows),
        tuple((rows[q.passage],) for q in questions),
    )


def trial_pieces() -> Task:
    """CMRC trial: the piece that holds the answer among the pieces of all passages."""
    questions = data.cmrc_trial()
    pieces: list[str] = []
    first: dict[str, int] = {}
    for question in questions:
        if question.passage not in first:
            first[question.passage] = len(pieces)
            pieces += data.passages(question.passage, PIECE_CHARACTERS)
    asked, right = [], []
    for question in questions:
        row, end = first[question.passage], 0
        while row < len(pieces):
            end = question.passage.find(pieces[row], end) + len(pieces[row])
            if question.start < end:
                break
            row += 1
        asked.append(question.text)
        right.append((row,))
    return Task("pieces", tuple(asked), tuple(pieces), tuple(right))


def rgb() -> Task:
    """RGB `zh_int`: a passage that holds a part of the answer among all passages of the file."""
    records = data.rgb_int()
    texts = dict.fromkeys(p for _, good, bad in records for p in (*good, *bad))
    rows = {text: row for row, text in enumerate(texts)}
    return Task(
        "rgb",
        tuple(question for question, _, _ in records),
        tuple(rows),
        tuple(tuple(rows[p] for p in good) for _, good, _ in records),
    )


def news_spans() -> Task:
    """A sentence of a held-out news passage: the rest of that passage among all rests."""
    rng = np.random.default_rng(SEED)
    asked, rests = [], []
    for article in list(data.news())[::HELD_OUT_NEWS]:
        for passage in data.passages(article)[:2]:
            sentences = data.SENTENCE.findall(passage)
            if len(sentences) >= 4:
                chosen = int(rng.integers(len(sentences)))
                asked.append(sentences[chosen])
                rests.append("".join(sentences[:chosen] + sentences[chosen + 1 :]))
    return Task("news", tuple(asked), tuple(rests), tuple((row,) for row in range(len(rests))))


def tasks() -> list[Task]:
    """All tasks that are measured."""
    return [trial_passages(), trial_pieces(), rgb(), news_spans()]


def vector_scores(task: Task, queries: Encode, documents: Encode) -> Float:
    """Cosines, one row a question."""
    scores: Float = np.matmul(queries(task.questions), documents(task.passages).T)
    return scores


def word_scores(task: Task, words: Callable[[str], list[str]]) -> Float:
    """BM25 scores, one row a question."""
    index = BM25(task.passages, words)
    return np.array([index.scores(question) for question in task.questions], np.float32)


def fused(words: Float, vectors: Float, weight: float) -> Float:
    """BM25 divided by its best score for the question, plus `weight` times the cosine."""
    best = np.maximum(words.max(axis=1, keepdims=True), 1e-9)
    scores: Float = words / best + weight * vectors
    return scores


def ranks(scores: Float, right: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """The rank, from 1, of the best right passage of each question; ties count against it."""
    best = [row[list(rows)].max() for row, rows in zip(scores, right, strict=True)]
    return np.array(
        [int((row >= value).sum()) for row, value in zip(scores, best, strict=True)], np.int64
    )


def summary(found: npt.NDArray[np.int64]) -> tuple[float, float]:
    """MRR@10 and the share of questions whose first passage is right."""
    return float(np.where(found <= 10, 1 / found, 0).mean()), float((found == 1).mean())
