"""The real corpus: what its questions rest on is in the text, and whole in one chunk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.documents.chunk import chunk_document
from rag.documents.load import find_files, read_document
from rag.settings import Chunking, Reading
from rag.text.normalize import squeeze
from rag.types import Document

WHOLE_SHARE = 0.99  # 206 of 208


@pytest.fixture(scope="module")
def documents(shared: Path) -> dict[str, Document]:
    return {
        found.name: read_document(found.path, found.name, Reading())
        for found in find_files([shared / "corpus"])
    }


@pytest.fixture(scope="module")
def evidence(shared: Path) -> list[tuple[str, str]]:
    """Document and quotation of every piece of evidence of the development questions."""
    lines = (shared / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [(item["doc"], item["quote"]) for line in lines for item in json.loads(line)["evidence"]]


def test_every_quotation_is_in_the_text(
    documents: dict[str, Document], evidence: list[tuple[str, str]]
) -> None:
    texts = {name: squeeze(document.text) for name, document in documents.items()}
    lost = [(name, quote) for name, quote in evidence if squeeze(quote) not in texts[name]]
    assert len(evidence) > 200 and lost == []


def test_quotations_are_whole_inside_one_chunk(
    documents: dict[str, Document], evidence: list[tuple[str, str]]
) -> None:
    chunks = {
        name: [squeeze(chunk.text) for chunk in chunk_document(document, Chunking()).chunks]
        for name, document in documents.items()
    }
    whole = sum(any(squeeze(quote) in text for text in chunks[name]) for name, quote in evidence)
    assert whole >= WHOLE_SHARE * len(evidence)


def test_every_character_can_be_followed_to_the_file(documents: dict[str, Document]) -> None:
    for document in documents.values():
        assert document.source is not None
        covered = set[int]()
        for run in document.origin:
            part = document.text[run.start : run.start + run.length]
            assert part == document.source[run.source : run.source + run.length]
            covered.update(range(run.start, run.start + run.length))
        loose = [c for i, c in enumerate(document.text) if i not in covered]
        assert "".join(loose).strip() == ""
