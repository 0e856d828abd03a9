"""How likely it is that the passages hold an answer.

A question on something else, and one on the same thing whose answer is not there, share words
with what is found. What tells them apart: the words that the passages lack, above all the names
and the years, and what is asked of the thing that is named; and whether something of the kind
that is asked for stands where a reader would mark it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rag.answering.evidence import READER_WEIGHT, Evidence, years_of
from rag.answering.fitting import fitting
from rag.answering.grounding import asked_of_it, named, share
from rag.answering.query import Query
from rag.answering.terms import Weights, terms_of
from rag.models.answerable import Answerable
from rag.models.reading import log_odds
from rag.text.fold import fold, squeeze
from rag.text.quantities import figures
from rag.text.values import values
from rag.types import Passage, Span

GROUNDED = 0.4
"""Share of a question that the best sentence's passage should hold; below it the probability
falls with the share."""
OTHER_YEAR = 0.5
"""What is left of the probability where that passage has none of the years that are asked about;
.2 and .3 were tried, too, the order stays."""
OTHER_THING = 0.7
"""What is left where the best sentence speaks of nothing that the question names. Of .3 to 1, and
`GROUNDED` of .3 to .5, what refuses most of the questions without an answer where three of the
oddly worded ones of the sample corpus are refused, too."""
MARGIN = 4
"""Characters on each side of what could be the answer in which the reader may mark it."""
READ = 0.01
"""Sentences in which the reader sees an answer with less than this are not looked at."""

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
    sentences, best first, at least one. It is scaled down where the best sentence's passage holds
    less than `GROUNDED` of the question, its words weighed by how rare they are in the language
    (in a small collection all that it lacks is equally rare), and where it speaks of other years or
    of something else than the question names.
    """
    found = signals(query, weights, ranked, passages)
    chosen = model.unread if found["has_first"] is None else model.read
    held = found["grounded"]
    grounded = 1.0 if held is None else min(1.0, held / GROUNDED)
    dated = OTHER_YEAR if found["year"] == 0 else 1.0
    bound = OTHER_THING + (1 - OTHER_THING) * ranked[0].bound
    return chosen.probability(found) * grounded * dated * bound


def signals(
    query: Query, weights: Weights, ranked: Sequence[Evidence], passages: Sequence[Passage]
) -> Signals:
    """What the model looks at:

    - `covered`: the share of the question's known weight that the first passage holds with what
      stands above it; `unknown`: the share of its weight that no passage of the index holds;
    - `values`: the share of what the question names (numbers, dates, names, quoted terms) that
      the best sentence's passage names too;
    - `grounded`, `anywhere`: the share of the question's words, by their rarity in the language,
      in the best sentence's passage and in all passages;
    - `named`, `asked`: of the names alone, and of what is asked of the thing that is named, in the
      best sentence's passage;
    - `year`: 1 where the best sentence is of a year that is asked about, ½ where its passage is;
    - `bound`: how far the best sentence speaks of what the question names;
    - `margin`: the best sentence's score less that of the second, what the reader adds left out;
    - `fits`: whether the best sentence holds something of the kind that is asked for;
    - `has_first`, `has_most`: log odds, by the reader, that there is an answer in the first
      passage and in the likeliest;
    - `fits_first`, `fits_best`, `fits_most`: the same of something of the kind that is asked for,
      in the first passage, the best sentence's, and the likeliest.
    """
    best = ranked[0]
    here = squeeze("\n".join((*best.passage.above, best.passage.text)))
    everywhere = squeeze("\n".join("\n".join((*p.above, p.text)) for p in passages))
    fits = fitting(query, best.text)
    return {
        "covered": _covered(weights, ranked, passages[0]),
        "unknown": _unknown(weights),
        "values": _values_found(query, best.passage),
        "grounded": share(query.words, here),
        "anywhere": share(query.words, everywhere),
        "named": share(named(query), here),
        "asked": share(asked_of_it(query), here),
        "year": _year(query, best),
        "bound": best.bound,
        "margin": _margin(ranked),
        "fits": None if fits is None else float(bool(fits)),
        **_read(query, ranked, passages, typed=fits is not None),
    }


def _read(
    query: Query, ranked: Sequence[Evidence], passages: Sequence[Passage], *, typed: bool
) -> Signals:
    """The signals by the reader; all None where it has not read."""
    by_rank = {e.passage.rank: e.reading for e in ranked if e.reading is not None}
    has = {rank: reading.has_answer for rank, reading in by_rank.items()}
    fits = _marked(query, ranked) if typed else has
    first, best = passages[0].rank, ranked[0].passage.rank
    read = first in has
    return {
        "has_first": log_odds(has[first]) if read else None,
        "has_most": log_odds(max(has.values())) if read else None,
        "fits_first": log_odds(fits.get(first, 0.0)) if read else None,
        "fits_best": log_odds(fits.get(best, 0.0)) if read else None,
        "fits_most": log_odds(max(fits.values(), default=0.0)) if read else None,
    }


def _marked(query: Query, ranked: Sequence[Evidence]) -> Mapping[int, float]:
    """For each passage, by rank, the probability that the reader gives to what in it is of the
    kind that is asked for."""
    marked: dict[int, float] = {}
    for evidence in ranked:
        if evidence.reading is None or evidence.read < READ:
            continue
        rank, place = evidence.passage.rank, evidence.span
        for span in fitting(query, evidence.text) or ():
            around = Span(
                max(place.start, place.start + span.start - MARGIN),
                min(place.end, place.start + span.end + MARGIN),
            )
            marked[rank] = marked.get(rank, 0.0) + evidence.reading.within(around)
    return marked


def _year(query: Query, best: Evidence) -> float | None:
    asked = years_of(query.text, None)
    if not asked:
        return None
    passage = best.passage
    if asked & years_of(best.text, passage.date):
        return 1.0
    around = years_of("\n".join((*passage.above, passage.text)), passage.date)
    dated = {int(passage.date[:4])} if passage.date else frozenset[int]()
    return 0.5 if asked & (around | dated) else 0.0


def _covered(weights: Weights, ranked: Sequence[Evidence], passage: Passage) -> float:
    there = terms_of(" ".join(passage.above)).union(
        *(one.terms for one in ranked if one.passage.rank == passage.rank)
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
    if not (asked.names or asked.quoted or asked.numbers or asked.dates):
        return None
    text = "\n".join((*passage.above, passage.text))
    year = int(passage.date[:4]) if passage.date else None
    (numbers, dates), folded = figures(text, year), squeeze(fold(text))
    years = frozenset(date.year for date in dates if date.year is not None)
    found = [squeeze(name) in folded for name in (*asked.names, *asked.quoted)]
    found += [any(number.same(other) for other in numbers) for number in asked.numbers]
    found += [any(date.within(other, years) for other in dates) for date in asked.dates]
    return sum(found) / len(found)


def _margin(ranked: Sequence[Evidence]) -> float | None:
    scores = sorted((e.score - READER_WEIGHT * e.read for e in ranked), reverse=True)
    return scores[0] - scores[1] if len(scores) > 1 else None
