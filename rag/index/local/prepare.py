"""What a file becomes before it is stored.

What a file becomes before it is stored: all that depends on nothing but the file, done in other
processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest, sha256
from itertools import groupby
from pathlib import Path

from rag.documents.chunk import chunk_document
from rag.documents.load import parse_document, read_content
from rag.documents.workers import Task
from rag.errors import DocumentError, UnreadableDocument
from rag.index.local.content import ChunkTerms, chunk_terms, embedding_text, sentence_rows
from rag.index.local.rows import DocumentRows, VectorRow, document_rows, vector_rows
from rag.index.protocol import Encoder
from rag.models.encoder import load_encoder
from rag.settings import Chunking, EncoderSettings, Reading
from rag.types import Document

TASK = Task("rag.index.local.prepare:read", "rag.index.local.prepare:prepare")
NO_UNICODE = "its name or text holds characters that are no Unicode text; rename or convert it"
_RACY_NS = 2_000_000_000
"""A file changed less than this before it was read may change again without a newer time on a
coarse clock; its time is not trusted and its content is compared at the next update."""


@dataclass(frozen=True, slots=True)
class Making:
    """How a document is made: under which title, where it is not its own; with vectors of the
    built-in encoder, if it has the name `encoder`."""

    title: str | None
    chunking: Chunking
    encoder: str


@dataclass(frozen=True, slots=True)
class FileState:
    """A file when it was read: SHA-256, size in bytes, time of its last change, 0 where that
    cannot be trusted."""

    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was read; `document` is None where it is still the known one."""

    state: FileState
    document: Document | None
    making: Making


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as it is stored; of each chunk the terms, the row of its sentences, and vector or
    else the text to be encoded."""

    rows: DocumentRows
    split: int
    terms: tuple[ChunkTerms, ...]
    sentences: tuple[bytes, ...]
    vectors: tuple[VectorRow, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read and prepared; `prepared` is None where it is still the known one."""

    state: FileState
    prepared: Prepared | None


def read(path: str, name: str, known: str, reading: Reading, making: Making) -> Arrived:
    """Reads a file; `known` is the SHA-256 of the content that need not be read again, or empty.

    Raises:
        DocumentError: see `read_document`.
    """
    content = read_content(Path(path), reading)
    digest = sha256(content.data).hexdigest()
    racy = time.time_ns() - content.mtime_ns < _RACY_NS
    state = FileState(digest, len(content.data), 0 if racy else content.mtime_ns)
    if digest == known:
        return Arrived(state, None, making)
    document = parse_document(content.data, Path(path), name, reading)
    try:
        for text in (document.text, document.title, document.source or ""):
            text.encode()
    except UnicodeEncodeError:
        raise UnreadableDocument(NO_UNICODE) from None
    return Arrived(state, document, making)


def digest(path: str) -> str | None:
    """SHA-256 of a regular file, whatever its size; None where it is none, or cannot be read."""
    try:
        if os.path.isfile(path):  # noqa: PTH113 (a pipe would be waited for)
            with open(path, "rb") as file:  # noqa: PTH123 (as above)
                return file_digest(file, "sha256").hexdigest()
    except OSError:
        pass
    return None


def moved(before: str, known: str, now: str, reading: Reading) -> bool:
    """Whether the file at `before` is gone and the one at `now` has the SHA-256 `known`."""
    try:
        read_content(Path(before), reading)
        return False  # it is still there
    except DocumentError:
        return sha256(read_content(Path(now), reading).data).hexdigest() == known


def prepare(arrived: Sequence[Arrived]) -> list[Ready]:
    """Prepares the documents of files that were read."""
    made: list[Prepared] = []
    new = [(one.making, one.document) for one in arrived if one.document is not None]
    for (chunking, encoder), some in groupby(new, lambda one: (one[0].chunking, one[0].encoder)):
        documents = [(document, making.title) for making, document in some]
        made += prepared(documents, chunking, _builtin(encoder) if encoder else None)
    rest = iter(made)
    return [Ready(one.state, None if one.document is None else next(rest)) for one in arrived]


def prepared(
    documents: Sequence[tuple[Document, str | None]], chunking: Chunking, encoder: Encoder | None
) -> list[Prepared]:
    """Prepares documents under the titles given, their own where that is None; with vectors of the
    `encoder` if there is one. Each step is done for all before the next one: its tables then stay
    in the processor's cache."""
    cut = [chunk_document(document, chunking) for document, _ in documents]
    titled = [
        (title or document.title, chunk)
        for (document, title), own in zip(documents, cut, strict=True)
        for chunk in own.chunks
    ]
    terms = list(chunk_terms(titled))
    sentences = sentence_rows([one[0] for one in terms], [one[1] for one in terms])
    texts = [embedding_text(title, chunk) for title, chunk in titled]
    vectors: list[VectorRow] = []
    if encoder is not None:
        vectors, texts = vector_rows(encoder.encode_documents(texts)), []
    found: list[Prepared] = []
    at = 0
    for (document, _), own in zip(documents, cut, strict=True):
        here = slice(at, at + len(own.chunks))
        at = here.stop
        found.append(
            Prepared(
                document_rows(document, own.chunks, own.split_sentences), own.split_sentences,
                tuple(terms[here]), tuple(sentences[here]),
                tuple(vectors[here]), tuple(texts[here]),
            )
        )  # fmt: skip
    return found


@cache
def _builtin(name: str) -> Encoder | None:
    """The built-in encoder of a process in which files are prepared, if it has that name."""
    encoder = load_encoder(EncoderSettings())
    return encoder if encoder.name == name else None
