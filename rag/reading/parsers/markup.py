"""HTML and XML into trees of plain nodes. Third party: lxml.

Entities are not resolved, nothing is fetched, and a tree has at most `MAX_NODES` elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.errors import UnreadableDocument

MAX_NODES = 2_000_000
MAX_DEPTH = 150
"""Elements deeper than this are put beside their parent instead of into it."""

_DECLARED = re.compile(
    rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,30})", re.IGNORECASE
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_HEAD_BYTES = 4096


@dataclass(slots=True)
class Node:
    """An element: its name in lower case without a namespace, its attributes (names likewise),
    and its children, text among them."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def nodes(self, tag: str) -> Iterator[Node]:
        """The elements of that name below this one, in order."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag == tag:
                    yield child
                yield from child.nodes(tag)

    def child(self, tag: str) -> Node | None:
        """The first child of that name."""
        return next((c for c in self.children if isinstance(c, Node) and c.tag == tag), None)

    def text(self) -> str:
        """All text below this element, as it is written."""
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)


def declared_encoding(data: bytes) -> str | None:
    """The encoding that the head of an HTML or XML file declares."""
    match = _DECLARED.search(data[:_HEAD_BYTES])
    return match[1].decode("ascii").lower() if match else None


def parse_html(text: str) -> Node:
    """The tree of an HTML page, however badly it is written.

    Raises:
        UnreadableDocument: nothing in it, or too many elements.
    """
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    return _parsed(text, parser, "HTML")


def parse_xml(data: bytes | str) -> Node:
    """The tree of an XML file; what is not well-formed is mended where it can be.

    Raises:
        UnreadableDocument: no XML, or too many elements.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, recover=True, remove_comments=True, remove_pis=True,
        encoding="utf-8" if isinstance(data, str) else None,
    )  # fmt: skip
    return _parsed(data, parser, "XML")


def _parsed(data: bytes | str, parser: Any, kind: str) -> Node:
    from lxml import etree

    if isinstance(data, str):
        text = _CONTROL.sub("", _DECLARATION.sub("", data.lstrip("\ufeff")))
        data = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise UnreadableDocument(f"the {kind} is damaged: {error}") from None
    if any("depth" in entry.message for entry in parser.error_log):
        raise UnreadableDocument(f"the {kind} is damaged: its elements are nested too deeply")
    if root is None:
        raise UnreadableDocument(f"the file is no {kind}")
    try:
        return _tree(root)
    except UnicodeDecodeError as error:  # a reference to half a character, as &#xD800;
        raise UnreadableDocument(f"the {kind} is damaged: {error.reason} in its text") from None


def _tree(root: Any) -> Node:
    """The same tree of plain nodes, made without recursion."""
    top = Node(_name(root.tag), _attributes(root))
    stack: list[tuple[Any, Node, int]] = [(root, top, 0)]
    count = 0
    while stack:
        element, node, depth = stack.pop()
        if element.text:
            node.children.append(element.text)
        for child in element:
            if not isinstance(child.tag, str):  # an entity, left as it is written
                node.children.append(child.tail or "")
                continue
            count += 1
            if count > MAX_NODES:
                raise UnreadableDocument(f"the file has more than {MAX_NODES:,} elements")
            copy = Node(_name(child.tag), _attributes(child))
            node.children.append(copy)
            if child.tail:
                node.children.append(child.tail)
            stack.append((child, copy if depth < MAX_DEPTH else node, depth + 1))
    return top


def _name(tag: Any) -> str:
    return str(tag).rpartition("}")[2].lower()


def _attributes(element: Any) -> dict[str, str]:
    """Names without namespaces; a reference to a relation of an office file is a `relation`."""
    return {
        "relation" if key.endswith("/relationships}id") else _name(key): value
        for key, value in element.attrib.items()
    }
