"""What a question takes for granted and the passages say otherwise: what is spoken of, a rise or a
fall, a number, who holds an office, the year. By rule, and only where the contradiction is plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.answering.evidence import Evidence, years_of
from rag.answering.query import Query
from rag.answering.scope import surely_named
from rag.text.fold import fold, squeeze
from rag.text.quantities import NO_UNIT, Quantity, UnitClass
from rag.text.segment import tagged
from rag.text.values import DOWN, UP, values
from rag.types import Remark, RemarkKind

# A sentence speaks of what is asked about when it covers this share of the question's weight,
# what stands above it and beside it included.
COVERED = 0.15
# Sentences that are looked at, best first.
LOOKED_AT = 3
# Characters before a word of direction in which its subject stands; the last ones of a question's.
BEFORE, SUBJECT = 25, 5
# Characters on each side of a number that say what it is the number of.
BESIDE = 6
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
    near = [one for one in ranked[:LOOKED_AT] if one.covered >= COVERED]
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
    pairs = _pairs(subject[-SUBJECT:])
    found: tuple[Remark, Evidence] | None = None
    for one in near:
        for other, its, about in _moves(fold(one.text)):
            if not pairs & _pairs(about):
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


def _pairs(text: str) -> frozenset[str]:
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
    return _pairs(text[max(0, at - BESIDE) : at]) | _pairs(text[end : end + BESIDE])


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
