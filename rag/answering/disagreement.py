"""Passages that give different figures or dates for what is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rag.answering.candidates import Candidate, candidates
from rag.answering.evidence import Evidence
from rag.answering.query import Kind, Query
from rag.answering.terms import Weights, terms_of
from rag.text.fold import fold, squeeze
from rag.text.quantities import NO_UNIT, Period, Quantity, figures
from rag.text.segment import proper_names
from rag.types import Passage

# A sentence speaks of the same thing as the best one when it covers nearly as much of the
# question, and most of what the best one covers; figures that differ by more are of two things.
COVERED_SHARE = 0.75
SHARED_TERMS = 0.75
LARGEST_RATIO = 2
# So much of what the best sentence's passage covers of the question, the other one's must too.
SHARED_SCOPE = 0.75
# What a figure is the figure of stands within so many characters of it.
BESIDE = 8
# 40,620万元 and 4.06亿元 are one figure, rounded.
ROUNDING = Fraction(1, 100)
LOOKED_AT = 30
# The figure that others may differ from stands in one of the best sentences.
FIRST = 3
# What covers less of the question is no ground to say that sources disagree.
LEAST_COVERED = 0.18
# Sentences are copies when so much of both, their digits aside, is alike: then any difference of
# their figures counts.
COPIED = 0.7
LEAST_COPY = 10  # pairs of letters; shorter ones are phrases that many documents have
_COPIES = frozenset((Kind.NUMBER, Kind.DATE, Kind.OTHER))
_TEXTS_KEPT = 1024
# How many of the question's words, the nearest ones, a candidate's distance is taken to.
_NEAREST = 3
_Figures = tuple[tuple[Quantity, ...], tuple[Period, ...]]
_DIGITS = re.compile(r"[0-9０-９][0-9０-９.,，．]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure that answers the question, as it is written, and its sentence."""

    figure: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Figure:
    """What a sentence gives for what is asked: as it is written, its value, its neighbours."""

    text: str
    value: Quantity
    beside: frozenset[str]


def disagreement(query: Query, weights: Weights, ranked: Sequence[Evidence]) -> tuple[Reading, ...]:
    """The figure or date that answers, and others for the same thing from other passages, each
    once, best first; empty where there is no second one.

    Either a sentence is a copy of one of the best but for one figure or date; or, where a figure
    is asked for, both have one unit, are not far apart, stand beside the same words, and both
    passages speak of what the question names. Neither sentence may hold the other's figure."""
    near = [one for one in ranked[:FIRST] if "\t" not in one.text and one.covered >= LEAST_COVERED]
    if query.kind in _COPIES:
        for best in near:
            copies = _altered(best, ranked)
            if copies:
                return copies
    if query.kind is not Kind.NUMBER:
        return ()
    figures = ((one, _figure(query, one)) for one in near)
    best_figure = next(((one, figure) for one, figure in figures if figure), None)
    if best_figure is None or best_figure[1].value.unit is NO_UNIT:
        return ()
    found = [best_figure]
    for evidence in ranked[:LOOKED_AT]:
        if evidence.passage.rank == best_figure[0].passage.rank or "\t" in evidence.text:
            continue
        other = _figure(query, evidence)
        if (
            other is not None
            and _differs(query, weights, best_figure, (evidence, other))
            and _of_one_scope(weights, ranked, best_figure[0], evidence)
            and all(_apart(evidence, other, *held) for held in found)
        ):
            found.append((evidence, other))
    return tuple(Reading(f.text, e) for e, f in found) if len(found) > 1 else ()


def _altered(best: Evidence, ranked: Sequence[Evidence]) -> tuple[Reading, ...]:
    """A sentence and a copy of it in another passage that differs in one figure or date alone."""
    for other in ranked[:LOOKED_AT]:
        if other.passage.rank != best.passage.rank and _copied(best.text, other.text):
            pair = _one_difference(figures(best.text), figures(other.text))
            if pair is not None:
                return Reading(pair[0], best), Reading(pair[1], other)
    return ()


def _one_difference(own: _Figures, other: _Figures) -> tuple[str, str] | None:
    """The one figure or date in which two texts differ, as each writes it; None where they differ
    in none or in several."""
    (numbers, dates), (its_numbers, its_dates) = own, other
    if len(numbers) != len(its_numbers) or len(dates) != len(its_dates):
        return None
    pairs = [
        *(
            (a.text, b.text)
            for a, b in zip(numbers, its_numbers, strict=True)
            if a.value != b.value
        ),
        *(
            (a.text, b.text)
            for a, b in zip(dates, its_dates, strict=True)
            if (a.year, a.month, a.day, a.part) != (b.year, b.month, b.day, b.part)
        ),
    ]
    return pairs[0] if len(pairs) == 1 else None


def _figure(query: Query, evidence: Evidence) -> _Figure | None:
    """The fitting candidate nearest to the question's words, and its value."""
    fitting = [found for found in candidates(query, evidence.text) if not found.misfit]
    for found in sorted(fitting, key=lambda one: _distance(evidence, one)):
        value = next(iter(figures(found.text)[0]), None)
        if value is not None:
            end = found.start + len(found.text)
            around = (
                evidence.text[max(0, found.start - BESIDE) : found.start],
                evidence.text[end : end + BESIDE],
            )
            return _Figure(found.text, value, frozenset().union(*map(_pairs, around)))
    return None


def _distance(evidence: Evidence, candidate: Candidate) -> float:
    """How far a candidate stands from the question's words in its sentence, in characters: the
    mean over the nearest ones; from the start where none stands there."""
    middle = candidate.start + len(candidate.text) / 2
    near = sorted(abs(middle - anchor) for anchor in _anchors(evidence))[:_NEAREST]
    return sum(near) / len(near) if near else float(candidate.start)


def _anchors(evidence: Evidence) -> list[float]:
    """Where the question's terms stand in the sentence: the middles of their places."""
    folded = fold(evidence.text)
    scale = len(evidence.text) / max(1, len(folded))
    return [
        (match.start() + match.end()) / 2 * scale
        for term in evidence.terms
        for match in re.finditer(re.escape(term), folded)
    ]


def _apart(evidence: Evidence, figure: _Figure, held: Evidence, its: _Figure) -> bool:
    """Whether two figures cannot both be the one: neither sentence states the other's."""
    mine, theirs = figure.value, its.value
    return (
        bool(mine.value and theirs.value)
        and abs(mine.value - theirs.value) > ROUNDING * max(mine.value, theirs.value)
        and not any(mine.same(number) for number in figures(held.text)[0])
        and not any(theirs.same(number) for number in figures(evidence.text)[0])
    )


def _copied(own: str, other: str) -> bool:
    """Whether two sentences are alike, their digits aside."""
    mine, theirs = _wording(own), _wording(other)
    return len(mine) >= LEAST_COPY and len(mine & theirs) >= COPIED * len(mine | theirs)


@lru_cache(_TEXTS_KEPT)
def _wording(text: str) -> frozenset[str]:
    """Adjacent pairs of letters, digits aside: each sentence is held against several others."""
    return _pairs(squeeze(_DIGITS.sub("", text)))


def _differs(
    query: Query,
    weights: Weights,
    best: tuple[Evidence, _Figure],
    other: tuple[Evidence, _Figure],
) -> bool:
    """Whether the other sentence gives another figure for the same thing."""
    (own, figure), (evidence, its) = best, other
    larger = max(figure.value.value, its.value.value)
    smaller = min(figure.value.value, its.value.value)
    return (
        figure.value.unit.base == its.value.unit.base
        and larger <= LARGEST_RATIO * smaller
        and evidence.covered >= COVERED_SHARE * own.covered
        and weights.covered(own.terms & evidence.terms) >= SHARED_TERMS * weights.covered(own.terms)
        and not figure.beside.isdisjoint(its.beside)
        and _named(query, own)
        and _named(query, evidence)
    )


def _of_one_scope(
    weights: Weights, ranked: Sequence[Evidence], own: Evidence, other: Evidence
) -> bool:
    """Whether the other's passage covers what the first one's does."""
    mine, theirs = (_scope(weights, ranked, one.passage) for one in (own, other))
    return weights.covered(mine & theirs) >= SHARED_SCOPE * weights.covered(mine)


def _scope(weights: Weights, ranked: Sequence[Evidence], passage: Passage) -> frozenset[str]:
    """The question's terms in a passage and in what stands above it."""
    above = weights.asked(terms_of(" ".join(passage.above)))
    return above.union(*(one.terms for one in ranked if one.passage.rank == passage.rank))


def _named(query: Query, evidence: Evidence) -> bool:
    """Whether all names of the question stand in the passage or above it."""
    passage = evidence.passage
    there = squeeze("".join((*passage.above, passage.text)))
    return all(name in there for name in proper_names(query.text))


def _pairs(text: str) -> frozenset[str]:
    """Adjacent pairs of letters of a text."""
    return frozenset(pair for i in range(len(text) - 1) if (pair := text[i : i + 2]).isalpha())
