"""How well a sentence speaks to a question, and the items of an enumeration.

A sentence is weighed by the terms that it shares with the question, by how rare they are, by the
words around it, and by whether it holds what the question asks for. Enumerations are known by
what announces them and by the marks of their items (一是, （一）, 首先).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.documents.headings import is_byline
from rag.models.reader import ReaderMarks
from rag.retrieval.entities import around, bound, candidates
from rag.retrieval.query import AnswerKind, Query, Weights, sentence_terms, terms_of
from rag.text.normalize import fold, squeeze
from rag.text.quantities import YEAR_WORDS
from rag.text.sentences import ends_sentence, sentences
from rag.types import Passage, Span

# Weights of a sentence's score; coverage lies in [0, 1]. Chosen on the development questions
# and checked on CMRC trial (docs/decisions/0026); the score is flat around them.
TOPIC_WEIGHT = 0.8
BESIDE_WEIGHT = 0.3
PASSAGE_WEIGHT = 0.4
KIND_WEIGHT = 0.2
# Of the reader's probability: .25, .5 and 1 were tried on both sets, .5 is best on the first.
READER_WEIGHT = 0.5
PENALTY = 0.3
UNMARKED_PENALTY = 0.1
# What a sentence loses that names years, and none of those that are asked about. A gain for
# naming one of them was tried too: development questions lose by it, the year is a word of them.
OTHER_YEAR_PENALTY = 0.2
# The same where hits are ordered: less, "before 2023" asks about other years, too.
OTHER_YEAR_LOSS = 0.05
# What a sentence loses that speaks of nothing that the question names (rag.retrieval.entities). On
# questions of CMRC train .2, .35 and .5 give the same.
OTHER_NAME_PENALTY = 0.5
SHORT_CHARACTERS = 8
_TEXTS_KEPT = 4096

_CAUSE = re.compile(
    r"因为|由于|原因|因此|所以|导致|是因|源于|得益于|为了|使得|受.{1,12}影响|以致|从而|以免"
)
_DEFINITION = re.compile(r"是指|指的是|即|是一种|是一个|称为|所谓|意思|定义|也就是|被称|：")
# Several things in a row, or the first of several.
_SEVERAL = re.compile(
    r"、[^、，。；]{1,20}、|首先|其次|其一|一方面|第[一二三四五六]|[一二三四五六]是|包括|分为|分成"
    r"|[二两三四五六七八九十][大个种类项点条方]|[①②]|[;；]"
)
# Two things held against each other, or a change from one value to another.
_AGAINST = re.compile(
    r"[，,；;](?:但|而)|比|高于|低于|多于|少于|不同|差别|区别|差异|分别|从.{1,20}(?:到|至|降|增|升)|相反|前者|后者|同比|则"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=\s?年|[-./年]|\b)")
_NUMERIC = re.compile(r"^\s*+[-+]?[0-9][0-9,.]*+\s*+(?:%\s*+)?")
_YEAR_WORD = re.compile("|".join(YEAR_WORDS))
_SIGNS: dict[AnswerKind, re.Pattern[str]] = {
    AnswerKind.LIST: _SEVERAL,
    AnswerKind.COMPARISON: _AGAINST,
    AnswerKind.CAUSE: _CAUSE,
    AnswerKind.DEFINITION: _DEFINITION,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage and how well it answers; higher is better. `covered` is the share
    of the question's terms (by rarity) in the sentence, `typed` whether it holds what the kind
    of question asks for. `span` and `order` are its place in its passage; `reading` is what the
    reader makes of the passage, where one reads, and `read` the probability that the answer
    stands in this sentence. `bound` is how far it speaks of what the question names, in [0, 1]."""

    passage: Passage
    text: str
    span: Span
    order: int
    score: float
    covered: float
    typed: bool
    terms: frozenset[str]
    reading: ReaderMarks | None
    read: float
    bound: float

    @property
    def place(self) -> int:
        """Where the sentence begins in its document's text."""
        return self.passage.span.start + self.span.start


def score_sentences(
    query: Query,
    weights: Weights,
    passages: Sequence[Passage],
    readings: Sequence[ReaderMarks | None] | None = None,
    standing: Sequence[Sequence[frozenset[str]]] = (),
) -> list[Evidence]:
    """The sentences of `passages`, best first; ties by rank and place. `readings` are those of
    the passages, by default none, `standing` those of the question's terms that stand in each of
    their sentences, where they need not be looked for."""
    top = max((passage.score for passage in passages), default=1.0) or 1.0
    asked = years_of(query.text, None)
    found: list[Evidence] = []
    for i, (passage, reading) in enumerate(
        zip(passages, readings or [None] * len(passages), strict=True)
    ):
        stand = standing[i] if i < len(standing) else None
        weighed = weigh_sentences(query, weights, passage.text, passage.above, stand)
        texts = [one.text for one in weighed]
        formed = query.kind in (AnswerKind.NUMBER, AnswerKind.DATE)
        held = bound(query.text, texts, around(passage, passages), figures=formed)
        for order, one in enumerate(weighed):
            other = OTHER_YEAR_PENALTY * _of_other_year(one.text, passage.date, asked)
            read = reading.within(one.span) if reading else 0.0
            found.append(
                Evidence(
                    passage=passage,
                    text=one.text,
                    span=one.span,
                    order=order,
                    score=one.score
                    + PASSAGE_WEIGHT * passage.score / top
                    + READER_WEIGHT * read
                    - other
                    - OTHER_NAME_PENALTY * (1 - held[order]),
                    covered=one.covered,
                    typed=one.typed,
                    terms=one.terms,
                    reading=reading,
                    read=read,
                    bound=held[order],
                )
            )
    return sorted(found, key=lambda e: (-e.score, e.passage.rank, e.order))


def _of_other_year(text: str, date: str | None, asked: frozenset[int]) -> bool:
    """Whether a text of a document of that `date` names years, but none of those `asked` about.

    >>> _of_other_year("2019年多于2018年", None, frozenset((2020,)))
    True
    """
    named = years_of(text, date) if asked else frozenset()
    return bool(named) and not named & asked


def years_of(text: str, date: str | None) -> frozenset[int]:
    """The years that a text names; 去年 and the like by the `date` of its document.

    >>> sorted(years_of("去年比2019年多", "2024-05"))
    [2019, 2023]
    """
    named = {int(year) for year in _YEAR.findall(text)}
    if date is not None:
        named |= {int(date[:4]) + YEAR_WORDS[word] for word in _YEAR_WORD.findall(text)}
    return frozenset(named)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sentence of a text and what it is worth by itself; see `Evidence`."""

    text: str
    span: Span
    score: float
    covered: float
    typed: bool
    terms: frozenset[str]


def weigh_sentences(
    query: Query,
    weights: Weights,
    text: str,
    above: Sequence[str],
    standing: Sequence[frozenset[str]] | None = None,
) -> list[Weighed]:
    """The sentences of a text in order, each weighed; `above` is what stands above the text:
    title, headings, lead; `standing` those of the question's terms that stand in each sentence,
    where they need not be looked for.

    A table's row is taken with its header, and the header alone answers nothing.

    covered = own + TOPIC_WEIGHT · (what `above` adds) + BESIDE_WEIGHT · (what the sentences
    beside it add), each the share of the question's weight;
    score = covered + KIND_WEIGHT, if it holds what is asked for, − its emptiness.
    """
    return [
        _weighed(one, _typed(query, one.look.text))
        for one in _sentences(weights, text, above, standing)
    ]


def best_sentence(
    query: Query,
    weights: Weights,
    text: str,
    above: Sequence[str],
    standing: Sequence[frozenset[str]] | None = None,
    date: str | None = None,
) -> tuple[float, bool]:
    """The best score among the sentences of a text, 0 for none, and whether any of them holds
    what is asked for; see `weigh_sentences`. That is looked for in as few of them as tell. A
    sentence of another year than those asked about, in a document of that `date`, loses
    `OTHER_YEAR_LOSS`."""
    best, typed = None, False
    asked = years_of(query.text, None)
    for one in sorted(_sentences(weights, text, above, standing), key=_hopeful, reverse=True):
        if best is not None and typed and _hopeful(one) <= best:
            break
        holds = _typed(query, one.look.text)
        score = _score(one, holds)
        score -= OTHER_YEAR_LOSS * _of_other_year(one.look.text, date, asked)
        best, typed = score if best is None else max(best, score), typed or holds
    return best or 0.0, typed


@dataclass(frozen=True, slots=True)
class _Look:
    """A sentence by itself: `header` is the place of its table's header, `loss` what it loses by
    its emptiness, None where what stands above decides."""

    span: Span
    text: str
    header: int | None
    loss: float | None


@dataclass(frozen=True, slots=True)
class _Covering:
    """A sentence, those of the question's terms that stand in it, what of the question it covers
    and what it loses by its emptiness."""

    look: _Look
    terms: frozenset[str]
    covered: float
    loss: float


@lru_cache(_TEXTS_KEPT)
def _looks(text: str) -> tuple[_Look, ...]:
    spans = sentences(text)
    said = [span.of(text) for span in spans]
    return tuple(
        _Look(span, one, header, PENALTY if header == i else _loss(one))
        for i, (span, one, header) in enumerate(zip(spans, said, table_headers(said), strict=True))
    )


def _sentences(
    weights: Weights, text: str, above: Sequence[str], standing: Sequence[frozenset[str]] | None
) -> list[_Covering]:
    looks = _looks(text)
    if standing is None or len(standing) != len(looks):
        standing = [one.terms for one in sentence_terms(text)]
    own = [weights.asked(terms) for terms in standing]
    topic = weights.asked(terms_of(" ".join(above)))
    some_unmarked = any(look.loss is None for look in looks)
    titles = squeeze("".join(above)) if some_unmarked else ""
    found = []
    for i, (look, terms) in enumerate(zip(looks, own, strict=True)):
        titled = terms | topic
        if look.header is not None:
            titled |= own[look.header]
        stated = weights.covered(terms)
        known = weights.covered(titled) - stated
        near = weights.covered(titled.union(*own[max(0, i - 1) : i + 2])) - stated - known
        covered = stated + TOPIC_WEIGHT * known + BESIDE_WEIGHT * near
        loss = look.loss
        if loss is None:
            loss = PENALTY if squeeze(look.text) in titles else UNMARKED_PENALTY
        found.append(_Covering(look, terms, covered, loss))
    return found


def _weighed(one: _Covering, typed: bool) -> Weighed:
    look, score = one.look, _score(one, typed)
    return Weighed(look.text, look.span, score, one.covered, typed, one.terms)


def _score(one: _Covering, typed: bool) -> float:
    return one.covered + KIND_WEIGHT * typed - one.loss


def _hopeful(one: _Covering) -> float:
    """The score of a sentence if it holds what is asked for."""
    return _score(one, True)


def table_headers(sentences: Sequence[str]) -> list[int | None]:
    """For each sentence of a text the place of its table's header, the header's own included:
    the first of several rows in a row, if none of its cells is a number. None for all others.

    >>> table_headers(["见表。", "年\\t量", "2022\\t5", "2023\\t6"])
    [None, 1, 1, 1]
    """
    found: list[int | None] = [None] * len(sentences)
    start = None
    for i, sentence in enumerate(sentences):
        if "\t" not in sentence:
            start = None
            continue
        start = i if start is None else start
        if i > start and not any(_NUMERIC.fullmatch(c) for c in sentences[start].split("\t")):
            found[start] = found[i] = start
    return found


@lru_cache(_TEXTS_KEPT)
def _typed(query: Query, text: str) -> bool:
    """Whether a sentence holds something of the kind that is asked for, beyond what stands in
    the question. Kept: reranking and the answer look at the same sentences."""
    if query.kind in (AnswerKind.NUMBER, AnswerKind.DATE, AnswerKind.ENTITY):
        return any(found.misfit == 0 for found in candidates(query, text))
    sign = _SIGNS.get(query.kind)
    return bool(sign and sign.search(fold(text)))


def _loss(text: str) -> float | None:
    """What a sentence loses: scraps, questions, bylines and headings answer nothing, and a line
    without a mark at its end (a signature, a label) rarely does, unless it is a table's row. None
    for such a line: whether it is a heading says what stands above it."""
    if len(text) < SHORT_CHARACTERS or text.endswith(("？", "?")) or is_byline(text):
        return PENALTY
    return 0.0 if ends_sentence(text) or "\t" in text else None


# Items said at most; sentences that may stand between one and the next, and characters (white
# space and what was not retrieved included) between them.
MOST_ITEMS = 8
BETWEEN_SENTENCES = 8
BETWEEN_CHARACTERS = 700
# The first item stands at most so many sentences after what announces it.
BEFORE_FIRST = 3

_HAN = "一二三四五六七八九十"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
# The forms of a mark: items of one enumeration share theirs. Each has the number as its group.
_FORMS: tuple[re.Pattern[str], ...] = (
    re.compile(rf"[“‘]?第([{_HAN}]{{1,3}})(?=[，,：:、个类种条是点项次步层])"),
    re.compile(rf"[“‘]?其([{_HAN}])(?=[，,是：:、])"),
    re.compile(rf"[“‘]?([{_HAN}])(?=[是、来则])"),
    re.compile(rf"[（(]([{_HAN}]{{1,3}})[）)]"),
    re.compile(r"[（(]?([0-9]{1,2})(?:[）)、]|[.．](?![0-9]))"),
    re.compile(rf"([{_CIRCLED}])"),
)
_WORDS = re.compile(
    r"(首先|一方面)|(?:其次|再次|再者|然后|最后|此外|另外|同时|另一方面)(?=[，,是：:、\S])"
)
_IN_SERIES = len(_FORMS)
# Where an item may begin inside a sentence.
_WITHIN = re.compile(r"(?<=[：:，,；;。])\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of an item: its form (an index; `_IN_SERIES` for 首先, 其次 …) and its number,
    which for the latter is 1 for the first and 2 for any other."""

    form: int
    number: int

    def next(self) -> Mark:
        """The mark that the following item must have."""
        return Mark(self.form, 2 if self.form == _IN_SERIES else self.number + 1)


def mark_of(text: str) -> Mark | None:
    """The mark with which a sentence begins, if it is an item.

    >>> mark_of("（二）活禽。"), mark_of("其次是票价。"), mark_of("一些人。")
    (Mark(form=3, number=2), Mark(form=6, number=2), None)
    """
    for form, pattern in enumerate(_FORMS):
        match = pattern.match(text)
        if match:
            return Mark(form, _value(match[1]))
    match = _WORDS.match(text)
    return Mark(_IN_SERIES, 1 if match[1] else 2) if match else None


def last_mark(text: str) -> Mark | None:
    """The mark of the last item that a sentence begins or holds, where it holds the first.

    >>> last_mark("难点有二：第一，资金；第二，目标。")
    Mark(form=0, number=2)
    """
    marks = [mark_of(text), *(mark_of(text[m.end() :]) for m in _WITHIN.finditer(text))]
    return next((mark for mark in reversed(marks) if mark), None)


def following_items(best: Evidence, sentences: Iterable[Evidence]) -> list[Evidence]:
    """The items of the enumeration that `best` announces, begins or belongs to, in reading
    order; `sentences` are those that are known of its document, `best` among them."""
    document = sorted(sentences, key=lambda e: e.place)
    at = document.index(best)
    own = mark_of(best.text)
    found = _after(best, document[at + 1 :])
    if own is not None and own.number > 1:
        found = [*reversed(_before(own, document[:at])), *found]
    return found


def _after(best: Evidence, rest: Sequence[Evidence]) -> list[Evidence]:
    found: list[Evidence] = []
    mark = last_mark(best.text)
    previous, between = best, 0
    for sentence in rest:
        apart = sentence.place - previous.place - len(previous.span)
        if apart > BETWEEN_CHARACTERS or between >= BETWEEN_SENTENCES:
            break
        own = mark_of(sentence.text)
        begins = mark is None and own is not None and own.number == 1 and between < BEFORE_FIRST
        if own is None or not (begins or (mark is not None and own == mark.next())):
            between += 1
            continue
        found.append(sentence)
        mark, previous, between = own, sentence, 0
        if len(found) == MOST_ITEMS:
            break
    return found


def _before(mark: Mark, rest: Sequence[Evidence]) -> list[Evidence]:
    """The items before one with `mark`, the nearest first."""
    found: list[Evidence] = []
    between = 0
    for sentence in reversed(rest):
        own = mark_of(sentence.text)
        if own is not None and own.next() == mark:
            found.append(sentence)
            mark, between = own, 0
            if own.number == 1:
                break
        elif (between := between + 1) >= BETWEEN_SENTENCES:
            break
    return found


def _value(numeral: str) -> int:
    if numeral in _CIRCLED:
        return _CIRCLED.index(numeral) + 1
    if numeral.isdecimal():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    value = _HAN.find(ones) + 1 if ones else 0
    return value + (10 * (_HAN.find(tens) + 1 if tens else 1) if ten else 0)
