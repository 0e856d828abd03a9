"""English questions about Chinese documents: what they ask for in Chinese words, by a glossary.

The glossary, `glossary.tsv`, was written for this project: an English word or phrase of
questions, a tab, and what Chinese texts say for it, the commonest first. To it come the terms
that the documents themselves gloss: 人工智能（AI）.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from rag.text.segment import STOP_WORDS

GLOSSARY = Path(__file__).with_name("glossary.tsv")
# Words of one phrase; what of a word's Chinese is looked for.
LONGEST_PHRASE = 4
MOST_SENSES = 2

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join(_MONTHS)
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTH})\b(?:,?\s+(\d{{4}}))?", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\s+(?:(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?|(\d{{4}}))\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_TOKEN = re.compile(r"[\u4e00-\u9fff0-9]*[\u4e00-\u9fff]|[A-Za-z0-9]+(?:[-.&'][A-Za-z0-9]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
# English words that say little and are in no list of the keyword search.
_OTHER_FUNCTION_WORDS = """
after also among any before being between both but during each he her his if i like may me might
more most my no not off our out own same she should since so some such through under until up very
we while within without you your
"""
_FUNCTION_WORDS = STOP_WORDS | frozenset(_OTHER_FUNCTION_WORDS.split())
# An English word that stands in the documents is looked for beside its Chinese where it is not
# much rarer there.
RARER = 4
_ENDINGS = (("'s", ""), ("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"),
            ("d", ""), ("ing", ""), ("ing", "e"))  # fmt: skip


def is_english(text: str) -> bool:
    """Whether a text is Latin but for a name or term.

    >>> is_english("How large is the gap, says Andrew Sheng (沈联涛)?"), is_english("IMF是什么")
    (True, False)
    """
    letters = sum(character.isalpha() for character in text)
    return letters > 0 and len(_HAN.findall(text)) <= letters / 10


def in_chinese(question: str, count: Callable[[str], int]) -> str:
    """The words of an English question, in their order: in Chinese where the glossary has them
    and the documents do, as they are where the documents have them so; dates as Chinese texts
    write them. `count` says in how many places of the documents a word stands.

    >>> in_chinese("What was the revenue of Huawei on 5 March 2024?", lambda word: len(word) == 2)
    '营收 收入 华为 2024年3月5日'
    """
    text = _YEAR.sub(
        r" \1年 ", _MONTH_FIRST.sub(_month_first, _DAY_FIRST.sub(_day_first, question))
    )
    return " ".join(_words(_TOKEN.findall(text), count))


def _words(tokens: Sequence[str], count: Callable[[str], int]) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        word = tokens[at]
        if not word.isascii() or word.lower() in _FUNCTION_WORDS:
            yield from () if word.isascii() else (word,)
            at += 1
            continue
        size, senses = _longest(tokens[at : at + LONGEST_PHRASE])
        phrase = " ".join(tokens[at : at + size])
        counts = {sense: count(sense) for sense in senses}
        found = [sense for sense in senses if counts[sense]][:MOST_SENSES]
        yield from found
        own = count(phrase)
        if own and own * RARER >= max((counts[sense] for sense in found), default=0):
            yield phrase
        at += size


def _longest(tokens: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """How many of the tokens the longest known phrase at their beginning has, and its senses."""
    for size in range(len(tokens), 0, -1):
        phrase = " ".join(tokens[:size]).lower()
        for stem in _stems(phrase):
            if stem in _glossary():
                return size, _glossary()[stem]
    return 1, ()


def _stems(word: str) -> Iterator[str]:
    yield word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            yield word.removesuffix(ending) + instead


def _day_first(match: re.Match[str]) -> str:
    return _date(match[3], match[2], match[1])


def _month_first(match: re.Match[str]) -> str:
    return _date(match[3] or match[4], match[1], match[2])


def _date(year: str | None, month: str, day: str | None) -> str:
    number = _MONTHS.index(month.lower()) + 1
    return f" {f'{year}年' if year else ''}{number}月{f'{int(day)}日' if day else ''} "


@cache
def _glossary() -> dict[str, tuple[str, ...]]:
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {english: tuple(chinese.split()) for english, chinese in pairs}
