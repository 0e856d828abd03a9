"""Which parser reads which file, by the ending of its name.

A parser takes a file's bytes and gives a cleaned text; what it needs is imported when it is
called, so that reading a text file loads no library for another format.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from rag.reading.clean import Cleaned
from rag.settings import Reading

Parser = Callable[[bytes, Reading], Cleaned]

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
PAGED = (".pdf", *_PICTURES)
"""The endings of files whose pages can be drawn."""
# Ending -> module and function.
_PARSERS = {
    ".txt": "rag.reading.clean:read_text",
    ".text": "rag.reading.clean:read_text",
    ".log": "rag.reading.clean:read_text",
    ".md": "rag.reading.clean:read_markdown",
    ".markdown": "rag.reading.clean:read_markdown",
    ".docx": "rag.reading.office.word:read_docx",
    ".pptx": "rag.reading.office.slides:read_pptx",
    ".epub": "rag.reading.office.book:read_epub",
    ".xlsx": "rag.reading.office.sheets:read_xlsx",
    ".xlsm": "rag.reading.office.sheets:read_xlsx",
    ".csv": "rag.reading.delimited:read_csv",
    ".tsv": "rag.reading.delimited:read_csv",
    ".json": "rag.reading.records:read_json",
    ".jsonl": "rag.reading.records:read_json_lines",
    ".ndjson": "rag.reading.records:read_json_lines",
    ".html": "rag.reading.marked.web:read_html",
    ".htm": "rag.reading.marked.web:read_html",
    ".xhtml": "rag.reading.marked.web:read_html",
    ".xml": "rag.reading.marked.feed:read_xml",
    ".rss": "rag.reading.marked.feed:read_xml",
    ".atom": "rag.reading.marked.feed:read_xml",
    ".pdf": "rag.reading.paged.read:read_pdf",
    **dict.fromkeys(_PICTURES, "rag.reading.paged.image:read_image"),
}

# Read by this program's own code.
_OWN = {".txt", ".text", ".log", ".md", ".markdown", ".csv", ".tsv", ".json", ".jsonl", ".ndjson"}


def parser_of(suffix: str) -> Parser | None:
    """The parser for files whose name ends with `suffix` (`.pdf`); a name without an ending is
    a text's. None where there is none."""
    place = _PARSERS.get(suffix.lower() or ".txt")
    if place is None:
        return None
    module, _, name = place.partition(":")
    parser: Parser = getattr(import_module(module), name)
    return parser


def is_foreign(suffix: str) -> bool:
    """Whether files of this ending are parsed by a library that may hang or crash on them."""
    return suffix.lower() in _PARSERS and suffix.lower() not in _OWN


def supported() -> list[str]:
    """The endings of files that can be read, sorted."""
    return sorted(_PARSERS)
