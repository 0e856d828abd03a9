"""The values by themselves."""

from __future__ import annotations

from rag.types import Block, BlockKind, Document, Span


def test_the_blocks_of_a_span_are_those_that_overlap_it() -> None:
    spans = [Span(0, 4), Span(5, 9), Span(9, 12), Span(14, 20)]
    blocks = tuple(Block(span, BlockKind.PARAGRAPH, (), None, None) for span in spans)
    document = Document("0" * 64, "a", "a", "a", None, False, "x" * 20, blocks, (), None)
    for start in range(21):
        for end in range(start, 21):
            span = Span(start, end)
            expected = tuple(block for block in blocks if block.span.overlaps(span))
            assert document.blocks_of(span) == expected, span
