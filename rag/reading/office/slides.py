"""PPTX files as cleaned texts: slide by slide, the number of the slide as its page."""

from __future__ import annotations

from collections.abc import Iterator

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import plausible_date
from rag.reading.flow import Fragment, Role, decided, written
from rag.reading.marked.html import HEADING_RANKS
from rag.reading.office.package import attribute, properties, relations, row_text
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.markup import Node, parse_xml
from rag.settings import Reading

_MAIN = "ppt/presentation.xml"
_TITLES = {"title", "ctrtitle"}
_FURNITURE = {"sldnum", "dt", "ftr", "hdr", "sldimg"}


def read_pptx(data: bytes, settings: Reading) -> Cleaned:
    """A PowerPoint file: titles as headings, lists, tables, speaker's notes. A slide that is a
    picture only is named in a warning.

    Raises:
        UnreadableDocument: no PPTX, encrypted, damaged, a zip bomb, or without text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    root = parse_xml(archive.need(_MAIN, "PPTX"))
    parts = relations(archive, _MAIN)
    fragments: list[Fragment] = []
    titles: list[str] = []
    pictures: list[int] = []
    tables = 0
    for number, entry in enumerate(root.nodes("sldid"), 1):
        _, part = parts.get(entry.attributes.get("relation", ""), ("", ""))
        slide = archive.read(part) if part else None
        if slide is None:
            continue
        tree = parse_xml(slide)
        own = list(_Slide(tree, number, tables).fragments())
        tables += sum(1 for _ in tree.nodes("tbl"))
        titles += [item.text for item in own if item.rank == HEADING_RANKS[1]][:1]
        own += _speaker(archive, part, number)
        fragments += own
        if not own and next(tree.nodes("pic"), None) is not None:
            pictures.append(number)
    if not fragments:
        raise UnreadableDocument("the slides hold no text")
    facts = properties(archive)
    return clean_fragments(
        decided(fragments),
        title=titles[0] if titles else facts.title,
        date=plausible_date([item.text for item in fragments], facts.changed),
        warnings=[_missing(pictures)] if pictures else [],
    )


def _missing(pictures: list[int]) -> str:
    return f"slides that are pictures only are missing: {', '.join(map(str, pictures))}"


def _speaker(archive: Archive, part: str, number: int) -> Iterator[Fragment]:
    """The speaker's notes of a slide."""
    for kind, target in relations(archive, part).values():
        if kind == "notesSlide" and (data := archive.read(target)):
            for shape in parse_xml(data).nodes("sp"):
                if _placeholder(shape) == "body":
                    for text in _paragraphs(shape):
                        yield written(Role.NOTE, text, number)


def _placeholder(shape: Node) -> str | None:
    """The kind of a placeholder, in lower case; None for any other shape."""
    found = next(shape.nodes("ph"), None)
    return attribute(found, "type", "obj").lower() if found is not None else None


def _paragraphs(shape: Node) -> Iterator[str]:
    for body in shape.nodes("txbody"):
        for paragraph in body.nodes("p"):
            words = [
                child.text() if child.tag == "t" else " "
                for run in paragraph.children if isinstance(run, Node)
                for child in ([run] if run.tag == "br" else run.children)
                if isinstance(child, Node) and child.tag in ("t", "br")
            ]  # fmt: skip
            if text := " ".join("".join(words).split()):
                yield text


class _Slide:
    """The shapes of one slide: its title first, then the others in the order of the file."""

    def __init__(self, tree: Node, number: int, tables: int) -> None:
        self._tree, self._number, self._tables = tree, number, tables

    def fragments(self) -> Iterator[Fragment]:
        shapes = [node for node in _shapes(self._tree) if _placeholder(node) not in _FURNITURE]
        shapes.sort(key=lambda shape: _placeholder(shape) not in _TITLES)
        for shape in shapes:
            if shape.tag == "graphicframe":
                yield from self._rows(shape)
                continue
            kind = _placeholder(shape)
            texts = list(_paragraphs(shape))
            if kind in _TITLES and texts:
                yield written(Role.BODY, " ".join(texts), self._number, rank=HEADING_RANKS[1])
                continue
            role = Role.ITEM if kind in ("obj", "body") and len(texts) > 1 else Role.BODY
            for text in texts:
                yield written(role, text, self._number)

    def _rows(self, frame: Node) -> Iterator[Fragment]:
        for table in frame.nodes("tbl"):
            self._tables += 1
            for row in table.nodes("tr"):
                cells = [" ".join(_cell(cell)) for cell in row.nodes("tc")]
                if text := row_text(cells):
                    yield written(Role.ROW, text, self._number, table=self._tables)


def _cell(cell: Node) -> Iterator[str]:
    for paragraph in cell.nodes("p"):
        yield "".join(node.text() for node in paragraph.nodes("t"))


def _shapes(node: Node) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Node) and child.tag != "fallback":
            if child.tag in ("sp", "graphicframe"):
                yield child
            else:
                yield from _shapes(child)
