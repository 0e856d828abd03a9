"""Lines into fragments: paragraphs, list items and rows, without what the page adds.

A paragraph's line breaks are undone, side matter is put after the paragraph that it interrupted.
Contents, running heads, page numbers and navigation are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from rag.documents.grids import Placed, joined
from rag.documents.headings import (
    NO_HEADING,
    heading_rank,
    is_byline,
    is_caption,
    is_source_note,
    is_table_title,
    starts_item,
)
from rag.documents.layout import Joint, Layout, Line, goes_on, joint, narrow_columns
from rag.documents.plain_tables import PlainTable, cells_of, plain_tables
from rag.text.normalize import squeeze
from rag.types import PageBox

# The page number of an entry and the leader before it (dots, or a tab, after which dots may go
# on), read from the end of the line: no part can share a run with the next, so time is linear.
_DOTS = r"(?:\.{3,}+|…{2,}+|·{3,}+|_{4,}+)"
_TAB = r"[^\S\t]*+\t"
_LEADER = re.compile(rf"^\d{{1,4}}(?:\s*+\.{{2,}}+(?:\s*+{_DOTS}|{_TAB})|\s*+{_DOTS}|{_TAB})\s*+")
_NO_LEADER = re.compile(r"^\d{1,4}\s++(?=\S)")
_LONGEST_ENTRY = 80
_CONTENTS = re.compile(r"^(?:目\s*录|contents|table of contents)$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"^[-—–\s]*(?:第\s*)?\d{1,4}(?:\s*页|\s*/\s*\d{1,4})?[-—–\s]*$")
_NAVIGATION = re.compile(
    r"^(?:返回(?:目录|首页|顶部)|快速进入点击页码|上一[页篇]|下一[页篇]|点击(?:查看|进入).{0,8})$"
)
_UNITS = tuple("年月日号时分秒个家只名位条项款章节倍成万亿元吨米％%度")
# The parts of a head stand apart by white space or a bar; a row of a table has more of them.
_BETWEEN = re.compile(r"\s{2,}|\s*[|｜]\s*|\u3000+")
_NUMBERS = re.compile(r"\d+|[-—–/]|[第共][页張张]?$")
_IN_SENTENCES = re.compile("[，。；,;\t]")
_PARTS, _SHORTEST_PART, _LONGEST_HEAD = 2, 4, 90
# A label that stands this often by itself is furniture; its first place is kept.
REPEATED_LABEL = 3


@dataclass(frozen=True, slots=True)
class Furniture:
    """Positions (in the list of lines) of what is left out, the titles that a table of
    contents listed (squeezed), and the running head, if there is one."""

    positions: frozenset[int]
    titles: frozenset[str]
    running_head: str | None


def find_furniture(lines: Sequence[Line], layout: Layout) -> Furniture:
    """What of `lines` is no part of the text."""
    contents, titles = _contents(lines)
    heads, running_head = _running_heads(lines, layout)
    labels = _labels(lines, layout)
    navigation = {i for i, line in enumerate(lines) if _NAVIGATION.match(line.text)}
    return Furniture(frozenset(contents | heads | labels | navigation), titles, running_head)


def _contents(lines: Sequence[Line]) -> tuple[set[int], frozenset[str]]:
    """Runs of entries with dot leaders or tabs before a page number, with the entries without
    leaders among them. A tab alone is a table's; it counts only beside dotted entries."""
    dotted = [i for i, line in enumerate(lines) if _dotted(line.text)]
    found: set[int] = set()
    for i in dotted:
        _find_around(lines, i, found)
    starts = {i - back for i in found for back in (1, 2) if i >= back}
    for i in starts:
        if _CONTENTS.match(lines[i].text) or _NAVIGATION.match(lines[i].text):
            found.add(i)
    titles = (_title(lines[i].text) for i in sorted(found))
    names = (squeeze(title.lstrip("-•· ").rstrip(". ")) for title in titles if title)
    return found, frozenset(name for name in names if len(name) >= 3)


def contents_title(text: str) -> str | None:
    """The title that an entry of a table of contents names, None for any other line.

    >>> contents_title("第一节 释义.............. 4"), contents_title("2020年 4")
    ('第一节 释义', None)
    """
    text = text.replace("\t", " ")
    title = _before(_LEADER, text)
    return title.rstrip(". ") if title is not None and _dotted(text) else None


def _before(form: re.Pattern[str], text: str) -> str | None:
    """What stands before the page number, and the leader if `form` has one, at a line's end."""
    match = form.match(text[::-1])
    return text[: len(text) - match.end()] if match else None


def _title(text: str) -> str | None:
    """The title of an entry, with a leader or without; None where there is no page number."""
    title = _before(_LEADER, text)
    return _before(_NO_LEADER, text) if title is None else title


def _dotted(text: str) -> bool:
    title = _before(_LEADER, text)
    return (
        title is not None
        and len(title) >= 2
        and "\t" not in title
        and (".." in text or "……" in text or "···" in text or "__" in text)
    )


def _find_around(lines: Sequence[Line], position: int, found: set[int]) -> None:
    """Adds the line at `position` and the run of entries that it stands in to `found`. Where
    another line found that run already, it is whole."""
    found.add(position)
    for step in (-1, 1):
        i = position + step
        while 0 <= i < len(lines) and i not in found and _entry(lines[i].text):
            found.add(i)
            i += step


def _entry(text: str) -> bool:
    if len(text) > _LONGEST_ENTRY:
        return False
    title = _title(text)
    return title is not None and not title.endswith(("。", "，"))


def _running_heads(lines: Sequence[Line], layout: Layout) -> tuple[set[int], str | None]:
    """Lone page numbers at a page break or beside a repeated line, and those repeated lines."""
    counts = Counter(line.text for line in lines)
    found: set[int] = set()
    heads: Counter[str] = Counter()
    for i, line in enumerate(lines):
        if not _PAGE_NUMBER.match(line.text) or _counts(lines, i):
            continue
        beside = [j for j in (i - 1, i + 1) if 0 <= j < len(lines) and _is_head(lines[j], counts)]
        at_break = layout.is_break(line) or (i + 1 < len(lines) and layout.is_break(lines[i + 1]))
        if beside:
            heads.update(lines[j].text for j in beside)
            found.update([i, *beside])
        elif at_break:
            found.add(i)
    running = [text for text, count in heads.most_common(1) if count >= 2]
    return found | _heads_of_parts(lines, layout), running[0] if running else None


def _heads_of_parts(lines: Sequence[Line], layout: Layout) -> set[int]:
    """Lines at page breaks or beside page numbers that are the same on page after page, numbers not
    counted, or of two parts (name of the document, of the chapter) of which one is."""
    edges: set[int] = {0}
    for i in range(1, len(lines)):
        if layout.is_break(lines[i]) or lines[i].page != lines[i - 1].page:
            edges |= {i - 1, i}
            edges |= {i + 1} if _PAGE_NUMBER.match(lines[i].text) else set()
            edges |= {i - 2} if i > 1 and _PAGE_NUMBER.match(lines[i - 1].text) else set()
    keys = {
        i: [_key(part) for part in _BETWEEN.split(lines[i].text) if part]
        for i in sorted(edges)
        if i < len(lines) and len(lines[i].text) <= _LONGEST_HEAD and not lines[i].terminal
        and not _IN_SENTENCES.search(lines[i].text)
    }  # fmt: skip
    counts = Counter(key for own in keys.values() for key in own if len(key) >= _SHORTEST_PART)
    return {
        i
        for i, own in keys.items()
        if len(own) <= _PARTS and any(counts[key] >= REPEATED_LABEL for key in own)
    }


def _key(part: str) -> str:
    """What of a part of a head is the same on every page."""
    return _NUMBERS.sub("", squeeze(part))


def _counts(lines: Sequence[Line], position: int) -> bool:
    """Whether a lone number is a part of the text: what follows counts with it."""
    following = lines[position + 1].text if position + 1 < len(lines) else ""
    return following[:1] in _UNITS


def _is_head(line: Line, counts: Counter[str]) -> bool:
    return (
        counts[line.text] >= REPEATED_LABEL
        and 4 <= len(line.text) <= 30
        and not line.terminal
        and not line.text[-1].isdigit()
        and line.text[-1] not in "）)》"
    )


def _labels(lines: Sequence[Line], layout: Layout) -> set[int]:
    """Section labels that are repeated on page after page, their first place excepted. Cells of
    tables repeat too; so in a text with wrapped lines a label must stand at a page break."""
    counts = Counter(line.text for line in lines)
    seen: set[str] = set()
    found: set[int] = set()
    for i, line in enumerate(lines):
        text = line.text
        if counts[text] < REPEATED_LABEL or not 3 <= len(text) <= 24 or line.terminal:
            continue
        if "\t" in text or is_byline(text) or is_caption(text) or is_source_note(text):
            continue
        if layout.width and not layout.is_break(line):
            continue
        if text in seen:
            found.add(i)
        seen.add(text)
    return found


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
            _squeezed(first.text) in furniture.titles or _squeezed(second.text) in furniture.titles
        ):
            return False
    return goes_on(first, second, layout, narrow=narrow)


_squeezed = lru_cache(maxsize=16)(
    squeeze
)  # a line is the second of one pair, the first of the next


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
