"""Claims into sentences with citations. It alone decides which quotations a sentence rests on.

No model of language judges: `facts` says what a sentence states, `alignment` where the passages say
it, `verdict` whether that supports it. Here is which passages are asked, and what is quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rag.answering.facts import facts
from rag.answering.lines import Line, lines_of, year_of
from rag.answering.meta import is_lead_in, without_remarks
from rag.answering.verdict import Verdict, judge
from rag.text.fold import fold_aligned, squeeze
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

# So many of the passages that a claim does not cite are asked, those with most of its words.
OTHERS = 4
# What another passage than the cited ones must say this surely.
SURE, TOGETHER = 0.6, 0.8
_CONTRADICTIONS = (
    RemarkKind.DIRECTION, RemarkKind.NEGATION, RemarkKind.CERTAINTY, RemarkKind.SCOPE,
    RemarkKind.NEGATED,
)  # fmt: skip
NOT_QUOTED = Remark(RemarkKind.NOT_QUOTED)
NOT_CITED = Remark(RemarkKind.NOT_CITED)

Source = Callable[[str], Document]
"""A document by its name."""


def verify(claim: Claim, passages: Sequence[Passage], source: Source) -> Sentence:
    """The claim with the quotations that it rests on: in the passages that it cites, else moved
    to others that support it by the same checks. Without any it is partly supported or
    unsupported, and keeps the quotations that came nearest among those that it cites. What claims
    nothing has the support `NONE`."""
    text = without_remarks(claim.text)
    if not text.strip():
        return Sentence(claim.text, Support.NONE, None, ())
    by_rank = {passage.rank: passage for passage in passages}
    cited = [by_rank[rank] for rank in dict.fromkeys(claim.cited) if rank in by_rank]
    quoted = _word_for_word(text, cited)
    if quoted:
        return _sentence(claim, Support.SUPPORTED, None, quoted, source)
    verdict, moved = _verdict(text, cited, passages)
    if is_lead_in(claim.text) and not _fails(verdict, text):
        return Sentence(claim.text, Support.NONE, None, ())
    spans = list(_spans(verdict.lines))
    if verdict.support is Support.SUPPORTED:
        reason = NOT_CITED if moved and cited else None
        return _sentence(claim, Support.SUPPORTED, reason, spans, source)
    if verdict.support is Support.PARTLY and cited:
        return _sentence(claim, Support.PARTLY, verdict.reason, spans, source)
    reason = verdict.reason if cited else NOT_QUOTED
    return Sentence(claim.text, Support.UNSUPPORTED, reason, ())


def _verdict(
    text: str, cited: Sequence[Passage], passages: Sequence[Passage]
) -> tuple[Verdict, bool]:
    """The verdict by the cited passages, else by others, alone or beside them, and whether others
    decided."""
    own = _judged(text, cited) if cited else None
    if own is not None and (own.support is Support.SUPPORTED or _contradicted(own)):
        return own, False
    others = _likely(text, [passage for passage in passages if passage not in cited])
    for passage in others:
        found = _judged(text, [passage])
        if found.support is Support.SUPPORTED and found.probability >= (SURE if cited else 0.0):
            return found, True
    for passage in others[:2]:
        found = _judged(text, [*cited, passage] if cited else others[:2])
        if found.support is Support.SUPPORTED and found.probability >= TOGETHER:
            return found, True
        if not cited:
            break
    if own is None:
        own = _judged(text, others[:1])
    return own, False


def _contradicted(verdict: Verdict) -> bool:
    """Whether what is cited says it otherwise: then no other passage is asked to say it."""
    reason = verdict.reason
    if reason is None:
        return False
    said_otherwise = reason.kind in _CONTRADICTIONS or (
        reason.kind in (RemarkKind.NUMBER, RemarkKind.DATE) and len(reason.values) > 1
    )
    return said_otherwise and verdict.probability >= SURE


def _judged(text: str, passages: Sequence[Passage]) -> Verdict:
    years = {year_of(passage) for passage in passages} - {None}
    verdicts = [judge(text, passages, year) for year in sorted(filter(None, years))[:2] or (None,)]
    return max(verdicts, key=lambda found: (found.support is Support.SUPPORTED, found.probability))


def _likely(text: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages that have most of the claim's words and digits, best first."""
    claim = facts(text)
    words = [*claim.words, *(q.text for c in claim.clauses for q in c.quantities)]
    scored = []
    for passage in passages:
        whole = squeeze(passage.text)
        score = sum(word in whole for word in words)
        if score:
            scored.append((score, passage))
    scored.sort(key=lambda one: -one[0])
    return [passage for _, passage in scored[:OTHERS]]


def _fails(verdict: Verdict, text: str) -> bool:
    """Whether a lead-in or closing states figures that no passage gives."""
    stated = any(clause.quantities or clause.periods for clause in facts(text).clauses)
    failing = (RemarkKind.NUMBER, RemarkKind.DATE, RemarkKind.DIRECTION, RemarkKind.NEGATION)
    return stated and verdict.reason is not None and verdict.reason.kind in failing


def _word_for_word(text: str, cited: Sequence[Passage]) -> list[tuple[Passage, Span]]:
    """Where a claim stands as it is; a bare figure proves nothing, a row of a table does."""
    if not facts(text).words and "\t" not in text.strip():
        return []
    return [(passage, span) for passage in cited if (span := locate(text, passage))]


def _spans(lines: Sequence[Line]) -> Iterator[tuple[Passage, Span]]:
    """The lines as spans of their documents, successive ones of a passage as one, in the order of
    the first line of each passage."""
    by_passage: dict[Passage, list[Line]] = {}
    for line in lines:
        by_passage.setdefault(line.passage, []).append(line)
    for passage, chosen in by_passage.items():
        every = lines_of(passage)
        run: Span | None = None
        for line in sorted(chosen, key=lambda one: one.span):
            follows = run is not None and not any(
                run.end <= other.span.start and other.span.end <= line.span.start for other in every
            )
            if run is not None and follows:
                run = Span(run.start, line.span.end)
                continue
            if run is not None:
                yield passage, _placed(passage, run)
            run = line.span
        if run is not None:
            yield passage, _placed(passage, run)


def _placed(passage: Passage, span: Span) -> Span:
    return Span(passage.span.start + span.start, passage.span.start + span.end)


def _sentence(
    claim: Claim,
    support: Support,
    reason: Remark | None,
    quotes: Sequence[tuple[Passage, Span]],
    source: Source,
) -> Sentence:
    citations = tuple(_cite(passage, span, source) for passage, span in quotes)
    return Sentence(claim.text, support, reason, citations)


def locate(sentence: str, passage: Passage) -> Span | None:
    """Where `sentence` stands in the passage, as a span of the document's text; compared folded
    and without white space, its last mark as far as it is there. None where it does not stand
    there, or is empty."""
    wanted = squeeze(sentence)
    core = wanted.rstrip("。.；;")
    if not core:
        return None
    folded = fold_aligned(passage.text)
    kept = [i for i, character in enumerate(folded.text) if not character.isspace()]
    squeezed = "".join(folded.text[i] for i in kept)
    if wanted not in squeezed:
        wanted = core
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
