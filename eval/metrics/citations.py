"""Measures of the quotations that an answer rests on."""

from __future__ import annotations

from collections.abc import Sequence

from eval.metrics.folding import fold, share_held

HALF = 0.5


def on_evidence(quote: str, evidence: Sequence[str]) -> bool:
    """Whether a citation shares half of the 5-grams of the shorter of the two with some
    evidence quotation: |G(s) in l| / |G(s)| >= 1/2, s the shorter and l the longer text.

    Source: eval/README.md, Measures.
    """
    return any(_shares_half(quote, quotation) for quotation in evidence)


def evidence_precision(quotes: Sequence[str], evidence: Sequence[str]) -> float:
    """|{c in C: c on evidence}| / |C| over an answer's citations C. Undefined for no citation.

    Source: eval/README.md, Measures.
    """
    return sum(on_evidence(quote, evidence) for quote in quotes) / len(quotes)


def evidence_recall(quotes: Sequence[str], evidence: Sequence[str]) -> float:
    """|{q in Q: some c in C holds half of G(q)}| / |Q|: the share of the evidence quotations Q
    of which one citation c holds half of the 5-grams. 0 without a citation, so also for a
    refusal. Undefined for empty Q.

    Source: eval/README.md, Measures.
    """
    covered = sum(
        any(share_held(quote, quotation) >= HALF for quote in quotes) for quotation in evidence
    )
    return covered / len(evidence)


def f1(precision: float, recall: float) -> float:
    """2PR/(P+R); 0 when both are 0.

    >>> f1(0.5, 1.0)
    0.6666666666666666
    """
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def stands_verbatim(sentence: str, quotes: Sequence[str]) -> bool:
    """Whether the sentence stands, folded, inside one of its own quotations.

    >>> stands_verbatim("三成。", ["约三 成。"])
    True
    """
    return any(fold(sentence) in fold(quote) for quote in quotes)


def gives_quote(source: str, pieces: Sequence[tuple[int, int]], quote: str) -> bool:
    """Whether the pieces `[start, end)` of the decoded file, joined, give the quote, white
    space aside. False for no piece or a piece outside the file.

    >>> gives_quote("一二 三\\n四", [(1, 4), (5, 6)], "二三四")
    True
    """
    if not pieces or any(not 0 <= start < end <= len(source) for start, end in pieces):
        return False
    return _squeeze("".join(source[start:end] for start, end in pieces)) == _squeeze(quote)


def _shares_half(a: str, b: str) -> bool:
    shorter, longer = sorted((a, b), key=lambda text: len(fold(text)))
    return share_held(longer, shorter) >= HALF


def _squeeze(text: str) -> str:
    return "".join(text.split())
