"""What in a text can be right or wrong by itself: quantities, dates, names, quoted terms, direction
and negation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.text.fold import fold
from rag.text.quantities import Period, Quantity, figures
from rag.text.segment import proper_names

_QUOTED = re.compile(r"《([^》]{2,60})》|“([^”]{2,30})”|「([^」]{2,30})」")
_LATIN = re.compile(r"[a-z][a-z0-9]+(?:[-.&][a-z0-9]+)*")

UP = re.compile(
    "增长|上升|提高|提升|上涨|增加|扩大|回升|走高|攀升|增至"
    "|升至|上调|高于|超过|多于|盈利|增幅|涨幅|升高|涨"
)
DOWN = re.compile(
    "下降|降低|减少|下跌|缩小|收窄|回落|走低|下滑|降至|跌至"
    "|下调|低于|不足|少于|亏损|降幅|跌幅|减低|跌|萎缩"
)
_NEGATION = re.compile(
    r"(?:不|没有?|未|无法?|并非|(?<!除)非|(?<![特分个区类性级派差识鉴送告])别|勿|难以|不会|不能|未能|不得|不再|尚未|拒绝|禁止)$"
)


@dataclass(frozen=True, slots=True)
class Values:
    """Everything of a text that is compared by value."""

    numbers: tuple[Quantity, ...]
    dates: tuple[Period, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]


@lru_cache(4096)
def values(text: str, year: int | None = None) -> Values:
    """The values of a text. `year` is the year of its document, by which 今年 and 去年 are read.

    >>> [(str(n.value), n.unit.name) for n in values("31.3万亿元，增长30%").numbers]
    [('31300000000000', '元'), ('30', '%')]
    """
    folded = fold(text)
    numbers, dates = figures(text, year)
    return Values(
        numbers=numbers,
        dates=dates,
        names=tuple(dict.fromkeys([*_LATIN.findall(folded), *proper_names(text)])),
        quoted=tuple(
            "".join(next(filter(None, match)).split()) for match in _QUOTED.findall(folded)
        ),
    )


def directions(text: str) -> frozenset[str]:
    """`up` and `down` as far as a text speaks of a rise or a fall.

    >>> sorted(directions("同比增长3%，环比下降1%"))
    ['down', 'up']
    """
    return frozenset(side for side, _ in direction_words(fold(text)))


def direction_words(folded: str) -> list[tuple[str, str]]:
    """The words of a rise (`up`) or a fall (`down`) in a folded text, with their side.

    >>> direction_words("同比增长3%")
    [('up', '增长')]
    """
    return [
        (side, word) for side, form in (("up", UP), ("down", DOWN)) for word in form.findall(folded)
    ]


def negated(text: str, word: str) -> frozenset[bool]:
    """Whether `word` stands negated in a (folded) text, for all its places; empty if it does
    not stand there.

    >>> negated("渡轮不停航", "停航")
    frozenset({True})
    """
    return frozenset(
        _NEGATION.search(text[max(0, match.start() - 3) : match.start()]) is not None
        for match in re.finditer(re.escape(word), text)
    )
