"""Where in the passages the parts of a sentence stand: the lines that it rests on, which of its
facts they hold, and what of its wording.

A line is a sentence or a table row of a passage. A figure counts as found where a line gives the
same value of what the sentence gives it of: beside the same words, of the same period, in the same
column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rag.answering.facts import Clause, Facts, facts
from rag.text.fold import squeeze
from rag.text.quantities import Hedge, Period, Quantity, figures, quantities
from rag.text.sentences import sentences
from rag.text.units import NO_UNIT, UNITS, Unit
from rag.types import Passage, Span

MOST_LINES = 4
# A further line must hold a fact or this share of the words that those before it lack.
LINE_GAIN = 0.12
LOOKED_AT = 12
# What a word counts that stands only above the lines or beside them, or elsewhere in the passage.
BESIDE, ELSEWHERE, SHORTENED = 0.7, 0.35, 0.7
FACT_WEIGHT = 2.0
# Room that 约 and its like leave, as a share of the value, and the largest that rounding may take.
ABOUT, OVER, UNDER, ROUNDED = (Fraction(1, 20), Fraction(1, 4), Fraction(1, 8), Fraction(1, 20))
_TABLE_UNIT = re.compile(r"单位[:：]?\s*(?:人民币)?(百万|千万|[十百千万亿])?(美元|元|%|吨|人|户|家|公里|万|亿)")
_SCALES = {"": 1, "十": 10, "百": 100, "千": 1000, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or row of a passage. `span` in the passage's text; `squeezed` folded without white
    space; `above` what stands above it and the line before; `cells` the labels of its columns
    where it is a table row whose header is known."""

    passage: Passage
    span: Span
    squeezed: str
    before: str
    labels: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line as it stands."""
        return self.span.of(self.passage.text)

    @property
    def year(self) -> int | None:
        """The year of its document."""
        return year_of(self.passage)


@dataclass(frozen=True, slots=True)
class Found:
    """A quantity of the claim and where it is given: the line and the figure there, or neither;
    `bound` is the share of the words beside it that stand beside it there, `crossed` that of
    those that stand beside another figure there."""

    quantity: Quantity
    line: Line | None
    bound: float = 0.0
    crossed: float = 0.0
    period: Period | None = None  # another period than the claim's, of which the line gives it


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


def year_of(passage: Passage) -> int | None:
    """The year of the passage's document."""
    return int(passage.date[:4]) if passage.date else None


@lru_cache(512)
def lines_of(passage: Passage) -> tuple[Line, ...]:
    """The lines of a passage in order."""
    spans = sentences(passage.text) or [Span(0, len(passage.text))]
    found: list[Line] = []
    header = _header(passage)
    previous = ""
    for span in spans:
        squeezed = squeeze(span.of(passage.text))
        cells = span.of(passage.text).split("\t")
        labels = header if len(cells) > 1 and len(header) == len(cells) else ()
        found.append(Line(passage, span, squeezed, previous, labels))
        previous = squeezed
    return tuple(found)


def _header(passage: Passage) -> tuple[str, ...]:
    for line in (*passage.lead, passage.text.split("\n", 1)[0]):
        cells = line.split("\t")
        if len(cells) > 1 and not quantities(" ".join(cells[1:])):
            return tuple(squeeze(cell) for cell in cells)
    return ()


@lru_cache(512)
def above(passage: Passage) -> str:
    """What stands above the passage's text, folded without white space."""
    return squeeze("\n".join(passage.above))


@lru_cache(512)
def _table_unit(passage: Passage) -> tuple[Fraction, Unit] | None:
    """The scale and unit that a table's caption gives for all its figures."""
    match = _TABLE_UNIT.search("\n".join((*passage.above, passage.text[:200])))
    if not match:
        return None
    scale, name = Fraction(_SCALES[match[1] or ""]), match[2]
    if name in ("万", "亿"):
        return scale * _SCALES[name], NO_UNIT
    return scale, UNITS[name]


def align(claim: Facts, passages: Sequence[Passage]) -> Alignment:
    """The claim beside the lines of `passages` that it rests on, at most `MOST_LINES`."""
    weights = word_weights(claim)
    wanted = [quantity for clause in claim.clauses for quantity in clause.quantities]
    ranked = _ranked(claim, weights, passages)
    chosen = _chosen(claim, weights, wanted, ranked)
    figures_found = _figures(claim, wanted, chosen, ranked, weights)
    for found in figures_found:
        if found.line is not None and found.line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(found.line)
    missing, far, dated = _dates(claim, chosen, ranked, passages)
    for line in dated:
        if line not in chosen and len(chosen) < MOST_LINES:
            chosen.append(line)
    credit = _credit(weights, chosen, passages)
    return Alignment(
        claim, tuple(chosen), tuple(passages), figures_found, missing, far, credit
    )


def word_weights(claim: Facts) -> dict[str, float]:
    """What each content word of the claim counts: more for a name, less for a single character."""
    names = set(claim.names)
    return {
        word: 1.5 if word in names else 0.5 if len(word) == 1 else 1.0 for word in claim.words
    }


def held(word: str, text: str) -> float:
    """How surely `word` stands in a squeezed text: whole, or shortened or lengthened by rule
    (营业收入 and 营收).

    >>> held("营收", "营业收入增长"), held("营业收入", "营收增长"), held("营收", "利润增长")
    (0.7, 0.7, 0.0)
    """
    if word in text:
        return 1.0
    if len(word) == 2 and word.isalpha() and not word.isascii():
        at = text.find(word[0])
        while at >= 0:
            if word[1] in text[at + 2 : at + 4]:
                return SHORTENED
            at = text.find(word[0], at + 1)
        return 0.0
    if len(word) == 4 and not word.isascii() and word[0] + word[2] in text:
        return SHORTENED
    if len(word) >= 3 and not word.isascii():
        if word[:-1] in text or word[1:] in text:
            return SHORTENED
        return SHORTENED if len(word) == 4 and word[:2] in text and word[2:] in text else 0.0
    return 0.0


def _ranked(
    claim: Facts, weights: dict[str, float], passages: Sequence[Passage]
) -> list[tuple[float, Line]]:
    """The lines that share words or digits with the claim, best first."""
    digits = [
        "".join(c for c in q.text if c.isdigit() or c == ".") for q in _all(claim)
    ]
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
    claim: Facts,
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
            worth += FACT_WEIGHT * sum(_given(q, line) for q in left)
            if worth > gain:
                best, gain = line, worth
        least = 0.0 if not chosen else LINE_GAIN * total
        if best is None or gain < least:
            break
        chosen.append(best)
        pool.remove(best)
        left = [q for q in left if not _given(q, best)]
        for word in weights:
            have[word] = max(have.get(word, 0.0), held(word, best.squeezed))
    return chosen


def line_figures(line: Line) -> tuple[tuple[Quantity, ...], tuple[Period, ...]]:
    """The figures of a line, its periods resolved by the document's year."""
    return figures(line.text, line.year)


def _given(quantity: Quantity, line: Line) -> bool:
    return any(matches(quantity, other, line) for other in line_figures(line)[0])


def matches(said: Quantity, given: Quantity, line: Line | None = None) -> bool:
    """Whether a figure of a sentence is one that a document gives: the same value, the same
    rounded to the digits that the sentence shows, or within the room that 约 and its like leave.
    A bare number of a table has the unit of the table's caption.
    """
    if line is not None and not given.unit.name and said.unit.name:
        unit = _table_unit(line.passage)
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


def _figures(
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
            found.append(best)
    return tuple(found)


def _worth(found: Found) -> float:
    return found.bound - found.crossed - (1.0 if found.period is not None else 0.0)


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
        if not _given(quantity, line):
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


def _bound(
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
    bound += sum(
        weights.get(word, 1.0) * BESIDE
        for word in beside
        if not held(word, own) and held(word, line.before + above(line.passage))
    )
    other = _other_period(period, line, told, at)
    return Found(quantity, line, min(1.0, bound / total), crossed / total, other)


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
        and any(other.comparable(quantity) for other in clause.quantities)
        and not any(matches(quantity, other, line) for other in clause.quantities)
    ]
    if at and told.clauses[at].squeezed[:2] in ("其中", "同比", "环比", "较上"):
        own.append(told.clauses[at - 1].squeezed)
    return "".join(own), rivals


def _other_period(
    period: Period | None, line: Line, told: Facts, at: int
) -> Period | None:
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
    return not (said.part and given.part and said.part != given.part)


def _dates(
    claim: Facts,
    chosen: Sequence[Line],
    ranked: Sequence[tuple[float, Line]],
    passages: Sequence[Passage],
) -> tuple[tuple[Period, ...], int, list[Line]]:
    """The periods of the claim that no line gives, how many stand only far from the chosen ones,
    and the lines that give those."""
    missing: list[Period] = []
    far = 0
    dated: list[Line] = []
    for period in (period for clause in claim.clauses for period in clause.periods):
        if any(_dated(period, line) for line in chosen) or _dated_above(period, passages):
            continue
        place = next(
            (line for passage in passages for line in lines_of(passage) if _dated(period, line)),
            None,
        )
        if place is None:
            missing.append(period)
        else:
            far += 1
            dated.append(place)
    return tuple(missing), far, dated


def _dated(period: Period, line: Line) -> bool:
    """Whether a line gives a period, its year taken from above it where it leaves that out."""
    found = line_figures(line)[1]
    if not found:
        return False
    ends = [end for one in found for end in (one, one.to) if end is not None]
    years = frozenset(end.year for end in ends if end.year is not None) | years_above(line.passage)
    own = (period,) if period.to is None else (period, period.to)
    return all(
        any(_part_of(one, end, years) and agree(one, end, line) for end in ends)
        or (one.month is None and one.part is None and one.day is None and one.year in years)
        for one in own
    )


def _part_of(said: Period, given: Period, years: frozenset[int]) -> bool:
    """Whether `given` names what `said` does; a month left out beside a day may be the date's."""
    year = said.year is None or said.year == given.year or (given.year is None and said.year in years)
    month = said.month is None or said.month == given.month or (
        given.month is None and given.day is not None
    )
    day = said.day is None or said.day == given.day
    part = said.part is None or said.part == given.part
    relative = said.year is not None or said.relative is None or said.relative == given.relative
    return year and month and day and part and relative


@lru_cache(512)
def years_above(passage: Passage) -> frozenset[int]:
    """The years of a passage's date, title and headings."""
    found = {p.year for p in figures("\n".join(passage.above))[1] if p.year is not None}
    found |= {
        int(match) for match in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", passage.title)
    }
    year = year_of(passage)
    return frozenset(found | ({year} if year is not None else set()))


def _dated_above(period: Period, passages: Sequence[Passage]) -> bool:
    for passage in passages:
        given = figures("\n".join(passage.above) + "\n" + (passage.date or ""), year_of(passage))[1]
        years = years_above(passage)
        if any(_part_of(period, one, years) for one in given if one.year is not None):
            return True
        if period.month is None and period.part is None and period.year in years:
            return True
        if period.year is None and period.relative is None and period.month is None and not period.day:
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
    """The clause of the lines that shares most pairs of characters with `clause`, and the share
    of its pairs that it has."""
    own = pairs(clause.squeezed)
    best: tuple[float, Clause | None, Line | None] = (0.0, None, None)
    if not own:
        return best
    for line in lines:
        for other in facts(line.text, line.year).clauses:
            share = len(own & pairs(other.squeezed)) / len(own)
            if share > best[0]:
                best = (share, other, line)
    return best


@lru_cache(8192)
def pairs(squeezed: str) -> frozenset[str]:
    """The pairs of adjacent letters of a squeezed text."""
    return frozenset(
        pair for i in range(len(squeezed) - 1) if (pair := squeezed[i : i + 2]).isalpha()
    )
