"""Which documents mention a term: whose text has it, both folded and without white space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.indexing.lexical import Field
from rag.indexing.rows import Int64
from rag.text.fold import squeeze
from rag.text.segment import bigrams

if TYPE_CHECKING:
    from rag.indexing.snapshot import Snapshot

_AT_ONCE = 64
_MOST = 0.5
"""Where the two rarest pairs stand in more than this share of the chunks, all texts are read."""


def mentioning(snapshot: Snapshot, term: str) -> set[str]:
    """The names of the documents that mention a term; all of them for a term of white space."""
    wanted = squeeze(term)
    catalog = snapshot.catalog
    keys = _candidates(snapshot, wanted)
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        for name, text in catalog.texts(keys[start : start + _AT_ONCE].tolist()):
            if wanted in squeeze(text):
                found.add(name)
    return found


def _candidates(snapshot: Snapshot, wanted: str) -> Int64:
    """Keys of documents, rising, all others of which do not mention a squeezed term.

    A term of Chinese characters alone that stands in a document has all its pairs of characters
    in one chunk, or, across the end of a chunk, all but one in two; so two pairs find it, unless
    a chunk is so short that the term reaches across two ends.
    """
    everything = np.unique(snapshot.rows.documents)
    pairs = bigrams(wanted)
    if len(pairs) < 2 or len(pairs) != len(wanted) - 1:
        return everything
    counts = snapshot.lexical.frequencies(Field.BIGRAMS, set(pairs))
    rarest = sorted(counts, key=lambda pair: (counts[pair], pair))[:2]
    if sum(counts[pair] for pair in rarest) > _MOST * len(snapshot.rows.chunks):
        return everything
    rows = [
        row
        for pair in rarest
        for row, _ in snapshot.lexical.rank({Field.BIGRAMS: {pair: 1.0}}, counts[pair])
    ]
    short = snapshot.catalog.with_short_chunks(len(wanted))
    found = np.concatenate([snapshot.rows.documents[np.array(rows, np.int64)], short])
    return np.unique(found)
