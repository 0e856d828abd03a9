"""The short answer inside a sentence: a number with its unit, a date, a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.candidates import Candidate, candidates
from rag.answering.evidence import Evidence
from rag.answering.query import Kind, Query
from rag.text.fold import fold, squeeze
from rag.types import Span

# How many of the question's words, the nearest ones, a candidate's distance is taken to.
_NEAREST = 3
# What the reader marks is said from this probability on.
LEAST = 0.2
_LONG = frozenset((Kind.LIST, Kind.COMPARISON, Kind.CAUSE))
_FIGURE = re.compile(r"[0-9０-９]+(?:[,，.．][0-9０-９]+)*[%％]?")
_FORMED = frozenset((Kind.NUMBER, Kind.DATE))


def short_answer(query: Query, chosen: Sequence[Evidence]) -> str | None:
    """What answers the question, in the characters of one of the chosen sentences: what the
    reader marks there, else, for a number, a date or a name, what has its form. None where there
    is neither, and for questions that ask for several things or for a cause.

    Of several candidates of a form the one wins whose unit is asked for, then the one in the
    better sentence, then the one nearest to the question's words.
    """
    marked = _marked(query, chosen)
    if marked:
        return marked
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


def _marked(query: Query, chosen: Sequence[Evidence]) -> str | None:
    """The likeliest span that the reader marks in the chosen sentences, where it is likely
    enough, says something that the question does not, and is of the kind that is asked for."""
    if query.kind in _LONG:
        return None
    best, text = 0.0, ""
    for evidence in chosen:
        if evidence.reading is not None:
            span, probability = evidence.reading.best(evidence.span)
            if probability > best:
                whole = _with_whole_figures(span, evidence.passage.text)
                best, text = probability, whole.of(evidence.passage.text).strip("“”")
    if best < LEAST or not squeeze(text) or squeeze(text) in squeeze(query.text):
        return None
    if query.kind in _FORMED and not any(c.misfit == 0 for c in candidates(query, text)):
        return None
    return text


def _with_whole_figures(span: Span, text: str) -> Span:
    """The span, grown where it begins or ends inside a figure: the reader marks words, and
    4,981.5 is several.

    >>> _with_whole_figures(Span(2, 5), "共12,345元").of("共12,345元")
    '12,345'
    """
    for figure in _FIGURE.finditer(text):
        if figure.start() < span.end and span.start < figure.end():
            span = Span(min(span.start, figure.start()), max(span.end, figure.end()))
    return span
