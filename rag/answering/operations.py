"""What has to be computed to answer a question, and the question for each operand.

A question of how much more, how much together, what share, how many times or which is the most is
taken apart into look-ups of one figure each; `rag.answering.compute` does the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rag.answering.parts import parts
from rag.text.fold import simplify
from rag.text.quantities import Period, dates, plain
from rag.text.segment import tagged

LONGEST_QUESTION = 120
MOST_OPERANDS = 6


class Operation(Enum):
    """What is done with the operands; the order of the operands is that of the question."""

    DIFFERENCE = "difference"
    SUM = "sum"
    SHARE = "share"
    GROWTH = "growth"
    RATIO = "ratio"
    HIGHEST = "highest"
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class Part:
    """An operand that is asked for: what it is called in the question, which tells it from the
    others, and the question of its own."""

    label: str
    question: str


@dataclass(frozen=True, slots=True)
class Computation:
    """What is to be computed from which operands; of a growth the later one comes first, of a
    share the part."""

    operation: Operation
    parts: tuple[Part, ...]


_CHANGES = "增加|减少|增多|提高|降低|超出|超过|增长|下降|上升|上涨|下跌"
_MORE = f"(?:多出?|少|高出?|低|大|小|长|短|重|轻|宽|深|贵|便宜|快|慢|{_CHANGES})"
_GROWS = re.compile("增长|下降|上升|上涨|下跌|增幅|涨幅|降幅|增速")
_ASK = r"(?:了|出)?(?:大约|大概|约)?(?:百分之)?(?:多少|几)(?P<unit>[^，,。的]{0,6})"
_OF_HUNDRED = re.compile("百分之(?:多少|几)|增长率|增幅|涨幅|降幅|增速|百分比")
_DIFFERS = "(?:之间)?(?:相差|差|差距(?:是|有)?|差额(?:是|为)?)了?"
_BETWEEN = re.compile(
    r"^(?P<a>[^，,]{2,40}?)比(?P<b>[^，,]{1,40}?)"
    rf"(?:(?P<verb>{_MORE})|[多少](?P<did>[^，,的多少几了]{{1,4}})){_ASK}"
)
_APART = re.compile(rf"^(?P<both>.{{3,60}}?){_DIFFERS}(?:多少|几)(?P<unit>[^，,。的]{{0,6}})")
_TOGETHER = re.compile(
    "(?:的?总和|之和|一共|总共|合计|总计|加起来|加在一起|合起来|共计|共)(?:是|有|为)?"
)
_TIMES = re.compile(r"^(?P<a>[^，,]{2,40}?)(?:约|大约|大概)?是(?P<b>[^，,]{2,40}?)的?(?:多少|几)倍")
_SHARE = re.compile(
    r"^(?P<a>[^，,]{2,40}?)(?:占(?:了|到)?|在)(?P<b>[^，,]{2,40}?)(?:中|里)?的?"
    r"(?:占比|比例|比重|份额|百分比|百分之几|百分之多少|几成|多少)(?:是|为|有)?(?:多少|几|多大)?"
)
_LAST_YEAR = re.compile(
    "同比|[比较](?:上年|去年|前一年|上一年|上年同期|去年同期)(?:同期)?(?:相比)?"
)
_GROWTH = re.compile(
    r"(?:的)?(?:增长|下降|上升|上涨|下跌|增加|减少)?(?:了)?(?:多少|几|百分之(?:多少|几)|率|幅度|增速|增幅)"
    r"(?:个百分点)?(?:是|为)?(?:多少)?"
)
_MOST = re.compile(
    r"^(?P<items>[^，,]{3,60}?)(?:中|里|当中|之中|相比)?[，,]?(?:哪一?[个家条座年种项款]|谁)的?"
    r"(?P<of>[^，,]{0,12}?)(?:最|更)(?P<much>高|多|大|长|重|贵|快|低|少|小|短|轻|便宜|慢)"
)
_OF_TWO = re.compile(
    rf"^(?P<of>[^，,]{{0,30}}?)(?:相比|期间|之间)?[，,]?"
    rf"(?:(?P<sum>{_TOGETHER.pattern})(?:多少|几).{{0,6}}|(?P<times>的?(?:多少|几)倍)"
    rf"|(?P<apart>{_DIFFERS}(?:多少|几).{{0,6}})|(?P<verb>{_MORE}){_ASK}"
    r"|(?P<rate>的?(?:增长率|增幅|涨幅|降幅|增速)(?:是|为)?多少))"
)
"""What is asked of two periods, behind the second."""
_OVER_TIME = re.compile(rf"^(?:期间|之间)?[，,]?(?P<of>[^，,]{{2,30}}?)(?P<verb>{_MORE}){_ASK}")
_LEAST_WORDS = frozenset(("低", "少", "小", "短", "轻", "便宜", "慢"))
_MEASURED = {
    "长": "有多长", "短": "有多长", "高": "有多高", "低": "有多高", "宽": "有多宽", "深": "有多深",
    "重": "有多重", "轻": "有多重", "贵": "的价格是多少", "便宜": "的价格是多少", "大": "有多大",
    "小": "有多大",
}  # fmt: skip
_ITEMS = re.compile("[、]|(?<=[^、])[和与及跟](?=[^、])")
_END = re.compile(r"(?<![?？。.!！呢吗 ])[?？。.!！呢吗 ]+$")


def computation(question: str) -> Computation | None:
    """What has to be computed to answer a question, where no passage need say it; None where
    nothing has.

    >>> found = computation("2023年的营收比2022年多多少？")
    >>> found.operation.value, [part.question for part in found.parts]
    ('difference', ['2023年的营收是多少？', '2022年的营收是多少？'])
    >>> [part.question for part in computation("东线和西线的客流一共是多少？").parts]
    ['东线的客流是多少？', '西线的客流是多少？']
    >>> computation("东线的客流是多少？")
    """
    if len(question) > LONGEST_QUESTION:
        return None
    text = simplify(_END.sub("", plain(question)).replace(" ", ""))
    for form in (_of_periods, _over_time, _of_last_year, _share, _times, _difference, _sum, _most):
        found = form(text)
        if found is not None:
            labels = {part.label for part in found.parts}
            enough = 2 <= len(labels) == len(found.parts) <= MOST_OPERANDS
            return found if enough else None
    return None


def _of_periods(text: str) -> Computation | None:
    """One thing at two times: 2023年的营收比2022年多多少."""
    found = dates(text)
    if len(found) != 2 or any(one.to is not None for one in found):
        return None
    one, other = found
    before, after = text[: one.span.start], text[other.span.end :]
    between = text[one.span.end : other.span.start]
    match = re.fullmatch(r"(?P<of>[^，,]{0,30}?)(?:[，,]?(?:比|较|是|和|与|跟))", between)
    if match is None:
        return None
    asks = _OF_TWO.fullmatch(after)
    if asks is None or (asks["times"] is None) == between.endswith("是"):
        return None
    of = match["of"] or asks["of"]
    parts_ = tuple(
        Part(period.text, f"{before}{period.text}{of}是多少？") for period in (one, other)
    )
    if asks["times"]:
        return Computation(Operation.RATIO, parts_)
    grows = asks["verb"] and _GROWS.search(asks["verb"]) and not asks["unit"]
    if asks["rate"] or grows or _OF_HUNDRED.search(after):
        newest = sorted(zip(found, parts_, strict=True), key=lambda pair: _order(pair[0]))
        return Computation(Operation.GROWTH, tuple(part for _, part in reversed(newest)))
    return Computation(Operation.SUM if asks["sum"] else Operation.DIFFERENCE, parts_)


def _over_time(text: str) -> Computation | None:
    """The change over a range of years: 从2020年到2023年，发电量增长了多少."""
    found = dates(text)
    if len(found) != 1 or (last := found[0].to) is None:
        return None
    first = found[0]
    before, after = text[: first.span.start].removesuffix("从"), text[first.span.end :]
    asks = _OVER_TIME.fullmatch(after)
    if asks is None or first.year is None or last.year is None or first.month or last.month:
        return None
    shares = _OF_HUNDRED.search(text) or (_GROWS.search(asks["verb"]) and not asks["unit"])
    years = (f"{last.year}年", f"{first.year}年")
    return Computation(
        Operation.GROWTH if shares else Operation.DIFFERENCE,
        tuple(Part(year, f"{before}{year}{asks['of']}是多少？") for year in years),
    )


def _order(period: Period) -> tuple[int, int, str]:
    return period.year or 0, period.month or 0, period.part or ""


def _of_last_year(text: str) -> Computation | None:
    """A thing in a year and in the year before: 2023年营收同比增长多少."""
    since = _LAST_YEAR.search(text)
    found = [one for one in dates(text) if since is None or one.span.end <= since.start()]
    if since is None or len(found) != 1 or found[0].to is not None:
        return None
    (one,) = found
    if one.year is None or str(one.year) not in one.text:
        return None
    if not _GROWTH.fullmatch(text[since.end() :]):
        return None
    earlier = one.text.replace(str(one.year), str(one.year - 1), 1)
    before, of = text[: one.span.start], text[one.span.end : since.start()].rstrip("，,")
    return Computation(
        Operation.GROWTH,
        tuple(Part(year, f"{before}{year}{of}是多少？") for year in (one.text, earlier)),
    )


def _share(text: str) -> Computation | None:
    match = _SHARE.fullmatch(text)
    if match is None:
        return None
    part, whole = match["a"], match["b"]
    context = _context(part)
    whole_asked = whole if whole.startswith(context) else f"{context}{whole}"
    return Computation(
        Operation.SHARE,
        (
            Part(part.removeprefix(context), f"{part}是多少？"),
            Part(whole, f"{whole_asked}是多少？"),
        ),
    )


def _times(text: str) -> Computation | None:
    match = _TIMES.fullmatch(text)
    if match is None:
        return None
    return Computation(Operation.RATIO, _pair(match["a"], match["b"], "是多少？"))


def _difference(text: str) -> Computation | None:
    match = _BETWEEN.fullmatch(text)
    if match is not None:
        a, b, unit = match["a"], match["b"], match["unit"]
        if match["did"]:
            asks = f"{match['did']}了多少{unit}？"
            return Computation(Operation.DIFFERENCE, _pair(a, b, asks))
        asks = f"有多少{unit}？" if unit and "的" not in a + b else "是多少？"
        if "的" not in a + b and not unit:
            asks = _MEASURED.get(match["verb"], "是多少") + "？"
        return Computation(Operation.DIFFERENCE, _pair(a, b, asks))
    match = _APART.fullmatch(text)
    return None if match is None else _coordinated(match["both"], Operation.DIFFERENCE)


def _sum(text: str) -> Computation | None:
    match = _TOGETHER.search(text)
    asks = re.search("(?:多少|几).{0,6}$", text)
    if match is None or asks is None or match.end() > asks.start():
        return None
    said = text[: match.start()]
    if len(items := _enumerated(said)) > 2:
        return Computation(Operation.SUM, items)
    return _coordinated(said + text[match.end() : asks.start()].rstrip("是有为"), Operation.SUM)


def _coordinated(both: str, operation: Operation) -> Computation | None:
    """A和B的客流: each of two that a conjunction joins."""
    split = parts(f"{both}分别是多少？")
    if len(split) != 2:
        return None
    labels = _different(*split)
    return Computation(operation, tuple(map(Part, labels, split)))


def _different(one: str, other: str) -> tuple[str, str]:
    """What of two texts is not the same, in whole words: they are alike before and behind it."""
    first, second = ([word for word, _ in tagged(text)] for text in (one, other))
    shorter = min(len(first), len(second))
    start = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    most = shorter - start
    end = next((i for i in range(most) if first[-1 - i] != second[-1 - i]), most)
    return "".join(first[start : len(first) - end]), "".join(second[start : len(second) - end])


def _most(text: str) -> Computation | None:
    match = _MOST.fullmatch(text)
    if match is None:
        return None
    named = [item.strip() for item in _ITEMS.split(match["items"]) if item.strip()]
    if len(named) < 2 or any(len(item) > 16 for item in named):
        return None
    of = f"的{match['of'].removeprefix('的')}" if match["of"] else ""
    asks = "是多少？" if of else _MEASURED.get(match["much"], "是多少") + "？"
    least = match["much"] in _LEAST_WORDS
    return Computation(
        Operation.LOWEST if least else Operation.HIGHEST,
        tuple(Part(item, f"{item}{of}{asks}") for item in named),
    )


def _enumerated(text: str) -> tuple[Part, ...]:
    """甲、乙和丙的产量: each of several in a row, with what is asked of all of them."""
    named, of, asked = text.partition("的")
    items = [item for item in _ITEMS.split(named) if item]
    if "、" not in named or any(len(item) > 12 for item in items):
        return ()
    return tuple(Part(item, f"{item}{of}{asked}是多少？") for item in items)


def _pair(a: str, b: str, asks: str) -> tuple[Part, Part]:
    """Two things of which one names the attribute of both: 东线的客流 and 西线."""
    own, of, attribute = a.rpartition("的")
    other, of_other, attribute_other = b.rpartition("的")
    if of and not of_other and attribute not in b:
        return Part(own, f"{a}{asks}"), Part(b, f"{b}的{attribute}{asks}")
    if of_other and not of and attribute_other not in a:
        return Part(a, f"{a}的{attribute_other}{asks}"), Part(other, f"{b}{asks}")
    labels = _different(a, b)
    return Part(labels[0] or a, f"{a}{asks}"), Part(labels[1] or b, f"{b}{asks}")


def _context(part: str) -> str:
    """What goes for the whole of a share as for its part: all before the attribute, after a 的 or
    a period."""
    head, of, _ = part.rpartition("的")
    found = dates(part)
    period = part[: found[-1].span.end] if found else ""
    return max(f"{head}{of}", period, key=len)
