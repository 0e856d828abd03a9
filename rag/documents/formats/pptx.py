"""PPTX files as cleaned texts: slide by slide, the number of the slide as its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.documents.detect import Cleaned
from rag.documents.formats.archives import Archive
from rag.documents.formats.formulas import Part, Shift, in_font, in_line, office_math
from rag.documents.formats.html import HEADING_RANKS, tidy
from rag.documents.formats.markup import Node, parse_xml
from rag.documents.formats.office import attribute, drawing_fragments, properties, relations
from rag.documents.formats.text import clean_fragments
from rag.documents.fragments import Fragment, Role, decided, written, written_row
from rag.documents.grids import Placed
from rag.documents.headings import NO_HEADING, page_title, plausible_date
from rag.documents.pdf.read import Pictures
from rag.errors import UnreadableDocument
from rag.settings import Reading

_MAIN = "ppt/presentation.xml"
_TITLES = {"title", "ctrtitle"}
_EDGES = {"ftr", "hdr"}
_FURNITURE = {"sldnum", "dt", "sldimg", *_EDGES}
_UNSTRUCK = ("", "noStrike")
_EMPTY = "the slides hold no text"


def read_pptx(data: bytes, settings: Reading) -> Cleaned:
    """A PowerPoint file: titles as headings, lists, tables, formulas, drawings made of data,
    comments and speaker's notes, footers once, at the end. What is not read is counted in
    warnings.

    Raises:
        UnreadableDocument: no PPTX, encrypted, damaged, a zip bomb, or without text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    root = parse_xml(archive.need(_MAIN, "PPTX"))
    parts = relations(archive, _MAIN)
    fragments: list[Fragment] = []
    titles: list[str] = []
    feet: dict[str, None] = {}
    pictures = Pictures(archive.read, settings)
    hidden: list[int] = []
    tables, struck = 0, 0
    for number, entry in enumerate(root.nodes("sldid"), 1):
        _, part = parts.get(entry.attributes.get("relation", ""), ("", ""))
        data_of_slide = archive.read(part) if part else None
        if data_of_slide is None:
            continue
        tree = parse_xml(data_of_slide)
        slide = _Slide(archive, part, tree, number, tables)
        own = list(slide.fragments())
        tables = slide.tables
        titles += [item.text for item in own if item.rank == HEADING_RANKS[1]][:1]
        fragments += own
        feet |= dict.fromkeys(slide.feet())
        fragments += _on_pictures(tree, relations(archive, part), pictures, number)
        hidden += [number] * (tree.attributes.get("show") in ("0", "false"))
        struck += _struck(tree)
    warnings = _warnings(pictures, hidden, struck)
    if not fragments:
        raise UnreadableDocument("; ".join([_EMPTY, *warnings]))
    facts = properties(archive)
    return clean_fragments(
        [*decided(fragments), *(written(Role.NOTE, text) for text in feet)],
        title=titles[0] if titles else page_title(facts.title, [item.text for item in fragments]),
        date=plausible_date([item.text for item in fragments], facts.changed),
        warnings=warnings,
    )


def _on_pictures(
    tree: Node, parts: Mapping[str, tuple[str, str]], pictures: Pictures, number: int
) -> Iterator[Fragment]:
    """What is written on the pictures of a slide."""
    for picture in tree.nodes("pic"):
        name = attribute(next(picture.nodes("blip"), None), "embed")
        for text in pictures.texts(parts.get(name, ("", ""))[1]):
            yield replace(written(Role.BODY, text, number, rank=NO_HEADING), by_ocr=True)


def _warnings(pictures: Pictures, hidden: Sequence[int], struck: int) -> list[str]:
    """What of the file is not in the text, or is in it though it is not shown."""
    told = pictures.warnings()
    if struck:
        told.append(f"{struck:,} characters that are struck out are left out")
    if hidden:
        told.append(f"slides that are hidden in a show are read all the same: {_numbers(hidden)}")
    return told


def _numbers(slides: Sequence[int]) -> str:
    return ", ".join(map(str, dict.fromkeys(slides)))


def _place(cell: Node, column: int, header: bool) -> Placed:
    rows, columns = (
        int(value) if value.isdigit() and len(value) < 6 else 1
        for value in (attribute(cell, "rowspan", "1"), attribute(cell, "gridspan", "1"))
    )
    return Placed(0, 0, column, max(1, rows), max(1, columns), header)


def _placeholder(shape: Node) -> str | None:
    """The kind of a placeholder, in lower case; None for any other shape."""
    found = next(shape.nodes("ph"), None)
    return attribute(found, "type", "obj").lower() if found is not None else None


def _paragraphs(shape: Node) -> Iterator[str]:
    for body in shape.nodes("txbody"):
        for paragraph in body.nodes("p"):
            if text := _line(paragraph):
                yield text


def _line(paragraph: Node) -> str:
    return " ".join(in_line(_parts(paragraph)).split())


def _parts(node: Node) -> Iterator[Part]:
    """What is written in a paragraph, and what of it is raised or lowered."""
    for child in node.children:
        if isinstance(child, str) or child.tag == "fallback":
            continue
        if child.tag in ("r", "fld"):
            facts = child.child("rpr")
            if _is_struck(child):
                continue
            shift = _shift(attribute(facts, "baseline", "0"))
            font = next(
                (attribute(own, "typeface") for tag in ("sym", "latin")
                 if facts is not None and (own := facts.child(tag)) is not None), "",
            )  # fmt: skip
            for text in child.nodes("t"):
                yield in_font(text.text(), font), shift
        elif child.tag == "br":
            yield " ", Shift.NONE
        elif child.tag == "omath":
            yield office_math(child), Shift.FORMULA
        else:
            yield from _parts(child)


def _is_struck(run: Node) -> bool:
    return attribute(run.child("rpr"), "strike") not in _UNSTRUCK


def _struck(slide: Node) -> int:
    """How many characters of a slide, white space not counted, are struck out."""
    texts = (text for run in slide.nodes("r") if _is_struck(run) for text in run.nodes("t"))
    return sum(len("".join(text.text().split())) for text in texts)


def _shift(baseline: str) -> Shift:
    """Where a run stands, by thousandths of a percent of its size."""
    number = baseline.rstrip("%")
    if not number.lstrip("-").isdecimal() or int(number) == 0:
        return Shift.NONE
    return Shift.RAISED if int(number) > 0 else Shift.LOWERED


class _Slide:
    """A slide: its title first, then its other shapes in the order of the file, its comments and
    the speaker's notes. `tables` counts those of the slides before, too."""

    def __init__(self, archive: Archive, part: str, tree: Node, number: int, tables: int) -> None:
        self._archive, self._tree, self._number = archive, tree, number
        self._relations = relations(archive, part)
        self.tables = tables

    def feet(self) -> Iterator[str]:
        """The texts at the edges of the slide."""
        for shape in _shapes(self._tree):
            if _placeholder(shape) in _EDGES:
                yield from _paragraphs(shape)

    def fragments(self) -> Iterator[Fragment]:
        shapes = [node for node in _shapes(self._tree) if _placeholder(node) not in _FURNITURE]
        shapes.sort(key=lambda shape: _placeholder(shape) not in _TITLES)
        for shape in shapes:
            if shape.tag == "graphicframe":
                yield from self._rows(shape)
                yield from self._drawings(shape)
                continue
            kind = _placeholder(shape)
            texts = list(_paragraphs(shape))
            if kind in _TITLES and texts:
                yield written(Role.BODY, " ".join(texts), self._number, rank=HEADING_RANKS[1])
                continue
            role = Role.ITEM if kind in ("obj", "body") and len(texts) > 1 else Role.BODY
            for text in texts:
                yield written(role, text, self._number)
        for text in self._notes():
            yield written(Role.NOTE, text, self._number)

    def _rows(self, frame: Node) -> Iterator[Fragment]:
        for table in frame.nodes("tbl"):
            self.tables += 1
            headed = attribute(next(table.nodes("tblpr"), None), "firstrow") in ("1", "true")
            rows = list(table.nodes("tr"))
            for i, row in enumerate(rows):
                cells = [
                    (" ".join(map(_line, cell.nodes("p"))), _place(cell, column, headed and i == 0))
                    for column, cell in enumerate(row.nodes("tc"))
                ]
                if any(words.strip() for words, _ in cells):
                    yield written_row(cells, self.tables, self._number)

    def _drawings(self, frame: Node) -> Iterator[Fragment]:
        """Charts and SmartArt, which other parts of the file hold."""
        for tag, name in (("chart", "relation"), ("relids", "dm")):
            for node in frame.nodes(tag):
                _, part = self._relations.get(attribute(node, name), ("", ""))
                if part and (data := self._archive.read(part)):
                    yield from drawing_fragments(parse_xml(data), tag, self.tables, self._number)
                    self.tables += tag == "chart"

    def _notes(self) -> Iterator[str]:
        """Comments and the speaker's notes."""
        for kind, target in self._relations.values():
            if kind not in ("notesSlide", "comments") or not (data := self._archive.read(target)):
                continue
            root = parse_xml(data)
            for shape in root.nodes("sp"):
                if _placeholder(shape) == "body":
                    yield from _paragraphs(shape)
            for comment in root.nodes("cm"):
                old = comment.child("text")
                yield from [tidy(old.text())] if old is not None else _paragraphs(comment)


def _shapes(node: Node) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Node) and child.tag != "fallback":
            if child.tag in ("sp", "graphicframe"):
                yield child
            else:
                yield from _shapes(child)
