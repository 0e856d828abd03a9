"""What a sentence states, clause by clause: content words, quantities, periods, names, quoted
terms, and the words that turn, negate, bound or soften it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.text.fold import fold
from rag.text.quantities import Period, Quantity, UnitClass, figures
from rag.text.segment import STOP_WORDS, tagged
from rag.text.units import ORDINAL
from rag.types import Span

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
_CLAUSE_END = re.compile(r"[，。；！？：!?;\n\t]|(?<!\d),|,(?!\d{3})|:(?!\d)|\.(?=\s|$)")
_QUOTED = re.compile(
    r"《([^》\n]{2,60})》|“([^”\n]{2,30})”|「([^」\n]{2,30})」|\"([^\"\n]{2,30})\""
)
# What the names of bodies end in that the dictionary does not know.
_BODY = re.compile(
    "公司|集团|银行|大学|学院|医院|研究院|研究所|协会|基金会|委员会|报社|通讯社|日报|新闻社|事务所|俱乐部"
)
_BODY_PARTS = ("n", "j", "b", "eng", "x")
_LATIN_NAME = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[-.&'][A-Za-z0-9]+)*|\d{1,4}[A-Za-z][A-Za-z0-9-]*"
)
_HAN = re.compile(r"[\u3400-\u9fff]")

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
    ]
)
NEGATIONS = re.compile(
    r"不(?!仅|但|过|断|少|同|只|论|管|得不|久|乏|佳|力|利|满|良|当|安|幸|时|止|错|妨|禁|愧|料|堪|适|易|法|动产|锈钢|足)|没(?!收|落|入)有?|未(?!来|成年)|无(?!论|锡|线|人机|期|偿|私|疑|非|数|限|条件|缝|穷)|并非|难以|拒绝|禁止|缺乏"
)
HEDGES = re.compile(
    "可能|或许|也许|或将|预计|预期|有望|计划|拟(?!人|合)|打算|据传|疑似|估计|大概|似乎|倾向于|未必|不一定"
    "|预测|预估|力争|有待|倘若|如果|一旦|希望|目标是|尚未|建议"
)
PLANNED = re.compile(
    "将(?!军|来|士|近|领)|计划|拟|预计|预期|有望|打算|准备|争取|目标|力争|可以|能够|可望"
)
DONE = re.compile("已(?!知)|(?<=[\u4e00-\u9fff])了(?!解)")
CERTAIN = re.compile("必然|一定|肯定|必将|必定|毫无疑问|完全|确保|证实|确定|确认|必须")
LIMITS = re.compile("部分|一些|有的|多数|大多|少数|主要|通常|一般|往往|有时|个别|某些|若干|基本上?")
UNIVERSAL = re.compile("全部|所有|一切|一律|全都|无一例外|唯一|从来|始终|总是|任何|完全")
CAUSES = re.compile("因为|由于|因此|导致|使得|所以|从而|促使|引发|造成|归因|得益于|受.{0,8}影响")
# What a reply counts of its own points: no figure of the documents.
_OWN_COUNT = re.compile(
    r"\s?(?:大|主要|个|项|条|点|种|类|方面|重){0,3}(?:方面|原因|因素|特点|问题|措施|阶段|要点|点|途径|方式|建议"
    r"|内容|理由|层面|步骤|结论|情形|reasons?|points?|aspects?)"
)
_OWN_LARGEST = 10


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
class Facts:
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
    def periods(self) -> tuple[Period, ...]:
        """The periods of all clauses."""
        return tuple(period for clause in self.clauses for period in clause.periods)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, each once."""
        return tuple(dict.fromkeys(name for clause in self.clauses for name in clause.names))


@lru_cache(2048)
def facts(text: str, year: int | None = None) -> Facts:
    """What a sentence states; 今年 and 去年 count from `year`.

    >>> found = facts("红河港2022年完成3亿吨，《港口法》不变。")
    >>> [(c.words, len(c.quantities), len(c.periods)) for c in found.clauses], found.quoted
    ([(('红', '河港', '完成'), 1, 1), (('港口法', '不变'), 0, 0)], ('港口法',))
    """
    folded = fold(text)
    kinds: dict[str, str] = {}
    parts = tuple(_clause(text, span, year, kinds) for span in clauses(text))
    return Facts(
        text=text,
        squeezed="".join(folded.split()),
        clauses=parts,
        quoted=tuple(
            "".join(next(filter(None, match)).split()) for match in _QUOTED.findall(folded)
        ),
        kinds=tuple(kinds.items()),
        foreign=not _HAN.search(text),
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
    bare = _without(part, [q.span for q in quantities] + [p.span for p in periods])
    words: list[str] = []
    names: list[str] = []
    verbs: list[str] = []
    for raw, tag in tagged(fold(bare)):
        word = raw.strip()
        if not word or not any(character.isalnum() for character in word):
            continue
        if tag in _NAMES and len(word) > 1:
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
        if _BODY.fullmatch(word) or (_BODY.search(word) and len(word) > 3):
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
    (第一，) or says no more than 首次, one year or month that says how long a change took."""
    if quantity.unit.measures is UnitClass.DURATION and quantity.text[0] == "一":
        return quantity.low == 1
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
