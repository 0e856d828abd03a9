"""Enumerations: the items that follow what announces them, by their marks (一是, （一）, 首先)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.answering.evidence import Evidence

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
