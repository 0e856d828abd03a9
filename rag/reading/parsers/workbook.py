"""XLSX workbooks into rows of shown values. Third party: openpyxl."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from rag.errors import UnreadableDocument

_PERCENT = re.compile(r"0(?:\.(0+))?%")
_THOUSANDS = re.compile(r"#,##0(?:\.(0+))?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML
_DECIMALS = re.compile(r"^0(?:\.(0+))?(?:_\)?.*)?$")


def parse_workbook(data: bytes) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """The sheets that are not hidden, by name, each with its rows that are not empty. Formulas
    give the value that was stored with them.

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
            if sheet.sheet_state == "visible":
                yield str(sheet.title), _rows(sheet)
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[list[str]]:
    try:
        sheet.reset_dimensions()  # what a sheet says of its size may be wrong
        for row in sheet.rows:
            cells = [_shown(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield cells
    except Exception as error:  # noqa: BLE001 (as above)
        raise UnreadableDocument(f"sheet {sheet.title} is damaged: {error!r}") from None


def _shown(cell: Any) -> str:
    """A cell's value as the sheet shows it, for the common formats."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return shown_number(value, str(cell.number_format))
    return " ".join(str(value).split())


def shown_number(value: float, number_format: str) -> str:
    """A number in a number format: percent, thousands and decimals are known.

    >>> shown_number(0.4039, "0.00%"), shown_number(1581.5, "#,##0.00"), shown_number(3.0, "")
    ('40.39%', '1,581.50', '3')
    """
    if match := _PERCENT.search(number_format):
        return f"{value * 100:.{len(match[1] or '')}f}%"
    if match := _THOUSANDS.search(number_format):
        return f"{value:,.{len(match[1] or '')}f}"
    if match := _DECIMALS.match(number_format):
        return f"{value:.{len(match[1] or '')}f}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


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
