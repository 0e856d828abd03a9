"""Notebooks of Jupyter (.ipynb): texts, code, and what it printed, as one Markdown text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_markdown
from rag.reading.parsers.plain import decode
from rag.settings import Reading

_MOST_CELLS = 100_000
_FENCES = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read_notebook(data: bytes, _settings: Reading) -> Cleaned:
    """A notebook: its cells in order. Pictures among what the code printed are counted in a
    warning.

    Raises:
        UnreadableDocument: empty, no JSON, no notebook, or without text.
    """
    decoded = decode(data)
    try:
        book = json.loads(decoded.text)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument(f"the notebook is damaged: {error}") from None
    cells = list(_cells(book))
    if len(cells) > _MOST_CELLS:
        raise UnreadableDocument(f"the notebook has {len(cells):,} cells; split it")
    parts: list[str] = []
    unread = 0
    for cell in cells:
        source = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "code":
            parts.append(_fenced(source))
        elif cell.get("cell_type") == "heading":
            parts.append(f"{'#' * _level(cell.get('level'))} {' '.join(source.split())}")
        else:
            parts.append(source)
        for output in _mappings(cell.get("outputs")):
            shown, left_out = _output(output)
            parts.append(shown)
            unread += left_out
    source = "\n\n".join(part for part in parts if part.strip())
    if not source.strip():
        raise UnreadableDocument("the notebook holds no text")
    cleaned = clean_markdown(source)
    warnings = [f"{unread:,} pictures or other outputs of code are not read"] if unread else []
    return replace(
        cleaned,
        blocks=tuple(replace(block, lines=None, repeats=()) for block in cleaned.blocks),
        origin=(),
        source=None,
        warnings=(*decoded.warnings, *cleaned.warnings, *warnings),
    )


def _cells(book: object) -> Iterator[dict[str, Any]]:
    """The cells of a notebook of format 4, or of the sheets of one of format 3."""
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise UnreadableDocument("the file is no notebook: it has no cells")
    yield from _mappings(book.get("cells"))
    for sheet in _mappings(book.get("worksheets")):
        yield from _mappings(sheet.get("cells"))


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _text(value: object) -> str:
    """A text that may be kept as a list of lines."""
    if isinstance(value, list):
        return "".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""


def _output(output: dict[str, Any]) -> tuple[str, int]:
    """What a piece of code printed, and how much of it has no text."""
    if output.get("output_type") in ("error", "pyerr"):
        return _fenced(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"), 0
    data = output.get("data")
    shown: dict[str, Any] = data if isinstance(data, dict) else output
    table = _text(shown.get("text/html", shown.get("html")))
    if "<table" in table:
        return table, 0
    plain = _text(shown.get("text/plain", shown.get("text")))
    pictured = any(str(kind).startswith(("image/", "png", "jpeg", "svg")) for kind in shown)
    for kind in ("text/markdown", "text/latex"):
        if text := _text(shown.get(kind)):
            return text, 0
    if pictured:  # the text only names it
        return "", 1
    return _fenced(_COLOUR.sub("", plain)), 0


def _fenced(text: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(match[1]) for match in _FENCES.finditer(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.strip()}\n{fence}"


def _level(value: object) -> int:
    return min(max(value, 1), 6) if isinstance(value, int) else 1
