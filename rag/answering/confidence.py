"""How likely it is that the passages hold an answer.

A question on something else, and one on the same thing whose answer is not there, share words
with what is found. What tells them apart: the words that the index knows and the best passage
lacks, values that are named and missing, and whether one passage stands out from the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rag.answering.evidence import READER_WEIGHT, Evidence
from rag.answering.query import Query
from rag.answering.terms import Weights, sentence_terms, terms_of
from rag.models.answerable import Answerable
from rag.models.rarity import rarity
from rag.models.reading import Reading
from rag.text.fold import fold, squeeze
from rag.text.values import values
from rag.types import Passage

BEHIND = 5
"""Passages that the first one is compared with."""
GROUNDED = 0.5
"""Share of a question that a passage should hold; below it the probability falls with the square
of the share. With the default threshold at .15 instead of .2: of 250 questions of CMRC train asked
of five reports .80 are refused instead of .65, of the sample corpus .98 instead of .82; without
their evidence .44 instead of .38; of the answerable .045 instead of .052."""
_LEAST = 0.001

Signals = Mapping[str, float | None]
"""Signals by name; None for what cannot be told of these passages."""


def confidence(
    query: Query,
    weights: Weights,
    ranked: Sequence[Evidence],
    passages: Sequence[Passage],
    model: Answerable,
) -> float:
    """The probability in [0, 1] that `passages`, best first, hold an answer; `ranked` are their
    sentences, best first, at least one. It is scaled down where no passage holds `GROUNDED` of
    the question, its words weighed by how rare they are in the language: in a small collection
    all that it lacks is equally rare, and a reader marks a date for any question that asks for
    one."""
    found = signals(query, weights, ranked, passages)
    chosen = model.unread if found["has_first"] is None else model.read
    share = min(1.0, _grounded(query, passages) / GROUNDED)
    return chosen.probability(found) * share**2


def signals(
    query: Query, weights: Weights, ranked: Sequence[Evidence], passages: Sequence[Passage]
) -> Signals:
    """What the model looks at:

    - `held`: the share of the question's weight that the first passage holds with what stands
      above it;
    - `covered`: the same of those terms alone that the index knows;
    - `unknown`: the share of the question's weight that no passage of the index holds;
    - `values`: the share of what the question names (numbers, dates, names, quoted terms) that
      the best sentence's passage names too;
    - `lead`: the first passage's score less the mean of those behind it;
    - `margin`: the best sentence's score less that of the second, what the reader adds left out;
    - `has_first`, `has_best`, `has_most`, `has_next`: log odds, by the reader, that there is an
      answer in the first passage, in the best sentence's, in the likeliest and in the one after.
    """
    readings = _readings(ranked, passages)
    odds = sorted((_log_odds(reading) for reading in readings), reverse=True)
    best = ranked[0]
    unknown = _unknown(weights)
    covered = _covered(weights, passages[0])
    return {
        "held": covered * (1 - unknown),
        "covered": covered,
        "unknown": unknown,
        "values": _values_found(query, best.passage),
        "lead": _lead(passages),
        "margin": _margin(ranked),
        "has_first": _log_odds(readings[0]) if readings else None,
        "has_best": _log_odds(best.reading) if best.reading else None,
        "has_most": odds[0] if odds else None,
        "has_next": odds[1] if len(odds) > 1 else None,
    }


def _grounded(query: Query, passages: Sequence[Passage]) -> float:
    """The largest share of the question's words, weighed by their rarity, in one passage with
    what stands above it, however its own words are cut; 1 for a question of nothing but question
    words."""
    rare = {word: rarity(word) for word in query.words}
    total = math.fsum(rare.values())
    if not total:
        return 1.0
    texts = [squeeze("\n".join((*passage.above, passage.text))) for passage in passages]
    return max(
        math.fsum(weight for word, weight in rare.items() if word in text) / total for text in texts
    )


def _covered(weights: Weights, passage: Passage) -> float:
    there = terms_of(" ".join(passage.above)).union(
        *(sentence.terms for sentence in sentence_terms(passage.text))
    )
    known = {t: w for t, w in weights.of.items() if t not in weights.unknown}
    total = math.fsum(known.values())
    return math.fsum(w for t, w in known.items() if t in there) / total if total else 0.0


def _unknown(weights: Weights) -> float:
    total = math.fsum(weights.of.values())
    unknown = math.fsum(w for t, w in weights.of.items() if t in weights.unknown)
    return unknown / total if total else 1.0


def _values_found(query: Query, passage: Passage) -> float | None:
    asked = values(query.text)
    text = "\n".join((*passage.above, passage.text))
    year = int(passage.date[:4]) if passage.date else None
    said, folded = values(text, year), squeeze(fold(text))
    years = frozenset(date.year for date in said.dates if date.year is not None)
    found = [squeeze(name) in folded for name in (*asked.names, *asked.quoted)]
    found += [any(number.same(other) for other in said.numbers) for number in asked.numbers]
    found += [any(date.within(other, years) for other in said.dates) for date in asked.dates]
    return sum(found) / len(found) if found else None


def _lead(passages: Sequence[Passage]) -> float | None:
    """None where there is nothing to compare with, and for scores of a model: only those by the
    best sentence are of one scale."""
    behind = [passage.score for passage in passages[1 : 1 + BEHIND]]
    by_sentence = any(part.name == "answering_sentence" for part in passages[0].parts)
    return passages[0].score - sum(behind) / len(behind) if behind and by_sentence else None


def _margin(ranked: Sequence[Evidence]) -> float | None:
    scores = sorted((e.score - READER_WEIGHT * e.read for e in ranked), reverse=True)
    return scores[0] - scores[1] if len(scores) > 1 else None


def _readings(ranked: Sequence[Evidence], passages: Sequence[Passage]) -> list[Reading]:
    """The readings of the passages, as far as they were read, in their order."""
    by_rank = {e.passage.rank: e.reading for e in ranked if e.reading is not None}
    return [by_rank[passage.rank] for passage in passages if passage.rank in by_rank]


def _log_odds(reading: Reading) -> float:
    has = min(max(reading.has_answer, _LEAST), 1 - _LEAST)
    return math.log(has / (1 - has))
