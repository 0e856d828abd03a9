"""What a sentence says otherwise than its lines: a figure, date or quoted term that is not there, a
figure of something else, a rise for a fall, a negation, more surely or of more than they say.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache

from rag.answering.alignment import (
    Alignment,
    best_clause,
    crossed_members,
    share_of,
    substituted,
    supplanted,
    turned_roles,
)
from rag.answering.figures import (
    BoundFigure,
    agree,
    computed,
    counted_rank,
    keyed,
    matches,
    with_unit,
)
from rag.answering.statements import (
    ANTONYMS,
    CERTAIN,
    DONE,
    DOWN,
    HEDGES,
    LIMITS,
    NEGATIONS,
    UNIVERSAL,
    UP,
    Clause,
    PassageLine,
    denials,
    facts,
    held,
    is_planned,
    line_figures,
    lines_of,
    pairs,
    whole,
)
from rag.answering.wording import FEATURES, missing_names, of_another
from rag.retrieval.analysis import ordinals_in
from rag.text.normalize import squeeze
from rag.text.quantities import Period, Quantity, UnitClass, negated
from rag.text.segment import tagged
from rag.types import Remark, RemarkKind

# Clauses share so many of their pairs of characters when one is held against the other.
ALIKE = 0.5
OVERSTATED, NEARLY = 0.4, 0.8
# A clause of fewer pairs of characters may be held by chance.
LEAST_HELD = 5
# Of so many things a sentence may give its own count.
FEW = 10
# Shares of a clause's words: beside a date that tells of it, and beside one that does not.
TOLD, FOREIGN = 0.6, 0.2
LED_IN = 10
_TO_COME = re.compile("明年|后年")
# Characters on either side of a word that say where it stands, and those of the longest such word.
BESIDE, LONGEST = 3, 4
FOREMOST = re.compile(
    "首[个家次款批座只位项例部条]|第一(?![季阶年月批次步节章天])|最[大高多早长快新小低少]|唯一"
)
_FURTHER_DOWN = re.compile("第[二三四五六七八九十]+[大高多长]")  # 第二大 is not 最大
# Kinds of words (of the tags of jieba) that limit what is the first or most: places, sides, times.
LIMITING = ("ns", "s", "f", "t", "nt")
_PRESENT = ("目前", "迄今", "至今", "当前", "现在", "如今")  # limits nothing: so it is told
_SAME_AREA = (
    ("国内", "我国", "中国", "全国", "本土", "国产"),
    ("全球", "世界", "国际", "海内外", "全世界"),
)
_ALONE = re.compile("^ ?这?(?:一天|当天|当日|一日|单日|全天|当月|单月|全年|当年)")
_UNTIL = re.compile("(?:截至到?|截止到?|迄) ?$")
_EACH = re.compile("各(?!种|类|项|地|国|界|级)|每(?!年)|日均|人均|平均|均价")
_TOTAL = re.compile("共(?!同|和|享|识|有)|合计|总计|总额|总量|累计|一共")
EVERY = re.compile("(?P<all>所有|全部|全额|全体|一切)|大部分|大多数?|多数|过半")
# What turns the meaning of a clause though its words are found, and how alike the clauses must be.
# Each is met by at most 1% of the unaltered sentences of `training.verdict` that are supported.
_SHIFTS = (
    ("negation_added", 0.7, RemarkKind.NEGATED),
    ("negation_gone", 0.5, RemarkKind.NEGATED),
    ("hedge_dropped", 0.7, RemarkKind.CERTAINTY),
    ("certain_added", 0.4, RemarkKind.CERTAINTY),
    ("planned_as_done", 0.4, RemarkKind.CERTAINTY),
    ("done_added", 1.0, RemarkKind.CERTAINTY),
    ("limit_dropped", 0.7, RemarkKind.SCOPE),
    ("universal_added", 0.5, RemarkKind.SCOPE),
)


def failures(found: Alignment) -> Iterator[Remark]:
    """The facts of a claim that its lines do not give, or give otherwise."""
    for term in found.claim.quoted:
        if not _quoted(term, found):
            yield Remark(RemarkKind.QUOTED, (term,))
    yield from _figures(found)
    yield from _of_another(found)
    for period in found.missing_dates:
        yield Remark(RemarkKind.DATE, (period.text,))
    if (
        _turned_in_place(found)
        or _turned_difference(found)
        or _turned_comparison(found)
        or any(_turned(found, number) for number in range(len(found.claim.clauses)))
    ):
        yield Remark(RemarkKind.DIRECTION)
    word = _negated(found)
    if word:
        yield Remark(RemarkKind.NEGATION, (word,))
    yield from _redated(found)
    yield from _misdated(found)
    if _denied(found):
        yield Remark(RemarkKind.NEGATED)
    kind = _overstated(found)
    if kind is not None:
        yield Remark(kind)


def _figures(found: Alignment) -> Iterator[Remark]:
    """The figures of a claim that its lines do not give, or give of something else, of another
    period, or with another sign."""
    for one in found.figures:
        if one.line is None and not (
            (_counted(one.quantity) and one.rival is None)
            or _numbers_its_points(found, one.quantity)
            or _elapsed(found, one.quantity)
            or is_computed(found, one.quantity)
        ):
            yield _other_figure(found, one)
        elif one.line is not None and one.rival is not None:
            yield Remark(RemarkKind.NUMBER, (one.quantity.text, one.rival.text))
        elif one.period is not None:
            yield Remark(RemarkKind.DATE, (one.quantity.text, one.period.text))
        elif (signed := _other_sign(found, one)) is not None:
            yield Remark(RemarkKind.NUMBER, (one.quantity.text, signed.text))


def _other_sign(found: Alignment, one: BoundFigure) -> Quantity | None:
    """The figure of the line that has another sign than the claim's, where neither words of a loss
    nor of a fall stand with the one without a minus."""
    if one.line is None:
        return None
    told = facts(one.line.text, one.line.year).clauses
    given = [(q, c) for c in told for q in c.quantities if matches(one.quantity, q, one.line)]
    if not given or any((q.low < 0) == (one.quantity.low < 0) for q, _ in given):
        return None
    if one.quantity.low < 0:
        return None if any(_BELOW.search(c.squeezed) for _, c in given) else given[0][0]
    return None if _BELOW.search(found.claim.squeezed) else given[0][0]


_BELOW = re.compile(f"{DOWN.pattern}|[亏负低少]|逆差|赤字|缺口|净流出|零下")


def _of_another(found: Alignment) -> Iterator[Remark]:
    """What the lines say of another than the claim: of another of a row, of the other of two that a
    verb or 分别 relates."""
    yield from _numbered(found)
    for one in found.figures:
        if one.line is not None and _each_for_all(found, one):
            yield Remark(RemarkKind.SCOPE)
    swapped = turned_roles(found) or crossed_members(found)
    if swapped:
        yield Remark(RemarkKind.NAME, swapped)


def _numbered(found: Alignment) -> Iterator[Remark]:
    """What tells one of a row from the others (1号线) where the lines give the clause's figure of
    another of that row alone."""
    for clause in found.claim.clauses:
        own = ordinals_in(clause.squeezed)
        for one in found.figures if own else ():
            if one.line is None or one.quantity not in clause.quantities:
                continue
            theirs = list(_numbers_beside(one))
            for ordinal in sorted(own):
                measure = ordinal.lstrip("0123456789")
                if sum(other.endswith(measure) for other in own) > 1:
                    continue
                rows = [{o for o in row if o.endswith(measure)} for row in theirs]
                if rows and all(row and ordinal not in row for row in rows):
                    yield Remark(RemarkKind.NAME, (ordinal,))


def _numbers_beside(one: BoundFigure) -> Iterator[frozenset[str]]:
    """For each clause of its line that gives a figure: which of a row the clause speaks of, by
    itself or by the clauses before it."""
    if one.line is None:
        return
    spoken = ordinals_in(one.line.before)
    for clause in facts(one.line.text, one.line.year).clauses:
        spoken = ordinals_in(clause.squeezed) or spoken
        if any(matches(one.quantity, other, one.line) for other in clause.quantities):
            yield spoken


def _redated(found: Alignment) -> Iterator[Remark]:
    """Years of a clause for which the aligned clause gives another year."""
    for clause in found.claim.clauses:
        own = [period for period in clause.periods if period.year is not None]
        if not own:
            continue
        for other, surely in aligned(found, clause):
            theirs = [period for period in other.periods if period.year is not None]
            if surely and theirs and not any(agree(a, b) for a in own for b in theirs):
                yield Remark(RemarkKind.DATE, (own[0].text, theirs[0].text))
                return


def _misdated(found: Alignment) -> Iterator[Remark]:
    """Dates of a clause beside which the lines tell of something else, while they tell of what the
    clause says beside another date."""
    for clause in found.claim.clauses:
        words = [word for word in clause.words if len(word) > 1 or word.isascii()]
        if len(clause.periods) != 1 or not words:
            continue
        period = clause.periods[0]
        own = rival = 0.0
        other: Period | None = None
        for line in dict.fromkeys(line for one in found.lines for line in lines_of(one.passage)):
            for given, told in _dated_parts(line):
                share = sum(held(word, told) for word in words) / len(words)
                if agree(period, given, line):
                    own = max(own, share)
                elif share > rival and _as_fine(period, given):
                    rival, other = share, given
        if other is not None and own <= FOREIGN and rival >= TOLD:
            yield Remark(RemarkKind.DATE, (period.text, other.text))


def _as_fine(one: Period, other: Period) -> bool:
    return (one.month is None, one.day is None) == (other.month is None, other.day is None)


@lru_cache(2048)
def _dated_parts(line: PassageLine) -> tuple[tuple[Period, str], ...]:
    """The dates of a line, each with what the line tells of it: as far as the dates beside it."""
    if "\t" in line.text:
        return ()
    periods = sorted(line_figures(line)[1], key=lambda period: period.span)
    edges = [0, *(period.span.end for period in periods[:-1]), len(line.text)]
    starts = [period.span.start for period in periods[1:]]
    found = []
    for number, period in enumerate(periods):
        until = starts[number] if number < len(starts) else len(line.text)
        before = re.split("[，；。]", line.text[edges[number] : period.span.start])[-1]
        found.append((period, squeeze(before + line.text[period.span.end : until])))
    return tuple(found)


def _each_for_all(found: Alignment, one: BoundFigure) -> bool:
    """Whether a clause gives as the total what its line gives of each, or the other way round."""
    clause = next(c for c in found.claim.clauses if one.quantity in c.quantities)
    own = (_EACH.search(clause.squeezed), _TOTAL.search(clause.squeezed))
    if one.line is None or (own[0] is None) == (own[1] is None):
        return False
    theirs = [
        (_EACH.search(given.told), _TOTAL.search(given.told))
        for given in keyed(one.line)
        if matches(one.quantity, given.quantity, one.line)
    ]
    said, other = (0, 1) if own[0] else (1, 0)
    return bool(theirs) and all(t[other] and not t[said] for t in theirs)


def _denied(found: Alignment) -> bool:
    """Whether a clause is nearly the one of a line but for a negation."""
    for clause in found.claim.clauses:
        share, other, _ = best_clause(clause, found.lines)
        if other is None or share < NEARLY:
            continue
        own, theirs = clause.squeezed, other.squeezed
        if not NEGATIONS.search(theirs) and denials(own, theirs):
            return True
        if not NEGATIONS.search(own) and denials(theirs, own):
            return True
    return any(_holds_denied(clause, found) for clause in found.claim.clauses)


def _holds_denied(clause: Clause, found: Alignment) -> bool:
    """Whether a clause without a negation holds nearly all of one of the lines that has one."""
    if NEGATIONS.search(clause.squeezed):
        return False
    own = pairs(clause.squeezed)
    for line in found.lines:
        for other in facts(line.text, line.year).clauses:
            said = NEGATIONS.sub("\0", other.squeezed)
            theirs = pairs(said)
            denied = said != other.squeezed and len(theirs) >= LEAST_HELD
            denied = denied and denials(other.squeezed, clause.squeezed)
            if denied and len(own & theirs) >= NEARLY * len(theirs):
                return True
    return False


def _overstated(found: Alignment) -> RemarkKind | None:
    """What a clause says as done that its aligned clause says as planned, as sure what may be, or
    of all what holds of some."""
    for clause in found.claim.clauses:
        share, other, line = best_clause(clause, found.lines)
        if other is None or line is None or share < OVERSTATED:
            continue
        own, theirs = clause.squeezed, _led_in(other, line) + other.squeezed
        done = DONE.search(own) and not is_planned(own)
        if done and is_planned(theirs) and not DONE.search(theirs):
            return RemarkKind.CERTAINTY
        if _instead(CERTAIN, HEDGES, own, theirs):
            return RemarkKind.CERTAINTY
        if _instead(UNIVERSAL, LIMITS, own, theirs):
            return RemarkKind.SCOPE
    return RemarkKind.SCOPE if _parts_as_whole(found) or _widened(found) else None


def _widened(found: Alignment) -> bool:
    """Whether a clause says of more what a line says of a part: a first or most without the place,
    side or time that limits it there (西北沿边地区的首个, 西北地区的首个), or of one day or year
    what had added up until then (截至12月10日, 12月10日一天)."""
    own = found.claim.squeezed
    for clause in found.claim.clauses:
        share, other, line = best_clause(clause, found.lines)
        if other is None or line is None or share < OVERSTATED:
            continue
        for mark in FOREMOST.finditer(clause.squeezed):
            if mark[0] not in other.squeezed and _FURTHER_DOWN.search(other.squeezed):
                return True
            limits = _limits(other.squeezed, mark[0])
            if limits and not any(all(_limited(one, own) for one in of) for of in limits):
                return True
        for period in clause.periods:
            alone = _ALONE.match(clause.text[period.span.end :])
            if alone and any(
                agree(period, given, line)
                and _UNTIL.search(line.text[max(0, given.span.start - 4) : given.span.start])
                for given in line_figures(line)[1]
            ):
                return True
    return False


@lru_cache(2048)
def _limits(text: str, mark: str) -> tuple[tuple[str, ...], ...]:
    """For each place where a squeezed clause says that something is the first or most (`mark`): the
    words of place, side and time directly before it."""
    found = []
    for match in re.finditer(re.escape(mark), text):
        words: list[str] = []
        for word, kind in reversed(tagged(text[: match.start()])):
            if kind[0] in "nsftbju" or kind in ("vn", "nt"):
                if kind in LIMITING and word not in _PRESENT:
                    words.append(word)
            else:
                break
        found.append(tuple(words))
    return tuple(found)


def _limited(word: str, claim: str) -> bool:
    same = next((group for group in _SAME_AREA if word in group), (word,))
    return any(one in claim for one in same)


def _led_in(clause: Clause, line: PassageLine) -> str:
    """The clause before a clause of a line, where it is short (田轩建议，) or tells of a year to
    come."""
    every = facts(line.text, line.year).clauses
    before = every[every.index(clause) - 1].squeezed if clause in every[1:] else ""
    return before if len(before) <= LED_IN or _TO_COME.search(before) else ""


def _parts_as_whole(found: Alignment) -> bool:
    """Whether a clause says of all or most what a line gives a smaller share of."""
    for clause in found.claim.clauses:
        for match in EVERY.finditer(clause.squeezed):
            least = 100 if match["all"] else 50
            after = clause.squeezed[match.end() :]
            words = [w for w in clause.words if len(w) > 1 and w in after] or clause.words
            if not words:
                continue
            for line in found.lines:
                if any(share_of(frozenset(words), part) >= NEARLY for part in _of_all(line, least)):
                    break
                for one in keyed(line):
                    told = sum(held(w, one.told) for w in words) >= NEARLY * len(words)
                    if told and one.unit.name == "%" and one.quantity.high < least:
                        return True
    return False


def _of_all(line: PassageLine, least: int) -> Iterator[str]:
    """What follows the words of a line that say that it holds of all, or of most."""
    for match in EVERY.finditer(line.squeezed):
        if match["all"] or least < 100:
            yield re.split("[，。；]", line.squeezed[match.end() :])[0]


def _instead(said: re.Pattern[str], there: re.Pattern[str], own: str, theirs: str) -> bool:
    """Whether one side alone has words of the one kind, the other alone those of the other."""
    return (
        said.search(own) is not None
        and there.search(own) is None
        and there.search(theirs) is not None
        and said.search(theirs) is None
    )


def _counted(quantity: Quantity) -> bool:
    """Whether a figure may be the sentence's own count of a few things."""
    return (
        quantity.unit.measures is UnitClass.COUNT
        and not quantity.is_range
        and 1 < quantity.low <= FEW
        and quantity.step == 1
    )


def _numbers_its_points(found: Alignment, quantity: Quantity) -> bool:
    """Whether an ordinal may number the sentence's own points, or days: the lines have none."""
    return quantity.unit.measures is UnitClass.ORDINAL and not any(
        one.unit.measures is UnitClass.ORDINAL
        for line in found.lines
        for one in line_figures(line)[0]
    )


def _elapsed(found: Alignment, quantity: Quantity) -> bool:
    """Whether a duration is the time between two dates that the lines or the sentence name: two
    years, the last one counted or not, two months of known or the same year, or two days."""
    if quantity.unit.measures is not UnitClass.DURATION or quantity.is_range:
        return False
    periods = [p for line in found.lines for p in line_figures(line)[1]] + [*found.claim.periods]
    ends = [end for p in periods for end in (p, p.to) if end is not None]
    wanted, step = quantity.low * quantity.unit.size, quantity.step * quantity.unit.size
    if quantity.unit.base == "个月":
        years = sorted({end.year for end in ends if end.year is not None})
        spans = {(b - a + more) * 12 for a in years for b in years if b > a for more in (0, 1)}
        dated = [(end.year or 0, end.month) for end in ends if end.month is not None]
        spans |= {(b[0] - a[0]) * 12 + b[1] - a[1] for a in dated for b in dated if b > a}
        room = step if quantity.unit.name == "年" else step / 2
        return any(abs(span - wanted) <= room for span in spans)
    days = [_days(end) for end in ends if end.month is not None and end.day is not None]
    return any(abs((b - a) * DAY_SECONDS - wanted) <= step for a in days for b in days if b > a)


DAY_SECONDS = 86400


def _days(date: Period) -> int:
    """The days of a date from a fixed one; a year that it leaves out is one and the same."""
    year = date.year if date.year and date.year >= dt.MINYEAR else LEAP_YEAR
    day = min(date.day or 1, monthrange(year, date.month or 1)[1])
    return dt.date(year, date.month or 1, day).toordinal()


LEAP_YEAR = 2024


def is_computed(found: Alignment, quantity: Quantity) -> bool:
    """Whether a figure follows from figures of the lines and passages, as the claim says."""
    claim = found.claim
    given = [(one.quantity, one.line) for one in found.figures if one.line is not None]
    lines = dict.fromkeys((*found.lines, *_nearest(found)))
    return computed(quantity, claim.squeezed, given, tuple(lines), found.passages) or counted_rank(
        quantity, given
    )


def _nearest(found: Alignment) -> Iterator[PassageLine]:
    """The line of each passage that has most words of the claim: what a computed figure compares
    stands apart."""
    words = found.claim.words
    for passage in found.passages:
        lines = lines_of(passage)
        if lines:
            yield max(lines, key=lambda line: sum(held(word, line.squeezed) for word in words))


def _other_figure(found: Alignment, one: BoundFigure) -> Remark:
    """What the lines give in the place of a figure, where they give one of the kind."""
    quantity = one.quantity
    if one.rival is not None:
        return Remark(RemarkKind.NUMBER, (quantity.text, one.rival.text))
    clause = next(c for c in found.claim.clauses if quantity in c.quantities)
    _, other, _ = best_clause(clause, found.lines)
    for given in other.quantities if other is not None else ():
        if given.unit.base == quantity.unit.base and given.unit.base:
            return Remark(RemarkKind.NUMBER, (quantity.text, given.text))
    return Remark(RemarkKind.NUMBER, (quantity.text,))


def _quoted(term: str, found: Alignment) -> bool:
    return any(term in whole(passage) for passage in found.passages)


def sides(text: str) -> frozenset[str]:
    """`up` and `down`, as far as a squeezed text speaks of a rise or a fall."""
    return frozenset(
        side for side, form in (("up", UP), ("down", DOWN)) if form.search(text) is not None
    )


def _turned(found: Alignment, number: int) -> bool:
    """Whether a clause says the contrary of what the aligned clause says: a rise for a fall, or one
    word of a pair of contraries for the other."""
    clause = found.claim.clauses[number]
    own = sides(clause.squeezed)
    for other, surely in aligned(found, clause):
        if len(own) == 1:
            theirs = sides(other.squeezed)
            if len(theirs) == 1 and theirs != own and surely:
                return True
        if surely and _contrary(clause.squeezed, other.squeezed):
            return True
    return False


def _turned_in_place(found: Alignment) -> bool:
    """Whether a line has, between the same characters, a word for a fall where the claim has one
    for a rise, or the other way round, and no line has the claim's word there."""
    texts = [line.squeezed for line in found.lines]
    for clause in found.claim.clauses:
        for form, contrary in ((UP, DOWN), (DOWN, UP)):
            for match in form.finditer(clause.squeezed):
                left = clause.squeezed[max(0, match.start() - BESIDE) : match.start()]
                right = clause.squeezed[match.end() : match.end() + BESIDE]
                if len(left + right) <= BESIDE or any(
                    left + match.group() + right in text for text in texts
                ):
                    continue
                place = re.compile(f"{re.escape(left)}(.{{2,{LONGEST}}}?){re.escape(right)}")
                if any(
                    contrary.fullmatch(there[1]) for there in filter(None, map(place.search, texts))
                ):
                    return True
    return False


def _turned_difference(found: Alignment) -> bool:
    """Whether a clause says that one thing is more than another by a figure by which it is less
    (A比B多…), or the other way round: what its lines give of each tells which is more."""
    for one in found.figures:
        clause = next(c for c in found.claim.clauses if one.quantity in c.quantities)
        before = clause.text[: one.quantity.span.start]
        said = _MORE_OR_LESS.search(before)
        parted = _THAN.search(before) if said is not None else None
        if said is None or parted is None:
            continue
        first, second = squeeze(before[: parted.start()]), squeeze(before[parted.end() :])
        periods = [squeeze(period.text) for period in clause.periods]
        words = [word for c in found.claim.clauses for word in c.words]
        # what both are compared in (营收) tells neither apart
        sides = next(
            (
                keys
                for told in (periods, words)
                if all(keys := (_apart(told, first, second), _apart(told, second, first)))
            ),
            (frozenset(), frozenset()),
        )
        more = said["more"] is not None
        differences = _differences(one.quantity, found, sides)
        if differences and all((difference > 0) != more for difference in differences):
            return True
    return False


_ABOVE_OR_BELOW = re.compile("(?P<above>高于|多于|大于|超过)|低于|少于|小于|不及")


def _turned_comparison(found: Alignment) -> bool:
    """Whether a clause says that one row of a table is above another, or below it, in a column that
    it names, while the table has them the other way round."""
    rows = {
        squeeze(line.text.partition("\t")[0]): line
        for passage in found.passages
        for line in lines_of(passage)
        if line.labels and "\t" in line.text
    }
    for clause in found.claim.clauses if len(rows) > 1 else ():
        said = _ABOVE_OR_BELOW.search(clause.squeezed)
        if said is None:
            continue
        before, after = clause.squeezed[: said.start()], clause.squeezed[said.end() :]
        first, second = (
            max((row for row in rows if len(row) > 1 and row in side), key=len, default="")
            for side in (before, after)
        )
        values = [
            {one.label: with_unit(one).bounds()[0] for one in keyed(rows[row])}
            for row in (first, second)
            if row and first != second
        ]
        for label in values[0] if len(values) > 1 else ():
            if label and label in clause.squeezed and label in values[1]:
                higher = values[0][label] > values[1][label]
                if higher is (said["above"] is None) and values[0][label] != values[1][label]:
                    return True
    return False


def _apart(words: Sequence[str], here: str, there: str) -> frozenset[str]:
    return frozenset(word for word in words if word in here and word not in there)


_MORE_OR_LESS = re.compile(
    "(?:(?P<more>多出?|高出?|贵|增加|增长|提高|上升)|少|低|便宜|减少|下降|降低)了?[约近达]? ?$"
)
_THAN = re.compile("比|较(?![多少高低大小快慢好差])")


def _differences(
    said: Quantity, found: Alignment, sides: Sequence[frozenset[str]]
) -> list[Fraction]:
    """The differences, with their sign, that make `said` (as a figure or a rate of the second)
    between what the lines give of the first side and what they give of the second."""
    values: tuple[list[Quantity], list[Quantity]] = ([], [])
    for line in found.lines:
        given = keyed(line)
        for one in given:
            told = line.squeezed if len(given) == 1 else one.own
            of = [any(word in told for word in side) for side in sides]
            if one.unit.name and not one.quantity.is_range and of[0] != of[1]:
                values[of[1]].append(one.quantity)
    differences = []
    for first in values[0]:
        for second in values[1]:
            if not first.comparable(second):
                continue
            a, b = first.bounds()[0], second.bounds()[0]
            rate = said.unit.measures is UnitClass.SHARE and not first.comparable(said)
            value = 100 * abs(a - b) / b if rate and b else abs(a - b)
            low = said.bounds()[0]
            if abs(value - low) <= max(said.step * said.unit.size, low / 100) and a != b:
                differences.append(a - b)
    return differences


def _contrary(own: str, other: str) -> bool:
    return any(
        (a in own and b not in own and b in other and a not in other)
        or (b in own and a not in own and a in other and b not in other)
        for a, b in ANTONYMS
    )


def aligned(found: Alignment, clause: Clause) -> Iterator[tuple[Clause, bool]]:
    """The clauses of the lines that a clause is held against, and whether that is sure: those
    that give its figures, else the one that is most alike."""
    given = False
    for one in found.figures:
        if one.line is not None and one.quantity in clause.quantities:
            for other in facts(one.line.text, one.line.year).clauses:
                if any(matches(one.quantity, q, one.line) for q in other.quantities):
                    given = True
                    yield other, True
    if given:
        return
    share, other_clause, _ = best_clause(clause, found.lines)
    if other_clause is not None:
        yield other_clause, share >= ALIKE


def _negated(found: Alignment) -> str | None:
    """A content word that stands negated in the claim or in the aligned clause alone."""
    for clause in found.claim.clauses:
        for other, surely in aligned(found, clause):
            if not surely:
                continue
            for word in clause.verbs:
                if len(word) < 2:
                    continue
                own, theirs = negated(clause.squeezed, word), negated(other.squeezed, word)
                if len(own) == 1 and len(theirs) == 1 and own != theirs:
                    return word
    return None


def shifted(found: Alignment, features: tuple[float, ...]) -> Remark | None:
    """What a sentence says otherwise than its lines though its words stand there: of somebody
    else, negated, more surely, or of more."""
    named = dict(zip(FEATURES, features, strict=True))
    instead = missing_names(found) or of_another(found)
    replaced = None if instead else substituted(found) or supplanted(found)
    if instead or replaced:
        return Remark(RemarkKind.NAME, tuple(instead) or (str(replaced),))
    for name, least, kind in _SHIFTS:
        if named[name] >= least:
            return Remark(kind)
    return None
