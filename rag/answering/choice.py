"""Which sentences are said without a chat model: the best one, others nearly as good, and what
belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.evidence import Evidence, table_headers
from rag.answering.items import following_items
from rag.answering.query import Kind, Query
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
# Where the best sentence holds no number or date and one is asked for, the best that holds one
# is said too, from this share of its score on.
HOLDING = 0.6
# Pieces that a semicolon parts are one sentence, up to so many characters.
WHOLE_CHARACTERS = 200


def choose(
    query: Query,
    ranked: Sequence[Evidence],
    settings: Answering,
    policy: tuple[int, float] | None = None,
) -> list[Evidence]:
    """What is said of `ranked` (all sentences that were looked at, best first), best first.
    `policy` takes the place of that of the kind of question."""
    rows = _rows(ranked)
    best = ranked[0]
    said = Said(settings.max_characters)
    said.add(_whole(best, rows[best.passage.rank]))
    if query.kind in _ENUMERATED:
        own = (e for e in ranked if e.passage.document_id == best.passage.document_id)
        for item in following_items(best, own):
            said.add(_whole(item, rows[item.passage.rank]))
    if query.kind in _FORMED and not best.typed:
        holding = next((e for e in ranked if e.typed), None)
        if holding is not None and holding.score >= HOLDING * best.score:
            said.add(_whole(holding, rows[holding.passage.rank]))
    most, ratio = policy or POLICY[query.kind]
    for evidence in ranked[1:]:
        if len(said.chosen) >= min(most, settings.max_sentences):
            break
        if evidence.score < ratio * best.score:
            break
        said.add(_whole(evidence, rows[evidence.passage.rank]))
    for row in [one for one in said.chosen if "\t" in one.text]:
        header = _header(row, rows[row.passage.rank])
        if header is not None:
            said.add(header)
    return said.chosen[: settings.max_sentences]


class Said:
    """Sentences as they are chosen: none twice, none inside another, all within the room; the
    first one always."""

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
        self._room += sum(len(other.text) for other in inside) - len(evidence.text)
        place = self.chosen.index(inside[0]) if inside else len(self.chosen)
        kept = [other for other in self.chosen if other not in inside]
        self.chosen = [*kept[:place], evidence, *kept[place:]]


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
