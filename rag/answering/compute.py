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

from rag.answering.extract import PASSAGES, Derived, Extraction, extract
from rag.answering.operations import Computation, Operation, Part
from rag.answering.parts import parts
from rag.answering.search import Search
from rag.models.reading import PassageReader
from rag.settings import Answering
from rag.text.fold import squeeze
from rag.text.quantities import NO_UNIT, Period, Quantity, UnitClass, dates, plain, quantities
from rag.text.segment import words
from rag.text.sentences import sentences
from rag.types import Claim, Computed

DECIMALS = 2
"""Of a result that does not come out even."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A figure that was found: `quantity` with its place in the sentence `claim` that says it.
    `above` is what stands above the sentence: title, headings, lead; `year` that of its
    document."""

    quantity: Quantity
    claim: Claim
    above: str = ""
    year: int | None = None


def derive(
    asked: Computation,
    searches: Sequence[Search],
    settings: Answering,
    reader: PassageReader | None = None,
) -> Extraction:
    """The computed answer. The first search is that of the whole question, the others are those of
    its operands, in order. Where the documents say the result themselves, what the whole question
    finds; where the passages give an operand no figure, or several, the same without a short
    answer: what is found are operands, not the result."""
    parted = bool(parts(searches[0].query.text))
    whole = extract(searches if parted else searches[:1], settings, reader)
    least = settings.min_confidence
    if whole.confidence >= least and _stated(asked, whole):
        return whole
    unknown = replace(whole, short=None)
    found: list[Operand] = []
    likely = 1.0
    for part, search in zip(asked.parts, searches[1:], strict=True):
        others = [other for other in asked.parts if other is not part]
        said = extract((search,), settings, reader)
        likely = min(likely, said.confidence)
        if likely < least:
            return unknown
        known = _figures(part, others, search)
        one = _operand_of(said, search)
        if one is not None and _said_of(one, part, others):
            known.setdefault(_value(one), one)
        if len(known) != 1:
            return unknown
        (one,) = known.values()
        found.append(one)
    derived = compute(asked, found)
    if derived is None:
        return unknown
    claims = tuple(dict.fromkeys(one.claim for one in found))
    return Extraction(claims, derived.short, likely, derived=derived)


def _operand_of(said: Extraction, search: Search) -> Operand | None:
    """The figure of a short answer, with what stands above its sentence."""
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


def _figures(
    part: Part, others: Sequence[Part], search: Search
) -> dict[tuple[Fraction, str], Operand]:
    """The figures that the passages give for a part, by value: the last word of what is asked
    stands before them in their clause, all other words in their sentence or above it, and they are
    said of the part."""
    label = set(words(part.label, parts=False))
    asked = [word for word in search.query.words if word not in label and not word.isdigit()]
    found: dict[tuple[Fraction, str], Operand] = {}
    for passage in search.passages[:PASSAGES] if asked else ():
        above = "\n".join(passage.above)
        year = int(passage.date[:4]) if passage.date else None
        for span in sentences(passage.text):
            claim = Claim(span.of(passage.text), (passage.rank,))
            known = squeeze(claim.text + above)
            if not all(word in known for word in asked):
                continue
            for figure in quantities(claim.text):
                clause = _CLAUSE.split(claim.text[: figure.span.start])[-1]
                one = Operand(figure, claim, above, year)
                if asked[-1] in squeeze(clause) and _said_of(one, part, others):
                    found.setdefault(_value(one), one)
    return found


def _value(operand: Operand) -> tuple[Fraction, str]:
    figure = operand.quantity
    return figure.low * figure.unit.size, figure.unit.base


def operand(short: str, claims: Sequence[Claim], above: str, year: int | None) -> Operand | None:
    """The figure that a short answer names, in the one of `claims` that it stands in; None where it
    is no single figure: a range, a date, a name, several."""
    wanted = squeeze(short)
    for claim in claims:
        if wanted not in squeeze(claim.text):
            continue
        found = [
            one
            for one in quantities(claim.text)
            if wanted in (own := squeeze(one.text)) or own in wanted
        ]
        if len(found) == 1 and not found[0].is_range:
            return Operand(found[0], claim, above, year)
    return None


_CLAUSE = re.compile(r"[，；。：、;:]|,(?!\d{3})")
_STATES = {
    Operation.DIFFERENCE: re.compile("比|较|差"),
    Operation.SUM: re.compile("共|合计|总"),
    Operation.SHARE: re.compile("占|比例|比重|份额|率"),
    Operation.GROWTH: re.compile("增|升|涨|降|跌|减"),
    Operation.RATIO: re.compile("倍"),
}
_RATES = (Operation.SHARE, Operation.GROWTH, Operation.RATIO)
_RELATIVE = (UnitClass.SHARE, UnitClass.POINTS, UnitClass.TIMES)


def _stated(asked: Computation, whole: Extraction) -> bool:
    """Whether a passage says the result itself: the short answer to the whole question is of the
    kind that comes out, and its sentence says what is computed, of a sum and a difference also of
    which operands."""
    form = _STATES.get(asked.operation)
    found = None if whole.short is None else operand(whole.short, whole.claims, "", None)
    if form is None or found is None:
        return False
    text = squeeze(found.claim.text)
    of_all = all(squeeze(part.label) in text for part in asked.parts)
    relative = found.quantity.unit.measures in _RELATIVE
    fits = relative if asked.operation in _RATES else of_all
    return fits and form.search(text) is not None


def _said_of(operand: Operand, part: Part, others: Sequence[Part]) -> bool:
    """Whether a figure is said of what its part asks for, and not of what the others do: the
    label that stands last before it in its sentence is its own, or, where its sentence has none,
    what stands above has its own alone. After 分别 the figures go with the labels in order."""
    period = dates(part.label)
    if period:
        return _said_at(operand, period[0], [p for one in others for p in dates(one.label)])
    text = squeeze(operand.claim.text)
    labels = [squeeze(part.label), *(squeeze(one.label) for one in others)]
    place = text.find(squeeze(operand.quantity.text))
    known = [label for label in labels if label in text]
    if "分别" in text and len(known) == len(labels):
        order = sorted(labels, key=text.index).index(labels[0])
        figures = [
            one
            for one in quantities(operand.claim.text[operand.claim.text.index("分别") :])
            if one.unit.base == operand.quantity.unit.base
        ]
        return len(figures) == len(labels) and squeeze(figures[order].text) == squeeze(
            operand.quantity.text
        )
    if known:
        before = [(text.rfind(label, 0, place), len(label), label) for label in known]
        return max(before)[0] >= 0 and max(before)[2] == labels[0]
    head = squeeze(operand.above)
    return labels[0] in head and not any(label in head for label in labels[1:])


def _said_at(operand: Operand, own: Period, others: Sequence[Period]) -> bool:
    """As `_said_of`, for a figure of a period: the last one named before it, the only one named
    behind it, or what stands above."""

    def same(one: Period, wanted: Period) -> bool:
        return wanted.within(one, frozenset()) and one.to is None

    named = dates(operand.claim.text, operand.year)
    before = [one for one in named if one.span.end <= operand.quantity.span.start]
    if before or named:
        return same(before[-1] if before else named[0], own) and (bool(before) or len(named) == 1)
    head = dates(operand.above, operand.year)
    return any(same(one, own) for one in head) and not any(
        same(one, other) for one in head for other in others
    )


# --- the result --------------------------------------------------------------------------------

_SCALES = (("亿", 10**8), ("万", 10**4))
_NUMERIC = re.compile(r"[-\d.,]")
_ABOUT = "约"
_ORDERS = (Operation.HIGHEST, Operation.LOWEST)


def compute(asked: Computation, operands: Sequence[Operand]) -> Derived | None:
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
        _said_of(one, part, [other for other in asked.parts if other is not part])
        for one, part in zip(operands, asked.parts, strict=True)
    )
    if unit is None or not bound or _one_place(operands) or any(one.is_range for one in figures):
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
    return Derived(computed, f"{result.said}{short}（{result.expression}）。", short)


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
    places = {(one.claim.text, one.quantity.span) for one in operands}
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
