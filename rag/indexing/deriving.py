"""What the parts of an index are made of: for each chunk its terms, its sentences, its vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rag.errors import StoreCorrupt
from rag.indexing.catalog import Catalog
from rag.indexing.content import ChunkTerms, chunk_terms
from rag.indexing.database import MEND
from rag.indexing.records import Float32
from rag.indexing.rows import Int64
from rag.indexing.sentence_rows import sentence_rows

_AT_ONCE = 256  # chunks


@dataclass(frozen=True, slots=True)
class Derived:
    """What of a chunk stands in the parts: its terms, its row of sentences, the bytes of its
    vector."""

    terms: ChunkTerms
    sentences: bytes
    vector: bytes


Known = Mapping[int, Derived]
"""Chunks by their keys, of which nothing has to be read in the catalog."""


def derive(
    catalog: Catalog, keys: Int64, dimension: int, known: Known
) -> Iterator[tuple[int, Derived]]:
    """The chunks `keys`, rising, one after another: those `known`, the others cut anew from the
    catalog, with their vectors of that `dimension`.

    Raises:
        StoreCorrupt: a row of the catalog is not what was stored.
    """
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        absent = np.array([key for key in some.tolist() if key not in known], np.int64)
        found = dict(_cut(catalog, absent, dimension)) if len(absent) else {}
        for key in some.tolist():
            yield key, known.get(key) or found[key]


def _cut(catalog: Catalog, keys: Int64, dimension: int) -> Iterator[tuple[int, Derived]]:
    wanted = set(keys.tolist())
    titled = [
        (title, chunk)
        for key, title, chunk in catalog.titled_chunks(int(keys[0]), int(keys[-1]))
        if key in wanted
    ]
    if len(titled) != len(keys):
        raise StoreCorrupt(f"chunks of {catalog.path} belong to no document; {MEND}")
    terms = list(chunk_terms(titled))
    rows = sentence_rows([one[0] for one in terms], [one[1] for one in terms])
    vectors = catalog.vectors(keys, dimension)
    for key, own, row, vector in zip(keys.tolist(), terms, rows, vectors, strict=True):
        yield key, Derived(own, row, vector.astype("<f4", copy=False).tobytes())


def matrix(vectors: list[bytes], dimension: int) -> Float32:
    """Vectors `(n, d)` of their bytes."""
    flat = np.frombuffer(b"".join(vectors), "<f4").astype(np.float32, copy=False)
    return flat.reshape(-1, dimension)
