"""What of a chunk is indexed: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.indexing.lexical import Counted
from rag.text.segment import bigrams, words
from rag.types import Chunk

EMBEDDING_VERSION = 1
"""Raised when `embedding_text` gives other text than before."""


def context_of(title: str, chunk: Chunk) -> str:
    """What stands above a chunk: title, headings and lead, one a line, each once."""
    return "\n".join(dict.fromkeys((title, *chunk.headings, *chunk.lead)))


def embedding_text(title: str, chunk: Chunk) -> str:
    """What the encoder reads of a chunk: title, headings and lead above its text."""
    return f"{context_of(title, chunk)}\n{chunk.text}"


def counted(chunks: Iterable[tuple[int, str, Chunk]]) -> Iterator[Counted]:
    """The terms of chunks given with their keys and their documents' titles, in order."""
    context = ""
    above: tuple[list[str], list[str]] = ([], [])
    for key, title, chunk in chunks:
        if (now := context_of(title, chunk)) != context:
            context, above = now, (words(now), bigrams(now))
        yield Counted(key, (words(chunk.text), bigrams(chunk.text), *above))
