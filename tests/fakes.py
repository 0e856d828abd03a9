"""Deterministic stand-ins for slow or absent things, as real classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rag.documents.formats.text import clean_text
from rag.types import Document

Float32 = npt.NDArray[np.float32]


@dataclass
class CharacterEncoder:
    """An encoder whose vectors count CJK characters by code point: texts that share characters
    are near each other, a text without any gives a zero vector. `encoded` lists every text
    that was encoded as a document."""

    name: str = "characters-1"
    dimension: int = 64
    encoded: list[str] = field(default_factory=list)

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        self.encoded += texts
        return self.encode_queries(texts)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for character in text:
                if character >= "\u3400":
                    vector[ord(character) % self.dimension] += 1
            norm = np.linalg.norm(vector)
            if norm:
                np.divide(vector, norm, out=vector)
        return vectors


def document_of(source: str) -> Document:
    """A plain text as the document `a.txt`, cleaned as a file of that text would be."""
    cleaned = clean_text(source)
    return Document(
        id="0" * 16,
        name="a.txt",
        path="a.txt",
        title="题",
        date=None,
        date_inferred=False,
        text=cleaned.text,
        blocks=cleaned.blocks,
        origin=cleaned.origin,
        source=source,
    )
