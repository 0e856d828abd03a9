"""Figures that no passage says, computed from figures that passages say: exact, and shown with
their operands.

Nothing is computed unless every operand was found, all measure the same, and each is said of what
its own question asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rag.answering.extract import NEAREST, PASSAGES, ComputedAnswer, Extraction, extract
from rag.answering.operands import SINGLE, Operand, figures_of, operand, said_of, together
from rag.answering.operations import Computation, Operation
from rag.answering.select import Missing
from rag.models.reader import PassageReader
from rag.retrieval.decomposition import parts
from rag.retrieval.query import AnswerKind
from rag.retrieval.search import Search
from rag.settings import Answering
from rag.text.normalize import squeeze
from rag.text.quantities import NO_UNIT, Quantity, UnitClass, plain, quantities
from rag.types import Claim, Computed

DECIMALS = 2
"""Of a result that does not come out even."""


_CLAUSE = re.compile("[，；。：、;:]|,(?![0-9]{3})")
COMPUTED = 0.9
"""The estimate that a computed answer is right."""


def derive(
    asked: Computation,
    searches: Sequence[Search],
    settings: Answering,
    reader: PassageReader | None = None,
) -> Extraction:
    """The computed answer. The first search is that of the whole question, the others are those of
    its operands, in order. Where the documents say the result themselves, what the whole question
    finds. Where they give an operand no figure, what comes nearest, with the operand that is
    missing; where they give it several, the same without a short answer."""
    query = searches[0].query
    whole = extract(searches if parts(query.text) else searches[:1], settings, reader)
    if whole.whole_cell:
        return whole
    if any(_states(asked, claim) for claim in whole.claims):
        return whole if asked.operation in _RATES else replace(whole, short=None)
    passages = {
        passage.rank: passage for search in searches for passage in search.passages[:PASSAGES]
    }
    same = asked.operation not in _RATES
    found: list[list[Operand]] = []
    for part, search in zip(asked.parts, searches[1:], strict=True):
        others = [other for other in asked.parts if other is not part]
        own = figures_of(part, others, query, list(passages.values()), same=same)
        if not own and (one := _short_of(search, settings, reader)) is not None:
            exact = one.quantity.hedge in SINGLE and not one.quantity.is_range
            own = [one] if exact and said_of(one, part, others) else []
        found.append(own)
    operands = together(found)
    derived = compute(asked, operands)
    if derived is not None:
        claims = tuple(dict.fromkeys(one.claim for one in operands))
        return Extraction(claims, derived.short, COMPUTED, derived=derived)
    lacking = [part.label for part, own in zip(asked.parts, found, strict=True) if not own]
    spoken_of = whole.confidence >= settings.min_confidence or whole.missing is not None
    if not (lacking and spoken_of):
        return replace(whole, short=None)
    near = tuple(dict.fromkeys((*(own[0].claim for own in found if own), *whole.claims)))
    near = near[: max(NEAREST, len(asked.parts))]
    quoted = squeeze("".join(claim.text for claim in near))
    nowhere = tuple(label for label in lacking if squeeze(label) not in quoted)
    return Extraction(near, None, 0.0, missing=Missing(AnswerKind.NUMBER, nowhere))


def _short_of(search: Search, settings: Answering, reader: PassageReader | None) -> Operand | None:
    """The figure of the short answer to an operand's own question, with what stands above its
    sentence."""
    said = extract((search,), settings, reader)
    if said.short is None:
        return None
    passages = {passage.rank: passage for passage in search.passages}
    for claim in said.claims:
        for passage in (passages[rank] for rank in claim.cited if rank in passages):
            year = int(passage.date[:4]) if passage.date else None
            found = operand(said.short, (claim,), "\n".join(passage.above), year)
            if found is not None:
                return found
    return None


_STATES = {
    Operation.DIFFERENCE: re.compile(
        "(?<![同环])比|(?<!比)较(?![上去]年)|相差|差额|差距|多出|高出"
    ),
    Operation.SUM: re.compile("共计|一共|总共|合计|总[计额量数]"),
    Operation.SHARE: re.compile("占|比例|比重|份额|率"),
    Operation.GROWTH: re.compile("增|升|涨|降|跌|减"),
    Operation.RATIO: re.compile("倍"),
    Operation.HIGHEST: re.compile("最|首位|居首|高于|多于|大于|超过"),
    Operation.LOWEST: re.compile("最|末位|低于|少于|小于|不及"),
}
_RATES = (Operation.SHARE, Operation.GROWTH, Operation.RATIO)
_RELATIVE = (UnitClass.SHARE, UnitClass.POINTS, UnitClass.TIMES)


def _states(asked: Computation, claim: Claim) -> bool:
    """Whether a sentence says the result itself: one of its clauses says what is computed, with a
    figure, of a share, growth or ratio one of such a kind, of a difference beside what it is held
    against; and the sentence speaks of all operands, of a growth of the later one."""
    text = squeeze(claim.text)
    growth = asked.operation is Operation.GROWTH
    labels = [squeeze(part.label) for part in asked.parts[: 1 if growth else None]]
    if not all(label in text for label in labels):
        return False
    for clause in _CLAUSE.split(claim.text):
        found = quantities(clause)
        if asked.operation is Operation.DIFFERENCE and labels[1] not in squeeze(clause):
            continue
        if asked.operation in _RATES:
            found = tuple(one for one in found if one.unit.measures in _RELATIVE)
        if found and _STATES[asked.operation].search(squeeze(clause)):
            return True
    return False


# --- the result --------------------------------------------------------------------------------

_SCALES = (("亿", 10**8), ("万", 10**4))
_NUMERIC = re.compile(r"[-\d.,]")
_ABOUT = "约"
_ORDERS = (Operation.HIGHEST, Operation.LOWEST)


def compute(asked: Computation, operands: Sequence[Operand]) -> ComputedAnswer | None:
    """The result of a computation with the operands of its parts, in order; None where they do not
    measure the same, one is not said of its part, or the result means nothing (a share of more
    than all, a division by nothing).

    Sum and difference are exact, in the unit and the scale (万, 亿) of the operands; a share, a
    growth and a ratio are rounded to `DECIMALS` places where they do not come out even, marked ≈.
    """
    if len(operands) != len(asked.parts):
        return None
    figures = [one.quantity for one in operands]
    unit = _common_unit(operands)
    bound = all(
        said_of(one, one.of(part), [other for other in asked.parts if other is not part])
        for one, part in zip(operands, asked.parts, strict=True)
    )
    single = all(not one.is_range and one.hedge in SINGLE for one in figures)
    if unit is None or not (bound and single) or _one_place(operands):
        return None
    case = _Case(
        asked.operation,
        tuple(part.label for part in asked.parts),
        tuple(figures),
        tuple(one.low * one.unit.size for one in figures),
        unit,
    )
    result = _RESULTS[asked.operation](case)
    if result is None:
        return None
    hedged = any(one.approximate for one in figures) and asked.operation not in _ORDERS
    short = f"{_ABOUT}{result.short}" if hedged else result.short
    ranks = tuple(dict.fromkeys(rank for one in operands for rank in one.claim.cited))
    computed = Computed(result.expression, float(result.value), result.unit, ranks)
    return ComputedAnswer(computed, f"{result.said}{short}（{result.expression}）。", short)


def _common_unit(operands: Sequence[Operand]) -> str | None:
    """The unit of all operands: its name; of figures without a known unit the word behind them.
    None where they measure different things or are ordinals."""
    figures = [one.quantity for one in operands]
    first = figures[0]
    if first.unit.measures is UnitClass.ORDINAL or any(one.per != first.per for one in figures):
        return None
    if any(one.unit.base != first.unit.base for one in figures):
        return None
    if first.unit is NO_UNIT:
        behind = {_behind(one) for one in operands}
        return behind.pop() if len(behind) == 1 else None
    if first.unit.measures is UnitClass.COUNT and len({one.unit.name for one in figures}) > 1:
        return None
    sizes = {one.unit.size: one.unit.name for one in figures}
    name = sizes[max(sizes)] if len(sizes) > 1 else first.unit.name
    return f"{name}/{first.per}" if first.per else name


def _behind(operand: Operand) -> str:
    """The character behind a figure, where it can be a measure word."""
    text = operand.claim.text[operand.quantity.span.end :][:1]
    return text if "\u4e00" <= text <= "\u9fff" else ""


def _one_place(operands: Sequence[Operand]) -> bool:
    """Whether two operands are one and the same figure of one sentence."""
    places = {
        (one.claim.text, one.quantity.span if one.cell is None else one.cell.span)
        for one in operands
    }
    return len(places) < len(operands)


@dataclass(frozen=True, slots=True)
class _Case:
    """A computation with its figures, their values in the base of their unit, and the unit."""

    operation: Operation
    labels: tuple[str, ...]
    figures: tuple[Quantity, ...]
    values: tuple[Fraction, ...]
    unit: str

    @property
    def shares(self) -> bool:
        """Whether the figures are shares, whose differences are points."""
        return self.figures[0].unit.measures is UnitClass.SHARE


@dataclass(frozen=True, slots=True)
class _Result:
    """What comes out: the expression, the value in its unit, the short answer, and what the
    sentence says before it."""

    expression: str
    value: Fraction
    unit: str
    short: str
    said: str


def _difference_of(case: _Case) -> _Result:
    less = case.values[0] < case.values[1]
    larger, smaller = reversed(case.figures) if less else case.figures
    size, scale = _scale(case.figures)
    value = abs(case.values[0] - case.values[1]) / size
    unit = f"{scale}{'个百分点' if case.shares else case.unit}"
    terms = f"{_written(larger, case.figures)} − {_written(smaller, case.figures)}"
    said = f"{case.labels[0]}比{case.labels[1]}{'少' if less else '多'}"
    return _shown(terms, value, unit, said)


def _sum_of(case: _Case) -> _Result:
    size, scale = _scale(case.figures)
    terms = " + ".join(_written(one, case.figures) for one in case.figures)
    value = sum(case.values, Fraction(0)) / size
    return _shown(terms, value, f"{scale}{case.unit}", f"{'、'.join(case.labels)}合计")


def _shown(terms: str, value: Fraction, unit: str, said: str) -> _Result:
    number = _number(value)
    return _Result(f"{terms} = {number} {unit}".rstrip(), value, unit, f"{number}{unit}", said)


def _share_of(case: _Case) -> _Result | None:
    part, whole = case.values
    if not 0 <= part <= whole or not whole:
        return None
    value = 100 * part / whole
    shown = f"{_plainly(case.figures[0])} ÷ {_plainly(case.figures[1])} {_equals(value)}%"
    said = f"{case.labels[0]}占{case.labels[1]}的"
    return _Result(shown, _rounded(value), "%", f"{_number(value)}%", said)


def _growth_of(case: _Case) -> _Result | None:
    later, earlier = case.values
    if case.shares:
        return _difference_of(case)
    if earlier <= 0 or later < 0:
        return None
    value = 100 * (later - earlier) / earlier
    new, old = (_written(one, case.figures) for one in case.figures)
    said = f"{case.labels[0]}比{case.labels[1]}{'下降' if value < 0 else '增长'}"
    shown = f"({new} − {old}) ÷ {old} {_equals(value)}%"
    return _Result(shown, _rounded(value), "%", f"{_number(abs(value))}%", said)


def _ratio_of(case: _Case) -> _Result | None:
    if not case.values[1]:
        return None
    value = case.values[0] / case.values[1]
    shown = f"{_plainly(case.figures[0])} ÷ {_plainly(case.figures[1])} {_equals(value)} 倍"
    said = f"{case.labels[0]}是{case.labels[1]}的"
    return _Result(shown, _rounded(value), "倍", f"{_number(value)}倍", said)


def _extreme_of(case: _Case) -> _Result | None:
    least = case.operation is Operation.LOWEST
    order = sorted(range(len(case.values)), key=lambda i: case.values[i], reverse=not least)
    first, second = order[:2]
    if case.values[first] == case.values[second]:
        return None
    rows = [f"{case.labels[i]} {_plainly(case.figures[i])}" for i in order]
    size, scale = _scale(case.figures)
    said = "最低的是" if least else "最高的是"
    shown = (" < " if least else " > ").join(rows)
    value = case.values[first] / size
    return _Result(shown, value, f"{scale}{case.unit}", case.labels[first], said)


_RESULTS = {
    Operation.DIFFERENCE: _difference_of,
    Operation.SUM: _sum_of,
    Operation.SHARE: _share_of,
    Operation.GROWTH: _growth_of,
    Operation.RATIO: _ratio_of,
    Operation.HIGHEST: _extreme_of,
    Operation.LOWEST: _extreme_of,
}


def _scale(figures: Sequence[Quantity]) -> tuple[Fraction, str]:
    """What a result in the unit of the figures is divided by to be shown in the largest scale that
    all of them are written in (万, 亿), and the name of the scale."""
    largest = max(one.unit.size for one in figures)
    for name, size in _SCALES:
        if all(name in one.text for one in figures) and largest == figures[0].unit.size:
            return size * largest, name
    if any(name in one.text for one in figures for name, _ in _SCALES):
        return 10**4 * largest, "万"
    return largest, ""


def _written(figure: Quantity, figures: Sequence[Quantity]) -> str:
    """A figure as it is written, without the unit where all of `figures` are in the same unit and
    scale, which then stands once, behind the result."""
    alike = {_NUMERIC.sub("", one.text).strip() for one in figures}
    number = "".join(_NUMERIC.findall(plain(figure.text)))
    return number if len(alike) == 1 and number else _plainly(figure)


def _plainly(figure: Quantity) -> str:
    """A figure as it is written, with its unit, on one line."""
    return " ".join(figure.text.split())


def _rounded(value: Fraction) -> Fraction:
    return Fraction(round(value, DECIMALS))


def _equals(value: Fraction) -> str:
    return f"{'=' if _even(value) else '≈'} {_number(value)}"


def _even(value: Fraction) -> bool:
    """Whether a value is written in full with a few decimals."""
    return bool(10 ** (2 * DECIMALS) % value.denominator == 0)


def _number(value: Fraction) -> str:
    """A value in digits with thousands separators: in full, or rounded to `DECIMALS` places.

    >>> _number(Fraction(9600, 2)), _number(Fraction(1, 3)), _number(Fraction(-5, 4))
    ('4,800', '0.33', '-1.25')
    """
    places = 2 * DECIMALS if _even(value) else DECIMALS
    scaled = round(abs(value) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0")
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole:,}{'.' if decimals else ''}{decimals}"
