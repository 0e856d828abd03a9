"""The answerer without a chat model: the sentences of the passages that answer, as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rag.answering.choice import PART_POLICY, Beside, Said, choose
from rag.answering.confidence import confidence
from rag.answering.disagreement import disagreement
from rag.answering.english import is_english
from rag.answering.evidence import Evidence, score_sentences
from rag.answering.premise import contradictions
from rag.answering.rerank import READ
from rag.answering.search import Search
from rag.answering.short import short_answer
from rag.models.answerable import load_answerable
from rag.models.reading import PassageReader
from rag.settings import Answering
from rag.text.fold import squeeze
from rag.types import Claim, Computed, Figure, Remark

# Passages whose sentences are weighed: those that a search reads.
PASSAGES = READ
# The short answer is looked for in the best sentences that are said, this close to the best one.
SHORT_AMONG, SHORT_SHARE = 3, 0.88


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
    passages contradict. `derived` is what was computed from the figures in the claims."""

    claims: tuple[Claim, ...]
    short: str | None
    confidence: float
    differing: tuple[Figure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    derived: Derived | None = None


def extract(
    searches: Sequence[Search], settings: Answering, reader: PassageReader | None = None
) -> Extraction:
    """Chooses the sentences that answer, each from one passage, with what `reader` makes of the
    passages. The first search is that of the whole question, others are of its parts."""
    rankings = [_ranked(search, reader) for search in searches]
    whole, ranked = searches[0], rankings[0]
    if not ranked or ranked[0].covered == 0:
        return Extraction((), None, 0.0)
    chosen = _choose(searches, rankings, settings)
    differing = disagreement(whole.query, whole.weights, ranked)
    against = contradictions(whole.query, ranked)
    for other in (*(one.evidence for one in differing[1:2]), *(one for _, one in against)):
        if not any(squeeze(other.text) in squeeze(one.text) for one in chosen):
            chosen.append(other)
    told = tuple(Figure(one.figure, one.evidence.passage.rank) for one in differing)
    claims = tuple(Claim(e.text, (e.passage.rank,)) for e in _in_order(chosen))
    short = short_answer(whole.query, _near_best(ranked, chosen))
    passages = whole.passages[:PASSAGES]
    likely = confidence(whole.query, whole.weights, ranked, passages, load_answerable())
    return Extraction(claims, short, likely, told, tuple(remark for remark, _ in against))


def _ranked(search: Search, reader: PassageReader | None) -> list[Evidence]:
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
    searches: Sequence[Search], rankings: Sequence[Sequence[Evidence]], settings: Answering
) -> list[Evidence]:
    """What is said to the whole question; where it has parts, fewer sentences to it and to each
    of them, the best of each first."""
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


def _near_best(ranked: Sequence[Evidence], chosen: Sequence[Evidence]) -> list[Evidence]:
    """The sentences that are nearly as good as the best one and are said."""
    said = [squeeze(evidence.text) for evidence in chosen]
    return [
        evidence
        for evidence in ranked[:SHORT_AMONG]
        if evidence.score >= SHORT_SHARE * ranked[0].score
        and any(squeeze(evidence.text) in text for text in said)
    ]
