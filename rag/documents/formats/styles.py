"""What the styles of a web page hide, raise and lower: style attributes and simple rules of its
style sheets.

Rules are followed where their selector names elements by tag, class and id, one inside another
(`p.note`, `#top .ad`). What depends on the screen, on what a person does or on order among
siblings is passed over. Source: CSS 2.2 (W3C), 5 and 6.4; CSS Color 3, 3.2 (opacity).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.reading.parsers.markup import Node

_MOST_RULES = 5_000
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)  # one that stays open ends with the sheet
_COMPOUND = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][\w-]+)*", re.IGNORECASE)
_NAME = re.compile(r"([.#]?)([\w-]+)")
_OFF_SCREEN = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|em|rem|pt)")
_NOTHING = re.compile(r"0+(?:\.0+)?(?:px|pt|em|rem|%)?")
_CLIPPED = re.compile(r"rect\((?:\s*[01](?:px)?[\s,]*){4}\)|inset\((?:50|100)%\)")
_PROPERTIES = {
    "display", "visibility", "opacity", "font-size", "left", "top", "text-indent", "clip",
    "clip-path", "content-visibility", "position", "vertical-align",
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


def show(root: Node) -> int:
    """Makes `root` what is shown of it: takes out what the styles hide, a formula excepted that
    stands beside its picture, and turns raised and lowered text into `sup` and `sub`. How many
    characters, white space not counted, were taken out."""
    styles = Styles()
    for sheet in root.nodes("style"):
        if sheet.attributes.get("media", "").lower() != "print":
            styles.add(sheet.text())
    return _show(root, styles, [], frozenset())


def _show(
    node: Node,
    styles: Styles,
    above: list[tuple[Node, frozenset[str]]],
    veils: frozenset[str],
) -> int:
    """`show` for what stands in `node`, below `above`. `veils` are the inherited properties that
    hide text until an element inside sets them anew."""
    hidden = 0
    kept: list[Node | str] = []
    above.append((node, classes_of(node)))
    for child in node.children:
        if isinstance(child, str):
            if veils and child.strip():
                hidden += _count(child)
            else:
                kept.append(child)
            continue
        if child.tag in _UNSHOWN:
            kept.append(child)
            continue
        values = styles.of(child, above)
        gone = "hidden" in child.attributes or child.tag in _STRUCK or hides(values)
        if gone or _is_second(child, node):
            formulas = list(child.nodes("math"))
            hidden += 0 if formulas or _is_second(child, node) else _count(child.text())
            kept += formulas
            continue
        if child.tag in _INLINE and (tag := _SHIFTED.get(values.get("vertical-align", ""))):
            child.tag = tag
        hidden += _show(child, styles, above, _veils(veils, values))
        kept.append(child)
    above.pop()
    node.children = kept
    return hidden


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
