"""English questions about Chinese documents: what they ask for in Chinese words, by a dictionary
(`rag.text.segment`), names in pinyin by the characters that stand together in the documents.
To it come the terms that the documents themselves gloss: 人工智能（AI）.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from rag.models.reader import rarity
from rag.text.segment import LONGEST_PHRASE, STOP_WORDS, english_dictionary

# What of a word's Chinese is looked for: the likeliest that the documents have, and others that
# are not much less likely.
MOST_SENSES = 2
LIKELY = 0.1
ONE_CHARACTER = 0.1
# Of a word of a sentence that is checked: how many of its senses the passages may have.
MOST_OF_A_WORD = 8
# Of a name in pinyin: how many ways to write it are looked for, and how many are followed.
MOST_NAMES = 2
FOLLOWED = 200
LONGEST_NAME = 6

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
_MILLIONS = re.compile(
    r"(?<!\w)(?<!\d,)(\d[\d,]*+(?:\.\d+)?)\s++(million|billion)\b", re.IGNORECASE
)
_YEAR = re.compile(
    r"\b((?:19|20)\d\d|(?<=\b(?:in|of|by) )\d{3,4}|(?<=\bsince )\d{3,4})\b(?![,.]\d)"
)
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
# What asks for a time or a measure and is no word of the answer: its kind is known.
_SCAFFOLD = re.compile(
    r"\b(?:(?:which|what)\s+(?:years?|months?|days?|dates?|times?)"
    r"|how\s+(?:long|old|far|high|tall|deep|wide|large|big|strong|often|well|soon|late|early))\b",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?<![\u4e00-\u9fff0-9.])[\u4e00-\u9fff0-9.]*[\u4e00-\u9fff]|\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    r"|[A-Za-z0-9]+(?:[-.&'][A-Za-z0-9]+)*"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_ASKS_ENGLISH = re.compile(
    r"^\s*+(?:(?:in|at|on|by|for|to|from|of)\s)?(?:what|which|who|whom|whose|when|where|why|how|is|are"
    r"|was|were|do|does|did|has|have)\s",
    re.IGNORECASE,
)
# English words that say little and are in no list of the keyword search.
_OTHER_FUNCTION_WORDS = """
after also among any before being between both but during each he her his if i like may me might
more most my no not off our out own same she should since so some such through under until up very
we were while whom within without you your
"""
_FUNCTION_WORDS = STOP_WORDS | frozenset(_OTHER_FUNCTION_WORDS.split())
# An English word that stands in the documents is looked for beside its Chinese where it is not
# much rarer there.
RARER = 4
_IRREGULAR_FORMS = """
became/become began/begin bought/buy broke/break brought/bring built/build came/come caught/catch
children/child chose/choose drew/draw drove/drive fed/feed fell/fall felt/feel flew/fly fought/fight
found/find gave/give grew/grow heard/hear held/hold kept/keep knew/know led/lead left/leave
lent/lend
lost/lose made/make meant/mean men/man met/meet paid/pay people/person ran/run rose/rise said/say
sang/sing sank/sink sent/send shot/shoot sold/sell sought/seek spent/spend spoke/speak stood/stand
stole/steal swam/swim taught/teach told/tell took/take went/go women/woman won/win wrote/write
"""
_IRREGULAR = dict(pair.split("/") for pair in _IRREGULAR_FORMS.split())
_ENDINGS = (("'s", ""), ("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"),
            ("d", ""), ("ing", ""), ("ing", "e"), ("ally", ""), ("ly", ""))  # fmt: skip


def is_english(text: str) -> bool:
    """Whether a text is Latin but for a name or term; one that begins with an English question word
    also where a longer name is in Chinese.

    >>> is_english("How large is the gap, says Andrew Sheng (沈联涛)?"), is_english("IMF是什么")
    (True, False)
    >>> is_english("When was SenseTime (商汤科技) founded?")
    True
    """
    letters = sum(character.isalpha() for character in text)
    asks = _ASKS_ENGLISH.match(text) is not None
    return letters > 0 and len(_HAN.findall(text)) <= letters / (2 if asks else 10)


@dataclass(frozen=True, slots=True)
class Documents:
    """What the documents are asked: in how many places a word stands, and two characters next to
    each other."""

    count: Callable[[str], int]
    pairs: Callable[[Collection[str]], Mapping[str, int]]

    def places(self, word: str) -> int:
        """In how many places a Chinese word stands: by itself, or else in a longer one, as far as
        its pairs of characters tell."""
        together = [one + other for one, other in pairwise(word)]
        return self.count(word) or min(self.pairs(together).values() if together else (), default=0)


@dataclass(frozen=True, slots=True)
class Translation:
    """A question in Chinese words, parted by spaces; `again` are those of them that say another way
    what one before says."""

    text: str
    again: frozenset[str]


def in_chinese(question: str, documents: Documents) -> Translation:
    """The words of an English question, in their order: in Chinese where the dictionary has them
    and the documents do, as they are where the documents have them so; dates as Chinese texts
    write them. A word of which the documents have nothing stays, in Chinese where the dictionary
    has it: it tells that they may not speak of what is asked."""
    plain = unicodedata.normalize("NFKD", question)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    text = _MILLIONS.sub(_million, _SCAFFOLD.sub(" ", plain))
    text = _MONTH_FIRST.sub(_month_first, _DAY_FIRST.sub(_day_first, text))
    text = _ORDINAL.sub(r"\1", _YEAR.sub(r" \1年 ", text))
    groups = list(_words(_TOKEN.findall(text), documents))
    first = {group[0] for group in groups}
    return Translation(
        " ".join(word for group in groups for word in group),
        frozenset(word for group in groups for word in group[1:]) - first,
    )


def phrases(text: str) -> dict[str, tuple[str, ...]]:
    """The words and phrases of an English text that say something, in lower case, with what the
    dictionary has for them in Chinese, the likeliest first; nothing where it knows none.

    >>> "收入" in phrases("The revenue of Huawei")["revenue"]
    True
    """
    tokens = _TOKEN.findall(text)
    found: dict[str, tuple[str, ...]] = {}
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.lower() in _FUNCTION_WORDS or not token.isascii() or token[0].isdigit():
            at += 1
            continue
        size, senses = _longest(tokens[at : at + LONGEST_PHRASE])
        ranked = sorted(senses, key=lambda word: -_likely(word, senses[word]))
        found[" ".join(tokens[at : at + size]).lower()] = tuple(ranked[:MOST_OF_A_WORD])
        at += size
    return found


def _words(tokens: Sequence[str], documents: Documents) -> Iterator[tuple[str, ...]]:
    """What is looked for in the place of each word or phrase, the likeliest first; never
    nothing."""
    at = 0
    while at < len(tokens):
        word = tokens[at]
        if not word.isascii() or word.lower() in _FUNCTION_WORDS:
            if not word.isascii():
                yield (word,)
            at += 1
            continue
        size, senses = _longest(tokens[at : at + LONGEST_PHRASE])
        if size == 1 and (names := _person(tokens[at : at + 2], documents)):
            yield names
            at += 2
            continue
        phrase = " ".join(tokens[at : at + size])
        yield _said(phrase, senses, documents)
        at += size


def _said(phrase: str, senses: Mapping[str, float], documents: Documents) -> tuple[str, ...]:
    ranked = sorted(((_likely(word, share), word) for word, share in senses.items()), reverse=True)
    known = [(likely, word, n) for likely, word in ranked if (n := documents.places(word))]
    found = [(word, n) for likely, word, n in known if likely >= LIKELY * known[0][0]][:MOST_SENSES]
    own = documents.count(phrase)
    kept = (phrase,) if own and own * RARER >= max((n for _, n in found), default=0) else ()
    if found or kept:
        return (*(word for word, _ in found), *kept)
    spelt = (
        _spelt(english_dictionary().syllables(phrase), None, documents) if phrase.isalpha() else ()
    )
    return spelt or (phrase if phrase[:1].isupper() or not ranked else ranked[0][1],)


def _likely(word: str, share: float) -> float:
    """How likely a Chinese word is what an English one means: how much of its meaning that is,
    times how often Chinese texts have it. A single character is mostly a part of other words."""
    return share * math.exp(-rarity(word)) * (1 if len(word) > 1 else ONE_CHARACTER)


def _person(tokens: Sequence[str], documents: Documents) -> tuple[str, ...]:
    """Two tokens that are the name of a person in pinyin, the family name first, in the ways to
    write it that the documents have; as they are where they have none. Empty for anything else."""
    if len(tokens) < 2 or not (tokens[0].istitle() and tokens[1][:1].isupper()):
        return ()
    family, given = (english_dictionary().syllables(token) for token in tokens)
    surnames = english_dictionary().surnames.get("".join(family))
    if not surnames or not given:
        return ()
    return _spelt((*family, *given), surnames, documents) or ("".join(tokens),)


def _spelt(
    syllables: Sequence[str], surnames: Collection[str] | None, documents: Documents
) -> tuple[str, ...]:
    """The ways to write syllables of which the documents have all pairs of characters, those with
    the commonest pairs first; with `surnames` those that begin with one."""
    if not 1 < len(syllables) <= LONGEST_NAME:
        return ()
    characters = [english_dictionary().characters[one] for one in syllables]
    begins = frozenset(name[0] for name in surnames) if surnames is not None else None
    ways = [(math.inf, one) for one in characters[0] if begins is None or one in begins]
    for following in characters[1:]:
        pairs = {way[-1] + one for _, way in ways for one in following}
        counts = documents.pairs(pairs) if pairs else {}
        longer = [
            (min(least, n), way + one)
            for least, way in ways
            for one in following
            if (n := counts[way[-1] + one])
        ]
        ways = sorted(longer, key=lambda w: (-w[0], w[1]))[:FOLLOWED]
    named = [way for _, way in ways if surnames is None or way.startswith(tuple(surnames))]
    return tuple(named[:MOST_NAMES])


def _longest(tokens: Sequence[str]) -> tuple[int, Mapping[str, float]]:
    """How many of the tokens the longest known phrase at their beginning has, and its senses, those
    of its stems included."""
    for size in range(len(tokens), 0, -1):
        phrase = " ".join(tokens[:size]).lower()
        senses: dict[str, float] = {}
        for stem in _stems(phrase):
            for word, share in english_dictionary().senses.get(stem, {}).items():
                senses[word] = max(share, senses.get(word, 0.0))
        if senses:
            return size, senses
    return 1, {}


def _stems(word: str) -> Iterator[str]:
    yield word
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
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


def _million(match: re.Match[str]) -> str:
    """2.5 million as 250万."""
    value = Fraction(match[1].replace(",", "")) * (10**6 if match[2][0] in "mM" else 10**9)
    scale, name = (10**8, "亿") if value >= 10**8 else (10**4, "万")
    number = value / scale
    return f" {float(number):g}{name} "
