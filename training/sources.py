"""The examples that the encoder is trained on, from the open sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from rag.text.segment import words
from training import data
from training.batches import Mixture, Pairs, Spans, encode
from training.bm25 import BM25
from training.measure import HELD_OUT_NEWS

HARD_NEGATIVES = 20
SHORTEST_SECTION = 80

# How often a batch comes from each source, in the order of `mixture`.
SHARES = (6.0, 2.0, 1.0, 1.0, 0.5, 0.5, 1.5, 0.5)


def sample() -> Iterator[str]:
    """About 25 million characters of every kind of text, on which vocabularies are trained."""
    yield from (text for i, text in enumerate(data.news()) if i % 3 == 0)
    yield from (text for i, text in enumerate(data.laws()) if i % 6 == 0)
    yield from (text for i, text in enumerate(data.manuals()) if i % 2 == 0)
    for question in _questions():
        yield question.text
    yield from dict.fromkeys(question.passage for question in _questions())
    for pair in data.abstracts():
        yield f"{pair.query}\n{pair.passage}"


def mixture(tokenizer: Tokenizer) -> tuple[Mixture, npt.NDArray[np.int64]]:
    """All sources with their shares, and how often each token occurs in their passages.

    Spans of news, laws, manuals; headings of laws and manuals; titles and keywords of abstracts;
    questions with BM25 negatives; spans of the passages that questions are about.
    """
    kept = (text for i, text in enumerate(data.news()) if i % HELD_OUT_NEWS)
    news, laws, manuals = (
        encode(tokenizer, (p for text in texts for p in data.passages(text) if len(p) > least))
        for texts, least in ((kept, 0), (data.laws(), 0), (data.manuals(), SHORTEST_SECTION))
    )
    questions = _questions()
    asked = _pairs(
        tokenizer, [data.Pair(q.text, q.passage) for q in questions], _hard_negatives(questions)
    )
    sources = (
        Spans(news),
        Spans(laws),
        Spans(manuals),
        _pairs(tokenizer, list(data.heading_pairs(data.laws()))),
        _pairs(tokenizer, list(data.heading_pairs(data.manuals()))),
        _pairs(tokenizer, [*data.abstracts(), *data.keywords()]),
        asked,
        Spans(asked.passages, neighbours=1),
    )
    counts = sum(
        np.bincount(texts.ids, minlength=tokenizer.get_vocab_size())
        for texts in (news, laws, manuals, asked.passages)
    )
    return Mixture(sources, SHARES), np.asarray(counts, np.int64)


def _questions() -> list[data.Question]:
    return data.cmrc_train() + data.drcd_dev()


def _pairs(
    tokenizer: Tokenizer,
    pairs: Sequence[data.Pair],
    negatives: npt.NDArray[np.int64] | None = None,
) -> Pairs:
    rows = _rows(pair.passage for pair in pairs)
    return Pairs(
        encode(tokenizer, (pair.query for pair in pairs)),
        encode(tokenizer, rows),
        np.array([rows[pair.passage] for pair in pairs]),
        negatives,
    )


def _hard_negatives(questions: Sequence[data.Question]) -> npt.NDArray[np.int64]:
    """For each question the rows of the passages that BM25 ranks best among the wrong ones."""
    rows = _rows(question.passage for question in questions)
    index = BM25(list(rows), words)
    found = []
    for question in questions:
        scores = index.scores(question.text)
        scores[rows[question.passage]] = -1.0
        found.append(np.argsort(-scores, kind="stable")[:HARD_NEGATIVES])
    return np.stack(found)


def _rows(texts: Iterable[str]) -> dict[str, int]:
    """Each text and its row, in order of first appearance."""
    return {text: row for row, text in enumerate(dict.fromkeys(texts))}
