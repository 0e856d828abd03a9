"""How rare a word is in Chinese at large: a small collection cannot tell.

Counted over the 25 million characters that the built-in reader's vocabulary was made of.
"""

from __future__ import annotations

from functools import cache

from rag import builtin
from rag.models.reader_input import Vocabulary


def rarity(word: str) -> float:
    """ln(N / n) of a folded word that n of N texts hold; the highest there is for a word that
    the vocabulary does not have.

    >>> rarity("红烧肉") > rarity("做") > 0
    True

    Raises:
        ModelError: the built-in file is damaged.
    """
    vocabulary, highest = _vocabulary()
    row = vocabulary.words.get(word)
    return highest if row is None else float(vocabulary.idf[row])


@cache
def _vocabulary() -> tuple[Vocabulary, float]:
    vocabulary = Vocabulary.parse(builtin.read("reader/vocabulary.json"))
    return vocabulary, float(vocabulary.idf.max())
