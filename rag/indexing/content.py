"""What of a chunk is indexed: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from rag.indexing.lexical import Counted
from rag.text.segment import bigrams, words
from rag.types import Chunk

EMBEDDING_VERSION = 1
"""Raised when `embedding_text` gives other text than before."""

ChunkTerms = tuple[str, str, str, str]
"""The terms of a chunk in the order of `Field`; between two terms of a field stands a space."""

Known = Mapping[str, tuple[str, ChunkTerms]]
"""Terms that are known already: for the id of a chunk its document's title and its terms."""


def context_of(title: str, chunk: Chunk) -> str:
    """What stands above a chunk: title, headings and lead, one a line, each once."""
    return "\n".join(dict.fromkeys((title, *chunk.headings, *chunk.lead)))


def embedding_text(title: str, chunk: Chunk) -> str:
    """What the encoder reads of a chunk: title, headings and lead above its text."""
    return f"{context_of(title, chunk)}\n{chunk.text}"


def chunk_terms(title: str, chunk: Chunk) -> ChunkTerms:
    """The terms of a chunk and of what stands above it."""
    return (*_cut(chunk.text), *_cut_context(context_of(title, chunk)))


def _cut(text: str) -> tuple[str, str]:
    return " ".join(words(text)), " ".join(bigrams(text))


# The same stands above many chunks in a row.
_cut_context = lru_cache(maxsize=64)(_cut)


def counted(chunks: Iterable[tuple[int, str, Chunk]], known: Known) -> Iterator[Counted]:
    """The terms of chunks given with their keys and their documents' titles, in order."""
    for key, title, chunk in chunks:
        known_title, terms = known.get(chunk.id, (None, None))
        if terms is None or known_title != title:
            terms = chunk_terms(title, chunk)
        yield Counted(key, ((terms[0],), (terms[1],), (terms[2],), (terms[3],)))
