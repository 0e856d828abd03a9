"""A PDF file as a cleaned text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from rag.documents.pdf.fractions import with_fractions
from rag.documents.pdf.turned import Upright, columns_down, shown, upright
from rag.documents.titles import page_title
from rag.errors import UnreadableDocument
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import plausible_date
from rag.reading.outline import is_generic_title
from rag.reading.paged.columns import foot, reading_order
from rag.reading.paged.grid import Grid, find_grids
from rag.reading.paged.lined import find_lined
from rag.reading.paged.paragraphs import fragments
from rag.reading.paged.repeats import without_furniture
from rag.reading.paged.scanned import (
    Recognition,
    evened,
    is_garbled,
    is_scan,
    named,
    recognise_pages,
)
from rag.reading.paged.stretches import join, stretches
from rag.reading.paged.typeset import usual_type
from rag.reading.paged.values import Line, Page
from rag.reading.pages import RETRY
from rag.reading.parsers.ocr import INSTALL, available
from rag.reading.parsers.pdf import Paged, parse_pdf
from rag.settings import Reading

_TITLE_SIZE = 1.3
_LONGEST_TITLE = 90
# The columns of a table that goes on on the next page stand where they stood, points.
_SAME_EDGE = 4.0


def read_pdf(data: bytes, settings: Reading) -> Cleaned:
    """A PDF file. Pages that are pictures are read by OCR where it is installed, and named in a
    warning.

    Raises:
        UnreadableDocument: encrypted, damaged, too many pages, or no page has text.
    """
    paged = parse_pdf(data, settings.max_pages)
    unread = [page for page in paged.pages if is_scan(page) or is_garbled(page)]
    if available():
        return clean_pages(paged, recognise_pages(data, unread, settings))
    return clean_pages(paged, Recognition(), unread)


def clean_pages(paged: Paged, recognition: Recognition, unread: Sequence[Page] = ()) -> Cleaned:
    """The pages of a file as a text; those of the `recognition` as OCR read them, `unread` are
    those that only OCR could read.

    Raises:
        UnreadableDocument: no page has text.
    """
    read = evened(recognition.pages)
    warnings = [*recognition.warnings(len(paged.pages)), *_missing(paged, unread, read)]
    pages = [
        upright(replace(page, glyphs=tuple(glyph for glyph in page.glyphs if glyph.mapped)))
        if page.number not in read
        else Upright(replace(page, glyphs=()), 0, ())
        for page in paged.pages
    ]
    grids: list[list[Grid]] = []
    lines: list[list[Line]] = []
    asides: set[str] = set()
    for turned in pages:
        page = turned.page
        found, rest = find_grids(page.rules, page.glyphs)
        lined, rest = find_lined(page.rules, rest, found)
        found += lined
        grids.append(found)
        down, rest = columns_down(page, rest)
        rest = with_fractions(rest, page.rules, [grid.box for grid in found])
        parts = read[page.number] if page.number in read else stretches(rest)
        below = foot(parts, found, page)
        above = [part for part in parts if part not in below]
        notes = [replace(line, note=True) for line in reading_order(below, [], page.number)]
        aside = [line for line in (*turned.aside, *down) if line.text not in asides]
        asides.update(line.text for line in aside)
        aside += [
            Line(text, box, 0.0, False, page.number, note=True, alone=True)
            for text, box in page.notes
        ]
        lines.append(reading_order(above, found, page.number) + aside + notes)
    if not any(lines):
        nothing = f"the file has no text on any of its {len(paged.pages):,} pages"
        raise UnreadableDocument("; ".join(warnings) or nothing)
    shown_pages = [turned.page for turned in pages]
    kept, titles = without_furniture(shown_pages, lines)
    kept = _tables_numbered(kept, grids)
    cleaned = clean_fragments(
        fragments(kept, [(page.width, page.height) for page in shown_pages], paged.bookmarks),
        titles,
        title=_title(paged, kept),
        date=plausible_date([line.text for page in lines for line in page], paged.created),
        warnings=warnings,
    )
    turns = {turned.page.number: turned.turn for turned in pages if turned.turn}
    blocks = (
        replace(
            block,
            by_ocr=block.page in read,
            boxes=tuple(
                shown(box, turns[box.page], paged.pages[box.page - 1]) if box.page in turns else box
                for box in block.boxes
            ),
        )
        for block in cleaned.blocks
    )
    return replace(cleaned, blocks=tuple(blocks))


def _missing(paged: Paged, unread: Sequence[Page], read: Mapping[int, object]) -> list[str]:
    """What of the file is not in the text."""
    told: list[str] = []
    count = len(paged.pages)
    advice = f"to have them read by OCR: {INSTALL}, then: {RETRY}"
    pictures = [page.number for page in unread if not is_garbled(page)]
    if pictures:
        told.append(
            f"{len(pictures)} of {count} pages are pictures without a text layer and are missing "
            f"(page {named(pictures)}); {advice}"
        )
    if garbled := [page.number for page in unread if is_garbled(page)]:
        told.append(
            f"{len(garbled)} of {count} pages are set in fonts that do not say which characters "
            f"they show, and what is set in them is missing (page {named(garbled)}); {advice}"
        )
    known = {*read, *garbled}
    lost = sum(
        not glyph.mapped
        for page in paged.pages if page.number not in known for glyph in page.glyphs
    )  # fmt: skip
    if lost:
        told.append(f"{lost:,} characters of fonts that do not say what they show are left out")
    return told


def _tables_numbered(
    pages: Sequence[Sequence[Line]], grids: Sequence[Sequence[Grid]]
) -> list[list[Line]]:
    """Rows with the number of their table in the whole document; a table that goes on at the
    top of the next page keeps its number."""
    number = 0
    result: list[list[Line]] = []
    last: Grid | None = None
    for lines, own in zip(pages, grids, strict=True):
        numbers: dict[int, int] = {}
        for i, line in enumerate(lines):
            if line.table is not None and line.table not in numbers:
                grid = own[line.table]
                goes_on = i == 0 and last is not None and _same_columns(last, grid)
                number += not goes_on
                numbers[line.table] = number
        result.append([_numbered(line, numbers) for line in lines])
        ends = lines[-1].table if lines else None
        last = own[ends] if ends is not None else None
    return result


def _numbered(line: Line, numbers: dict[int, int]) -> Line:
    if line.table is None:
        return line
    return replace(line, table=numbers[line.table])


def _same_columns(first: Grid, second: Grid) -> bool:
    return len(first.columns) == len(second.columns) and all(
        abs(a - b) <= _SAME_EDGE for a, b in zip(first.columns, second.columns, strict=True)
    )


def _title(paged: Paged, pages: Sequence[Sequence[Line]]) -> str | None:
    """The largest words of the first page that has any, else what the file says of itself."""
    first = next((lines for lines in pages if lines), [])
    kind = usual_type(pages)
    large = [line for line in first if not line.row and line.size >= _TITLE_SIZE * kind.size]
    words = [line for line in large if re.search(r"[\u4e00-\u9fff]{3}|[A-Za-z]{4}", line.text)]
    words = [line for line in words if not is_generic_title(line.text)]
    if words:
        size = max(line.size for line in words)
        start = next(i for i, line in enumerate(words) if line.size >= 0.95 * size)
        same = takewhile(lambda line: line.size >= 0.85 * size, words[start:])
        title = join([line.text for line in same])
        if len(title) <= _LONGEST_TITLE:
            return title
    stated = page_title(paged.title, [line.text for line in first]) or ""
    return stated if re.search(r"[\u4e00-\u9fff]{4}", stated) else None
