# ruff: noqa: ARG001, E501 - faults share one signature; long lines of Chinese text
"""Sentences with the passages that they cite, supported or altered, made from open text: news,
CMRC train, DRCD.

A supported one is a sentence, or two joined, written otherwise; or a question with its answer put
in the place of the question word. An altered one is such a sentence with one fault of the kinds
that replies have. What was altered is known, so no one has to judge.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eval.verification import before_verb
from rag.answering.statements import ANTONYMS, CERTAIN, HEDGES, LIMITS, NEGATIONS, facts
from rag.text.quantities import UnitClass, quantities
from rag.text.segment import first_nouns
from rag.text.sentences import sentences
from rag.types import Passage, Span

SAME = "same"
LONGEST, SHORTEST = 110, 14
AFTER = 2
"""A word is put before a verb that begins behind so many characters."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, the passages that it cites, and what was altered: `SAME` for nothing."""

    sentence: str
    passages: tuple[Passage, ...]
    year: int | None
    altered: str


@dataclass(frozen=True, slots=True)
class Material:
    """A text with its year, what other texts may lend, and questions with answers on it."""

    text: str
    year: int | None
    questions: tuple[tuple[str, str], ...] = ()


def passage(text: str, rank: int = 1, year: int | None = None, title: str = "") -> Passage:
    """A text as a passage of a document of its own."""
    return Passage(
        rank, 0.0, str(rank), str(rank), title, str(year) if year else None, False, (), None, None,
        Span(0, len(text)), text, (),
    )  # fmt: skip


# --- the same, written otherwise ----------------------------------------------------------------

_SYNONYMS = [
    pair.split("/")
    for pair in [
        "表示/指出",
        "认为/觉得",
        "因此/所以",
        "由于/因为",
        "目前/当前",
        "现在/目前",
        "企业/公司",
        "以及/和",
        "并且/而且",
        "进行/开展",
        "达到/为",
        "大约/约",
        "首次/第一次",
        "提高/提升",
        "上升/增长",
        "增加/增长",
        "减少/下降",
        "下跌/下降",
        "帮助/协助",
        "获得/取得",
        "使用/采用",
        "能够/可以",
        "必须/需要",
        "建立/设立",
        "举行/举办",
        "开始/启动",
        "完成/实现",
        "位于/坐落于",
        "成为/是",
        "拥有/有",
        "包括/包含",
        "主要/主要是",
        "尤其/特别",
        "但是/但",
        "然而/但",
        "不过/但",
        "此外/另外",
        "同时/并且",
        "逐渐/逐步",
        "迅速/快速",
        "重要/关键",
        "困难/难题",
        "影响/冲击",
        "推动/促进",
        "发布/公布",
        "宣布/公布",
        "数量/数目",
        "全部/所有",
        "部分/一部分",
        "可能/或许",
        "预计/预期",
        "原因/缘由",
        "方法/办法",
        "措施/举措",
        "市场/市面",
        "价格/售价",
        "建设/修建",
        "居民/住户",
        "学生/学员",
        "人员/人士",
        "研究/探究",
        "发现/看到",
        "显示/表明",
        "导致/造成",
    ]
]
_OPENINGS = (
    "根据资料，",
    "据介绍，",
    "此外，",
    "具体来说，",
    "报道称，",
    "文中提到，",
    "其中，",
    "资料显示，",
    "",
)
_DROPPED = re.compile(
    "的(?=[\u4e00-\u9fff])|了(?=[，。])|已经|正在|非常|十分|进一步|也|还|就|则|便|将近"
)
_ATTRIBUTION = re.compile(r"^[^，。]{2,16}(?:表示|指出|认为|称|说|介绍|透露|强调)[，：:]")
_PARENTHESES = re.compile(r"（[^（）]{1,30}）|\([^()]{1,30}\)")
_YEAR_WORDS = {"今年": 0, "去年": -1, "前年": -2, "明年": 1}


def otherwise(sentence: str, year: int | None, chance: random.Random) -> str:
    """The sentence with the same meaning and other words."""
    ways: list[Callable[[str, int | None, random.Random], str]] = [
        _synonyms, _fewer_words, _opening, _rounded, _rewritten, _years, _fewer_clauses, _moved,
        _framed, _causal, _synonyms, _fewer_words,
    ]  # fmt: skip
    for way in chance.sample(ways, chance.randrange(1, 6)):
        sentence = way(sentence, year, chance)
    return sentence


def _synonyms(sentence: str, year: int | None, chance: random.Random) -> str:
    del year
    for a, b in chance.sample(_SYNONYMS, len(_SYNONYMS)):
        old, new = (a, b) if chance.random() < 0.5 else (b, a)
        if len(old) > 1 and old in sentence and new not in sentence and chance.random() < 0.7:
            sentence = sentence.replace(old, new, 1)
    return sentence


def _fewer_words(sentence: str, year: int | None, chance: random.Random) -> str:
    del year
    sentence = _PARENTHESES.sub("", sentence)
    if chance.random() < 0.5:
        sentence = _ATTRIBUTION.sub("", sentence)
    return _DROPPED.sub(lambda m: "" if chance.random() < 0.5 else m.group(), sentence)


def _opening(sentence: str, year: int | None, chance: random.Random) -> str:
    del year
    return chance.choice(_OPENINGS) + sentence


def _rounded(sentence: str, year: int | None, chance: random.Random) -> str:
    """约 and fewer digits."""
    del year, chance
    match = re.search(r"(?<![\d.,])(\d{2,4})\.(\d{1,3})(?=[万亿%])", sentence)
    if not match or sentence[max(0, match.start() - 1) : match.start()] in "约第近超":
        return sentence
    value = round(float(match.group()))
    return sentence[: match.start()] + f"约{value}" + sentence[match.end() :]


def _rewritten(sentence: str, year: int | None, chance: random.Random) -> str:
    """Another scale: 1.2亿 as 12,000万."""
    del year, chance
    return re.sub(
        r"(?<![\d.])(\d{1,3}(?:\.\d{1,2})?)亿(?=[元美吨人])",
        lambda m: f"{round(float(m[1]) * 10000):,}万",
        sentence,
        count=1,
    )


def _years(sentence: str, year: int | None, chance: random.Random) -> str:
    del chance
    if year is None:
        return sentence
    for word, off in _YEAR_WORDS.items():
        sentence = sentence.replace(word, f"{year + off}年")
    return sentence


_FRAMES = (
    "主要是因为", "这是由于", "这表明", "原因在于", "具体而言，", "与此同时，", "相比之下，", "也就是说，", "从而", "进而",
    "总体上，", "值得注意的是，", "这意味着", "主要体现在", "具体包括", "一方面，", "另一方面，", "在这一背景下，", "对此，",
    "首先，", "其次，", "最后，", "整体来看，", "特别是", "此举", "这一点上，", "换言之，", "结果是", "即", "并", "而", "其",
)  # fmt: skip


def _framed(sentence: str, year: int | None, chance: random.Random) -> str:
    """Words that a summary puts before its clauses."""
    del year
    parts = re.split(r"(?<=[，；])", sentence)
    at = chance.randrange(len(parts))
    parts[at] = chance.choice(_FRAMES) + parts[at]
    return "".join(parts)


def _causal(sentence: str, year: int | None, chance: random.Random) -> str:
    """A cause said where the sentence has it by the order of its clauses."""
    del year
    parts = re.split(r"，", sentence.rstrip("。"))
    if not 2 <= len(parts) <= 4 or chance.random() < 0.7:
        return sentence
    parts[0] = chance.choice(("由于", "因为")) + parts[0]
    if chance.random() < 0.5:
        parts[-1] = chance.choice(("因此", "所以")) + parts[-1]
    return "，".join(parts) + "。"


def _fewer_clauses(sentence: str, year: int | None, chance: random.Random) -> str:
    del year
    parts = re.split(r"(?<=[，；])", sentence)
    if len(parts) < 3:
        return sentence
    del parts[chance.randrange(1, len(parts))]
    return "".join(parts).rstrip("，；") + "。"


def _moved(sentence: str, year: int | None, chance: random.Random) -> str:
    """The first two clauses in the other order."""
    del year
    parts = re.split(r"[，]", sentence.rstrip("。"))
    if len(parts) < 3 or chance.random() < 0.5:
        return sentence
    at = chance.randrange(len(parts) - 1)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return "，".join(parts) + "。"


_ASKED = re.compile(
    "(?<!为)什么(?:时候|地方|名字|名称|时间)?|何时|何地|何处|谁|哪里|哪儿|哪一?(?:年|天|日|月|个|位|家|座|所|种|国|部|支|些|项|条)(?:[\u4e00-\u9fff]{0,2}(?=[？。，]))?|多少(?:年|人|个|米|公里|元|名|次|万|亿)?"
)


def statement(question: str, answer: str) -> str | None:
    """The question with the answer in the place of its question word; None where it has none of
    its own, or several.

    >>> statement("大桥由谁设计？", "何守礼")
    '大桥由何守礼设计。'
    """
    found = list(_ASKED.finditer(question))
    if (
        len(found) != 1
        or len(answer) > 30
        or re.search("为什么|怎么|如何|哪些|吗|是否|请|列举", question)
    ):
        return None
    match = found[0]
    said = question[: match.start()] + answer + question[match.end() :]
    return said.rstrip("？?。 呢") + "。"


# --- one fault -----------------------------------------------------------------------------------

Alter = Callable[[str, "Around", random.Random], str | None]


@dataclass(frozen=True, slots=True)
class Around:
    """What a fault may take: the passage's text, its sentences but the one that is altered, names of
    all texts by their tag, sentences of the same and of other texts that are not cited."""

    text: str
    others: tuple[str, ...]
    names: dict[str, list[str]]
    beyond: tuple[str, ...]
    strange: tuple[str, ...]


def _entity(sentence: str, around: Around, chance: random.Random) -> str | None:
    """A name for another of its kind, of the passage where there is one."""
    own = [(n, k) for n, k in facts(sentence).kinds if n in sentence and k != "en"]
    if not own:
        return None
    old, kind = chance.choice(own)
    near = [n for n, k in facts(around.text).kinds if k == kind and n not in sentence]
    far = around.names.get(kind, [])
    pool = near if near and chance.random() < 0.6 else far
    if not pool:
        return None
    new = chance.choice(pool)
    return sentence.replace(old, new) if new not in sentence and old not in new else None


def _subject(sentence: str, around: Around, chance: random.Random) -> str | None:
    """What another sentence of the passage is about in the place of what this one is."""
    own = first_nouns(sentence[:20])
    pool = [
        noun for s in around.others
        if len(noun := first_nouns(s[:20])) > 1 and noun not in sentence and noun not in own
    ]  # fmt: skip
    if len(own) < 2 or sentence.find(own) > 6 or not pool:
        return None
    return sentence.replace(own, chance.choice(pool), 1)


def _hedged(sentence: str, around: Around, chance: random.Random) -> str | None:
    """What may be, as what is."""
    match = HEDGES.search(sentence)
    if match and chance.random() < 0.8:
        new = chance.choice(("", "", "已", "已经", "必然"))
        return sentence[: match.start()] + new + sentence[match.end() :]
    if CERTAIN.search(sentence) or chance.random() < 0.6:
        return None
    return before_verb(sentence, chance, ("必然", "一定", "肯定", "必将", "完全"), AFTER)


def _scope(sentence: str, around: Around, chance: random.Random) -> str | None:
    """A part as the whole."""
    match = LIMITS.search(sentence)
    if (
        match
        and match.group() not in ("约", "大约", "左右", "近", "超", "逾")
        and chance.random() < 0.8
    ):
        new = chance.choice(("", "全部", "所有", "都", "完全"))
        return sentence[: match.start()] + new + sentence[match.end() :]
    if chance.random() < 0.6:
        return None
    return before_verb(sentence, chance, ("全部", "都", "一律", "始终", "仅"), AFTER)


def _negation(sentence: str, around: Around, chance: random.Random) -> str | None:
    match = NEGATIONS.search(sentence)
    if match and chance.random() < 0.5:
        return sentence[: match.start()] + sentence[match.end() :]
    return before_verb(sentence, chance, ("没有", "并未", "不", "未能", "不再"), AFTER)


def _contrary(sentence: str, around: Around, chance: random.Random) -> str | None:
    turns = [*ANTONYMS, ["增长", "下降"], ["上升", "下降"], ["提高", "降低"], ["上涨", "下跌"],
             ["增加", "减少"], ["扩大", "缩小"]]  # fmt: skip
    found = [
        (a, b) for pair in turns for a, b in (pair, pair[::-1])
        if len(a) > 1 and a in sentence and b not in sentence
    ]  # fmt: skip
    if not found:
        return None
    a, b = chance.choice(found)
    return sentence.replace(a, b)


def _cause(sentence: str, around: Around, chance: random.Random) -> str | None:
    if not around.others:
        return None
    other = chance.choice(around.others).rstrip("。；")
    form = chance.choice(
        ("由于{a}，因此{b}。", "{a}，这导致{b}。", "因为{a}，所以{b}。", "{a}使得{b}。")
    )
    return form.format(a=other[:60], b=sentence.rstrip("。；"))


def _attached(sentence: str, around: Around, chance: random.Random) -> str | None:
    """A true clause and one that no passage says."""
    pool = around.beyond if around.beyond and chance.random() < 0.5 else around.strange
    clauses = [c for s in pool for c in re.split("[，。；]", s) if 6 <= len(c) <= 40]
    if not clauses:
        return None
    return (
        sentence.rstrip("。；")
        + "，"
        + chance.choice(("", "并且", "同时", "这"))
        + chance.choice(clauses)
        + "。"
    )


def _unrelated(sentence: str, around: Around, chance: random.Random) -> str | None:
    pool = around.beyond if around.beyond and chance.random() < 0.8 else around.strange
    return chance.choice(pool) if pool else None


def _crossed(sentence: str, around: Around, chance: random.Random) -> str | None:
    """Two figures of one kind, each in the other's place."""
    found = quantities(sentence)
    for i, a in enumerate(found):
        for b in found[i + 1 :]:
            if (
                a.unit.base == b.unit.base
                and a.low != b.low
                and a.unit.measures is not UnitClass.ORDINAL
            ):
                return (
                    sentence[: a.span.start] + b.text + sentence[a.span.end : b.span.start]
                    + a.text + sentence[b.span.end :]
                )  # fmt: skip
    return None


def _figure_of_another(sentence: str, around: Around, chance: random.Random) -> str | None:
    """A figure of the same kind from another sentence of the passage."""
    own = [q for q in quantities(sentence) if q.unit.name]
    chance.shuffle(own)
    for one in own:
        others = [
            q for s in around.others for q in quantities(s)
            if q.unit.base == one.unit.base and q.low != one.low
        ]  # fmt: skip
        if others:
            return (
                sentence[: one.span.start] + chance.choice(others).text + sentence[one.span.end :]
            )
    return None


def _exchanged(sentence: str, around: Around, chance: random.Random) -> str | None:
    """Two names of one kind, each in the other's place."""
    names = [(n, k) for n, k in facts(sentence).kinds if n in sentence and k != "en"]
    for i, (a, kind) in enumerate(names):
        for b, other in names[i + 1 :]:
            if kind == other and a not in b and b not in a:
                return sentence.replace(a, "\0").replace(b, a).replace("\0", b)
    return None


FAULTS: dict[str, Alter] = {
    "entity": _entity, "subject": _subject, "certainty": _hedged, "scope": _scope, "negation": _negation,
    "direction": _contrary, "cause": _cause, "attached": _attached, "knowledge": _unrelated,
    "crossed": _crossed, "figure": _figure_of_another, "exchanged": _exchanged,
}  # fmt: skip


def examples(materials: Sequence[Material], chance: random.Random) -> Iterator[Example]:
    """Examples of each text: some that say the same and some with each fault."""
    names: dict[str, list[str]] = {}
    for one in chance.sample(materials, min(400, len(materials))):
        for name, kind in facts(one.text[:300]).kinds:
            names.setdefault(kind, []).append(name)
    for number, one in enumerate(materials):
        spans = [s for s in sentences(one.text) if len(s) >= 8]
        if len(spans) < 4:
            continue
        strange = materials[(number * 31 + 7) % len(materials)].text
        yield from _of_text(
            one, spans, [s.of(strange) for s in sentences(strange)[:8]], names, chance
        )


def _of_text(
    one: Material,
    spans: Sequence[Span],
    strange: list[str],
    names: dict[str, list[str]],
    chance: random.Random,
) -> Iterator[Example]:
    first = chance.randrange(max(1, len(spans) - 6))
    part = spans[first : first + 7]
    text = one.text[part[0].start : part[-1].end]
    inside = [s.of(one.text) for s in part]
    cited: tuple[Passage, ...] = (passage(text, 1, one.year),)
    beyond = tuple(s.of(one.text) for i, s in enumerate(spans) if not first <= i < first + 7)
    far = [s.of(one.text) for s in spans[first + 7 : first + 13]]
    if len(far) >= 3 and chance.random() < 0.3:
        cited = (*cited, passage("".join(far), 2, one.year))
        beyond = tuple(s for s in beyond if s not in far)
    fit = [s for s in inside if SHORTEST <= len(s) <= LONGEST]
    if not fit:
        return
    for _ in range(2):
        base = chance.choice(fit)
        if chance.random() < 0.35:
            base = _join(base, chance.choice([*fit, *(far if len(cited) > 1 else [])]), chance)
        elif chance.random() < 0.4:
            base = _summary([*inside, *(far if len(cited) > 1 else [])], chance)
        yield Example(otherwise(base, one.year, chance), cited, one.year, SAME)
    around = Around(text, tuple(s for s in inside if s != base), names, beyond, tuple(strange))
    for kind in chance.sample(list(FAULTS), 5):
        base = chance.choice(fit)
        said = otherwise(base, one.year, chance) if chance.random() < 0.7 else base
        altered = FAULTS[kind](said, around, chance)
        if altered and altered != said and altered.rstrip("。") not in text:
            yield Example(altered, cited, one.year, kind)
    yield from _of_questions(one, chance)


def _of_questions(one: Material, chance: random.Random) -> Iterator[Example]:
    """Statements of questions with their answers, and with those of other questions."""
    cited = (passage(one.text, 1, one.year),)
    answers = [answer for _, answer in one.questions]
    for question, answer in one.questions:
        said = statement(question, answer)
        if said is None:
            continue
        yield Example(said, cited, one.year, SAME)
        wrong = [
            a
            for a in answers
            if a != answer and a not in answer and answer not in a and len(a) <= 20
        ]
        if wrong and chance.random() < 0.7:
            false = statement(question, chance.choice(wrong))
            if false:
                yield Example(false, cited, one.year, "answer")


def _summary(said: Sequence[str], chance: random.Random) -> str:
    """Clauses of two or three sentences as one, as a summary joins them."""
    chosen = sorted(chance.sample(range(len(said)), min(len(said), chance.choice((2, 2, 3)))))
    parts: list[str] = []
    for number in chosen:
        clauses = [
            c for c in re.split("[，。；！？]", _ATTRIBUTION.sub("", said[number])) if len(c) > 3
        ]
        kept = chance.randrange(1, 3)
        at = chance.randrange(max(1, len(clauses) - kept + 1))
        parts += clauses[at : at + kept]
    return "，".join(parts) + "。" if parts else said[0]


def _join(one: str, other: str, chance: random.Random) -> str:
    if one == other:
        return one
    return one.rstrip("。；！") + chance.choice(("，同时", "；", "，此外", "，而")) + other
