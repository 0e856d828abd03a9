"""Documents into chunks: whole sentences, inside one section."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.settings import Chunking
from rag.text.sentences import sentences, split_long
from rag.types import Block, BlockKind, Cell, Chunk, Document, Span

# Shares of the target: a chunk may be closed at the end of a paragraph from here on, and a
# paragraph's rest shorter than this is kept with it where the limit allows.
_PARAGRAPH_SHARE = 0.6
_REST_SHARE = 0.3
_CELL_CHARACTERS = 30
_LONGEST_LEAD = 1_000
"""Characters of what may stand above each part of a row that is cut."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of a document in reading order, and how many sentences were too long."""

    chunks: tuple[Chunk, ...]
    split_sentences: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a part of one that is too long: what is never cut again. `rest` counts
    the characters of its block from here on."""

    span: Span
    block: int
    size: int
    rest: int


def chunk_document(document: Document, settings: Chunking) -> Chunks:
    """Cuts a document. Every character of every block stands in exactly one chunk; a heading
    begins the chunk of the text below it."""
    groups, split = _cut(document, settings)
    cells = DocumentCells(document)
    chunks = (
        _chunk(document, group, position, cells.within(_span(group)))
        for position, group in enumerate(groups)
    )
    return Chunks(tuple(chunks), split)


def _cut(document: Document, settings: Chunking) -> tuple[list[list[_Unit]], int]:
    """The units of each chunk, and how many sentences were too long."""
    split = 0
    groups: list[list[_Unit]] = []
    for section in _sections(document.blocks):
        units, longer = _units(document, section, settings.max_characters)
        split += longer
        groups += _pack(units, document, settings)
    return groups, split


def _sections(blocks: Sequence[Block]) -> Iterator[list[int]]:
    """Runs of blocks below the same headings, each with the headings directly above it."""
    run: list[int] = []
    for i, block in enumerate(blocks):
        if (
            run
            and not _is_heading(blocks[run[-1]])
            and (_is_heading(block) or block.headings != blocks[run[-1]].headings)
        ):
            yield run
            run = []
        run.append(i)
    if run:
        yield run


def _is_heading(block: Block) -> bool:
    return block.kind in (BlockKind.HEADING, BlockKind.TITLE)


def _units(document: Document, section: Sequence[int], limit: int) -> tuple[list[_Unit], int]:
    units: list[_Unit] = []
    split = 0
    for i in section:
        span = document.blocks[i].span
        parts: list[Span] = []
        for sentence in sentences(span.of(document.text), span.start):
            if _size(document.text, sentence) > limit:
                row = document.blocks[i].kind is BlockKind.TABLE_ROW
                cells = _between_cells(document.text, sentence, limit) if row else [sentence]
                for part in cells:
                    longer = _size(document.text, part) > limit
                    split += longer
                    parts += split_long(document.text, part, limit) if longer else [part]
            else:
                parts.append(sentence)
        rest = 0
        block_units: list[_Unit] = []
        for part in reversed(parts):
            size = _size(document.text, part)
            rest += size
            block_units.append(_Unit(part, i, size, rest))
        units += reversed(block_units)
    return units, split


def _between_cells(text: str, span: Span, limit: int) -> list[Span]:
    """A row that is too long in parts of at most `limit` characters, as far as its cells allow."""
    parts: list[Span] = []
    start = at = span.start
    for cell in span.of(text).split("\t"):
        end = at + len(cell)
        if end - start > limit and at > start:
            parts.append(Span(start, at - 1))
            start = at
        at = end + 1
    parts.append(Span(start, span.end))
    return [part for part in parts if part.of(text).strip()]


def _size(text: str, span: Span) -> int:
    return len("".join(span.of(text).split()))


def _pack(units: Sequence[_Unit], document: Document, settings: Chunking) -> list[list[_Unit]]:
    """Units in groups of at most the limit, closed at the end of a paragraph where possible."""
    limit = settings.max_characters
    groups: list[list[_Unit]] = []
    group: list[_Unit] = []
    for unit in units:
        size = _total(group)
        full = size + unit.size > limit
        if group and (full or _complete(group[-1], unit, size, document, settings)):
            cut = _row_start(group, unit, document, limit) if full else len(group)
            groups.append(group[:cut])
            group = group[cut:]
        group.append(unit)
    if group:
        groups.append(group)
    return _without_scraps(groups, settings)


def _total(units: Sequence[_Unit]) -> int:
    return sum(unit.size for unit in units)


def _complete(
    last: _Unit, following: _Unit, size: int, document: Document, settings: Chunking
) -> bool:
    """Whether a group that ends with `last` is closed before `following`."""
    target = settings.target_characters
    if last.block != following.block:
        if _belongs(last, following, document):
            return False
        return size >= _PARAGRAPH_SHARE * target
    rest = following.rest
    fits = size + rest <= settings.max_characters
    return size >= target and not (fits and rest < _REST_SHARE * target)


def _belongs(last: _Unit, following: _Unit, document: Document) -> bool:
    """Whether a block belongs to the next one: a cell to its row, a line to its list."""
    before, after = document.blocks[last.block], document.blocks[following.block]
    text = before.span.of(document.text)
    if _is_heading(before):
        return True
    if before.kind is BlockKind.TABLE_ROW and after.kind is BlockKind.TABLE_ROW:
        return len(text) <= _CELL_CHARACTERS and "\t" not in text and not text[0].isdigit()
    return text.endswith(("：", ":"))


def _row_start(group: Sequence[_Unit], unit: _Unit, document: Document, limit: int) -> int:
    """Where to cut a full group: before the cells or headings that belong to `unit`, as far as
    they fit in with it and more than half of the group stays."""
    cut = len(group)
    following = unit
    while (
        cut - 1 > len(group) // 2
        and _belongs(group[cut - 1], following, document)
        and _total(group[cut - 1 :]) + unit.size <= limit
    ):
        cut -= 1
        following = group[cut]
    return cut


def _without_scraps(groups: list[list[_Unit]], settings: Chunking) -> list[list[_Unit]]:
    """A last group that is a mere scrap goes to the one before, where the limit allows."""
    if len(groups) > 1:
        sizes = [_total(group) for group in groups[-2:]]
        if sizes[1] < _REST_SHARE * settings.target_characters and (
            sum(sizes) <= settings.max_characters
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _span(group: Sequence[_Unit]) -> Span:
    return Span(group[0].span.start, group[-1].span.end)


def _lead_of_part(lead: Iterable[str], cells: Sequence[Cell], span: Span) -> dict[str, None]:
    """The lead of a chunk of a part of a row: the header of the columns at hand, and what the row
    is called; where its columns are not labelled, what of the lead is not too long to stand above
    each part."""
    if not cells:
        return dict.fromkeys(part for part in lead if len(part) <= _LONGEST_LEAD)
    above = [part for part in lead if "\t" not in part]
    columns = dict.fromkeys(label.text for cell in cells for label in cell.columns)
    names = dict.fromkeys(label.text for label in cells[0].rows if not label.span.overlaps(span))
    return dict.fromkeys(filter(None, (*above, "\t".join(columns), "\t".join(names))))


class DocumentCells:
    """The cells of a document's tables, by their place."""

    def __init__(self, document: Document) -> None:
        cells = [cell for table in document.tables for cell in table.cells]
        self._cells = sorted(cells, key=lambda cell: cell.span.start)
        self._starts = [cell.span.start for cell in self._cells]

    def within(self, span: Span) -> tuple[Cell, ...]:
        """The cells that lie inside a span."""
        first, last = bisect_left(self._starts, span.start), bisect_left(self._starts, span.end)
        return tuple(cell for cell in self._cells[first:last] if cell.span.end <= span.end)


def _chunk(
    document: Document,
    group: Sequence[_Unit],
    position: int,
    cells: tuple[Cell, ...],
) -> Chunk:
    span = _span(group)
    blocks = [document.blocks[i] for i in dict.fromkeys(unit.block for unit in group)]
    lines = [block.lines for block in blocks if block.lines]
    own = {block.span.of(document.text) for block in blocks}
    lead = dict.fromkeys(part for block in blocks for part in block.lead if part not in own)
    whole = blocks[0].span
    part = span.start > whole.start or span.end < whole.end
    if part and blocks[0].kind is BlockKind.TABLE_ROW:
        lead = _lead_of_part(lead, cells, span)
    return Chunk(
        id=f"{document.id}:{span.start}",
        document_id=document.id,
        position=position,
        span=span,
        text=span.of(document.text),
        lead=tuple(lead),
        headings=next((b.headings for b in blocks if not _is_heading(b)), blocks[0].headings),
        page=blocks[0].page,
        lines=(lines[0][0], lines[-1][1]) if lines else None,
        cells=cells,
    )
