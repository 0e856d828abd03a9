"""Files of old and of other office programs: converted by LibreOffice, then read as what they
became. Workbooks are read without it, too, as far as that goes: values and merged cells, no number
formats. Third party: python-calamine.

It keeps a place for every cell between the first and the last of a sheet, and OpenDocument says of
a cell how often it repeats: what a small file stands for is counted before it is unfolded. Sources:
OpenDocument 1.3, part 3, 19.675 and 19.677; [MS-XLS] 2.4 and [MS-XLSB] 2.4, records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import Any

from rag.documents.detect import Cleaned, real_ending
from rag.documents.formats import office
from rag.documents.formats.archives import MAGIC, Archive, read_streams, stream_names
from rag.documents.formats.docx import read_docx
from rag.documents.formats.markup import ended
from rag.documents.formats.pptx import read_pptx
from rag.documents.formats.sheets import (
    MAX_COLUMNS,
    MAX_ROWS,
    Area,
    Cells,
    SheetRows,
    cleaned,
    named,
    read_xlsx,
    table_rows,
    value_text,
)
from rag.documents.fragments import Fragment
from rag.documents.workers import RETRY
from rag.errors import UnreadableDocument
from rag.settings import Reading

_TEXTS, _SLIDES, _SHEETS = (".doc", ".rtf", ".odt"), (".ppt", ".odp"), (".xls", ".xlsb", ".ods")
_XML = b"<?xml"  # files of Office 2003, and flat ones of OpenDocument
_WORKS = {"CONTENTS", "MM"}  # streams of Microsoft Works
_HEAD_BYTES = 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PARTS = ("table", "table-row", "table-cell", "covered-table-cell")
# Cells may stand for this many, and for so many more for each that is written.
_MOST_REPEATED, _MOST_TIMES = 100_000, 20
_MOST_PLACES = 5_000_000
# Records: the row of the cells that follow, cells that are not blank, the start of a sheet.
_ROW_HEADER, _XLSB_CELLS = 0, range(2, 12)
_BOF, _MULRK = 0x809, 0xBD
_XLS_CELLS = frozenset((0x06, 0xBD, 0xD6, 0xFD, 0x203, 0x204, 0x205, 0x27E))
_UNFORMATTED = (
    "cells are read as they are stored: percent signs, thousands separators and currencies of "
    "their number formats are missing, and what is struck out stands like the rest; to have them "
    f"right, {office.INSTALL}, then: {RETRY}"
)


def read_text_document(data: bytes, settings: Reading) -> Cleaned:
    """A file of a word processor: .doc .wps .rtf .odt.

    Raises:
        UnreadableDocument: LibreOffice is not installed or cannot read it, or it has no text.
    """
    return _converted(data, _TEXTS, "docx", read_docx, settings)


def read_presentation(data: bytes, settings: Reading) -> Cleaned:
    """Slides: .ppt .dps .odp.

    Raises:
        UnreadableDocument: LibreOffice is not installed or cannot read it, or it has no text.
    """
    return _converted(data, _SLIDES, "pptx", read_pptx, settings)


def read_workbook(data: bytes, settings: Reading) -> Cleaned:
    """A workbook: .xls .et .xlsb .ods. Without LibreOffice the number formats are missing.

    Raises:
        UnreadableDocument: damaged, encrypted, empty, or its cells repeat too often.
    """
    cells = _unfolded(data, settings)
    if cells.meant > _MOST_REPEATED + _MOST_TIMES * cells.written:
        raise UnreadableDocument(
            f"the workbook repeats {cells.written:,} cells until they are {cells.meant:,}, the "
            f"limit is {_MOST_REPEATED + _MOST_TIMES * cells.written:,}; delete the rows and "
            "columns that repeat"
        )
    if office.available():
        with suppress(UnreadableDocument):  # it takes too long, or is damaged in its eyes
            return _converted(data, _SHEETS, "xlsx", read_xlsx, settings)
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    fragments: list[Fragment] = []
    tables = count(1)
    for sheet in _values(data, cells, settings):
        fragments += named(sheet, table_rows(sheet, tables))
    if not fragments:
        raise UnreadableDocument("the workbook holds no text")
    return cleaned(fragments, [_UNFORMATTED], None, None)


@dataclass(frozen=True, slots=True)
class _Unfolded:
    """Of a workbook of OpenDocument: how many cells are written, how many they stand for, and the
    most places that a sheet has between its first cell and its last; zeros for any other."""

    written: int = 0
    meant: int = 0
    places: int = 0


def _unfolded(data: bytes, settings: Reading) -> _Unfolded:
    content: bytes | None = None
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_XML):
        content = data
    elif real_ending(data, "") == ".ods":
        content = Archive(data, settings.max_unpacked_bytes).read("content.xml")
    written = meant = places = 0
    row = column = right = width = 0
    for name, attributes, holds in ended(content, _PARTS) if content else ():
        if name == "table":
            row = right = 0
        elif name == "table-row":
            times = min(_times(attributes, "number-rows-repeated"), MAX_ROWS)
            row += times
            meant += width * times
            places = max(places, row * right) if width else places
            column = width = 0
        else:
            times = min(_times(attributes, "number-columns-repeated"), MAX_COLUMNS)
            column += times
            if holds or "value-type" in attributes:
                written, width, right = written + 1, width + times, max(right, column)
    return _Unfolded(written, meant, places)


def _times(attributes: dict[str, str], name: str) -> int:
    words = attributes.get(name, "")
    return int(words[:9]) if words.isdecimal() else 1


def _values(data: bytes, cells: _Unfolded, settings: Reading) -> list[SheetRows]:
    """The visible sheets of a workbook.

    Raises:
        UnreadableDocument: damaged, encrypted, or more than `_MOST_PLACES` in a sheet.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    places = max([cells.places, *_places(data, settings)])
    if places > _MOST_PLACES:
        raise UnreadableDocument(
            f"a sheet has {places:,} cells from its first to its last, the limit is "
            f"{_MOST_PLACES:,}; split it, or {office.INSTALL}"
        )
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        return [
            _sheet(book.get_sheet_by_name(facts.name))
            for facts in book.sheets_metadata
            if facts.visible == SheetVisibleEnum.Visible and facts.typ == SheetTypeEnum.WorkSheet
        ]
    # A damaged workbook raises whatever it meets, PanicException too.
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise UnreadableDocument(f"the workbook is damaged or encrypted: {error!r}") from None


def _places(data: bytes, settings: Reading) -> Iterator[int]:
    """The places of each sheet of an .xls or .xlsb between its first cell and its last."""
    if not data.startswith(MAGIC):
        archive = Archive(data, settings.max_unpacked_bytes)
        for name in archive.names():
            if name.endswith(".bin") and "/worksheets/" in name:
                yield from _extents(_xlsb_records(archive.read(name) or b""))
        return
    for path, stream in read_streams(data, settings.max_unpacked_bytes).items():
        if path[-1] in ("Workbook", "Book"):
            yield from _extents(_xls_records(stream))


def _extents(cells: Iterable[tuple[int, int] | None]) -> Iterator[int]:
    """The places of each sheet; `cells` are row and column of each, None where a sheet begins."""
    bottom = right = 0
    for cell in cells:
        if cell is None:
            yield bottom * right
            bottom = right = 0
        else:
            bottom, right = max(bottom, cell[0] + 1), max(right, cell[1] + 1)
    yield bottom * right


def _xlsb_records(part: bytes) -> Iterator[tuple[int, int]]:
    at = row = 0
    with suppress(IndexError):  # the end
        while True:
            kind, at = part[at], at + 1
            if kind & 0x80:
                kind, at = kind & 0x7F | part[at] << 7, at + 1
            size = shift = 0
            more = True
            while more and shift < 28:
                size, more = size | (part[at] & 0x7F) << shift, part[at] > 0x7F
                at, shift = at + 1, shift + 7
            if kind == _ROW_HEADER:
                row = int.from_bytes(part[at : at + 4], "little")
            elif kind in _XLSB_CELLS:
                yield row, int.from_bytes(part[at : at + 4], "little")
            at += size


def _xls_records(stream: bytes) -> Iterator[tuple[int, int] | None]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = (int.from_bytes(stream[i : i + 2], "little") for i in (at, at + 2))
        if kind == _BOF:
            yield None
        elif kind in _XLS_CELLS and size >= 4:
            last = at + 2 + size if kind == _MULRK else at + 6
            row, column = (int.from_bytes(stream[i : i + 2], "little") for i in (at + 4, last))
            yield row, column
        at += 4 + size


def _sheet(sheet: Any) -> SheetRows:
    merged = [
        Area(top + 1, left, bottom + 1, right)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    ]
    rows = sheet.to_python(skip_empty_area=False)
    return SheetRows(sheet.name, False, _filled(rows), merged)


def _filled(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Cells]]:
    """Values, a place for each cell, as rows of those that are not empty."""
    for number, row in enumerate(rows, 1):
        shown = (
            (column, value_text(_CONTROL.sub("", value) if isinstance(value, str) else value))
            for column, value in enumerate(row)
        )
        if cells := [(column, words) for column, words in shown if words]:
            yield number, cells


def _converted(
    data: bytes,
    kinds: Sequence[str],
    target: str,
    read: Callable[[bytes, Reading], Cleaned],
    settings: Reading,
) -> Cleaned:
    if not data.strip(b"\x00 \t\r\n"):
        raise UnreadableDocument("the file is empty")
    return read(office.convert(data, _known(data, kinds), target, settings), settings)


def _known(data: bytes, kinds: Sequence[str]) -> str:
    """Which of the kinds a file is: what LibreOffice does not know it reads as plain text,
    whatever comes out.

    Raises:
        UnreadableDocument: none of them.
    """
    found = real_ending(data, "")
    if found in kinds:
        return found
    if data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_XML):
        return kinds[0]
    if not _WORKS.isdisjoint(stream_names(data)):
        return ".wps"
    raise UnreadableDocument(f"the file is damaged, encrypted, or none of: {', '.join(kinds)}")
