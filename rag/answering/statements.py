"""What sentences and lines state: clauses, words, figures, names.

What a sentence states, clause by clause: content words, quantities, periods, names, quoted
terms, and the words that turn, negate, bound or soften it.

The lines of passages, which are sentences and table rows: what stands above and before them,
their figures, and whether a word stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from rag.text.normalize import fold, squeeze
from rag.text.numbers import NO_UNIT, ORDINAL, UNITS, Unit
from rag.text.quantities import Period, Quantity, UnitClass, figures, quantities
from rag.text.segment import STOP_WORDS, tagged
from rag.text.sentences import sentences
from rag.types import Passage, Span

# Tags of the dictionary whose words carry content: nouns, names, verbs, adjectives, idioms.
_CONTENT = ("n", "v", "a", "i", "j", "l", "b", "eng", "s", "t", "z")
_NAMES = ("nr", "nrt", "nrfg", "ns", "nt", "nz")
# Verbs and nouns that a summary adds and that say nothing of the thing itself.
_EMPTY = frozenset(
    [
        "是",
        "有",
        "为",
        "指",
        "使",
        "让",
        "能",
        "会",
        "可以",
        "可",
        "要",
        "应",
        "应该",
        "进行",
        "包括",
        "表示",
        "指出",
        "认为",
        "提到",
        "称",
        "说",
        "介绍",
        "显示",
        "根据",
        "资料",
        "段落",
        "文档",
        "文件",
        "材料",
        "报道",
        "内容",
        "情况",
        "方面",
        "原因",
        "主要",
        "其中",
        "具体",
        "相关",
        "此外",
        "同时",
        "另外",
        "分别",
        "达到",
        "成为",
        "属于",
        "来自",
        "位于",
        "以及",
        "作为",
        "通过",
        "由于",
        "因为",
        "因此",
        "所以",
        "从而",
        "导致",
        "问题",
        "总体",
        "总的来说",
        "综上",
        "综上所述",
        "即",
        "就是",
        "也就是",
        "据",
        "得到",
        "存在",
        "需要",
        "里",
        "中",
        "上",
        "下",
        "年",
        "月",
        "日",
        "时",
        "人",
        "者",
        "性",
        "化",
        "等",
        "该",
        "此",
        "这",
        "那",
    ]
)
_CLAUSE_END = re.compile(
    r"[，。；！？：!?;\n\t]|(?<!\d),|,(?!\d{3}|\s(?:19|20)\d\d(?!\d))|:(?!\d)|\.(?=\s|$)"
)
_QUOTED = re.compile(
    r"《([^》\n]{2,60})》|“([^”\n]{2,30})”|「([^」\n]{2,30})」|\"([^\"\n]{2,30})\""
)
# What the names of bodies end in that the dictionary does not know.
BODY = re.compile(
    "公司|集团|银行|大学|学院|医院|研究院|研究所|协会|基金会|委员会|报社|通讯社|日报|新闻社|事务所|俱乐部"
)
_BODY_PARTS = ("n", "j", "b", "eng", "x")
_LATIN_NAME = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[-.&'][A-Za-z0-9]+)*|\d{1,4}[A-Za-z][A-Za-z0-9-]*"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
# A name in Chinese beside its translation.
_GLOSS = re.compile(r"[（(][^（）()]{1,40}[）)]")

UP = re.compile(
    "增长|上升|提高|提升|上涨|增加|扩大|回升|走高|攀升|增至|升至|上调|高于|超过|多于|盈利|增幅|涨幅|升高"
    "|加快|加速|扩张|改善|上行|走强|增多|激增|大增|猛增|翻番|涨|升(?!级)|好于|优于|领先|净流入"
)
DOWN = re.compile(
    "下降|降低|减少|下跌|缩小|收窄|回落|走低|下滑|降至|跌至|下调|低于|不足|少于|亏损|降幅|跌幅|减低"
    "|萎缩|放缓|减速|收缩|恶化|下行|走弱|减弱|锐减|大减|骤降|腰斩|跌|降(?!临|落|温|生)|逊于|落后|净流出"
)
# Words of which one says the contrary of the other.
ANTONYMS = tuple(
    pair.split("/")
    for pair in [
        "支持/反对",
        "同意/拒绝",
        "进口/出口",
        "买入/卖出",
        "收购/出售",
        "流入/流出",
        "提前/推迟",
        "开放/关闭",
        "允许/禁止",
        "有利/不利",
        "成功/失败",
        "顺差/逆差",
        "正面/负面",
        "积极/消极",
        "最高/最低",
        "最大/最小",
        "最多/最少",
        "首次/再次",
        "早于/晚于",
        "之前/之后",
        "长于/短于",
        "强于/弱于",
        "大于/小于",
        "高/低",
        "多/少",
        "东/西",
        "南/北",
        "上游/下游",
        "国内/国外",
        "境内/境外",
        "内部/外部",
        "公开/保密",
        "继续/停止",
        "开始/结束",
        "加入/退出",
        "批准/否决",
        "接受/拒绝",
        "增/减",
        "赢/输",
        "胜/负",
        "紧/松",
        "强/弱",
        "乐观/悲观",
        "上半年/下半年",
        "开始/完毕",
        "开始/完成",
        "开工/竣工",
        "开工/建成",
        "动工/竣工",
        "签约/投产",
    ]
)
NEGATIONS = re.compile(
    r"不(?!确定性|仅|但|过|断|少|同|只|论|管|得不|久|乏|佳|力|利|满|良|当|安|幸|时|止|错|妨|禁|愧|料|堪|适|易|法|动产|锈钢|足)|没(?!收|落|入)有?|未(?!来|成年|决|知|婚)|无(?!论|锡|线|人机|期|偿|私|疑|非|数|限|条件|缝|穷|前例|二(?!次|[\d年]))|并非|难以|拒绝|禁止|缺乏"
)
HEDGES = re.compile(
    "可能(?!性)|或许|也许|或将|预计|预期|有望|计划|拟(?!人|合)|打算|据传|疑似|估计|大概|似乎|倾向于|未必|不一定"
    "|预测|预估|力争|有待|倘若|如果|一旦|希望|(?<!的)目标是|尚未|建议"
)
# What else says that a figure is not exact, as 预计 does.
ROUGHLY = re.compile("约(?![束定会谈翰旦])|左右|上下|大致|或(?![者许])")
ASIDE = re.compile("（[^（）]{1,80}）|\\([^()]{1,80}\\)")
PLANNED = re.compile(
    "将(?!军|来|士|近|领)|计划|拟|预计|预期|有望|打算|准备|争取|目标|力争|可以|能够|可望|应当|应该|必须|须|建议|要求|明年|后年"
)
DONE = re.compile("已(?!知)|(?<=[\u4e00-\u9fff])了(?!解)")
CERTAIN = re.compile("必然|一定|肯定|必将|必定|毫无疑问|完全|确保|证实|确定|确认|必须")
LIMITS = re.compile(
    "部分|(?<!所未)有的(?!是)|多数|大多|少数|主要|通常|一般|往往|有时|个别|某些|若干|基本上?"
    "|主因|[一另两几]派|有人|有些"
)
UNIVERSAL = re.compile("全部|所有|一切|一律|全都|无一例外|唯一|从来|始终|总是|任何|完全")
CAUSES = re.compile("因为|由于|因此|导致|使得|所以|从而|促使|引发|造成|归因|得益于|受.{0,8}影响")
# What a reply counts of its own points: no figure of the documents.
_OWN_COUNT = re.compile(
    r"\s?(?:大|主要|个|项|条|点|种|类|方面|重){0,3}(?:方面|原因|因素|特点|问题|措施|阶段|要点|点|途径|方式|建议"
    r"|内容|理由|层面|步骤|结论|情形|reasons?|points?|aspects?)"
)
_OWN_LARGEST = 10
# Function words that the tagger takes for a part of a name (拿到过伯克希尔, 决定是).
_BEFORE_NAMES, _BEHIND_NAMES = "比由经过中在从对向和与及将把被距", "是的了排占达获居"
_COUNT_OF_PLACES = re.compile("[两二三四五六七八九十][国省市县区州地城]")
_TWO = 2


def is_planned(text: str) -> bool:
    """Whether a squeezed text tells of what is to come, is allowed or demanded; 将 before a thing
    is no sign of it.

    >>> is_planned("港口将扩建"), is_planned("已将原来的码头拆除")
    (True, False)
    """
    for match in PLANNED.finditer(text):
        behind = text[match.end() : match.end() + 8].removeprefix("原来的")
        following = tagged(behind) if match.group() == "将" else ()
        if not following or not following[0][1].startswith(_THING):
            return True
    return False


_THING = ("n", "r", "m", "eng", "j", "b", "x", "t", "uj")


def denials(text: str, other: str) -> bool:
    """Whether a squeezed text denies what `other` speaks of, too: the characters behind one of its
    negations stand in `other`; behind a verb that denies (拒绝) the first two.

    >>> denials("渡轮不再停航", "渡轮停航"), denials("发放拒绝酒驾的资料", "发放资料")
    (True, False)
    """
    for match in NEGATIONS.finditer(text):
        after = _FILLER.match(text, match.end())
        start = after.end() if after is not None else match.end()
        behind = text[start : start + _SCOPE].partition("，")[0]
        parts = [behind[i : i + _TWO] for i in range(max(1, len(behind) - 1))]
        if len(parts[0]) == _TWO and parts[0] in other:
            return True
        most = 2 * sum(part in other for part in parts) >= len(parts)
        if most and (len(match.group()) < _TWO or match.group() == "没有") and len(parts) > 1:
            return True
    return False


_SCOPE = 7
_FILLER = re.compile("[再会能有被曾予可要想得是]?")


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence between two marks: its place in the sentence, its text folded without
    white space, its content words, figures and names."""

    span: Span
    text: str
    squeezed: str
    words: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    periods: tuple[Period, ...]
    names: tuple[str, ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """What a text states. `clauses` in order; `names` are of persons, places and bodies and all
    Latin ones, folded; `kinds` their tags."""

    text: str
    squeezed: str
    clauses: tuple[Clause, ...]
    quoted: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    foreign: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The content words, each once."""
        return tuple(dict.fromkeys(word for clause in self.clauses for word in clause.words))

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities of all clauses."""
        return tuple(quantity for clause in self.clauses for quantity in clause.quantities)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods of all clauses."""
        return tuple(period for clause in self.clauses for period in clause.periods)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, each once."""
        return tuple(dict.fromkeys(name for clause in self.clauses for name in clause.names))


@lru_cache(2048)
def facts(text: str, year: int | None = None) -> Statements:
    """What a sentence states; 今年 and 去年 count from `year`.

    >>> found = facts("红河港2022年完成3亿吨，《港口法》不变。")
    >>> [(c.words, len(c.quantities), len(c.periods)) for c in found.clauses], found.quoted
    ([(('红', '河港', '完成'), 1, 1), (('港口法', '不变'), 0, 0)], ('港口法',))
    """
    folded = fold(text)
    kinds: dict[str, str] = {}
    parts = tuple(_clause(text, span, year, kinds) for span in clauses(text))
    return Statements(
        text=text,
        squeezed="".join(folded.split()),
        clauses=parts,
        quoted=tuple(
            "".join(next(filter(None, match)).split()) for match in _QUOTED.findall(folded)
        ),
        kinds=tuple(kinds.items()),
        foreign=not _HAN.search(_GLOSS.sub("", text)),
    )


def clauses(text: str) -> Iterator[Span]:
    """The parts of a text between its marks; a comma between thousands is none.

    >>> [s.of("甲1,234元，乙: 丙") for s in clauses("甲1,234元，乙: 丙")]
    ['甲1,234元', '乙', ' 丙']
    """
    start = 0
    for match in _CLAUSE_END.finditer(text):
        if text[start : match.start()].strip():
            yield Span(start, match.start())
        start = match.end()
    if text[start:].strip():
        yield Span(start, len(text))


def _clause(text: str, span: Span, year: int | None, kinds: dict[str, str]) -> Clause:
    part = span.of(text)
    quantities, periods = figures(part, year)
    quantities = with_shared_units(part, quantities)
    terms = [match.span() for match in _QUOTED.finditer(part)]  # a term is held as a whole
    quantities = tuple(
        q for q in quantities if not any(a <= q.span.start and q.span.end <= b for a, b in terms)
    )
    bare = _without(part, [q.span for q in quantities] + [p.span for p in periods])
    words: list[str] = []
    names: list[str] = []
    verbs: list[str] = []
    for raw, tag in tagged(fold(bare)):
        word = raw.strip()
        if tag in _NAMES and len(word) > _TWO:  # the tagger took a function word along
            word = word[1:] if word[0] in _BEFORE_NAMES else word.rstrip(_BEHIND_NAMES)
        if not word or not any(character.isalnum() for character in word):
            continue
        named = tag in _NAMES and len(word) > 1 and word[0] not in "每各该本此某"
        if named and not _COUNT_OF_PLACES.fullmatch(word):
            names.append(word)
            kinds.setdefault(word, tag[:2])
        if tag.startswith(_CONTENT) and word not in _EMPTY and word not in STOP_WORDS:
            words.append(word)
            if tag.startswith("v"):
                verbs.append(word)
    for name in _bodies(fold(bare)):
        if not any(name in known or known in name for known in names):
            names.append(name)
            kinds.setdefault(name, "nt")
    for name in _LATIN_NAME.findall(bare):
        folded = fold(name)
        if len(folded) > 1 and folded not in STOP_WORDS and _is_name(name, part):
            names.append(folded)
            kinds.setdefault(folded, "en")
    return Clause(
        span,
        part,
        "".join(fold(part).split()),
        tuple(dict.fromkeys(words)),
        tuple(q for q in quantities if not _own_count(q, part) and not _counting(q, part)),
        periods,
        tuple(dict.fromkeys(names)),
        tuple(verbs),
    )


def _bodies(text: str) -> Iterator[str]:
    """Names of companies and other bodies: nouns in a row that end as such names do."""
    row = ""
    for word, tag in tagged(text):
        if not tag.startswith(_BODY_PARTS) or word in _EMPTY or not word.isalnum():
            row = ""
            continue
        row += word
        if BODY.fullmatch(word) or (BODY.search(word) and len(word) > 3):
            if len(row) > len(word) or len(word) > 3:
                yield row
            row = ""


def _is_name(word: str, part: str) -> bool:
    """Whether a Latin word is a name: in Chinese text any, in Latin text what has a capital
    after the first letter, a digit, or a capital within the sentence."""
    if _HAN.search(part):
        return True
    if any(c.isupper() or c.isdigit() for c in word[1:]):
        return True
    return word[0].isupper() and not part.lstrip().startswith(word)


def _own_count(quantity: Quantity, part: str) -> bool:
    return (
        quantity.unit.measures in (UnitClass.COUNT, UnitClass.NONE, UnitClass.OTHER)
        and quantity.high <= _OWN_LARGEST
        and _OWN_COUNT.match(part, max(quantity.span.start, quantity.span.end - 1)) is not None
    )


def _counting(quantity: Quantity, part: str) -> bool:
    """Whether a quantity is none of the document's: an ordinal that numbers the points of a reply
    (第一，) or says no more than 首次, one year or month that says how long a change took, 两度."""
    if quantity.unit.measures is UnitClass.DURATION and quantity.text[0] == "一":
        return quantity.low == 1
    if quantity.text[1:] == "度" and not quantity.text[0].isdigit():
        return True  # 两度延期: how often, not how warm
    if quantity.unit is not ORDINAL:
        return False
    after = part[quantity.span.end : quantity.span.end + 1]
    return not after or (quantity.low == 1 and after == "次")


def _without(text: str, spans: list[Span]) -> str:
    """The text with blanks in the place of its figures, so that no unit is taken for a word."""
    characters = list(text)
    for span in spans:
        characters[span.start : span.end] = " " * len(span)
    return "".join(characters)


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
class PassageLine:
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
def lines_of(passage: Passage) -> tuple[PassageLine, ...]:
    """The lines of a passage in order."""
    spans = sentences(passage.text) or [Span(0, len(passage.text))]
    found: list[PassageLine] = []
    header = _header(passage)
    previous, row = "", False
    for span in spans:
        squeezed = squeeze(span.of(passage.text))
        cells = span.of(passage.text).split("\t")
        if len(cells) > 1 and not row and found:
            header = _labels(cells)
        row = len(cells) > 1
        # Empty cells at the end of a row are no part of its text.
        labels = header if 1 < len(cells) <= len(header) else ()
        found.append(PassageLine(passage, span, squeezed, previous, labels))
        previous = squeezed
    return tuple(found)


def _header(passage: Passage) -> tuple[str, ...]:
    for line in (*passage.lead, passage.text.split("\n", 1)[0]):
        labels = _labels(line.split("\t"))
        if labels:
            return labels
    return ()


def _labels(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells of a row that gives no figure, but in a name (沪深300): labels of columns; empty
    for any other."""
    if len(cells) < 2 or any(map(_gives_figure, cells[1:])):
        return ()
    return tuple(squeeze(cell) for cell in cells)


def _gives_figure(cell: str) -> bool:
    if _CELL_YEAR.fullmatch(cell.strip()):
        return False  # 2015 2016 2017 head columns
    found = quantities(cell)
    return any(one.unit.name or not cell[: one.span.start].strip() for one in found)


@lru_cache(512)
def above(passage: Passage) -> str:
    """What stands above the passage's text, folded without white space."""
    return squeeze("\n".join(passage.above))


@lru_cache(512)
def runs_of(passage: Passage) -> tuple[tuple[PassageLine, ...], ...]:
    """The lines of a passage, those together that semicolons join."""
    runs: list[list[PassageLine]] = []
    joined = False
    for line in lines_of(passage):
        if joined:
            runs[-1].append(line)
        else:
            runs.append([line])
        joined = line.squeezed.endswith(("；", ";"))
    return tuple(map(tuple, runs))


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


_LABEL_UNIT = re.compile(r"[（(]([^（）()]{1,12})[）)]\s*$")


def cell_unit(line: PassageLine, at: int) -> tuple[Fraction, Unit] | None:
    """The scale and unit of a bare figure in column `at` of a table row: the one that the column's
    label gives in parentheses, else the table's."""
    label = _LABEL_UNIT.search(line.labels[at]) if at < len(line.labels) else None
    if label:
        found = quantities("1" + label[1])
        if len(found) == 1 and found[0].unit.name and len(found[0].text) == len(label[1]) + 1:
            return Fraction(found[0].low), found[0].unit
    return table_unit(line.passage)


def line_figures(line: PassageLine) -> tuple[tuple[Quantity, ...], tuple[Period, ...]]:
    """The figures of a line, its periods resolved by the document's year; a bare year in a cell of
    a table row is a period."""
    amounts, periods = figures(line.text, line.year)
    amounts = with_shared_units(line.text, amounts)
    if "\t" not in line.text:
        return amounts, periods
    years = {
        one: Period(one.span, one.text, int(one.text))
        for one in amounts
        if _CELL_YEAR.fullmatch(one.text)
    }
    return tuple(q for q in amounts if q not in years), (*periods, *years.values())


@lru_cache(2048)
def label_periods(line: PassageLine) -> tuple[Period, ...]:
    """The periods that head the columns of a row."""
    return tuple(one for label in line.labels for one in periods_of_label(label, line.year))


def periods_of_label(label: str, year: int | None) -> tuple[Period, ...]:
    """The periods of a column's label; a bare year is one."""
    if _CELL_YEAR.fullmatch(label.strip()):
        return (Period(Span(0, len(label)), label, int(label)),)
    return figures(label, year)[1]


def with_shared_units(text: str, amounts: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    """The quantities of a text, those without a unit that stand in a row with the unit of the last
    one (25.4、20.7个月).

    >>> [one.text for one in with_shared_units("25.4、20.7个月", figures("25.4、20.7个月")[0])]
    ['25.4', '20.7个月']
    """
    found: list[Quantity] = []
    for one in reversed(amounts):
        after = found[-1] if found else None
        bare = after is not None and not one.unit.name and after.unit.name
        if after is not None and bare and _ROW.fullmatch(text[one.span.end : after.span.start]):
            found.append(replace(one, unit=after.unit))
        else:
            found.append(one)
    return tuple(reversed(found))


_ROW = re.compile(r"\s?[、和与及]\s?")
_CELL_YEAR = re.compile(r"(?:19|20)\d\d")


@lru_cache(2048)
def years_before(line: PassageLine) -> frozenset[int]:
    """The last year that the passage names before a line."""
    years: frozenset[int] = frozenset()
    for other in lines_of(line.passage):
        if other.span.start >= line.span.start:
            break
        named = {p.year for p in line_figures(other)[1] if p.year is not None}
        years = frozenset(named) or years
    return years


def month_of(period: Period, line: PassageLine) -> int | None:
    """The month of a day of the line that names none: that of the last date before it in the
    passage, but for an earlier day, which may be of the month after; without one, that of the
    document's date. None where nothing says it."""
    for other in reversed(lines_of(line.passage)):
        if other.span.start > line.span.start:
            continue
        end = period.span.start if other == line else len(other.text)
        for date in reversed(line_figures(other)[1]):
            if date.span.end <= end and date.month and date.day:
                return date.month if date.day <= (period.day or 0) else None
    parts = (line.passage.date or "").split("-")
    return int(parts[1]) if len(parts) > 1 else None


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
