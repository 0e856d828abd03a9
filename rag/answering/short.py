"""The short answer inside a sentence: a number with its unit, a date, a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.candidates import Candidate, candidates
from rag.answering.evidence import Evidence
from rag.answering.query import Kind, Query
from rag.answering.scope import asked_names, surely_named
from rag.text.fold import fold, squeeze
from rag.types import Span

# How many of the question's words, the nearest ones, a candidate's distance is taken to.
_NEAREST = 3
# What the reader marks is said from this probability on.
LEAST = 0.2
# So many more pairs of characters of the question must stand before another figure.
LEADING = 2
_LONG = frozenset((Kind.LIST, Kind.COMPARISON, Kind.CAUSE))
_FIGURE = re.compile(r"[0-9０-９]+(?:[,，.．][0-9０-９]+)*[%％]?")
_CLAUSE_MARKS = re.compile(r"[，。；：、;:]|,(?!\d{3})")
_FORMED = frozenset((Kind.NUMBER, Kind.DATE))


def short_answer(query: Query, chosen: Sequence[Evidence]) -> str | None:
    """What answers the question, in the characters of one of the chosen sentences: what the
    reader marks there, else, for a number, a date or a name, what has its form. None where there
    is neither, and for questions that ask for several things or for a cause.

    Of several candidates of a form the one wins whose unit is asked for, then the one in the
    better sentence, then the one before which most of the question stands in its clause, then the
    one nearest to the question's words. None, too, where nothing of what the question names stands
    near the sentences.
    """
    most = max((evidence.bound for evidence in chosen), default=0.0)
    if not most and surely_named(query.text):
        return None
    chosen = [evidence for evidence in chosen if evidence.bound == most]
    marked = _marked(query, chosen)
    if marked:
        return marked
    best: tuple[int, int, int, float, str] | None = None
    for place, evidence in enumerate(chosen):
        for found in candidates(query, evidence.text):
            led = _led(query, evidence.text, found.start) // LEADING
            key = (found.misfit, place, -led, distance(evidence, found), found.text)
            best = key if best is None else min(best, key)
    return best[-1] if best else None


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
                best, text = probability, _better_led(query, evidence, whole)
    if best < LEAST or not squeeze(text) or squeeze(text) in squeeze(query.text):
        return None
    if query.kind in _FORMED:
        fitting = [one for one in candidates(query, text) if one.misfit == 0]
        if not fitting:
            return None
        after = _CLAUSE_MARKS.search(text, fitting[0].start + len(fitting[0].text))
        text = text[: after.start()] if after else text
    return text.strip("“”")


def _better_led(query: Query, evidence: Evidence, marked: Span) -> str:
    """What is marked; of a sentence with several figures of the kind that is asked for another
    one, where next to nothing of the question stands before the marked one in its clause, and
    clearly more before the other."""
    text = marked.of(evidence.passage.text)
    if query.kind is not Kind.NUMBER:
        return text
    own: list[tuple[int, int, str]] = []
    others: list[tuple[int, int, str]] = []
    for one in candidates(query, evidence.text):
        at = evidence.span.start + one.start
        told = (_led(query, evidence.text, one.start), one.misfit, one.text)
        marks = at < marked.end and marked.start < at + len(one.text)
        (own if marks else others).append(told)
    best = max((told for told in others if not told[1]), key=lambda t: t[0], default=None)
    if not own or best is None:
        return text
    before = max(own)[0]
    return best[2] if before < LEADING <= best[0] - before else text


def _led(query: Query, sentence: str, start: int) -> int:
    """How many pairs of characters of the question, its names left out, stand before a figure in
    its clause: in 发行价为3.85港元，发行规模57.75亿港元 the 发行价 belongs to the first."""
    clause = _CLAUSE_MARKS.split(sentence[:start].rstrip("，,"))[-1]
    return len(_pairs(_without_names(query.text)) & _pairs(squeeze(clause)))


def _without_names(question: str) -> str:
    text = squeeze(question)
    for name in asked_names(question):
        text = text.replace(name.text, " ")
    return text


def _pairs(text: str) -> frozenset[str]:
    """Adjacent pairs of letters of a text."""
    return frozenset(pair for i in range(len(text) - 1) if (pair := text[i : i + 2]).isalpha())


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
