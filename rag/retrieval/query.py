"""A question taken apart: its terms, their weight, the kind of its answer."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from rag.errors import QuestionError
from rag.i18n import say
from rag.index.protocol import Field, SearchIndex
from rag.text.normalize import fold, half_in
from rag.text.segment import STOP_WORDS, bigrams, words
from rag.text.sentences import sentences
from rag.types import Span

MAX_QUESTION_CHARACTERS = 2000


class AnswerKind(Enum):
    """What a question asks for, as far as its words tell."""

    NUMBER = "number"
    DATE = "date"
    ENTITY = "entity"
    LIST = "list"
    CAUSE = "cause"
    DEFINITION = "definition"
    COMPARISON = "comparison"
    OTHER = "other"


# The first form that fits decides; folded text. Numbers come before entities, since 多少家公司
# asks for a number; a question for several values comes before one for a single value.
_FORMS: tuple[tuple[AnswerKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(patterns)))
    for kind, *patterns in (
        (AnswerKind.CAUSE, r"为什么|为何|为啥|缘何|何以|怎么会|原因|什么缘故", r"\bwhy\b"),
        (
            AnswerKind.COMPARISON,
            r"区别|(?<!无)差别|(?<!无)差异|有何不同|有什么不同|不同之处|相比|比较|对比",
            r"高出多少|多出多少|少多少|哪个更|谁更|哪家更|各是|各有|各为|分别(?:是|为|有)多少",
            r"\b(?:differ|compare|versus)",
        ),
        (
            AnswerKind.LIST,
            r"哪些|哪[几两二三四五六七八九十]|分别|依次|列举|列出|列一下|几条|几点|几类|几种|几大|几个方面",
            r"归纳|概括|总结|主要包括|[两二三四五六七八九十][大个项种条点].{0,10}(?:是|有|指)什么",
            r"\b(?:list|which of|what are)\b",
        ),
        (
            AnswerKind.DATE,
            r"什么时候|何时|何年|何月|何日|哪一?年|哪一?天|哪一?月|哪个月|哪个季度|哪一?日|几月|几号",
            r"什么日期|日期|到哪天|截至何",
            r"\bwhen\b|what (?:year|date|month)|which (?:year|month)",
        ),
        (
            AnswerKind.NUMBER,
            r"多少|几(?:个|家|人|名|项|次|条|所|种|座|台|款|成|倍|亿|万|天|年|岁|户|层)",
            r"多大|多高|多长|多宽|多快|多远|多重|多久|多[热冷烫深厚粗沉](?![情爱恩])",
            r"规模|占比|比例|比重|百分之|份额|幅度",
            r"增速|速率|总额|数量|排第|第几",
            r"\bhow (?:many|much|large|big|long|high|old|far)\b",
            r"\bwhat (?:[\w'’]+ ){0,5}(?:share|percentage|rate|ratio|number|amount|population)\b",
            r"\bwhat (?:[\w'’]+ ){0,5}(?:revenue|sales|profit|income|turnover|price|cost|value)\b",
        ),
        (
            AnswerKind.DEFINITION,
            r"什么意思|指的?是什么|指什么|什么叫|何谓|怎么理解|如何理解|定义|怎么回事|是个什么",
            r"怎么(?:算|计算|运作)|怎样一种|含义|说的是什么|是指",
            r"\bwhat does .* mean|\bdefin",
        ),
        (
            AnswerKind.ENTITY,
            r"谁|哪(?:一?[位家个款只座所本项部国地省市种份条])|哪里|哪儿|何地|何处|叫什么",
            r"什么名字|名称|什么(?:公司|机构|平台|产品|技术|奖|人|地方)",
            r"\b(?:who|where|which|what)\b",
        ),
    )
)
# A search without a question word: its last noun says what is looked for.
_NOUNS: tuple[tuple[AnswerKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(f"(?:{'|'.join(nouns)})[?。!\\s]*$"))
    for kind, *nouns in (
        (AnswerKind.DATE, r"(?:时间|日期|年份|年代|生日|诞辰|忌日)(?:[和与及、]地点)?"),
        (
            AnswerKind.NUMBER,
            r"面积|人口|人数|人次|海拔|[高长宽深]度|[体全总身]长|直径|体重|身高|重量|[数销产容客流]量",
            r"总[额量数值]|金额|票房|奖金|营收|收入|利润|市值|产值|[价售票油]价|价格|费用|学费|成本",
            r"年龄|寿命|[^效]率|增速|增幅|[涨跌降]幅|得分|比分|排名|次数|gdp|cpi",
        ),
        (
            AnswerKind.ENTITY,
            r"作者|导演|主演|编剧|监制|主角|主持人|创始人|创办人|发明[者人]|设计[者师]|原唱",
            r"父亲|母亲|父母|妻子|丈夫|冠军|亚军|季军|得主|获得者|获奖者|金牌|主席|总统|总理|首相",
            r"[市省县校院厅局]长|董事长|总裁|ceo|首都|省会|首府|[产原]地|举[办行]地|出生地|发源地",
            r"所在地|地[点址]|总部|位置|原名|全名|本名|名称|名字",
        ),
    )
)
# What asks, and says nothing of what is asked about.
_ASKING = re.compile(
    r"请问|请(?=归纳|概括|列|说|给|问)|为什么|为何|为啥|什么时候|什么样|叫?什么(?:名字|名称|意思)?|怎么样|怎么|怎样|如何"
    r"|多少|多大|多高|多长|多久|几(?=[个家人名项次条所种座台款月号])|谁|是否|有没有"
    r"|哪一?(?:年|天|月|日|个|位|家|种|些|款|项|条|座|所|里|儿|几)"
    r"|[吗呢吧呀啊](?=$|[？?，,。])|的?(?=$|[？?])"
)
_END_MARKS = "?？。！! \t\n\r\u3000"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Query:
    """A question in the form in which it is searched for.

    `text` ends with one question mark, typed or not: a reader takes a question for another one
    without it. `words` and `bigrams` are its terms, each once, in the order of the question,
    function words left out; `numbers` are the figures that stand in it. `again` are words
    that say another way what one of the others says: they count where they stand, and are not
    missed where they do not.
    """

    text: str
    words: tuple[str, ...]
    bigrams: tuple[str, ...]
    kind: AnswerKind
    numbers: frozenset[str]
    again: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash(self.text)  # the rest follows from it


def parse_query(question: str | None) -> Query:
    """Takes a question apart.

    Raises:
        QuestionError: it is no text (None, where a program left it out), empty, longer than
            `MAX_QUESTION_CHARACTERS`, or no Unicode text.
    """
    if not isinstance(question, str):
        raise QuestionError(say("question.no_text", kind=type(question).__name__))
    text = question.strip()
    if not text:
        raise QuestionError("the question is empty; ask something")
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(text):,} characters, the limit is {MAX_QUESTION_CHARACTERS:,}; "
            "shorten it"
        )
    if half := half_in(text):
        raise QuestionError(f"the question holds half a character ({half}); type it again")
    text = with_mark(text)
    folded = fold(text).replace("啥", "什么")
    said = _ASKING.sub(" ，", folded)
    asking = " ".join(_ASKING.findall(folded))
    return Query(
        text=text,
        words=tuple(
            dict.fromkeys(
                word
                for word in words(text, parts=False)
                if word not in STOP_WORDS and not (word in asking and word not in said)
            )
        ),
        bigrams=tuple(dict.fromkeys(pair for pair in bigrams(said) if pair not in STOP_WORDS)),
        kind=_kind(folded),
        numbers=frozenset(_NUMBER.findall(folded.replace(",", ""))),
    )


def with_mark(text: str) -> str:
    """A question as it is asked, whatever mark it was typed with or without; as it is where it is
    nothing but marks.

    >>> with_mark("票价是多少"), with_mark("票价是多少？？"), with_mark("How much is it")
    ('票价是多少？', '票价是多少？', 'How much is it?')
    """
    bare = text.rstrip(_END_MARKS)
    return f"{bare}{'?' if bare.isascii() else '？'}" if bare else text


def _kind(folded: str) -> AnswerKind:
    return next(
        (kind for kind, form in (*_FORMS, *_NOUNS) if form.search(folded)), AnswerKind.OTHER
    )


# A pair of characters says less than a word: it is often the half of one.
BIGRAM_WEIGHT = 0.5
_TEXTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Weights:
    """The terms of a question and their weights; `total` is the sum, at least 1. `unknown` are
    those that stand nowhere in the index."""

    of: Mapping[str, float]
    total: float
    unknown: frozenset[str] = frozenset()
    _shares: dict[frozenset[str], float] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def asked(self, terms: frozenset[str]) -> frozenset[str]:
        """Those of `terms` that are the question's."""
        return terms.intersection(self.of)

    def covered(self, terms: frozenset[str]) -> float:
        """The share of the weight that `terms` cover, in [0, 1]. Sentences share few different
        sets of the question's terms: each is added up once."""
        share = self._shares.get(terms)
        if share is None:
            held = [weight for term, weight in self.of.items() if term in terms]
            share = self._shares[terms] = min(1.0, sum(held) / self.total)
        return share


@dataclass(frozen=True, slots=True)
class SentenceTerms:
    """A sentence of a text and its words and bigrams."""

    span: Span
    terms: frozenset[str]


def weigh(query: Query, index: SearchIndex) -> Weights:
    """Weighs the question's terms by how rare they are in the index."""
    weights: dict[str, float] = {}
    unknown: set[str] = set()
    total = index.count
    for where, terms, factor in (
        (Field.BIGRAMS, query.bigrams, BIGRAM_WEIGHT),
        (Field.WORDS, query.words, 1.0),
    ):
        for term, count in index.frequencies(where, terms).items():
            weights[term] = factor * inverse_frequency(count, total)
            if count <= 0:
                unknown.add(term)
    again = query.again.union(pair for word in query.again for pair in bigrams(word))
    wanted = [weight for term, weight in weights.items() if term not in again]
    return Weights(weights, max(1.0, sum(wanted)), frozenset(unknown))


def inverse_frequency(count: int, total: int) -> float:
    """ln(1 + (N − n + ½) / (n + ½)) for a term that stands in `count` = n of `total` = N chunks.

    Source: Robertson, Zaragoza, The Probabilistic Relevance Framework (2009), 3.3.

    >>> round(inverse_frequency(0, 1), 3)
    1.386
    """
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


@lru_cache(_TEXTS_KEPT)
def sentence_terms(text: str) -> tuple[SentenceTerms, ...]:
    """The sentences of a chunk with their terms, kept for the next question."""
    found = []
    for span in sentences(text):
        sentence = span.of(text)
        found.append(SentenceTerms(span, terms_of(sentence)))
    return tuple(found)


@lru_cache(_TEXTS_KEPT)
def terms_of(text: str) -> frozenset[str]:
    """The words and bigrams of a text, folded."""
    return frozenset(words(text)).union(bigrams(text))
