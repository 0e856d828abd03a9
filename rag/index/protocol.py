"""What retrieval and answering ask of an index, and an index of an encoder.

`rag.index.local.index.Index` is the one in a folder; eval has others, with passages left out or
brought along by a question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.settings import Settings
from rag.types import Chunk, Document, DocumentInfo, Filter

Float32 = npt.NDArray[np.float32]


class Field(Enum):
    """What a term is looked for in: the chunk's text, or what stands above it (the document's
    title, headings, lead)."""

    WORDS = "words"
    BIGRAMS = "bigrams"
    CONTEXT_WORDS = "context_words"
    CONTEXT_BIGRAMS = "context_bigrams"


Terms = Mapping[Field, Mapping[str, float]]
"""A weighted query: for each field its terms and their weights."""


@dataclass(frozen=True, slots=True)
class IndexedSentence:
    """A sentence of a chunk: those of the wanted terms that stand in it, the characters of its
    words, and a checksum of them, the same for the same words in the same order."""

    terms: frozenset[str]
    characters: int
    checksum: int


class Encoder(Protocol):
    """Turns texts into vectors. `name` tells models apart: another table, another name."""

    @property
    def name(self) -> str:
        """Recorded in the index; holds a checksum of the weights."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages, (texts, dimension). Rows have length 1, or are all zero for a
        text in which the model knows nothing; never NaN."""

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions, as `encode_documents`."""


class SearchIndex(Protocol):
    """An index at one generation. Rows are the chunks in reading order, from 0: documents by
    name, all chunks of a document after one another."""

    settings: Settings

    @property
    def encoder(self) -> Encoder:
        """The encoder that made the index's vectors."""

    @property
    def generation(self) -> int:
        """The number of the generation, another after each change."""

    @property
    def count(self) -> int:
        """How many rows there are."""

    def pinned(self) -> SearchIndex:
        """A handle whose rows keep their meaning whatever is written meanwhile."""

    def encoded_by(self, encoder: Encoder) -> SearchIndex:
        """A handle whose questions `encoder` encodes.

        Raises:
            StoreMismatch: it did not make the index's vectors.
        """

    def restricted(self, where: Filter) -> SearchIndex:
        """A handle whose rankings find rows of the documents that fit alone; rows and
        frequencies stay as they are."""

    def rank_words(self, terms: Terms, k: int) -> list[tuple[int, float]]:
        """The `k` best rows by BM25 and their scores, best first."""

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """In how many rows each term stands in a field."""

    def rank_vectors(self, vector: Float32, k: int) -> list[tuple[int, float]]:
        """The `k` rows nearest to a vector of length 1 and their cosines, nearest first."""

    def sentences(
        self, rows: Sequence[int], terms: Collection[str]
    ) -> list[tuple[IndexedSentence, ...]]:
        """The sentences of the chunks of rows, with those of `terms` that stand in them."""

    def chunks(self, rows: Sequence[int]) -> list[Chunk]:
        """The chunks of rows, in the order given."""

    def row_document(self, row: int) -> DocumentInfo:
        """The document of a row."""

    def same_document(self, row: int, other: int) -> bool:
        """Whether two rows are of one document."""

    def document_rows(self, row: int) -> range:
        """All rows of the document that holds `row`, in reading order."""

    def documents(
        self, mentioning: str | None = None, where: Filter | None = None
    ) -> tuple[DocumentInfo, ...]:
        """The documents by name; with `mentioning` those whose text has it; with `where` those
        that fit."""

    def mentioning(self, term: str) -> frozenset[str]:
        """The names of the documents whose text has a term."""

    def document(self, name: str) -> Document:
        """A whole document, with its source.

        Raises:
            UnknownDocument: there is none of that name.
        """
