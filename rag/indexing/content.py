"""What of a chunk is indexed: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from rag.indexing.lexical import Counted
from rag.text.segment import line_terms
from rag.text.sentences import sentences
from rag.types import Chunk

EMBEDDING_VERSION = 1
"""Raised when `embedding_text` gives other text than before."""

ChunkTerms = tuple[str, str, str, str]
"""The terms of a chunk in the order of `Field`: a space between two terms of a field, a line end
between two sentences."""

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
    own = line_terms("\n".join([span.of(chunk.text) for span in sentences(chunk.text)]))
    return (*own, *_context_terms(context_of(title, chunk)))


# The same stands above many chunks in a row.
_context_terms = lru_cache(maxsize=64)(line_terms)


def counted(chunks: Iterable[tuple[int, str, Chunk]], known: Known) -> Iterator[Counted]:
    """The terms of chunks given with their keys and their documents' titles, in order."""
    for key, title, chunk in chunks:
        known_title, terms = known.get(chunk.id, (None, None))
        if terms is None or known_title != title:
            terms = chunk_terms(title, chunk)
        yield Counted(key, ((terms[0],), (terms[1],), (terms[2],), (terms[3],)))
