"""Drafts into a document's text, blocks and the way back to the source."""

from __future__ import annotations

from collections.abc import Sequence

from rag.documents.tables import tables_of
from rag.reading.blocks import Draft
from rag.text.fold import squeeze
from rag.types import Block, BlockKind, Run, Span, Table

_MAY_REPEAT = {BlockKind.HEADING, BlockKind.TITLE, BlockKind.TABLE_ROW}


def assemble(
    drafts: Sequence[Draft], *, paged: bool
) -> tuple[str, tuple[Block, ...], tuple[Run, ...], tuple[Table, ...]]:
    """Text, blocks, origin and tables. Blocks are separated by a line break; a paragraph that
    stands in the document a second time is left out, its lines noted on the first."""
    first: dict[str, int] = {}
    repeats: dict[int, list[tuple[int, int]]] = {}
    kept: list[Draft] = []
    for draft in drafts:
        key = squeeze(draft.fragment.text)
        if not key:
            continue
        if draft.kind not in _MAY_REPEAT and key in first:
            if draft.fragment.lines:
                repeats.setdefault(first[key], []).append(draft.fragment.lines)
            continue
        first.setdefault(key, len(kept))
        kept.append(draft)
    parts: list[str] = []
    blocks: list[Block] = []
    runs: list[Run] = []
    position = 0
    for i, draft in enumerate(kept):
        if parts:
            parts.append("\n")
            position += 1
        start = position
        for piece in draft.fragment.pieces:
            position += len(piece.joint)
            runs.append(Run(position, piece.start, len(piece.text)))
            parts += [piece.joint, piece.text]
            position += len(piece.text)
        blocks.append(
            Block(
                span=Span(start, position),
                kind=draft.kind,
                headings=draft.headings,
                page=draft.fragment.page if paged else None,
                lines=draft.fragment.lines,
                lead=draft.lead,
                repeats=tuple(repeats.get(i, ())),
            )
        )
    return "".join(parts), tuple(blocks), tuple(_joined(runs)), _tables(kept, blocks)


def _tables(drafts: Sequence[Draft], blocks: Sequence[Block]) -> tuple[Table, ...]:
    """The tables of these drafts, each of which became a block."""
    rows = [(draft.place, block.span.start) for draft, block in zip(drafts, blocks, strict=True)]
    return tables_of(rows, [block.page for block in blocks])


def write_out(drafts: Sequence[Draft]) -> tuple[str, tuple[Block, ...], tuple[Table, ...]]:
    """Text, blocks and tables of a file without a text of its own: every draft is kept, blocks know
    their page and their place on it, and no lines."""
    parts: list[str] = []
    blocks: list[Block] = []
    position = 0
    kept = [draft for draft in drafts if draft.fragment.text.strip()]
    for draft in kept:
        text = draft.fragment.text
        start = position + (1 if parts else 0)
        position = start + len(text)
        blocks.append(
            Block(
                Span(start, position), draft.kind, draft.headings, draft.fragment.page,
                lead=draft.lead, boxes=draft.fragment.boxes, by_ocr=draft.fragment.by_ocr,
            )
        )  # fmt: skip
        parts.append(text)
    return "\n".join(parts), tuple(blocks), _tables(kept, blocks)


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Runs that go on in text and source alike, as one."""
    joined: list[Run] = []
    for run in runs:
        if run.length == 0:
            continue
        last = joined[-1] if joined else None
        if (
            last
            and last.start + last.length == run.start
            and last.source + last.length == run.source
        ):
            joined[-1] = Run(last.start, last.source, last.length + run.length)
        else:
            joined.append(run)
    return joined
