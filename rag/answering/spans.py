"""The short answer: a span of a sentence, or a whole cell of a table.

What in a sentence could be the short answer, and what tells the right one: its features beside
those of its sentence (`rag.answering.features`).

The cell of a table whose labels hold all that is asked: nothing is left to be weighed, it is
the short answer.

What names its table counts with the labels, and so do the other cells of its row.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.features import (
    NAN,
    FoldedText,
    Surroundings,
    agreement,
    held,
    least_held,
    mean_held,
    ordinals,
    part_of,
    share,
)
from rag.answering.statements import year_of
from rag.models.reader import ReaderMarks
from rag.retrieval.analysis import Asked
from rag.retrieval.cells import CellFit, table_names
from rag.retrieval.evidence import Evidence
from rag.retrieval.query import AnswerKind, Query
from rag.text.normalize import squeeze
from rag.text.numbers import ORDINAL, UnitClass
from rag.text.quantities import Period, Quantity, figures
from rag.text.segment import tagged
from rag.types import Cell, Span

_CLAUSE_END = re.compile(r"[，,；;。：:！？!?、](?!\d{3})")
# A sentence that says of what is asked that it is not told, and what stands before a level that
# something rose or fell to.
_WITHHELD = re.compile(r"[未没](?:有|予|作|对外)?(?:透露|披露|公布|公开|说明|提及|提供|给出)")
_RATE = re.compile(r"[每平人]均|每[\u4e00-\u9fff0-9]")
_LEVEL = re.compile(r"(?:[到至达]|达到|约为)[约近]?\s?$")
_PERSON_TAGS = ("nr", "nrt", "nrfg")
_BODY = re.compile(
    r"(?:公司|集团|大学|学院|研究院|研究所|中心|银行|基金|协会|学会|委员会|局|部|厅|厂|社|股份|科技|汽车|证券|资本|医院|法院)$"
)
_PLACE = re.compile(r"(?:省|市|县|区|镇|村|岛|州|国|港|路|街|站|机场|山|河|湖)$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part of a sentence that may be the short answer; `span` counts from the sentence's
    beginning. `sort` is what it is: `number`, `date`, `person`, `place`, `body`, `name`, or `read`
    for what the reader marks and nothing else knows. Of a `cell` the text has the unit, too, where
    that stands elsewhere in its table."""

    evidence: Evidence
    span: Span
    text: str
    sort: str
    quantity: Quantity | None = None
    cell: Cell | None = None


_NO_SHORT = frozenset(
    (AnswerKind.LIST, AnswerKind.COMPARISON, AnswerKind.CAUSE, AnswerKind.DEFINITION)
)
# What a table or figure is called says what it shows, never what is asked.
_CAPTION = re.compile("(?:附?[表图]|图表) {0,3}[0-9一二三四五六七八九十]")
_TITLES = re.compile(r"《[^》]{1,40}》|“[^”]{1,24}”")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.&+-]*(?:\s[A-Z0-9][A-Za-z0-9.&+-]*){0,4}")
_SUFFIXED = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9]{2,16}?(?:公司|集团|大学|学院|研究院|研究所|研究中心|银行|基金会|委员会|协会|实验室|平台|医院|法院)"
)
LONGEST = 40
"""Characters of a short answer at most."""
LEAST_READ = 0.02
"""What the reader marks with less is no candidate."""
# A name is no part of two clauses.
_BREAKS = re.compile("[，,；;。：:]")
_WHICH_PLACE = re.compile(r"第几|几号|排第")
_SORT_OF_TAG = {"nr": "person", "ns": "place", "nt": "body"}


def candidates(
    query: Query, asked: Asked, place: Surroundings, reading: ReaderMarks | None
) -> list[Candidate]:
    """What in a sentence could be the short answer; nothing for questions that have none, and
    nothing that stands in the question."""
    if query.kind in _NO_SHORT or _CAPTION.match(place.evidence.text):
        return []
    found = {(one.span.start, one.span.end): one for one in cells(query, asked, place.evidence)}
    for span, sort, quantity in _of_kind(query, place, reading):
        text = span.of(place.evidence.text)
        inner = squeeze(text).strip("“”《》")
        if inner and len(text) <= LONGEST and inner not in asked.squeezed:
            one = Candidate(place.evidence, span, text, sort, quantity)
            found.setdefault((span.start, span.end), one)
    return list(found.values())


def cells(query: Query, asked: Asked, one: Evidence) -> Iterator[Candidate]:
    """The cells of a table's row that hold what is of the kind that is asked for."""
    first = one.passage.span.start + one.span.start
    for cell in one.passage.cells:
        span = cell.span
        if not first <= span.start <= span.end <= first + len(one.text) or not cell.text.strip():
            continue
        own = Span(span.start - first, span.end - first)
        text = " ".join(cell.text.split())
        if squeeze(text) in asked.squeezed or len(text) > LONGEST:
            continue
        numbers, periods = figures(f"{text}{cell.unit or ''}")
        if len(numbers) == 1 and query.kind in (AnswerKind.NUMBER, AnswerKind.OTHER):
            # a unit that is not known (2 勺) is no part of the figure, but of what the cell says
            figure = numbers[0].text.strip() if numbers[0].unit.name or cell.unit else text
            yield Candidate(one, own, figure, "number", numbers[0], cell)
        elif periods and query.kind in (AnswerKind.DATE, AnswerKind.OTHER):
            yield Candidate(one, own, text, "date", None, cell)
        elif query.kind in (AnswerKind.ENTITY, AnswerKind.OTHER) and not numbers:
            yield Candidate(one, own, text, "name", None, cell)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a span stands in: its clause, what of that stands before it, both squeezed, and the
    periods that govern it, nearest first. Of a cell the labels of its row and column and its unit.
    """

    clause: str
    lead: str
    periods: Sequence[Sequence[Period]]


def _context(place: Surroundings, candidate: Candidate) -> _Context:
    part, span = place.part, candidate.span
    if candidate.cell is not None:
        labels = "\t".join(label.text for label in candidate.cell.labels)
        flat = squeeze(f"{labels} {candidate.cell.unit or ''}")
        governing = [part_of(labels, None).periods, place.above_periods, place.told]
        return _Context(flat, flat, governing)
    start, end = _clause(part.text, span)
    inside = [period for period in part.periods if start <= period.span.start < end]
    before = [period for period in part.periods if period.span.end <= span.start]
    return _Context(
        squeeze(part.text[start:end]),
        squeeze(part.text[start : span.start]),
        [inside, before[-1:], part.periods, place.earlier[-2:]],
    )


def _of_kind(
    query: Query, place: Surroundings, reading: ReaderMarks | None
) -> Iterator[tuple[Span, str, Quantity | None]]:
    """The spans of the kind that is asked for, what they are, and the quantity of a number."""
    part = place.part
    if query.kind in (AnswerKind.NUMBER, AnswerKind.OTHER):
        ordinal = _WHICH_PLACE.search(query.text) is not None
        for quantity in part.quantities:
            if (quantity.unit is ORDINAL) == ordinal:
                yield quantity.span, "number", quantity
    if query.kind is AnswerKind.DATE:
        for period in part.periods:
            yield period.span, "date", None
    if query.kind in (AnswerKind.ENTITY, AnswerKind.OTHER):
        for span, sort in _named(part.text):
            yield span, sort, None
    if query.kind not in (AnswerKind.NUMBER, AnswerKind.DATE) and reading is not None:
        own = place.evidence.span
        span, probability = reading.best(own)
        if probability >= LEAST_READ:
            marked = Span(max(0, span.start - own.start), min(len(own), span.end - own.start))
            whole = _whole(marked, part)
            if query.kind is not AnswerKind.ENTITY or not _BREAKS.search(whole.of(part.text)):
                yield whole, "read", None


def _whole(span: Span, part: FoldedText) -> Span:
    """The span, grown over the figures and periods that it begins or ends in."""
    inside = [one.span for one in part.quantities] + [one.span for one in part.periods]
    for other in inside:
        if other.overlaps(span):
            span = Span(min(span.start, other.start), max(span.end, other.end))
    return span


@lru_cache(4096)
def _named(text: str) -> tuple[tuple[Span, str], ...]:
    found: list[tuple[Span, str]] = []
    for match in _TITLES.finditer(text):
        found.append((Span(*match.span()), "name"))
    for match in _LATIN.finditer(text):
        found.append((Span(*match.span()), "name"))
    for match in _SUFFIXED.finditer(text):
        found.append((Span(*match.span()), "body"))
    at = 0
    words = tagged(text)
    for i, (word, tag) in enumerate(words):
        end = at + len(word)
        if len(word) > 1 and tag[:2] in ("nr", "ns", "nt", "nz"):
            sort = _SORT_OF_TAG.get(tag[:2], "name")
            if sort == "person" and _goes_on(words, i):
                found.append((Span(at, end + 1), sort))
            elif sort != "body" or not _is_inside_a_name(words, i):
                found.append((Span(at, end), sort))
        elif tag == "nr" and i + 1 < len(words):
            found.append((Span(at, end + len(words[i + 1][0])), "person"))
        at = end
    return tuple(found)


def _is_inside_a_name(words: Sequence[tuple[str, str]], place: int) -> bool:
    """Whether a noun or name stands right before a word: the known part of a body's name is not
    the whole (澜湾/海洋大学)."""
    return place > 0 and words[place - 1][1][:1] in "njbz" and words[place - 1][0].isalnum()


def _goes_on(words: Sequence[tuple[str, str]], place: int) -> bool:
    """Whether a name of two characters goes on with the next word, one character that is no
    function word (柏见/溪)."""
    if len(words[place][0]) != 2 or place + 1 == len(words):
        return False
    word, tag = words[place + 1]
    return len(word) == 1 and word.isalpha() and tag[:1] in "nagz"


def span_features(
    asked: Asked,
    place: Surroundings,
    candidate: Candidate,
    reading: ReaderMarks | None,
    among: Sequence[Candidate],
) -> dict[str, float]:
    """The features of a span beside those of its sentence; `among` are all spans there."""
    part, span = place.part, candidate.span
    context = _context(place, candidate)
    where = Span(
        candidate.evidence.span.start + span.start, candidate.evidence.span.start + span.end
    )
    clause_share, _ = share(asked.content, context.clause)
    fits = unit_fit(asked, candidate)
    alike = [one for one in among if unit_fit(asked, one) >= fits]
    return {
        "mass": reading.within(where) if reading else NAN,
        "edges": _edges(reading, where) if reading else NAN,
        "fit": fits,
        "alike": float(len(alike)),
        "place": float(sum(one.span.start < span.start for one in alike)),
        "counted": _counted(asked, part, span),
        "clause": clause_share,
        "clause_attribute": mean_held(asked.attribute, context.clause),
        "lead_attribute": mean_held(asked.attribute, context.lead),
        "distance": _distance(asked.attribute, part, span),
        "content_distance": _distance([word for word, _ in asked.content], part, span),
        "clause_name": least_held(asked.names, context.clause),
        "clause_period": agreement(asked.periods, context.periods, place.year),
        "clause_ordinal": ordinals(asked, context.clause),
        "sort_number": float(candidate.sort == "number"),
        "sort_date": float(candidate.sort == "date"),
        "sort_read": float(candidate.sort == "read"),
        "sort_fits": sort_fit(asked, candidate),
        "characters": float(len(candidate.text)),
        "bare": float(
            candidate.quantity is not None and candidate.quantity.unit.measures is UnitClass.NONE
        ),
        "rate": float(
            candidate.quantity is not None
            and _RATE.search(context.clause) is not None
            and _RATE.search(asked.squeezed) is None
        ),
        "withheld": float(_WITHHELD.search(part.text) is not None),
        "superlative": least_held(asked.superlatives, place.above + place.before + part.flat),
        "level": float(asked.change and _LEVEL.search(part.text[: span.start]) is not None),
        "cell": float(candidate.cell is not None),
        "tab": float("\t" in part.text[max(0, span.start - 1) : span.end + 1]),
    }


def unit_fit(asked: Asked, candidate: Candidate) -> float:
    """How the unit of a number fits: 1 the one that is asked for, ½ where the question names none,
    or the number has none, 0 another. A date fits better with a day where one is asked for."""
    quantity = candidate.quantity
    if quantity is None:
        return 0.5
    measures = quantity.unit.measures
    if not asked.measures:
        return 0.5
    if measures in asked.measures:
        named = asked.unit and measures is UnitClass.COUNT and quantity.unit.name == asked.unit
        return 1.0 if named or measures is not UnitClass.COUNT else 0.8
    return 0.3 if measures is UnitClass.NONE else 0.0


def sort_fit(asked: Asked, candidate: Candidate) -> float:
    """1 where a name is of the sort that is asked for, 0 where it is of another, ½ where neither is
    known; NaN for numbers and dates."""
    if candidate.sort in ("number", "date"):
        return NAN
    if not (asked.who or asked.where or asked.body):
        return 0.5
    text = candidate.text
    tags = {tag for word, tag in tagged(text) if len(word) > 1}
    if asked.who:
        if candidate.sort == "person" or 2 * _characters_of_persons(text) >= len(text):
            return 1.0
        return 0.5 if _BODY.search(text) else 0.0
    if asked.where:
        return 1.0 if candidate.sort == "place" or "ns" in tags or _PLACE.search(text) else 0.0
    return 1.0 if candidate.sort == "body" or _BODY.search(text) else 0.0


def _characters_of_persons(text: str) -> int:
    return sum(len(word) for word, tag in tagged(text) if tag in _PERSON_TAGS and len(word) > 1)


def _clause(text: str, span: Span) -> tuple[int, int]:
    start = 0
    for match in _CLAUSE_END.finditer(text):
        if match.start() >= span.end:
            return start, match.start()
        if match.end() <= span.start:
            start = match.end()
    return start, len(text)


def _counted(asked: Asked, part: FoldedText, span: Span) -> float:
    """Whether the noun that is counted stands right behind the number, or before it; NaN where no
    noun is."""
    if not asked.counted:
        return NAN
    noun = squeeze(asked.counted)
    if held(noun, squeeze(part.text[span.start : span.end + 12])) == 1:
        return 1.0
    return 0.5 if held(noun, squeeze(part.text[max(0, span.start - 16) : span.start])) == 1 else 0.0


def _distance(words: Sequence[str], part: FoldedText, span: Span) -> float:
    """Characters between the span and the nearest of the words in its sentence, in tens, at most
    10; NaN where none stands there."""
    best = NAN
    folded = part.text.lower()
    for word in words:
        at = folded.find(word)
        while at >= 0:
            between = span.start - at - len(word) if at < span.start else at - span.end
            gap = max(0, between) / 10
            best = gap if math.isnan(best) else min(best, gap)
            at = folded.find(word, at + 1)
    return min(best, 10.0) if not math.isnan(best) else NAN


def _edges(reading: ReaderMarks, span: Span) -> float:
    """The probability that the answer begins within the span and ends within it, as one number:
    the root of their product."""
    inside = reading.inside(span)
    return math.sqrt(float(reading.begins[inside].sum()) * float(reading.closes[inside].sum()))


LEAST_HELD = 0.7
"""How far each word of the question must stand in labels, row or names (`features.held`)."""
LEAST_NAMED = 0.6
"""The share of a label of the row, or of another cell in it, that the question must hold: a row
that is longer in words than the question is a part of what is asked."""
LEAST_FIT = 0.3
"""Of a unit (`spans.unit_fit`); a number without unit has this."""
LEAD = 0.1
"""By how much the fit of a cell must lead over that of another value of which the same holds."""
_KINDS = frozenset((AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.ENTITY, AnswerKind.OTHER))
# Words that ask, and verbs that say no more than that something is so.
_ASKING = re.compile("[几多]少?")
_LIGHT = re.compile("[花按拿给有到达为]了?|具体|属于|目前|现在|分别|怎样")
_NOTHING = re.compile(r"[-—–/\\*\s]*+|n/?a|不适用|[暂待]?[无缺定]|不详|未[知定]|暂无")
_WHOLE_CELL_WITHHELD = re.compile("(?:未|不予|暂不)(?:披露|公布|提供)")
_BESIDE_LABEL = re.compile(
    r"[（(][^（()）]*+[）)]|^(?:[一二三四五六七八九十]{1,3}、|\d{1,3}[、.．])"
)
_RISES = re.compile("(?:增[加长]?|[上提]升|上?涨|减少?|下[降跌]|降低?|跌)了?")
_CHANGE = re.compile("增减|变[动化]|同比|增[长幅加]|涨跌|减少")


def whole_cell(
    query: Query, asked: Asked, fit: CellFit, sentences: Sequence[Evidence]
) -> Candidate | None:
    """The cell among the rows of `sentences` that holds all that is asked; None where none does,
    or several with different values do and none leads."""
    if asked.several or query.kind not in _KINDS:
        return None
    fits: dict[int, dict[Cell, float]] = {}
    found: list[tuple[float, Candidate]] = []
    for one in sentences:
        own = one.passage.cells
        if own and one.passage.rank not in fits:
            values = fit.fits(own, table_names(one.passage))
            fits[one.passage.rank] = dict(zip(own, values, strict=True))
        for candidate in cells(query, asked, one) if own else ():
            if candidate.cell is not None and _holds_all(asked, fit, candidate, candidate.cell):
                found.append((fits[one.passage.rank][candidate.cell], candidate))
    if not found:
        return None
    found.sort(key=lambda item: -item[0])
    least, best = found[0]
    rivals = (own for own, one in found if squeeze(one.text) != squeeze(best.text))
    return best if least - next(rivals, -LEAD) >= LEAD else None


def _holds_all(asked: Asked, fit: CellFit, candidate: Candidate, cell: Cell) -> bool:
    """Whether the labels of a cell, the other cells of its row and what names the table hold every
    word, name, period and number of a row that is asked, and the question names the row."""
    if unit_fit(asked, candidate) < LEAST_FIT or _is_nothing(candidate.text):
        return False
    passage = candidate.evidence.passage
    beside = [other.text for other in _beside(candidate)]
    row = [_BESIDE_LABEL.sub("", text) or text for text in (*(r.text for r in cell.rows), *beside)]
    if max(map(fit.named, row), default=0.0) < LEAST_NAMED or has_empty_rival(fit, candidate):
        return False
    labels = "\t".join(label.text for label in cell.labels)
    names = "\n".join((passage.title, *table_names(passage)))
    flat, above = squeeze("\t".join((labels, *beside))), squeeze(names)
    changes = asked.change and _CHANGE.search(flat) is not None
    for word in (*_said(asked), *asked.names, *asked.superlatives):
        if max(held(word, flat), held(word, above)) < LEAST_HELD and not (
            changes and _RISES.fullmatch(word)
        ):
            return False
    year = year_of(passage)
    governing = [part_of(labels, None).periods, part_of(names, year).periods]
    if asked.periods and agreement(asked.periods, governing, year) <= 0:
        return False
    return not asked.ordinals or ordinals(asked, flat + above) > 0


def _beside(candidate: Candidate) -> list[Cell]:
    """The other cells of the row of a cell."""
    one = candidate.evidence
    return [
        other
        for other in one.passage.cells
        if other is not candidate.cell and one.place <= other.span.start < one.place + len(one.text)
    ]


def has_empty_rival(fit: CellFit, candidate: Candidate) -> bool:
    """Whether another column of the table holds as much of the question as that of a cell, and has
    nothing in its row: which of the two is asked for is open."""
    cell, cells = candidate.cell, candidate.evidence.passage.cells
    if cell is None or not cell.columns:
        return False
    told = {other.columns for other in _beside(candidate) if not _is_nothing(other.text)}
    starts = sorted(other.span.start for other in cells)
    own = cell.columns[-1].span.start
    for columns in {other.columns for other in cells if other.columns} - told - {cell.columns}:
        low, high = sorted((own, columns[-1].span.start))
        one_header = bisect_left(starts, low) == bisect_left(starts, high)
        if one_header and fit.as_much(columns, cell.columns):
            return True
    return False


def _is_nothing(text: str) -> bool:
    """Whether a cell says that there is nothing in it."""
    words = squeeze(text)
    return _NOTHING.fullmatch(words) is not None or _WHOLE_CELL_WITHHELD.search(words) is not None


def _said(asked: Asked) -> list[str]:
    """The words of a question that a cell has to hold: not those of its periods and units, which
    are compared by value, nor those that ask."""
    periods = squeeze(" ".join(period.text for period in asked.periods))
    words = [word for word, _ in asked.content if not _ASKING.search(word)]
    if periods:  # what is left of a word that runs on from a period (2021年西)
        words = [word.lstrip("年月日") for word in words if word not in periods]
    units = {scale + asked.unit for scale in ("", "百", "千", "万", "百万", "千万", "亿")}
    return [
        word.rstrip("是的") or word
        for word in words
        if word and word not in units and not _LIGHT.fullmatch(word)
    ]
