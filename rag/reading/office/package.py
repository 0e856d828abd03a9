"""What Word and PowerPoint files have in common: relations, properties, tables."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import UnreadableDocument
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.markup import Node, parse_xml

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
_NO_TITLE = re.compile(
    r"^(?:(?:Microsoft\s)?(?:Word|PowerPoint|Excel|WPS)\b.*|文档\s?\d*|演示文稿\s?\d*|未命名.*|"
    r"(?:Document|Presentation|Slide)\s?\d*|PowerPoint 演示文稿|无标题.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says about itself; `changed` is `YYYY-MM-DD`."""

    title: str | None
    changed: str | None


def properties(archive: Archive) -> Properties:
    """Title and last change of an office file."""
    data = archive.read("docProps/core.xml")
    if data is None:
        return Properties(None, None)
    try:
        root = parse_xml(data)
    except UnreadableDocument:
        return Properties(None, None)
    node = root.child("title")
    title = node.text().strip() if node else ""
    stated = [found.text() for tag in ("modified", "created") if (found := root.child(tag))]
    dates = [_DAY.match(text) for text in stated]
    changed = next((match[1] for match in dates if match), None)
    return Properties(title if title and not _NO_TITLE.match(title) else None, changed)


def relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The relations of a part by their id: the last word of their type, and the name of the
    part they lead to. Links out of the file are left out."""
    folder, name = posixpath.split(part)
    data = archive.read(f"{folder}/_rels/{name}.rels")
    if data is None:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for node in parse_xml(data).nodes("relationship"):
        facts = node.attributes
        if facts.get("targetmode") != "External" and "id" in facts:
            target = posixpath.normpath(posixpath.join("/", folder, facts.get("target", "")))
            found[facts["id"]] = (facts.get("type", "").rpartition("/")[2], target.lstrip("/"))
    return found


def row_text(cells: Sequence[str]) -> str:
    """The cells of a row, separated by tabs; empty ones at its end are left out."""
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")


def attribute(node: Node | None, name: str, default: str = "") -> str:
    """An attribute of an element that may not be there."""
    return node.attributes.get(name, default) if node is not None else default
