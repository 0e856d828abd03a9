"""PDF files, picture files and pictures in other files as cleaned texts.

What is written on pictures is read by OCR, where it is installed: picture files, and those inside
office files, books, messages and web pages.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import takewhile

from rag.documents.detect import Cleaned
from rag.documents.formats.text import clean_fragments
from rag.documents.headings import (
    is_generic_title,
    is_table_title,
    page_title,
    plausible_date,
)
from rag.documents.pdf.characters import (
    Box,
    Drawn,
    Note,
    Page,
    PageLine,
    Stretch,
    around,
    join,
    stretches,
    usual_type,
)
from rag.documents.pdf.columns import (
    Upright,
    columns_down,
    foot,
    reading_order,
    shown,
    upright,
    with_fractions,
)
from rag.documents.pdf.lined import find_lined
from rag.documents.pdf.ocr import (
    INSTALL,
    NO_PICTURES,
    SHARE_OF_TIME,
    Pictured,
    Recognition,
    available,
    evened,
    is_garbled,
    is_scan,
    named,
    parse_images,
    pictured_pages,
    recognise_pages,
)
from rag.documents.pdf.paragraphs import HEAD_SHARE, fragments, is_numbered, without_furniture
from rag.documents.pdf.pdfium import Paged, parse_pdf
from rag.documents.pdf.ruled import RuledGrid, find_grids
from rag.documents.workers import RETRY, tell_pages
from rag.errors import UnreadableDocument
from rag.settings import Reading
from rag.types import BlockKind

_TITLE_SIZE = 1.3
_LONGEST_TITLE = 90
# The columns of a table that goes on on the next page stand where they stood, points.
_SAME_EDGE = 4.0
# What stands above the part of a table on the next page.
_CONTINUED = re.compile(
    r"[（(]?(?:续上?表|表续|接上[页表])[\d.\-]{0,8}[）)]?|表\s?[\d.\-]{1,8}.{0,40}[（(]续表?[）)]"
)


def read_pdf(data: bytes, settings: Reading) -> Cleaned:
    """A PDF file. Pages that are pictures, and pictures on the others, are read by OCR where it is
    installed, and named in a warning.

    Raises:
        UnreadableDocument: encrypted, damaged, too many pages, or no page has text.
    """
    paged = parse_pdf(data, settings.max_pages)
    unread = [page for page in paged.pages if is_scan(page) or is_garbled(page)]
    whole = {page.number for page in unread}
    pictured = pictured_pages([page for page in paged.pages if page.number not in whole])
    if available():
        read = recognise_pages(data, unread, settings, pictured.wanted)
        return clean_pages(paged, read, pictured=replace(pictured, wanted=()))
    return clean_pages(paged, Recognition(), unread, pictured)


def clean_pages(
    paged: Paged,
    recognition: Recognition,
    unread: Sequence[Page] = (),
    pictured: Pictured = NO_PICTURES,
) -> Cleaned:
    """The pages of a file as a text; those of the `recognition` as OCR read them, `unread` are
    those that only OCR could read, as it only could read the figures of those that are `pictured`.

    Raises:
        UnreadableDocument: no page has text.
    """
    read = evened(recognition.pages)
    warnings = [*recognition.warnings(len(paged.pages)), *_missing(paged, unread, pictured, read)]
    pages = [
        upright(
            replace(
                page,
                glyphs=tuple(glyph for glyph in page.glyphs if glyph.mapped),
                notes=(*page.notes, *_noted(page, recognition.figures.get(page.number, ()))),
            )
        )
        if page.number not in read
        else Upright(replace(page, glyphs=()), 0, ())
        for page in paged.pages
    ]
    grids: list[list[RuledGrid]] = []
    lines: list[list[PageLine]] = []
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
            PageLine(
                note.text, note.box, 0.0, False, page.number, row=note.row, note=True, alone=True,
                by_ocr=note.by_ocr,
            )
            for note in page.notes
        ]  # fmt: skip
        lines.append(reading_order(above, found, page.number) + aside + notes)
    if not any(lines):
        nothing = f"the file has no text on any of its {len(paged.pages):,} pages"
        raise UnreadableDocument("; ".join(warnings) or nothing)
    shown_pages = [turned.page for turned in pages]
    kept, titles = without_furniture(shown_pages, lines)
    kept = _tables_numbered(shown_pages, kept, grids)
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
            by_ocr=block.by_ocr or block.page in read,
            boxes=tuple(
                shown(box, turns[box.page], paged.pages[box.page - 1]) if box.page in turns else box
                for box in block.boxes
            ),
        )
        for block in cleaned.blocks
    )
    return replace(cleaned, blocks=tuple(blocks))


def _noted(page: Page, figures: Sequence[Sequence[Stretch]]) -> Iterator[Note]:
    """What OCR read on pictures of a page, by its paragraphs and rows."""
    for lines in figures:
        alone = replace(page, number=1, glyphs=(), rules=(), figures=(), notes=())
        cleaned = clean_pages(Paged((alone,), None, None, ()), Recognition(pages={1: list(lines)}))
        for block in cleaned.blocks:
            boxes = [Box(box.left, box.top, box.right, box.bottom) for box in block.boxes]
            if boxes:
                row = block.kind is BlockKind.TABLE_ROW
                yield Note(block.span.of(cleaned.text), around(boxes), row, by_ocr=True)


def _missing(
    paged: Paged,
    unread: Sequence[Page],
    pictured: Pictured,
    read: Mapping[int, object],
) -> list[str]:
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
    if alone := [page for page in paged.pages if page.lost]:
        characters = sum(page.lost for page in alone)
        told.append(
            f"up to {characters:,} characters that stand alone are missing (page "
            f"{named([page.number for page in alone])}): their font is neither in the file nor on "
            "this machine; install Chinese fonts (on Debian fonts-noto-cjk) and read it again"
        )
    if pictured.wanted:
        figures = sum(len(page.figures) for page in pictured.wanted)
        told.append(
            f"{figures:,} pictures on pages that have text are not read (page "
            f"{named([page.number for page in pictured.wanted])}); {advice}"
        )
    if pictured.grounds:
        figures = sum(len(page.figures) for page in pictured.grounds)
        told.append(
            f"{figures:,} pictures under the text of their pages are not read (page "
            f"{named([page.number for page in pictured.grounds])})"
        )
    if drawings := _drawings(paged, read):
        told.append(
            f"drawings on {len(drawings)} of {count} pages are not read beyond the text that "
            f"stands on them (page {named(drawings)})"
        )
    if struck := sum(page.struck for page in paged.pages if page.number not in read):
        told.append(f"{struck:,} characters that are struck out are left out")
    known = {*read, *garbled}
    lost = sum(
        not glyph.mapped
        for page in paged.pages if page.number not in known for glyph in page.glyphs
    )  # fmt: skip
    if paged.attached:
        told.append(f"{paged.attached:,} attached files are not read")
    if lost:
        told.append(f"{lost:,} characters of fonts that do not say what they show are left out")
    return told


def _drawings(paged: Paged, read: Mapping[int, object]) -> list[int]:
    """The pages with drawings of their own, not those with the same one as another."""
    counts = Counter(page.drawing for page in paged.pages)
    return [
        page.number
        for page in paged.pages
        if page.drawing is not None and counts[page.drawing] == 1 and page.number not in read
    ]


def _tables_numbered(
    shown_pages: Sequence[Page],
    pages: Sequence[Sequence[PageLine]],
    grids: Sequence[Sequence[RuledGrid]],
) -> list[list[PageLine]]:
    """Rows with the number of their table in the whole document; a table that goes on at the
    top of the next page, perhaps below its head, keeps its number."""
    number = 0
    result: list[list[PageLine]] = []
    last: RuledGrid | None = None
    for page, lines, own in zip(shown_pages, pages, grids, strict=True):
        numbers: dict[int, int] = {}
        for i, line in enumerate(lines):
            if line.table is not None and line.table not in numbers:
                grid = own[line.table]
                first = all(_is_head(above, page) for above in lines[:i])
                goes_on = first and last is not None and _same_columns(last, grid)
                number += not goes_on
                numbers[line.table] = number
        result.append([_numbered(line, numbers) for line in lines])
        ends = lines[-1].table if lines else None
        last = own[ends] if ends is not None else None
    return result


def _is_head(line: PageLine, page: Page) -> bool:
    """Whether a line is the head of a page, no heading: at its upper edge, or what says that a
    table goes on."""
    if _CONTINUED.fullmatch(line.text):
        return True
    edge = line.box.y1 <= HEAD_SHARE * page.height and not line.row
    return edge and not is_numbered(line.text) and not is_table_title(line.text)


def _numbered(line: PageLine, numbers: dict[int, int]) -> PageLine:
    if line.table is None:
        return line
    return replace(line, table=numbers[line.table])


def _same_columns(first: RuledGrid, second: RuledGrid) -> bool:
    return len(first.columns) == len(second.columns) and all(
        abs(a - b) <= _SAME_EDGE for a, b in zip(first.columns, second.columns, strict=True)
    )


def _title(paged: Paged, pages: Sequence[Sequence[PageLine]]) -> str | None:
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


def read_image(data: bytes, settings: Reading) -> Cleaned:
    """A picture as a document of one page, a TIFF file with each of its pages.

    Raises:
        UnreadableDocument: no OCR is installed, no picture, damaged, too large, or without text.
    """
    if not available():
        raise UnreadableDocument(f"pictures of text are read by OCR, which needs: {INSTALL}")
    found = Recognition()
    pages: list[Page] = []
    for drawn in parse_images(data, settings.max_pixels, settings.max_pages):
        pages.append(drawn.page)
        found.read(drawn.page.number, partial(_drawn, drawn), settings)
        tell_pages(len(pages), drawn.pages)
    return clean_pages(Paged(tuple(pages), None, None, ()), found)


def _drawn(drawn: Drawn) -> Drawn:
    return drawn


_SIGN = 48
"""Pictures whose shorter side has fewer pixels are signs and bullets, no text."""


class Pictures:
    """Reads the pictures of one file, each once, and counts them: those of which a text was
    `read`, and those that were not read. `content` gives the bytes of a picture by its name, None
    where there is none."""

    def __init__(self, content: Callable[[str], bytes | None], settings: Reading) -> None:
        self._content, self._settings = content, settings
        self._until = time.monotonic() + SHARE_OF_TIME * settings.max_seconds
        self._known: set[str] = set()
        self.read = 0
        self.unread = 0

    @property
    def asked(self) -> int:
        """How many pictures were asked for."""
        return len(self._known)

    def texts(self, name: str) -> list[str]:
        """The paragraphs written on the picture of this name; none where it shows no text, was
        read before, cannot be read or time ran out."""
        if name and name in self._known:
            return []
        self._known.add(name)
        found: list[str] | None = None
        with suppress(UnreadableDocument):
            data = self._content(name) if name and available() else None
            found = self._recognised(data) if data else None
        self.read += bool(found)
        self.unread += found is None
        return found or []

    def _recognised(self, data: bytes) -> list[str] | None:
        """The paragraphs of a picture, None where there was no time left."""
        drawn = next(parse_images(data, self._settings.max_pixels, self._settings.max_pages))
        if min(drawn.raster.width, drawn.raster.height) < _SIGN:
            return []
        if time.monotonic() > self._until:
            return None
        recognition = Recognition()
        recognition.read(drawn.page.number, lambda: drawn, self._settings)
        if recognition.late:
            return None
        if not any(recognition.pages.values()):
            return []
        cleaned = clean_pages(Paged((drawn.page,), None, None, ()), recognition)
        return [block.span.of(cleaned.text) for block in cleaned.blocks]

    def warnings(self) -> list[str]:
        """What the reader of the document is told of its pictures."""
        told: list[str] = []
        if self.read:
            told.append(f"{self.read:,} pictures were read by OCR, which may misread characters")
        if self.unread:
            advice = "" if available() else f"; to have them read by OCR: {INSTALL}"
            told.append(f"{self.unread:,} pictures are not read{advice}")
        return told
