"""Lines into fragments: paragraphs with the page's line breaks undone, side matter put after
the paragraph that it interrupted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from rag.documents.grids import Placed, joined
from rag.documents.hyphens import Joint, joint
from rag.documents.plain_tables import PlainTable, cells_of, plain_tables
from rag.reading.furniture import Furniture
from rag.reading.layout import Layout, goes_on, narrow_columns
from rag.reading.lines import Line
from rag.reading.outline import (
    NO_HEADING,
    heading_rank,
    is_byline,
    is_caption,
    is_source_note,
    is_table_title,
    starts_item,
)
from rag.text.fold import squeeze
from rag.types import PageBox

_FOOTNOTE = re.compile(r"^(?:\d{1,2}\s+\S|[①-⑳]\s*\S|\[\d{1,2}\]\s*\S)")
_MOST_TABS = 20  # for cells that a row does not have
_LATIN_END = re.compile(r"[A-Za-z0-9,.;:%)\"'’”]$")
_LATIN_START = re.compile(r"^[A-Za-z0-9(\"'“‘]")


class Role(Enum):
    """What a fragment is, before the headings around it are known."""

    BODY = "body"
    CAPTION = "caption"
    NOTE = "note"
    BYLINE = "byline"
    TABLE_TITLE = "table title"
    ROW = "row"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` stands at `start` in the source; `joint` is put before it: nothing or a space."""

    start: int
    text: str
    joint: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A paragraph, heading, row, caption … before the outline is known.

    `lines` is None in a file without a text of its own, `page` where there are no pages.
    `rank` is the rank of a heading that the file itself marks as one, by a style or the size
    of its type, or `NO_HEADING`; None where only the words can tell. `table` numbers the
    table that a row belongs to. `boxes` are its places on pages, where they are known.
    `label` is a number that is shown before it but is counted, not written in the file. `cells`
    are those of a row, where they are not what stands between its tabs. `by_ocr` tells that it
    was read from a picture.
    """

    role: Role
    pieces: tuple[Piece, ...]
    lines: tuple[int, int] | None
    page: int | None
    rank: int | None = None
    table: int | None = None
    boxes: tuple[PageBox, ...] = ()
    label: str = ""
    by_ocr: bool = False
    cells: tuple[Placed, ...] = ()

    @property
    def text(self) -> str:
        """The pieces joined: what the document will hold."""
        return "".join(piece.joint + piece.text for piece in self.pieces)


def written(
    role: Role,
    text: str,
    page: int | None = None,
    *,
    rank: int | None = None,
    table: int | None = None,
    boxes: Sequence[PageBox] = (),
) -> Fragment:
    """A fragment of a file without a text of its own."""
    return Fragment(role, (Piece(0, text, ""),), None, page, rank, table, tuple(boxes))


def written_row(
    cells: Sequence[tuple[str, Placed]], table: int, page: int | None = None
) -> Fragment:
    """A row of a table in a file without a text of its own: words and place of each cell; where
    they stand in the text is set here. Empty cells may be left out."""
    row = joined(cells)
    return replace(written(Role.ROW, row.text, page, table=table), cells=row.cells)


def sourced_row(
    cells: Sequence[tuple[Sequence[Piece], Placed]],
    line: Line | tuple[int, int],
    table: int | None = None,
) -> Fragment:
    """A row of a table in a file with a text of its own: the pieces and the place of each cell,
    empty ones left out; where they stand in the row's text is set here. `line` is the row's, or
    its first and last."""
    pieces: list[Piece] = []
    placed: list[Placed] = []
    position = tabs = 0
    for own, cell in cells:
        if not own:
            continue
        more = min(max(bool(pieces), cell.column - tabs), _MOST_TABS)
        tabs += more
        start = position + more
        pieces.append(replace(own[0], joint="\t" * more))
        pieces += own[1:]
        position = start + len(own[0].text) + sum(len(p.joint) + len(p.text) for p in own[1:])
        placed.append(replace(cell, start=start, end=position))
    page = line.page if isinstance(line, Line) else None
    lines = (line.number, line.number) if isinstance(line, Line) else line
    return Fragment(Role.ROW, tuple(pieces), lines, page, table=table, cells=tuple(placed))


def decided(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Where a file marks some headings, what it does not mark is none, whatever it looks like."""
    if not any(fragment.rank is not None for fragment in fragments):
        return list(fragments)
    return [
        replace(fragment, rank=NO_HEADING)
        if fragment.rank is None and fragment.role in (Role.BODY, Role.ITEM)
        else fragment
        for fragment in fragments
    ]


def fragment(role: Role, lines: Sequence[Line]) -> Fragment:
    """The lines of one paragraph as a fragment; a word hyphenated at a line end is made whole."""
    pieces: list[Piece] = []
    for line in lines:
        between = ""
        if pieces:
            before = pieces[-1]
            how = joint(before.text, line.text)
            if how is Joint.WORD_BROKEN:
                pieces[-1] = Piece(before.start, before.text[:-1], before.joint)
            elif how is Joint.APART and (
                _LATIN_END.search(before.text) and _LATIN_START.match(line.text)
            ):
                between = " "
        pieces.append(Piece(line.start, line.text, between))
    return Fragment(role, tuple(pieces), (lines[0].number, lines[-1].number), lines[0].page)


class _Flow:
    """The paragraph that is open, and the side matter that waits for its end."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.done: list[Fragment] = []
        self.open: list[Line] = []
        self.waiting: list[Fragment] = []
        self.tables = 0

    def close(self) -> None:
        if self.open:
            self.done.append(fragment(Role.BODY, self.open))
        self.done.extend(self.waiting)
        self.open, self.waiting = [], []

    def put(self, role: Role, lines: Sequence[Line]) -> None:
        """A fragment of its own, after the open paragraph."""
        self.close()
        self.done.append(fragment(role, lines))

    def table(self, table: PlainTable) -> None:
        """The rows of a table, after the open paragraph."""
        self.close()
        self.tables += 1
        for row in table.rows:
            cells = [([Piece(start, words, "")], cell) for start, words, cell in cells_of(row)]
            self.done.append(sourced_row(cells, row.lines, self.tables))

    def side(self, role: Role, lines: Sequence[Line]) -> None:
        """Side matter: it waits while the open paragraph is not complete."""
        if self.open and not self.complete():
            self.waiting.append(fragment(role, lines))
        else:
            self.put(role, lines)

    def complete(self) -> bool:
        last = self.open[-1]
        if self.layout.marked:
            return last.trailing and (last.terminal or not self.layout.is_full(last))
        return last.terminal or (len(self.open) == 1 and len(last.text) < 20)


def fragments(lines: Sequence[Line], layout: Layout, furniture: Furniture) -> list[Fragment]:
    """All of `lines` but the furniture, as fragments in reading order."""
    flow = _Flow(layout)
    narrow = narrow_columns(lines, layout)
    captions = _caption_groups(lines, layout)
    kept = [i for i in range(len(lines)) if i not in furniture.positions]
    tables = plain_tables([lines[i] for i in kept])
    at = 0
    while at < len(kept):
        i = kept[at]
        line = lines[i]
        if at in tables:
            flow.table(tables[at])
            at = tables[at].end
            continue
        role, size = _side_matter(lines, kept, at, layout, captions)
        if role is not None:
            group = [lines[j] for j in kept[at : at + size]]
            flow.side(role, group) if role is not Role.BYLINE else flow.put(role, group)
            at += size
            continue
        if is_table_title(line.text) and not (flow.open and not flow.complete()):
            flow.put(Role.TABLE_TITLE, [line])
        elif is_table_title(line.text):
            flow.side(Role.CAPTION, [line])
        elif flow.open and _joins(flow.open[-1], line, layout, furniture, i in narrow):
            flow.open.append(line)
        else:
            flow.close()
            flow.open = [line]
        at += 1
    flow.close()
    return flow.done


def _joins(first: Line, second: Line, layout: Layout, furniture: Furniture, narrow: bool) -> bool:
    if not layout.marked:
        if heading_rank(second.text) is not None or starts_item(second.text):
            return False
        if first.trailing and second.indented and layout.width:
            return False
        if heading_rank(first.text) is not None and not layout.is_full(first):
            return False
        if furniture.titles and (
            squeeze(first.text) in furniture.titles or squeeze(second.text) in furniture.titles
        ):
            return False
    return goes_on(first, second, layout, narrow=narrow)


def _caption_groups(lines: Sequence[Line], layout: Layout) -> frozenset[int]:
    """Positions of lines set tight around a photo credit, in a text set with blank lines."""
    found: set[int] = set()
    if layout.gap == 0:
        return frozenset()
    for i, line in enumerate(lines):
        if is_caption(line.text):
            found.add(i)
            j = i
            while j > 0 and lines[j].gap == 0 and i - j < 4:
                j -= 1
                found.add(j)
    return frozenset(found)


def _side_matter(
    lines: Sequence[Line], kept: Sequence[int], at: int, layout: Layout, captions: frozenset[int]
) -> tuple[Role | None, int]:
    """What kind of side matter starts at `kept[at]`, and how many lines it takes."""
    line = lines[kept[at]]
    if line.ruled and _FOOTNOTE.match(line.text):
        return Role.NOTE, _until_page(lines, kept, at, layout)
    if kept[at] in captions:
        size = 1
        for i in kept[at + 1 :]:
            if i not in captions or lines[i].gap:
                break
            size += 1
        return Role.CAPTION, size
    if is_byline(line.text):
        return Role.BYLINE, 1
    if is_source_note(line.text):
        size = 1
        while at + size < len(kept) and size < 6:
            last, following = lines[kept[at + size - 1]], lines[kept[at + size]]
            tight = layout.marked or following.gap < layout.gap
            if not tight or layout.is_break(following) or not goes_on(last, following, layout):
                break
            size += 1
        return Role.NOTE, size if layout.width else 1
    return None, 0


def _until_page(lines: Sequence[Line], kept: Sequence[int], at: int, layout: Layout) -> int:
    """Footnotes stand at the foot of a page: they end where the next page starts."""
    size = 1
    while at + size < len(kept) and size < 20:
        following = lines[kept[at + size]]
        if following.indented or layout.is_break(following):
            break
        size += 1
    return size
