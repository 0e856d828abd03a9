"""Web pages, feeds and books (EPUB) as files.

XML files: feeds (RSS, RDF, Atom) entry by entry, web pages, and any other by its texts.

EPUB files as cleaned texts: the chapters of a book in their order.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from rag.documents.detect import Cleaned, Decoded, decode
from rag.documents.formats.archives import Archive
from rag.documents.formats.html import (
    HEADING_RANKS,
    PageText,
    Read,
    heading_text,
    page_text,
    page_warnings,
    tidy,
)
from rag.documents.formats.markup import Node, declared_encoding, parse_html, parse_xml
from rag.documents.formats.text import clean_fragments
from rag.documents.fragments import Fragment, Role, written
from rag.documents.headings import NO_HEADING, infer_date
from rag.documents.pdf.read import Pictures
from rag.errors import UnreadableDocument
from rag.settings import Reading

_DATES = (
    "article:published_time", "article:modified_time", "date", "pubdate", "publishdate",
    "dc.date", "dcterms.created", "datepublished", "og:updated_time",
)  # fmt: skip
_DAY = re.compile(r"(\d{4})[-/.](\d{2})[-/.](\d{2})")
_SITE = re.compile(r" [-–—|_] [^-–—|_]{1,30}$")


def read_html(data: bytes, _settings: Reading) -> Cleaned:
    """A web page: its main part.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, or without text.
    """
    decoded = decode(data, declared_encoding(data))
    cleaned = clean_page(parse_html(decoded.text))
    return replace(cleaned, warnings=(*decoded.warnings, *cleaned.warnings))


def clean_page(root: Node, read: Read | None = None) -> Cleaned:
    """A parsed web page as a cleaned text; `read` reads the pictures that come with it.

    Raises:
        UnreadableDocument: it has no text.
    """
    page = page_text(root, read)
    fragments = page.fragments
    if not fragments:
        raise UnreadableDocument("the page holds no text")
    stated = _stated_date(root)
    return clean_fragments(
        fragments,
        title=_title(root),
        date=stated or infer_date([fragment.text for fragment in fragments]),
        stated=stated is not None,
        warnings=page_warnings([page]),
    )


def _title(root: Node) -> str | None:
    """The page's only first heading, else what its head says, without the name of the site."""
    heads = [text for node in root.nodes("h1") if (text := heading_text(node))]
    if len(heads) == 1:
        return heads[0]
    for node in root.nodes("title"):
        if title := tidy(node.text()):
            return _SITE.sub("", title)
    return None


def _stated_date(root: Node) -> str | None:
    for node in root.nodes("meta"):
        name = node.attributes.get("property") or node.attributes.get("name") or ""
        match = _DAY.match(node.attributes.get("content", ""))
        if name.lower() in _DATES and match:
            return "-".join(match.groups())
    return None


_ENTRIES = {"item", "entry"}
_TEXTS = ("encoded", "content", "description", "summary")
_FEED_DATES = ("pubdate", "date", "published", "issued", "updated", "modified", "lastbuilddate")
_PAGE = re.compile(
    r"^\s*+(?:<\?xml[^>]*\?>\s*+)?(?:<!--.*?-->\s*+)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_FEED_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def read_xml(data: bytes, _settings: Reading) -> Cleaned:
    """An XML file. A feed's entries become sections with their title as heading.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, no XML, or without text.
    """
    decoded = decode(data, declared_encoding(data))
    cleaned = _clean(decoded.text)
    return replace(cleaned, warnings=(*decoded.warnings, *cleaned.warnings))


def _clean(text: str) -> Cleaned:
    if _PAGE.match(text):
        return clean_page(parse_html(text))
    root = parse_xml(text)
    entries = [node for tag in _ENTRIES for node in root.nodes(tag)]
    if not entries:
        return _clean_other(root)
    channel = root.child("channel") or root
    fragments = list(_head(channel))
    pages: list[PageText] = []
    for entry in entries:
        fragments += _entry(entry, pages)
    if not fragments:
        raise UnreadableDocument("the feed holds no text")
    dates = sorted(filter(None, (_date(node) for node in (channel, *entries))))
    return clean_fragments(
        fragments, title=_feed_title(channel), date=dates[-1] if dates else None,
        stated=bool(dates), warnings=page_warnings(pages),
    )  # fmt: skip


def _clean_other(root: Node) -> Cleaned:
    """Every element that holds text of its own is a paragraph."""
    fragments = [written(Role.BODY, text) for text in _texts(root)]
    if not fragments:
        raise UnreadableDocument("the file holds no text")
    return clean_fragments(
        fragments, title=_feed_title(root), date=infer_date([item.text for item in fragments])
    )


def _texts(node: Node) -> Iterator[str]:
    inline = [child for child in node.children if isinstance(child, str) and child.strip()]
    if inline and (text := tidy(node.text())):
        yield text
        return
    for child in node.children:
        if isinstance(child, Node):
            yield from _texts(child)


def _head(channel: Node) -> Iterator[Fragment]:
    for tag in ("title", "subtitle", "tagline", "description"):
        node = channel.child(tag)
        if node is not None and (text := tidy(_plain(node))):
            rank = HEADING_RANKS[0] if tag == "title" else NO_HEADING
            yield written(Role.BODY, text, rank=rank)


def _entry(entry: Node, pages: list[PageText]) -> Iterator[Fragment]:
    """The fragments of an entry, whose marked text is put to the `pages`."""
    title = _feed_title(entry)
    if title:
        yield written(Role.BODY, title, rank=HEADING_RANKS[1])
    for tag in _FEED_DATES:
        node = entry.child(tag)
        if node is not None and (text := tidy(node.text())):
            yield written(Role.NOTE, text)
            break
    for tag in _TEXTS:
        node = entry.child(tag)
        inner = _marked(node) if node is not None else None
        if inner is not None and inner.fragments:
            pages.append(inner)
            for fragment in inner.fragments:
                rank = NO_HEADING if fragment.role in (Role.BODY, Role.ITEM) else None
                yield written(fragment.role, fragment.text, rank=rank, table=fragment.table)
            return


def _marked(node: Node) -> PageText | None:
    """A text that may hold markup, as elements or written out; None where there is none."""
    if any(isinstance(child, Node) for child in node.children):
        return page_text(node)
    text = node.text()
    return page_text(parse_html(text)) if text.strip() else None


def _plain(node: Node) -> str:
    text = node.text()
    return parse_html(text).text() if "<" in text and text.strip() else text


def _feed_title(node: Node) -> str | None:
    title = node.child("title")
    return tidy(_plain(title)) or None if title is not None else None


def _date(node: Node) -> str | None:
    for tag in _FEED_DATES:
        found = node.child(tag)
        if found is None:
            continue
        text = found.text().strip()
        if match := _FEED_DAY.match(text):
            return "-".join(match.groups())
        try:
            return parsedate_to_datetime(text).date().isoformat()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


_CONTAINER = "META-INF/container.xml"
_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def read_epub(data: bytes, settings: Reading) -> Cleaned:
    """An e-book: its chapters in reading order, with what is written on their pictures. A chapter
    that is named but missing is named in a warning.

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
    pictures = Pictures(archive.read, settings)
    there = set(archive.names())
    tables, damaged = 0, 0
    for name, is_picture in _chapters(package, posixpath.dirname(package_name), there):
        chapter = archive.read(name)
        if chapter is None:
            missing.append(name)
        elif is_picture:
            for text in pictures.texts(name):
                found = written(Role.BODY, text, rank=NO_HEADING)
                fragments.append(replace(found, by_ocr=True))
        elif chapter.strip():
            decoded = decode(chapter, declared_encoding(chapter))
            damaged += decoded.damaged
            folder = posixpath.dirname(name)

            def read(source: str, folder: str = folder) -> list[str] | None:
                part = _part(folder, source)
                return pictures.texts(part) if part in there else None

            pages.append(page_text(parse_html(decoded.text), read, site=False))
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
            *pictures.warnings(),
            *page_warnings(pages),
        ],
    )


def _chapters(package: Node, folder: str, there: set[str]) -> list[tuple[str, bool]]:
    """The names of the chapters' files in reading order, then those that are `there` but in no
    order, as notes may be; and whether each is a picture. The book's list of its chapters is none.
    """
    items = {item.attributes.get("id", ""): item.attributes for item in package.nodes("item")}
    order = [node.attributes.get("idref", "") for node in package.nodes("itemref")]
    others = [
        name for name, item in items.items()
        if "html" in item.get("media-type", "html") and item.get("properties", "") != "nav"
        and _part(folder, item.get("href", "")) in there
    ]  # fmt: skip
    found: dict[str, bool] = {}
    for name in (*order, *others):
        item = items.get(name, {})
        kind = item.get("media-type", "html")
        if item.get("href") and ("html" in kind or kind in _PICTURES):
            found.setdefault(_part(folder, item["href"]), kind in _PICTURES)
    return list(found.items())


def _part(folder: str, link: str) -> str:
    """The name of the file that a link of a file in `folder` leads to."""
    return posixpath.normpath(posixpath.join(folder, unquote(link)))


def _renumbered(fragment: Fragment, tables: int) -> Fragment:
    """Tables are numbered through the whole book."""
    if fragment.table is None:
        return fragment
    return replace(fragment, table=fragment.table + tables)


def _said(package: Node, tag: str) -> str | None:
    """What the book says about itself."""
    node = next(package.nodes(tag), None)
    return tidy(node.text()) or None if node is not None else None
