"""The figures that passages give for the operands of a computation.

A figure is an operand only where it is bound to what its own part asks for: the thing or period
that tells the part from the others stands before it (or is a label of its cell), what is asked
stands in its clause (or above its cell), everything else that the question names in its sentence,
the ones before or above, and nothing else is named between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rag.answering.features import ABBREVIATED, BEFORE, agreement, held
from rag.answering.operations import OperandQuestion
from rag.models.reader import rarity
from rag.retrieval.analysis import LEAST_RARITY, analyse
from rag.retrieval.query import Query, parse_query
from rag.text.normalize import squeeze
from rag.text.numbers import UNITS
from rag.text.quantities import Hedge, Period, Quantity, UnitClass, dates, plain, quantities
from rag.text.segment import proper_names, tagged, words
from rag.text.sentences import sentences
from rag.types import Cell, Claim, Passage, Span

WHOLE_CHARACTERS = 300
"""Pieces that a semicolon parts are one sentence, up to so many characters."""
BEHIND = 8
"""Characters behind a figure in which what is counted may stand: 2191家企业."""

MOST_OF_LABEL = 0.6

_CLAUSE = re.compile(r"[，；。：、;:]|,(?!\d{3})")
# The change of a figure, not the figure: 增加了5亿元; 增加到5亿元 is one.
_CHANGED = re.compile(
    r"(?:增加|增长|增多|减少|下降|提高|提升|降低|上升|上涨|下跌|多|少|高出|低|超出|亏损扩大|收窄)了?约?近?$"
)
_MEASURES = re.compile("有?多[高长宽深重大]$")
_HELD_AGAINST = ("比", "较")
SINGLE = (Hedge.EXACT, Hedge.ABOUT)
"""Hedges of a figure that can be computed with; 超过, 以上, 不足 name a bound."""
_IN_TURN = "分别"
_OF_WHICH = "其中"
# The first and the last figure of a range of time: 由681亿元增至2358亿元.
_FROM = re.compile(r"[由从自]约?$")
_TO = re.compile(r"(?:增|升|降|减|涨|跌|扩大|提高|增长|上升|下降|减少|增加|提升)(?:至|到)约?了?$")
# What names an amount and not of what.
_AMOUNTS = frozenset(
    ("数量", "总数", "总额", "总量", "数额", "金额", "数目", "总和", "总计", "合计", "情况", "数据")
)
_VERBS = frozenset(("花", "用", "有", "达", "收", "卖", "预计", "大约", "目前", "现在"))
_ANYBODY = frozenset(
    [
        *("同比", "环比", "同期", "期末", "年末", "本期", "全年", "去年同期", "上年同期", "其中"),
        *("公司", "企业", "我国", "中国", "全国", "国内", "全市", "项目"),
    ]
)
_TAGS = ("n", "j", "eng", "vn", "b")
_LABEL_TAGS = (*_TAGS, "v", "a", "l")
_UNIT_OF_LABEL = re.compile(r"[（(]([^（()）]{1,12})[)）]\s*$")
_YEAR_LABEL = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True, slots=True)
class Operand:
    """A figure that was found: `quantity` with its place in the sentence `claim` that says it.
    `above` is what stands above the sentence: title, headings, lead; `year` that of its document.
    `cell` is the cell of a table that it stands in, `place` tells sentences and tables apart,
    `label` is what of the part's label tells it in the sentence; empty for all of it."""

    quantity: Quantity
    claim: Claim
    above: str = ""
    year: int | None = None
    cell: Cell | None = None
    place: tuple[int, int] = (0, 0)
    label: str = ""

    def of(self, part: OperandQuestion) -> OperandQuestion:
        """The part by the label that the sentence has for it."""
        return replace(part, label=self.label) if self.label else part

    @property
    def value(self) -> tuple[Fraction, str]:
        """The value in the base of its unit, and that base."""
        return self.quantity.low * self.quantity.unit.size, self.quantity.unit.base


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


def together(found: Sequence[Sequence[Operand]]) -> tuple[Operand, ...]:
    """One operand of each part: those that stand in one sentence or table, if they do only once;
    else those of the parts of which the passages give one value each. Empty where a part has none
    or several."""
    if not all(found):
        return ()
    places = {one.place for one in found[0]}
    alike = [
        chosen
        for place in sorted(places)
        if (chosen := _single([[one for one in own if one.place == place] for own in found]))
    ]
    values = {tuple(one.value for one in chosen) for chosen in alike}
    if values:
        return alike[0] if len(values) == 1 else ()
    return _single(found)


def _single(found: Sequence[Sequence[Operand]]) -> tuple[Operand, ...]:
    if not all(len({one.value for one in own}) == 1 for own in found):
        return ()
    return tuple(own[0] for own in found)


# --- the figures of passages -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a figure must be bound to: its part, the others, the words that are asked of it, the
    last of them that is asked of the label (its attribute; empty where the label is what is
    asked), the periods beside the label, the classes of unit that fit (any where empty), and
    all that the question says, squeezed."""

    part: OperandQuestion
    others: tuple[OperandQuestion, ...]
    words: tuple[str, ...]
    attribute: str
    periods: tuple[Period, ...]
    measures: frozenset[UnitClass]
    said: str


def figures_of(
    part: OperandQuestion,
    others: Sequence[OperandQuestion],
    asked: Query,
    passages: Sequence[Passage],
    *,
    same: bool,
) -> list[Operand]:
    """The figures that passages give for a part of the question `asked`; with `same` the result is
    in the unit of the operands."""
    whole = analyse(asked).measures if same else frozenset()
    wanted = [
        _wanted(part, label, others, asked, whole)
        for label in _labels(part.label, [other.label for other in others])
    ]
    found: list[Operand] = []
    for passage in passages:
        for one in wanted:
            own = [*_of_cells(passage, one), *_of_sentences(passage, one)]
            if own:
                found += own
                break
    return found


def _labels(label: str, others: Sequence[str]) -> list[str]:
    """A label and what is left of it without its first words, as long as that tells it from the
    others; of the words that say no more than that it is an amount none."""
    period = dates(label)
    if period:
        return [period[0].text]
    parted = [word for word, _ in tagged(label)]
    while len(parted) > 1 and parted[-1] in _AMOUNTS:
        parted.pop()
    ends = ["".join(parted[at:]).removeprefix("的") for at in range(len(parted))]
    return [
        end
        for place, end in enumerate(ends)
        if len(end) > 1 and (place == 0 or not any(end in other for other in others))
    ]


def _wanted(
    part: OperandQuestion,
    label: str,
    others: Sequence[OperandQuestion],
    asked: Query,
    measures: frozenset[UnitClass],
) -> _Wanted:
    periods = dates(part.question)
    query = parse_query(_named(part.question, periods) or part.question)
    own_label = set(words(label, parts=False))
    own = tuple(
        word
        for word in query.words
        if word not in own_label | _AMOUNTS | _VERBS and not word[0].isdigit()
    )
    rest = part.question if dates(label) else part.question.partition(label)[2]
    return _Wanted(
        replace(part, label=label),
        tuple(others),
        own,
        next((word for word in reversed(own) if word in squeeze(rest)), ""),
        tuple(one for one in periods if one.text not in label),
        analyse(parse_query(part.question)).measures or measures,
        squeeze(asked.text + part.question),
    )


def _named(question: str, periods: Sequence[Period]) -> str:
    """A question without its periods and what asks: 潮汐电站发电 for 2022年潮汐电站发了多少电."""
    for period in periods:
        question = question.replace(period.text, "，")
    before, _, counted = question.rstrip("？?").partition("多少")
    before = _MEASURES.sub("", before.removesuffix("了")).rstrip("是有")
    if counted.lstrip("百千万亿") in UNITS:
        counted = ""
    return f"{before}{'，' if len(counted) > 1 else ''}{counted}".strip("， ")


def _fits(figure: Quantity, wanted: _Wanted) -> bool:
    measures = figure.unit.measures
    if figure.is_range or measures is UnitClass.ORDINAL or figure.hedge not in SINGLE:
        return False
    return not wanted.measures or measures in wanted.measures


def _of_sentences(passage: Passage, wanted: _Wanted) -> Iterator[Operand]:
    above = "\n".join(passage.above)
    year = int(passage.date[:4]) if passage.date else None
    spans = _whole_sentences(passage.text)
    for number, span in enumerate(spans):
        text = span.of(passage.text)
        if "\t" in text and passage.cells:
            continue
        before = "".join(one.of(passage.text) for one in spans[max(0, number - BEFORE) : number])
        known = squeeze(above + before + text)
        if not all(held(word, known) >= ABBREVIATED for word in wanted.words):
            continue
        told = [dates(text, year), dates(before, year), dates(above, year)]
        if wanted.periods and not agreement(wanted.periods, told, year) > 0:
            continue
        claim = Claim(text, (passage.rank,))
        for figure in quantities(text):
            place = passage.rank, span.start
            one = Operand(figure, claim, above, year, None, place, wanted.part.label)
            if _fits(figure, wanted) and _in_clause(one, wanted):
                yield one


def _whole_sentences(text: str) -> list[Span]:
    """The sentences up to their full stops."""
    found: list[Span] = []
    for span in sentences(text):
        joined = found and span.end - found[-1].start <= WHOLE_CHARACTERS
        if joined and found[-1].of(text).endswith(("；", ";")):
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found


def _in_clause(one: Operand, wanted: _Wanted) -> bool:
    """Whether a figure of a sentence is what is asked of its part: what is asked stands before it
    in its clause, or is counted right behind it; the clause names nothing else, and the sentence
    says the figure of the part."""
    text, span = one.claim.text, one.quantity.span
    clause = _CLAUSE.split(text[: span.start])[-1]
    lead = text[: span.start] if _IN_TURN in text[: span.start] else clause
    asked = wanted.attribute or squeeze(wanted.part.label)
    behind = squeeze(_CLAUSE.split(text[span.end :])[0])[:BEHIND]
    counted = behind.removeprefix("的").startswith(asked)
    bounds = behind.startswith(("的", "以上", "以下")) and not counted
    if bounds or _CHANGED.search(clause.rstrip()):
        return False
    named = held(asked, squeeze(lead)) >= ABBREVIATED
    inherited = _of_which(one, wanted) or _goes_on(one, asked)
    if not (named or counted or inherited or _listed(one, asked)):
        return False
    if not said_of(one, wanted.part, wanted.others):
        return False
    if dates(wanted.part.label) and _rivalled(text[: span.start], wanted):
        return False
    return not _foreign(_since(one, wanted.part.label), wanted, _TAGS)


def _of_which(one: Operand, wanted: _Wanted) -> bool:
    """Whether a figure is a part of what the sentence gives before 其中: what is asked stands
    there, and nothing else is named behind it; the label stands in the figure's clause."""
    before, at, since = one.claim.text[: one.quantity.span.start].rpartition(_OF_WHICH)
    if not at or squeeze(wanted.part.label) not in squeeze(_CLAUSE.split(since)[-1]):
        return False
    if not wanted.attribute:
        return False
    _, asked, rest = before.rpartition(wanted.attribute)
    return bool(asked) and not _foreign(rest, wanted, _TAGS)


def _goes_on(one: Operand, asked: str) -> bool:
    """Whether the clause of a figure names nothing and so goes on with the one before, which says a
    figure of the same unit of what is asked: 2020年市场规模为34.6亿元，2021年达到62.2亿元."""
    *_, before, lead = ["", *_CLAUSE.split(one.claim.text[: one.quantity.span.start])]
    named = [word for word, tag in tagged(lead) if len(word) > 1 and tag.startswith(_TAGS)]
    if any(word not in _VERBS for word in named):
        return False
    alike = any(other.unit.base == one.quantity.unit.base for other in quantities(before))
    return alike and held(asked, squeeze(before)) >= ABBREVIATED


def _rivalled(before: str, wanted: _Wanted) -> bool:
    """Whether the last name before a figure is none of the question's."""
    names = proper_names(before)
    return bool(names) and not _known(squeeze(names[-1]), wanted)


def _listed(one: Operand, counted: str) -> bool:
    """Whether a figure stands in a row with one of the same measure word behind which what is
    counted is named: 北京有2191家企业，上海有819家."""
    return any(
        other.unit == one.quantity.unit
        and squeeze(one.claim.text[other.span.end :]).startswith(counted)
        for other in quantities(one.claim.text)
        if other.unit.measures is UnitClass.COUNT
    )


def _since(one: Operand, label: str) -> str:
    """What stands between the label and the figure; the figure's clause, where the label stands
    nowhere before it or is a period."""
    before = one.claim.text[: one.quantity.span.start]
    _, at, since = plain(before).rpartition(plain(label))
    if dates(label) or not at:
        return _CLAUSE.split(before)[-1]
    return since


def _foreign(text: str, wanted: _Wanted, tags: Sequence[str]) -> bool:
    """Whether a text names what the question does not."""
    bare = [one for one in tagged(text) if len(one[0]) > 1 and one[1].startswith(tuple(tags))]
    return any(not _known(squeeze(word), wanted) for word, _ in bare)


def _known(word: str, wanted: _Wanted) -> bool:
    if word in wanted.said or word in _ANYBODY or word in _AMOUNTS or rarity(word) < LEAST_RARITY:
        return True
    label = squeeze(wanted.part.label)
    if label in word or (len(word) > 1 and dates(word)):
        return True
    inside = [asked for asked in wanted.words if asked in word]
    return sum(map(len, inside)) > 1 or any(
        len(asked) > 1 and held(asked, word) >= ABBREVIATED for asked in wanted.words
    )


def _of_cells(passage: Passage, wanted: _Wanted) -> Iterator[Operand]:
    above = "\n".join(passage.above)
    year = int(passage.date[:4]) if passage.date else None
    lines = [span.of(passage.text) for span in sentences(passage.text)]
    told = "\n".join(line for line in lines if "\t" not in line)
    for cell in passage.cells:
        figure = _figure(cell)
        if figure is None or not _fits(figure, wanted):
            continue
        labels = "\n".join(label.text for label in cell.labels)
        known = squeeze(above + told + labels)
        if not all(held(word, known) >= ABBREVIATED for word in wanted.words):
            continue
        if not all(_asked_label(_bare(label.text), wanted) for label in cell.labels):
            continue
        groups = [_label_dates(cell), dates(told, year), dates(above, year)]
        if wanted.periods and not agreement(wanted.periods, groups, year) > 0:
            continue
        row = _row(passage, cell)
        if row is not None:
            claim = Claim(row, (passage.rank,))
            one = Operand(figure, claim, above, year, cell, (passage.rank, -1), wanted.part.label)
            if said_of(one, wanted.part, wanted.others):
                yield one


def _asked_label(label: str, wanted: _Wanted) -> bool:
    """Whether the question has the words of a label, or most of its characters (农药费用 for
    农药费)."""
    flat = squeeze(label)
    shared = sum(character in wanted.said for character in flat)
    return shared >= MOST_OF_LABEL * len(flat) or not _foreign(label, wanted, _LABEL_TAGS)


def _figure(cell: Cell) -> Quantity | None:
    """The figure of a cell with the unit that its labels state; None where it holds none, or
    several."""
    unit = cell.unit
    for label in reversed(cell.labels):
        unit = unit or (found[1] if (found := _UNIT_OF_LABEL.search(label.text)) else None)
    text = " ".join(cell.text.split())
    for written in (text, f"{text}{unit}") if unit else (text,):
        found_ = quantities(written)
        if len(found_) == 1 and found_[0].text.strip() == written and found_[0].unit.name:
            return replace(found_[0], text=written)
    alone = quantities(text)
    return alone[0] if len(alone) == 1 and alone[0].text.strip() == text else None


def _bare(label: str) -> str:
    return _UNIT_OF_LABEL.sub("", label)


def _label_dates(cell: Cell) -> tuple[Period, ...]:
    """The periods that the labels of a cell name; a bare year is one."""
    return tuple(
        period
        for label in cell.labels
        for period in dates(
            f"{label.text}年" if _YEAR_LABEL.fullmatch(label.text.strip()) else label.text
        )
    )


def _row(passage: Passage, cell: Cell) -> str | None:
    """The row that a cell stands in, as the passage has it."""
    start = cell.span.start - passage.span.start
    if not 0 <= start < len(passage.text):
        return None
    return next(
        (
            span.of(passage.text)
            for span in sentences(passage.text)
            if span.start <= start < span.end
        ),
        None,
    )


# --- whose a figure is -------------------------------------------------------------------------


def said_of(operand: Operand, part: OperandQuestion, others: Sequence[OperandQuestion]) -> bool:
    """Whether a figure is said of what its part asks for, and not of what the others do: the
    label that stands last before it in its sentence is its own, or, where its sentence has none,
    what stands above has its own alone. After 分别 the figures go with the labels in order. Of a
    cell its labels say it."""
    period = dates(part.label)
    if period:
        return _said_at(operand, period[0], [p for one in others for p in dates(one.label)])
    if operand.cell is not None:
        return _labelled(operand.cell, part, others)
    text = squeeze(operand.claim.text)
    labels = [squeeze(part.label), *(squeeze(one.label) for one in others)]
    place = len(squeeze(operand.claim.text[: operand.quantity.span.start]))
    known = [label for label in labels if label in text]
    if _IN_TURN in text and len(known) == len(labels):
        return _in_turn(operand, labels)
    if known:
        before = [(text.rfind(label, 0, place), len(label), label) for label in known]
        return max(before)[0] >= 0 and max(before)[2] == labels[0]
    head = squeeze(operand.above)
    return labels[0] in head and not any(label in head for label in labels[1:])


def _in_turn(operand: Operand, labels: Sequence[str]) -> bool:
    text = squeeze(operand.claim.text)
    order = sorted(labels, key=text.index).index(labels[0])
    figures = [
        one
        for one in quantities(operand.claim.text[operand.claim.text.index(_IN_TURN) :])
        if one.unit.base == operand.quantity.unit.base
    ]
    own = squeeze(operand.quantity.text)
    return len(figures) == len(labels) and squeeze(figures[order].text) == own


def _labelled(cell: Cell, part: OperandQuestion, others: Sequence[OperandQuestion]) -> bool:
    """Whether a label of a cell is that of the part, and none is that of another."""
    labels = [squeeze(_bare(label.text)) for label in cell.labels]
    return any(_same(one, part.label) for one in labels) and not any(
        _same(one, other.label) for one in labels for other in others
    )


def _same(label: str, asked: str) -> bool:
    """Whether a label of a table names what is asked for: one holds the other, or all words of
    the longer one."""
    flat = squeeze(asked)
    return bool(label) and (label == flat or (len(label) > 1 and (label in flat or flat in label)))


def _said_at(operand: Operand, own: Period, others: Sequence[Period]) -> bool:
    """As `said_of`, for a figure of a period: the last one named before it, the only one named
    behind it, or what stands above. What it is only held against (比上年) is none of them."""

    def same(one: Period, wanted: Period) -> bool:
        return wanted.within(one, frozenset()) and one.to is None

    text = operand.claim.text
    if operand.cell is not None:
        named: list[Period] = list(_label_dates(operand.cell))
        if named:
            return all(same(one, own) for one in named)
    else:
        named = [
            one
            for one in dates(text, operand.year)
            if text[: one.span.start].rstrip()[-1:] not in _HELD_AGAINST
        ]
        before = [one for one in named if one.span.end <= operand.quantity.span.start]
        turn = _year_in_turn(operand, before)
        if turn is not None:
            return turn == own.year and own.month is None and own.part is None
        if before or named:
            near = same(before[-1] if before else named[0], own)
            return near and (bool(before) or len(named) == 1)
    head = dates(operand.above, operand.year)
    return any(same(one, own) for one in head) and not any(
        same(one, other) for one in head for other in others
    )


def _year_in_turn(operand: Operand, before: Sequence[Period]) -> int | None:
    """The year of a figure that stands behind a range or row of years, one figure for each after
    分别, or the first and the last (由…增至…); None where it does not."""
    text, start = operand.claim.text, operand.quantity.span.start
    lead = text[:start].rstrip()
    if before and (last := before[-1].to) is not None:
        ends = before[-1].year, last.year
        if _FROM.search(lead) or _TO.search(lead):
            return ends[0] if _FROM.search(lead) else ends[1]
        years = list(range(ends[0] or 0, (ends[1] or 0) + 1)) if None not in ends else []
    else:
        years = [one.year for one in before if one.year is not None]
    at = lead.rfind(_IN_TURN)
    if at < 0 or len(years) < 2 or any(one.span.start > at for one in before):
        return None
    alike = [
        one
        for one in quantities(text)
        if one.span.start > at and one.unit.base == operand.quantity.unit.base
    ]
    places = [one.span for one in alike]
    if len(places) != len(years) or operand.quantity.span not in places:
        return None
    return years[places.index(operand.quantity.span)]
