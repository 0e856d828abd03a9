"""How texts are compared in every measure: folding and character 5-grams."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

GRAM = 5
_MARKER = re.compile(r"\[\d+\]")


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """`text` as measures compare it: NFKC, lower case, white space out, citation markers
    `[n]` out. Traditional characters stay as they are.

    Source: eval/README.md, Measures.

    >>> fold("Ａb　約 31.3％[2]。")
    'ab約31.3%。'
    """
    folded = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return _MARKER.sub("", folded)


def count_characters(text: str) -> int:
    """The number of characters of `text`, white space not counted.

    >>> count_characters("一 二\\n三")
    3
    """
    return sum(map(len, text.split()))


@lru_cache(maxsize=20_000)
def grams(folded: str) -> frozenset[str]:
    """The different character 5-grams of a folded text; a shorter text is its own only gram,
    the empty text has none.

    >>> sorted(grams("abcdef"))
    ['abcde', 'bcdef']
    >>> grams("abc")
    frozenset({'abc'})
    """
    if not folded:
        return frozenset()
    return frozenset(folded[i : i + GRAM] for i in range(max(1, len(folded) - GRAM + 1)))


def share_held(text: str, quotation: str) -> float:
    """|G(q) in t| / |G(q)|: the share of the quotation's 5-grams G(q) that the text t holds.
    0 for an empty quotation.

    >>> share_held("xx一二三四五六", "一二三四五七")
    0.5
    """
    wanted = grams(fold(quotation))
    if not wanted:
        return 0.0
    folded = fold(text)
    return sum(gram in folded for gram in wanted) / len(wanted)
