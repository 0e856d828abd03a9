"""What passages say otherwise than each other, or than the question takes for granted.

What a question takes for granted and the passages say otherwise: what is spoken of, a rise or a
fall, a number, who holds an office, the year. By rule, and only where the contradiction is plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from rag.retrieval.entities import AnswerCandidate, candidates, surely_named
from rag.retrieval.evidence import Evidence, years_of
from rag.retrieval.query import AnswerKind, Query, Weights, terms_of
from rag.text.normalize import fold, squeeze
from rag.text.quantities import DOWN, NO_UNIT, UP, Period, Quantity, UnitClass, figures, values
from rag.text.segment import proper_names, tagged
from rag.types import Passage, Remark, RemarkKind

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
_COPIES = frozenset((AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.OTHER))
_TEXTS_KEPT = 1024
# How many of the question's words, the nearest ones, a candidate's distance is taken to.
_NEAREST = 3
_Figures = tuple[tuple[Quantity, ...], tuple[Period, ...]]
_DIGITS = re.compile(r"[0-9０-９][0-9０-９.,，．]*")


@dataclass(frozen=True, slots=True)
class Variant:
    """A figure that answers the question, as it is written, and its sentence."""

    figure: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Figure:
    """What a sentence gives for what is asked: as it is written, its value, its neighbours."""

    text: str
    value: Quantity
    beside: frozenset[str]


def disagreement(query: Query, weights: Weights, ranked: Sequence[Evidence]) -> tuple[Variant, ...]:
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
    if query.kind is not AnswerKind.NUMBER:
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
    return tuple(Variant(f.text, e) for e, f in found) if len(found) > 1 else ()


def _altered(best: Evidence, ranked: Sequence[Evidence]) -> tuple[Variant, ...]:
    """A sentence and a copy of it in another passage that differs in one figure or date alone."""
    for other in ranked[:LOOKED_AT]:
        if other.passage.rank != best.passage.rank and _copied(best.text, other.text):
            pair = _one_difference(figures(best.text), figures(other.text))
            if pair is not None:
                return Variant(pair[0], best), Variant(pair[1], other)
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


def _distance(evidence: Evidence, candidate: AnswerCandidate) -> float:
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


# A sentence speaks of what is asked about when it covers this share of the question's weight,
# what stands above it and beside it included.
COVERED = 0.15
# Sentences that are looked at, best first.
PREMISES_LOOKED_AT = 3
# Characters before a word of direction in which its subject stands; the last ones of a question's.
BEFORE, SUBJECT = 25, 5
# Characters on each side of a number that say what it is the number of.
NEAR = 6
# What stands between a subject and its rise or fall.
_FILLING = re.compile(
    r"为什么|为何|为啥|怎么会?|怎样|同比|环比|比上年|较上年|大幅|小幅|明显|持续|有所|[的会还都又也将]"
)
# Words of a rise or fall in a question that ask which of the two it was presuppose neither.
_OPEN = re.compile(
    r"还是|是否|有没有|吗[？?]?$|涨跌|升降|增减|涨幅|增幅|跌幅|降幅|怎么样|如何|几倍"
)
_NEGATED = re.compile(
    r"[不未没无].{0,2}$|止$|由.{0,3}$|从.{0,3}$|转$|扭$|收窄$|抑制$|遏制$|避免$|防止$"
)
_OFFICE = (
    r"董事长|总经理|总裁|首席执行官|行长|校长|院长|主任|市长|省长|县长|书记|部长|局长|会长|馆长|馆主|站长|所长|厂长|船长"
    r"|主席|总统|总理|首相|主编|教练|导演|创始人"
)
_HELD = re.compile(rf"(?:{_OFFICE})$")


def contradictions(query: Query, ranked: Sequence[Evidence]) -> list[tuple[Remark, Evidence]]:
    """What is to be told, and the sentence that contradicts; empty where all agrees. `ranked` are
    the sentences of the best passages, best first."""
    near = [one for one in ranked[:PREMISES_LOOKED_AT] if one.covered >= COVERED]
    if not near:
        return []
    told = (
        _name(query, near),
        _year(query, near),
        _direction(query, near),
        _number(query, ranked, near),
        _holder(query, ranked, near),
    )
    return [one for one in told if one is not None]


def _told(kind: RemarkKind, values: tuple[str, ...], by: Evidence) -> tuple[Remark, Evidence]:
    return Remark(kind, values, by.passage.rank), by


def _name(query: Query, near: Sequence[Evidence]) -> tuple[Remark, Evidence] | None:
    """Nothing of what the question names stands where the best sentence stands."""
    names = surely_named(query.text)
    if not names or near[0].bound:
        return None
    return _told(RemarkKind.ASKED_NAME, names, near[0])


def _year(query: Query, near: Sequence[Evidence]) -> tuple[Remark, Evidence] | None:
    """The best sentences name years, and none of them the one that is asked about."""
    asked = years_of(query.text, None)
    named = [years_of(one.text, one.passage.date) for one in near]
    around = {
        year
        for one in near
        for year in years_of(" ".join((*one.passage.above, one.passage.text)), one.passage.date)
    }
    dates = {int(one.passage.date[:4]) for one in near if one.passage.date}
    if not asked or not named[0] or asked & (around | dates):
        return None
    years = tuple("/".join(map(str, sorted(one))) for one in (asked, named[0]))
    return _told(RemarkKind.ASKED_YEAR, years, near[0])


def _direction(query: Query, near: Sequence[Evidence]) -> tuple[Remark, Evidence] | None:
    """The question speaks of a fall and a sentence of a rise of the same thing, or the other way
    round, and no sentence agrees with it."""
    asked = _moves(fold(query.text))
    if len(asked) != 1 or _OPEN.search(query.text):
        return None
    (side, word, subject) = asked[0]
    pairs = _premise_pairs(subject[-SUBJECT:])
    found: tuple[Remark, Evidence] | None = None
    for one in near:
        for other, its, about in _moves(fold(one.text)):
            if not pairs & _premise_pairs(about):
                continue
            if other == side:
                return None
            found = found or _told(RemarkKind.ASKED_DIRECTION, (word, its), one)
    return found


def _moves(folded: str) -> list[tuple[str, str, str]]:
    """The rises and falls that a text speaks of: side, word, and what stands before it, from the
    one before or the last full stop on; negated ones left out."""
    words = sorted(
        (match.start(), side, match.group())
        for side, form in (("up", UP), ("down", DOWN))
        for match in form.finditer(folded)
    )
    found = []
    start = 0
    for at, side, word in words:
        before = _FILLING.sub("", folded[max(start, at - BEFORE) : at])
        if not _NEGATED.search(folded[max(0, at - 4) : at]):
            found.append((side, word, before))
        start = at + len(word)
    return found


def _premise_pairs(text: str) -> frozenset[str]:
    """Adjacent pairs of Chinese characters of a text."""
    return frozenset(pair for i in range(len(text) - 1) if (pair := text[i : i + 2]).isalpha())


def _number(
    query: Query, ranked: Sequence[Evidence], near: Sequence[Evidence]
) -> tuple[Remark, Evidence] | None:
    """The question states a figure that no passage has, and the best sentence another one of the
    same measure for the same thing."""
    asked = squeeze(query.text)
    for number in values(query.text).numbers:
        known = {one.passage.rank: one.passage.text for one in ranked}.values()
        if number.unit is NO_UNIT or any(
            number.same(o) for text in known for o in values(text).numbers
        ):
            continue
        own = _beside(asked, number)
        best = near[0]
        likeness = [
            (len(own & _beside(squeeze(best.text), other)), other)
            for other in values(best.text).numbers
            if other.unit.base == number.unit.base
            and (other.unit.measures is not UnitClass.COUNT or other.text[-1] == number.text[-1])
        ]
        most = max((score for score, _ in likeness), default=0)
        like = [other for score, other in likeness if score == most]
        if most and len(like) == 1:
            return _told(RemarkKind.ASKED_NUMBER, (number.text, like[0].text), best)
    return None


def _beside(text: str, number: Quantity) -> frozenset[str]:
    """The pairs of characters that stand next to a number, on both sides."""
    written = squeeze(number.text)
    at = text.find(written)
    if at < 0:
        return frozenset()
    end = at + len(written)
    return _premise_pairs(text[max(0, at - NEAR) : at]) | _premise_pairs(text[end : end + NEAR])


def _holder(
    query: Query, ranked: Sequence[Evidence], near: Sequence[Evidence]
) -> tuple[Remark, Evidence] | None:
    """The question names someone in an office, and the passages someone else."""
    for office, name in _held(query.text):
        if any(name in squeeze(one.passage.text) for one in ranked):
            continue
        for one in near:
            others = {other for title, other in _held(one.text) if title == office}
            if len(others) == 1:
                return _told(RemarkKind.ASKED_HOLDER, (office, name, others.pop()), one)
    return None


def _held(text: str) -> list[tuple[str, str]]:
    """Offices in a text with the person named right after them."""
    pairs = pairwise(tagged(text))
    people = (
        (_HELD.search(word), name)
        for (word, _), (name, tag) in pairs
        if tag.startswith("nr") and len(name) > 1
    )
    return [(office[0], fold(name)) for office, name in people if office]
