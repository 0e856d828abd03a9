"""Formulas of web pages (MathML) and of office files (Office Math) as one line of text.

Source: MathML Core (W3C, 2023), section 3; ECMA-376-1:2016, 22.1 (Office Math). Elements come with
lower-case names and without namespaces, as `parse_html` and `parse_xml` give them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.documents.formats.positions import fraction, group, root
from rag.reading.parsers.markup import Node

_LARGE = "∑∏∐∫∬∭∮⋃⋂⋁⋀"
"""Operators whose limits stand above and below them, or behind them."""
_ACCENTS = "¯‾ˉ^ˆ~˜→⃗˙¨´`′″*†∗"
"""What stands above a term as its accent."""


def mathml(node: Node) -> str:
    """The line of a `math` element. What it holds a second time, for other programs, is left out.

    >>> from rag.reading.parsers.markup import parse_html
    >>> page = parse_html("<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mn>4</mn></math>")
    >>> [mathml(found) for found in page.nodes("math")]
    ['x^2=4']
    """
    return _tidy(_mathml(node))


def office_math(node: Node) -> str:
    """The line of an `m:oMath` element."""
    return _tidy(_office(node))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _elements(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Node)]


def _run(parts: Iterable[tuple[str, bool]]) -> str:
    """Parts of a formula one after the other, each with whether it is a structure (a fraction, a
    root, a term with an exponent). A structure stands apart from what would be read as its part:
    two and a half is `2 1/2`, not `21/2`."""
    text, structured = "", False
    for part, structure in parts:
        if not part:
            continue
        last, first = text[-1:], part[0]
        apart = (structure and (last.isalnum() or last == ")") and first in "^√" + last) or (
            (structured or structure) and last.isalnum() and first.isalnum()
        )
        text += f" {part}" if apart else part
        structured = structure
    return text


def _mathml(node: Node) -> str:
    parts = _elements(node)
    own = _MATHML.get(node.tag)
    if own is not None:
        return own([_mathml(child) for child in parts])
    if node.tag in ("annotation", "annotation-xml", "mphantom", "none", "mprescripts"):
        return ""
    if node.tag == "mspace":
        return " "
    if node.tag in ("mi", "mn", "mo", "mtext", "ms"):
        return "".join(c if isinstance(c, str) else _mathml(c) for c in node.children)
    if node.tag == "mfenced":
        inside = ", ".join(map(_mathml, parts))
        return f"{node.attributes.get('open', '(')}{inside}{node.attributes.get('close', ')')}"
    kept = parts[:1] if node.tag == "semantics" else parts
    return _run((_mathml(child), child.tag in _MATHML) for child in kept)


def _office(node: Node) -> str:
    """The text of an element: of runs as they are, of structures in their order."""
    if node.tag == "t":
        return node.text()
    if node.tag.endswith("pr") or node.tag in ("deltext", "instrtext", "del"):
        return ""
    own = _OFFICE.get(node.tag)
    if own is not None:
        return own(node)
    return _run((_office(child), child.tag in _OFFICE) for child in _elements(node))


def _of(node: Node, name: str) -> str:
    """The text of the child `name`; nothing where there is none."""
    child = node.child(name)
    return _office(child) if child is not None else ""


def _set(node: Node, name: str, default: str = "") -> str:
    """A property of a structure, `m:chr` in `m:naryPr` and the like; `default` where it is not
    set."""
    properties = node.child(f"{node.tag}pr")
    found = properties.child(name) if properties is not None else None
    return found.attributes.get("val", "") if found is not None else default


def _on(value: str) -> bool:
    return value.lower() not in ("", "0", "off", "false")


def _scripts(base: str, below: str = "", above: str = "") -> str:
    """A term with its index and its exponent. An accent stands directly behind its term."""
    below, above = below.strip(), above.strip()
    text = group(base)
    if below:
        text += f"_{group(below)}"
    if above:
        text += above if above in _ACCENTS else f"^{group(above)}"
    return text


def _below_and_above(base: str, below: str, above: str) -> str:
    text = _scripts(base, below, above)
    return f"{text} " if base and base in _LARGE else text


def _table(rows: Sequence[str]) -> str:
    return "; ".join(row.strip() for row in rows if row.strip())


def _at(parts: Sequence[str], i: int) -> str:
    return parts[i] if i < len(parts) else ""


def _fraction(node: Node) -> str:
    above, below = _of(node, "num"), _of(node, "den")
    if _set(node, "type").lower() == "nobar":  # a binomial coefficient
        return f"{group(above)} {group(below)}"
    return fraction(above, below)


def _root(node: Node) -> str:
    return root(_of(node, "e"), "" if _on(_set(node, "deghide")) else _of(node, "deg"))


def _operator(node: Node) -> str:
    limits = _scripts(_set(node, "chr", "∫"), _of(node, "sub"), _of(node, "sup"))
    return f"{limits} {_of(node, 'e')}"


def _delimited(node: Node) -> str:
    inside = [_office(child) for child in _elements(node) if child.tag == "e"]
    between = _set(node, "sepchr", "|")
    return f"{_set(node, 'begchr', '(')}{between.join(inside)}{_set(node, 'endchr', ')')}"


def _rows(node: Node, name: str) -> str:
    """The rows of a matrix, their cells by commas."""
    rows = [child for child in _elements(node) if child.tag == name]
    return _table(
        [
            ", ".join(_office(cell) for cell in _elements(row) if cell.tag == "e")
            if name == "mr"
            else _office(row)
            for row in rows
        ]
    )


_SWITCH = re.compile(r"\\([a-z]+)((?:\s*+\\[a-z]++[\d ]*+){0,8}+)\s*+\(", re.IGNORECASE)
_MOST_NESTED = 20


@dataclass(frozen=True, slots=True)
class Equation:
    """What an EQ field of Word shows as a line, and the reading that it sets above a word."""

    text: str
    reading: str = ""


def equation(code: str) -> Equation | None:
    """The line of a field that is an EQ field, None for any other. Source: ECMA-376-1:2016,
    17.16.5.22 and Word's help on `EQ`: `\\f(1,2)`, `\\r(3,x)`, `\\s\\up8(2)`, `\\o\\ad(…)`.

    >>> equation(r"EQ \\f(1,2)"), equation(r"eq \\o\\ad(\\s\\up 9(bó),亳)"), equation("PAGE")
    (Equation(text='1/2', reading=''), Equation(text='亳', reading='bó'), None)
    """
    found = re.match(r"^\s*+eq\b(.*)", code, re.IGNORECASE | re.DOTALL)
    if found is None:
        return None
    readings: list[str] = []
    text, _ = _switched(re.sub(r'\\\*\s*("[^"]*"|\w+)', "", found[1]), 0, readings, 0)
    return Equation(_tidy(text), _tidy(" ".join(readings)))


def _switched(code: str, at: int, readings: list[str], depth: int) -> tuple[str, int]:
    """The text of an EQ field from `at` on up to the comma or bracket that ends its part, and the
    place of that."""
    text: list[str] = []
    while at < len(code) and (depth == 0 or code[at] not in ",;)"):
        switch = _SWITCH.match(code, at) if code[at] == "\\" and depth < _MOST_NESTED else None
        if switch is None:
            text.append(code[at + 1 : at + 2] if code[at] == "\\" else code[at])
            at += 2 if code[at] == "\\" else 1
            continue
        parts: list[str] = []
        at = switch.end() - 1
        while at < len(code) and code[at] != ")":
            part, at = _switched(code, at + 1, readings, depth + 1)
            parts.append(part.strip())
        at += 1
        text.append(_written(switch[1].lower(), switch[2].lower(), parts, readings))
    return "".join(text), at


def _written(switch: str, options: str, parts: Sequence[str], readings: list[str]) -> str:
    if switch == "f" and len(parts) == 2:
        return fraction(parts[0], parts[1])
    if switch == "r":
        return root(parts[-1], parts[0] if len(parts) > 1 else "")
    if switch == "s":
        return f"{'_' if 'do' in options else '^'}{group(parts[0])}"
    if switch == "o" and len(parts) == 2:  # one set over the other: a reading, a ring
        readings += [parts[0].lstrip("^_")] if parts[0][:1] in ("^", "_") else []
        return parts[1] if parts[0][:1] in ("^", "_", "○", "□", "△", "◇") else "".join(parts)
    return f"({', '.join(parts)})" if switch == "b" else ", ".join(parts)


_MATHML: dict[str, Callable[[Sequence[str]], str]] = {
    "mfrac": lambda parts: fraction(_at(parts, 0), _at(parts, 1)),
    "msqrt": lambda parts: root("".join(parts)),
    "mroot": lambda parts: root(_at(parts, 0), _at(parts, 1)),
    "msup": lambda parts: _scripts(_at(parts, 0), "", _at(parts, 1)),
    "msub": lambda parts: _scripts(_at(parts, 0), _at(parts, 1)),
    "msubsup": lambda parts: _scripts(_at(parts, 0), _at(parts, 1), _at(parts, 2)),
    "mover": lambda parts: _below_and_above(_at(parts, 0), "", _at(parts, 1)),
    "munder": lambda parts: _below_and_above(_at(parts, 0), _at(parts, 1), ""),
    "munderover": lambda parts: _below_and_above(_at(parts, 0), _at(parts, 1), _at(parts, 2)),
    "mmultiscripts": lambda parts: _scripts(_at(parts, 0), _at(parts, 1), _at(parts, 2)),
    "mtable": _table,
    "mtr": lambda parts: ", ".join(part.strip() for part in parts),
    "mlabeledtr": lambda parts: ", ".join(part.strip() for part in parts[1:]),
}
_OFFICE: dict[str, Callable[[Node], str]] = {
    "f": _fraction,
    "rad": _root,
    "ssup": lambda node: _scripts(_of(node, "e"), "", _of(node, "sup")),
    "ssub": lambda node: _scripts(_of(node, "e"), _of(node, "sub")),
    "ssubsup": lambda node: _scripts(_of(node, "e"), _of(node, "sub"), _of(node, "sup")),
    "spre": lambda node: _scripts("", _of(node, "sub"), _of(node, "sup")) + _of(node, "e"),
    "nary": _operator,
    "d": _delimited,
    "m": lambda node: _rows(node, "mr"),
    "eqarr": lambda node: _rows(node, "e"),
    "func": lambda node: f"{_of(node, 'fname')} {_of(node, 'e')}",
    "limlow": lambda node: _scripts(_of(node, "e"), _of(node, "lim")),
    "limupp": lambda node: _scripts(_of(node, "e"), "", _of(node, "lim")),
    "acc": lambda node: _scripts(_of(node, "e"), "", _set(node, "chr", "^")),
    "phant": lambda node: _of(node, "e") if _on(_set(node, "show", "1")) else "",
}
