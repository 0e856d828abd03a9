"""HTML files as cleaned texts."""

from __future__ import annotations

import re
from dataclasses import replace

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import infer_date
from rag.reading.marked.html import heading_text, page_text, page_warnings, tidy
from rag.reading.parsers.markup import Node, declared_encoding, parse_html
from rag.reading.parsers.plain import decode
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


def clean_page(root: Node) -> Cleaned:
    """A parsed web page as a cleaned text.

    Raises:
        UnreadableDocument: it has no text.
    """
    page = page_text(root)
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
