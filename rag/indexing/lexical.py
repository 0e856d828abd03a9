"""The word part of an index: BM25 over words and character bigrams. Third party: Tantivy.

Terms come cut and folded; Tantivy only counts them. A row is found by its number, kept in a
column of its own, so that the order in which Tantivy keeps its documents does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rag.errors import StoreCorrupt, StoreError

_ROW = "row"
_WRITER_BYTES = 64_000_000


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
class Counted:
    """The terms of one row, repeats kept, in the order of `Field`."""

    row: int
    terms: tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]


class Lexical:
    """An open word part. Searching is safe from several threads."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._searcher = index.searcher()

    @classmethod
    def build(cls, folder: Path | None, rows: Iterable[Counted]) -> Lexical:
        """Writes the rows into an empty `folder`, or keeps them in memory; one segment in the
        order of `rows`, nothing of an older index in it.

        Raises:
            StoreError: the disk is full, the folder cannot be written to.
        """
        import tantivy

        with _errors(folder):
            index = tantivy.Index(_schema(), path=None if folder is None else str(folder))
            writer = index.writer(_WRITER_BYTES, 1)
            names = [field.value for field in Field]
            for counted in rows:
                document = tantivy.Document()
                document.add_unsigned(_ROW, counted.row)
                for name, terms in zip(names, counted.terms, strict=True):
                    document.add_text(name, " ".join(terms))
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
            index.reload()
            return cls(index)

    @classmethod
    def open(cls, folder: Path) -> Lexical:
        """Opens what `build` wrote.

        Raises:
            StoreCorrupt: it cannot be read.
        """
        import tantivy

        with _errors(folder):
            return cls(tantivy.Index(_schema(), path=str(folder), reuse=True))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def rank(self, terms: Terms, k: int) -> list[tuple[int, float]]:
        """The `k` best rows and their scores, best first, ties by row; `[]` without terms.

        The score is the sum over terms t of weight(t) · BM25(t) with k1 = 1.2, b = 0.75 and
        idf = ln(1 + (N − n + ½) / (n + ½)); lengths are rounded to Tantivy's 256 steps.

        Source: Robertson, Zaragoza, The Probabilistic Relevance Framework (2009), 3.4; the
        constants and rounding are Tantivy's.
        """
        query = self._query(terms)
        if query is None or k < 1:
            return []
        total = len(self)
        wanted = k
        while True:  # until the last score is lower than that of place k, so that ties are whole
            with _errors(None):
                hits = self._searcher.search(query, limit=wanted + 1, count=False).hits
            if len(hits) <= wanted or hits[-1][0] < hits[k - 1][0] or wanted >= total:
                break
            wanted *= 4
        rows = self._searcher.fast_field_values(_ROW, [address for _, address in hits])
        scored = [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        scored.sort(key=lambda pair: (-pair[1], pair[0]))
        return scored[:k]

    def frequencies(self, field: Field, terms: Iterable[str]) -> dict[str, int]:
        """In how many rows each term stands in a field."""
        with _errors(None):
            return {term: int(self._searcher.doc_freq(field.value, term)) for term in terms}

    def _query(self, terms: Terms) -> Any:
        from tantivy import Occur, Query

        schema = self._index.schema
        parts = [
            (
                Occur.Should,
                Query.boost_query(Query.term_query(schema, field.value, term, "freq"), weight),
            )
            for field, weights in terms.items()
            for term, weight in weights.items()
            if weight > 0 and term
        ]
        return Query.boolean_query(parts) if parts else None


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_ROW, fast=True)
    for field in Field:
        builder.add_text_field(field.value, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


@contextmanager
def _errors(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        where = "the word index" if folder is None else f"the word index {folder}"
        kind = StoreError if isinstance(error, OSError) else StoreCorrupt
        raise kind(f"{where} cannot be used: {error}") from None
