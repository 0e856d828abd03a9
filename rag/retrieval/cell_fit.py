"""How well the cells of tables fit a question: by the labels of their row and column.

    fit = share of the question's weight that the labels cover
          + EXACT_WEIGHT · the mean share of a label that the question covers
          + TYPED_WEIGHT, where the cell holds what is asked for
          − OTHER_KEY_LOSS, where a label names another date than the question, or another
            number of the same form (1号线 for 2号线, J-20 for J-30)
          − GIVEN_LOSS, where the question itself says what stands in the cell

A row that shares two keys with the question (place and time, person and month) so comes before
rows that share one. A date is one key in whatever form it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from rag.text.fold import fold
from rag.text.quantities import Period, dates, quantities
from rag.types import Cell, Label

# Set by hand on tables written for this, none of them measured: the order of their sizes is what
# counts. A whole label says more than a part of one, another date rules a cell nearly out.
EXACT_WEIGHT = 0.15
TYPED_WEIGHT = 0.1
OTHER_KEY_LOSS = 0.4
GIVEN_LOSS = 0.3
_LONGEST_LABEL = 80
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
    characters; terms without weight ask, but say nothing."""

    question: str
    weights: Mapping[str, float]
    wanted: Wanted = Wanted.ANY
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

    def of(self, cell: Cell) -> float:
        """The fit of a cell; higher is better."""
        matches = [self._match(label) for label in cell.labels]
        covered = frozenset[int]().union(*(match.positions for match in matches))
        dated = frozenset[str]().union(*(match.dated for match in matches))
        worth = sum(self._worth[i] for i in covered)
        worth += sum(self._field_worth[name] for name in dated)
        fit = worth / self._total
        if matches:
            fit += EXACT_WEIGHT * sum(match.share for match in matches) / len(matches)
        fit -= OTHER_KEY_LOSS * any(match.other for match in matches)
        own = self._match(Label(cell.span, cell.text))
        fit -= GIVEN_LOSS * (own.share == 1.0 and not self._is_figure(cell.text))
        return fit + TYPED_WEIGHT * self._typed(cell.text)

    def ordered(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """Cells, best fit first; ties in their order."""
        return tuple(sorted(cells, key=lambda cell: -self.of(cell)))

    def first(self, cells: Sequence[Cell]) -> Cell:
        """The one that fits best, of which there is at least one."""
        return max(cells, key=self.of)

    def best(self, cells: Sequence[Cell]) -> float:
        """The fit of the best of them, 0 for none."""
        return max((self.of(cell) for cell in cells), default=0.0)

    def _typed(self, text: str) -> bool:
        if self.wanted is Wanted.NUMBER:
            return self._is_figure(text)
        if self.wanted is Wanted.DATE:
            return bool(dates(text))
        return self.wanted is Wanted.WORDS and not (self._is_figure(text) or dates(text))

    def _is_figure(self, text: str) -> bool:
        return any(figure.text == text.strip() for figure in quantities(text))

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
