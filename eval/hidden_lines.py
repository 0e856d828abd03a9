"""How much of ruled tables is read the same with their lines hidden: `python -m eval.reading
--hidden-lines FILE`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rag.documents.pdf.characters import Box, stretches
from rag.documents.pdf.columns import reading_order
from rag.documents.pdf.lined import find_lined
from rag.documents.pdf.pdfium import parse_pdf
from rag.documents.pdf.ruled import find_grids
from rag.settings import Reading

_FEWEST_ROWS = 3


@dataclass(frozen=True, slots=True)
class HiddenLines:
    """Rows of ruled tables, those that come out the same with only the line above the table, below
    its first row and below the table, and those with none at all."""

    rows: int
    three: int
    none: int


def measure(data: bytes) -> HiddenLines:
    """The rows of a PDF file's ruled tables of three rows or more; white space does not count."""
    rows = three = none = 0
    for page in parse_pdf(data, Reading().max_pages).pages:
        for grid in find_grids(page.rules, page.glyphs)[0]:
            box, header = grid.box, grid.rows[0]
            if len(grid.rows) < _FEWEST_ROWS or len(header.text.split()) < 2:
                continue
            inside = [glyph for glyph in page.glyphs if box.y0 <= glyph.box.middle < box.y1]
            rules = [Box(box.x0, y, box.x1, y) for y in (box.y0, header.box.y1, box.y1)]
            wanted = Counter(_plain(row.text) for row in grid.rows)
            lined = find_lined(rules, inside, [])[0]
            bare = reading_order(stretches(inside), [], 1)
            rows += len(grid.rows)
            three += (wanted & Counter(_plain(r.text) for t in lined for r in t.rows)).total()
            none += (wanted & Counter(_plain(line.text) for line in bare)).total()
    return HiddenLines(rows, three, none)


def _plain(row: str) -> str:
    return "|".join("".join(cell.split()) for cell in row.split("\t") if cell.strip())
