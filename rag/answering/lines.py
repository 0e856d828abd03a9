"""The lines of passages, which are sentences and table rows: what stands above and before them,
their figures, and whether a word stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rag.text.fold import squeeze
from rag.text.quantities import Period, Quantity, figures, quantities
from rag.text.sentences import sentences
from rag.text.units import NO_UNIT, UNITS, Unit
from rag.types import Passage, Span

# So many lines, those with most words of a sentence, are looked at more closely.
LOOKED_AT = 12
# What a word counts that stands only above the lines or beside them, or elsewhere in the passage.
BESIDE, ELSEWHERE, SHORTENED, SAME_SIDE = 0.7, 0.35, 0.7, 0.8
_TABLE_UNIT = re.compile(
    r"单位[:：]?\s*(?:人民币)?(百万|千万|[十百千万亿])?(美元|元|%|吨|人|户|家|公里|万|亿)"
)
_SCALES = {
    "": 1,
    "十": 10,
    "百": 100,
    "千": 1000,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
}


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


def whole(passage: Passage) -> str:
    """A passage and what stands above it, folded without white space."""
    return above(passage) + "".join(line.squeezed for line in lines_of(passage))


@lru_cache(512)
def table_unit(passage: Passage) -> tuple[Fraction, Unit] | None:
    """The scale and unit that a table's caption gives for all its figures."""
    match = _TABLE_UNIT.search("\n".join((*passage.above, passage.text[:200])))
    if not match:
        return None
    scale, name = Fraction(_SCALES[match[1] or ""]), match[2]
    if name in ("万", "亿"):
        return scale * _SCALES[name], NO_UNIT
    return scale, UNITS[name]


def line_figures(line: Line) -> tuple[tuple[Quantity, ...], tuple[Period, ...]]:
    """The figures of a line, its periods resolved by the document's year."""
    return figures(line.text, line.year)


@lru_cache(2048)
def years_before(line: Line) -> frozenset[int]:
    """The last year that the passage names before a line."""
    years: frozenset[int] = frozenset()
    for other in lines_of(line.passage):
        if other.span.start >= line.span.start:
            break
        named = {p.year for p in line_figures(other)[1] if p.year is not None}
        years = frozenset(named) or years
    return years


@lru_cache(512)
def years_above(passage: Passage) -> frozenset[int]:
    """The years of a passage's date, title and headings."""
    found = {p.year for p in figures("\n".join(passage.above))[1] if p.year is not None}
    found |= {int(match) for match in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", passage.title)}
    year = year_of(passage)
    return frozenset(found | ({year} if year is not None else set()))


def held(word: str, text: str) -> float:
    """How surely `word` stands in a squeezed text: whole, or shortened or lengthened by rule
    (营业收入 and 营收).

    >>> held("营收", "营业收入增长"), held("营业收入", "营收增长"), held("营收", "利润增长")
    (0.7, 0.7, 0.0)
    """
    if word in text:
        return 1.0
    if len(word) == 1 or word.isascii() or not word.isalpha():
        return 0.0
    if len(word) == 2:
        found = any(word[1] in text[at + 2 : at + 4] for at in _places(word[0], text))
    else:
        found = word[:-1] in text or word[1:] in text
        if len(word) == 4 and not found:
            found = word[0] + word[2] in text or (word[:2] in text and word[2:] in text)
    return SHORTENED if found else 0.0


def _places(character: str, text: str) -> Iterator[int]:
    at = text.find(character)
    while at >= 0:
        yield at
        at = text.find(character, at + 1)


@lru_cache(8192)
def pairs(squeezed: str) -> frozenset[str]:
    """The pairs of adjacent letters of a squeezed text."""
    return frozenset(
        pair for i in range(len(squeezed) - 1) if (pair := squeezed[i : i + 2]).isalpha()
    )
