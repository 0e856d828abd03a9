"""Claims into sentences with citations. It alone decides which quotation a sentence rests on.

Now it knows one proof: the claim stands word for word in the passage that it cites, or else in
another. Whatever does not is unsupported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.text.fold import fold_aligned, squeeze
from rag.types import Citation, Claim, Document, Passage, Sentence, Span, Support

NOT_QUOTED = "the sentence does not stand in the passages"
NOT_CITED = "the sentence stands in another passage than the one cited"

Source = Callable[[str], Document]
"""A document by its name."""


def verify(claim: Claim, passages: Sequence[Passage], source: Source) -> Sentence:
    """The claim with the quotations that it rests on: found in the passages that it cites, else
    moved to the best-ranked one that holds it."""
    by_rank = {passage.rank: passage for passage in passages}
    cited = [by_rank[rank] for rank in dict.fromkeys(claim.cited) if rank in by_rank]
    quotes = [(passage, span) for passage in cited if (span := locate(claim.text, passage))]
    if quotes:
        citations = tuple(_cite(passage, span, source) for passage, span in quotes)
        return Sentence(claim.text, Support.SUPPORTED, "", citations)
    for passage in passages:
        span = locate(claim.text, passage)
        if span:
            reason = NOT_CITED if cited else ""
            citation = _cite(passage, span, source)
            return Sentence(claim.text, Support.SUPPORTED, reason, (citation,))
    return Sentence(claim.text, Support.UNSUPPORTED, NOT_QUOTED, ())


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
    inside = [b for b in document.blocks if b.span.overlaps(span)]
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
