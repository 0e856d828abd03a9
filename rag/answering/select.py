"""Which sentence answers, which part of it is the short answer, and whether there is one at all:
fitted models over the features of sentences and spans.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.evidence import Evidence
from rag.answering.features import NAN, anywhere, beside_rivals, places, sentence_features
from rag.answering.query import Kind, Query
from rag.answering.spans import Candidate, candidates, span_features
from rag.answering.terms import Weights
from rag.models.trees import AnswerModels
from rag.retrieval.asked import Asked, analyse

LOOKED_AT = 24
"""Sentences, best first by what they share with the question, in which spans are looked for."""
SENTENCE_LEADS = (
    "worth", "covered", "own", "near", "period_near", "name_near", "read", "score",
)  # fmt: skip
SPAN_LEADS = (
    "worth", "edges", "clause", "clause_attribute", "lead_attribute", "clause_period",
    "clause_name",
    "clause_ordinal", "fit", "sort_fits", "distance", "own", "period_near", "name_near", "score",
)  # fmt: skip
_SMALLEST = ("distance",)
Row = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Observed:
    """The features of the sentences, in their order, and of the spans in the first of them, with
    the number of the sentence that each stands in."""

    asked: Asked
    sentences: Sequence[Evidence]
    sentence_rows: Sequence[Row]
    spans: Sequence[Candidate]
    span_rows: Sequence[Row]
    inside: Sequence[int]


@dataclass(frozen=True, slots=True)
class Judged:
    """The sentences and spans with their probabilities, each best first; `confidence` is the
    probability that the best of them answer the question, in [0, 1]; 0 where nothing can (the
    likeliest sentence is of another period, no figure is bound to what is asked)."""

    asked: Asked
    sentences: tuple[tuple[Evidence, float], ...]
    spans: tuple[tuple[Candidate, float], ...]
    confidence: float
    rows: Mapping[tuple[int, int], Row]

    def row(self, one: Evidence) -> Row:
        """The features of a sentence."""
        return self.rows[one.passage.rank, one.order]


def observe(query: Query, weights: Weights, ranked: Sequence[Evidence]) -> Observed:
    """Looks at sentences, best first by what they share with the question."""
    asked = analyse(query)
    best = max((one.passage.score for one in ranked), default=1.0) or 1.0
    found = places(ranked)
    sentence_rows = [
        sentence_features(asked, weights, place, place.evidence.reading, best) for place in found
    ]
    anywhere(sentence_rows)
    beside_rivals(sentence_rows, SENTENCE_LEADS)
    spans: list[Candidate] = []
    span_rows: list[dict[str, float]] = []
    inside: list[int] = []
    for number, place in enumerate(found[:LOOKED_AT]):
        reading = place.evidence.reading
        here = candidates(query, asked, place, reading)
        spans += here
        inside += [number] * len(here)
        span_rows += [
            sentence_rows[number] | span_features(asked, place, one, reading, here) for one in here
        ]
    beside_rivals(span_rows, SPAN_LEADS, least=_SMALLEST)
    return Observed(asked, ranked, sentence_rows, spans, span_rows, inside)


def judge(query: Query, seen: Observed, models: AnswerModels) -> Judged:
    """What the models say of what was observed."""
    sentence = models.sentence.probabilities(seen.sentence_rows).tolist()
    span = [
        0.0 if unbound(row) else probability
        for row, probability in zip(
            seen.span_rows, models.span.probabilities(seen.span_rows).tolist(), strict=True
        )
    ]
    by_sentence = sorted(zip(seen.sentences, sentence, strict=True), key=_likeliest)
    by_span = sorted(zip(seen.spans, span, strict=True), key=_likeliest_span)
    row = answer_row(query, sentence, span, seen)
    confidence = 0.0
    if seen.sentences and not out_of_question(query, seen, sentence, span):
        confidence = float(models.answered.probabilities([row])[0])
    rows = {
        (one.passage.rank, one.order): row
        for one, row in zip(seen.sentences, seen.sentence_rows, strict=True)
    }
    return Judged(seen.asked, tuple(by_sentence), tuple(by_span), confidence, rows)


def out_of_question(
    query: Query, seen: Observed, sentence: Sequence[float], span: Sequence[float]
) -> bool:
    """Whether nothing can answer: the likeliest sentence is of another period or number of a row,
    or a figure or date is asked for and none is bound to what is asked."""
    if of_another(seen.sentence_rows[sentence.index(max(sentence))]):
        return True
    return query.kind in (Kind.NUMBER, Kind.DATE) and not any(span)


def unbound(row: Row) -> bool:
    """Whether a span is not bound to what is asked: the period does not stand in its clause, its
    sentence or above it, another number of a row does, one of the names does not stand near it, or
    its unit or sort is another."""
    return (
        row["clause_period"] <= 0
        or row["clause_ordinal"] < 0
        or row["ordinal_near"] < 0
        or row["name_near"] < LEAST_NAMED
        or row["fit"] == 0
        or row["sort_fits"] == 0
        or row["withheld"] == 1
        or row["superlative"] == 0
        or row["level"] == 1
        or row["rate"] == 1
    )


LEAST_NAMED = 0.5
"""How far each of the names must stand near a span (`features.held`)."""


OF_THE_LIKELIEST = (
    "near", "near_missing", "name_near", "name_mean", "period_near", "ordinal_near",
    "attribute_near",
)  # fmt: skip
"""Features of the likeliest sentence that tell whether it speaks of what is asked at all."""


def of_another(row: Row) -> bool:
    """Whether a sentence speaks of another period or number of a row than the one that is asked
    for: it never answers, however alike it is."""
    return row["period_near"] < 0 or row["ordinal_near"] < 0


def answer_row(
    query: Query, sentence: Sequence[float], span: Sequence[float], seen: Observed
) -> Row:
    """The features of a question as a whole: how sure the models are of the best sentence and the
    best span, by how much they lead, and what of the question stands nowhere."""
    first, second = _two(sentence)
    best, other = _two(span)
    rows = seen.sentence_rows
    likeliest = rows[sentence.index(first)] if rows else {}
    return {
        **{name: likeliest.get(name, NAN) for name in OF_THE_LIKELIEST},
        "sentence": _logit(first),
        "sentence_lead": _logit(first) - _logit(second),
        "span": _logit(best) if span else NAN,
        "span_lead": _logit(best) - _logit(other) if span else NAN,
        "spans": float(len(span)),
        **{
            name: rows[0][f"{name}_any"] if rows else NAN
            for name in ("wide", "name_wide", "attribute_wide", "has_answer")
        },
        "wide_missing": min((row["wide_missing"] for row in rows), default=NAN),
        **{
            f"kind_{kind.value}": float(query.kind is kind)
            for kind in (Kind.NUMBER, Kind.DATE, Kind.ENTITY, Kind.LIST, Kind.CAUSE)
        },
    }


def _two(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values, reverse=True)
    return (*ordered[:2], 0.0, 0.0)[:2]  # type: ignore[return-value]


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def _likeliest(item: tuple[Evidence, float]) -> tuple[float, int, int]:
    one, probability = item
    return -probability, one.passage.rank, one.order


def _likeliest_span(item: tuple[Candidate, float]) -> tuple[float, int, int, int]:
    one, probability = item
    return -probability, one.evidence.passage.rank, one.evidence.order, one.span.start
