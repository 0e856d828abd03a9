"""XLSX files as cleaned texts: a sheet is a section, its rows are led by their header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import plausible_date
from rag.reading.flow import Fragment, Role, written
from rag.reading.marked.html import HEADING_RANKS
from rag.reading.office.package import properties, row_text
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.archive import Archive
from rag.reading.parsers.workbook import parse_workbook
from rag.settings import Reading

_DEFAULT_NAME = re.compile(r"(?:sheet|工作表)\s?\d*$", re.IGNORECASE)
_LONGEST_TITLE = 60
_TITLE_ROWS = 4


def read_xlsx(data: bytes, settings: Reading) -> Cleaned:
    """An Excel file: sheets by name, rows with the first one as their header.

    Raises:
        UnreadableDocument: no XLSX, encrypted, damaged, a zip bomb, or empty.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    archive.need("xl/workbook.xml", "XLSX")
    fragments: list[Fragment] = []
    for number, (name, rows) in enumerate(parse_workbook(data), 1):
        own = list(_sheet(list(rows), number))
        if own and not _DEFAULT_NAME.match(name):
            fragments.append(written(Role.BODY, name, rank=HEADING_RANKS[0]))
        fragments += own
    if not fragments:
        raise UnreadableDocument("the workbook holds no text")
    facts = properties(archive)
    return clean_fragments(
        fragments,
        title=facts.title or _title(fragments),
        date=plausible_date([item.text for item in fragments], facts.changed),
    )


def _title(fragments: Sequence[Fragment]) -> str | None:
    return next((item.text for item in fragments if item.role is not Role.ROW), None)


def _sheet(rows: Sequence[Sequence[str]], number: int) -> Iterator[Fragment]:
    """The rows of a sheet. Lines with one cell above the first wider row are title and unit."""
    first = next((i for i, row in enumerate(rows) if sum(map(bool, row)) > 1), len(rows))
    above = first if first <= _TITLE_ROWS else 0
    for i, row in enumerate(rows):
        text = row_text(row)
        if (i < above and len(text) <= _LONGEST_TITLE) or first == len(rows):
            yield written(Role.BODY, text.strip(), rank=NO_HEADING)
        else:
            yield written(Role.ROW, text, table=number)
