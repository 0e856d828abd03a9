"""Markdown files and their tables.

Tables in Markdown: with bars, at the edges or not, and written in HTML. Every character of a
cell is one of the source; the marks between cells, and the backslash before a bar, are left out.

Source: GitHub Flavored Markdown, 4.10, tables.

Markdown into fragments: headings, paragraphs, list items, table rows, front matter.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rag.documents.fragments import Fragment, Piece, Role, fragment, sourced_row
from rag.documents.grids import Placed, Size, laid_out
from rag.documents.headings import Heading, push, starts_item, stated_date
from rag.documents.layout import Line
from rag.documents.structure import Draft, places
from rag.types import BlockKind, Stated

_RULE = re.compile(r"^\|?\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?")
_BAR = re.compile(r"\\.|\|", re.DOTALL)
_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
_END = re.compile(r"</table\s*>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]*)?)/?>")
_SPAN = re.compile(r"\b(rowspan|colspan)\s*=\s*[\"']?\s*(\d{1,5})", re.IGNORECASE)
_SPACE = re.compile(r"&nbsp;|&ensp;|&emsp;|\s+")

Cells = list[tuple[list[Piece], Placed]]


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """A table: its rows, and the line behind its last one."""

    rows: tuple[Fragment, ...]
    end: int


def ends_of_tables(lines: Sequence[Line]) -> list[int]:
    """The lines in which tables in HTML end."""
    return [i for i, line in enumerate(lines) if "</" in line.text and _END.search(line.text)]


def table_at(
    lines: Sequence[Line], first: int, number: int, ends: Sequence[int]
) -> MarkdownTable | None:
    """The table that begins at a line, as table `number` of the document; None where none does.
    `ends` are the `ends_of_tables` of the lines."""
    text = lines[first].text
    if _TABLE.match(text):
        return _html_table(lines, first, number, ends)
    if "|" not in text:
        return None
    header = _is_rule(lines, first + 1) and len(_bars(text)) == len(_bars(lines[first + 1].text))
    if not header and not text.startswith("|"):
        return None
    end = first + 2 if header else first
    while end < len(lines) and _goes_on(lines[end], bare=header, first=end == first):
        end += 1
    rows = [
        sourced_row(_cells(line, header=header and i == 0), line, number)
        for i, line in enumerate(lines[first:end])
        if not _is_rule(lines, first + i)
    ]
    return MarkdownTable(tuple(row for row in rows if row.pieces), end)


def _is_rule(lines: Sequence[Line], i: int) -> bool:
    """Whether a line is the rule below a header."""
    if i >= len(lines):
        return False
    text = lines[i].text
    return "-" in text and "|" in text and _RULE.fullmatch(text) is not None


def _goes_on(line: Line, *, bare: bool, first: bool) -> bool:
    """Whether a table goes on in a line; without bars at the edges too, where it has a rule."""
    if line.gap and not first:
        return False
    return line.text.startswith("|") or (bare and "|" in line.text)


def _bars(text: str) -> list[tuple[int, int]]:
    """The places of the cells of a line, empty ones included."""
    marks = [match.start() for match in _BAR.finditer(text) if match.group() == "|"]
    edges = [-1, *marks, len(text)]
    cells = [(a + 1, b) for a, b in pairwise(edges)]
    if text.startswith("|"):
        cells = cells[1:]
    if marks and marks[-1] == len(text) - 1:
        cells = cells[:-1]
    return cells


def _cells(line: Line, *, header: bool) -> Cells:
    found: Cells = []
    for column, (start, end) in enumerate(_bars(line.text)):
        pieces = _unescaped(line.text[start:end], line.start + start)
        found.append((pieces, Placed(0, 0, column, header=header)))
    return found


def _unescaped(text: str, start: int) -> list[Piece]:
    """The words of a cell, the backslash of `\\|` left out."""
    stripped = text.strip()
    if not stripped:
        return []
    at = start + text.index(stripped)
    pieces: list[Piece] = []
    begin = 0
    for match in re.finditer(r"\\\|", stripped):
        if match.start() > begin:
            pieces.append(Piece(at + begin, stripped[begin : match.start()], ""))
        begin = match.start() + 1
    pieces.append(Piece(at + begin, stripped[begin:], ""))
    return pieces


@dataclass(slots=True)
class _Open:
    """What of an HTML table is open: its rows so far, and the cell that text belongs to."""

    rows: list[list[tuple[list[Piece], Size]]] = field(default_factory=list)
    where: list[Line] = field(default_factory=list)
    cell: list[Piece] | None = None
    head: bool = False

    def tag(self, line: Line, closing: bool, name: str, attributes: str) -> None:
        """Takes in a tag."""
        if name == "thead":
            self.head = not closing
        elif name == "tr" and not closing:
            self.rows.append([])
            self.where.append(line)
            self.cell = None
        elif name in ("td", "th"):
            self.cell = None
            if not closing:
                if not self.rows:
                    self.rows.append([])
                    self.where.append(line)
                spans = {key.lower(): int(value) for key, value in _SPAN.findall(attributes)}
                size = Size(
                    spans.get("rowspan", 1), spans.get("colspan", 1) or 1, self.head or name == "th"
                )
                self.cell = []
                self.rows[-1].append((self.cell, size))

    def text(self, place: int, text: str) -> None:
        """Takes in text that stands in a cell."""
        if self.cell is None:
            return
        for start, word in _words(text):
            self.cell.append(Piece(place + start, word, " " if self.cell else ""))


def _words(text: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for match in [*_SPACE.finditer(text), None]:
        end = match.start() if match else len(text)
        if end > begin:
            yield begin, text[begin:end]
        begin = match.end() if match else end


def _html_table(
    lines: Sequence[Line], first: int, number: int, ends: Sequence[int]
) -> MarkdownTable | None:
    """A table in HTML; None where it does not end."""
    at_end = bisect_left(ends, first)
    if at_end == len(ends):
        return None
    read = _Open()
    for line in lines[first : ends[at_end] + 1]:
        at = 0
        for match in _TAG.finditer(line.text):
            read.text(line.start + at, line.text[at : match.start()])
            read.tag(line, match[1] == "/", match[2].lower(), match[3])
            at = match.end()
        read.text(line.start + at, line.text[at:])
    places = laid_out([[size for _, size in row] for row in read.rows])
    rows = [
        sourced_row(
            [(pieces, place) for (pieces, _), place in zip(own, placed, strict=True)],
            line,
            number,
        )
        for own, placed, line in zip(read.rows, places, read.where, strict=True)
    ]
    kept = tuple(row for row in rows if row.pieces)
    return MarkdownTable(kept, ends[at_end] + 1) if kept else None


_HEADING = re.compile(r"^(#{1,6})\s++(.*)$")
_MARKDOWN_RULE = re.compile(r"^(?:[-*_]\s*+){3,}+$")
_FENCE = re.compile(r"^(?:```|~~~)")
_FIELD = re.compile(r"^(title|date|source|tags)\s*+:\s*+(.*)$", re.IGNORECASE)
_ITEM = re.compile(r"^-\s+(.*)$")
_ATX = re.compile(r"^#{1,6} +\S", re.MULTILINE)
_ATX_APART = re.compile(r"(?:\A|\r?\n[ \t]*\r?\n)(#{1,6}) +\S[^\n]*+(?=\n[ \t]*+\r?\n|\s*+\Z)")
_FEWEST = 3
_COMMA = re.compile("[,，、]")
_QUOTES = " \t\"'"


@dataclass(frozen=True, slots=True)
class Markdown:
    """The drafts of a Markdown text, and what its front matter states."""

    drafts: tuple[Draft, ...]
    stated: Stated


def looks_like_markdown(source: str) -> bool:
    """Whether a text has several headings marked with `#`, of the second level too, and most of
    them between blank lines: remarks in a file of settings stand together.

    >>> looks_like_markdown("\\n\\n".join(["# 甲", "文", "## 乙", "文", "## 丙"]))
    True
    """
    marked = len(_ATX.findall(source))
    apart = [mark for mark in _ATX_APART.findall(source) if mark]
    return marked >= _FEWEST and 3 * len(apart) >= 2 * marked and "##" in apart


def parse_markdown(lines: Sequence[Line]) -> Markdown:
    """The structure of a Markdown text. Marks of headings, tables and front matter are left
    out; emphasis and links stay as they are written."""
    start, stated = _front_matter(lines)
    drafts: list[Draft] = []
    stack: tuple[Heading, ...] = ()
    paragraph: list[Line] = []
    fenced = False
    tables = 0
    ends = ends_of_tables(lines)
    at = start

    def close() -> None:
        if paragraph:
            above = tuple(heading.text for heading in stack)
            item = starts_item(paragraph[0].text)
            kind = BlockKind.LIST_ITEM if item else BlockKind.PARAGRAPH
            drafts.append(Draft(fragment(Role.BODY, paragraph), kind, above, ()))
            paragraph.clear()

    while at < len(lines):
        line = lines[at]
        at += 1
        table = None if fenced else table_at(lines, at - 1, tables, ends)
        heading = None if fenced else _HEADING.match(line.text)
        title = heading[2].rstrip("#").rstrip() if heading else ""
        if _FENCE.match(line.text):
            close()
            fenced = not fenced
        elif heading and title:
            close()
            rank = len(heading[1])
            above = tuple(h.text for h in stack if h.rank < rank)
            kind = BlockKind.TITLE if rank == 1 and not drafts else BlockKind.HEADING
            start = heading.start(2)
            part = replace(_part(line, start, start + len(title)), rank=rank)
            drafts.append(Draft(part, kind, above, ()))
            stack = push(stack, Heading(rank, title))
        elif table is not None:
            close()
            at, tables = table.end, tables + 1
            headings = tuple(h.text for h in stack)
            drafts += (Draft(row, BlockKind.TABLE_ROW, headings, ()) for row in table.rows)
        elif not _MARKDOWN_RULE.match(line.text):
            if line.gap or fenced or starts_item(line.text):
                close()
            paragraph.append(line)
    close()
    return Markdown(tuple(_placed(drafts)), stated)


def _placed(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """The drafts, rows of tables with their place and what leads them."""
    rows = places([draft.fragment for draft in drafts])
    for i, draft in enumerate(drafts):
        place = rows.get(i)
        if place is None:
            yield draft
        else:
            yield replace(draft, lead=place.grid.lead(place.row), place=place)


def _front_matter(lines: Sequence[Line]) -> tuple[int, Stated]:
    """Where the text starts, and what a YAML front matter states."""
    if not lines or lines[0].text != "---" or lines[0].number != 1:
        return 0, Stated()
    fields: dict[str, list[str]] = {}
    key = ""
    for i, line in enumerate(lines[1:], start=1):
        if line.text in ("---", "..."):
            return i + 1, _stated(fields)
        item = _ITEM.match(line.text)
        match = _FIELD.match(line.text)
        if item and key == "tags":
            fields[key].append(item[1].strip(_QUOTES))
        elif match:
            key = match[1].lower()
            value = match[2].rstrip()
            parts = _COMMA.split(value.strip("[]")) if key == "tags" else [value]
            fields[key] = [part.strip(_QUOTES) for part in parts]
        elif not item:
            key = ""
    return 0, Stated()


def _stated(fields: Mapping[str, Sequence[str]]) -> Stated:
    first = {key: " ".join(values[0].split()) or None for key, values in fields.items()}
    return Stated(
        first.get("title"),
        stated_date(first.get("date") or ""),
        first.get("source"),
        tuple(dict.fromkeys(filter(None, fields.get("tags", ())))),
    )


def _part(line: Line, start: int, end: int) -> Fragment:
    piece = Piece(line.start + start, line.text[start:end], "")
    return Fragment(Role.BODY, (piece,), (line.number, line.number), line.page)
