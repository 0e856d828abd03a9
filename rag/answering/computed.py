"""Figures that a sentence computes from figures of the documents: recomputed, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations

from rag.answering.binding import matches
from rag.answering.lines import Line, line_figures
from rag.text.quantities import Hedge, Quantity, UnitClass
from rag.text.units import UNITS

# Words without which no figure is taken for a computed one.
COMPUTING = re.compile(
    "相差|差距|差额|之差|差|合计|总计|共计|一共|总共|加起来|之和|总和|共|增加|减少|多出|少了|多了|高出|低了|比|占|倍|增长|下降"
    "|提高|提升|翻|平均|净增|净减|差值|相当于|也就是说|换算|余|剩|推算|可得|即约?|\\bdifference\\b|\\btotal\\b|\\bmore\\b|\\bless\\b|\\btimes\\b|\\bshare\\b|\\baverage\\b|\\bsum\\b"
)
MOST_OPERANDS = 12
_SUMMED = 4  # figures at most in a sum


def computed(
    said: Quantity, clause: str, lines: Sequence[Line]
) -> tuple[tuple[Quantity, Line], ...]:
    """The figures of `lines` from which `said` is computed: difference, sum, share, ratio or
    growth, correct to the digits that it shows. Empty where the clause does not say that it
    computes, or nothing gives it. One digit is too little to tell a result from chance.

    >>> computed.__name__
    'computed'
    """
    if not COMPUTING.search(clause) or _digits(said) < 2:
        return ()
    given = [
        (quantity, line)
        for line in lines
        for quantity in line_figures(line)[0]
        if not quantity.is_range and quantity.unit.measures is not UnitClass.ORDINAL
    ][:MOST_OPERANDS]
    for result, operands in _results(said, given):
        if matches(replace(said, hedge=_open(said)), result):
            return operands
    return ()


def _open(said: Quantity) -> Hedge:
    """A computed figure is held to rounding alone, however the sentence hedges it."""
    return Hedge.EXACT if said.hedge is not Hedge.ABOUT else Hedge.ABOUT


def _digits(said: Quantity) -> int:
    return len([c for c in said.text if c.isdigit()]) or len(said.text)


_Pair = tuple[Quantity, Line]


def _results(
    said: Quantity, given: Sequence[_Pair]
) -> Iterator[tuple[Quantity, tuple[_Pair, ...]]]:
    shares = said.unit.measures in (UnitClass.SHARE, UnitClass.TIMES, UnitClass.POINTS)
    alike = [pair for pair in given if pair[0].comparable(said) and pair[0].unit.name]
    bare = alike or [pair for pair in given if not pair[0].unit.name]
    for a, b in permutations(bare, 2):
        if a[0].unit.base == b[0].unit.base:
            yield _result(said, a[0].bounds()[0] - b[0].bounds()[0]), (a, b)
    for count in range(2, _SUMMED + 1):
        for group in combinations(bare[:8], count):
            yield _result(said, sum((q.bounds()[0] for q, _ in group), Fraction(0))), group
    if not shares:
        return
    points = said.unit.measures is UnitClass.POINTS
    for a, b in permutations(given, 2):
        alike_units = a[0].unit.base == b[0].unit.base
        shares_too = a[0].unit.measures is said.unit.measures
        if points != (a[0].unit.name == b[0].unit.name == "%"):
            continue
        if not alike_units or not b[0].low or shares_too:
            continue
        first, second = a[0].bounds()[0], b[0].bounds()[0]
        if said.unit.measures is UnitClass.POINTS:
            yield _result(said, first - second), (a, b)
        elif second:
            ratio = first / second
            factor = 100 if said.unit.name == "%" else 1
            yield _result(said, ratio * factor), (a, b)
            yield _result(said, (ratio - 1) * factor), (a, b)
            yield _result(said, (1 - ratio) * factor), (a, b)


def _result(said: Quantity, value: Fraction) -> Quantity:
    """`value`, in the base of the unit of `said`, as a quantity without a last digit."""
    unit = UNITS.get(said.unit.base, said.unit)
    return replace(
        said, low=value, high=value, unit=unit, step=Fraction(0), hedge=Hedge.EXACT, per=""
    )
