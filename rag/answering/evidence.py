"""How well a sentence speaks to a question: shared terms, weighted by how rare they are, the
words around it, and whether it holds what the question asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.query import Kind, Query
from rag.answering.terms import Weights, sentence_terms, terms_of
from rag.text.fold import fold
from rag.types import Passage

# Weights of a sentence's score; coverage lies in [0, 1]. Chosen on the development questions
# and checked on CMRC trial (see ARCHITECTURE.md); the score is flat around them.
CONTEXT_WEIGHT = 0.3
PASSAGE_WEIGHT = 0.4
KIND_WEIGHT = 0.2
# Scraps and questions answer nothing.
PENALTY = 0.3
SHORT_CHARACTERS = 8

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NUMERALS = "一二三四五六七八九十百千两"
_QUANTITY = re.compile(rf"\d|[{_NUMERALS}几]成|[百千万亿]分之|[{_NUMERALS}]+[万亿个家项]")
_DATE = re.compile(r"\d\s?[年月日号]|季度|\d{4}[-/.]\d|[一二三四五六七八九十]月")
_NAME = re.compile(
    r"《[^》]+》|“[^”]+”|[a-z]{2,}|公司|集团|大学|研究|银行|机构|基金|局|院|部|省|市|先生|教授"
)
_CAUSE = re.compile(
    r"因为|由于|原因|因此|所以|导致|是因|源于|得益于|为了|使得|受.{1,12}影响|以致|从而|以免"
)
_DEFINITION = re.compile(r"是指|指的是|即|是一种|是一个|称为|所谓|意思|定义|也就是|被称|：")
_SIGNS: dict[Kind, re.Pattern[str]] = {
    Kind.ENTITY: _NAME,
    Kind.CAUSE: _CAUSE,
    Kind.DEFINITION: _DEFINITION,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage and how well it answers; higher is better. `covered` is the share
    of the question's terms (by rarity) in the sentence, `typed` whether it holds what the kind
    of question asks for. `order` is its place among the sentences of its passage."""

    passage: Passage
    text: str
    order: int
    score: float
    covered: float
    typed: bool
    terms: frozenset[str]


def score_sentences(query: Query, weights: Weights, passages: Sequence[Passage]) -> list[Evidence]:
    """The sentences of `passages`, best first; ties by rank and place."""
    top = max((passage.score for passage in passages), default=1.0) or 1.0
    found: list[Evidence] = []
    for passage in passages:
        own = sentence_terms(passage.text)
        above = terms_of(" ".join((passage.title, *passage.headings, *passage.lead)))
        for i, sentence in enumerate(own):
            text = sentence.span.of(passage.text)
            beside = (other.terms for other in own[max(0, i - 1) : i + 2])
            covered = weights.covered(sentence.terms)
            around = weights.covered(above.union(*beside))
            typed = _typed(query, text)
            score = covered + CONTEXT_WEIGHT * (around - covered)
            score += PASSAGE_WEIGHT * passage.score / top + KIND_WEIGHT * typed
            if len(text) < SHORT_CHARACTERS or text.endswith(("？", "?")):
                score -= PENALTY
            found.append(
                Evidence(
                    passage=passage,
                    text=text,
                    order=i,
                    score=score,
                    covered=covered,
                    typed=typed,
                    terms=sentence.terms & weights.of.keys(),
                )
            )
    return sorted(found, key=lambda e: (-e.score, e.passage.rank, e.order))


def _typed(query: Query, text: str) -> bool:
    """Whether a sentence holds something of the kind that is asked for, beyond the question's
    own figures."""
    folded = fold(text).replace(",", "")
    if query.kind is Kind.NUMBER:
        numbers = set(_NUMBER.findall(folded)) - query.numbers
        return bool(numbers) or bool(_QUANTITY.search(_NUMBER.sub("", folded)))
    if query.kind is Kind.DATE:
        return bool(_DATE.search(folded)) and bool(set(_NUMBER.findall(folded)) - query.numbers)
    sign = _SIGNS.get(query.kind)
    return bool(sign and sign.search(folded))
