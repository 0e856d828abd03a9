"""The numbers that Word puts before paragraphs: counted, not written in the file.

Source: ECMA-376-1:2016, 17.9 (numbering) and 17.18.59 (ST_NumberFormat).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rag.reading.office.package import attribute
from rag.reading.parsers.markup import Node

_PLACE = re.compile(r"%([1-9])")
_LARGEST = 32_767  # Word's own limit
_DIGITS = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """How a level of a list is numbered: its first number, the format of its own number, the
    text with `%1` … in the places of the numbers of levels, the style that it belongs to.
    `decimal` shows all levels in digits; `restarts` tells that a higher level sets it back."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    style: str = ""
    decimal: bool = False
    restarts: bool = True


@dataclass(slots=True)
class Numbering:
    """The lists of a document, and how far each is counted. `lists` gives each list by its id
    the definition that it counts with, and the levels at which it begins anew."""

    definitions: dict[str, dict[int, Level]]
    lists: dict[str, tuple[str, dict[int, int]]]
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)

    def level_of(self, list_id: str, style: str) -> int:
        """The level of a list that belongs to a style, the first where none does."""
        definition, _ = self.lists.get(list_id, ("", {}))
        levels = self.definitions.get(definition, {}) if style else {}
        return next((number for number, level in levels.items() if level.style == style), 0)

    def next_label(self, list_id: str, number: int) -> str:
        """Counts on by a paragraph at level `number`, from 0, of a list; what Word shows before
        it, empty where it is a bullet or nothing."""
        definition, anew = self.lists.get(list_id, ("", {}))
        levels = self.definitions.get(definition, {})
        level = levels.get(number)
        if level is None:
            return ""
        counts = self.counts.setdefault(definition, {})
        if number in anew and (list_id, number) not in self.begun:
            self.begun.add((list_id, number))
            counts[number] = anew[number]
        else:
            counts[number] = counts.get(number, level.start - 1) + 1
        for deeper in [key for key in counts if key > number]:
            if levels.get(deeper, Level()).restarts:
                del counts[deeper]
        if level.form in ("bullet", "none"):
            return ""

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            one = levels.get(at, Level())
            return numeral(counts.get(at, one.start), "decimal" if level.decimal else one.form)

        return _PLACE.sub(shown, level.text).strip()


def parse_numbering(root: Node | None) -> Numbering:
    """The lists that `word/numbering.xml` defines; none where there is no such part."""
    nodes = list(root.nodes("abstractnum")) if root is not None else []
    definitions = {_id(node, "abstractnumid"): _levels(node) for node in nodes}
    named = {attribute(node.child("stylelink"), "val"): node for node in nodes}
    for node in nodes:  # a definition may be that of a style
        link = attribute(node.child("numstylelink"), "val")
        if link and link in named:
            levels = definitions[_id(named[link], "abstractnumid")]
            definitions[_id(node, "abstractnumid")] = levels
    lists: dict[str, tuple[str, dict[int, int]]] = {}
    for node in root.nodes("num") if root is not None else ():
        definition = attribute(node.child("abstractnumid"), "val")
        anew: dict[int, int] = {}
        for override in node.nodes("lvloverride"):
            number = _number(_id(override, "ilvl"), 0)
            own = _levels(override)
            if own:  # levels of its own: a definition of its own
                levels = {**definitions.get(definition, {}), **own}
                definition = f"{definition} {_id(node, 'numid')}"
                definitions[definition] = levels
            start = attribute(override.child("startoverride"), "val")
            if start:
                anew[number] = _number(start, 1)
        lists[_id(node, "numid")] = (definition, anew)
    return Numbering(definitions, lists)


def _levels(node: Node) -> dict[int, Level]:
    found: dict[int, Level] = {}
    for child in node.children:
        if isinstance(child, Node) and child.tag == "lvl":
            number = _number(_id(child, "ilvl"), 0)
            form = next(child.nodes("numfmt"), None)
            legal = child.child("islgl")
            found[number] = Level(
                _number(attribute(child.child("start"), "val"), 1),
                attribute(form, "val", "decimal").lower(),
                attribute(child.child("lvltext"), "val"),
                attribute(child.child("pstyle"), "val"),
                legal is not None and attribute(legal, "val", "1") not in ("0", "false", "off"),
                attribute(child.child("lvlrestart"), "val") != "0",
            )
    return found


def _id(node: Node, name: str) -> str:
    return node.attributes.get(name, "")


def _number(text: str, default: int) -> int:
    return min(int(text), _LARGEST) if text.isdecimal() and len(text) < 6 else default


def numeral(number: int, form: str) -> str:
    """A number in one of Word's formats, in lower case; in digits where it has no other.

    >>> [numeral(n, "chinesecounting") for n in (2, 10, 11, 20, 25)]
    ['二', '十', '十一', '二十', '二十五']
    >>> numeral(28, "upperletter"), numeral(14, "lowerroman"), numeral(3, "ideographtraditional")
    ('BB', 'xiv', '丙')
    """
    write = _FORMS.get(form)
    return write(number) if write is not None and number > 0 else str(number)


def _letters(number: int) -> str:
    return chr(ord("A") + (number - 1) % 26) * min((number - 1) // 26 + 1, 30)


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * min(number // value, 30)
        number %= value
    return text


def _chinese(number: int, digits: str = _DIGITS, units: str = "十百千") -> str:
    """A number as it is counted in Chinese, below ten thousand; else digit by digit."""
    if number >= 10_000:
        return _digitwise(number)
    text, gap = "", False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            text += (
                ("零" if gap and text else "") + digits[digit] + (units[power - 1] * (power > 0))
            )
            gap = False
        else:
            gap = True
    short = f"{digits[1]}{units[0]}"
    return text[1:] if text.startswith(short) and digits is _DIGITS else text


def _digitwise(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def _formal(number: int) -> str:
    return _chinese(number, _FORMAL, "拾佰仟")


def _series(first: str, count: int) -> Callable[[int], str]:
    """Characters that stand one after the other in Unicode, digits beyond the last."""
    return lambda number: chr(ord(first) + number - 1) if number <= count else str(number)


def _one_of(characters: str) -> Callable[[int], str]:
    return lambda number: characters[number - 1] if number <= len(characters) else str(number)


def _full_width(number: int) -> str:
    return "".join(chr(ord("０") + int(digit)) for digit in str(number))


_FORMS: dict[str, Callable[[int], str]] = {
    "decimalzero": lambda number: f"{number:02d}",
    "upperletter": _letters,
    "lowerletter": lambda number: _letters(number).lower(),
    "upperroman": _roman,
    "lowerroman": lambda number: _roman(number).lower(),
    **dict.fromkeys(
        ("chinesecounting", "chinesecountingthousand", "japanesecounting", "taiwanesecounting",
         "taiwanesecountingthousand"), _chinese,
    ),
    **dict.fromkeys(("chineselegalsimplified", "ideographlegaltraditional"), _formal),
    **dict.fromkeys(("ideographdigital", "taiwanesedigital", "japanesedigitaltenthousand"),
                    _digitwise),
    "ideographtraditional": _one_of(_STEMS),
    "ideographzodiac": _one_of(_BRANCHES),
    **dict.fromkeys(("decimalenclosedcircle", "decimalenclosedcirclechinese"), _series("①", 20)),
    "decimalenclosedparen": _series("⑴", 20),
    "decimalenclosedfullstop": _series("⒈", 20),
    "ideographenclosedcircle": _series("㊀", 10),
    **dict.fromkeys(("decimalfullwidth", "decimalfullwidth2"), _full_width),
}  # fmt: skip
