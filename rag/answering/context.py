"""Hits into numbered passages: everything that a page or a prompt needs to show them."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.retrieve import Found
from rag.retrieval.cell_fit import CellFit
from rag.types import Passage


def number_passages(found: Sequence[Found], fit: CellFit) -> tuple[Passage, ...]:
    """Passages in the order of `found`, ranked from 1 without gaps; cells by their `fit`."""
    return tuple(
        Passage(
            rank=rank,
            score=item.hit.score,
            document_id=item.document.id,
            document=item.document.name,
            title=item.document.title,
            date=item.document.date,
            date_inferred=item.document.date_inferred,
            headings=item.hit.chunk.headings,
            page=item.hit.chunk.page,
            lines=item.hit.chunk.lines,
            span=item.hit.chunk.span,
            text=item.hit.chunk.text,
            lead=item.hit.chunk.lead,
            also=item.also,
            parts=item.hit.parts,
            publisher=item.document.publisher,
            cells=fit.ordered(item.hit.chunk.cells),
        )
        for rank, item in enumerate(found, 1)
    )
