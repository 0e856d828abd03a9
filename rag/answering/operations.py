"""What has to be computed to answer a question, and the question for each operand.

A question of how much more, how much together, what share, how many times or which is the most is
taken apart into look-ups of one figure each; `rag.answering.compute` does the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rag.retrieval.decomposition import parts
from rag.retrieval.entities import asked_names
from rag.retrieval.query import AnswerKind, parse_query
from rag.text.normalize import simplify
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
class OperandQuestion:
    """An operand that is asked for: what it is called in the question, which tells it from the
    others, and the question of its own."""

    label: str
    question: str


@dataclass(frozen=True, slots=True)
class Computation:
    """What is to be computed from which operands; of a growth the later one comes first, of a
    share the part."""

    operation: Operation
    parts: tuple[OperandQuestion, ...]


_CHANGES = "增加|减少|增多|提高|降低|超出|超过|增长|下降|上升|上涨|下跌"
_EACH = re.compile("每[\u4e00-\u9fff]{1,2}$")
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
_TIMES = re.compile(
    r"^(?P<a>[^，,]{2,40}?)(?:约|大约|大概)?是(?P<b>[^，,]{2,40}?)的?"
    r"(?:(?:多少|几)倍|(?P<of>百分之(?:几|多少)|几成|几分之几))"
)
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
_MUCH = "(?P<much>高|多|大|长|重|贵|快|低|少|小|短|轻|便宜|慢)"
_MOST = re.compile(
    r"^(?P<items>[^，,]{3,60}?)(?:中|里|当中|之中|相比)?[，,]?(?:哪一?[个家条座年种项款]|谁)的?"
    rf"(?P<of>[^，,]{{0,12}}?)(?:最|更)?{_MUCH}"
)
_LISTED_YEARS = re.compile(
    "从?(?P<years>(?:(?:19|20)[0-9]{2}年?(?:[、,，和与及]|以及)){1,5}(?:19|20)[0-9]{2}年?)"
)
_SO_MANY_YEARS = re.compile(
    "(?:这?[两二三四五六]个?(?:财政年度|财年|年度|年份|年))?(?:期间|里面?|中|内|当中|之中|间)?[，,]?"
)
_MOST_YEAR = re.compile(rf"哪一?年的?(?P<of>[^，,]{{1,16}}?)(?:最|更){_MUCH}")
_OF_TWO = re.compile(
    rf"^(?P<of>[^，,]{{0,30}}?)(?:相比|期间|之间)?[，,]?"
    rf"(?:(?P<sum>{_TOGETHER.pattern})(?:多少|几).{{0,6}}|(?P<times>的?(?:多少|几)倍)"
    rf"|(?P<apart>{_DIFFERS}(?:多少|几).{{0,6}})|(?P<verb>{_MORE}){_ASK}"
    r"|(?P<rate>的?(?:增长率|增幅|涨幅|降幅|增速)(?:是|为)?多少))"
)
"""What is asked of two periods, behind the second."""
_OVER_TIME = re.compile(rf"^(?:期间|之间)?[，,]?(?P<of>[^，,]{{0,30}}?)(?P<verb>{_MORE}){_ASK}")
_LEAST_WORDS = frozenset(("低", "少", "小", "短", "轻", "便宜", "慢"))
_MEASURED = {
    "长": "有多长", "短": "有多长", "高": "有多高", "低": "有多高", "宽": "有多宽", "深": "有多深",
    "重": "有多重", "轻": "有多重", "贵": "的价格是多少", "便宜": "的价格是多少", "大": "有多大",
    "小": "有多大",
}  # fmt: skip
_AND = frozenset(("和", "与", "及", "以及", "跟", "、"))
_LONGEST_ITEM = 24
# Of two questions in one the second says both: 谁高，差多少.
_AND_WHO = re.compile("(?:谁|哪一?[个家座条])更?[高多大长重贵快低少小短轻慢][，,](?=相?差)")
_ASKS = re.compile("多少|几|[哪谁]|什么|多[高长宽深重大]|分别|各")
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
    text = _masked(simplify(_END.sub("", plain(question)).replace(" ", "")))
    text = _AND_WHO.sub("", text)
    for form in _FORMS:
        found = form(text)
        if found is not None:
            parts_ = tuple(
                OperandQuestion(*map(_unmasked, (one.label, one.question))) for one in found.parts
            )
            labels = {part.label for part in parts_}
            enough = 2 <= len(labels) == len(parts_) <= MOST_OPERANDS
            single = all(len(_ASKS.findall(part.question)) == 1 for part in parts_)
            return Computation(found.operation, parts_) if enough and single else None
    return None


_COMPARES = "比较"
_FOREIGN_NAMES = ("nrt", "ns")
_INSIDE_A_WORD = "\ue000\ue001"


def _masked(text: str) -> str:
    """The text with other characters for 比 and 较 where they are part of a name (阿布扎比)."""
    inside = str.maketrans(_COMPARES, _INSIDE_A_WORD)
    return "".join(
        word[:1] + word[1:].translate(inside) if tag in _FOREIGN_NAMES else word
        for word, tag in tagged(text)
    )


def _unmasked(text: str) -> str:
    return text.translate(str.maketrans(_INSIDE_A_WORD, _COMPARES))


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
        OperandQuestion(period.text, f"{before}{period.text}{of}是多少？")
        for period in (one, other)
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
        tuple(OperandQuestion(year, f"{before}{year}{asks['of']}是多少？") for year in years),
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
        tuple(OperandQuestion(year, f"{before}{year}{of}是多少？") for year in (one.text, earlier)),
    )


def _share(text: str) -> Computation | None:
    match = _SHARE.fullmatch(text)
    if match is None:
        return None
    part, whole = match["a"], match["b"]
    context = _context(part)
    whole_asked = whole if whole.startswith(context) else f"{context}{whole}"
    labels = _different(part.removeprefix(context), whole)
    if min(map(len, labels)) < 2:
        labels = part.removeprefix(context), whole
    asked = f"{part}是多少？", f"{whole_asked}是多少？"
    return Computation(Operation.SHARE, tuple(map(OperandQuestion, labels, asked)))


def _times(text: str) -> Computation | None:
    match = _TIMES.fullmatch(text)
    if match is None:
        return None
    operation = Operation.SHARE if match["of"] else Operation.RATIO
    return Computation(operation, _pair(match["a"], match["b"], "是多少？"))


def _over_years(text: str) -> Computation | None:
    """The sum over several years or the one with the most: 2021年到2023年一共发了多少电."""
    listed = _LISTED_YEARS.search(text)
    ranges = [one for one in dates(text) if one.to is not None]
    if listed is not None:
        years = [int(year) for year in re.findall("(?:19|20)[0-9]{2}", listed["years"])]
        start, end = listed.span()
    elif len(ranges) == 1 and _is_year(ranges[0]) and (last := ranges[0].to) and _is_year(last):
        years = list(range(ranges[0].year or 0, (last.year or 0) + 1))[: MOST_OPERANDS + 1]
        start, end = ranges[0].span.start, ranges[0].span.end
    else:
        return None
    before, after = text[:start].removesuffix("从"), text[end:]
    if (counted := _SO_MANY_YEARS.match(after)) is not None:
        after = after[counted.end() :]
    most = _MOST_YEAR.fullmatch(after)
    if most is not None:
        least = most["much"] in _LEAST_WORDS
        operation, asks = Operation.LOWEST if least else Operation.HIGHEST, f"{most['of']}是多少"
    else:
        total = _TOGETHER.search(after)
        if total is None or not re.search("(?:多少|几)", after[total.end() :]):
            return None
        of, asked = after[: total.start()], after[total.end() :]
        operation, asks = Operation.SUM, f"{of}{'是' if of and asked[0] in '多几' else ''}{asked}"
    return Computation(
        operation,
        tuple(OperandQuestion(f"{year}年", f"{before}{year}年{asks}？") for year in years),
    )


def _is_year(period: Period) -> bool:
    return period.year is not None and period.month is None and period.part is None


def _difference(text: str) -> Computation | None:
    match = _BETWEEN.fullmatch(text)
    if match is not None:
        a, b, unit = match["a"], match["b"], match["unit"]
        if match["did"]:
            time, each = _before_item(a), _EACH.search(b)
            if time or each:
                each_ = each[0] if each else ""
                labels = a.removeprefix(time), b.removesuffix(each_)
                asks = f"{each_}{match['did']}了多少{unit}？"
                return Computation(
                    Operation.DIFFERENCE,
                    tuple(OperandQuestion(label, f"{time}{label}{asks}") for label in labels),
                )
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
    asked = text[match.end() : asks.start()].rstrip("是有为")
    return _coordinated(text[: match.start()] + asked, Operation.SUM)


def _coordinated(both: str, operation: Operation) -> Computation | None:
    """A和B的客流: each of several that conjunctions join."""
    if items := _joined(both):
        return Computation(operation, items)
    split = parts(f"{both}分别是多少？")
    if len(split) != 2:
        return None
    labels = _different(*split)
    return Computation(operation, tuple(map(OperandQuestion, labels, split)))


def _joined(text: str, asks: str = "是多少？") -> tuple[OperandQuestion, ...]:
    """Things that conjunctions join, with what is asked of all of them (A和B的客流) or, without
    that, with what all are of (A2023年的收入和租金); empty where nothing is joined."""
    pieces = [""]
    for word, _ in tagged(text):
        if word in _AND:
            pieces.append("")
        else:
            pieces[-1] += word
    if len(pieces) < 2 or not all(0 < len(piece) <= _LONGEST_ITEM for piece in pieces):
        return ()
    first, last = pieces[0], pieces[-1]
    period = dates(last)
    at = period[0].span.start if period and period[0].span.start else last.find("的")
    if at > 0 and "的" not in first:
        pieces[-1], of = last[:at], last[at:]
        context = _before_item(first)
        items = [first.removeprefix(context), *pieces[1:]]
        return tuple(OperandQuestion(item, f"{context}{item}{of}{asks}") for item in items)
    context = _context(first)
    items = [first.removeprefix(context), *pieces[1:]]
    if not all(items):
        return ()
    return tuple(OperandQuestion(item, f"{context}{item}{asks}") for item in items)


def _before_item(first: str) -> str:
    """What goes for all of several things: what the first begins with up to its period."""
    found = dates(first)
    context = first[: found[-1].span.end] if found else ""
    return context if len(context) < len(first) else ""


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
    of = f"的{match['of'].removeprefix('的')}" if match["of"] else ""
    attribute = of or "的" in match["items"] or dates(match["items"])
    asks = "是多少？" if attribute else _MEASURED.get(match["much"], "是多少") + "？"
    items = _joined(match["items"] + of, asks)
    least = match["much"] in _LEAST_WORDS
    return Computation(Operation.LOWEST if least else Operation.HIGHEST, items) if items else None


def _pair(a: str, b: str, asks: str) -> tuple[OperandQuestion, OperandQuestion]:
    """Two things of which one names the attribute of both (东线的客流 and 西线) or what both are of
    (二号线的地下站 and 高架站)."""
    own, of, attribute = a.rpartition("的")
    other, of_other, attribute_other = b.rpartition("的")
    if of and not of_other and attribute not in b:
        if _alike(attribute, b) and not _alike(own, b):
            return OperandQuestion(attribute, f"{a}{asks}"), OperandQuestion(b, f"{own}的{b}{asks}")
        return OperandQuestion(own, f"{a}{asks}"), OperandQuestion(b, f"{b}的{attribute}{asks}")
    if of_other and not of and attribute_other not in a:
        return OperandQuestion(a, f"{a}的{attribute_other}{asks}"), OperandQuestion(
            other, f"{b}{asks}"
        )
    return _in_place(a, b, asks) or _unlike(a, b, asks)


def _alike(one: str, other: str) -> bool:
    """Whether two things are of a kind: they end alike, or both are amounts (费用, 利润)."""
    amounts = all(parse_query(text).kind is AnswerKind.NUMBER for text in (one, other))
    return one[-1:] == other[-1:] or amounts


def _in_place(a: str, b: str, asks: str) -> tuple[OperandQuestion, OperandQuestion] | None:
    """Two things of which the second takes the place of the words of the first that end as it does:
    甲公司汽车安全业务新获订单 and 汽车电子业务."""
    first, second = ([word for word, _ in tagged(text)] for text in (a, b))
    if len(second) < 2 or second[-1] not in first:
        return None
    end = len(first) - 1 - first[::-1].index(second[-1])
    start = first.index(second[0]) if second[0] in first[:end] else end - len(second) + 1
    if start < 0 or (start == 0 and end == len(first) - 1):
        return None
    label = "".join(first[start : end + 1])
    whole = "".join((*first[:start], b, *first[end + 1 :]))
    return OperandQuestion(label, f"{a}{asks}"), OperandQuestion(b, f"{whole}{asks}")


def _unlike(a: str, b: str, asks: str) -> tuple[OperandQuestion, OperandQuestion]:
    labels = _different(a, b)
    return OperandQuestion(labels[0] or a, f"{a}{asks}"), OperandQuestion(
        labels[1] or b, f"{b}{asks}"
    )


def _context(part: str) -> str:
    """What goes for others as for this part: all before the attribute, after a 的 or a period, or
    the name that it begins with; empty where nothing would be left of it."""
    head, of, _ = part.rpartition("的")
    found = dates(part)
    period = part[: found[-1].span.end] if found else ""
    names = [name.text for name in asked_names(part) if part.startswith(name.text)]
    context = max((f"{head}{of}", period, *names), key=len)
    return context if len(context) < len(part) else ""


_FORMS = (
    _over_years, _of_periods, _over_time, _of_last_year, _share, _times, _difference, _sum, _most,
)  # fmt: skip
