"""Markdown into fragments: headings, paragraphs, list items, table rows, front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.documents.formats.markdown_tables import ends_of_tables, table_at
from rag.documents.tables import places
from rag.reading.blocks import Draft
from rag.reading.dates import stated_date
from rag.reading.flow import Fragment, Piece, Role, fragment
from rag.reading.lines import Line
from rag.reading.outline import Heading, push, starts_item
from rag.types import BlockKind, Stated

_HEADING = re.compile(r"^(#{1,6})\s++(.*)$")
_RULE = re.compile(r"^(?:[-*_]\s*+){3,}+$")
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
        elif not _RULE.match(line.text):
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
