"""Questions that look as if their passage answered them and are not answered, made from answered
ones: of a rival, of another year or number, for another attribute, with an opposite.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from rag.text.segment import tagged
from rag.text.sentences import sentences
from training.changed_questions import is_year, other_detail
from training.data import Question

NOWHERE = -1
"""`Question.start` of a question that its passage does not answer."""

NAMES = ("nr", "ns", "nt", "nz", "eng")
YEARS_AWAY = (1, 2, 3, 4, 6, 10)
FRAMES_TRIED, FRAME = 6, 40  # questions tried; characters of one that is asked of another name
_CLAUSE = re.compile(r"[，,；;：:。！？!?\n]+")
_NUMBER = re.compile(r"[0-9]+|(?<=第)[一二三四五六七八九](?![十百千])")
_DIGITS = "一二三四五六七八九"
_TEXTS_KEPT = 8192

# Words of which one, put for the other, asks for something else.
_OPPOSITES = (
    ("最大", "最小"), ("最高", "最低"), ("最早", "最晚"), ("最多", "最少"), ("最长", "最短"),
    ("首次", "最后一次"), ("第一", "第二"), ("第一次", "第三次"), ("增加", "减少"),
    ("增长", "下降"), ("上升", "下降"), ("之前", "之后"), ("以前", "以后"), ("东部", "西部"),
    ("南部", "北部"), ("上游", "下游"), ("支持", "反对"), ("开始", "结束"), ("成立", "解散"),
    ("建立", "废除"), ("出生", "去世"), ("进口", "出口"), ("收入", "支出"), ("父亲", "母亲"),
    ("儿子", "女儿"), ("哥哥", "弟弟"), ("丈夫", "妻子"), ("战胜", "输给"), ("加入", "退出"),
    ("买", "卖"), ("开通", "停用"), ("继任", "前任"), ("优点", "缺点"), ("内部", "外部"),
    ("允许", "禁止"), ("包括", "不包括"), ("是由", "不是由"), ("属于", "不属于"),
    ("男性", "女性"), ("城市", "农村"), ("国内", "国外"), ("上半年", "下半年"), ("赢得", "失去"),
    ("主要", "次要"), ("当选", "落选"), ("起点", "终点"), ("入口", "出口"), ("白天", "夜间"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name with its tag."""

    word: str
    tag: str


class Changer:
    """Changes questions; what is put in is taken from all questions and passages."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._by_tag: dict[str, list[int]] = {tag: [] for tag in NAMES}
        self._questions = questions
        self._pool: dict[str, list[str]] = {tag: [] for tag in NAMES}
        for place, question in enumerate(questions):
            for name in names_in(question.text):
                self._pool[name.tag].append(name.word)
                self._by_tag[name.tag].append(place)

    def unanswered(self, question: Question, random: np.random.Generator) -> Question | None:
        """The question changed so that its passage holds no answer, in one of the ways that can be
        gone; None where there is none."""
        for way in random.permutation(len(_WAYS)).tolist():
            changed = _WAYS[way](self, question, random)
            if changed is not None:
                return Question(changed.text, changed.passage, "", NOWHERE)
        return None

    def of_rival(self, question: Question, random: np.random.Generator) -> Question | None:
        """Asked of another name of the same sort that the passage speaks of."""
        own = _one(names_in(question.text), random)
        rivals = [] if own is None else self._rivals(question, own)
        if own is None or not rivals:
            return None
        return _asked(question, own.word, rivals[int(random.integers(len(rivals)))])

    def of_stranger(self, question: Question, random: np.random.Generator) -> Question | None:
        """Asked of a name that the passage does not speak of."""
        own = _one(names_in(question.text), random)
        other = None if own is None else self._other(question, own, random)
        return None if own is None or other is None else _asked(question, own.word, other)

    def of_other_year(self, question: Question, random: np.random.Generator) -> Question | None:
        """Asked of another year, half the time of one that the passage names."""
        years = years_in(question.text)
        if not years:
            return None
        own = years[int(random.integers(len(years)))]
        there = years_in(question.passage)
        held = [y for y in there if y not in years and y not in question.answer]
        if held and random.random() < 0.5:
            return _asked(question, own, held[int(random.integers(len(held)))])
        other = _shifted(own, random)
        return None if other in question.passage else _asked(question, own, other)

    def of_other_number(self, question: Question, random: np.random.Generator) -> Question | None:
        """With another number: 第三 for 第二, 5 for 3."""
        found = [m for m in _NUMBER.finditer(question.text) if not is_year(m.group())]
        if not found:
            return None
        match = found[int(random.integers(len(found)))]
        own = match.group()
        other = (
            _DIGITS[int(random.integers(len(_DIGITS)))]
            if own in _DIGITS
            else str(max(int(own[:9]) + int(random.integers(-4, 9)), 1))
        )
        changed = question.text[: match.start()] + other + question.text[match.end() :]
        return None if other == own else replace(question, text=changed)

    def with_opposite(self, question: Question, random: np.random.Generator) -> Question | None:
        """With a word that says the opposite and does not stand in the answer's sentence."""
        said = _answer_part(question)
        pairs = [(a, b) for pair in _OPPOSITES for a, b in (pair, pair[::-1])]
        fit = [(a, b) for a, b in pairs if a in question.text and b not in said]
        if not fit or any(b in question.text for _, b in fit):
            return None
        return _asked(question, *fit[int(random.integers(len(fit)))])

    def other_question(self, question: Question, random: np.random.Generator) -> Question | None:
        """What another question asks of somebody else, asked of a name of this one."""
        own = _one(names_in(question.text), random)
        if own is None or not self._by_tag[own.tag]:
            return None
        frames = self._by_tag[own.tag]
        for _ in range(FRAMES_TRIED):
            other = self._questions[frames[int(random.integers(len(frames)))]]
            theirs = [name for name in names_in(other.text) if name.tag == own.tag]
            fits = len(names_in(other.text)) == len(theirs) == 1 and len(other.text) <= FRAME
            if fits and theirs[0].word != own.word and other.answer not in question.passage:
                return replace(question, text=other.text.replace(theirs[0].word, own.word))
        return None

    def for_detail(self, question: Question, random: np.random.Generator) -> Question | None:
        """For a detail that the passage does not speak of."""
        detail = other_detail(question.text, random)
        if detail is None or any(word in question.passage for word in detail.words):
            return None
        return replace(question, text=detail.text)

    def _rivals(self, question: Question, own: Name) -> list[str]:
        held = {n.word for n in names_in(question.passage) if n.tag == own.tag}
        return sorted(
            word for word in held
            if word not in question.text and own.word not in word and word not in question.answer
        )  # fmt: skip

    def _other(self, question: Question, own: Name, random: np.random.Generator) -> str | None:
        pool = self._pool[own.tag]
        word = pool[int(random.integers(len(pool)))] if pool else own.word
        if word in question.text or word in question.passage or own.word in word:
            return None
        return word


_Way = Callable[[Changer, Question, np.random.Generator], Question | None]
_WAYS: tuple[_Way, ...] = (
    Changer.of_rival, Changer.of_rival, Changer.of_stranger, Changer.of_other_year,
    Changer.of_other_year, Changer.of_other_number, Changer.with_opposite, Changer.other_question,
    Changer.other_question, Changer.for_detail,
)  # fmt: skip


@lru_cache(_TEXTS_KEPT)
def names_in(text: str) -> tuple[Name, ...]:
    """The names in a text, by the tags of the dictionary, each once."""
    found = dict.fromkeys(
        Name(word, "eng" if tag == "eng" else tag[:2])
        for word, tag in tagged(text)
        if len(word) > 1 and (tag == "eng" or tag[:2] in NAMES)
    )
    return tuple(found)


def years_in(text: str) -> list[str]:
    """The years that a text names in digits, in order, each once.

    >>> years_in("2019年和2021年，2019年")
    ['2019', '2021']
    """
    return list(dict.fromkeys(filter(is_year, re.findall(r"[0-9]+", text))))


def _asked(question: Question, own: str, other: str) -> Question:
    return replace(question, text=question.text.replace(own, other))


def _one(names: Sequence[Name], random: np.random.Generator) -> Name | None:
    return names[int(random.integers(len(names)))] if names else None


def _shifted(year: str, random: np.random.Generator) -> str:
    return str(int(year) + int(random.choice(YEARS_AWAY)) * int(random.choice((-1, 1))))


def _answer_part(question: Question) -> str:
    """The sentences that the answer stands in."""
    end = question.start + len(question.answer)
    return "".join(
        span.of(question.passage)
        for span in sentences(question.passage)
        if span.start < end and span.end > question.start
    )
