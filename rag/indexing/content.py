"""What of a chunk is indexed: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterator

from rag.indexing.catalog import Catalog, Rows
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


def counted(catalog: Catalog, rows: Rows) -> Iterator[Counted]:
    """The terms of every row, in order."""
    title, document, context = "", -1, ""
    above: tuple[list[str], list[str]] = ([], [])
    for row, chunk in enumerate(catalog.chunks(rows.chunks.tolist())):
        if rows.documents[row] != document:
            document = int(rows.documents[row])
            title = catalog.info(document).title
        if (now := context_of(title, chunk)) != context:
            context, above = now, (words(now), bigrams(now))
        yield Counted(row, (words(chunk.text), bigrams(chunk.text), *above))
