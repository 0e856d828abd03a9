"""Training examples as arrays of token ids, drawn in batches.

Each batch comes from one source, so that its other passages are negatives worth telling apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from rag.text.normalize import fold

Ids = npt.NDArray[np.int32]
ENCODED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Ragged:
    """Texts as token ids: text `i` is `ids[starts[i]:starts[i + 1]]`."""

    ids: Ids
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, i: int) -> Ids:
        return self.ids[self.starts[i] : self.starts[i + 1]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Row `i` of `queries` belongs to row `i` of `documents`. Further rows of `documents` are
    hard negatives. `keys` tells documents that are the same: they are no negatives."""

    queries: list[Ids]
    documents: list[Ids]
    keys: npt.NDArray[np.int64]


class Source(Protocol):
    """Something that batches are drawn from."""

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` examples."""


def encode(tokenizer: Tokenizer, texts: Iterable[str]) -> Ragged:
    """Folds and tokenizes `texts`."""
    parts: list[Ids] = []
    lengths: list[int] = []
    held: list[str] = []

    def flush() -> None:
        for encoding in tokenizer.encode_batch_fast(held, add_special_tokens=False):
            parts.append(np.array(encoding.ids, np.int32))
            lengths.append(len(encoding.ids))
        held.clear()

    for text in texts:
        held.append(fold(text))
        if len(held) == ENCODED_AT_ONCE:
            flush()
    flush()
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.concatenate(parts) if parts else np.zeros(0, np.int32), starts)


@dataclass(frozen=True, slots=True)
class Spans:
    """A span of a passage as query, the rest of the passage as document.

    Passages are drawn in neighbourhoods of `neighbours` consecutive ones, so that a batch holds
    other passages of the same article. In a share `kept` of the examples the span stays in the
    document, so that equal words keep their weight.
    """

    passages: Ragged
    neighbours: int = 4
    shortest: int = 3
    longest: int = 24
    kept: float = 0.1

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        firsts = rng.integers(0, len(self.passages) - self.neighbours, size // self.neighbours)
        rows = np.unique((firsts[:, None] + np.arange(self.neighbours)).ravel())
        queries, documents, keys = [], [], []
        for row in rows:
            ids = self.passages[row]
            if len(ids) < 2 * self.shortest:
                continue
            length = int(rng.integers(self.shortest, min(self.longest, len(ids) // 2) + 1))
            start = int(rng.integers(0, len(ids) - length + 1))
            queries.append(ids[start : start + length])
            keep = rng.random() < self.kept
            documents.append(ids if keep else np.concatenate([ids[:start], ids[start + length :]]))
            keys.append(int(row))
        return Batch(queries, documents, np.array(keys))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Written queries and the passages that belong to them.

    `passage_of[i]` is the passage of query `i`; `negatives[i]` are passages that words alone
    take for it, of which `hard` are drawn for each query.
    """

    queries: Ragged
    passages: Ragged
    passage_of: npt.NDArray[np.int64]
    negatives: npt.NDArray[np.int64] | None = None
    hard: int = 1

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        chosen = rng.choice(len(self.queries), min(size, len(self.queries)), replace=False)
        rows = self.passage_of[chosen]
        if self.negatives is not None and self.hard:
            columns = rng.integers(0, self.negatives.shape[1], (len(chosen), self.hard))
            rows = np.concatenate([rows, self.negatives[chosen[:, None], columns].ravel()])
        return Batch([self.queries[i] for i in chosen], [self.passages[i] for i in rows], rows)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Sources drawn from in proportion to `shares`."""

    sources: Sequence[Source]
    shares: Sequence[float]

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        share = np.array(self.shares) / np.sum(self.shares)
        return self.sources[int(rng.choice(len(self.sources), p=share))].draw(rng, size)
