"""Rerankers: a question and passages into a score for each, by reading both together.

None is built in: hits are ordered by their best sentence, their cosine and the reader
(`rag.answering.rerank`); one that is named takes the place of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from rag.models.vectors import Float32


class Reranker(Protocol):
    """Reads a question with each passage."""

    @property
    def name(self) -> str:
        """Tells models apart."""

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """How well each passage answers, in [0, 1], higher is better, in the passages' order."""


@lru_cache(1)
def load_reranker(name: str) -> Reranker:
    """The reranker of a sentence-transformers name or path, loaded once.

    Raises:
        ModelUnavailable: it is not on this machine, is no reranker, or cannot be loaded.
    """
    from rag.models.named import NamedReranker

    return NamedReranker(name)
