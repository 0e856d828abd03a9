"""Word vectors for the reader: which words stand near which, factorised.

Source: Levy and Goldberg, Neural word embedding as implicit matrix factorization (2014); the
randomised factorisation is that of Halko, Martinsson and Tropp (2011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from rag.models.reader import RESERVED
from rag.text.normalize import fold
from rag.text.segment import cut

WINDOW = 5
SMOOTHING = 0.75
ROUNDS = 4
SEED = 11
FEWEST_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Vectors:
    """Words, the most frequent first after the reserved ones, with their vectors
    (words, dimension) and rarity; characters likewise, without vectors."""

    words: tuple[str, ...]
    table: npt.NDArray[np.float32]
    idf: npt.NDArray[np.float32]
    characters: tuple[str, ...]


def shape(token: str) -> str:
    """The form under which a word is kept: numbers by their length."""
    return "0" * min(len(token), 5) if token.isdigit() else token


def train_vectors(texts: Iterable[str], size: int, dimension: int) -> Vectors:
    """Vectors of the `size` most frequent words of `texts`."""
    documents = [[shape(t) for t in cut(fold(text)) if not t.isspace()] for text in texts]
    counts: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    for document in documents:
        counts.update(document)
        holding.update(set(document))
    kept = [word for word, _ in counts.most_common(size - len(RESERVED))]
    words = (*RESERVED, *kept)
    rows = {word: row for row, word in enumerate(words)}
    ids = [np.array([rows.get(t, -1) for t in (*d, "\0" * WINDOW)]) for d in documents]
    together = _together(np.concatenate(ids), len(words))
    held = np.array([holding[word] for word in words], np.float64)
    idf = np.log((len(documents) + 1) / (held + 1))
    idf[: len(RESERVED)] = idf[-1]
    characters = Counter("".join(counts))
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    common = [c for c, count in characters.most_common() if count >= FEWEST_CHARACTERS]
    return Vectors(
        words, _factorise(together, dimension), idf.astype(np.float32), ("", "<unknown>", *common)
    )


def _together(ids: npt.NDArray[np.int64], size: int) -> sparse.csr_matrix:
    """How often two words stand within `WINDOW`, nearer ones counting more; both ways."""
    total = sparse.csr_matrix((size, size), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        left, right = ids[:-distance], ids[distance:]
        known = (left >= 0) & (right >= 0)
        values = np.full(int(known.sum()), 1 / distance, np.float32)
        total = total + sparse.csr_matrix((values, (left[known], right[known])), total.shape)
    return (total + total.T).tocsr()


def _factorise(counts: sparse.csr_matrix, dimension: int) -> npt.NDArray[np.float32]:
    """U √S of the positive pointwise mutual information, rows scaled to length 3 on average."""
    rows = np.asarray(counts.sum(1)).ravel()
    contexts = rows**SMOOTHING
    cells = counts.tocoo()
    share = cells.data * contexts.sum() / np.maximum(rows[cells.row] * contexts[cells.col], 1e-9)
    kept = share > 1
    ppmi = sparse.csr_matrix(
        (np.log(share[kept]).astype(np.float32), (cells.row[kept], cells.col[kept])), counts.shape
    )
    random = np.random.default_rng(SEED)
    basis = random.standard_normal((counts.shape[0], dimension + 20)).astype(np.float32)
    for _ in range(ROUNDS):
        basis = np.linalg.qr(ppmi @ (ppmi.T @ basis))[0]
    left, values, _ = np.linalg.svd((ppmi.T @ basis).T, full_matrices=False)
    vectors = (basis @ left)[:, :dimension] * np.sqrt(values[:dimension])
    lengths = np.linalg.norm(vectors, axis=1)
    scaled: npt.NDArray[np.float32] = vectors * (3 / max(float(lengths.mean()), 1e-9))
    return scaled.astype(np.float32)
