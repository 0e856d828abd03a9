"""What stands before and after a passage in its document."""

from __future__ import annotations

from typing import Any

from rag.types import Document, Span

DEFAULT_AROUND = 300
MAX_AROUND = 5_000


def widened(document: Document, span: Span, around: int) -> Span:
    """`span` with `around` characters of the text on both sides, and as many again where that
    makes the paragraphs at its ends whole.

    Raises:
        IndexError: the document has no such characters.
    """
    length = len(document.text)
    if span.end > length:
        raise IndexError(
            f"{document.name} has no characters {span.start} to {span.end}; it has {length:,}"
        )
    start, end = max(0, span.start - around), min(length, span.end + around)
    for block in document.blocks:
        if block.span.start < start < block.span.end:
            start = max(block.span.start, start - around)
        if block.span.start < end < block.span.end:
            end = min(block.span.end, end + around)
    return Span(start, end)


def neighbours_json(document: Document, span: Span, around: int = DEFAULT_AROUND) -> dict[str, Any]:
    """The text of `span`, and what stands `before` and `after` it.

    Raises:
        IndexError: the document has no such characters.
    """
    wide = widened(document, span, around)
    return {
        "document": document.name,
        "title": document.title,
        "date": document.date,
        "date_inferred": document.date_inferred,
        "characters": len(document.text),
        "start": span.start,
        "end": span.end,
        "before": document.text[wide.start : span.start],
        "text": span.of(document.text),
        "after": document.text[span.end : wide.end],
    }
