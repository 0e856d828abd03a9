"""What the documents lack, where they speak of a question's subject and do not answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.features import held
from rag.answering.query import Kind, Query
from rag.answering.select import Judged, Row
from rag.models.rarity import rarity
from rag.retrieval.asked import written_ordinals
from rag.text.fold import squeeze

SPOKEN_OF = 0.5
"""How much of a question, its words weighed by how rare they are, a passage must hold to speak of
its subject, where the question names nothing."""
UNKNOWN = 10.0
"""The rarity of a word that no vocabulary has."""
NAMED = 0.7
"""How far every name must stand in a passage that speaks of it (`features.held`)."""

_KINDS = {
    Kind.NUMBER: ("数字", "a figure"),
    Kind.DATE: ("时间", "a date"),
    Kind.ENTITY: ("名称", "a name"),
    Kind.CAUSE: ("原因", "a reason"),
    Kind.LIST: ("完整的列举", "the list"),
    Kind.DEFINITION: ("定义", "a definition"),
    Kind.COMPARISON: ("比较所需的内容", "what the comparison needs"),
    Kind.OTHER: ("直接的回答", "a direct answer"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a question asks for and the documents do not give: its kind, and what of the question
    (a period, a number of a row, an attribute) the nearest sentence lacks."""

    kind: Kind
    lacks: tuple[str, ...]

    def text(self, *, english: bool = False) -> str:
        """In words.

        >>> Missing(Kind.NUMBER, ("2019年",)).text()
        '资料谈到了相关内容，但没有给出“2019年”的数字。'
        """
        kind = _KINDS[self.kind][english]
        if english:
            about = f" for “{'”, “'.join(self.lacks)}”" if self.lacks else ""
            return f"The documents speak of this, but do not give {kind}{about}."
        if self.lacks:
            lacks = "、".join(f"“{one}”" for one in self.lacks)
            return f"资料谈到了相关内容，但没有给出{lacks}的{kind}。"
        return f"资料谈到了相关内容，但没有给出所问的{kind}。"


def missing(query: Query, judged: Judged) -> Missing | None:
    """What the documents do not give; None where they do not speak of the subject at all."""
    nearest = judged.row(judged.sentences[0][0])
    if not _spoken_of(judged, nearest):
        return None
    return Missing(query.kind, tuple(_lacks(judged, nearest)))


def _spoken_of(judged: Judged, nearest: Row) -> bool:
    if judged.asked.names:
        return nearest["name_wide"] >= NAMED
    return nearest["wide"] >= SPOKEN_OF


def _lacks(judged: Judged, nearest: Row) -> Sequence[str]:
    """What of the question the nearest sentence does not have: its period or number in a row, else
    what is asked of the thing that it names."""
    asked = judged.asked
    found = []
    if asked.periods and not nearest["period_near"] > 0:
        found += [period.text for period in asked.periods]
    if asked.ordinals and not nearest["ordinal_near"] > 0:
        written = written_ordinals(asked.squeezed)
        found += [written.get(one, one) for one in asked.ordinals]
    if not found:
        best = judged.sentences[0][0]
        flat = squeeze("".join((*best.passage.above, best.text)))
        found += [word for word in asked.attribute if _is_word(word) and held(word, flat) < NAMED]
    return [one for one in found if one]


def _is_word(word: str) -> bool:
    """Whether a word is one beyond doubt: an unknown one may be cut wrongly."""
    return rarity(word) < UNKNOWN
