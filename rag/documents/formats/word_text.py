"""What is written in a paragraph of a Word file: runs with their position, formulas, fields,
symbols; and what stands in it without being read.

Source: ECMA-376-1:2016, 17.3 (runs), 17.16 (fields).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rag.documents.formats.formulas import equation, office_math
from rag.documents.formats.positions import Part, Shift, in_line
from rag.documents.formats.symbols import in_font, symbol
from rag.reading.office.package import attribute
from rag.reading.parsers.markup import Node

LEFT_OUT = {"del", "fallback", "instrtext", "deltext", "movefrom", "ppr", "rpr", "sectpr"}
_SHIFTS = {"superscript": Shift.RAISED, "subscript": Shift.LOWERED}
_FIXED = {"br": "\n", "cr": "\n", "nobreakhyphen": "-"}
_FONTS = ("ascii", "hansi", "eastasia", "cs")


@dataclass(frozen=True, slots=True)
class RunStyle:
    """What a style sets for its runs; None where it leaves them as they are."""

    shift: Shift | None = None
    hidden: bool | None = None


@dataclass(slots=True)
class WordText:
    """Reads paragraphs, and counts what of them is not read: hidden characters, deleted
    passages, signs of unknown fonts, objects of other programs."""

    styles: Mapping[str, RunStyle]
    hidden: int = 0
    deleted: int = 0
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
                self._leave_out(child)
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
        shift = own.shift or (style.shift if style and style.shift else Shift.NONE)
        fonts = facts.child("rfonts") if facts is not None else None
        font = next((name for key in _FONTS if (name := attribute(fonts, key))), "")
        if hidden:
            self.hidden += len("".join(text for text, _ in self.parts(run)).replace(" ", ""))
        else:
            yield from self.parts(run, shift, font)

    def _leave_out(self, node: Node) -> None:
        if node.tag in ("del", "movefrom") and next(node.nodes("deltext"), None) is not None:
            self.deleted += 1
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
    vanish = facts.child("vanish")
    hidden = attribute(vanish, "val", "1") not in ("0", "false", "off") if vanish else None
    return RunStyle(shift, hidden)


def _chosen(data: Node) -> str:
    """What an old form field shows: its box, the entry of its list."""
    box = data.child("checkbox")
    if box is not None:
        state = box.child("checked") or box.child("default")
        ticked = state is not None and attribute(state, "val", "1") not in ("0", "false", "off")
        return "☑" if ticked else "□"
    chosen = data.child("ddlist")
    if chosen is None:
        return ""
    entries = [attribute(entry, "val") for entry in chosen.nodes("listentry")]
    place = attribute(chosen.child("result"), "val", "0")
    at = int(place) if place.isdecimal() and len(place) < 4 else 0
    return entries[at] if at < len(entries) else ""
