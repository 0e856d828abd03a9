"""The figures of a sentence and those of the lines: the same by value, and of the same thing.

A figure is found where a line gives the same value of what the sentence gives it of: beside the
same words, of the same period, in the same column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from rag.answering.facts import Clause, Facts, facts
from rag.answering.lines import (
    BESIDE,
    LOOKED_AT,
    Line,
    above,
    held,
    line_figures,
    pairs,
    table_unit,
)
from rag.text.fold import fold, squeeze
from rag.text.quantities import Hedge, Period, Quantity, months
from rag.text.units import Unit, UnitClass

# Room that 约 and its like leave, as a share of the value, and the largest that rounding may take.
ABOUT, OVER, UNDER, ROUNDED = (Fraction(1, 20), Fraction(1, 4), Fraction(1, 8), Fraction(1, 20))
# A figure belongs to the words at its side. Where another figure of the kind has them and the
# matched one does not, by this much, the sentence gives the figure of something else.
RIVAL = 0.4
OTHER_SIDE = 0.5
SIDE = 14
_SIDE_MARK = re.compile("[，。；！？：、（）()\n\t]|,|其中")
_LATIN_WORD = re.compile("[a-z]+")
_SAYS_NOTHING = re.compile(
    "达到|达|为|是|有|共|约|的|了|至|到|仅|超过?|近|和|与|并|均|也|已|则|高达|只有|需|分别|以上|左右|多"
)
OTHER_PERIOD = 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """A quantity of the claim and where it is given: the line and the figure there, or neither;
    `bound` is the share of the words beside it that stand beside it there, `crossed` that of
    those that stand beside another figure there."""

    quantity: Quantity
    line: Line | None
    bound: float = 0.0
    crossed: float = 0.0
    rival: Quantity | None = None  # another figure that stands beside the claim's words instead
    period: Period | None = None  # another period than the claim's, of which the line gives it


def given(quantity: Quantity, line: Line) -> bool:
    """Whether a line gives a figure; of a range it may give both ends apart."""
    there = line_figures(line)[0]
    if any(matches(quantity, other, line) for other in there):
        return True
    return quantity.is_range and all(
        any(matches(replace(quantity, low=end, high=end), other, line) for other in there)
        for end in (quantity.low, quantity.high)
    )


def matches(said: Quantity, given: Quantity, line: Line | None = None) -> bool:
    """Whether a figure of a sentence is one that a document gives: the same value, the same
    rounded to the digits that the sentence shows, or within the room that 约 and its like leave.
    A bare number of a table has the unit of the table's caption.
    """
    if line is not None and not given.unit.name and said.unit.name:
        unit = table_unit(line.passage)
        if unit is not None:
            scaled = _scaled(given, *unit)
            if scaled.comparable(said) and _near(said, scaled):
                return True
    return said.comparable(given) and _near(said, given)


def _scaled(given: Quantity, scale: Fraction, unit: Unit) -> Quantity:
    return Quantity(
        given.span, given.text, given.low * scale, given.high * scale, unit, given.step * scale,
        given.hedge, given.per,
    )  # fmt: skip


def _near(said: Quantity, given: Quantity) -> bool:
    (low, high), (its_low, its_high) = said.bounds(given), given.bounds(said)
    if (low, high) == (its_low, its_high):
        return True
    if said.is_range:
        return False
    if given.is_range:
        return low in (its_low, its_high) or (said.approximate and its_low <= low <= its_high)
    return _within(said, low, its_low, given)


def _within(said: Quantity, value: Fraction, other: Fraction, given: Quantity) -> bool:
    size = said.unit.size if given.unit.base else Fraction(1)
    step, off = said.step * size, other - value
    room = abs(other)
    if said.step * size > given.step * (given.unit.size if said.unit.base else 1):
        rounded = abs(off) * 2 <= step and abs(off) <= ROUNDED * room
        if rounded:
            return True
    if said.hedge is Hedge.ABOUT:
        return abs(off) <= max(ABOUT * room, step / 2 if abs(off) <= OVER * room else Fraction(0))
    if said.hedge is Hedge.OVER:
        return 0 <= off <= max(OVER / 2 * room, step if off <= OVER * room else Fraction(0))
    if said.hedge is Hedge.UNDER:
        return -UNDER * room <= off <= 0
    return False


def find_figures(
    claim: Facts,
    wanted: Sequence[Quantity],
    chosen: Sequence[Line],
    ranked: Sequence[tuple[float, Line]],
    weights: dict[str, float],
) -> tuple[Found, ...]:
    """For each quantity of the claim the place that gives it of the same thing."""
    if not wanted:
        return ()
    others = [line for _, line in ranked if line not in chosen]
    found: list[Found] = []
    for number, clause in enumerate(claim.clauses):
        beside = _beside(claim, number)
        period = _period_of(claim, number)
        for quantity in clause.quantities:
            places = [_best(quantity, beside, period, lines, weights) for lines in (chosen, others)]
            best = places[0] or places[1] or Found(quantity, None)
            if places[0] and places[1] and _worth(places[1]) > _worth(places[0]) + 0.3:
                best = places[1]
            lines = [*chosen, *others][:LOOKED_AT]
            found.append(replace(best, rival=_rival(quantity, clause, lines)))
    return tuple(found)


def _rival(quantity: Quantity, clause: Clause, lines: Sequence[Line]) -> Quantity | None:
    """The figure of the kind of `quantity`, with another value, that stands beside the words of
    the claim where those with its value do not; None if there is none."""
    own = _sides_of(clause.text, clause.quantities, quantity)
    if not any(own) or quantity.is_range:
        return None
    matched = (0.0, 0)
    best: tuple[tuple[float, int], Quantity | None] = ((0.0, 0), None)
    for place in lines:
        given = line_figures(place)[0]
        for other in given:
            alike = _alike(own, _sides_of(place.text, given, other))
            if matches(quantity, other, place):
                matched = max(matched, alike)
            elif alike > best[0] and other.unit.name and _one_kind(other.unit, quantity.unit):
                best = (alike, other)
    more, pairs_more = best[0][0] - matched[0], best[0][1] - matched[1]
    return best[1] if more >= RIVAL or (more >= RIVAL / 2 and pairs_more > 1) else None


def _one_kind(unit: Unit, other: Unit) -> bool:
    """Whether two units measure, or count by the same word."""
    if unit.measures is UnitClass.COUNT:
        return unit.name == other.name
    return unit.base == other.base


def _sides_of(
    text: str, given: Sequence[Quantity], quantity: Quantity
) -> tuple[frozenset[str], frozenset[str]]:
    """The pairs of characters on both sides of a figure, as far as the next figure or mark."""
    start, end = quantity.span.start, quantity.span.end
    left = max((q.span.end for q in given if q.span.end <= start), default=0)
    right = min((q.span.start for q in given if q.span.start >= end), default=len(text))
    before = _SIDE_MARK.split(text[max(left, start - SIDE) : start])[-1]
    after = _SIDE_MARK.split(text[end : min(right, end + SIDE)])[0]
    return _telling(before), _telling(after)


@lru_cache(8192)
def _telling(text: str) -> frozenset[str]:
    folded = fold(_SAYS_NOTHING.sub(" ", text))
    latin = frozenset(_LATIN_WORD.findall(folded))
    return latin | pairs(_LATIN_WORD.sub("\0", "".join(folded.split())))


def _alike(
    own: tuple[frozenset[str], frozenset[str]], other: tuple[frozenset[str], frozenset[str]]
) -> tuple[float, int]:
    """How far the words at the sides of two figures are the same, less across the sides, and how
    many pairs of characters are."""
    best = (0.0, 0)
    for i, mine in enumerate(own):
        for j, theirs in enumerate(other):
            if mine and theirs:
                shared = len(mine & theirs)
                share = shared / min(len(mine), len(theirs))
                best = max(best, (share if i == j else OTHER_SIDE * share, shared))
    return best


def _worth(found: Found) -> float:
    return found.bound - found.crossed / 2 - (OTHER_PERIOD if found.period is not None else 0.0)


def _beside(claim: Facts, number: int) -> tuple[str, ...]:
    """The content words that say of what a clause gives its figures: its own, and with few of
    them those of the clauses before."""
    words = list(claim.clauses[number].words)
    for clause in reversed(claim.clauses[:number]):
        if len(words) >= 3:
            break
        words += clause.words
    return tuple(dict.fromkeys(words))


def _period_of(claim: Facts, number: int) -> Period | None:
    """The period of a clause's figures: its own only one, or the last one before it."""
    own = claim.clauses[number].periods
    if own:
        return own[0] if len(own) == 1 else None
    for clause in reversed(claim.clauses[:number]):
        if clause.periods:
            return clause.periods[-1]
    return None


def _best(
    quantity: Quantity,
    beside: tuple[str, ...],
    period: Period | None,
    lines: Sequence[Line],
    weights: dict[str, float],
) -> Found | None:
    best: Found | None = None
    for line in lines:
        if not given(quantity, line):
            continue
        told = facts(line.text, line.year)
        for at, clause in enumerate(told.clauses):
            if any(matches(quantity, other, line) for other in clause.quantities):
                found = _bound(quantity, beside, period, line, told, at, weights)
                if best is None or _worth(found) > _worth(best):
                    best = found
        if best is None or best.line is not line:
            # The clause marks do not part it (a figure across two clauses): bound by the line.
            share = _share(beside, line.squeezed + line.before + above(line.passage), weights)
            found = Found(quantity, line, share)
            if best is None or _worth(found) > _worth(best):
                best = found
    return best


def _share(words: Sequence[str], text: str, weights: dict[str, float]) -> float:
    total = sum(weights.get(word, 1.0) for word in words)
    if not total:
        return 1.0
    return sum(weights.get(word, 1.0) * held(word, text) for word in words) / total


def _bound(  # noqa: PLR0913, PLR0917 - one place of one figure
    quantity: Quantity,
    beside: tuple[str, ...],
    period: Period | None,
    line: Line,
    told: Facts,
    at: int,
    weights: dict[str, float],
) -> Found:
    """How far the words beside a figure of the claim stand beside it in clause `at` of a line."""
    own, rivals = _around(line, told, at, quantity)
    total = sum(weights.get(word, 1.0) for word in beside) or 1.0
    bound = crossed = 0.0
    for word in beside:
        weight, there = weights.get(word, 1.0), held(word, own)
        bound += weight * there
        if not there and any(word in rival for rival in rivals):
            crossed += weight
    near = line.before + above(line.passage)
    bound += sum(
        weights.get(word, 1.0) * BESIDE
        for word in beside
        if not held(word, own)
        and (
            held(word, near)
            or (held(word, line.squeezed) and not any(word in rival for rival in rivals))
        )
    )
    other = _other_period(period, line, told, at)
    return Found(quantity, line, min(1.0, bound / total), crossed / total, period=other)


def _around(line: Line, told: Facts, at: int, quantity: Quantity) -> tuple[str, list[str]]:
    """The text that says of what a clause gives its figures, and those of figures beside it."""
    if "\t" in line.text:
        place = line.text[: told.clauses[at].span.start].count("\t")
        key = squeeze(line.text.split("\t", 1)[0])
        label = line.labels[place] if place < len(line.labels) else ""
        others = [text for i, text in enumerate(line.labels) if i not in (0, place)]
        return key + label + told.clauses[at].squeezed, others
    own = [told.clauses[at].squeezed]
    for clause in reversed(told.clauses[:at]):
        if clause.quantities:
            break
        own.append(clause.squeezed)
    rivals = [
        clause.squeezed
        for i, clause in enumerate(told.clauses)
        if i != at
        and any(_one_kind(other.unit, quantity.unit) for other in clause.quantities)
        and not any(matches(quantity, other, line) for other in clause.quantities)
    ]
    if at and told.clauses[at].squeezed[:2] in ("其中", "同比", "环比", "较上"):
        own.append(told.clauses[at - 1].squeezed)
    return "".join(own), rivals


def _other_period(period: Period | None, line: Line, told: Facts, at: int) -> Period | None:
    """A period of the figure in clause `at` that contradicts the claim's; None if there is none."""
    if period is None:
        return None
    near: tuple[Period, ...] = told.clauses[at].periods
    for clause in reversed(told.clauses[:at]):
        if near:
            break
        near = clause.periods
    if not near or any(agree(period, other, line) for other in near):
        return None
    earlier = [p for clause in told.clauses[:at] for p in clause.periods]
    if any(agree(period, other, line) and other.year is not None for other in earlier):
        return None
    return near[-1]


def agree(said: Period, given: Period, line: Line | None = None) -> bool:
    """Whether two periods can be the same: nothing that both name differs. A month that is left
    out beside a day is that of the document's date."""
    if said.year is not None and given.year is not None and said.year != given.year:
        return False
    if said.month is not None and given.month is not None and said.month != given.month:
        return False
    if said.month and given.month is None and given.day and line and line.passage.date:
        parts = line.passage.date.split("-")
        if len(parts) > 1 and int(parts[1]) != said.month:
            return False
    if said.day is not None and given.day is not None and said.day != given.day:
        return False
    if said.part and given.part and said.part != given.part:
        return False
    own, its = months(said), months(given)
    return own is None or its is None or (said.part is None) is (given.part is None) or own == its
