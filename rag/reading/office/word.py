"""DOCX files as cleaned texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import plausible_date
from rag.reading.flow import Fragment, Role, decided, written
from rag.reading.marked.html import HEADING_RANKS
from rag.reading.office.numbering import Numbering, parse_numbering
from rag.reading.office.package import attribute, properties, relations, row_text
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.markup import Node, parse_xml
from rag.settings import Reading

_MAIN = "word/document.xml"
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
_TITLE_STYLES = {"title", "标题"}
_CONTENTS_STYLE = re.compile(r"(?:toc|目录|contents)\s*(?:\d*|heading|标题)$", re.IGNORECASE)
_LEFT_OUT = {"del", "fallback", "instrtext", "deltext", "movefrom", "ppr", "rpr", "sectpr"}
_LONGEST_HEADING = 100
_MOST_STYLES = 20  # that are based on each other


def read_docx(data: bytes, settings: Reading) -> Cleaned:
    """A Word file: headings by their styles, lists, tables, text boxes, footnotes.

    Raises:
        UnreadableDocument: no DOCX, encrypted, damaged, a zip bomb, or without text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    root = parse_xml(archive.need(_MAIN, "DOCX"))
    body = root.child("body") or root
    part = archive.read("word/numbering.xml")
    numbering = parse_numbering(parse_xml(part) if part else None)
    flow = _Flow(_styles(archive), _notes(archive), numbering)
    flow.walk(body)
    if not flow.done:
        raise UnreadableDocument("the document holds no text")
    facts = properties(archive)
    return clean_fragments(
        decided(flow.done),
        title=flow.title or facts.title,
        date=plausible_date([item.text for item in flow.done], facts.changed),
    )


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    level: int | None
    numbered: Node | None


def _styles(archive: Archive) -> dict[str, _Style]:
    data = archive.read("word/styles.xml")
    styles: dict[str, _Style] = {}
    for node in parse_xml(data).nodes("style") if data else ():
        ppr = node.child("ppr")
        level = attribute(ppr.child("outlinelvl") if ppr else None, "val")
        styles[node.attributes.get("styleid", "")] = _Style(
            attribute(node.child("name"), "val"),
            attribute(node.child("basedon"), "val"),
            int(level) if level.isdigit() else None,
            ppr.child("numpr") if ppr else None,
        )
    return styles


def _notes(archive: Archive) -> dict[str, str]:
    """Footnotes and endnotes by the name of their part and their number."""
    notes: dict[str, str] = {}
    for kind, (_, part) in {
        kind: (kind, part) for kind, part in relations(archive, _MAIN).values()
    }.items():
        if kind in ("footnotes", "endnotes") and (data := archive.read(part)):
            for node in parse_xml(data).nodes(kind[:-1]):
                notes[f"{kind[:-1]} {node.attributes.get('id', '')}"] = _plain(node)
    return notes


def _plain(node: Node) -> str:
    return " ".join("".join(_words(node)).split())


def _words(node: Node) -> list[str]:
    words: list[str] = []
    for child in node.children:
        if isinstance(child, str) or child.tag in _LEFT_OUT:
            continue
        if child.tag == "t":
            words.append(child.text())
        elif child.tag in ("tab", "p", "tc"):
            words += [" ", *_words(child)]
        elif child.tag in ("br", "cr"):
            words.append("\n")
        elif child.tag == "nobreakhyphen":
            words.append("-")
        elif child.tag != "txbxcontent":
            words += _words(child)
    return words


@dataclass(slots=True)
class _Flow:
    """The fragments so far; `title` is the first paragraph in the style of a title."""

    styles: dict[str, _Style]
    notes: dict[str, str]
    numbering: Numbering
    title: str | None = None
    done: list[Fragment] = field(default_factory=list)
    tables: int = 0

    def walk(self, node: Node) -> None:
        """Paragraphs and tables of a container, in order."""
        for child in node.children:
            if isinstance(child, str) or child.tag in _LEFT_OUT:
                continue
            if child.tag == "p":
                self._paragraph(child)
            elif child.tag == "tbl":
                self._table(child)
            else:  # content controls and the like
                self.walk(child)

    def _paragraph(self, node: Node) -> None:
        ppr = node.child("ppr")
        style = attribute(ppr.child("pstyle") if ppr else None, "val")
        names = self._names(style)
        parts = [" ".join(line.split()) for line in "".join(_words(node)).split("\n")]
        if not any(_CONTENTS_STYLE.match(name) for name in names):
            rank = self._rank(names, style, ppr, " ".join(parts))
            list_id, level = self._list(style, ppr)
            label = self.numbering.next_label(list_id, level) if list_id else ""
            for part in [" ".join(parts)] if rank is not None else parts:
                if part:
                    role = Role.ITEM if list_id and rank is None else Role.BODY
                    self.done.append(replace(written(role, part, rank=rank), label=label))
                    label = ""
        for kind in ("footnote", "endnote"):
            for mark in node.nodes(f"{kind}reference"):
                note = self.notes.get(f"{kind} {mark.attributes.get('id', '')}")
                if note:
                    self.done.append(written(Role.NOTE, note))
        for choice in node.nodes("txbxcontent"):
            if not _in_fallback(node, choice):
                self.walk(choice)

    def _names(self, style: str) -> list[str]:
        """The names of a style and of those that it is based on."""
        names: list[str] = []
        while style in self.styles and len(names) < _MOST_STYLES:
            names.append(self.styles[style].name)
            style = self.styles[style].based_on
        return names

    def _rank(self, names: list[str], style: str, ppr: Node | None, text: str) -> int | None:
        if not text.strip() or len(text) > _LONGEST_HEADING:
            return None
        if names and names[0].lower() in _TITLE_STYLES:
            self.title = self.title or text
            return HEADING_RANKS[0]
        own = attribute(ppr.child("outlinelvl") if ppr else None, "val")
        if own.isdigit():
            return HEADING_RANKS[min(int(own), 5)] if int(own) < 9 else None
        for name in names:
            if match := _HEADING_STYLE.match(name):
                return HEADING_RANKS[min(int(match[1]) - 1, 5)]
        level = self.styles[style].level if style in self.styles else None
        return HEADING_RANKS[min(level, 5)] if level is not None and level < 9 else None

    def _list(self, style: str, ppr: Node | None) -> tuple[str, int]:
        """The list that a paragraph belongs to, empty for none, and its level from 0."""
        chain = [("", ppr.child("numpr") if ppr else None)]
        while style in self.styles and len(chain) < _MOST_STYLES:
            chain.append((style, self.styles[style].numbered))
            style = self.styles[style].based_on
        list_id, level, owner = "", "", ""
        for name, place in chain:
            if place is not None and not list_id:
                level = level or attribute(place.child("ilvl"), "val")
                list_id, owner = attribute(place.child("numid"), "val"), name
        if list_id in ("", "0"):
            return "", 0
        own = level.isdecimal() and len(level) == 1
        return list_id, int(level) if own else self.numbering.level_of(list_id, owner)

    def _table(self, node: Node) -> None:
        rows = [
            [cell for cell in row.children if isinstance(cell, Node) and cell.tag in ("tc", "sdt")]
            for row in node.children
            if isinstance(row, Node) and row.tag == "tr"
        ]
        if max((len(row) for row in rows), default=0) < 2:
            for row in rows:
                for cell in row:
                    self.walk(cell)
            return
        self.tables += 1
        for row in rows:
            cells: list[str] = []
            for cell in row:
                facts = cell.child("tcpr")
                merged = facts.child("vmerge") if facts else None
                goes_on = merged is not None and attribute(merged, "val") != "restart"
                cells.append("" if goes_on else _plain(cell))
                span = attribute(facts.child("gridspan") if facts else None, "val", "1")
                cells += [""] * (min(int(span), 100) - 1 if span.isdigit() else 0)
            if text := row_text(cells):
                self.done.append(written(Role.ROW, text, table=self.tables))


def _in_fallback(node: Node, wanted: Node) -> bool:
    """Whether `wanted` is the second version of something, for older programs."""
    return any(
        found is wanted
        for fallback in node.nodes("fallback")
        for found in fallback.nodes(wanted.tag)
    )
