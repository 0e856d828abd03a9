"""The real files of many formats, and what is looked for in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from rag.documents.load import read_document
from rag.settings import Reading
from rag.types import Block, BlockKind, Document

Open = Callable[[str], Document]


@cache
def _read(path: Path) -> Document:
    return read_document(path, path.name, Reading())


@pytest.fixture(scope="session")
def real(shared: Path) -> Open:
    """Reads one of the real files; each is read once."""
    if not (shared / "documents").is_dir():
        pytest.skip(f"no folder documents in {shared}; set WENJU_SHARED")

    def read(name: str) -> Document:
        document = _read(shared / "documents" / name)
        _check(document)
        return document

    return read


def _check(document: Document) -> None:
    """What holds for every document: blocks in order, not overlapping, nothing between them."""
    end = 0
    for block in document.blocks:
        between = document.text[end : block.span.start]
        assert between.strip() == ""
        assert len(block.span) > 0
        assert block.span.start >= end
        end = block.span.end
    assert end == len(document.text)
    if document.source is None:
        assert document.origin == ()
        assert all(block.lines is None and not block.repeats for block in document.blocks)


def find(document: Document, words: str, kind: BlockKind | None = None) -> Block:
    """The first block that holds `words`."""
    for block in document.blocks:
        if words in block.span.of(document.text) and kind in (None, block.kind):
            return block
    raise AssertionError(f"{words!r} stands in no block of {document.name}")
