"""Where in a sentence something stands that is of the kind asked for: a figure of the unit, a
date, a person or body, a place."""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.answering.candidates import ASKED_UNIT, candidates
from rag.answering.query import Kind, Query
from rag.text.fold import fold, squeeze
from rag.text.segment import tagged
from rag.types import Span

_WHO = re.compile(r"谁|哪一?位|什么人|哪一?个人|\bwho\b")
_WHERE = re.compile(
    r"哪里|哪儿|何地|何处|在哪(?!一?[个家项款年天])|什么地方|\bwhere\b"
    r"|哪一?个?(?:城市|省|国家?|地区|地方|县|市|区)"
)
_WHICH_BODY = re.compile(
    r"哪一?(?:家|所)|什么(?:公司|机构)|哪一?个(?:公司|机构|大学|组织|部门|单位)"
)
_BODY = re.compile(r"(?:公司|集团|大学|院|银行|会|局|部)$")
_PLACE = re.compile(
    r"[\u4e00-\u9fff]{1,6}(?:省|市|县|区|镇|村|岛|州|国|港|路|街|站|大学|公司|厂|馆|园|山|河|湖)"
)
# What figures are counted in; a noun right after 多少 (多少居民) is no unit, any figure fits it.
_UNITS = frozenset(
    "个家人名项次条所种座台款户层天年月周岁吨元倍成折米亩升度期届级类颗枚件架辆艘位步篇起宗股只本册瓶张页首场钱资比"
)


def fitting(query: Query, sentence: str) -> list[Span] | None:
    """The places in `sentence`, by code points and in no order, of what could answer by its kind;
    None for a question that does not tell which kind it asks for."""
    if query.kind is Kind.DATE:
        return _fitting(query, sentence)
    if query.kind is Kind.NUMBER:
        unit = ASKED_UNIT.search(fold(query.text))
        any_figure = unit is not None and len(unit[1]) == 1 and unit[1] not in _UNITS
        return _fitting(query, sentence, misfits=any_figure)
    if query.kind is not Kind.ENTITY:
        return None
    asked = fold(query.text)
    if _WHO.search(asked):
        people = _tagged(query, sentence, lambda word, tag: tag.startswith("nr") or "·" in word)
        found = [(c.start, c.text) for c in candidates(query, sentence)]
        bodies = [Span(at, at + len(name)) for at, name in found if _BODY.search(name)]
        return people + bodies
    if _WHERE.search(asked):
        return _tagged(
            query, sentence, lambda word, tag: tag in ("ns", "nt") or bool(_PLACE.fullmatch(word))
        )
    return _fitting(query, sentence) if _WHICH_BODY.search(asked) else None


def _fitting(query: Query, sentence: str, *, misfits: bool = False) -> list[Span]:
    return [
        Span(found.start, found.start + len(found.text))
        for found in candidates(query, sentence)
        if misfits or not found.misfit
    ]


def _tagged(query: Query, sentence: str, fits: Callable[[str, str], bool]) -> list[Span]:
    """The words of two characters or more that fit and are not the question's own."""
    question = squeeze(query.text)
    found, at = [], 0
    for word, tag in tagged(sentence):
        if len(word) > 1 and fits(word, tag) and fold(word) not in question:
            found.append(Span(at, at + len(word)))
        at += len(word)
    return found
