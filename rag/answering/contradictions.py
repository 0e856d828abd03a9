"""What a sentence says otherwise than its lines: a figure, date or quoted term that is not there, a
figure of something else, a rise for a fall, a negation, more surely or of more than they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.answering.alignment import Alignment, best_clause
from rag.answering.binding import Found, agree, matches
from rag.answering.computed import computed
from rag.answering.facts import (
    ANTONYMS,
    CERTAIN,
    DONE,
    DOWN,
    HEDGES,
    LIMITS,
    NEGATIONS,
    PLANNED,
    UNIVERSAL,
    UP,
    Clause,
    facts,
)
from rag.answering.lines import pairs, whole
from rag.answering.wording import FEATURES, in_line, of_another
from rag.retrieval.asked import ordinals_in
from rag.text.quantities import Quantity, UnitClass
from rag.text.values import negated
from rag.types import Remark, RemarkKind

# Clauses share so many of their pairs of characters when one is held against the other.
ALIKE = 0.5
OVERSTATED, NEARLY = 0.4, 0.8
# A clause of fewer pairs of characters may be held by chance.
LEAST_HELD = 5
# Of so many things a sentence may give its own count.
FEW = 10
# What turns the meaning of a clause though its words are found, and how alike the clauses must be.
# Each is met by at most 1% of the unaltered sentences of `training.verdict` that are supported.
_SHIFTS = (
    ("negation_added", 0.7, RemarkKind.NEGATED),
    ("negation_gone", 0.5, RemarkKind.NEGATED),
    ("hedge_dropped", 0.7, RemarkKind.CERTAINTY),
    ("certain_added", 0.4, RemarkKind.CERTAINTY),
    ("planned_as_done", 0.4, RemarkKind.CERTAINTY),
    ("limit_dropped", 0.7, RemarkKind.SCOPE),
    ("universal_added", 0.5, RemarkKind.SCOPE),
)


def failures(found: Alignment) -> Iterator[Remark]:
    """The facts of a claim that its lines do not give, or give otherwise."""
    for term in found.claim.quoted:
        if not _quoted(term, found):
            yield Remark(RemarkKind.QUOTED, (term,))
    for one in found.figures:
        if one.line is None and not (
            (_counted(one.quantity) and one.rival is None)
            or _elapsed(found, one.quantity)
            or _computed(found, one.quantity)
        ):
            yield _other_figure(found, one)
        elif one.line is not None and one.rival is not None:
            yield Remark(RemarkKind.NUMBER, (one.quantity.text, one.rival.text))
        elif one.period is not None:
            yield Remark(RemarkKind.DATE, (one.quantity.text, one.period.text))
    yield from _numbered(found)
    for period in found.missing_dates:
        yield Remark(RemarkKind.DATE, (period.text,))
    if any(_turned(found, number) for number in range(len(found.claim.clauses))):
        yield Remark(RemarkKind.DIRECTION)
    word = _negated(found)
    if word:
        yield Remark(RemarkKind.NEGATION, (word,))
    yield from _redated(found)
    if _denied(found):
        yield Remark(RemarkKind.NEGATED)
    kind = _overstated(found)
    if kind is not None:
        yield Remark(kind)


def _numbered(found: Alignment) -> Iterator[Remark]:
    """What tells one of a row from the others (1号线) where the lines give the clause's figure of
    another of that row alone."""
    for clause in found.claim.clauses:
        own = ordinals_in(clause.squeezed)
        for one in found.figures if own else ():
            if one.line is None or one.quantity not in clause.quantities:
                continue
            theirs = list(_numbers_beside(one))
            for ordinal in sorted(own):
                measure = ordinal.lstrip("0123456789")
                rows = [{o for o in row if o.endswith(measure)} for row in theirs]
                if rows and all(row and ordinal not in row for row in rows):
                    yield Remark(RemarkKind.NAME, (ordinal,))


def _numbers_beside(one: Found) -> Iterator[frozenset[str]]:
    """For each clause of its line that gives a figure: which of a row the clause speaks of, by
    itself or by the clauses before it."""
    if one.line is None:
        return
    spoken = ordinals_in(one.line.before)
    for clause in facts(one.line.text, one.line.year).clauses:
        spoken = ordinals_in(clause.squeezed) or spoken
        if any(matches(one.quantity, other, one.line) for other in clause.quantities):
            yield spoken


def _redated(found: Alignment) -> Iterator[Remark]:
    """Years of a clause for which the aligned clause gives another year."""
    for clause in found.claim.clauses:
        own = [period for period in clause.periods if period.year is not None]
        if not own:
            continue
        for other, surely in aligned(found, clause):
            theirs = [period for period in other.periods if period.year is not None]
            if surely and theirs and not any(agree(a, b) for a in own for b in theirs):
                yield Remark(RemarkKind.DATE, (own[0].text, theirs[0].text))
                return


def _denied(found: Alignment) -> bool:
    """Whether a clause is nearly the one of a line but for a negation."""
    for clause in found.claim.clauses:
        share, other, _ = best_clause(clause, found.lines)
        if other is None or share < NEARLY:
            continue
        if bool(NEGATIONS.search(clause.squeezed)) != bool(NEGATIONS.search(other.squeezed)):
            return True
    return any(_holds_denied(clause, found) for clause in found.claim.clauses)


def _holds_denied(clause: Clause, found: Alignment) -> bool:
    """Whether a clause without a negation holds nearly all of one of the lines that has one."""
    if NEGATIONS.search(clause.squeezed):
        return False
    own = pairs(clause.squeezed)
    for line in found.lines:
        for other in facts(line.text, line.year).clauses:
            said = NEGATIONS.sub("\0", other.squeezed)
            theirs = pairs(said)
            denied = said != other.squeezed and len(theirs) >= LEAST_HELD
            if denied and len(own & theirs) >= NEARLY * len(theirs):
                return True
    return False


def _overstated(found: Alignment) -> RemarkKind | None:
    """What a clause says as done that its aligned clause says as planned, as sure what may be, or
    of all what holds of some."""
    for clause in found.claim.clauses:
        share, other, _ = best_clause(clause, found.lines)
        if other is None or share < OVERSTATED:
            continue
        own, theirs = clause.squeezed, other.squeezed
        if _instead(DONE, PLANNED, own, theirs) or _instead(CERTAIN, HEDGES, own, theirs):
            return RemarkKind.CERTAINTY
        if _instead(UNIVERSAL, LIMITS, own, theirs):
            return RemarkKind.SCOPE
    return None


def _instead(said: re.Pattern[str], there: re.Pattern[str], own: str, theirs: str) -> bool:
    """Whether one side alone has words of the one kind, the other alone those of the other."""
    return (
        said.search(own) is not None
        and there.search(own) is None
        and there.search(theirs) is not None
        and said.search(theirs) is None
    )


def _counted(quantity: Quantity) -> bool:
    """Whether a figure may be the sentence's own count of a few things."""
    return (
        quantity.unit.measures is UnitClass.COUNT
        and not quantity.is_range
        and 1 < quantity.low <= FEW
        and quantity.step == 1
    )


def _elapsed(found: Alignment, quantity: Quantity) -> bool:
    """Whether a figure is the time between two years that the lines or the sentence name."""
    if quantity.unit.base != "个月" or quantity.is_range:
        return False
    periods = [p for line in found.lines for p in facts(line.text, line.year).periods]
    periods += found.claim.periods
    years = sorted({p.year for p in periods if p.year is not None})
    wanted = quantity.low * quantity.unit.size / 12
    return any(abs(b - a - wanted) <= quantity.step for a in years for b in years if b > a)


def _computed(found: Alignment, quantity: Quantity) -> bool:
    return bool(computed(quantity, found.claim.squeezed, found.lines))


def _other_figure(found: Alignment, one: Found) -> Remark:
    """What the lines give in the place of a figure, where they give one of the kind."""
    quantity = one.quantity
    if one.rival is not None:
        return Remark(RemarkKind.NUMBER, (quantity.text, one.rival.text))
    clause = next(c for c in found.claim.clauses if quantity in c.quantities)
    _, other, _ = best_clause(clause, found.lines)
    for given in other.quantities if other is not None else ():
        if given.unit.base == quantity.unit.base and given.unit.base:
            return Remark(RemarkKind.NUMBER, (quantity.text, given.text))
    return Remark(RemarkKind.NUMBER, (quantity.text,))


def _quoted(term: str, found: Alignment) -> bool:
    return any(term in whole(passage) for passage in found.passages)


def sides(text: str) -> frozenset[str]:
    """`up` and `down`, as far as a squeezed text speaks of a rise or a fall."""
    return frozenset(
        side for side, form in (("up", UP), ("down", DOWN)) if form.search(text) is not None
    )


def _turned(found: Alignment, number: int) -> bool:
    """Whether a clause says the contrary of what the aligned clause says: a rise for a fall, or one
    word of a pair of contraries for the other."""
    clause = found.claim.clauses[number]
    own = sides(clause.squeezed)
    for other, surely in aligned(found, clause):
        if len(own) == 1:
            theirs = sides(other.squeezed)
            if len(theirs) == 1 and theirs != own and surely:
                return True
        if surely and _contrary(clause.squeezed, other.squeezed):
            return True
    return False


def _contrary(own: str, other: str) -> bool:
    return any(
        (a in own and b not in own and b in other and a not in other)
        or (b in own and a not in own and a in other and b not in other)
        for a, b in ANTONYMS
    )


def aligned(found: Alignment, clause: Clause) -> Iterator[tuple[Clause, bool]]:
    """The clauses of the lines that a clause is held against, and whether that is sure: those
    that give its figures, else the one that is most alike."""
    given = False
    for one in found.figures:
        if one.line is not None and one.quantity in clause.quantities:
            for other in facts(one.line.text, one.line.year).clauses:
                if any(matches(one.quantity, q, one.line) for q in other.quantities):
                    given = True
                    yield other, True
    if given:
        return
    share, other_clause, _ = best_clause(clause, found.lines)
    if other_clause is not None:
        yield other_clause, share >= ALIKE


def _negated(found: Alignment) -> str | None:
    """A content word that stands negated in the claim or in the aligned clause alone."""
    for clause in found.claim.clauses:
        for other, surely in aligned(found, clause):
            if not surely:
                continue
            for word in clause.verbs:
                if len(word) < 2:
                    continue
                own, theirs = negated(clause.squeezed, word), negated(other.squeezed, word)
                if len(own) == 1 and len(theirs) == 1 and own != theirs:
                    return word
    return None


def shifted(found: Alignment, features: tuple[float, ...]) -> Remark | None:
    """What a sentence says otherwise than its lines though its words stand there: of somebody
    else, negated, more surely, or of more."""
    named = dict(zip(FEATURES, features, strict=True))
    missing = [name for name in found.claim.names if in_line(name, found) == 0]
    instead = missing or of_another(found)
    if instead:
        return Remark(RemarkKind.NAME, tuple(instead))
    for name, least, kind in _SHIFTS:
        if named[name] >= least:
            return Remark(kind)
    return None
