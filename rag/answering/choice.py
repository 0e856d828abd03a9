"""Which sentences are said without a chat model: the best one, others nearly as good, and what
belongs to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.evidence import Evidence, table_headers
from rag.answering.items import following_items, last_mark
from rag.answering.query import Kind, Query
from rag.answering.scope import asks_of_places, places_in
from rag.settings import Answering
from rag.text.fold import squeeze
from rag.types import Span

# For each kind of question how many sentences are said at most, and how close to the best one's
# score a further one must come. Chosen from the curve over development questions and CMRC trial
# (see ARCHITECTURE.md).
_ONE = (3, 0.8)
_MORE = (4, 0.7)
POLICY: dict[Kind, tuple[int, float]] = {
    **dict.fromkeys(Kind, _ONE),
    Kind.LIST: _MORE,
    Kind.COMPARISON: _MORE,
}
# For a question that has parts: of the whole and of each part.
PART_POLICY = (2, 0.8)
_ENUMERATED = frozenset((Kind.LIST, Kind.COMPARISON, Kind.CAUSE))
_FORMED = frozenset((Kind.NUMBER, Kind.DATE))
_HELD = frozenset((Kind.NUMBER, Kind.DATE, Kind.ENTITY))
# Where the best sentence holds no number or date and one is asked for, the best that holds one
# is said too, from this share of its score on.
HOLDING = 0.6
# A sentence after which items may come that were not found themselves.
_ANNOUNCES = re.compile(
    r"[两二三四五六七八九十几多][大个项类种条点方层]|[：:]$|如下|以下|下列|包括|主要有|分别"
)
# Pieces that a semicolon parts are one sentence, up to so many characters.
WHOLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Beside:
    """Sentences beside those that were found, in which items of a list may stand, and the
    headings that are its items, in order."""

    sentences: tuple[Evidence, ...] = ()
    headings: tuple[str, ...] = ()


def choose(
    query: Query,
    ranked: Sequence[Evidence],
    settings: Answering,
    policy: tuple[int, float] | None = None,
    beside: Beside = Beside(),
) -> list[Evidence]:
    """What is said of `ranked` (all sentences that were looked at, best first), best first.
    `policy` takes the place of that of the kind of question; `beside` holds the rest of a list."""
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
    holding = _holding(query, ranked)
    if holding is not None:
        said.add(_whole(holding, rows[holding.passage.rank]))
    most, ratio = policy or POLICY[query.kind]
    for evidence in ranked[1:]:
        if len(said.chosen) >= min(most, settings.max_sentences):
            break
        if evidence.score < ratio * best.score:
            break
        if query.kind in _FORMED and _of_another(query, best, evidence):
            continue
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


def _holding(query: Query, ranked: Sequence[Evidence]) -> Evidence | None:
    """Where the best sentence holds nothing of the form that is asked for, the best that does, if
    it is nearly as good and speaks as much of what the question names."""
    best = ranked[0]
    if query.kind not in _HELD or best.typed:
        return None
    found = next((one for one in ranked if one.typed and one.bound >= best.bound), None)
    return found if found is not None and found.score >= HOLDING * best.score else None


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


def _of_another(query: Query, best: Evidence, other: Evidence) -> bool:
    """Whether a further sentence gives the figure of something else than what is asked about: it
    speaks less of what the question names, or, where the best sentence holds what is asked for, of
    a place that neither the question nor the best sentence names."""
    if other.bound < best.bound or not best.typed:
        return other.bound < best.bound
    known = squeeze(query.text) + squeeze(best.text)
    return asks_of_places(query.text) and any(place not in known for place in places_in(other.text))


def _goes_on(piece: Evidence) -> bool:
    return piece.text.endswith(("；", ";"))
