"""Workbooks of other formats than XLSX, as far as they are read without an office program: values
and merged cells, no number formats. Third party: python-calamine."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from rag.errors import UnreadableDocument
from rag.reading.parsers.workbook import Sheet, write_workbook

_MOST_CELLS = 5_000_000


def rewritten(data: bytes) -> bytes:
    """The visible sheets of a workbook (.xls, .xlsb, .ods) as an XLSX file.

    Raises:
        UnreadableDocument: damaged, encrypted, or more than `_MOST_CELLS` cells in a sheet.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        sheets = [
            _sheet(book.get_sheet_by_name(facts.name))
            for facts in book.sheets_metadata
            if facts.visible == SheetVisibleEnum.Visible and facts.typ == SheetTypeEnum.WorkSheet
        ]
    except UnreadableDocument:
        raise
    except (
        BaseException
    ) as error:  # a damaged workbook raises whatever it meets, PanicException too
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise UnreadableDocument(f"the workbook is damaged or encrypted: {error!r}") from None
    return write_workbook(sheets)


def _sheet(sheet: Any) -> Sheet:
    cells = sheet.total_height * sheet.total_width
    if cells > _MOST_CELLS:
        raise UnreadableDocument(
            f"the sheet {sheet.name} has {cells:,} cells, the limit is {_MOST_CELLS:,}; split it"
        )
    rows = sheet.to_python(skip_empty_area=False)
    return Sheet(sheet.name, rows, sheet.merged_cell_ranges or [])
