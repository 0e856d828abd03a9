"""Which sentence answers, and whether one does; what is said to be missing.

Which sentence answers, which part of it is the short answer, and whether there is one at all:
fitted models over the features of sentences and spans.

What was not found, where the documents speak of a question's subject and nothing in them is
likely enough to answer it. It is said to be not found, never not to be there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.features import NAN, anywhere, beside_rivals, held, places, sentence_features
from rag.answering.spans import Candidate, candidates, span_features
from rag.models.reader import rarity
from rag.models.trees import AnswerModels
from rag.retrieval.analysis import Asked, analyse, written_ordinals
from rag.retrieval.english import is_english
from rag.retrieval.evidence import Evidence
from rag.retrieval.query import AnswerKind, Query, Weights
from rag.text.normalize import squeeze
from rag.text.segment import noun_runs

LOOKED_AT = 24
"""Sentences, best first by what they share with the question, in which spans are looked for."""
SENTENCE_LEADS = (
    "worth", "covered", "own", "near", "period_near", "name_near", "read", "score", "subject_own",
)  # fmt: skip
SPAN_LEADS = (
    "worth", "edges", "clause", "clause_attribute", "lead_attribute", "clause_period",
    "clause_name",
    "clause_ordinal", "fit", "sort_fits", "distance", "own", "period_near", "name_near", "score",
)  # fmt: skip
_SMALLEST = ("distance",)
HELD = ("clause", "clause_attribute", "lead_attribute", "mass", "edges", "distance")
"""Features of spans of which a sentence has the best of its own."""
HOLDS = ("holds_fit", "holds_bound", *(f"holds_{name}" for name in HELD))
HOLDS_LEADS = ("holds_clause", "holds_clause_attribute", "holds_edges", "holds_mass")
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
    for row in sentence_rows:
        row.update(dict.fromkeys(HOLDS, NAN))
    if spans:
        held: list[list[Row]] = [[] for _ in found[:LOOKED_AT]]
        for number, row in zip(inside, span_rows, strict=True):
            held[number].append(row)
        for row, own in zip(sentence_rows, held, strict=False):
            row.update(holds(own))
    beside_rivals(sentence_rows, HOLDS_LEADS)
    return Observed(asked, ranked, sentence_rows, spans, span_rows, inside)


def holds(spans: Sequence[Row]) -> dict[str, float]:
    """What the spans of one sentence say of it: how well the best fits what is asked for, how many
    are bound to it, and the best that those have of their features; NaN where none has any."""
    bound = [row for row in spans if not unbound(row)]
    found = {
        "holds_fit": max((min(row["fit"], _known(row["sort_fits"])) for row in spans), default=0.0),
        "holds_bound": float(len(bound)),
    }
    for name in HELD:
        values = [row[name] for row in bound if not math.isnan(row[name])]
        best = min if name in _SMALLEST else max
        found[f"holds_{name}"] = best(values) if values else NAN
    return found


def _known(value: float) -> float:
    return 1.0 if math.isnan(value) else value


def judge(query: Query, seen: Observed, models: AnswerModels) -> Judged:
    """What the models say of what was observed."""
    sentence = models.sentence.probabilities(seen.sentence_rows).tolist()
    span = [
        0.0 if unbound(row) else probability
        for row, probability in zip(
            seen.span_rows, models.span.probabilities(seen.span_rows).tolist(), strict=True
        )
    ]
    by_sentence = sorted(zip(seen.sentences, sentence, strict=True), key=by_probability)
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
    return query.kind in (AnswerKind.NUMBER, AnswerKind.DATE) and not any(span)


def unbound(row: Row) -> bool:
    """Whether a span is not bound to what is asked: the period does not stand in its clause, its
    sentence or above it, another number of a row does, one of the names does not stand near it, its
    sentence speaks of another attribute (参数规模 for 市场规模), or its unit or sort is another."""
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
        or row["compound"] < 0
    )


LEAST_NAMED = 0.5
"""How far each of the names must stand near a span (`features.held`)."""


OF_THE_LIKELIEST = (
    "near", "near_missing", "name_near", "name_mean", "period_near", "ordinal_near",
    "attribute_near", "subject_near",
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
            for kind in (
                AnswerKind.NUMBER,
                AnswerKind.DATE,
                AnswerKind.ENTITY,
                AnswerKind.LIST,
                AnswerKind.CAUSE,
            )
        },
    }


def _two(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values, reverse=True)
    return (*ordered[:2], 0.0, 0.0)[:2]  # type: ignore[return-value]


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def by_probability(item: tuple[Evidence, float]) -> tuple[float, int, int]:
    """What sentences are sorted by, the likeliest first."""
    one, probability = item
    return -probability, one.passage.rank, one.order


def _likeliest_span(item: tuple[Candidate, float]) -> tuple[float, int, int, int]:
    one, probability = item
    return -probability, one.evidence.passage.rank, one.evidence.order, one.span.start


SPOKEN_OF = 0.5
"""How much of a question, its words weighed by how rare they are, a passage must hold to speak of
its subject, where the question names nothing."""
UNKNOWN = 10.0
"""The rarity of a word that no vocabulary has."""
NAMED = 0.7
"""How far every name must stand in a passage that speaks of it (`features.held`)."""

_UNSURE = (
    "下面是资料里较接近的内容，不能肯定它回答了这个问题。",
    "What follows comes near; whether it answers the question is not certain.",
)
_KINDS = {
    AnswerKind.NUMBER: ("数字", "a figure"),
    AnswerKind.DATE: ("时间", "a date"),
    AnswerKind.ENTITY: ("名称", "a name"),
    AnswerKind.CAUSE: ("原因", "a reason"),
    AnswerKind.LIST: ("完整的列举", "the list"),
    AnswerKind.DEFINITION: ("定义", "a definition"),
    AnswerKind.COMPARISON: ("比较所需的内容", "what the comparison needs"),
    AnswerKind.OTHER: ("直接的回答", "a direct answer"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a question asks for and was not found: its kind, and what of the question (a period, a
    number of a row, an attribute) is not there."""

    kind: AnswerKind
    lacks: tuple[str, ...]

    def text(self, question: str) -> str:
        """In words, in the language of the question and with its own words: what it was put into to
        be searched for is none of them.

        >>> Missing(AnswerKind.NUMBER, ("2019年",)).text("2019年的A股市值是多少？")
        '没有找到“2019年”的数字；下面是资料里较接近的内容。'
        >>> Missing(AnswerKind.NUMBER, ("a股的市值有", "首轮")).text("A股的市值有多少？")
        '没有找到“A股的市值”的数字；下面是资料里较接近的内容。'
        """
        english = is_english(question)
        lacks = [one for one in (_as_written(lack, question) for lack in self.lacks) if one]
        if not lacks:
            return _UNSURE[english]
        kind = _KINDS[self.kind][english]
        if english:
            about = "”, “".join(lacks)
            return f"Not found in the documents: {kind} for “{about}”. What follows comes near."
        about = "、".join(f"“{one}”" for one in lacks)
        return f"没有找到{about}的{kind}；下面是资料里较接近的内容。"


def _as_written(lack: str, question: str) -> str:
    """Something that a question asks for as it is written there, without a verb or particle at its
    end; empty where it does not stand there."""
    squeezed = squeeze(lack).rstrip("有在的是")
    for wanted in (squeezed, squeezed.removesuffix("年")):
        letter = "[a-z]?" if wanted[:1].isdigit() else ""  # B1版
        form = letter + r"\s?".join(map(re.escape, wanted))
        found = re.search(form, question, re.IGNORECASE)
        if found and wanted:
            return found[0]
    return ""


def missing(query: Query, judged: Judged) -> Missing | None:
    """What was not found; None where nothing that was looked at speaks of the subject."""
    nearest = judged.row(judged.sentences[0][0])
    asked = judged.asked
    spoken_of = (
        nearest["name_wide_any"] >= NAMED if asked.names else nearest["wide_any"] >= SPOKEN_OF
    )
    return Missing(query.kind, tuple(_lacks(query.text, judged))) if spoken_of else None


def _lacks(question: str, judged: Judged) -> Sequence[str]:
    """What of the question does not stand near the likeliest sentence: its periods, its number in a
    row; else the nouns of what is asked of the thing that it names, where no passage has them."""
    asked = judged.asked
    nearest = judged.row(judged.sentences[0][0])
    found = []
    if asked.periods and not nearest["period_near"] > 0:
        found += [period.text for period in asked.periods]
    if asked.ordinals and not nearest["ordinal_near"] > 0:
        written = written_ordinals(asked.squeezed)
        found += [written.get(one, one) for one in asked.ordinals]
    if not found:
        passages = {one.passage.rank: one.passage for one, _ in judged.sentences}.values()
        flat = squeeze("".join("".join((*one.above, one.text)) for one in passages))
        nouns = set(noun_runs(question))
        found += [
            word
            for word in asked.attribute
            if word in nouns and _is_word(word) and held(word, flat) < NAMED
        ]
    return [one for one in found if one]


def _is_word(word: str) -> bool:
    """Whether a word is one beyond doubt: an unknown one, or one that ends in a function word
    (占/比是), may be cut wrongly."""
    return rarity(word) < UNKNOWN and word[-1] not in "是的有了在"
