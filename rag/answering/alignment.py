"""Where in the passages a sentence stands: the lines that it rests on, and what of it they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.binding import Found, agree, find_figures, given
from rag.answering.facts import DOWN, UP, Clause, Facts, facts
from rag.answering.lines import (
    BESIDE,
    ELSEWHERE,
    LOOKED_AT,
    SAME_SIDE,
    Line,
    above,
    held,
    line_figures,
    lines_of,
    pairs,
    year_of,
    years_above,
    years_before,
)
from rag.models.rarity import rarity
from rag.text.quantities import Period, Quantity, figures, months
from rag.types import Passage

MOST_LINES = 4
# A further line must hold a fact or this share of the words that those before it lack.
LINE_GAIN = 0.12
FACT_WEIGHT = 2.0
# Rarity (ln N/n over Chinese at large) of a word that counts 1.
COMMON = 4.5


@dataclass(frozen=True, slots=True)
class Alignment:
    """A claim beside the lines that it rests on, best first."""

    claim: Facts
    lines: tuple[Line, ...]
    passages: tuple[Passage, ...]
    figures: tuple[Found, ...]
    missing_dates: tuple[Period, ...]
    far_dates: int
    credit: dict[str, float]
    """For each content word how surely it is found, from 0 to 1."""


def align(claim: Facts, passages: Sequence[Passage]) -> Alignment:
    """The claim beside the lines of `passages` that it rests on, at most `MOST_LINES`."""
    weights = word_weights(claim)
    wanted = [quantity for clause in claim.clauses for quantity in clause.quantities]
    ranked = _ranked(claim, weights, passages)
    chosen = _chosen(weights, wanted, ranked)
    figures_found = find_figures(claim, wanted, chosen, ranked, weights)
    for found in figures_found:
        if found.line is not None and found.line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(found.line)
    missing, far, dated = _dates(claim, chosen, passages)
    for line in dated:
        if line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(line)
    credit = _credit(weights, chosen, passages)
    return Alignment(claim, tuple(chosen), tuple(passages), figures_found, missing, far, credit)


def word_weights(claim: Facts) -> dict[str, float]:
    """What each content word of the claim counts: more for a name, less for a common word."""
    names = set(claim.names)
    return {
        word: 1.5 if word in names else min(1.5, max(0.3, rarity(word) / COMMON))
        for word in claim.words
    }


def _ranked(
    claim: Facts, weights: dict[str, float], passages: Sequence[Passage]
) -> list[tuple[float, Line]]:
    """The lines that share words or digits with the claim, best first."""
    digits = ["".join(c for c in q.text if c.isdigit() or c == ".") for q in _all(claim)]
    found = []
    for passage in passages:
        for line in lines_of(passage):
            score = sum(weight for word, weight in weights.items() if word in line.squeezed)
            plain = line.squeezed.replace(",", "") if digits else ""
            score += sum(1.0 for part in digits if len(part) > 1 and part in plain)
            if score:
                found.append((score, line))
    found.sort(key=lambda one: -one[0])
    return found[: LOOKED_AT * max(1, min(3, len(passages)))]


def _all(claim: Facts) -> Iterator[Quantity]:
    return (quantity for clause in claim.clauses for quantity in clause.quantities)


def _chosen(
    weights: dict[str, float],
    wanted: Sequence[Quantity],
    ranked: Sequence[tuple[float, Line]],
) -> list[Line]:
    """Lines one after another, each the one that adds most of what is still missing."""
    total = sum(weights.values()) + FACT_WEIGHT * len(wanted)
    have: dict[str, float] = {}
    left = list(wanted)
    pool = [line for _, line in ranked[:LOOKED_AT]]
    chosen: list[Line] = []
    while pool and len(chosen) < MOST_LINES - 1:
        best, gain = None, 0.0
        for line in pool:
            worth = sum(
                weight * max(0.0, held(word, line.squeezed) - have.get(word, 0.0))
                for word, weight in weights.items()
            )
            worth += FACT_WEIGHT * sum(given(q, line) for q in left)
            if worth > gain:
                best, gain = line, worth
        least = 0.0 if not chosen else LINE_GAIN * total
        if best is None or gain < least:
            break
        chosen.append(best)
        pool.remove(best)
        left = [q for q in left if not given(q, best)]
        for word in weights:
            have[word] = max(have.get(word, 0.0), held(word, best.squeezed))
    return chosen


def _dates(
    claim: Facts, chosen: Sequence[Line], passages: Sequence[Passage]
) -> tuple[tuple[Period, ...], int, list[Line]]:
    """The periods of the claim that nothing gives, how many stand only far from the chosen lines,
    and the lines that give those."""
    missing: list[Period] = []
    far = 0
    dated: list[Line] = []
    for period in (period for clause in claim.clauses for period in clause.periods):
        lines = [line for passage in passages for line in lines_of(passage)]
        if any(_dated(period, line) for line in chosen) or _dated_above(period, passages):
            continue
        place = next((line for line in lines if _dated(period, line)), None)
        if place is not None:
            far += 1
            dated.append(place)
        elif period.to is None or not all(
            any(_dated(end, line) for line in lines) or _dated_above(end, passages)
            for end in (replace(period, to=None), period.to)
        ):
            missing.append(period)
    return tuple(missing), far, dated


def _dated(period: Period, line: Line) -> bool:
    """Whether a line gives a period, its year taken from above it where it leaves that out."""
    found = line_figures(line)[1]
    if not found:
        return False
    ends = [end for one in found for end in (one, one.to) if end is not None]
    years = frozenset(end.year for end in ends if end.year is not None)
    years |= years_above(line.passage) | years_before(line)
    span = months(period)
    if span is not None and any(months(one) == span and _year(period, one, years) for one in found):
        return True
    own = (period,) if period.to is None else (period, period.to)
    return all(
        any(_part_of(one, end, years) and agree(one, end, line) for end in ends)
        or (one.month is None and one.part is None and one.day is None and one.year in years)
        for one in own
    )


def _year(said: Period, given: Period, years: frozenset[int]) -> bool:
    """Whether `given` can be of the year that `said` names: it says so, leaves it to one of
    `years`, or counts it (去年) from a date that nobody knows."""
    if said.year is None or said.year == given.year:
        return True
    return given.year is None and (said.year in years or given.relative is not None)


def _part_of(said: Period, given: Period, years: frozenset[int]) -> bool:
    """Whether `given` names what `said` does; a month left out beside a day may be the date's."""
    month = (
        said.month is None
        or said.month == given.month
        or (given.month is None and given.day is not None)
    )
    day = said.day is None or said.day == given.day
    part = said.part is None or said.part == given.part
    relative = said.year is not None or said.relative is None or said.relative == given.relative
    return _year(said, given, years) and month and day and part and relative


def _dated_above(period: Period, passages: Sequence[Passage]) -> bool:
    for passage in passages:
        given = figures("\n".join(passage.above) + "\n" + (passage.date or ""), year_of(passage))[1]
        years = years_above(passage)
        if any(_part_of(period, one, years) for one in given if one.year is not None):
            return True
        if period.month is None and period.part is None and period.year in years:
            return True
        if (
            period.year is None
            and period.relative is None
            and period.month is None
            and not period.day
        ):
            return False
    return False


def _credit(
    weights: dict[str, float], chosen: Sequence[Line], passages: Sequence[Passage]
) -> dict[str, float]:
    """How surely each word is found: in the lines, above or before them, or elsewhere."""
    near = "\n".join(line.before + above(line.passage) for line in chosen)
    credit: dict[str, float] = {}
    wide: str | None = None
    for word in weights:
        best = max((held(word, line.squeezed) for line in chosen), default=0.0)
        for form in (UP, DOWN):
            if best < SAME_SIDE and form.fullmatch(word):
                best = SAME_SIDE * any(form.search(line.squeezed) for line in chosen)
        if best < BESIDE:
            best = max(best, BESIDE * held(word, near))
        if best < ELSEWHERE:
            if wide is None:
                wide = "\n".join(
                    above(passage) + "".join(line.squeezed for line in lines_of(passage))
                    for passage in passages
                )
            best = max(best, ELSEWHERE * held(word, wide))
        credit[word] = best
    return credit


def best_clause(clause: Clause, lines: Sequence[Line]) -> tuple[float, Clause | None, Line | None]:
    """The clause of the lines that is most like `clause`: by the mean of the shares of its pairs of
    characters and of its content words that it has, which comes first."""
    own = pairs(clause.squeezed)
    best: tuple[float, Clause | None, Line | None] = (0.0, None, None)
    if not own:
        return best
    for line in lines:
        for other in facts(line.text, line.year).clauses:
            share = len(own & pairs(other.squeezed)) / len(own)
            if clause.words:
                words = sum(held(word, other.squeezed) for word in clause.words)
                share = (share + words / len(clause.words)) / 2
            if share > best[0]:
                best = (share, other, line)
    return best
