"""How much of a question stands in a text, its words weighed by how rare they are in Chinese at
large; and which of its words name what it is about, which what it asks of that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from rag.answering.query import Query
from rag.models.rarity import rarity
from rag.text.fold import fold, squeeze
from rag.text.segment import STOP_WORDS, tagged
from rag.text.values import values

# A word of three characters and more that stands in a text by halves (金风科技, 金风) counts by the
# share of its pairs, from this share on.
LEAST_PAIRS = 0.5
_NAMES = ("nr", "ns", "nt", "nz", "eng")
_CONTENT = ("n", "v", "a", "j", "i", "l")
_ORDINAL = re.compile(
    r"第?(?:[0-9]+|[一二三四五六七八九十]+)"
    r"(?:号|届|期(?!间|限)|季度|代|型|章|条(?!线)|批|轮|次(?=会|大))"
)
_ASKING = re.compile(
    r"(?:究竟|到底|主要|分别|大约|约|共|一共|总共|计划|预计|打算|可以|要|会|会是|一年|每年)?"
    r"(?:[是为在有于由被]|叫做?|设在|达到|用了?|花了?)?"
    r"(?:什么|谁|哪|何时|何地|何处|多少|几|多[大高长久远重快])"
)
_CLAUSE = re.compile(r"[，,；;：:]")


def share(asked: Iterable[str], text: str) -> float | None:
    """The share of the words' rarity that a squeezed text holds; None where they have none.

    Numbers do not count: no vocabulary has them all, and a year is in every second passage.
    """
    rare = {word: rarity(word) for word in asked if not word.isdecimal()}
    total = math.fsum(rare.values())
    if not total:
        return None
    return math.fsum(weight * part(word, text) for word, weight in rare.items()) / total


def part(word: str, text: str) -> float:
    """1 where a word stands in a squeezed text, however that is cut into words; else the share of
    its pairs of characters that do, from `LEAST_PAIRS` on.

    >>> part("金风科技", "金风与科技"), part("金风科技", "科技"), part("金风", "金")
    (0.6666666666666666, 0.0, 0.0)
    """
    if word in text:
        return 1.0
    if len(word) < 3 or word.isascii():
        return 0.0
    found = sum(word[i : i + 2] in text for i in range(len(word) - 1)) / (len(word) - 1)
    return found if found >= LEAST_PAIRS else 0.0


def named(query: Query) -> frozenset[str]:
    """The names in a question: people, places, bodies, marks, Latin words, what is quoted, and
    what a number tells from others of its kind (二号).

    >>> from rag.answering.query import parse_query
    >>> sorted(named(parse_query("《潮汐》里提到的上海二号码头有多长？")))
    ['上海', '二号', '潮汐']
    """
    own = (
        fold(word) for word, tag in tagged(query.text) if tag.startswith(_NAMES) and len(word) > 1
    )
    quoted = map(squeeze, values(query.text).quoted)
    ordinals = (match[0] for match in _ORDINAL.finditer(squeeze(query.text)))
    return frozenset((*(name for name in own if name not in STOP_WORDS), *quoted, *ordinals))


def asked_of_it(query: Query) -> frozenset[str]:
    """What is asked of the thing that a question is about: the last noun or verb before what asks,
    in its clause, and the first after it.

    >>> from rag.answering.query import parse_query
    >>> sorted(asked_of_it(parse_query("这家公司的净利润是多少？")))
    ['净利润']
    """
    text = fold(query.text)
    asking = _ASKING.search(text)
    if asking is None:
        return frozenset()
    before = _content(query, _CLAUSE.split(text[: asking.start()])[-1])
    after = _content(query, text[asking.end() :].rstrip("？?。"))
    return frozenset((*before[-1:], *after[:1]))


def _content(query: Query, text: str) -> Sequence[str]:
    return [
        word
        for word, tag in tagged(text)
        if tag.startswith(_CONTENT)
        and not tag.startswith(_NAMES)
        and len(word) > 1
        and word in query.words
    ]
