"""Lines of pages into fragments: paragraphs with the page's line breaks undone, headings by
their number, their size and the file's outline, rows of tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rag.documents.hyphens import Joint, joint
from rag.reading.flow import Fragment, Role, written
from rag.reading.lines import ends_sentence
from rag.reading.outline import (
    heading_rank,
    is_caption,
    is_source_note,
    is_table_title,
    starts_item,
)
from rag.reading.paged.headings import (
    LARGER,
    MUCH_LARGER,
    SMALLER,
    is_numbered,
    level_of,
    rank_of,
)
from rag.reading.paged.places import merged, places
from rag.reading.paged.stretches import join
from rag.reading.paged.typeset import (
    WIDER_GAP,
    Type,
    block_edges,
    same_size,
    usual_type,
    with_usual_edges,
)
from rag.reading.paged.values import Bookmark, Line
from rag.text.fold import squeeze

# Shares of the size of the type; of the page.
_INDENT = 0.8
_ROOM = 2.0
_FOOT = 0.7
_RIGHT = 0.5

_FOOTNOTE = re.compile(r"^(?:\d{1,2}\s*[\u4e00-\u9fffA-Z]|[①-⑳*＊†]|\[\d{1,2}\])")
_FOREIGN_CAPTION = re.compile(r"(?:Fig|Figure|Tab|Table)\.?\s?\d{1,3}[.:\s]")
_LABELLED = re.compile(r"[\u4e00-\u9fff]{2,6}[：:]")
_REFERENCE = re.compile(r"\[\d{1,3}\]")
_FIRST_WORD = re.compile(r"[A-Za-z0-9.,%+\-/()]+|.")


@dataclass(slots=True)
class _Flow:
    """The paragraph that is open, and the side matter that waits for its end."""

    type: Type
    levels: dict[tuple[int, str], int]
    done: list[Fragment] = field(default_factory=list)
    open: list[Line] = field(default_factory=list)
    waiting: list[Fragment] = field(default_factory=list)

    def close(self) -> None:
        if self.open:
            self.done.append(self._fragment(self.open))
        self.done += self.waiting
        self.open, self.waiting = [], []

    def put(self, fragment: Fragment, *, side: bool) -> None:
        """A fragment of its own; `side` matter waits while a sentence is open."""
        if side and self.open and not ends_sentence(self.open[-1].text):
            self.waiting.append(fragment)
        else:
            self.close()
            self.done.append(fragment)

    def goes_on(self, line: Line, left: float) -> bool:
        """Whether the open paragraph goes on in `line`, whose block begins at `left`."""
        return _goes_on(self.open, line, left, self.type, aside=bool(self.waiting))

    def note_goes_on(self, last: Line | None, line: Line) -> bool:
        """Puts a line to the note that it goes on, if there is one."""
        notes = self.waiting or self.done
        if last is None or line.alone or last.alone or not notes or notes[-1].role is not Role.NOTE:
            return False
        label = _FOOTNOTE.match(line.text) or _LABELLED.match(line.text)
        above = notes[-1].page == line.page and notes[-1].text.endswith(last.text)
        if label or not above or last.note != line.note:
            return False
        text = join([notes[-1].text, line.text])
        boxes = merged([*notes[-1].boxes, *places([line])])
        notes[-1] = written(Role.NOTE, text, line.page, boxes=boxes)
        return True

    def _fragment(self, lines: Sequence[Line]) -> Fragment:
        text = join([line.text for line in lines])
        level = self.levels.get((lines[0].page, squeeze(text)))
        rank = rank_of(text, lines, self.type) if level is None else level
        return written(Role.BODY, text, lines[0].page, rank=rank, boxes=places(lines))


def fragments(
    pages: Sequence[Sequence[Line]],
    sizes: Sequence[tuple[float, float]],
    bookmarks: Sequence[Bookmark],
) -> list[Fragment]:
    """All lines as fragments in reading order. `sizes` are width and height of the pages."""
    kind = usual_type(pages)
    pages = with_usual_edges(pages, sizes)
    flow = _Flow(kind, {(mark.page, squeeze(mark.title)): level_of(mark) for mark in bookmarks})
    for lines, (_, height) in zip(pages, sizes, strict=True):
        lefts, rights = block_edges(lines, kind)
        for i, line in enumerate(lines):
            role = _role(line, lines[i - 1] if i else None, kind, height, flow)
            if role is Role.BODY:
                if not (flow.open and flow.goes_on(line, lefts[i])):
                    flow.close()
                    flow.open = []
                flow.open.append(replace(line, x0=lefts[i], x1=rights[i]))
            elif not (role is Role.NOTE and flow.note_goes_on(lines[i - 1] if i else None, line)):
                own = written(role, line.text, line.page, table=line.table, boxes=places([line]))
                flow.put(replace(own, cells=line.cells), side=True)
    flow.close()
    return flow.done


def _role(line: Line, last: Line | None, kind: Type, height: float, flow: _Flow) -> Role:
    if line.row:
        return Role.ROW
    if is_table_title(line.text):
        return Role.TABLE_TITLE
    if line.note or _is_note(line, last, kind, height, flow):
        return Role.NOTE
    if is_caption(line.text) or _FOREIGN_CAPTION.match(line.text):
        return Role.CAPTION
    return Role.BODY


def _is_note(line: Line, last: Line | None, kind: Type, height: float, flow: _Flow) -> bool:
    """Whether a line is a remark below a table, or a footnote without a rule above it."""
    if is_source_note(line.text) and not (flow.open and not ends_sentence(flow.open[-1].text)):
        return True
    noted = bool(flow.waiting) and flow.waiting[-1].role is Role.NOTE and last is not None
    small = line.size < SMALLER * kind.size and line.box.y0 > _FOOT * height
    return small and (noted or _FOOTNOTE.match(line.text) is not None)


def _goes_on(
    open_lines: Sequence[Line], line: Line, left: float, kind: Type, *, aside: bool
) -> bool:
    """Whether the paragraph goes on in `line`. The last line of the paragraph carries the edges
    of its block, `left` is the left edge of the next line's; `aside` tells that a table or note
    stands between them."""
    last = open_lines[-1]
    if not same_size(last, line) or _set_right(last):
        return False
    indented = line.box.x0 - left > _INDENT * line.size
    if aside or not _below(last, line):
        return _full(last, line) and not ends_sentence(last.text) and not _is_new(line, indented)
    if line.box.y0 - last.box.y0 > WIDER_GAP * max(kind.pitch, 1.4 * last.size):
        return False
    if last.size >= LARGER * kind.size and is_numbered(open_lines[0].text):
        return _full(last, line) and not is_numbered(line.text)
    if last.size >= MUCH_LARGER * kind.size:
        return not is_numbered(line.text)
    return _text_goes_on(open_lines, line, indented)


def _text_goes_on(open_lines: Sequence[Line], line: Line, indented: bool) -> bool:
    """The same for the next line of running text."""
    last = open_lines[-1]
    if not _full(last, line) or (last.bold != line.bold and len(open_lines) == 1):
        return False
    hanging = line.box.x0 - last.box.x0 > _INDENT * line.size
    if hanging:  # a list item's lines stand behind its mark
        return len(open_lines) == 1 and starts_item(last.text)
    return not _is_new(line, indented)


def _set_right(line: Line) -> bool:
    """Whether a line stands at the right margin by itself, as the unit of a table does."""
    return line.box.x0 - line.x0 > _RIGHT * (line.x1 - line.x0)


def _below(last: Line, line: Line) -> bool:
    """Whether a line stands below the last one in the same column."""
    return (
        last.page == line.page
        and line.box.y0 > last.box.y0
        and min(last.box.x1, line.box.x1) > max(last.box.x0, line.box.x0)
    )


def _full(last: Line, line: Line) -> bool:
    """Whether the line had no room for the first word of the next, or ends with a hyphen."""
    if joint(last.text, line.text) is not Joint.APART:
        return True
    match = _FIRST_WORD.match(line.text)
    word = len(match.group()) if match and match.group().isascii() else 1
    return last.x1 - last.box.x1 <= max(_ROOM * last.size, 0.6 * word * last.size)


def _is_new(line: Line, indented: bool) -> bool:
    """Whether a line begins something new by its form."""
    if heading_rank(line.text) is not None or starts_item(line.text):
        return True
    if _REFERENCE.match(line.text):
        return True
    return indented and not re.match(r"[a-z，。、；：）)]", line.text)
