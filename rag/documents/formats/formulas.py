"""Formulas, raised and lowered characters and symbol fonts as text.

Formulas of web pages (MathML) and of office files (Office Math) as one line of text.

Source: MathML Core (W3C, 2023), section 3; ECMA-376-1:2016, 22.1 (Office Math). Elements come with
lower-case names and without namespaces, as `parse_html` and `parse_xml` give them.

What a page shows by position, written in a line: exponents with `^`, indices with `_`,
fractions with `/`, roots with `√`.

Without these marks `10⁸` set with a raised 8 would read 108. Parentheses are put around a part of
several terms only, so that what is short stays as people write it: `10^-3`, `CO_2`, `1/2`.

Characters of symbol fonts that stand on codes of their own: ticks, boxes, arrows, Greek letters.

Office programs write them as codes from U+F000 on, or as a Latin letter in such a font, which
would be lost or read as that letter. Source: the code charts of Wingdings, Wingdings 2 and Symbol
(Microsoft), and the mapping of Symbol to Unicode (Unicode Consortium, `VENDORS/ADOBE/symbol.txt`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from rag.documents.formats.markup import Node


class Shift(Enum):
    """Where a piece of text stands: on the line, raised or lowered. A formula stands on the line,
    too, apart from the numbers and words beside it."""

    NONE = ""
    FORMULA = " "
    RAISED = "^"
    LOWERED = "_"


Part = tuple[str, Shift]
"""A piece of text and where it stands."""

# One term: needs no parentheses as an exponent, an index or a part of a fraction.
_TERM = re.compile(r"[-−+]?[\w.,%‰°′″∞]+|[^\w\s]|[(（\[［【〔{].*[)）\]］】〕}]", re.DOTALL)
_BRACKETED = re.compile(r"[(（\[［【〔{]")
# What can be divided by without parentheses: a number, a word.
_DIVISOR = re.compile(r"\d[\d.,]*%?|[^\W\d_]+|[^\w\s]?")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|o|a)$", re.IGNORECASE)
_NOTE_BRACKETS = ("[", "［", "〔", "【")
# What is raised to be a mark of its own: it says that it is none of the base's digits.
_MARK = re.compile(r"^[*†‡§¶®™℠©°ºª①-⑳⑴-⒇※′″]+$")
_SLASH = re.compile(r"\s{0,3}[/⁄∕]\s{0,3}")
_BLANK = " \t\u00a0\u2009\u202f"
# Raised or lowered text longer than this is text in small type, not an exponent.
_LONGEST = 40


def group(text: str) -> str:
    """A part of a formula, in parentheses unless it is one term.

    >>> group("n+1"), group("-3"), group("(a+b)")
    ('(n+1)', '-3', '(a+b)')
    """
    text = text.strip()
    return text if _whole(text) else f"({text})"


def _whole(text: str) -> bool:
    """Whether `text` is one term. Brackets that open at its start must close at its end."""
    if not _TERM.fullmatch(text):
        return not text
    if len(text) < 2 or not _BRACKETED.match(text):
        return True
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "(（[［【〔{") - (character in ")）]］】〕}")
        if depth == 0:
            return i == len(text) - 1
    return True


def fraction(above: str, below: str) -> str:
    """One term over another.

    >>> fraction("1", "2"), fraction("a+b", "2c")
    ('1/2', '(a+b)/(2c)')
    """
    divisor = below.strip()
    return f"{group(above)}/{divisor if _DIVISOR.fullmatch(divisor) else _in_brackets(divisor)}"


def _in_brackets(text: str) -> str:
    return text if _BRACKETED.match(text) and _whole(text) else f"({text})"


def root(inside: str, degree: str = "") -> str:
    """A root; its degree, where it is shown, is written raised before it.

    >>> root("2"), root("x+1"), root("8", "3")
    ('√2', '√(x+1)', '^3√8')
    """
    return (f"^{group(degree)}" if degree.strip() else "") + f"√{group(inside)}"


def in_line(parts: Iterable[Part]) -> str:
    """Pieces of text one after the other, the raised and lowered ones behind their mark. A raised
    number, a slash and a lowered one are a fraction, which stands apart from a number before it.

    >>> in_line([("10", Shift.NONE), ("8", Shift.RAISED), ("立方米", Shift.NONE)])
    '10^8立方米'
    >>> in_line([("2", Shift.NONE), ("1", Shift.RAISED), ("/", Shift.NONE), ("2", Shift.LOWERED)])
    '2 1/2'
    """
    joined = _joined(parts)
    written: list[str] = []
    marked = ""  # the last character of a raised or lowered term, if one was written last
    at = 0
    while at < len(joined):
        text, shift = joined[at]
        before = written[-1].rstrip(_BLANK)[-1:] if written else ""
        if _is_fraction(joined[at : at + 3]):
            text = fraction(text, joined[at + 2][0])
            written.append(f" {text}" if before.isdigit() else text)
            at += 2
        elif shift in (Shift.NONE, Shift.FORMULA):
            last = before if shift is Shift.FORMULA else marked
            written.append(f" {text}" if _would_join(last, text[0]) else text)
            marked = text[-1] if shift is Shift.FORMULA else ""
        else:
            if before:
                written[-1] = written[-1].rstrip(_BLANK)
            own = raised(text, before, shift)
            written.append(own + " " * text[-1:].isspace())
            marked = own[-1:]
        at += 1
    return "".join(written)


def raised(text: str, before: str, shift: Shift = Shift.RAISED) -> str:
    """Raised or lowered text as it is written behind the character `before`. It gets no mark where
    it has nothing to belong to, where brackets or a sign of its own part it from the base already
    (a note's `[1]`, `①`, `*`), or where whole sentences are set in small type.

    >>> raised("8", "0"), raised("n + 1", "x"), raised("[1]", "计"), raised("th", "5")
    ('^8', '^(n + 1)', '[1]', 'th')
    """
    inner = " ".join(text.split())
    if not before or before == "\n" or len(inner) > _LONGEST or _MARK.match(inner):
        return inner
    if inner[:1] in _NOTE_BRACKETS or (_BRACKETED.match(inner) and not _is_base(before)):
        return inner
    if shift is Shift.RAISED and before.isdigit() and _ORDINAL.match(inner):
        return inner
    return f"{shift.value}{group(inner)}" if inner else ""


def _is_base(character: str) -> bool:
    """Whether brackets behind this character may be its exponent or index."""
    return character.isascii() and (character.isalnum() or character in ")]")


def _would_join(last: str, first: str) -> bool:
    """Whether an exponent that ends with `last` would go on in a text that begins with `first`."""
    if last.isdigit():
        return first.isdigit()
    return last.isascii() and last.isalpha() and first.isascii() and first.isalnum()


def _is_fraction(parts: Sequence[Part]) -> bool:
    return [shift for _, shift in parts] == [
        Shift.RAISED,
        Shift.NONE,
        Shift.LOWERED,
    ] and _SLASH.fullmatch(parts[1][0]) is not None


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbours of one position as one: programs cut a raised text anywhere."""
    joined: list[tuple[list[str], Shift]] = []
    for text, shift in parts:
        if text and joined and joined[-1][1] is shift:
            joined[-1][0].append(text)
        elif text:
            joined.append(([text], shift))
    return [("".join(texts), shift) for texts, shift in joined]


_PRIVATE = 0xF000
_WINGDINGS = {
    0x4A: "☺", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑",
    0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x9E: "·",
    0x9F: "•", 0xA1: "○", 0xA7: "▪", 0xA8: "□", 0xD8: "➢", 0xDF: "←", 0xE0: "→",
    0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
    **{0x80 + i: mark for i, mark in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩")},
    **{0x8B + i: mark for i, mark in enumerate("⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
_WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●",
    0xA2: "■", 0xA3: "□",
    **{0x69 + i: mark for i, mark in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩")},
    **{0x74 + i: mark for i, mark in enumerate("⓿❶❷❸❹❺❻❼❽❾❿")},
}  # fmt: skip
_SYMBOL = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεϕγηιφκλμνοπθρστυϖωξψζ", strict=True)),
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2D: "−", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥",
    0x7E: "∼", 0xA2: "′", 0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑",
    0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×",
    0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈",
    0xBC: "…", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xCC: "⊂",
    0xCD: "⊆", 0xCE: "∈", 0xCF: "∉", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™",
    0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔",
    0xDC: "⇐", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}


def is_symbol_font(font: str) -> bool:
    """Whether a font has codes of its own that are known here."""
    return _plain(font) in _FONTS


def symbol(code: int, font: str) -> str | None:
    """The character that a symbol font shows for a code, of its own or from U+F000 on. A code of
    the private area of which nothing is known but that it is one of a symbol font is looked for
    in Wingdings. None where it is unknown.

    >>> symbol(0xF0FE, "Wingdings"), symbol(0x6D, "Symbol"), symbol(0xF052, "Wingdings 2")
    ('☑', 'μ', '☑')
    """
    own = _FONTS.get(_plain(font), _WINGDINGS if code >= _PRIVATE else {})
    return own.get(code - _PRIVATE if code >= _PRIVATE else code)


def in_font(text: str, font: str) -> str:
    """A text in a font: as it is written but in a symbol font; unknown codes stay.

    >>> in_font("5 m", "Symbol"), in_font("\\uf0fe同意", "Wingdings")
    ('5 μ', '☑同意')
    """
    if not is_symbol_font(font) and not any("\\uf000" <= c <= "\\uf0ff" for c in text):
        return text
    return "".join(symbol(ord(c), font) or c for c in text)


def _plain(font: str) -> str:
    """The name of a font without the prefix of a subset and what is said of its style."""
    name = font.rpartition("+")[2].lower().replace("-regular", "").replace("_", " ").strip()
    return {"wingdings2": "wingdings 2", "symbolmt": "symbol"}.get(name, name)


_LARGE = "∑∏∐∫∬∭∮⋃⋂⋁⋀"
"""Operators whose limits stand above and below them, or behind them."""
_ACCENTS = "¯‾ˉ^ˆ~˜→⃗˙¨´`′″*†∗"
"""What stands above a term as its accent."""


def mathml(node: Node) -> str:
    """The line of a `math` element. What it holds a second time, for other programs, is left out.

    >>> from rag.documents.formats.markup import parse_html
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
