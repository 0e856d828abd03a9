"""The short answer inside a sentence: a number with its unit, a date, a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.candidates import Candidate, candidates
from rag.answering.evidence import Evidence
from rag.answering.query import Query
from rag.text.fold import fold

# How many of the question's words, the nearest ones, a candidate's distance is taken to.
_NEAREST = 3


def short_answer(query: Query, chosen: Sequence[Evidence]) -> str | None:
    """What answers a question for a number, a date or a name, in the characters of one of the
    chosen sentences; None for other questions or where there is none.

    Of several candidates the one wins whose unit is asked for, then the one in the better
    sentence, then the one nearest to the question's words.
    """
    best: tuple[int, int, float, str] | None = None
    for place, evidence in enumerate(chosen):
        for found in candidates(query, evidence.text):
            key = (found.misfit, place, distance(evidence, found), found.text)
            best = key if best is None else min(best, key)
    return best[3] if best else None


def distance(evidence: Evidence, candidate: Candidate) -> float:
    """How far a candidate stands from the question's words in its sentence, in characters: the
    mean over the nearest ones; from the start where none stands there."""
    middle = candidate.start + len(candidate.text) / 2
    near = sorted(abs(middle - anchor) for anchor in _anchors(evidence))[:_NEAREST]
    return sum(near) / len(near) if near else float(candidate.start)


def _anchors(evidence: Evidence) -> list[float]:
    """Where the question's terms stand in the sentence: the middles of their places."""
    folded = fold(evidence.text)
    scale = len(evidence.text) / max(1, len(folded))
    return [
        (match.start() + match.end()) / 2 * scale
        for term in evidence.terms
        for match in re.finditer(re.escape(term), folded)
    ]
