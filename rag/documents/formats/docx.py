"""DOCX files as cleaned texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from statistics import median

from rag.documents.detect import Cleaned
from rag.documents.formats.archives import Archive
from rag.documents.formats.docx_paragraphs import (
    LEFT_OUT,
    Numbering,
    RunStyle,
    WordText,
    is_deleted,
    parse_numbering,
    run_style,
)
from rag.documents.formats.formulas import in_line
from rag.documents.formats.html import HEADING_RANKS
from rag.documents.formats.markup import Node, parse_xml
from rag.documents.formats.office import attribute, drawing_fragments, properties, relations
from rag.documents.formats.text import clean_fragments
from rag.documents.fragments import Fragment, Role, decided, written, written_row
from rag.documents.grids import Downward, merged_downwards
from rag.documents.headings import (
    NO_HEADING,
    is_generic_title,
    is_plain_heading,
    page_title,
    plausible_date,
)
from rag.documents.pdf.read import Pictures
from rag.errors import UnreadableDocument
from rag.settings import Reading

_MAIN = "word/document.xml"
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
_TITLE_STYLES = {"title", "标题"}
_CONTENTS_STYLE = re.compile(r"(?:toc|目录|contents)\s*(?:\d*|heading|标题)$", re.IGNORECASE)
_MARKS = {
    "footnotereference": "footnote", "endnotereference": "endnote", "commentreference": "comment",
}  # fmt: skip
_CONTROLS = {"sdt", "sdtcontent", "customxml", "smarttag", "ins", "moveto"}
_NOTES = ("footnotes", "endnotes", "comments")
_HANGING = {*_MARKS, "txbxcontent", "textpath", "pic", "imagedata", "chart", "relids"}
_PAGE_NUMBER = re.compile(
    r"[-—–\s]*(?:第|page)?\s*\d{0,4}\s*页?[\s,，/／|]*(?:共|of)?\s*\d{0,4}\s*页?[-—–\s]*",
    re.IGNORECASE,
)
# Type so much larger than the usual one among the first paragraphs is a title; sizes are in half
# points, Word's own is 21 in Chinese.
_MUCH_LARGER, _USUAL_SIZE, _TITLE_PAGE, _TITLE_LINES = 1.3, 21, 15, 3
_CHINESE = re.compile("[\u4e00-\u9fff]")
_EMPTY = "the document holds no text"
_LONGEST_HEADING = 100
_MOST_SPANNED = 100  # columns of one cell
_MOST_STYLES = 20  # that are based on each other


def read_docx(data: bytes, settings: Reading) -> Cleaned:
    """A Word file: headings by their styles, lists, tables, text boxes, drawings made of data,
    footnotes and comments behind what they belong to, headers and footers once, at the end. What
    is not read is counted in warnings.

    Raises:
        UnreadableDocument: no DOCX, encrypted, damaged, a zip bomb, or without text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    root = parse_xml(archive.need(_MAIN, "DOCX"))
    body = root.child("body") or root
    part = archive.read("word/numbering.xml")
    numbering = parse_numbering(parse_xml(part) if part else None)
    flow = _Flow(archive, _styles(archive), numbering, settings)
    flow.walk(body)
    flow.margins(root)
    flow.remarks()
    if not flow.done:
        raise UnreadableDocument("; ".join([_EMPTY, *flow.warnings()]))
    facts = properties(archive)
    return clean_fragments(
        decided(flow.done),
        title=flow.title
        or flow.large_title()
        or page_title(facts.title, [item.text for item in flow.done]),
        date=plausible_date([item.text for item in flow.done], facts.changed),
        warnings=flow.warnings(),
    )


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    level: int | None
    numbered: Node | None
    run: RunStyle
    size: int


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
            run_style(node.child("rpr")),
            _size(node.child("rpr")),
        )
    return styles


def _size(facts: Node | None) -> int:
    """The size of type that `w:rPr` sets, in half points; 0 where it sets none."""
    size = attribute(facts.child("sz") if facts is not None else None, "val")
    return int(size) if size.isdecimal() and len(size) < 4 else 0


class _Flow:
    """The fragments so far; `title` is the first paragraph in the style of a title. `part` is
    the part of the file that is read, by whose relations its pictures and drawings are named."""

    def __init__(
        self, archive: Archive, styles: dict[str, _Style], numbering: Numbering, settings: Reading
    ) -> None:
        self._archive, self._styles, self._numbering = archive, styles, numbering
        self.words = WordText({name: style.run for name, style in styles.items()})
        self.title: str | None = None
        self.done: list[Fragment] = []
        self._sizes: list[tuple[int, str]] = []
        self._tables = 0
        self._taken_in = 0
        self._initial = ""
        self._pictures = Pictures(archive.read, settings)
        self._part(_MAIN)
        self._notes = self._noted()
        self._placed: set[str] = set()

    def _part(self, name: str) -> None:
        self._relations = relations(self._archive, name)

    def _noted(self) -> dict[str, str]:
        """Footnotes, endnotes and comments by their kind and number; a comment behind its
        author's name."""
        notes: dict[str, str] = {}
        for kind, part in dict.fromkeys(self._relations.values()):
            if kind in _NOTES and (data := self._archive.read(part)):
                for node in parse_xml(data).nodes(kind[:-1]):
                    author = attribute(node, "author") if kind == "comments" else ""
                    text = f"{author} {self.words.plain(node)}".strip()
                    notes[f"{kind[:-1]} {attribute(node, 'id')}"] = text
        return notes

    def warnings(self) -> list[str]:
        """What of the file is not in the text."""
        counts = (
            (self.words.hidden, "characters of hidden text are left out"),
            (self.words.struck, "characters that are struck out are left out"),
            (self.words.deleted, "passages that are marked as deleted are left out"),
            (self.words.moved, "passages that are marked as moved stand only where they went"),
            (self.words.unknown, "signs of fonts of their own have no known character"),
            (self._taken_in, "parts that the file takes in from other formats are not read"),
            (self.words.objects, "objects of other programs are not read, only what they show"),
        )
        return [
            *self._pictures.warnings(),
            *(f"{count:,} {what}" for count, what in counts if count),
        ]

    def margins(self, root: Node) -> None:
        """Headers and footers of all sections, each text once, as notes at the end."""
        places = {
            attribute(node, "relation")
            for kind in ("headerreference", "footerreference")
            for node in root.nodes(kind)
        }
        known: set[str] = set()
        main = self._relations
        for relation in sorted(places & main.keys()):
            data = self._archive.read(main[relation][1])
            if data is None:
                continue
            self._part(main[relation][1])
            before, self.done = self.done, []
            self.walk(parse_xml(data))
            texts = dict.fromkeys(item.text for item in self.done)
            self.done = before
            for text in texts:
                if text not in known and not _PAGE_NUMBER.fullmatch(text):
                    known.add(text)
                    self.done.append(written(Role.NOTE, text))

    def remarks(self) -> None:
        """Comments that hang on nothing that was read, as notes at the end."""
        for key, text in self._notes.items():
            if key.startswith("comment ") and text and key not in self._placed:
                self.done.append(written(Role.NOTE, text))

    def walk(self, node: Node) -> None:
        """Paragraphs and tables of a container, in order."""
        for child in node.children:
            if isinstance(child, str):
                continue
            if child.tag in LEFT_OUT:
                self.words.leave_out(child)
            elif child.tag == "p":
                self._paragraph(child)
            elif child.tag == "tbl":
                self._table(child)
            elif child.tag == "altchunk":
                self._taken_in += 1
            else:  # content controls and the like
                self.walk(child)

    def _paragraph(self, node: Node) -> None:
        ppr = node.child("ppr")
        style = attribute(ppr.child("pstyle") if ppr else None, "val")
        names = self._names(style)
        text = self._initial + in_line(self.words.parts(node))
        self._initial = ""
        if attribute(ppr.child("framepr") if ppr else None, "dropcap") in ("drop", "margin"):
            self._initial = text.strip()  # the first letter of the next paragraph, set large
            return
        parts = [" ".join(line.split()) for line in text.split("\n")]
        if not any(_CONTENTS_STYLE.match(name) for name in names):
            rank = self._rank(names, style, ppr, " ".join(parts))
            list_id, level = self._list(style, ppr)
            label = self._numbering.next_label(list_id, level) if list_id else ""
            for part in [" ".join(parts)] if rank is not None else parts:
                if part:
                    role = Role.ITEM if list_id and rank is None else Role.BODY
                    self.done.append(replace(written(role, part, rank=rank), label=label))
                    label = ""
            self._sizes.append((self._type_size(node, style), " ".join(parts).strip()))
        self._attached(node)

    def _type_size(self, node: Node, style: str) -> int:
        """The size of a paragraph's largest type, in half points."""
        own = max((_size(run.child("rpr")) for run in node.nodes("r")), default=0)
        for _ in range(_MOST_STYLES):
            if own or style not in self._styles:
                break
            own, style = self._styles[style].size, self._styles[style].based_on
        return own or _USUAL_SIZE

    def large_title(self) -> str | None:
        """What the title page sets larger than all else: at most three lines of one size."""
        lines = [(size, text) for size, text in self._sizes if text]
        usual = median([size for size, _ in lines]) if lines else 0
        first = [
            (size, text) for size, text in lines[:_TITLE_PAGE]
            if is_plain_heading(text) and not is_generic_title(text)
        ]  # fmt: skip
        largest = max((size for size, _ in first), default=0)
        if not first or largest < _MUCH_LARGER * usual:
            return None
        start = next(i for i, (size, _) in enumerate(first) if size == largest)
        chinese = _CHINESE.search(first[start][1]) is not None
        same = takewhile(
            lambda one: one[0] == largest and (_CHINESE.search(one[1]) is not None) == chinese,
            first[start : start + _TITLE_LINES],
        )
        return " ".join(text for _, text in same)[:_LONGEST_HEADING]

    def _attached(self, node: Node) -> None:
        """What hangs on a paragraph or table: notes, comments, readings, text boxes, drawings."""
        if self.words.readings:
            self.done.append(written(Role.NOTE, " ".join(self.words.readings)))
            self.words.readings.clear()
        for child in _hanging(node):
            if child.tag in _MARKS:
                key = f"{_MARKS[child.tag]} {attribute(child, 'id')}"
                self._placed.add(key)
                if note := self._notes.get(key):
                    self.done.append(written(Role.NOTE, note))
            elif child.tag == "txbxcontent":
                self.walk(child)
            elif child.tag == "textpath" and (text := attribute(child, "string").strip()):
                self.done.append(written(Role.NOTE, text))
            elif child.tag in ("pic", "imagedata"):
                self._picture(child)
            elif child.tag in ("chart", "relids"):
                self._drawing(child)

    def _picture(self, node: Node) -> None:
        """What is written on a picture."""
        blip = next(node.nodes("blip"), None)
        name = attribute(blip, "embed") or attribute(node, "relation")
        for text in self._pictures.texts(self._relations.get(name, ("", ""))[1]):
            self.done.append(replace(written(Role.BODY, text, rank=NO_HEADING), by_ocr=True))

    def _drawing(self, node: Node) -> None:
        """A drawing that a part of its own holds: a chart's values as a table, SmartArt's points
        as a list."""
        name = attribute(node, "relation" if node.tag == "chart" else "dm")
        data = self._archive.read(self._relations.get(name, ("", ""))[1])
        if data is None:
            return
        fragments = drawing_fragments(parse_xml(data), node.tag, self._tables)
        self._tables += node.tag == "chart"
        self.done += fragments

    def _names(self, style: str) -> list[str]:
        """The names of a style and of those that it is based on."""
        names: list[str] = []
        while style in self._styles and len(names) < _MOST_STYLES:
            names.append(self._styles[style].name)
            style = self._styles[style].based_on
        return names

    def _rank(self, names: list[str], style: str, ppr: Node | None, text: str) -> int | None:
        if not text.strip() or len(text) > _LONGEST_HEADING:
            return None
        if names and names[0].lower() in _TITLE_STYLES:
            if not is_generic_title(text):
                self.title = self.title or text
            return HEADING_RANKS[0]
        own = attribute(ppr.child("outlinelvl") if ppr else None, "val")
        if own.isdigit():
            return HEADING_RANKS[min(int(own), 5)] if int(own) < 9 else None
        for name in names:
            if match := _HEADING_STYLE.match(name):
                return HEADING_RANKS[min(int(match[1]) - 1, 5)]
        level = self._styles[style].level if style in self._styles else None
        return HEADING_RANKS[min(level, 5)] if level is not None and level < 9 else None

    def _list(self, style: str, ppr: Node | None) -> tuple[str, int]:
        """The list that a paragraph belongs to, empty for none, and its level from 0."""
        chain = [("", ppr.child("numpr") if ppr else None)]
        while style in self._styles and len(chain) < _MOST_STYLES:
            chain.append((style, self._styles[style].numbered))
            style = self._styles[style].based_on
        list_id, level, owner = "", "", ""
        for name, place in chain:
            if place is not None and not list_id:
                level = level or attribute(place.child("ilvl"), "val")
                list_id, owner = attribute(place.child("numid"), "val"), name
        if list_id in ("", "0"):
            return "", 0
        own = level.isdecimal() and len(level) == 1
        return list_id, int(level) if own else self._numbering.level_of(list_id, owner)

    def _table(self, node: Node, *, inner: bool = False) -> None:
        """The rows of a table, then the tables inside its cells, then what hangs on all of them."""
        kept: list[Node] = []
        rows: list[list[Node]] = []
        for one in _inside(node, "tr"):
            if is_deleted(one):
                self.words.leave_out(one)
            else:
                kept.append(one)
                rows.append(list(_inside(one, "tc")))
        if max((len(row) for row in rows), default=0) < 2:
            for row in rows:
                for cell in row:
                    self.walk(cell)
            return
        self._tables += 1
        for cells in merged_downwards(
            [
                [self._cell(cell, header=header) for cell in cells]
                for header, cells in zip(map(_is_header, kept), rows, strict=True)
            ]
        ):
            if cells:
                self.done.append(written_row(cells, self._tables))
        for cell in (cell for cells in rows for cell in cells if not is_deleted(cell)):
            for one in _inside(cell, "tbl"):
                self._table(one, inner=True)
        if not inner:
            self._attached(node)

    def _cell(self, cell: Node, *, header: bool) -> Downward:
        facts = cell.child("tcpr")
        merged = facts.child("vmerge") if facts else None
        goes_on = merged is not None and attribute(merged, "val") != "restart"
        span = attribute(facts.child("gridspan") if facts else None, "val", "1")
        columns = min(int(span), _MOST_SPANNED) if span.isdigit() else 1
        if is_deleted(cell):
            self.words.leave_out(cell)
        empty = goes_on or is_deleted(cell)
        own = [one for one in cell.children if not (isinstance(one, Node) and one.tag == "tbl")]
        words = "" if empty else self.words.plain(replace(cell, children=own))
        return Downward(words, columns, header, goes_on)


def _inside(node: Node, tag: str) -> Iterator[Node]:
    """The rows of a table, the cells of a row or the tables of a cell, those in content controls
    and the like too."""
    for child in node.children:
        if isinstance(child, Node) and child.tag == tag:
            yield child
        elif isinstance(child, Node) and child.tag in _CONTROLS:
            yield from _inside(child, tag)


def _is_header(row: Node) -> bool:
    """Whether a row is repeated on each page, as headers are."""
    facts = row.child("trpr")
    mark = facts.child("tblheader") if facts else None
    return mark is not None and attribute(mark, "val") not in ("0", "false")


def _hanging(node: Node) -> Iterator[Node]:
    """The elements below a paragraph or table that hang on it; what stands in a text box hangs
    on that, second versions for older programs on nothing."""
    for child in node.children:
        if isinstance(child, Node) and child.tag not in LEFT_OUT:
            if child.tag in _HANGING:
                yield child
            if child.tag not in ("txbxcontent", "object"):
                yield from _hanging(child)
