"""Claims into sentences with citations. It alone decides which quotation a sentence rests on.

No model judges. A sentence is held against one to three successive sentences of a passage: its
figures with their units, its dates, its names and quoted terms must stand there, nothing may be
turned round, and enough of its words must be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text.fold import fold, fold_aligned, squeeze
from rag.text.quantities import Period
from rag.text.segment import STOP_WORDS, words
from rag.text.sentences import sentences
from rag.text.values import Values, direction_words, directions, negated, values
from rag.types import (
    Citation,
    Claim,
    Document,
    Passage,
    Remark,
    RemarkKind,
    Sentence,
    Span,
    Support,
)

# A sentence is supported when this share of its content words stands in the quotation, and
# partly supported from the lower share on. Chosen on pairs made by eval/verification.
COVERED = 0.6
PARTLY_COVERED = 0.35
# A quotation is at most so many sentences in a row; a shorter one is preferred where it covers
# nearly as much.
WINDOW = 3
ALIKE = 0.5
LONGER_GAIN = 0.08

NOT_QUOTED = Remark(RemarkKind.NOT_QUOTED)
NOT_CITED = Remark(RemarkKind.NOT_CITED)

Source = Callable[[str], Document]
"""A document by its name."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a sentence compares with a quotation: the verdict, what failed, None for nothing, and
    the share of the sentence's content words that the quotation covers."""

    support: Support
    reason: Remark | None
    covered: float

    @property
    def kind(self) -> str:
        """The name of what failed, empty for nothing."""
        return "" if self.reason is None else self.reason.kind.value


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a sentence states."""

    folded: str
    squeezed: str
    content: frozenset[str]
    values: Values


def verify(claim: Claim, passages: Sequence[Passage], source: Source) -> Sentence:
    """The claim with the quotation that it rests on: in the passages that it cites, else moved
    to another that supports it by the same checks. Without either it is partly supported or
    unsupported, and keeps the quotation that came nearest among those that it cites."""
    by_rank = {passage.rank: passage for passage in passages}
    cited = [by_rank[rank] for rank in dict.fromkeys(claim.cited) if rank in by_rank]
    quotes = [(passage, span) for passage in cited if (span := locate(claim.text, passage))]
    if quotes:
        citations = tuple(_cite(passage, span, source) for passage, span in quotes)
        return Sentence(claim.text, Support.SUPPORTED, None, citations)
    near = [_nearest(claim.text, passage) for passage in cited]
    if any(found.check.support is Support.SUPPORTED for found in near):
        kept = [found for found in near if found.check.support is Support.SUPPORTED]
        return _sentence(claim, kept, None, source)
    others = [passage for passage in passages if passage not in cited]
    for passage in others:
        span = locate(claim.text, passage)
        if span:
            citation = _cite(passage, span, source)
            return Sentence(
                claim.text, Support.SUPPORTED, NOT_CITED if cited else None, (citation,)
            )
    moved = [_nearest(claim.text, passage) for passage in others]
    supporting = [found for found in moved if found.check.support is Support.SUPPORTED]
    if supporting:
        return _sentence(claim, supporting[:1], NOT_CITED if cited else None, source)
    best = max(
        near, key=lambda f: (f.check.support is Support.PARTLY, f.check.covered), default=None
    )
    if best is None or best.check.support is Support.UNSUPPORTED:
        reason = best.check.reason if best else NOT_QUOTED
        return Sentence(claim.text, Support.UNSUPPORTED, reason, ())
    citation = _cite(best.passage, best.span, source)
    return Sentence(claim.text, Support.PARTLY, best.check.reason, (citation,))


def check(text: str, quote: str, around: str = "", year: int | None = None) -> Check:
    """Holds a sentence against a quotation. `around` is what else may name what both are about
    (the rest of the passage, its headings, its document's title); `year` the document's year.

    >>> check("增长了三成。", "产量增长30%。").support.value
    'supported'
    >>> check("增长了四成。", "产量增长30%。").kind
    'number'
    """
    claim = _facts(text, year)
    told = _facts(quote, year)
    wider = _facts(around, year)
    covered = _coverage(claim, told, wider)
    for reason in _contradictions(claim, told, wider, year):
        return Check(Support.UNSUPPORTED, reason, covered)
    missing = _missing_names(claim, told, wider)
    if missing:
        support = Support.PARTLY if covered >= COVERED else Support.UNSUPPORTED
        return Check(support, Remark(RemarkKind.NAME, tuple(missing)), covered)
    if covered >= COVERED:
        return Check(Support.SUPPORTED, None, covered)
    support = Support.PARTLY if covered >= PARTLY_COVERED else Support.UNSUPPORTED
    return Check(support, Remark(RemarkKind.COVERAGE, (f"{covered:.0%}",)), covered)


@lru_cache(4096)
def _facts(text: str, year: int | None) -> _Facts:
    folded = fold(text)
    found = values(text, year)
    figures = " ".join([*(n.text for n in found.numbers), *(d.text for d in found.dates)])
    content = frozenset(
        word
        for word in words(text, parts=False)
        if len(word) > 1
        and not word[0].isdigit()
        and word not in STOP_WORDS
        and word not in figures
    )
    return _Facts(folded, "".join(folded.split()), content, found)


def _coverage(claim: _Facts, told: _Facts, wider: _Facts) -> float:
    """The share of the claim's content words in the quotation; one that only stands around it
    counts half. 1 for a sentence without content words."""
    if not claim.content:
        return 1.0
    score = sum(
        1.0 if word in told.squeezed else 0.5 if word in wider.squeezed else 0.0
        for word in claim.content
    )
    return score / len(claim.content)


def _contradictions(
    claim: _Facts, told: _Facts, wider: _Facts, year: int | None
) -> Iterator[Remark]:
    """What the quotation does not say or says otherwise, worst first."""
    for number in claim.values.numbers:
        if not any(number.same(other) for other in told.values.numbers):
            yield Remark(RemarkKind.NUMBER, (number.text,))
    years = _years(told) or (_years(wider) | ({year} if year is not None else frozenset()))
    dates = (*told.values.dates, *wider.values.dates)
    for date in claim.values.dates:
        if not any(date.within(other, years) for other in dates) and not _only_year(date, years):
            yield Remark(RemarkKind.DATE, (date.text,))
    for term in claim.values.quoted:
        if term not in told.squeezed and term not in wider.squeezed:
            yield Remark(RemarkKind.QUOTED, (term,))
    if _turned(claim, told):
        yield Remark(RemarkKind.DIRECTION)
    word = _reversed(claim, told)
    if word:
        yield Remark(RemarkKind.NEGATION, (word,))


def _years(facts: _Facts) -> frozenset[int]:
    return frozenset(date.year for date in facts.values.dates if date.year is not None)


def _only_year(date: Period, years: frozenset[int]) -> bool:
    return date.month is None and date.part is None and date.year in years


def _turned(claim: _Facts, told: _Facts) -> bool:
    """Whether a rise in the claim is a fall in the quotation, or the other way round: in clauses
    that share a figure, or that are alike but for the words of direction."""
    for own in _clauses(claim.folded):
        for other in _clauses(told.folded):
            if _same_figure(own, other) and _opposite(directions(own), directions(other)):
                return True
            if _alike(own, other) and _opposite(
                frozenset(side for side, word in direction_words(own) if word not in other),
                frozenset(side for side, word in direction_words(other) if word not in own),
            ):
                return True
    return False


def _same_figure(own: str, other: str) -> bool:
    mine, theirs = values(own).numbers, values(other).numbers
    return any(a.same(b) for a in mine for b in theirs)


def _opposite(own: frozenset[str], other: frozenset[str]) -> bool:
    return len(own) == 1 and len(other) == 1 and own != other


def _alike(own: str, other: str) -> bool:
    """Whether most pairs of characters of one clause stand in the other."""
    pairs = {own[i : i + 2] for i in range(len(own) - 1)}
    return bool(pairs) and sum(pair in other for pair in pairs) >= ALIKE * len(pairs)


def _clauses(folded: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for i, character in enumerate(folded):
        thousands = (
            character == "," and folded[i - 1 : i].isdigit() and folded[i + 1 : i + 2].isdigit()
        )
        if character in ",;。!?、:" and not thousands:
            parts.append(folded[start:i])
            start = i + 1
    parts.append(folded[start:])
    return [part for part in parts if part.strip()]


def _reversed(claim: _Facts, told: _Facts) -> str | None:
    """A content word that stands negated on one side only."""
    for word in sorted(claim.content):
        own, other = negated(claim.squeezed, word), negated(told.squeezed, word)
        if len(own) == 1 and len(other) == 1 and own != other:
            return word
    return None


def _missing_names(claim: _Facts, told: _Facts, wider: _Facts) -> list[str]:
    return [
        name
        for name in claim.values.names
        if name not in told.squeezed and name not in wider.squeezed
    ]


@dataclass(frozen=True, slots=True)
class _Near:
    """The part of a passage that comes nearest to a claim."""

    passage: Passage
    span: Span
    check: Check


def _nearest(text: str, passage: Passage) -> _Near:
    """The best quotation of at most `WINDOW` sentences: by verdict, then coverage; a longer one
    must gain `LONGER_GAIN` over a shorter one."""
    spans = sentences(passage.text) or [Span(0, len(passage.text))]
    around = "\n".join((*passage.above, passage.text))
    year = int(passage.date[:4]) if passage.date else None
    best: tuple[float, _Near] | None = None
    for size in range(1, WINDOW + 1):
        for start in range(len(spans) - size + 1):
            span = Span(spans[start].start, spans[start + size - 1].end)
            found = check(text, span.of(passage.text), around, year)
            rank = _WORTH[found.support] + found.covered - LONGER_GAIN * (size - 1)
            if best is None or rank > best[0]:
                place = Span(passage.span.start + span.start, passage.span.start + span.end)
                best = (rank, _Near(passage, place, found))
    assert best is not None  # there is at least one span
    return best[1]


_WORTH = {Support.SUPPORTED: 2.0, Support.PARTLY: 1.0, Support.UNSUPPORTED: 0.0}


def _sentence(
    claim: Claim, found: Sequence[_Near], reason: Remark | None, source: Source
) -> Sentence:
    citations = tuple(_cite(near.passage, near.span, source) for near in found)
    return Sentence(claim.text, Support.SUPPORTED, reason, citations)


def locate(sentence: str, passage: Passage) -> Span | None:
    """Where `sentence` stands in the passage, as a span of the document's text; compared folded
    and without white space. None where it does not, or is empty."""
    wanted = squeeze(sentence)
    if not wanted:
        return None
    folded = fold_aligned(passage.text)
    kept = [i for i, character in enumerate(folded.text) if not character.isspace()]
    squeezed = "".join(folded.text[i] for i in kept)
    at = squeezed.find(wanted)
    if at < 0:
        return None
    start = int(folded.offsets[kept[at]])
    last = int(folded.offsets[kept[at + len(wanted) - 1]])
    return Span(passage.span.start + start, passage.span.start + last + 1)


def _cite(passage: Passage, span: Span, source: Source) -> Citation:
    document = source(passage.document)
    inside = document.blocks_of(span)
    lines = [block.lines for block in inside if block.lines]
    return Citation(
        n=passage.rank,
        document=passage.document,
        title=passage.title,
        page=inside[0].page if inside else passage.page,
        lines=(lines[0][0], lines[-1][1]) if lines else passage.lines,
        span=span,
        quote=span.of(document.text),
        source=document.pieces(span) if document.source is not None else None,
    )
