"""Measures of retrieval: is the evidence among the passages, and how early."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import log2

from eval.metrics.folding import count_characters, share_held

FOUND = 0.6
"""Share of a quotation's 5-grams that a text holds when it finds the quotation (eval/README.md)."""


def finds(text: str, quotation: str) -> bool:
    """Whether the text holds at least 60% of the quotation's character 5-grams.

    Source: eval/README.md, Measures.
    """
    return share_held(text, quotation) >= FOUND


def first_ranks(passages: Sequence[str], quotations: Sequence[str]) -> list[int | None]:
    """For each quotation the rank (from 1) of the first passage that finds it, else None."""
    return [
        next((rank for rank, text in enumerate(passages, 1) if finds(text, quotation)), None)
        for quotation in quotations
    ]


def within_budget(passages: Sequence[str], characters: int) -> int:
    """How many passages are taken, in rank order, up to the first that would bring the sum of
    their characters (white space out) above `characters`. The first is always taken.

    >>> within_budget(["一二三", "四五 六", "七"], 6)
    2
    >>> within_budget(["一二三"], 1)
    1
    """
    total = 0
    for taken, text in enumerate(passages):
        total += count_characters(text)
        if total > characters and taken > 0:
            return taken
    return len(passages)


def evidence_recall(passages: Sequence[str], ranks: Sequence[int | None], characters: int) -> float:
    """R@N = |{q in Q: rank(q) <= n}| / |Q|: the share of a question's quotations Q found by
    one of the n passages within N characters. `ranks` as from `first_ranks`.

    Edge: a first passage longer than N counts all the same. Undefined for no quotation.
    Source: eval/README.md, Measures.
    """
    taken = within_budget(passages, characters)
    return sum(rank is not None and rank <= taken for rank in ranks) / len(ranks)


def hit_at(ranks: Sequence[int | None], k: int) -> float:
    """1 when at least one quotation is found among the first k passages, else 0.

    Source: eval/README.md, Measures.

    >>> hit_at([None, 3], 3), hit_at([None, 3], 2), hit_at([], 5)
    (1.0, 0.0, 0.0)
    """
    return float(any(rank is not None and rank <= k for rank in ranks))


def recall_at(ranks: Sequence[int | None], k: int) -> float:
    """|{q in Q: rank(q) <= k}| / |Q|: the share of the quotations (or relevant documents) Q
    among the first k. Undefined for empty Q.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 8.3.

    >>> recall_at([1, 4, None, 2], 3)
    0.5
    """
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def reciprocal_rank(ranks: Sequence[int | None], cutoff: int = 10) -> float:
    """(1/|Q|) * sum over q of 1/rank(q): mean reciprocal rank over a question's quotations Q,
    0 for a quotation that is not found or found beyond rank 10. Undefined for empty Q.

    Source: eval/README.md, Measures; Voorhees, The TREC-8 Question Answering Track (1999).

    >>> reciprocal_rank([1, 2, 11, None])
    0.375
    """
    return sum(1 / rank for rank in ranks if rank is not None and rank <= cutoff) / len(ranks)


def relevant_ranks(documents: Sequence[str], relevant: Collection[str]) -> list[int | None]:
    """For each relevant document, in sorted order, its rank among the different documents of a
    ranked list of passages (a document stands where its first passage stands).

    >>> relevant_ranks(["a", "a", "b"], {"b", "c"})
    [2, None]
    """
    rank = {name: i for i, name in enumerate(dict.fromkeys(documents), 1)}
    return [rank.get(name) for name in sorted(relevant)]


def first_relevant_rank(ranks: Sequence[int | None]) -> int | None:
    """The best of `relevant_ranks`: where only the first relevant document counts."""
    return min((rank for rank in ranks if rank is not None), default=None)


def ndcg_at(documents: Sequence[str], gains: Mapping[str, float], k: int = 10) -> float:
    """DCG@k / ideal DCG@k with DCG@k = sum over i <= k of gain(d_i) / log2(i + 1), over the
    different documents d_i of the ranked list. Gains <= 0 count as 0; 0 when none is above 0.

    Source: Järvelin, Kekäläinen, Cumulated gain-based evaluation (2002), in the linear-gain
    form of trec_eval's ndcg_cut.

    >>> round(ndcg_at(["x", "a"], {"a": 1}), 4)
    0.6309
    """
    positive = {name: gain for name, gain in gains.items() if gain > 0}
    ideal = sorted(positive.values(), reverse=True)[:k]
    if not ideal:
        return 0.0
    ranked = list(dict.fromkeys(documents))[:k]
    return _dcg([positive.get(name, 0.0) for name in ranked]) / _dcg(ideal)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / log2(i + 1) for i, gain in enumerate(gains, 1))
