"""Figures of a sentence and of its lines: the same, or computed from them.

A figure is found where a line gives the same value of what the sentence gives it of: beside the
same words, of the same period, in the same column. What no line gives may follow from figures
that lines give: sums, differences, means, ranks, shares, growth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise, permutations

from rag.answering.statements import (
    ASIDE,
    BESIDE,
    LOOKED_AT,
    Clause,
    PassageLine,
    Statements,
    above,
    cell_unit,
    facts,
    held,
    line_figures,
    lines_of,
    month_of,
    periods_of_label,
    runs_of,
)
from rag.text.normalize import squeeze
from rag.text.numbers import UNITS, Unit, UnitClass
from rag.text.quantities import Hedge, Period, Quantity, figures, months
from rag.types import Passage

# Room that 约 and its like leave, as a share of the value, and the largest that rounding may take.
ABOUT, OVER, UNDER, ROUNDED = (Fraction(1, 20), Fraction(1, 4), Fraction(1, 8), Fraction(1, 20))
# A figure belongs to the words at its side. Where another figure of the kind has them and the
# matched one does not, by this much, the sentence gives the figure of something else.
RIVAL, LEAST_RIVAL = 0.4, 0.5
# What a word counts that is said before a row of figures, for one of them.
LED = 0.5
# Share of a figure's words beside another one, by which that one stands in its place.
TOLD_OF = 0.5
_TURN_ONLY = re.compile(
    "(?:同比|环比|较?(?:上年|上年同期|去年同期)|分别|则|略|也|均|增长|下降|增加|减少|上升|提高|提升|上涨|下跌|降低"
    "|回落|了|约|为){0,12}"
)
SIDE = 14
# Share of the words beside a figure that stand beside it in its line, by which it is no other's.
SURELY = 0.95
_SIDE_MARK = re.compile("[，。；！？：、（）()\n\t]|,|其中")
_SAYS_NOTHING = re.compile(
    "达到|达|为|是|有|共|约|的|了|至|到|仅|超过?|近|和|与|并|均|也|已|则|高达|只有|需|分别|以上|左右|多"
)
OTHER_PERIOD = 0.3
_THAN = re.compile("(?:比|较|相比|对比|than)\\s?(?:于|in\\s)?$")


@dataclass(frozen=True, slots=True)
class BoundFigure:
    """A quantity of the claim and where it is given: the line and the figure there, or neither;
    `bound` is the share of the words beside it that stand beside it there, `crossed` that of
    those that stand beside another figure there."""

    quantity: Quantity
    line: PassageLine | None
    bound: float = 0.0
    crossed: float = 0.0
    rival: Quantity | None = None  # another figure that stands beside the claim's words instead
    period: Period | None = None  # another period than the claim's, of which the line gives it


def given(quantity: Quantity, line: PassageLine) -> bool:
    """Whether a line gives a figure; of a range it may give both ends apart, as they are."""
    there = line_figures(line)[0]
    if any(matches(quantity, other, line) for other in there):
        return True
    ends = (
        replace(quantity, low=end, high=end, hedge=Hedge.EXACT)
        for end in (quantity.low, quantity.high)
    )
    return quantity.is_range and all(
        any(matches(end, other, line) for other in there) for end in ends
    )


def matches(said: Quantity, given: Quantity, line: PassageLine | None = None) -> bool:
    """Whether a figure of a sentence is one that a document gives: the same value, the same
    rounded to the digits that the sentence shows, or within the room that 约 and its like leave.
    A bare number of a table has the unit of the table's caption. A loss or fall may be written with
    a minus or in words: `contradictions` sees to that.
    """
    if (said.low < 0) != (given.low < 0):
        given = replace(given, low=-given.high, high=-given.low)
    if line is not None and not given.unit.name and said.unit.name:
        unit = cell_unit(line, line.text[: given.span.start].count("\t"))
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
    if _fineness(value, step) <= _fineness(other, given.step * _size(given, said)):
        return False  # 约49% for 47%: what is rounded has fewer digits
    if said.hedge is Hedge.ABOUT:
        return abs(off) <= max(ABOUT * room, step / 2 if abs(off) <= OVER * room else Fraction(0))
    if said.hedge is Hedge.OVER:
        return 0 <= off <= OVER / 2 * room or (0 <= off < step and off <= OVER * room)
    if said.hedge is Hedge.UNDER:
        return -UNDER * room <= off <= 0
    return False


def _size(one: Quantity, other: Quantity) -> Fraction:
    return one.unit.size if other.unit.base else Fraction(1)


def _fineness(value: Fraction, step: Fraction) -> Fraction:
    """What the last digit of a value that is no zero counts, five times that where it is a five: a
    step of its rounding. A value that is no multiple of `step` (a third) is not taken as fine.

    >>> [int(_fineness(Fraction(v), Fraction(1))) for v in (1800, 1757, 450)]
    [100, 1, 50]
    """
    if not step:
        return Fraction(0)
    if (value / step).denominator > 1:
        return abs(value)
    while value and (value / (10 * step)).denominator == 1:
        step *= 10
    return 5 * step if value and (value / (5 * step)).denominator == 1 else step


def find_figures(
    claim: Statements,
    wanted: Sequence[Quantity],
    chosen: Sequence[PassageLine],
    ranked: Sequence[tuple[float, PassageLine]],
    weights: dict[str, float],
) -> tuple[BoundFigure, ...]:
    """For each quantity of the claim the place that gives it of the same thing."""
    if not wanted:
        return ()
    others = [line for _, line in ranked if line not in chosen]
    found: list[BoundFigure] = []
    for number, clause in enumerate(claim.clauses):
        beside = _beside(claim, number)
        for quantity in clause.quantities:
            period = _period_of(claim, number, quantity)
            places = [_best(quantity, beside, period, lines, weights) for lines in (chosen, others)]
            best = places[0] or places[1] or BoundFigure(quantity, None)
            if places[0] and places[1] and _worth(places[1]) > _worth(places[0]) + 0.3:
                best = places[1]
            lines = [*chosen, *others][:LOOKED_AT]
            surely = best.line is not None and best.bound >= SURELY and best.period is None
            rival = None if surely else _rival(quantity, number, claim, lines, weights)
            found.append(replace(best, rival=rival))
    return tuple(found)


def _rival(
    quantity: Quantity,
    number: int,
    claim: Statements,
    lines: Sequence[PassageLine],
    weights: dict[str, float],
) -> Quantity | None:
    """The figure of the kind of `quantity`, with another value, that the lines give of what the
    claim gives `quantity` of, while they give its value of something else or not at all; None if
    there is none."""
    if quantity.is_range or quantity.unit.measures is UnitClass.ORDINAL:
        return None
    wanted = _key_words(quantity, number, claim)
    # What a row of a table is of stands in its first cell: in a sentence, in the clauses before.
    before = (w for clause in claim.clauses[:number] for w in clause.words if _tells(w))
    in_rows = tuple(dict.fromkeys((*wanted, *before)))
    if not in_rows:
        return None
    matched: list[Keyed] = []
    rivals: list[Keyed] = []
    for line in lines:
        for one in keyed(line):
            if matches(quantity, one.quantity, line):
                matched.append(one)
            elif one.unit.name and _one_kind(one.unit, quantity.unit):
                rivals.append(one)
    framed = _framed(quantity, claim.clauses[number], lines)
    if framed is not None or _pinned(quantity, claim, number, lines):
        return framed
    if not matched and wanted:
        told = [(_share(wanted, one.told, weights), one.quantity) for one in rivals]
        most, rival = max(told, key=lambda one: one[0], default=(0.0, quantity))
        return rival if most >= TOLD_OF else None
    for one in rivals:
        if matched and all(
            _nearer(in_rows if one.label and own.label else wanted, weights, one, own)
            for own in matched
        ):
            said = any(_word_for_word(claim, number, line) for line in lines)
            return None if said else one.quantity
    return None


def _framed(quantity: Quantity, clause: Clause, lines: Sequence[PassageLine]) -> Quantity | None:
    """Another figure that stands where a clause has `quantity`, in a clause that is the same but
    for its figures; None where there is none, or one such clause has the figure, too."""
    frame, place, found = _frame(clause), clause.quantities.index(quantity), None
    for line in lines:
        for other in facts(line.text, line.year).clauses:
            if len(other.quantities) == len(clause.quantities) and _frame(other) == frame:
                if matches(quantity, other.quantities[place], line):
                    return None
                found = other.quantities[place]
    return found if len(frame) >= LEAST_FRAME else None


LEAST_FRAME = 4
"""Characters of a clause beside its figures by which it is another one's twin."""


def _pinned(
    quantity: Quantity, claim: Statements, number: int, lines: Sequence[PassageLine]
) -> bool:
    """Whether a line says itself whose the figure is: it gives it beside another figure of the
    claim's clause, in one clause or row, or in the one row whose label the claim has."""
    others = [one for one in claim.clauses[number].quantities if one is not quantity]
    for line in lines:
        if "\t" in line.text:
            row, label = line_figures(line)[0], squeeze(line.text.partition("\t")[0])
            groups = [row]
            own = len(label) > 1 and label in claim.squeezed
            if own and any(matches(quantity, one, line) for one in row):
                return True
        else:
            groups = [clause.quantities for clause in facts(line.text, line.year).clauses]
        for group in groups:
            if any(matches(quantity, one, line) for one in group) and any(
                matches(other, one, line) for other in others for one in group
            ):
                return True
    return False


def _word_for_word(claim: Statements, number: int, line: PassageLine) -> bool:
    """Whether a line has a clause of the claim behind the same clause as the claim, both word for
    word and with the same figures, however they are written."""
    own = claim.clauses[max(0, number - 1) : number + 1]
    theirs = facts(line.text, line.year).clauses
    return any(
        all(
            _frame(mine) == _frame(other)
            and len(mine.quantities) == len(other.quantities)
            and all(map(matches, mine.quantities, other.quantities))
            for mine, other in zip(own, theirs[at:], strict=False)
        )
        for at in range(len(theirs) - len(own) + 1)
    )


def _frame(clause: Clause) -> str:
    """A clause without its figures."""
    text = clause.text
    for quantity in sorted(clause.quantities, key=lambda one: -one.span.start):
        text = text[: quantity.span.start] + "\0" + text[quantity.span.end :]
    return squeeze(text)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A figure of a line with its unit there, the text that says of what it is, and what that text
    continues where it names nothing by itself (同比增长). `scale` and `label` are those of its
    column in a table; None where the figure has its unit beside it. `lead` is what is said before
    the row of figures that it stands in, which is said of it less surely."""

    quantity: Quantity
    unit: Unit
    own: str
    wide: str
    scale: Fraction | None = None
    label: str = ""
    lead: str = ""

    @property
    def told(self) -> str:
        """The text that says of what the figure is: `own`, with what that continues where it names
        nothing."""
        return self.wide if _names_nothing(self.own) else self.own


def _nearer(wanted: Sequence[str], weights: dict[str, float], rival: Keyed, own: Keyed) -> bool:
    """Whether the words that tell two figures apart stand with the rival, not with the other."""
    mine, theirs = own.own, rival.own
    if mine == theirs:
        mine, theirs = own.wide, rival.wide
    for_rival = for_own = 0.0
    for word in wanted:
        here = max(held(word, mine), LED * held(word, own.lead))
        there = max(held(word, theirs), LED * held(word, rival.lead))
        for_own += weights.get(word, 1.0) * max(0.0, here - there)
        for_rival += weights.get(word, 1.0) * max(0.0, there - here)
    return for_rival >= LEAST_RIVAL and for_rival - for_own >= RIVAL * (for_rival + for_own)


def _key_words(quantity: Quantity, number: int, claim: Statements) -> tuple[str, ...]:
    """The content words that say of what the claim gives a figure: those beside it, with none those
    of the clauses before."""
    clause = claim.clauses[number]
    paired = dict(_paired(clause.text, clause.quantities))
    keys = {one: own + before for one, own, before in figure_words(clause.text, clause.quantities)}
    key = paired.get(quantity) or keys.get(quantity, "")
    words = tuple(w for w in clause.words if _tells(w) and w in key)
    if quantity in paired:
        return words
    for before in reversed(claim.clauses[:number]):
        if words or before.quantities:
            break
        words = tuple(w for w in before.words if _tells(w))
    return words


def _tells(word: str) -> bool:
    return (len(word) > 1 or word.isascii()) and _SAYS_NOTHING.fullmatch(word) is None


@lru_cache(4096)
def keyed(line: PassageLine) -> tuple[Keyed, ...]:
    """The figures of a line, each with what it is a figure of."""
    quantities = line_figures(line)[0]
    if "\t" in line.text:
        cells = line.text.split("\t")
        row = "".join(squeeze(cell) for cell in cells if not figures(cell)[0])
        found = []
        for one in quantities:
            at = line.text[: one.span.start].count("\t")
            label = line.labels[at] if at < len(line.labels) else ""
            scale, unit = (None if one.unit.name else cell_unit(line, at)) or (None, one.unit)
            found.append(Keyed(one, unit, row + label, row + label, scale, label))
        return tuple(found)
    found = []
    wide = squeeze(line.before)
    for one, own, before_row in figure_words(line.text, quantities):
        key, lead = squeeze(own), squeeze(before_row)
        if _names_nothing(key):
            found.append(Keyed(one, one.unit, key, key + wide, lead=lead + wide))
            continue
        found.append(Keyed(one, one.unit, key, key + wide, lead=lead))
        if _SAYS_NOTHING.sub("", key):
            wide = key
    return tuple(found)


def _names_nothing(key: str) -> bool:
    return _TURN_ONLY.fullmatch(key) is not None or not _SAYS_NOTHING.sub("", key)


def figure_words(text: str, quantities: Sequence[Quantity]) -> Iterator[tuple[Quantity, str, str]]:
    """Each figure of a text with the words beside it, as far as the next figure or mark, and those
    before the row that it stands in; where 分别 parts two rows, with the member of the first row
    that it belongs to."""
    paired = dict(_paired(text, quantities))
    leading = ""
    for quantity in quantities:
        start, end = quantity.span.start, quantity.span.end
        left = max((q.span.end for q in quantities if q.span.end <= start), default=0)
        right = min((q.span.start for q in quantities if q.span.start >= end), default=len(text))
        said = ASIDE.sub("", text[left:start])
        before = [part for part in _SIDE_MARK.split(said) if part.strip()]
        after = _SIDE_MARK.split(text[end : min(right, end + SIDE)])[0]
        own = "".join(before[-1:]) + after
        if not _IN_A_ROW.match(said):
            leading = "".join(before) + after
        elif _IN_A_ROW.fullmatch(said):
            own += leading
        yield quantity, paired.get(quantity) or own, leading


RESPECTIVELY = re.compile("分别|依次|各自|respectively")
MEMBERS = re.compile("以及|[、和与及]")
_IN_A_ROW = re.compile(r"\s?(?:[、，,和与及*×]|以及)\s?")


def _paired(text: str, quantities: Sequence[Quantity]) -> Iterator[tuple[Quantity, str]]:
    """For 甲、乙分别为1和2: 1 with 甲, 2 with 乙."""
    for match in RESPECTIVELY.finditer(text):
        row: list[Quantity] = []
        for quantity in quantities:
            if quantity.span.start < match.end():
                continue
            between = text[row[-1].span.end : quantity.span.start] if row else ""
            if row and not _IN_A_ROW.fullmatch(between):
                break
            row.append(quantity)
        if len(row) < 2:
            continue
        said = re.split("[。；;]", text[: match.start()])[-1]
        for clause in (said, *reversed(re.split("[，,]", said))):
            members = MEMBERS.split(clause)
            if len(members) == len(row):
                yield from zip(row, members, strict=True)
                break


def _one_kind(unit: Unit, other: Unit) -> bool:
    """Whether two units measure, or count by the same word."""
    if unit.measures is UnitClass.COUNT:
        return unit.name == other.name
    return unit.base == other.base


def _worth(found: BoundFigure) -> float:
    return found.bound - found.crossed / 2 - (OTHER_PERIOD if found.period is not None else 0.0)


def _beside(claim: Statements, number: int) -> tuple[str, ...]:
    """The content words that say of what a clause gives its figures: its own, and with few of
    them those of the clauses before."""
    words = list(claim.clauses[number].words)
    for clause in reversed(claim.clauses[:number]):
        if len(words) >= 3:
            break
        words += clause.words
    return tuple(dict.fromkeys(words))


def _period_of(claim: Statements, number: int, quantity: Quantity) -> Period | None:
    """The period of a clause's figure: the one right before it (2019年的797家), its own only one,
    or the last one before it; none that it is compared with (比2023年)."""
    clause = claim.clauses[number]
    for period in clause.periods:
        if 0 <= quantity.span.start - period.span.end <= len("的"):
            return period
    own = [p for p in clause.periods if not _THAN.search(clause.text[: p.span.start])]
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
    lines: Sequence[PassageLine],
    weights: dict[str, float],
) -> BoundFigure | None:
    best: BoundFigure | None = None
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
            found = BoundFigure(quantity, line, share)
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
    line: PassageLine,
    told: Statements,
    at: int,
    weights: dict[str, float],
) -> BoundFigure:
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
    return BoundFigure(quantity, line, min(1.0, bound / total), crossed / total, period=other)


def _around(
    line: PassageLine, told: Statements, at: int, quantity: Quantity
) -> tuple[str, list[str]]:
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


def _other_period(
    period: Period | None, line: PassageLine, told: Statements, at: int
) -> Period | None:
    """A period of the figure in clause `at` that contradicts the claim's; None if there is none."""
    if period is None:
        return None
    near: tuple[Period, ...] = told.clauses[at].periods
    if "\t" in line.text:
        place = line.text[: told.clauses[at].span.start].count("\t")
        label = line.labels[place] if place < len(line.labels) else ""
        near = periods_of_label(label, line.year) or line_figures(line)[1]
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


def agree(said: Period, given: Period, line: PassageLine | None = None) -> bool:
    """Whether two periods can be the same: nothing that both name differs. A month that is left
    out beside a day is that of the date before it, or of the document's (`month_of`)."""
    if said.year is not None and given.year is not None and said.year != given.year:
        return False
    if said.month is not None and given.month is not None and said.month != given.month:
        return False
    if said.month and given.month is None and given.day and line:
        month = month_of(given, line)
        if month is not None and month != said.month:
            return False
    if said.day is not None and given.day is not None and said.day != given.day:
        return False
    if said.part and given.part and said.part != given.part:
        return False
    own, its = months(said), months(given)
    return own is None or its is None or (said.part is None) is (given.part is None) or own == its


# Words without which no figure is taken for a computed one.
COMPUTING = re.compile(
    "相差|差距|差额|之差|差|合计|总计|共计|一共|总共|加起来|之和|总和|共|增加|减少|多出|少了|多了|高出|低了|比|占|倍|增长|下降"
    "|提高|提升|翻|平均|净增|净减|差值|相当于|也就是|换算|倒推|以此计算|余|剩|推算|可得|超出|超额|超支|贵|便宜|人均|平均每|上年为|上年是|即约?|\\bdifference\\b|\\btotal\\b|\\bmore\\b|\\bless\\b|\\btimes\\b|\\bshare\\b|\\baverage\\b|\\bsum\\b"
)
# Says of itself that it is computed, from figures that it need not repeat.
_RECKONED = re.compile("倒推|推算|折算|换算|计算|折合|测算")
_EACH = re.compile("均|每|\\bper\\b|\\beach\\b")
MOST_OPERANDS = 10
_SUMMED = 4  # figures at most in a sum, but for the sum of all of a sentence or column
LARGEST_RANK = 20
LEAST_DIGITS = 2
MONTH_SECONDS = Fraction(2629746)  # a twelfth of the mean Gregorian year of 365.2425 days
_SUM = re.compile("合计|共计|总计|累计|一共|总共|加起来|总和|之和|\\btotal\\b|\\bsum\\b")

_Pair = tuple[Quantity, PassageLine]


def computed(
    said: Quantity,
    clause: str,
    stated: Sequence[_Pair],
    near: Sequence[PassageLine],
    passages: Sequence[Passage],
) -> bool:
    """Whether a clause says that it computes `said`, and it can be computed, correct to the digits
    that it shows: as difference, sum, share, ratio or growth from figures of the lines `near`, or
    from those `stated` in the sentence, each with the line that gives it; as
    the sum of all figures of a sentence or column of `passages`; or, where an operand is among the
    figures `stated` in the sentence, from one more of a sentence or column, also as a mean, a
    share of a figure, or what a figure was before it grew. The more there is to compute from, the
    more digits tell a result from chance."""
    times = said.unit.measures is UnitClass.TIMES
    if not COMPUTING.search(clause) or _digits(said) < (1 if times else LEAST_DIGITS):
        return False
    exact = replace(said, hedge=_open(said))
    for known in (_operands(near), stated):
        if any(matches(exact, result) for result, _ in _results(said, known)):
            return True
    others = [other for other, _ in stated]
    for group in (group for passage in passages for group in _groups(passage)):
        kind = [one for one, _ in group if one.comparable(said)]
        total = sum((one.bounds()[0] for one in kind), Fraction(0))
        if len(kind) > 1 and _SUM.search(clause) and matches(exact, _result(said, total)):
            return True
        if _digits(said) <= LEAST_DIGITS:
            continue
        for result, operands in (*_results(said, group), *_further(said, clause, group)):
            if matches(exact, result) and (
                _RECKONED.search(clause)
                or any(matches(other, one, line) for other in others for one, line in operands)
            ):
                return True
    return False


def _operands(lines: Iterable[PassageLine]) -> list[_Pair]:
    given = ((with_unit(one), line) for line in lines for one in keyed(line))
    return [
        (one, line)
        for one, line in given
        if not one.is_range and one.unit.measures is not UnitClass.ORDINAL
    ][:MOST_OPERANDS]


def _groups(passage: Passage) -> Iterator[list[_Pair]]:
    """The figures of each sentence of a passage with the next, and of each column of its tables."""
    columns: dict[str, list[_Pair]] = {}
    for run, following in pairwise((*runs_of(passage), ())):
        if not any(line.labels for line in run):
            yield _operands(run)
            yield _operands((*run, *following))
            continue
        for line in run:
            for one in keyed(line):
                columns.setdefault(one.label, []).append((with_unit(one), line))
    yield from columns.values()


def counted_rank(said: Quantity, figures: Sequence[tuple[Quantity, PassageLine]]) -> bool:
    """Whether one of the `figures` of a sentence has the rank that `said` names among those of its
    kind in its line, or in its column of a table."""
    if said.unit.measures is not UnitClass.ORDINAL or not 0 < said.low <= LARGEST_RANK:
        return False
    for figure, line in figures:
        rows = lines_of(line.passage) if line.labels else (line,)
        every = [one for row in rows for one in keyed(row)]
        own = [one for one in every if matches(figure, one.quantity, line)]
        for one in own:
            label = one.label
            kind = [
                with_unit(other).bounds()[0]
                for other in every
                if other.label == label and other.unit.base == one.unit.base
            ]
            larger = sum(value > with_unit(one).bounds()[0] for value in set(kind))
            if len(kind) > 1 and larger + 1 == said.low:
                return True
    return False


def with_unit(one: Keyed) -> Quantity:
    """A figure with the unit that its column or table gives."""
    if one.scale is None:
        return one.quantity
    given = one.quantity
    return replace(
        given, low=given.low * one.scale, high=given.high * one.scale, unit=one.unit,
        step=given.step * one.scale,
    )  # fmt: skip


def _open(said: Quantity) -> Hedge:
    """How a computed figure is held: to rounding alone, however the sentence hedges it, unless it
    is a round one (约300)."""
    round_one = "." not in said.text and _fineness(said.low, said.step) > said.step
    return Hedge.ABOUT if said.hedge is Hedge.ABOUT and round_one else Hedge.EXACT


def _digits(said: Quantity) -> int:
    return len([c for c in said.text if c.isdigit()]) or len(said.text)


def _results(
    said: Quantity, given: Sequence[_Pair]
) -> Iterator[tuple[Quantity, tuple[_Pair, ...]]]:
    alike = [pair for pair in given if _adds_up(pair[0], said)]
    bare = alike or [pair for pair in given if not pair[0].unit.name]
    for a, b in permutations(bare, 2):
        if a[0].unit.base == b[0].unit.base:
            yield _result(said, a[0].bounds()[0] - b[0].bounds()[0]), (a, b)
    for size in range(2, _SUMMED + 1):
        for group in combinations(bare[:8], size):
            yield _result(said, sum((q.bounds()[0] for q, _ in group), Fraction(0))), group
    if said.unit.measures in (UnitClass.SHARE, UnitClass.TIMES, UnitClass.POINTS):
        yield from _ratios(said, given)
    yield from _converted(said, given)


def _converted(
    said: Quantity, given: Sequence[_Pair]
) -> Iterator[tuple[Quantity, tuple[_Pair, ...]]]:
    """A share and the points by which it changed; how many times as much a growth makes; weeks or
    days in months, months in days."""
    if said.unit.name == "%":
        for a, b in permutations(given, 2):
            if a[0].unit.name == "%" and b[0].unit.measures is UnitClass.POINTS:
                yield _result(said, a[0].low - b[0].low), (a, b)
                yield _result(said, a[0].low + b[0].low), (a, b)
    for one in given:
        quantity = one[0]
        if said.unit.measures is UnitClass.TIMES and quantity.unit.name == "%":
            yield _result(said, 1 + quantity.low / 100), (one,)
        durations = said.unit.measures is quantity.unit.measures is UnitClass.DURATION
        if durations and not quantity.comparable(said):
            factor = 1 / MONTH_SECONDS if said.unit.base == "个月" else MONTH_SECONDS
            yield _result(said, quantity.bounds()[0] * factor), (one,)


def _adds_up(one: Quantity, said: Quantity) -> bool:
    """Whether a figure can be an operand of a sum or difference: 37名 and 4项 are not 41个."""
    counted = said.unit.measures is UnitClass.COUNT
    return (
        one.comparable(said)
        and bool(one.unit.name)
        and (not counted or one.unit.name == said.unit.name)
    )


def _further(
    said: Quantity, clause: str, given: Sequence[_Pair]
) -> Iterator[tuple[Quantity, tuple[_Pair, ...]]]:
    """Means, shares of a figure, and what a figure was before it grew or fell by a rate."""
    for a, b in permutations(given, 2) if _EACH.search(clause) else ():
        if a[0].comparable(said) and a[0].unit.base != b[0].unit.base and b[0].low:
            yield _result(said, a[0].bounds()[0] / b[0].bounds()[0]), (a, b)
    for rate, whole in permutations(given, 2):
        if rate[0].unit.name != "%" or not whole[0].unit.name or not whole[0].comparable(said):
            continue
        part, value = rate[0].bounds()[0] / 100, whole[0].bounds()[0]
        yield _result(said, value * part), (rate, whole)
        for divisor in (1 + part, 1 - part):
            if divisor > 0:
                yield _result(said, value / divisor), (rate, whole)


def _ratios(said: Quantity, given: Sequence[_Pair]) -> Iterator[tuple[Quantity, tuple[_Pair, ...]]]:
    """Shares, ratios and growth of two figures, and points between two shares."""
    points = said.unit.measures is UnitClass.POINTS
    for a, b in permutations(given, 2):
        alike_units = a[0].unit.base == b[0].unit.base
        shares_too = a[0].unit.measures is said.unit.measures
        if points != (a[0].unit.name == b[0].unit.name == "%"):
            continue
        if not alike_units or not b[0].low or shares_too:
            continue
        first, second = a[0].bounds()[0], b[0].bounds()[0]
        if points:
            yield _result(said, first - second), (a, b)
        elif second:
            ratio, factor = first / second, 100 if said.unit.name == "%" else 1
            for value in (ratio, ratio - 1, 1 - ratio):
                yield _result(said, value * factor), (a, b)


def _result(said: Quantity, value: Fraction) -> Quantity:
    """`value`, in the base of the unit of `said`, as a quantity without a last digit."""
    unit = UNITS.get(said.unit.base, said.unit)
    return replace(
        said, low=value, high=value, unit=unit, step=Fraction(0), hedge=Hedge.EXACT, per=""
    )
