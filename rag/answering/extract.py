"""The answerer without a chat model: the sentences of the passages that answer, as they stand.

Which sentences are said: the best one, others nearly as good, and what belongs to them. Questions
for several things are answered thing by thing, and what is not found is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from rag.answering.conflicts import contradictions, disagreement
from rag.answering.select import Judged, Missing, judge, missing, observe
from rag.answering.spans import Candidate, has_empty_rival, whole_cell
from rag.models.reader import PassageReader
from rag.models.trees import AnswerModels, load_models
from rag.retrieval.cells import CellFit
from rag.retrieval.english import is_english
from rag.retrieval.evidence import (
    Evidence,
    following_items,
    last_mark,
    score_sentences,
    table_headers,
)
from rag.retrieval.query import AnswerKind, Query
from rag.retrieval.search import READ, Search, cell_fit
from rag.settings import Answering
from rag.text.normalize import squeeze
from rag.text.quantities import quantities
from rag.types import Claim, Computed, Figure, Remark, Span

# For how many sentences there is room, and how likely a further one must be to answer beside the
# best one. On natural questions on documents that the models had not seen (see
# docs/decisions/0301) .2, .25, .3, .4 give .88, .87, .86, .84 that hold the answer, and .69, .71,
# .72, .73 of the sentences that do.
MOST, MOST_PARTS, MOST_OF_A_PART = 3, 4, 2
AS_LIKELY = 0.25
_OF_PARTS = frozenset((AnswerKind.LIST, AnswerKind.COMPARISON))
_ENUMERATED = _OF_PARTS | {AnswerKind.CAUSE}
# A sentence after which items may come that were not found themselves.
_ANNOUNCES = re.compile(
    r"[两二三四五六七八九十几多][大个项类种条点方层]|[：:]$|如下|以下|下列|包括|主要有|分别"
)
# Pieces that a semicolon parts are one sentence, up to so many characters.
WHOLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ListContext:
    """Sentences beside those that were found, in which items of a list may stand, and the
    headings that are its items, in order."""

    sentences: tuple[Evidence, ...] = ()
    headings: tuple[str, ...] = ()


def choose(
    query: Query,
    ranked: Sequence[Evidence],
    settings: Answering,
    most: int | None = None,
    beside: ListContext = ListContext(),
) -> list[Evidence]:
    """What is said of `ranked` (all sentences that were looked at, best first, their scores the
    probabilities that they answer), best first. `most` takes the place of how many the kind of
    question has room for; `beside` holds the rest of a list."""
    rows = _rows((*ranked, *beside.sentences))
    best = ranked[0]
    said = Said(settings.max_characters)
    titled = _titled(beside.headings, _of_document(best, (*ranked, *beside.sentences)))
    if titled:
        for one in (best, *titled) if best.place < titled[0].place else titled:
            said.add(one)
        return said.chosen[: settings.max_sentences]
    said.add(_whole(best, rows[best.passage.rank]))
    if query.kind in _ENUMERATED:
        goes_on = _ANNOUNCES.search(best.text) or last_mark(best.text)
        known = (*ranked, *beside.sentences) if goes_on else ranked
        for item in following_items(best, _of_document(best, known)):
            said.add(_whole(item, rows[item.passage.rank]))
    most = most or (MOST_PARTS if query.kind in _OF_PARTS else MOST)
    for evidence in ranked[1:]:
        if len(said.chosen) >= min(most, settings.max_sentences):
            break
        if evidence.score < AS_LIKELY * best.score:
            break
        said.add(_whole(evidence, rows[evidence.passage.rank]))
    for row in [one for one in said.chosen if "\t" in one.text]:
        header = _header(row, rows[row.passage.rank])
        if header is not None:
            said.add(header)
    return said.chosen[: settings.max_sentences]


class Said:
    """Sentences as they are chosen: no part twice, all within the room; the first one always."""

    def __init__(self, room: int) -> None:
        self.chosen: list[Evidence] = []
        self._room = room

    def add(self, evidence: Evidence) -> None:
        """Takes a sentence, where it fits and says something new."""
        text = squeeze(evidence.text)
        if any(text in squeeze(other.text) for other in self.chosen):
            return
        if self.chosen and len(evidence.text) > self._room:
            return
        inside = [other for other in self.chosen if squeeze(other.text) in text]
        if any(_overlap(other, evidence) for other in self.chosen if other not in inside):
            return
        self._room += sum(len(other.text) for other in inside) - len(evidence.text)
        place = self.chosen.index(inside[0]) if inside else len(self.chosen)
        kept = [other for other in self.chosen if other not in inside]
        self.chosen = [*kept[:place], evidence, *kept[place:]]


def _overlap(one: Evidence, other: Evidence) -> bool:
    """Whether two sentences share a part: pieces of a long one, each grown by its neighbours."""
    return one.passage.rank == other.passage.rank and one.span.overlaps(other.span)


def _of_document(best: Evidence, sentences: Sequence[Evidence]) -> list[Evidence]:
    return [one for one in sentences if one.passage.document_id == best.passage.document_id]


def _titled(headings: Sequence[str], sentences: Sequence[Evidence]) -> list[Evidence]:
    """The sentences that are the headings, in order; none where one of them is missing."""
    first: dict[str, Evidence] = {}
    for one in sorted(sentences, key=lambda e: e.place):
        first.setdefault(squeeze(one.text), one)
    found = [first.get(squeeze(heading)) for heading in headings]
    return [] if None in found else [one for one in found if one]


def _rows(ranked: Sequence[Evidence]) -> dict[int, list[Evidence]]:
    """The sentences of each passage in reading order, by its rank."""
    rows: dict[int, list[Evidence]] = {}
    for evidence in sorted(ranked, key=lambda e: e.order):
        rows.setdefault(evidence.passage.rank, []).append(evidence)
    return rows


def _whole(evidence: Evidence, row: Sequence[Evidence]) -> Evidence:
    """The sentence up to its full stop: it was cut at semicolons."""
    first = last = evidence.order
    while (
        last + 1 < len(row)
        and _goes_on(row[last])
        and row[last + 1].span.end - row[first].span.start <= WHOLE_CHARACTERS
    ):
        last += 1
    while (
        first > 0
        and _goes_on(row[first - 1])
        and row[last].span.end - row[first - 1].span.start <= WHOLE_CHARACTERS
    ):
        first -= 1
    if first == last:
        return evidence
    span = Span(row[first].span.start, row[last].span.end)
    terms = frozenset[str]().union(*(piece.terms for piece in row[first : last + 1]))
    text = span.of(evidence.passage.text)
    return replace(evidence, span=span, text=text, terms=terms, order=first)


def _header(evidence: Evidence, row: Sequence[Evidence]) -> Evidence | None:
    """The header of a table's row, where it stands in the row's passage."""
    place = table_headers([one.text for one in row])[evidence.order]
    return None if place is None or place == evidence.order else row[place]


def _goes_on(piece: Evidence) -> bool:
    return piece.text.endswith(("；", ";"))


# Passages whose sentences are weighed: those that a search reads.
PASSAGES = READ
NEAREST = 2
"""Sentences that are quoted as what comes nearest, where nothing answers."""

WHOLE_CELL = 0.95
"""The probability that a cell which holds all that is asked is the answer: a guess. Of 94 such
cells none was wrong, on tables that the rules were chosen on; of 48 questions without an answer on
others one got a cell."""


@dataclass(frozen=True, slots=True)
class ComputedAnswer:
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
    subject all the same: the claims are then what comes nearest. With `whole_cell` the short answer
    is a cell of a table whose labels hold all that is asked."""

    claims: tuple[Claim, ...]
    short: str | None
    confidence: float
    differing: tuple[Figure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    derived: ComputedAnswer | None = None
    missing: Missing | None = None
    whole_cell: bool = False


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
    ranked = _by_worth(first)
    fit = cell_fit(whole.query, whole.weights)
    cell = whole_cell(whole.query, first.asked, fit, [one for one, _ in first.sentences])
    if cell is not None:  # no part is left to be searched for
        searches, judged = searches[:1], judged[:1]
    confidence = first.confidence if cell is None else max(WHOLE_CELL, first.confidence)
    answers = confidence >= settings.min_confidence
    differing = disagreement(whole.query, whole.weights, ranked) if answers else ()
    against = contradictions(whole.query, ranked)
    several = len(searches) > 1 or first.asked.several
    shown = answers and not (differing or against or several)
    short = (cell or _short(first, models, fit)) if shown else None
    chosen = _choose(searches, judged, settings, short)[: None if answers else NEAREST]
    if short is not None:
        chosen = [one for one in chosen if not _rivals(one, short)]
    for other in (*(one.evidence for one in differing[1:2]), *(one for _, one in against)):
        if not any(squeeze(other.text) in squeeze(one.text) for one in chosen):
            chosen.append(other)
    told = tuple(Figure(one.figure, one.evidence.passage.rank) for one in differing)
    return Extraction(
        claims=tuple(Claim(e.text, (e.passage.rank,)) for e in _in_order(chosen)),
        short=None if short is None else short.text.strip("“”"),
        confidence=confidence,
        differing=told,
        remarks=tuple(remark for remark, _ in against),
        missing=None if answers else missing(whole.query, first),
        whole_cell=shown and cell is not None,
    )


def _rivals(one: Evidence, short: Candidate) -> bool:
    """Whether a sentence beside that of the short answer gives another figure of its measure and
    not the same: it is that of another, or of another time, and would be read as an answer, too."""
    own, quantity = short.evidence, short.quantity
    if (
        quantity is None
        or not quantity.unit.name
        or (one.passage, one.order) == (own.passage, own.order)
    ):
        return False
    alike = [other for other in quantities(one.text) if other.comparable(quantity)]
    return bool(alike) and not any(other.bounds() == quantity.bounds() for other in alike)


def _judged(search: Search, reader: PassageReader | None, models: AnswerModels) -> Judged:
    ranked = ranked_sentences(search, reader)
    return judge(search.query, observe(search.query, search.weights, ranked), models)


def _by_worth(judged: Judged) -> list[Evidence]:
    """The likeliest sentence, then the others by what they share with the question."""
    first, *rest = (one for one, _ in judged.sentences)
    return [first, *sorted(rest, key=lambda one: (-one.score, one.passage.rank, one.order))]


def ordered(judged: Judged, short: Candidate | None = None) -> list[Evidence]:
    """The sentences, that of the short answer first, then the likeliest to answer; their scores
    are these probabilities."""
    ranked = [replace(one, score=probability) for one, probability in judged.sentences]
    if short is None:
        return ranked
    own = (short.evidence.passage.rank, short.evidence.order)
    return sorted(ranked, key=lambda one: (one.passage.rank, one.order) != own)


def _short(judged: Judged, models: AnswerModels, fit: CellFit) -> Candidate | None:
    """The likeliest span, where it is likely enough to be shown as the answer, and no cell beside
    one that is asked for."""
    best, probability = judged.spans[0] if judged.spans else (None, 0.0)
    if best is None or probability < models.thresholds["short"]:
        return None
    cell, cells = best.cell, best.evidence.passage.cells
    if cell is not None and (fit.outdone(cell, cells) or has_empty_rival(fit, best)):
        return None
    return best


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
        ordered(one, short if place == 0 else None) if one.sentences else []
        for place, one in enumerate(judged)
    ]
    if len(searches) == 1:
        return choose(searches[0].query, rankings[0], settings, beside=_beside(searches[0]))
    told = [
        choose(search.query, ranked, settings, MOST_OF_A_PART)
        for search, ranked in zip(searches, rankings, strict=True)
        if ranked and ranked[0].covered
    ]
    said = Said(settings.max_characters)
    for row in zip_longest(*told):
        for evidence in filter(None, row):
            said.add(evidence)
    return said.chosen[: settings.max_sentences]


def _beside(search: Search) -> ListContext:
    """The sentences in which the items of a list may stand, but those that are weighed anyway."""
    weighed = search.passages[:PASSAGES]
    ranks = {passage.rank for passage in weighed}
    others = [passage for passage in search.beside if passage.rank not in ranks]
    sentences = score_sentences(search.query, search.weights, others)
    return ListContext(tuple(sentences), search.headings)


def _in_order(chosen: Sequence[Evidence]) -> list[Evidence]:
    """In reading order, the document of the better passage first."""
    first: dict[str, int] = {}
    for evidence in chosen:
        passage = evidence.passage
        first[passage.document_id] = min(passage.rank, first.get(passage.document_id, passage.rank))
    return sorted(chosen, key=lambda e: (first[e.passage.document_id], e.place))


OF_EACH = 2
"""Sentences that are said to a part at most."""


def each(
    searches: Sequence[Search],
    settings: Answering,
    reader: PassageReader | None = None,
    *,
    steps: bool = False,
) -> Extraction:
    """The answer to a question that is searched for in parts: the first search is that of the whole
    question, the others are of its parts; of a question of two `steps` the first search is of the
    second step, the other of the first. Where the first search is not answered, but others are,
    what answers those, in the order of the question, and a sentence for each part that is not
    found."""
    whole = extract(searches, settings, reader)
    if len(searches) == 1 or whole.confidence >= settings.min_confidence:
        return whole
    parts = tuple(reversed(searches)) if steps else searches[1:]
    found = [extract((part,), settings, reader) for part in parts]
    answered = [one.confidence >= settings.min_confidence for one in found]
    if not any(answered):
        return whole
    claims: list[Claim] = []
    for part, one, given in zip(parts, found, answered, strict=True):
        claims += one.claims[:OF_EACH] if given else [_not_found(part)]
    least = min(one.confidence for one, given in zip(found, answered, strict=True) if given)
    return replace(
        whole, claims=tuple(dict.fromkeys(claims)), short=None, confidence=least, missing=None
    )


def _not_found(part: Search) -> Claim:
    """A sentence that claims nothing of what the documents say."""
    asked = part.query.text.rstrip("？?")
    if is_english(asked):
        return Claim(f"No answer to “{asked}” was found.", ())
    return Claim(f"没有找到“{asked}”的回答。", ())
