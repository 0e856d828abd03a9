"""The weight of a question's terms, and how much of it a text covers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rag.answering.query import Query
from rag.indexing.index import Field, Index
from rag.text.segment import bigrams, words
from rag.text.sentences import sentences
from rag.types import Span

# A pair of characters says less than a word: it is often the half of one.
BIGRAM_WEIGHT = 0.5
_TEXTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Weights:
    """The terms of a question and their weights; `total` is the sum, at least 1. `unknown` are
    those that stand nowhere in the index."""

    of: Mapping[str, float]
    total: float
    unknown: frozenset[str] = frozenset()
    _shares: dict[frozenset[str], float] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def asked(self, terms: frozenset[str]) -> frozenset[str]:
        """Those of `terms` that are the question's."""
        return terms.intersection(self.of)

    def covered(self, terms: frozenset[str]) -> float:
        """The share of the weight that `terms` cover, in [0, 1]. Sentences share few different
        sets of the question's terms: each is added up once."""
        share = self._shares.get(terms)
        if share is None:
            held = [weight for term, weight in self.of.items() if term in terms]
            share = self._shares[terms] = min(1.0, sum(held) / self.total)
        return share


@dataclass(frozen=True, slots=True)
class SentenceTerms:
    """A sentence of a text and its words and bigrams."""

    span: Span
    terms: frozenset[str]


def weigh(query: Query, index: Index) -> Weights:
    """Weighs the question's terms by how rare they are in the index."""
    weights: dict[str, float] = {}
    unknown: set[str] = set()
    total = index.count
    for where, terms, factor in (
        (Field.BIGRAMS, query.bigrams, BIGRAM_WEIGHT),
        (Field.WORDS, query.words, 1.0),
    ):
        for term, count in index.frequencies(where, terms).items():
            weights[term] = factor * inverse_frequency(count, total)
            if count <= 0:
                unknown.add(term)
    again = query.again.union(pair for word in query.again for pair in bigrams(word))
    wanted = [weight for term, weight in weights.items() if term not in again]
    return Weights(weights, max(1.0, sum(wanted)), frozenset(unknown))


def inverse_frequency(count: int, total: int) -> float:
    """ln(1 + (N − n + ½) / (n + ½)) for a term that stands in `count` = n of `total` = N chunks.

    Source: Robertson, Zaragoza, The Probabilistic Relevance Framework (2009), 3.3.

    >>> round(inverse_frequency(0, 1), 3)
    1.386
    """
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


@lru_cache(_TEXTS_KEPT)
def sentence_terms(text: str) -> tuple[SentenceTerms, ...]:
    """The sentences of a chunk with their terms, kept for the next question."""
    found = []
    for span in sentences(text):
        sentence = span.of(text)
        found.append(SentenceTerms(span, terms_of(sentence)))
    return tuple(found)


@lru_cache(_TEXTS_KEPT)
def terms_of(text: str) -> frozenset[str]:
    """The words and bigrams of a text, folded."""
    return frozenset(words(text)).union(bigrams(text))
