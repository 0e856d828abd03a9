"""The vectors of a catalog's chunks, and those that will take their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.errors import StoreCorrupt
from rag.indexing.database import MEND
from rag.indexing.facts import FactTables
from rag.indexing.packing import row_hash
from rag.indexing.records import Float32, read_vector
from rag.indexing.rows import Int64

NEXT = "next_encoder"
"""The fact that names the encoder of the next vectors."""


class VectorTables(FactTables):
    """The tables `vectors` and `next_vectors`."""

    def vectors(self, keys: Int64, dimension: int) -> Float32:
        """The vectors `(len(keys), dimension)` of these chunks.

        Raises:
            StoreCorrupt: one is missing, or is not what was stored.
        """
        matrix = np.empty((len(keys), dimension), np.float32)
        for i, key in enumerate(keys):
            found = self.all("SELECT vector, hash FROM vectors WHERE chunk = ?", (int(key),))
            if not found or row_hash(found[0][0]) != found[0][1]:
                raise StoreCorrupt(f"the vector of chunk {key} is damaged or missing; {MEND}")
            matrix[i] = read_vector(found[0][0], dimension)
        return matrix

    def put_next_vectors(self, encoder: str, keys: Sequence[int], vectors: Float32) -> None:
        """Stores vectors of chunks, as far as they are still there, that will be the index's;
        those of another encoder are dropped."""
        if self.meta().get(NEXT) != encoder:
            self.run("DELETE FROM next_vectors")
            self.set_meta(NEXT, encoder)
        for key, vector in zip(keys, vectors, strict=True):
            data = vector.astype("<f4", copy=False).tobytes()
            self.run(
                "INSERT OR REPLACE INTO next_vectors SELECT key, ?, ? FROM chunks WHERE key = ?",
                (row_hash(data), data, key),
            )

    def take_next_vectors(self, before: str, after: str) -> None:
        """Makes the next vectors the index's; documents made with `before` are now made with
        `after`."""
        self.run("DELETE FROM vectors")
        self.run("INSERT INTO vectors SELECT chunk, hash, vector FROM next_vectors")
        self.run("DELETE FROM next_vectors")
        self.drop_meta(NEXT)
        self.run("UPDATE documents SET made_with = ? WHERE made_with = ?", (after, before))
