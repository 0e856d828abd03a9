"""Where in a text a quotation stands, for the eye: the ranges that its 5-grams cover."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from eval.metrics.folding import fold, grams


def covered(text: str, quotations: Iterable[str]) -> list[tuple[int, int]]:
    """Ranges `[start, end)` of `text`, in order and apart, that 5-grams of the quotations
    cover; white space between two covered characters is covered too.

    >>> covered("序：一二 三四五六。", ["一二三四五六"])
    [(2, 9)]
    """
    characters: list[str] = []
    places: list[int] = []
    for i, character in enumerate(text):
        folded = unicodedata.normalize("NFKC", character).lower()
        for piece in folded:
            if not piece.isspace():
                characters.append(piece)
                places.append(i)
    plain = "".join(characters)
    marked = [False] * len(plain)
    for quotation in quotations:
        for gram in grams(fold(quotation)):
            start = plain.find(gram)
            while start >= 0:
                marked[start : start + len(gram)] = [True] * len(gram)
                start = plain.find(gram, start + 1)
    ranges: list[tuple[int, int]] = []
    for i in (i for i, mark in enumerate(marked) if mark):
        if ranges and i > 0 and marked[i - 1]:
            ranges[-1] = (ranges[-1][0], places[i] + 1)
        else:
            ranges.append((places[i], places[i] + 1))
    return ranges
