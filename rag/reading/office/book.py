"""EPUB files as cleaned texts: the chapters of a book in their order."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from urllib.parse import unquote

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import infer_date
from rag.reading.flow import Fragment
from rag.reading.marked.html import PageText, page_text, page_warnings, tidy
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.markup import Node, declared_encoding, parse_html, parse_xml
from rag.reading.parsers.plain import Decoded, decode
from rag.settings import Reading

_CONTAINER = "META-INF/container.xml"
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def read_epub(data: bytes, settings: Reading) -> Cleaned:
    """An e-book: its chapters in reading order. One that is named but missing is named in a
    warning.

    Raises:
        UnreadableDocument: no EPUB, encrypted, damaged, a zip bomb, or without text.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    rootfile = next(parse_xml(archive.need(_CONTAINER, "EPUB")).nodes("rootfile"), None)
    package_name = rootfile.attributes.get("full-path", "") if rootfile else ""
    package = parse_xml(archive.need(package_name or "content.opf", "EPUB"))
    fragments: list[Fragment] = []
    missing: list[str] = []
    pages: list[PageText] = []
    tables, damaged = 0, 0
    for name in _chapters(package, posixpath.dirname(package_name)):
        chapter = archive.read(name)
        if chapter is None:
            missing.append(name)
        elif chapter.strip():
            decoded = decode(chapter, declared_encoding(chapter))
            damaged += decoded.damaged
            pages.append(page_text(parse_html(decoded.text)))
            own = [_renumbered(item, tables) for item in pages[-1].fragments]
            tables = max([tables, *(item.table or 0 for item in own)])
            fragments += own
    if not fragments:
        raise UnreadableDocument("the book holds no text")
    stated = _DATE.match(_said(package, "date") or "")
    return clean_fragments(
        fragments,
        title=_said(package, "title"),
        date=stated[0] if stated else infer_date([item.text for item in fragments]),
        stated=stated is not None,
        warnings=[
            *Decoded("", "text", damaged).warnings,
            *([f"chapters are missing from the file: {', '.join(missing)}"] if missing else []),
            *page_warnings(pages),
        ],
    )


def _chapters(package: Node, folder: str) -> list[str]:
    """The names of the chapters' files, in reading order."""
    places = {
        item.attributes.get("id", ""): item.attributes.get("href", "")
        for item in package.nodes("item")
        if "html" in item.attributes.get("media-type", "html")
    }
    order = [places.get(node.attributes.get("idref", ""), "") for node in package.nodes("itemref")]
    names = [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in order if href]
    return list(dict.fromkeys(names))


def _renumbered(fragment: Fragment, tables: int) -> Fragment:
    """Tables are numbered through the whole book."""
    if fragment.table is None:
        return fragment
    return replace(fragment, table=fragment.table + tables)


def _said(package: Node, tag: str) -> str | None:
    """What the book says about itself."""
    node = next(package.nodes(tag), None)
    return tidy(node.text()) or None if node is not None else None
