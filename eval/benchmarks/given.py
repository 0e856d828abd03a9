"""Passages that a question brings along, in place of an index: the assistant that is measured
runs unchanged, over these passages alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from zlib import crc32

from rag.index.protocol import Encoder, Field, IndexedSentence, Terms
from rag.models.encoder import Float32
from rag.retrieval.query import sentence_terms
from rag.text.segment import bigrams, words
from rag.types import Chunk, Document, DocumentInfo, Run, Span

K1, B = 1.2, 0.75
_CUT = {Field.WORDS: words, Field.BIGRAMS: bigrams}


class Collection:
    """All passages of a benchmark: how rare a term is in them is known to every question."""

    def __init__(self, passages: Mapping[str, str], encoder: Encoder) -> None:
        self.passages = passages
        self.encoder = encoder

    @cached_property
    def _vectors(self) -> dict[str, Float32]:
        texts = list(self.passages.values())
        return dict(zip(self.passages, self.encoder.encode_documents(texts), strict=True))

    def cosine(self, name: str, vector: Float32) -> float:
        """The cosine of a passage and a vector of the encoder."""
        return float(self._vectors[name] @ vector)

    def __len__(self) -> int:
        return len(self.passages)

    def counts(self, field: Field) -> Counter[str]:
        """In how many passages each term of a field stands."""
        return self._counts.get(field, Counter())

    def terms(self, field: Field, name: str) -> Sequence[str]:
        """The terms of a passage."""
        return self._terms[field][name] if field in self._terms else ()

    @cached_property
    def _terms(self) -> dict[Field, dict[str, list[str]]]:
        return {
            field: {name: cut(text) for name, text in self.passages.items()}
            for field, cut in _CUT.items()
        }

    @cached_property
    def _counts(self) -> dict[Field, Counter[str]]:
        return {
            field: Counter(term for terms in by_name.values() for term in set(terms))
            for field, by_name in self._terms.items()
        }


class GivenIndex:
    """The part of `Index` that an assistant asks, over given passages: row i is passage i. All
    of them are found; BM25 orders them, those without a common term come last as given."""

    generation = 1

    def __init__(self, collection: Collection, names: Sequence[str]) -> None:
        self._collection = collection
        self._names = names

    @property
    def count(self) -> int:
        """How many passages the collection has: rarity is measured over all of them."""
        return len(self._collection)

    @property
    def encoder(self) -> Encoder:
        """The encoder of the collection."""
        return self._collection.encoder

    def pinned(self) -> GivenIndex:
        """Itself: nothing changes it."""
        return self

    def rank_vectors(self, vector: Float32, k: int) -> list[tuple[int, float]]:
        """Every row with its cosine, best first, ties by row."""
        return _best([self._collection.cosine(name, vector) for name in self._names], k)

    def rank_words(self, terms: Terms, k: int) -> list[tuple[int, float]]:
        """Every row with its BM25 score, best first, ties by row."""
        scores = [
            sum(self._score(field, wanted, name) for field, wanted in terms.items())
            for name in self._names
        ]
        return _best(scores, k)

    def _score(self, field: Field, wanted: Mapping[str, float], name: str) -> float:
        """BM25. Source: Robertson, Zaragoza, The Probabilistic Relevance Framework (2009), 3."""
        terms = self._collection.terms(field, name)
        frequencies = Counter(terms)
        found = self._collection.counts(field)
        mean = sum(len(self._collection.terms(field, n)) for n in self._names) / len(self._names)
        norm = K1 * (1 - B + B * len(terms) / (mean or 1.0))
        return sum(
            weight
            * math.log(1 + (self.count - found[term] + 0.5) / (found[term] + 0.5))
            * frequencies[term]
            * (K1 + 1)
            / (frequencies[term] + norm)
            for term, weight in wanted.items()
            if frequencies[term]
        )

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """In how many passages of the collection each term stands."""
        found = self._collection.counts(field)
        return {term: found[term] for term in terms}

    def sentences(
        self, rows: Sequence[int], terms: Iterable[str]
    ) -> list[tuple[IndexedSentence, ...]]:
        """The sentences of passages, with those of `terms` that stand in them."""
        wanted = frozenset(terms)
        texts = [self._collection.passages[self._names[row]] for row in rows]
        return [
            tuple(
                IndexedSentence(
                    one.terms & wanted,
                    one.span.end - one.span.start,
                    crc32(one.span.of(text).encode()),
                )
                for one in sentence_terms(text)
            )
            for text in texts
        ]

    def chunk(self, row: int) -> Chunk:
        """A passage as one chunk."""
        name, text = self._names[row], self._collection.passages[self._names[row]]
        return Chunk(
            id=f"{row:06d}",
            document_id=name,
            position=0,
            span=Span(0, len(text)),
            text=text,
            lead=(),
            headings=(),
            page=None,
            lines=None,
        )

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """Several of them."""
        return [self.chunk(row) for row in rows]

    def row_document(self, row: int) -> DocumentInfo:
        """A passage as a document of one chunk."""
        name = self._names[row]
        return DocumentInfo(
            id=name,
            name=name,
            path=name,
            title=name,
            date=None,
            date_inferred=False,
            chunks=1,
            split_sentences=0,
            characters=len(self._collection.passages[name]),
        )

    def same_document(self, row: int, other: int) -> bool:
        """Each passage is a document."""
        return row == other

    def document_rows(self, row: int) -> range:
        """The passage alone."""
        return range(row, row + 1)

    def document(self, name: str) -> Document:
        """A passage as a whole document, its text its source."""
        text = self._collection.passages[name]
        return Document(
            id=name,
            name=name,
            path=name,
            title=name,
            date=None,
            date_inferred=False,
            text=text,
            blocks=(),
            origin=(Run(0, 0, len(text)),),
            source=text,
        )


def _best(scores: Sequence[float], k: int) -> list[tuple[int, float]]:
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], row))
    return [(row, scores[row]) for row in order[:k]]
