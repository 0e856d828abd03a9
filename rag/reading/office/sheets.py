"""XLSX files as cleaned texts: a sheet is a section, tables stand in it below each other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from rag.documents.formats import libreoffice
from rag.documents.grids import GridRow, Placed, joined, separate
from rag.documents.titles import page_title
from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import plausible_date
from rag.reading.flow import Fragment, Role, written
from rag.reading.marked.html import HEADING_RANKS
from rag.reading.office.package import properties, relations
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.markup import parse_xml
from rag.reading.parsers.workbook import parse_workbook
from rag.settings import Reading

_MAIN = "xl/workbook.xml"
_DEFAULT_NAME = re.compile(r"(?:sheet|工作表)\s?\d*$", re.IGNORECASE)
_LONGEST_TITLE = 60
_TITLE_ROWS = 4
_HIDDEN = "【隐藏】"
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
)
# A formula whose value was not stored with it.
_NO_VALUE = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*'
    rb"<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_MOST_MERGED = 100_000


def read_xlsx(data: bytes, settings: Reading) -> Cleaned:
    """An Excel file: sheets by name, hidden ones marked, comments as notes. Formulas without a
    stored value are computed by LibreOffice where it is there, else named in a warning.

    Raises:
        UnreadableDocument: no XLSX, encrypted, damaged, a zip bomb, or empty.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    archive.need(_MAIN, "XLSX")
    book = _Book(archive)
    warnings: list[str] = []
    if empty := book.formulas_without_value():
        computed = _computed(data, settings)
        if computed is not None:
            data = computed
        else:
            warnings.append(_uncomputed(empty))
    fragments: list[Fragment] = []
    hidden: list[str] = []
    for sheet in parse_workbook(data):
        own = list(book.sheet(sheet.name, list(sheet.rows)))
        if not own:
            continue
        if sheet.hidden:
            hidden.append(sheet.name)
        if sheet.hidden or not _DEFAULT_NAME.match(sheet.name):
            name = written(Role.BODY, sheet.name, rank=HEADING_RANKS[0])
            fragments.append(replace(name, label=_HIDDEN * sheet.hidden))
        fragments += own
    if not fragments:
        raise UnreadableDocument("; ".join(["the workbook holds no text", *warnings]))
    if hidden:
        warnings.append(f"{len(hidden)} sheets are hidden; they were read: {', '.join(hidden)}")
    facts = properties(archive)
    return clean_fragments(
        fragments,
        title=page_title(facts.title, [item.text for item in fragments]) or _title(fragments),
        date=plausible_date([item.text for item in fragments], facts.changed),
        warnings=warnings,
    )


def _title(fragments: Sequence[Fragment]) -> str | None:
    return next((item.text for item in fragments if item.role is not Role.ROW), None)


def _computed(data: bytes, settings: Reading) -> bytes | None:
    """The workbook with the values of its formulas; None where nothing can compute them."""
    if not libreoffice.available():
        return None
    with suppress(UnreadableDocument):
        return libreoffice.convert(data, ".xlsx", "xlsx", settings)
    return None


def _uncomputed(empty: Sequence[tuple[str, str, str, int]]) -> str:
    places = ", ".join(
        f"{sheet} {first}" + (f":{last}" if last != first else "")
        for sheet, first, last, _ in empty
    )
    return (
        f"{sum(count for *_, count in empty)} formulas have no stored value and are missing "
        f"({places}); to have them computed, {libreoffice.INSTALL}, then index the file again; or "
        "open and save it in a spreadsheet program"
    )


@dataclass(frozen=True, slots=True)
class _Area:
    """Merged cells: first and last row from 1, first and last column from 0."""

    top: int
    left: int
    bottom: int
    right: int


class _Book:
    """What a workbook says of its sheets beside their values."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._tables = 0
        parts = relations(archive, _MAIN)
        root = parse_xml(archive.need(_MAIN, "XLSX"))
        self._parts = {
            node.attributes.get("name", ""): parts.get(node.attributes.get("relation", ""))
            for node in root.nodes("sheet")
        }

    def _raw(self, name: str) -> bytes:
        part = self._parts.get(name)
        return (self._archive.read(part[1]) if part else None) or b""

    def formulas_without_value(self) -> list[tuple[str, str, str, int]]:
        """For each sheet with formulas whose value was not stored: its name, the first and the
        last such cell, and how many there are."""
        found = []
        for name in self._parts:
            raw = self._raw(name)
            if _FORMULA.search(raw) is None:
                continue
            cells = [column + row for column, row in _NO_VALUE.findall(raw)]
            if cells:
                found.append((name, cells[0].decode(), cells[-1].decode(), len(cells)))
        return found

    def _merged(self, name: str) -> list[_Area]:
        raw = self._raw(name)
        tail = raw[max(0, raw.rfind(b"sheetData")) :]
        found = []
        for left, top, right, bottom in _MERGED.findall(tail)[:_MOST_MERGED]:
            found.append(_Area(int(top), _column(left), int(bottom), _column(right)))
        return found

    def _comments(self, name: str) -> Iterator[tuple[str, str]]:
        """The comments of a sheet: the cell and what is said of it."""
        part = self._parts.get(name)
        for kind, target in relations(self._archive, part[1]).values() if part else ():
            if kind == "comments" and (data := self._archive.read(target)):
                for node in parse_xml(data).nodes("comment"):
                    words = " ".join("".join(t.text() for t in node.nodes("t")).split())
                    if words:
                        yield node.attributes.get("ref", ""), words

    def sheet(self, name: str, rows: Sequence[tuple[int, list[str]]]) -> Iterator[Fragment]:
        """The rows of a sheet, then its comments."""
        places = _places(rows, self._merged(name))
        grid = [_grid_row(cells, places.get(number, {})) for number, cells in rows]
        gaps = [i for i in range(1, len(rows)) if rows[i][0] > rows[i - 1][0] + 1]
        for part in separate(grid, gaps) if grid else ():
            self._tables += 1
            yield from _table(grid[part.start : part.stop], self._tables)
        for place, words in self._comments(name):
            yield replace(written(Role.NOTE, words), label=f"批注 {place}：")


def _column(letters: bytes) -> int:
    """The number of a column, from 0.

    >>> _column(b"A"), _column(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _places(
    rows: Sequence[tuple[int, list[str]]], merged: Sequence[_Area]
) -> dict[int, dict[int, tuple[int, int]]]:
    """For each row and column in which merged cells begin how many rows that are not empty and
    how many columns they cover."""
    numbers = [number for number, _ in rows]
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for area in merged:
        last = bisect_right(numbers, area.bottom)
        first = bisect_right(numbers, area.top - 1)
        if first < last and numbers[first] == area.top:
            size = (last - first, area.right - area.left + 1)
            found.setdefault(area.top, {})[area.left] = size
    return found


def _grid_row(cells: Sequence[str], merged: dict[int, tuple[int, int]]) -> GridRow:
    return joined(
        [
            (words, Placed(0, 0, column, *merged.get(column, (1, 1))))
            for column, words in enumerate(cells)
            if words
        ]
    )


def _table(rows: Sequence[GridRow], number: int) -> Iterator[Fragment]:
    """The rows of a table. Lines with one cell above the first wider row are title and unit."""
    first = next((i for i, row in enumerate(rows) if len(row.cells) > 1), len(rows))
    above = first if first <= _TITLE_ROWS else 0
    for i, row in enumerate(rows):
        text = row.text.strip()
        if (i < above and len(text) <= _LONGEST_TITLE) or first == len(rows):
            yield written(Role.BODY, text, rank=NO_HEADING)
        else:
            yield replace(written(Role.ROW, row.text, table=number), cells=row.cells)
