"""What of a chunk is indexed: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.text.segment import line_terms
from rag.text.sentences import sentences
from rag.types import Chunk

EMBEDDING_VERSION = 1
"""Raised when `embedding_text` gives other text than before."""

ChunkTerms = tuple[str, str, str, str]
"""The terms of a chunk in the order of `Field`: a space between two terms of a field, a line end
between two sentences."""

_CUT_AT_ONCE = 64
"""Chunks cut together: far fewer and the dictionaries of each step drive out those of the others
from the processor's cache (780 µs of CPU a chunk one by one, 500 so many at a time), far more and
the texts do."""


def context_of(title: str, chunk: Chunk) -> str:
    """What stands above a chunk: title, headings and lead, one a line, each once."""
    return "\n".join(dict.fromkeys((title, *chunk.headings, *chunk.lead)))


def embedding_text(title: str, chunk: Chunk) -> str:
    """What the encoder reads of a chunk: title, headings and lead above its text."""
    return f"{context_of(title, chunk)}\n{chunk.text}"


def chunk_terms(chunks: Sequence[tuple[str, Chunk]]) -> Iterator[ChunkTerms]:
    """The terms of chunks, given with the titles of their documents, and of what stands above
    each."""
    for start in range(0, len(chunks), _CUT_AT_ONCE):
        some = chunks[start : start + _CUT_AT_ONCE]
        own = line_terms(
            ["\n".join([span.of(one.text) for span in sentences(one.text)]) for _, one in some]
        )
        contexts = [context_of(title, one) for title, one in some]
        each = list(dict.fromkeys(contexts))  # the same stands above many chunks in a row
        above = dict(zip(each, line_terms(each), strict=True))
        for terms, context in zip(own, contexts, strict=True):
            yield (*terms, *above[context])
