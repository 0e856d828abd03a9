"""XLSX workbooks into rows of shown values. Third party: openpyxl."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from rag.documents.formats.number_formats import shown
from rag.errors import UnreadableDocument

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A sheet that is read: its name, whether it is hidden, and its rows that are not empty, each
    with its number from 1 and its cells from the first column on."""

    name: str
    hidden: bool
    rows: Iterator[tuple[int, list[str]]]


def parse_workbook(data: bytes) -> Iterator[SheetRows]:
    """The sheets of a workbook in order. Formulas give the value that was stored with them.

    Raises:
        UnreadableDocument: the file is damaged.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001 (a damaged workbook raises whatever it meets)
        raise UnreadableDocument(f"the workbook is damaged: {error!r}") from None
    try:
        for sheet in book.worksheets:
            yield SheetRows(str(sheet.title), sheet.sheet_state != "visible", _rows(sheet))
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    try:
        sheet.reset_dimensions()  # what a sheet says of its size may be wrong
        for number, row in enumerate(sheet.rows, 1):
            cells = [_shown(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield number, cells
    except Exception as error:  # noqa: BLE001 (as above)
        raise UnreadableDocument(f"sheet {sheet.title} is damaged: {error!r}") from None


def _shown(cell: Any) -> str:
    """A cell's value as the sheet shows it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return " ".join(value.split())
    return shown(value, str(cell.number_format))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as another library read it: rows of values (None or `""` where a cell is empty), and
    merged ranges as first and last cell, each (row, column) from 0."""

    name: str
    rows: Sequence[Sequence[Any]]
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]


def write_workbook(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX file of these sheets, at least one; a text stays one where it starts with `=`."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, sheet in enumerate(sheets, 1):
        made = book.create_sheet()
        with suppress(ValueError):
            made.title = sheet.name or f"Sheet{number}"
        for row, values in enumerate(sheet.rows, 1):
            for column, value in enumerate(values, 1):
                if isinstance(value, str):
                    if value := _CONTROL.sub("", value):
                        made.cell(row, column, value).data_type = "s"
                elif value is not None:
                    made.cell(row, column, value)
        for (top, left), (bottom, right) in sheet.merged:
            made.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
            )
    data = BytesIO()
    book.save(data)
    return data.getvalue()
