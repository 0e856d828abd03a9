"""Passages that give different figures for what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rag.answering.candidates import Candidate, candidates
from rag.answering.evidence import Evidence
from rag.answering.query import Kind, Query
from rag.answering.short import distance
from rag.answering.terms import Weights
from rag.text.values import Number, values

# A sentence speaks of the same thing as the best one when it covers nearly as much of the
# question, and most of what the best one covers; figures that differ by more are of two things.
COVERED_SHARE = 0.75
SHARED_TERMS = 0.75
LARGEST_RATIO = 2
# 40,620万元 and 4.06亿元 are one figure, rounded.
ROUNDING = Fraction(1, 100)
LOOKED_AT = 30
# The figure that others may differ from stands in one of the best sentences.
FIRST = 3
# What covers less of the question is no ground to say that sources disagree.
LEAST_COVERED = 0.18


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure that answers the question, as it is written, and its sentence."""

    figure: str
    evidence: Evidence


def disagreement(query: Query, weights: Weights, ranked: Sequence[Evidence]) -> tuple[Reading, ...]:
    """The figure of the best sentence that holds one, and others for the same thing, each
    figure once, best first; empty where there is no second one, and for questions that ask
    for no figure.

    The second must stand in another passage, with the same unit, and neither sentence may hold
    the other's figure."""
    if query.kind is not Kind.NUMBER:
        return ()
    figures = ((one, _figure(query, one)) for one in ranked[:FIRST] if "\t" not in one.text)
    best, own = next(((one, figure) for one, figure in figures if figure), (None, None))
    if best is None or own is None or not own[1].unit or best.covered < LEAST_COVERED:
        return ()
    found = [(Reading(own[0], best), own[1])]
    for evidence in ranked[:LOOKED_AT]:
        if not _same_thing(weights, best, evidence):
            continue
        other = _figure(query, evidence)
        if other is not None and all(_differs(other[1], evidence, *held) for held in found):
            found.append((Reading(other[0], evidence), other[1]))
    return tuple(reading for reading, _ in found) if len(found) > 1 else ()


def _figure(query: Query, evidence: Evidence) -> tuple[str, Number] | None:
    """The fitting candidate nearest to the question's words, and its value."""
    fitting = [found for found in candidates(query, evidence.text) if not found.misfit]
    for found in sorted(fitting, key=lambda one: distance(evidence, one)):
        number = _number(found)
        if number is not None:
            return found.text, number
    return None


def _number(candidate: Candidate) -> Number | None:
    return next(iter(values(candidate.text).numbers), None)


def _same_thing(weights: Weights, best: Evidence, other: Evidence) -> bool:
    apart = (best.passage.document_id, best.passage.rank) != (
        other.passage.document_id,
        other.passage.rank,
    )
    shared = weights.covered(best.terms & other.terms)
    return (
        apart
        and "\t" not in other.text
        and other.covered >= COVERED_SHARE * best.covered
        and shared >= SHARED_TERMS * weights.covered(best.terms)
    )


def _differs(number: Number, evidence: Evidence, held: Reading, its: Number) -> bool:
    if number.unit != its.unit or not (number.value and its.value):
        return False
    larger, smaller = max(number.value, its.value), min(number.value, its.value)
    return (
        larger <= LARGEST_RATIO * smaller
        and larger - smaller > ROUNDING * larger
        and not _holds(held.evidence, number)
        and not _holds(evidence, its)
    )


def _holds(evidence: Evidence, number: Number) -> bool:
    """Whether a sentence states that figure too."""
    return any(number.same(other) for other in values(evidence.text).numbers)
