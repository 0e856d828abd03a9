"""Paragraphs of Word files: their numbers and what is written in them.

The numbers that Word puts before paragraphs: counted, not written in the file.

Source: ECMA-376-1:2016, 17.9 (numbering).

What is written in a paragraph of a Word file: runs with their position, formulas, fields,
symbols; and what stands in it without being read.

Source: ECMA-376-1:2016, 17.3 (runs), 17.16 (fields).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rag.documents.formats.formulas import (
    Part,
    Shift,
    equation,
    in_font,
    in_line,
    office_math,
    symbol,
)
from rag.documents.formats.markup import Node
from rag.documents.formats.office import attribute
from rag.text.numbers import written

_PLACE = re.compile(r"%([1-9])")
_LARGEST = 32_767  # Word's own limit


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
            return written(counts.get(at, one.start), "decimal" if level.decimal else one.form)

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


LEFT_OUT = {"del", "fallback", "instrtext", "deltext", "movefrom", "ppr", "rpr", "sectpr"}
_OFF = ("0", "false", "off", "none")
_SHIFTS = {"superscript": Shift.RAISED, "subscript": Shift.LOWERED}
_FIXED = {"br": "\n", "cr": "\n", "nobreakhyphen": "-"}
_FONTS = ("ascii", "hansi", "eastasia", "cs")


@dataclass(frozen=True, slots=True)
class RunStyle:
    """What a style sets for its runs; None where it leaves them as they are."""

    shift: Shift | None = None
    hidden: bool | None = None
    struck: bool | None = None


@dataclass(slots=True)
class WordText:
    """Reads paragraphs, and counts what of them is not read: characters that are hidden or struck
    out, passages that are deleted or moved away, signs of unknown fonts, objects of other
    programs."""

    styles: Mapping[str, RunStyle]
    hidden: int = 0
    struck: int = 0
    deleted: int = 0
    moved: int = 0
    unknown: int = 0
    objects: int = 0
    readings: list[str] = field(default_factory=list)
    _codes: list[list[str]] = field(default_factory=list)

    def plain(self, node: Node) -> str:
        """What is written in an element, as one line."""
        return " ".join(in_line(self.parts(node)).split())

    def parts(self, node: Node, shift: Shift = Shift.NONE, font: str = "") -> Iterator[Part]:
        """The pieces of an element in their order; a line break is `\\n`. Text boxes are left to
        be read by themselves, readings of words (ruby) are put to `readings`."""
        for child in node.children:
            if isinstance(child, str) or child.tag == "txbxcontent":
                continue
            read = self._READ.get(child.tag)
            if child.tag in LEFT_OUT:
                self.leave_out(child)
            elif child.tag == "t":
                yield in_font(child.text(), font), shift
            elif child.tag == "sym":
                yield self._symbol(child), shift
            elif child.tag in _FIXED:
                yield _FIXED[child.tag], shift
            elif read is not None:
                yield from read(self, child)
            else:
                yield from self.parts(child, shift, font)

    def _apart(self, node: Node) -> Iterator[Part]:
        yield " ", Shift.NONE
        yield from self.parts(node)

    def _run(self, run: Node) -> Iterator[Part]:
        facts = run.child("rpr")
        style = self.styles.get(attribute(facts.child("rstyle") if facts else None, "val"))
        own = run_style(facts)
        hidden = own.hidden if own.hidden is not None else bool(style and style.hidden)
        struck = own.struck if own.struck is not None else bool(style and style.struck)
        shift = own.shift or (style.shift if style and style.shift else Shift.NONE)
        fonts = facts.child("rfonts") if facts is not None else None
        font = next((name for key in _FONTS if (name := attribute(fonts, key))), "")
        if hidden or struck:
            size = len("".join(text for text, _ in self.parts(run)).replace(" ", ""))
            self.hidden += size * hidden
            self.struck += size * (not hidden)
        else:
            yield from self.parts(run, shift, font)

    def leave_out(self, node: Node) -> None:
        """Counts what is left out where this element is."""
        if node.tag in ("del", "movefrom") or is_deleted(node):
            written = any(next(node.nodes(tag), None) is not None for tag in ("deltext", "t"))
            self.moved += written and node.tag == "movefrom"
            self.deleted += written and node.tag != "movefrom"
        elif node.tag == "instrtext" and self._codes:
            self._codes[-1].append(node.text())

    def _symbol(self, node: Node) -> str:
        code = attribute(node, "char")
        found = None
        if 0 < len(code) <= 4 and all(digit in "0123456789abcdefABCDEF" for digit in code):
            found = symbol(int(code, 16), attribute(node, "font"))
        self.unknown += found is None
        return found or ""

    def _formula(self, node: Node) -> Iterator[Part]:
        yield office_math(node), Shift.FORMULA

    def _object(self, node: Node) -> Iterator[Part]:
        self.objects += 1
        yield from self.parts(node)

    def _simple_field(self, node: Node) -> Iterator[Part]:
        yield from self._equation(attribute(node, "instr"))
        yield from self.parts(node)

    def _field(self, node: Node) -> Iterator[Part]:
        """A box that is ticked or not, an entry that is chosen; at a field's end what its code
        draws."""
        kind = attribute(node, "fldchartype")
        if kind == "begin":
            self._codes.append([])
            if (data := node.child("ffdata")) is not None:
                yield _chosen(data), Shift.NONE
        elif self._codes and kind == "separate":
            yield from self._equation("".join(self._codes[-1]))
            self._codes[-1].clear()
        elif self._codes and kind == "end":
            yield from self._equation("".join(self._codes.pop()))

    def _equation(self, code: str) -> Iterator[Part]:
        found = equation(code)
        if found is not None:
            self.readings += [f"{found.text} {found.reading}"] if found.reading else []
            yield found.text, Shift.NONE if found.reading else Shift.FORMULA

    def _ruby(self, node: Node) -> Iterator[Part]:
        base, reading = node.child("rubybase"), node.child("rt")
        parts = list(self.parts(base)) if base is not None else []
        above = self.plain(reading) if reading is not None else ""
        if above:
            self.readings.append(f"{in_line(parts).strip()} {above}")
        yield from parts

    _READ: ClassVar[dict[str, Callable[[Any, Node], Iterator[Part]]]] = {
        "r": _run, "p": _apart, "tab": _apart, "tc": _apart, "omath": _formula, "object": _object,
        "fldsimple": _simple_field, "fldchar": _field, "ruby": _ruby,
    }  # fmt: skip


def run_style(facts: Node | None) -> RunStyle:
    """What `w:rPr` sets."""
    if facts is None:
        return RunStyle()
    raised = facts.child("vertalign")
    shift = _SHIFTS.get(attribute(raised, "val"), Shift.NONE) if raised is not None else None
    hidden = _switch(facts, "vanish")
    struck = [on for tag in ("strike", "dstrike") if (on := _switch(facts, tag)) is not None]
    return RunStyle(shift, hidden, any(struck) if struck else None)


def _switch(facts: Node, tag: str) -> bool | None:
    """Whether a property is on; None where it is not set."""
    found = facts.child(tag)
    return attribute(found, "val", "1") not in _OFF if found is not None else None


def is_deleted(node: Node) -> bool:
    """Whether a row or a cell of a table is marked as deleted."""
    facts = node.child("trpr") or node.child("tcpr")
    return facts is not None and any(facts.child(tag) is not None for tag in ("del", "celldel"))


def _chosen(data: Node) -> str:
    """What an old form field shows: its box, the entry of its list."""
    box = data.child("checkbox")
    if box is not None:
        state = box.child("checked") or box.child("default")
        ticked = state is not None and attribute(state, "val", "1") not in _OFF
        return "☑" if ticked else "□"
    chosen = data.child("ddlist")
    if chosen is None:
        return ""
    entries = [attribute(entry, "val") for entry in chosen.nodes("listentry")]
    place = attribute(chosen.child("result"), "val", "0")
    at = int(place) if place.isdecimal() and len(place) < 4 else 0
    return entries[at] if at < len(entries) else ""
