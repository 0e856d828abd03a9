"""How well the cells of tables fit a question: by the labels of their row and column.

    fit = share of the question's weight that the labels cover
          + BESIDE_WEIGHT · the share that only the other cells of its row cover
          + EXACT_WEIGHT · the mean share of a label that the question covers
          + TYPED_WEIGHT · how well the cell holds what is asked for, its unit included
          − OTHER_KEY_LOSS, where a label names another date than the question, or another
            number of the same form (1号线 for 2号线, J-20 for J-30)
          − GIVEN_LOSS, where the question itself says what stands in the cell

A row that shares two keys with the question (place and time, person and month) so comes before
rows that share one. A date is one key in whatever form it is written. The other cells of a row
are keys, too: a ranking is asked for by name, a list of dates by a date that is no label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from rag.text.normalize import fold
from rag.text.numbers import UnitClass
from rag.text.quantities import Period, Quantity, dates, quantities
from rag.types import Cell, Chunk, Label, Passage, Span

# Set by hand on tables written for this, none of them measured: the order of their sizes is what
# counts. A whole label says more than a part of one, another date rules a cell nearly out.
BESIDE_WEIGHT = 0.8
ABOVE_WEIGHT = 0.5
EXACT_WEIGHT = 0.15
TYPED_WEIGHT = 0.15
OTHER_KEY_LOSS = 0.4
GIVEN_LOSS = 0.3
OUTDONE_LOSS = 0.2
_LONGEST_LABEL = 80
_MOST_NAMES = 6  # lines before a table
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_FIELDS = ("year", "month", "day", "part")


class Wanted(Enum):
    """What stands in the cell that is asked for, as far as the question tells."""

    NUMBER = "number"
    DATE = "date"
    WORDS = "words"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class _Match:
    """What of a question a label covers: positions, fields of its dates; the share of the label
    that is covered; whether it names another date or number."""

    positions: frozenset[int]
    dated: frozenset[str]
    share: float
    other: bool


@dataclass(slots=True)
class CellFit:
    """The fit of cells to one question. `weights` are those of its folded words and pairs of
    characters; terms without weight ask, but say nothing. `measures` are the classes of unit that
    fit a number, empty where any does."""

    question: str
    weights: Mapping[str, float]
    wanted: Wanted = Wanted.ANY
    measures: frozenset[UnitClass] = frozenset()
    _folded: str = field(init=False)
    _dates: tuple[Period, ...] = field(init=False)
    _worth: list[float] = field(init=False)
    _field_worth: dict[str, float] = field(init=False)
    _total: float = field(init=False)
    _known: dict[str, _Match] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._folded = fold(self.question)
        self._dates = dates(self.question)
        self._worth = [0.0] * len(self._folded)
        for term, weight in self.weights.items():
            at = self._folded.find(term) if term else -1
            while at >= 0:
                for i in range(at, at + len(term)):
                    self._worth[i] += weight / len(term)
                at = self._folded.find(term, at + len(term))
        named = {name for date in self._dates for name in _FIELDS if getattr(date, name)}
        usual = sum(self._worth) / max(1, sum(worth > 0 for worth in self._worth))
        self._field_worth = dict.fromkeys(named, 2 * usual or 1.0)
        for date in self._dates:  # counted by their fields, not by their characters
            at = self._folded.find(fold(date.text))
            if at >= 0:
                self._worth[at : at + len(fold(date.text))] = [0.0] * len(fold(date.text))
        self._total = (sum(self._worth) + sum(self._field_worth.values())) or 1.0

    def of(self, cell: Cell, beside: Sequence[Cell] = (), above: Sequence[str] = ()) -> float:
        """The fit of a cell; higher is better. `beside` are the other cells of its row, `above`
        what stands above its table."""
        matches = [self._match(label) for label in cell.labels]
        covered, dated = _union(matches)
        fit = reached = self._share(covered, dated)
        further = [self._match(Label(one.span, one.text)) for one in beside]
        for weight, texts in (
            (BESIDE_WEIGHT, further),
            (ABOVE_WEIGHT, [self._match(Label(cell.span, line)) for line in above]),
        ):
            own = _union(texts)
            covered, dated = covered | own[0], dated | own[1]
            share = self._share(covered, dated)
            fit += weight * (share - reached)
            reached = share
        if matches:
            fit += EXACT_WEIGHT * sum(match.share for match in matches) / len(matches)
        fit -= OTHER_KEY_LOSS * any(match.other for match in matches)
        own_match = self._match(Label(cell.span, cell.text))
        fit -= GIVEN_LOSS * (own_match.share == 1.0 and _figure(cell.text) is None)
        return fit + TYPED_WEIGHT * self._typed(cell)

    def fits(self, cells: Sequence[Cell], above: Sequence[str] = ()) -> list[float]:
        """The fit of each of the cells of a passage, above which these lines stand."""
        rows: dict[tuple[Label, ...], list[int]] = {}
        for i, cell in enumerate(cells):
            rows.setdefault(cell.rows, []).append(i)
        labels = {row[-1].span: row for row in rows if row}
        named = {row: self._held(row) for row in rows}
        found: list[float] = []
        for i, cell in enumerate(cells):
            own = cell.rows or labels.get(cell.span, ())
            beside = [cells[k] for k in rows[own] if k != i] if own else []
            outdone = any(_more(other, named[cell.rows]) for other in named.values())
            found.append(self.of(cell, beside, above) - OUTDONE_LOSS * outdone)
        return found

    def named(self, text: str) -> float:
        """The share of a label that the question covers, 0 for one of another date or number."""
        match = self._match(Label(Span(0, len(text)), text))
        return 0.0 if match.other else match.share

    def outdone(self, cell: Cell, cells: Sequence[Cell]) -> bool:
        """Whether labels of another row or column of these cells hold all of the question that
        those of this cell hold, and more: its neighbour is asked for, be it empty."""
        return any(
            _more(self._held(theirs), self._held(own))
            for other in cells
            for own, theirs in ((cell.rows, other.rows), (cell.columns, other.columns))
        )

    def as_much(self, one: Sequence[Label], other: Sequence[Label]) -> bool:
        """Whether the first labels hold all of the question that the second hold."""
        first, second = self._held(one), self._held(other)
        return first[0] >= second[0] and first[1] >= second[1]

    def _held(self, labels: Sequence[Label]) -> tuple[frozenset[int], frozenset[str]]:
        return _union([self._match(label) for label in labels])

    def ordered(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """Cells, best fit first; ties in their order."""
        ranked = sorted(zip(self.fits(cells), cells, strict=True), key=lambda item: -item[0])
        return tuple(cell for _, cell in ranked)

    def best(self, cells: Sequence[Cell], above: Sequence[str] = ()) -> tuple[float, Cell] | None:
        """The cell that fits best, with its fit; None where there is none."""
        ranked = zip(self.fits(cells, above), cells, strict=True)
        return max(ranked, key=lambda item: item[0], default=None)

    def _share(self, positions: frozenset[int], dated: frozenset[str]) -> float:
        worth = sum(self._worth[i] for i in positions)
        return (worth + sum(self._field_worth[name] for name in dated)) / self._total

    def _typed(self, cell: Cell) -> float:
        if self.wanted is Wanted.NUMBER:
            quantity = _figure(cell.text + (cell.unit or ""))
            if quantity is None or not self.measures:
                return float(quantity is not None)
            measures = quantity.unit.measures
            return 0.5 if measures is UnitClass.NONE else float(measures in self.measures)
        if self.wanted is Wanted.DATE:
            return float(bool(dates(cell.text)))
        words = _figure(cell.text) is None and not dates(cell.text)
        return float(self.wanted is Wanted.WORDS and words)

    def _match(self, label: Label) -> _Match:
        found = self._known.get(label.text)
        if found is None:
            found = self._known[label.text] = self._compare(label.text[:_LONGEST_LABEL])
        return found

    def _compare(self, text: str) -> _Match:
        folded = fold(text)
        own = dates(f"{text}年" if _YEAR.fullmatch(folded) else text)
        dated, other = self._same_dates(own)
        if own and (dated or other) and 2 * sum(len(date.text) for date in own) >= len(text):
            return _Match(frozenset(), dated, 0.0 if other else 1.0, other)
        positions, share = _common(folded, self._folded)
        if folded not in self._folded:
            other = other or _other_number(folded, self._folded)
        return _Match(frozenset() if other else positions, dated, share, other)

    def _same_dates(self, own: Sequence[Period]) -> tuple[frozenset[str], bool]:
        """The fields in which dates agree with those of the question; whether all of them differ
        from all of the question's."""
        agreeing: set[str] = set()
        differing = 0
        for one in own:
            pairs = [
                [
                    (name, getattr(one, name) == getattr(asked, name))
                    for name in _FIELDS
                    if getattr(one, name) is not None and getattr(asked, name) is not None
                ]
                for asked in self._dates
            ]
            fitting = [pair for pair in pairs if pair and all(same for _, same in pair)]
            agreeing |= {name for pair in fitting for name, _ in pair}
            differing += any(pairs) and not fitting
        return frozenset(agreeing), differing > 0 and not agreeing


def table_names(part: Chunk | Passage) -> tuple[str, ...]:
    """What names the tables of a passage: headings, caption, the last lines before the first
    cell. Labels of other rows, which lead it too, do not."""
    labels = {label.text for cell in part.cells for label in cell.labels}
    first = min((cell.span.start for cell in part.cells), default=part.span.start)
    before = part.text[: first - part.span.start].split("\n")[-_MOST_NAMES:]
    lines = (*part.headings, *part.lead, *before)
    return tuple(line for line in lines if line and "\t" not in line and line not in labels)


def _union(matches: Sequence[_Match]) -> tuple[frozenset[int], frozenset[str]]:
    """The positions and fields of dates that any of the matches covers."""
    return (
        frozenset[int]().union(*(match.positions for match in matches)),
        frozenset[str]().union(*(match.dated for match in matches)),
    )


def _more(
    one: tuple[frozenset[int], frozenset[str]], other: tuple[frozenset[int], frozenset[str]]
) -> bool:
    """Whether the first covers all that the second covers, and more."""
    return one != other and one[0] >= other[0] and one[1] >= other[1]


@lru_cache(8192)
def _figure(text: str) -> Quantity | None:
    """The quantity that a cell is, None where it is something else."""
    return next((one for one in quantities(text) if one.text == text.strip()), None)


def _other_number(label: str, question: str) -> bool:
    """Whether a question names what a label names but for its number.

    >>> _other_number("j-20", "j-30最多载多少"), _other_number("2020年", "多少人")
    (True, False)
    """
    parts = _DIGITS.split(label)
    if len(parts) != 2 or not label[:1].strip() or len(label) < 2:
        return False
    form = r"(?<!\d)\d+(?!\d)".join(map(re.escape, parts))
    return re.search(form, question) is not None


def _common(label: str, question: str) -> tuple[frozenset[int], float]:
    """The positions of the question that stand in parts of a label of two characters or more, and
    the share of the label that stands in the question. A label of one character counts whole."""
    if label and label in question:
        at = question.find(label)
        return frozenset(range(at, at + len(label))), 1.0
    positions: set[int] = set()
    held = 0
    at = 0
    while at < len(label) - 1:
        length = 2
        place = question.find(label[at : at + length])
        if place < 0:
            at += 1
            continue
        while at + length < len(label):
            longer = question.find(label[at : at + length + 1])
            if longer < 0:
                break
            place, length = longer, length + 1
        positions.update(range(place, place + length))
        held += length
        at += length
    return frozenset(positions), held / len(label) if label else 0.0
