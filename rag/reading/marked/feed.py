"""XML files: feeds (RSS, RDF, Atom) entry by entry, web pages, and any other by its texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import infer_date
from rag.reading.flow import Fragment, Role, written
from rag.reading.marked.html import HEADING_RANKS, PageText, page_text, page_warnings, tidy
from rag.reading.marked.web import clean_page
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.markup import Node, declared_encoding, parse_html, parse_xml
from rag.reading.parsers.plain import decode
from rag.settings import Reading

_ENTRIES = {"item", "entry"}
_TEXTS = ("encoded", "content", "description", "summary")
_DATES = ("pubdate", "date", "published", "issued", "updated", "modified", "lastbuilddate")
_PAGE = re.compile(
    r"^\s*+(?:<\?xml[^>]*\?>\s*+)?(?:<!--.*?-->\s*+)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


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
        fragments, title=_title(channel), date=dates[-1] if dates else None, stated=bool(dates),
        warnings=page_warnings(pages),
    )  # fmt: skip


def _clean_other(root: Node) -> Cleaned:
    """Every element that holds text of its own is a paragraph."""
    fragments = [written(Role.BODY, text) for text in _texts(root)]
    if not fragments:
        raise UnreadableDocument("the file holds no text")
    return clean_fragments(
        fragments, title=_title(root), date=infer_date([item.text for item in fragments])
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
    title = _title(entry)
    if title:
        yield written(Role.BODY, title, rank=HEADING_RANKS[1])
    for tag in _DATES:
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


def _title(node: Node) -> str | None:
    title = node.child("title")
    return tidy(_plain(title)) or None if title is not None else None


def _date(node: Node) -> str | None:
    for tag in _DATES:
        found = node.child(tag)
        if found is None:
            continue
        text = found.text().strip()
        if match := _DAY.match(text):
            return "-".join(match.groups())
        try:
            return parsedate_to_datetime(text).date().isoformat()
        except (ValueError, TypeError, OverflowError):
            continue
    return None
