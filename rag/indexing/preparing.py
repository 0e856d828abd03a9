"""What a file becomes before it is encoded and stored: all of it that depends on nothing but the
file, done in other processes where there is much to do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.indexing.content import ChunkTerms, chunk_terms
from rag.reading.chunk import Chunks, chunk_document
from rag.reading.load import parse_document, read_content
from rag.settings import Chunking, Reading
from rag.types import Document

TASK = "rag.indexing.preparing:prepare"
NO_UNICODE = "its name or text holds characters that are no Unicode text; rename or convert it"
_RACY_NS = 2_000_000_000
"""A file changed less than this before it was read may change again without a newer time on a
coarse clock; its time is not trusted and its content is compared at the next update."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file when it was read: SHA-256, size in bytes, time of its last change, 0 where that
    cannot be trusted."""

    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, its chunks, and the terms of each chunk under the title `document.title`."""

    document: Document
    chunks: Chunks
    terms: tuple[ChunkTerms, ...]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was read; `prepared` is None where it is still the known one."""

    state: FileState
    prepared: Prepared | None


def prepare(path: str, name: str, known: str, reading: Reading, chunking: Chunking) -> Arrived:
    """Reads a file; `known` is the SHA-256 of the content that need not be read again, or empty.

    Raises:
        DocumentError: see `read_document`.
    """
    content = read_content(Path(path), reading)
    digest = sha256(content.data).hexdigest()
    racy = time.time_ns() - content.mtime_ns < _RACY_NS
    state = FileState(digest, len(content.data), 0 if racy else content.mtime_ns)
    if digest == known:
        return Arrived(state, None)
    document = parse_document(content.data, Path(path), name, reading)
    return Arrived(state, prepared(document, chunking))


def prepared(document: Document, chunking: Chunking) -> Prepared:
    """A document, cut.

    Raises:
        UnreadableDocument: it holds what is no Unicode text, and cannot be stored.
    """
    try:
        for text in (document.text, document.title, document.source or ""):
            text.encode()
    except UnicodeEncodeError:
        raise UnreadableDocument(NO_UNICODE) from None
    chunks = chunk_document(document, chunking)
    terms = tuple(chunk_terms(document.title, chunk) for chunk in chunks.chunks)
    return Prepared(document, chunks, terms)
