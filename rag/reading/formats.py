"""Which parser reads which file, by the ending of its name.

A parser takes a file's bytes and gives a cleaned text; what it needs is imported when it is
called, so that reading a text file loads no library for another format.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from rag.reading.clean import Cleaned
from rag.reading.detect import is_disguised
from rag.settings import Reading

Parser = Callable[[bytes, Reading], Cleaned]

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
PAGED = (".pdf", *_PICTURES)
"""The endings of files whose pages can be drawn."""
_FORMATS = "rag.documents.formats"
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
    ".srt": f"{_FORMATS}.subtitles:read_subtitles",
    ".vtt": f"{_FORMATS}.subtitles:read_subtitles",
    ".ipynb": f"{_FORMATS}.notebook:read_notebook",
    ".tex": f"{_FORMATS}.tex:read_tex",
    ".ofd": f"{_FORMATS}.ofd:read_ofd",
    ".eml": f"{_FORMATS}.mail:read_eml",
    ".msg": f"{_FORMATS}.outlook:read_msg",
    ".mht": f"{_FORMATS}.mail:read_mht",
    ".mhtml": f"{_FORMATS}.mail:read_mht",
    ".pdf": "rag.reading.paged.read:read_pdf",
    **dict.fromkeys((".doc", ".wps", ".rtf", ".odt"), f"{_FORMATS}.legacy:read_text_document"),
    **dict.fromkeys((".ppt", ".dps", ".odp"), f"{_FORMATS}.legacy:read_presentation"),
    **dict.fromkeys((".xls", ".et", ".xlsb", ".ods"), f"{_FORMATS}.legacy:read_workbook"),
    **dict.fromkeys(_PICTURES, "rag.reading.paged.image:read_image"),
}

_HEAD_BYTES = 1024
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


def is_foreign(path: str) -> bool:
    """Whether a file is, or may be, parsed by a library that may hang or crash on it: by the
    ending of its name, or by how its content begins."""
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122 (as many as there are files)
    if ending not in _OWN and ending:
        return True
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (as above)
            return is_disguised(file.read(_HEAD_BYTES))
    except OSError:  # one in an archive
        return True


def supported() -> list[str]:
    """The endings of files that can be read, sorted."""
    return sorted(_PARSERS)
