"""The answerer without a chat model: the sentences of the passages that answer, as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rag.answering.choice import PART_POLICY, Beside, Said, choose
from rag.answering.disagreement import disagreement
from rag.answering.english import is_english
from rag.answering.evidence import Evidence, score_sentences
from rag.answering.missing import Missing, missing
from rag.answering.premise import contradictions
from rag.answering.rerank import READ
from rag.answering.search import Search
from rag.answering.select import Judged, judge, observe
from rag.answering.spans import Candidate
from rag.models.reading import PassageReader
from rag.models.trees import AnswerModels, load_models
from rag.settings import Answering
from rag.text.fold import squeeze
from rag.types import Claim, Computed, Figure, Remark

# Passages whose sentences are weighed: those that a search reads.
PASSAGES = READ
NEAREST = 2
"""Sentences that are quoted as what comes nearest, where nothing answers."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A computed answer: `text` says it as a sentence, `short` is the result with its unit."""

    computed: Computed
    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """Sentences in reading order as claims, the short answer among them, and the estimate in
    [0, 1] that the passages hold an answer. No claims where nothing shares a term. `differing`
    are the figures of passages that do not agree; `remarks` say what in the question's premise the
    passages contradict. `derived` is what was computed from the figures in the claims. `missing`
    says what the passages do not give, where they are below the least confidence and speak of the
    subject all the same: the claims are then what comes nearest."""

    claims: tuple[Claim, ...]
    short: str | None
    confidence: float
    differing: tuple[Figure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    derived: Derived | None = None
    missing: Missing | None = None


def extract(
    searches: Sequence[Search],
    settings: Answering,
    reader: PassageReader | None = None,
    models: AnswerModels | None = None,
) -> Extraction:
    """Chooses the sentences that answer, each from one passage, with what `reader` makes of the
    passages. The first search is that of the whole question, others are of its parts. `models`
    are by default the built-in ones."""
    models = models or load_models()
    judged = [_judged(search, reader, models) for search in searches]
    whole, first = searches[0], judged[0]
    if all(one.covered == 0 for one, _ in first.sentences):
        return Extraction((), None, 0.0)
    ranked = _ordered(first)
    answers = first.confidence >= settings.min_confidence
    differing = disagreement(whole.query, whole.weights, ranked) if answers else ()
    against = contradictions(whole.query, ranked)
    several = len(searches) > 1 or first.asked.several
    short = None if differing or against or several or not answers else _short(first, models)
    chosen = _choose(searches, judged, settings, short)[: None if answers else NEAREST]
    for other in (*(one.evidence for one in differing[1:2]), *(one for _, one in against)):
        if not any(squeeze(other.text) in squeeze(one.text) for one in chosen):
            chosen.append(other)
    told = tuple(Figure(one.figure, one.evidence.passage.rank) for one in differing)
    return Extraction(
        claims=tuple(Claim(e.text, (e.passage.rank,)) for e in _in_order(chosen)),
        short=None if short is None else short.text.strip("“”"),
        confidence=first.confidence,
        differing=told,
        remarks=tuple(remark for remark, _ in against),
        missing=None if answers else missing(whole.query, first),
    )


def _judged(search: Search, reader: PassageReader | None, models: AnswerModels) -> Judged:
    ranked = ranked_sentences(search, reader)
    return judge(search.query, observe(search.query, search.weights, ranked), models)


def _ordered(judged: Judged, short: Candidate | None = None) -> list[Evidence]:
    """The sentences by what they share with the question, behind that of the short answer or,
    where there is none, the one that is likeliest to answer."""
    first = short.evidence if short is not None else judged.sentences[0][0]
    rest = [one for one, _ in judged.sentences if one is not first]
    return [first, *sorted(rest, key=lambda e: (-e.score, e.passage.rank, e.order))]


def _short(judged: Judged, models: AnswerModels) -> Candidate | None:
    """The likeliest span, where it is likely enough to be shown as the answer."""
    best, probability = judged.spans[0] if judged.spans else (None, 0.0)
    return best if probability >= models.thresholds["short"] else None


def ranked_sentences(search: Search, reader: PassageReader | None) -> list[Evidence]:
    """The sentences of the best passages of a search, best first. What the search has not read
    is read now; the reader reads questions in Chinese only."""
    passages = search.passages[:PASSAGES]
    readings = list(search.readings[:PASSAGES])
    left = [place for place, reading in enumerate(readings) if reading is None]
    if left and reader is not None and not is_english(search.query.text):
        texts = [passages[place].text for place in left]
        for place, reading in zip(left, reader.read(search.query.text, texts), strict=True):
            readings[place] = reading
    return score_sentences(search.query, search.weights, passages, readings, search.standing)


def _choose(
    searches: Sequence[Search],
    judged: Sequence[Judged],
    settings: Answering,
    short: Candidate | None,
) -> list[Evidence]:
    """What is said to the whole question, the sentence of the short answer first; where it has
    parts, fewer sentences to it and to each of them, the best of each first."""
    rankings = [
        _ordered(one, short if place == 0 else None) if one.sentences else []
        for place, one in enumerate(judged)
    ]
    if len(searches) == 1:
        return choose(searches[0].query, rankings[0], settings, beside=_beside(searches[0]))
    told = [
        choose(search.query, ranked, settings, PART_POLICY)
        for search, ranked in zip(searches, rankings, strict=True)
        if ranked and ranked[0].covered
    ]
    said = Said(settings.max_characters)
    for row in zip_longest(*told):
        for evidence in filter(None, row):
            said.add(evidence)
    return said.chosen[: settings.max_sentences]


def _beside(search: Search) -> Beside:
    """The sentences in which the items of a list may stand, but those that are weighed anyway."""
    weighed = search.passages[:PASSAGES]
    ranks = {passage.rank for passage in weighed}
    others = [passage for passage in search.beside if passage.rank not in ranks]
    sentences = score_sentences(search.query, search.weights, others)
    return Beside(tuple(sentences), search.headings)


def _in_order(chosen: Sequence[Evidence]) -> list[Evidence]:
    """In reading order, the document of the better passage first."""
    first: dict[str, int] = {}
    for evidence in chosen:
        passage = evidence.passage
        first[passage.document_id] = min(passage.rank, first.get(passage.document_id, passage.rank))
    return sorted(chosen, key=lambda e: (first[e.passage.document_id], e.place))
