"""Lines of pages into fragments, headings and places, without running heads.

Which paragraphs of a page are headings: by their number, their type and the file's outline.

What a page adds to the text: running heads and feet, page numbers, contents.

Lines of pages into fragments: paragraphs with the page's line breaks undone, headings by
their number, their size and the file's outline, rows of tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor

from rag.documents.fragments import Fragment, Role, contents_title, written
from rag.documents.headings import (
    ARTICLE,
    CHAPTER,
    FIRST,
    FOURTH,
    NO_HEADING,
    PLAIN,
    SECOND,
    SECTION,
    THIRD,
    heading_rank,
    is_caption,
    is_source_note,
    is_table_title,
    starts_item,
)
from rag.documents.layout import Joint, joint
from rag.documents.pdf.characters import (
    WIDER_GAP,
    Bookmark,
    Page,
    PageLine,
    Type,
    block_edges,
    join,
    same_size,
    usual_type,
    with_usual_edges,
)
from rag.text.normalize import squeeze
from rag.text.sentences import ends_sentence
from rag.types import PageBox

# Shares of the usual size.
LARGER = 1.13
MUCH_LARGER = 1.35
SMALLER = 0.92
_LONGEST_HEADING = 60
_LONGEST_BOLD = 40

_NUMBERED = re.compile(r"\d{1,2}((?:\.\d{1,2}){0,3})\.?\s*(?![\d.,%％年月日])\S")
_DECIMAL = re.compile(
    r"\d{1,2}(?:\.\d{1,2}){1,3}\s*[\u4e00-\u9fffA-Z]{2}|\d{1,2}[、．]\s*[\u4e00-\u9fff]{2}"
)
_SECTION = re.compile(r"\d{1,2}\s+[\u4e00-\u9fff][^，。,；：:\d]{1,18}$")


def is_numbered(text: str) -> bool:
    """Whether a line begins with the number of a heading."""
    return heading_rank(text) is not None or _NUMBERED.match(text) is not None


def rank_of(text: str, lines: Sequence[PageLine], kind: Type) -> int:
    """The rank of a paragraph that is a heading, by its number or by larger or bold type; else
    `NO_HEADING`."""
    larger = lines[0].size >= LARGER * kind.size
    if not _may_head(text, lines, larger=larger):
        return NO_HEADING
    if larger or (all(line.bold for line in lines) and len(lines) <= 2):
        return _marked_rank(text, lines[0].size / kind.size)
    rank = heading_rank(text)
    if _DECIMAL.match(text):
        return THIRD if rank is None else rank
    if _SECTION.match(text):
        return FIRST
    small = lines[0].size < SMALLER * kind.size
    return rank if rank is not None and rank <= SECOND and not small else NO_HEADING


def _may_head(text: str, lines: Sequence[PageLine], *, larger: bool) -> bool:
    """Whether a paragraph is short and open enough. One that reaches the margin in type of the
    usual size is the beginning of a paragraph whose next line looks different."""
    complete = ends_sentence(text) and not text.endswith(("？", "?"))
    full = lines[-1].x1 - lines[-1].box.x1 < lines[0].size
    return (
        len(text) <= (_LONGEST_HEADING if larger else _LONGEST_BOLD)
        and re.search(r"[\u4e00-\u9fffA-Za-z]{2}", text) is not None
        and not complete
        and (larger or not full)
    )


def _marked_rank(text: str, size: float) -> int:
    """The rank of what larger or bold type shows to be a heading; `size` is relative."""
    rank = heading_rank(text)
    if rank is not None:
        return rank
    if match := _NUMBERED.match(text):
        return (FIRST, THIRD, FOURTH)[min(match[1].count("."), 2)]
    if size < LARGER and re.search("[：:].", text):
        return NO_HEADING
    return ARTICLE if size >= MUCH_LARGER else PLAIN


def level_of(mark: Bookmark) -> int:
    """The rank of a heading that the file's outline names."""
    rank = heading_rank(mark.title)
    return rank if rank is not None else (CHAPTER, SECTION, ARTICLE)[min(mark.level, 2)]


# Lines further apart than this share of the height of what stands above are marked by themselves.
_APART = 3.0


def places(lines: Sequence[PageLine]) -> list[PageBox]:
    """The rectangles around `lines`, in whole points; lines below each other share one."""
    return merged(
        [
            PageBox(
                line.page,
                max(0, floor(line.box.x0)),
                max(0, floor(line.box.y0)),
                max(0, ceil(line.box.x1)),
                max(0, ceil(line.box.y1)),
            )
            for line in lines
        ]
    )


def merged(boxes: Sequence[PageBox]) -> list[PageBox]:
    """Boxes in reading order, each with the one directly below it as one.

    >>> merged([PageBox(1, 10, 10, 90, 20), PageBox(1, 5, 24, 50, 34)])
    [PageBox(page=1, left=5, top=10, right=90, bottom=34)]
    """
    result: list[PageBox] = []
    height = 0
    for box in boxes:
        last = result[-1] if result else None
        if last is not None and _goes_on(last, box, height):
            result[-1] = PageBox(
                last.page,
                min(last.left, box.left),
                min(last.top, box.top),
                max(last.right, box.right),
                max(last.bottom, box.bottom),
            )
        else:
            result.append(box)
            height = box.bottom - box.top
    return result


def _goes_on(last: PageBox, box: PageBox, height: int) -> bool:
    return (
        last.page == box.page
        and last.top <= box.top
        and box.top - last.bottom <= _APART * height
        and min(last.right, box.right) > max(last.left, box.left)
    )


# Heads and feet stand in these parts of the page, from top and bottom.
HEAD_SHARE = 0.12
_EDGE_LINES = 4
_FEWEST_PAGES = 3
# A head alternates between left and right pages, or changes with the chapter.
_SHARE_OF_PAGES = 0.2
_PAGE_NUMBER = re.compile(
    r"^[-—–·•\s]*+(?:第\s*+)?(?:\d{1,4}|[ivxlIVXL]{1,7})(?:\s*+页)?"
    r"(?:\s*+[/／,，]?\s*+共?\s*+\d{1,4}\s*+页?)?[-—–·•\s]*+$"
)
_NUMBERS = re.compile(r"\d+|[-—–]")
_CONTENTS_HEADING = re.compile(r"^(?:目\s*录|contents|table of contents)$", re.IGNORECASE)
_FEWEST_ENTRIES = 3


def without_furniture(
    pages: Sequence[Page], lines: Sequence[Sequence[PageLine]]
) -> tuple[list[list[PageLine]], frozenset[str]]:
    """The lines of each page without heads, feet, page numbers and contents; and the squeezed
    titles that the contents list."""
    repeated = _repeated(pages, lines)
    kept: list[list[PageLine]] = []
    titles: set[str] = set()
    for page, own in zip(pages, lines, strict=True):
        edges = _edges(page, own)
        body = [
            line
            for i, line in enumerate(own)
            if not (i in edges and (_key(line) in repeated or _PAGE_NUMBER.match(line.text)))
        ]
        listed = {i: title for i, line in enumerate(body) if (title := contents_title(line.text))}
        if len(listed) >= _FEWEST_ENTRIES:
            titles.update(squeeze(title) for title in listed.values())
            body = [
                line
                for i, line in enumerate(body)
                if i not in listed and not _CONTENTS_HEADING.match(line.text)
            ]
        kept.append(body)
    return kept, frozenset(title for title in titles if len(title) >= 3)


def _edges(page: Page, lines: Sequence[PageLine]) -> set[int]:
    """Positions of the lines at the upper and lower edge of the page."""
    upright = sorted(range(len(lines)), key=lambda i: lines[i].box.y0)
    limit = HEAD_SHARE * page.height
    top = [i for i in upright[:_EDGE_LINES] if lines[i].box.y0 < limit]
    bottom = [i for i in upright[-_EDGE_LINES:] if lines[i].box.y1 > page.height - limit]
    return {i for i in (*top, *bottom) if lines[i].table is None}


def _repeated(pages: Sequence[Page], lines: Sequence[Sequence[PageLine]]) -> set[str]:
    """What stands at the edge of page after page, numbers not counted."""
    counts: Counter[str] = Counter()
    for page, own in zip(pages, lines, strict=True):
        counts.update({_key(own[i]) for i in _edges(page, own)})
    fewest = max(2 if len(pages) <= 2 * _FEWEST_PAGES else _FEWEST_PAGES,
                 _SHARE_OF_PAGES * min(len(pages), 20))  # fmt: skip
    return {key for key, count in counts.items() if count >= fewest and key}


def _key(line: PageLine) -> str:
    """What is compared: the parts of a head change sides from left to right pages."""
    return "".join(sorted(_NUMBERS.sub("", squeeze(line.text))))


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
    open: list[PageLine] = field(default_factory=list)
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

    def goes_on(self, line: PageLine, left: float) -> bool:
        """Whether the open paragraph goes on in `line`, whose block begins at `left`."""
        return _paragraph_goes_on(self.open, line, left, self.type, aside=bool(self.waiting))

    def note_goes_on(self, last: PageLine | None, line: PageLine) -> bool:
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

    def _fragment(self, lines: Sequence[PageLine]) -> Fragment:
        text = join([line.text for line in lines])
        level = self.levels.get((lines[0].page, squeeze(text)))
        rank = rank_of(text, lines, self.type) if level is None else level
        return written(Role.BODY, text, lines[0].page, rank=rank, boxes=places(lines))


def fragments(
    pages: Sequence[Sequence[PageLine]],
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
                flow.put(replace(own, cells=line.cells, by_ocr=line.by_ocr), side=True)
    flow.close()
    return flow.done


def _role(line: PageLine, last: PageLine | None, kind: Type, height: float, flow: _Flow) -> Role:
    if line.row:
        return Role.ROW
    if is_table_title(line.text):
        return Role.TABLE_TITLE
    if line.note or _is_note(line, last, kind, height, flow):
        return Role.NOTE
    if is_caption(line.text) or _FOREIGN_CAPTION.match(line.text):
        return Role.CAPTION
    return Role.BODY


def _is_note(line: PageLine, last: PageLine | None, kind: Type, height: float, flow: _Flow) -> bool:
    """Whether a line is a remark below a table, or a footnote without a rule above it."""
    if is_source_note(line.text) and not (flow.open and not ends_sentence(flow.open[-1].text)):
        return True
    noted = bool(flow.waiting) and flow.waiting[-1].role is Role.NOTE and last is not None
    small = line.size < SMALLER * kind.size and line.box.y0 > _FOOT * height
    return small and (noted or _FOOTNOTE.match(line.text) is not None)


def _paragraph_goes_on(
    open_lines: Sequence[PageLine], line: PageLine, left: float, kind: Type, *, aside: bool
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


def _text_goes_on(open_lines: Sequence[PageLine], line: PageLine, indented: bool) -> bool:
    """The same for the next line of running text."""
    last = open_lines[-1]
    if not _full(last, line) or (last.bold != line.bold and len(open_lines) == 1):
        return False
    hanging = line.box.x0 - last.box.x0 > _INDENT * line.size
    if hanging:  # a list item's lines stand behind its mark
        return len(open_lines) == 1 and starts_item(last.text)
    return not _is_new(line, indented)


def _set_right(line: PageLine) -> bool:
    """Whether a line stands at the right margin by itself, as the unit of a table does."""
    return line.box.x0 - line.x0 > _RIGHT * (line.x1 - line.x0)


def _below(last: PageLine, line: PageLine) -> bool:
    """Whether a line stands below the last one in the same column."""
    return (
        last.page == line.page
        and line.box.y0 > last.box.y0
        and min(last.box.x1, line.box.x1) > max(last.box.x0, line.box.x0)
    )


def _full(last: PageLine, line: PageLine) -> bool:
    """Whether the line had no room for the first word of the next, or ends with a hyphen."""
    if joint(last.text, line.text) is not Joint.APART:
        return True
    match = _FIRST_WORD.match(line.text)
    word = len(match.group()) if match and match.group().isascii() else 1
    return last.x1 - last.box.x1 <= max(_ROOM * last.size, 0.6 * word * last.size)


def _is_new(line: PageLine, indented: bool) -> bool:
    """Whether a line begins something new by its form."""
    if heading_rank(line.text) is not None or starts_item(line.text):
        return True
    if _REFERENCE.match(line.text):
        return True
    return indented and not re.match(r"[a-z，。、；：）)]", line.text)
