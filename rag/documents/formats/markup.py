"""HTML and XML as trees, and what the styles of a web page hide or raise.

HTML and XML into trees of plain nodes. Third party: lxml.

Entities are not resolved, nothing is fetched, and a tree has at most `MAX_NODES` elements.

What the styles of a web page hide, raise and lower: style attributes and simple rules of its
style sheets.

Rules are followed where their selector names elements by tag, class and id, one inside another
(`p.note`, `#top .ad`). What depends on the screen, on what a person does or on order among
siblings is passed over. Source: CSS 2.2 (W3C), 5 and 6.4; CSS Color 3, 3.2 (opacity).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
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


def ended(data: bytes, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str], bool]]:
    """The elements of these names in an XML file, in the order in which they end: name,
    attributes, and whether elements stand in it. No tree is kept.

    Raises:
        UnreadableDocument: no XML.
    """
    from lxml import etree

    found = etree.iterparse(
        BytesIO(data), tag=[f"{{*}}{name}" for name in names], resolve_entities=False,
        no_network=True, load_dtd=False, huge_tree=False, recover=True, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        for _, element in found:
            yield _name(element.tag), _attributes(element), len(element) > 0
            element.clear()
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise UnreadableDocument(f"the XML is damaged: {error}") from None


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


_MOST_RULES = 5_000
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)  # one that stays open ends with the sheet
_COMPOUND = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][\w-]+)*", re.IGNORECASE)
_NAME = re.compile(r"([.#]?)([\w-]+)")
_OFF_SCREEN = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|em|rem|pt)")
_NOTHING = re.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|%)?")
_CLIPPED = re.compile(r"rect\((?:\s*[01](?:px)?[\s,]*){4}\)|inset\((?:50|100)%\)")
_PROPERTIES = {
    "display", "visibility", "opacity", "font-size", "left", "top", "text-indent", "clip",
    "clip-path", "content-visibility", "position", "vertical-align", "text-decoration",
    "text-decoration-line",
}  # fmt: skip
# What is struck out is no longer said: 原价<del>500</del>300元 is no 500300.
_STRUCK = frozenset(("del", "s", "strike"))
_VEILING = {"visibility": re.compile("hidden|collapse"), "font-size": _NOTHING}
_UNSHOWN = {"script", "style", "template", "noscript", "head", "math", "svg"}
_INLINE = {"span", "font", "a", "b", "i", "em", "strong", "small", "big", "u", "var"}
_SHIFTED = {"super": "sup", "sub": "sub", "text-top": "sup", "text-bottom": "sub"}


@dataclass(frozen=True, slots=True)
class _Compound:
    """One element as a selector names it."""

    tag: str
    id: str
    classes: frozenset[str]

    def fits(self, node: Node, classes: frozenset[str]) -> bool:
        return (
            self.tag in ("", node.tag)
            and self.id in ("", node.attributes.get("id", ""))
            and self.classes <= classes
        )

    @property
    def weight(self) -> tuple[int, int, int]:
        return (bool(self.id), len(self.classes), bool(self.tag))


@dataclass(frozen=True, slots=True)
class _Rule:
    """A selector, outermost element first, and what it sets; `order` decides between rules."""

    path: tuple[_Compound, ...]
    values: dict[str, str]
    order: tuple[bool, int, int, int, int]


@dataclass(slots=True)
class Styles:
    """The rules of a page by the tag, class or id that their innermost element must have."""

    rules: dict[str, list[_Rule]] = field(default_factory=dict)
    count: int = 0

    def add(self, sheet: str) -> None:
        """The rules of a style sheet, after those that are known."""
        for selectors, body in _blocks(_COMMENT.sub(" ", sheet)):
            plain, urgent = _declarations(body)
            for values, important in ((plain, False), (urgent, True)):
                for selector in selectors.split(",") if values else ():
                    path = _path(selector)
                    if path is None or self.count >= _MOST_RULES:
                        continue
                    self.count += 1
                    weights = [
                        sum(column) for column in zip(*(c.weight for c in path), strict=True)
                    ]
                    order = (important, weights[0], weights[1], weights[2], self.count)
                    self.rules.setdefault(_key(path[-1]), []).append(_Rule(path, values, order))

    def of(self, node: Node, above: Sequence[tuple[Node, frozenset[str]]]) -> dict[str, str]:
        """What is set for an element, whose ancestors are `above`, outermost first."""
        classes = classes_of(node)
        keys = [node.tag, *(f".{name}" for name in classes), f"#{node.attributes.get('id', '')}"]
        found = [
            rule
            for key in keys
            for rule in self.rules.get(key, ())
            if rule.path[-1].fits(node, classes) and _inside(rule.path[:-1], above)
        ]
        values: dict[str, str] = {}
        for rule in sorted(found, key=lambda rule: rule.order):
            if not rule.order[0]:
                values.update(rule.values)
        plain, urgent = _declarations(node.attributes.get("style", ""))
        values.update(plain)
        for rule in sorted(found, key=lambda rule: rule.order):
            if rule.order[0]:
                values.update(rule.values)
        values.update(urgent)
        return values


def classes_of(node: Node) -> frozenset[str]:
    """The classes of an element."""
    return frozenset(node.attributes.get("class", "").split())


def hides(values: dict[str, str]) -> bool:
    """Whether an element with these values is not shown, with all that stands in it.

    >>> hides({"display": "none"}), hides({"display": "block"}), hides({"opacity": "0"})
    (True, False, True)
    """
    away = values.get("position") in ("absolute", "fixed") and any(
        _OFF_SCREEN.fullmatch(values.get(side, "")) for side in ("left", "top")
    )
    return (
        values.get("display") == "none"
        or values.get("content-visibility") == "hidden"
        or _NOTHING.fullmatch(values.get("opacity", "")) is not None
        or away
        or _OFF_SCREEN.fullmatch(values.get("text-indent", "")) is not None
        or any(_CLIPPED.fullmatch(values.get(name, "")) for name in ("clip", "clip-path"))
    )


def strikes(values: dict[str, str]) -> bool:
    """Whether an element with these values is struck out.

    >>> strikes({"text-decoration": "line-through red"}), strikes({"text-decoration": "underline"})
    (True, False)
    """
    lines = (values.get("text-decoration", ""), values.get("text-decoration-line", ""))
    return any("line-through" in line for line in lines)


@dataclass(slots=True)
class Unshown:
    """How many characters of a page, white space not counted, its styles hide, and how many are
    struck out."""

    hidden: int = 0
    struck: int = 0


def show(root: Node) -> Unshown:
    """Makes `root` what is shown of it: takes out what the styles hide, a formula excepted that
    stands beside its picture, and what is struck out, and turns raised and lowered text into `sup`
    and `sub`. What was taken out."""
    styles = Styles()
    for sheet in root.nodes("style"):
        if sheet.attributes.get("media", "").lower() != "print":
            styles.add(sheet.text())
    unshown = Unshown()
    _show(root, styles, [], frozenset(), unshown)
    return unshown


def _show(
    node: Node,
    styles: Styles,
    above: list[tuple[Node, frozenset[str]]],
    veils: frozenset[str],
    unshown: Unshown,
) -> None:
    """`show` for what stands in `node`, below `above`. `veils` are the inherited properties that
    hide text until an element inside sets them anew."""
    kept: list[Node | str] = []
    above.append((node, classes_of(node)))
    for child in node.children:
        if isinstance(child, str):
            if veils and child.strip():
                unshown.hidden += _count(child)
            else:
                kept.append(child)
            continue
        if child.tag in _UNSHOWN:
            kept.append(child)
            continue
        values = styles.of(child, above)
        closed = child.tag == "dialog" and "open" not in child.attributes
        if closed or "hidden" in child.attributes or hides(values) or _is_second(child, node):
            formulas = list(child.nodes("math"))
            if not (formulas or _is_second(child, node)):
                unshown.hidden += _count(child.text())
            kept += formulas
            continue
        if child.tag in _STRUCK or strikes(values):
            unshown.struck += _count(child.text())
            continue
        if child.tag in _INLINE and (tag := _SHIFTED.get(values.get("vertical-align", ""))):
            child.tag = tag
        _show(child, styles, above, _veils(veils, values), unshown)
        kept.append(child)
    above.pop()
    node.children = kept


def _veils(veils: frozenset[str], values: dict[str, str]) -> frozenset[str]:
    own = set(veils)
    for name, hiding in _VEILING.items():
        if name in values:
            own.discard(name)
            if hiding.fullmatch(values[name]):
                own.add(name)
    return frozenset(own)


def _is_second(node: Node, parent: Node) -> bool:
    """Whether this is how a formula looks (in KaTeX, as a picture), beside which it stands as
    MathML."""
    names = node.attributes.get("class", "")
    looks = "katex-html" in names or (node.tag == "img" and "math" in names)
    return looks and next(parent.nodes("math"), None) is not None


def _count(text: str) -> int:
    return len("".join(text.split()))


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and body of each rule; blocks inside others (`@media`) are passed over."""
    depth, start, head = 0, 0, ""
    for match in re.finditer(r"[{};]", sheet):
        mark = match.group()
        if mark == "{":
            if depth == 0:
                head = sheet[start : match.start()].strip()
            depth += 1
            start = match.end() if depth == 1 else start
        elif mark == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                if head and not head.startswith("@"):
                    yield head, sheet[start : match.start()]
                start = match.end()
        elif depth == 0:  # the end of `@import …;`
            start = match.end()


def _declarations(body: str) -> tuple[dict[str, str], dict[str, str]]:
    """What a block sets, and what of it with `!important`."""
    plain: dict[str, str] = {}
    urgent: dict[str, str] = {}
    for declaration in body.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        if name in _PROPERTIES:
            bare = value.removesuffix("!important").rstrip()
            (plain if bare == value else urgent)[name] = bare
    return plain, urgent


def _path(selector: str) -> tuple[_Compound, ...] | None:
    """The elements that a selector names; None for any that cannot be followed here."""
    parts = selector.split()
    if not parts or not all(_COMPOUND.fullmatch(part) for part in parts):
        return None
    return tuple(map(_compound, parts))


def _compound(text: str) -> _Compound:
    names = _NAME.findall(text)
    return _Compound(
        next((name.lower() for mark, name in names if not mark), ""),
        next((name for mark, name in names if mark == "#"), ""),
        frozenset(name for mark, name in names if mark == "."),
    )


def _key(compound: _Compound) -> str:
    if compound.id:
        return f"#{compound.id}"
    return f".{min(compound.classes)}" if compound.classes else compound.tag


def _inside(path: Sequence[_Compound], above: Sequence[tuple[Node, frozenset[str]]]) -> bool:
    """Whether the ancestors hold these elements in their order."""
    at = len(above) - 1
    for compound in reversed(path):
        while at >= 0 and not compound.fits(*above[at]):
            at -= 1
        if at < 0:
            return False
        at -= 1
    return True
