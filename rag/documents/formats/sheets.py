"""Workbooks: cells as their number formats show them, sheets as tables.

A sheet is a section, tables stand in it below each other. Third party: openpyxl.

Source: ECMA-376, 18.8.31 (number formats), and what Excel does where that is silent. Formats that
depend on the settings of a computer (the built-in dates) give ISO dates.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from html import unescape
from io import BytesIO
from itertools import count
from operator import itemgetter
from typing import Any

from rag.documents.detect import Cleaned
from rag.documents.formats import office
from rag.documents.formats.archives import Archive
from rag.documents.formats.html import HEADING_RANKS
from rag.documents.formats.markup import Node, parse_xml
from rag.documents.formats.office import attribute, drawing_fragments, properties, relations
from rag.documents.formats.text import clean_fragments
from rag.documents.fragments import Fragment, Role, written
from rag.documents.grids import GridRow, Placed, joined, separate
from rag.documents.headings import NO_HEADING, page_title, plausible_date
from rag.documents.pdf.read import Pictures
from rag.errors import UnreadableDocument
from rag.settings import Reading

Value = int | float | dt.datetime | dt.date | dt.time | dt.timedelta

_LOCAL_DATES = {"mm-dd-yy", "m/d/yyyy", "mm/dd/yy", "m/d/yy h:mm", "[$-f800]dddd, mmmm dd, yyyy"}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\][-]*)(?:-[^\][]*)?\]'
    r"|\[(?P<elapsed>[hms]+)\]|\[[^\][]*\]|_.|\*.|(?P<general>General)|(?P<meridiem>AM/PM|A/P|上午/下午)"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+(?![+-])|g+|aaa+)|(?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?,*|\.[0#?]+)"
    r"|(?P<exponent>E[+-]0+)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_FORMAT = 200
_MOST_DECIMALS = 30
_DATES = (dt.datetime, dt.date, dt.time, dt.timedelta)
_WEEKDAYS = "一二三四五六日"

_Token = tuple[str, str]
"""Name of the group that fits, and what it holds."""


def shown(value: Value, number_format: str) -> str:
    """A number, date or time in a number format; in one that is not known as it is.

    >>> shown(0.4039, "0.00%"), shown(1581.5, "#,##0.00"), shown(317, "00000"), shown(3.0, "")
    ('40.39%', '1,581.50', '00317', '3')
    >>> shown(-1200, '"¥"#,##0;("¥"#,##0)'), shown(dt.date(2019, 12, 3), 'yyyy"年"m"月"d"日"')
    ('(¥1,200)', '2019年12月3日')
    """
    if isinstance(value, _DATES):
        return _date(value, number_format)
    if not number_format or number_format.lower() in ("general", "@"):
        return _plain(value)
    if len(number_format) > _LONGEST_FORMAT:
        return _plain(value)
    sections = list(_sections(number_format))
    section, number = _chosen(sections, value)
    try:
        return _number(number, section) or _plain(value)
    except (InvalidOperation, ValueError, OverflowError):
        return _plain(value)


def _plain(value: float) -> str:
    """A number without a format, in the 15 digits that a workbook keeps, never as a power of ten.

    >>> _plain(110101199001011234), _plain(123456789.12345678), _plain(0.000012345678901)
    ('110101199001011234', '123456789.123457', '0.000012345678901')
    """
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def _sections(number_format: str) -> Iterator[list[_Token]]:
    """The sections of a format, for positive numbers, negative ones, zero and text."""
    section: list[_Token] = []
    for match in _TOKEN.finditer(number_format):
        name = match.lastgroup or ""
        if name == "plain" and match["plain"] == ";":
            yield section
            section = []
        elif name:
            section.append((name, match[name]))
    yield section


def _chosen(sections: list[list[_Token]], value: float) -> tuple[list[_Token], float]:
    """The section that shows a number, and the number without its sign where the section says
    how a negative one looks."""
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


def _number(value: float, tokens: list[_Token]) -> str:
    """A number in a section; empty where the section has another form."""
    digits = [text for name, text in tokens if name == "digits"]
    if any(name in ("date", "general", "elapsed") for name, _ in tokens):
        return "".join(
            _plain(value) if name == "general" else text for name, text in tokens if name != "date"
        )
    if not digits:  # words alone
        return "".join(text for _, text in tokens)
    if len(digits) > 1:  # a fraction, or figures in groups
        return ""
    percent = sum(text in "%％" for name, text in tokens if name == "plain")
    exponent = any(name == "exponent" for name, _ in tokens)
    number = Decimal(repr(value)) * 100**percent
    pattern = digits[0]
    thousands = len(pattern) - len(pattern.rstrip(","))
    number = number / 1000**thousands
    body = _exponential(number, pattern) if exponent else _decimal(number, pattern.rstrip(","))
    sign = "-" if number < 0 and body.strip("0.,") else ""
    return sign + "".join(
        body if name == "digits" else "" if name == "exponent" else text for name, text in tokens
    )


def _decimal(number: Decimal, pattern: str) -> str:
    whole, _, part = pattern.partition(".")
    most, least = min(len(part), _MOST_DECIMALS), part.count("0")
    rounded = abs(number).quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP)
    before, _, after = f"{rounded:f}".partition(".")
    while len(after) > least and after.endswith("0"):
        after = after[:-1]
    wanted = whole.replace(",", "").count("0")
    before = before.lstrip("0").rjust(wanted, "0")
    if "," in whole:
        before = f"{int(before or 0):,}" if wanted <= 1 else _grouped(before)
        before = "" if before == "0" and not wanted else before
    return f"{before}.{after}" if after or (part and least) else before or ("" if part else "0")


def _grouped(digits: str) -> str:
    first = len(digits) % 3
    groups = [digits[i : i + 3] for i in range(first, len(digits), 3)]
    return ",".join(filter(None, [digits[:first], *groups]))


def _exponential(number: Decimal, pattern: str) -> str:
    decimals = min(len(pattern.partition(".")[2]), _MOST_DECIMALS)
    return f"{abs(number):.{decimals}E}"


def _date(value: dt.datetime | dt.date | dt.time | dt.timedelta, number_format: str) -> str:
    """A date or time as its format shows it; in ISO form where that depends on the computer."""
    if isinstance(value, dt.timedelta):
        return str(value)
    tokens = next(_sections(number_format[:_LONGEST_FORMAT]))
    known = any(name == "date" for name, _ in tokens)
    if not known or number_format.lower() in _LOCAL_DATES or isinstance(value, dt.time):
        return _iso(value)
    words = [_part(value, name, text, tokens, i) for i, (name, text) in enumerate(tokens)]
    return "".join(words).strip() or _iso(value)


def _iso(value: dt.datetime | dt.date | dt.time) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return value.isoformat()


def _part(value: dt.date, name: str, text: str, tokens: list[_Token], i: int) -> str:
    """What one token of a format shows of a date; `i` is its place among the `tokens`."""
    hour = getattr(value, "hour", 0)
    if name == "meridiem":
        return ("上午", "下午")[hour >= 12]
    if name != "date":
        return text
    kind, width = text[0].lower(), len(text.partition(".")[0])
    if kind == "a" or (kind == "d" and width > 2):
        return ("星期" if width > 3 else "周") + _WEEKDAYS[value.weekday()]
    if kind in "yeg":
        return f"{value.year % 100:02}" if kind == "y" and width <= 2 else str(value.year)
    if kind == "h" and any(name == "meridiem" for name, _ in tokens):
        hour = hour % 12 or 12
    month = getattr(value, "minute", 0) if _is_minute(tokens, i) else value.month
    number = {"m": month, "d": value.day, "h": hour, "s": getattr(value, "second", 0)}[kind]
    return f"{number:02}" if width >= 2 else str(number)


def _is_minute(tokens: list[_Token], i: int) -> bool:
    """Whether an `m` means minutes: it stands behind hours or before seconds."""
    dates = [(j, text[0].lower()) for j, (name, text) in enumerate(tokens) if name == "date"]
    at = next(k for k, (j, _) in enumerate(dates) if j == i)
    before = dates[at - 1][1] if at else ""
    after = dates[at + 1][1] if at + 1 < len(dates) else ""
    return before == "h" or after == "s"


MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""Of a sheet. Source: Excel specifications and limits."""


@dataclass(frozen=True, slots=True)
class Area:
    """Merged cells: first and last row from 1, first and last column from 0."""

    top: int
    left: int
    bottom: int
    right: int


Cells = list[tuple[int, str]]
"""The cells of a row that are not empty, each with its column from 0."""


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A sheet that is read: its name, whether it is hidden, its rows that are not empty, each with
    its number from 1 and its cells that are not empty, each with its column from 0, and its merged
    cells where the reader knows them; `struck` holds what is struck out, once `rows` are read."""

    name: str
    hidden: bool
    rows: Iterator[tuple[int, Cells]]
    merged: Sequence[Area] = ()
    struck: list[str] = field(default_factory=list)


def parse_workbook(data: bytes, settings: Reading) -> Iterator[SheetRows]:
    """The sheets of a workbook in order. Formulas give the value that was stored with them.

    Raises:
        UnreadableDocument: the file is damaged, or a sheet holds more characters than a file of
            text may have bytes: a text is written once, however many cells show it.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, rich_text=True)
    except Exception as error:  # noqa: BLE001 (a damaged workbook raises whatever it meets)
        raise UnreadableDocument(f"the workbook is damaged: {error!r}") from None
    try:
        for sheet in book.worksheets:
            struck: list[str] = []
            hidden = sheet.sheet_state != "visible"
            yield SheetRows(str(sheet.title), hidden, _rows(sheet, struck, settings), struck=struck)
    finally:
        book.close()


def _rows(sheet: Any, struck: list[str], settings: Reading) -> Iterator[tuple[int, Cells]]:
    """The rows as they are written: openpyxl's own iteration makes up all cells that are missing
    between them, 16,384 for one at the right end of a sheet."""
    from openpyxl.worksheet._reader import WorkSheetParser

    book, left = sheet.parent, settings.max_file_bytes
    try:
        crossed = {i for i, own in enumerate(book._cell_styles) if book._fonts[own.fontId].strike}
        with sheet._get_source() as source:
            parser = WorkSheetParser(
                source, sheet._shared_strings, data_only=True, epoch=book.epoch, rich_text=True,
                date_formats=book._date_formats, timedelta_formats=book._timedelta_formats,
            )  # fmt: skip
            for number, row in parser.parse():
                if number > MAX_ROWS:
                    raise ValueError(f"more than {MAX_ROWS:,} rows")
                cells: Cells = []
                for cell in row:
                    words = _shown(sheet, cell, cell["style_id"] in crossed, struck)
                    left -= len(words)
                    if left < 0:
                        raise UnreadableDocument(
                            f"sheet {sheet.title} holds more than {settings.max_file_bytes:,} "
                            "characters; raise reading.max_file_bytes if it is no trap"
                        )
                    if words:
                        cells.append((cell["column"] - 1, words))
                if cells:
                    yield number, cells
    except UnreadableDocument:
        raise
    except Exception as error:  # noqa: BLE001 (as above)
        raise UnreadableDocument(f"sheet {sheet.title} is damaged: {error!r}") from None


def _shown(sheet: Any, cell: dict[str, Any], crossed: bool, struck: list[str]) -> str:
    """A cell's value as the sheet shows it; what is struck out goes to `struck` instead. `crossed`
    tells that the cell's own font is struck out."""
    from openpyxl.cell.read_only import ReadOnlyCell

    value = cell["value"]
    if value is None:
        return ""
    if isinstance(value, list):  # stretches of text, of which some have a font of their own
        there: tuple[list[str], list[str]] = ([], [])
        for part in value:
            out = crossed if isinstance(part, str) else bool(part.font.strike)
            there[out].append(str(part))
        struck += there[True]
        return value_text("".join(there[False]))
    styled = not isinstance(value, str)
    words = value_text(value, ReadOnlyCell(sheet, **cell).number_format if styled else "")
    if crossed and words:
        struck.append(words)
    return "" if crossed else words


def value_text(value: Any, number_format: str = "") -> str:
    """A value of a cell in its number format."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return " ".join(value.split())
    return shown(value, str(number_format))


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
_MARGIN = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)(?:\s[^<>]*)?>([^<]{1,4000})<")
_MARGIN_CODE = re.compile(r'&(?:"[^"]{0,100}"|\d{1,3}|K[0-9A-Fa-f]{6}|[A-Za-z&+-])')
_PAGE_NUMBER = re.compile(r"第|共|页|\b(?:pages?|of)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_MOST_MERGED = 100_000


def read_xlsx(data: bytes, settings: Reading) -> Cleaned:
    """An Excel file: sheets by name, hidden ones marked; charts as tables, text boxes, comments,
    headers and footers as notes, what is written on pictures. Formulas without a stored value are
    computed by LibreOffice where it is there, else named in a warning.

    Raises:
        UnreadableDocument: no XLSX, encrypted, damaged, a zip bomb, or empty.
    """
    archive = Archive(data, settings.max_unpacked_bytes)
    archive.need(_MAIN, "XLSX")
    pictures = Pictures(archive.read, settings)
    book = _Book(archive, pictures)
    warnings: list[str] = []
    if empty := book.formulas_without_value():
        computed = _computed(data, settings)
        if computed is not None:
            data = computed
        else:
            warnings.append(_uncomputed(empty))
    fragments: list[Fragment] = []
    hidden: list[str] = []
    struck = 0
    for sheet in _sheets(data, book.names, settings):
        own = named(sheet, book.sheet(replace(sheet, merged=book.merged(sheet.name))))
        if own and sheet.hidden:
            hidden.append(sheet.name)
        fragments += own
        struck += sum(len("".join(words.split())) for words in sheet.struck)
    warnings += pictures.warnings()
    if struck:
        warnings.append(f"{struck:,} characters that are struck out are left out")
    if not fragments:
        raise UnreadableDocument("; ".join(["the workbook holds no text", *warnings]))
    if hidden:
        warnings.append(f"{len(hidden)} sheets are hidden; they were read: {', '.join(hidden)}")
    facts = properties(archive)
    return cleaned(fragments, warnings, facts.title, facts.changed)


def cleaned(
    fragments: Sequence[Fragment], warnings: Sequence[str], title: str | None, changed: str | None
) -> Cleaned:
    """A workbook of these fragments: its title is stated, or the first line that is no row."""
    texts = [item.text for item in fragments]
    return clean_fragments(
        fragments,
        title=page_title(title, texts) or _title(fragments),
        date=plausible_date(texts, changed),
        warnings=warnings,
    )


def named(sheet: SheetRows, fragments: Iterable[Fragment]) -> list[Fragment]:
    """What stands on a sheet below its name, where that says something; nothing of an empty one."""
    own = list(fragments)
    if own and (sheet.hidden or not _DEFAULT_NAME.match(sheet.name)):
        name = written(Role.BODY, sheet.name, rank=HEADING_RANKS[0])
        own.insert(0, replace(name, label=_HIDDEN * sheet.hidden))
    return own


def _sheets(data: bytes, names: Sequence[str], settings: Reading) -> Iterator[SheetRows]:
    """The sheets with rows, then the others of these names: those that are a chart have none."""
    read = set()
    for sheet in parse_workbook(data, settings):
        read.add(sheet.name)
        yield sheet
    yield from (SheetRows(name, False, iter(())) for name in names if name not in read)


def _title(fragments: Sequence[Fragment]) -> str | None:
    return next((item.text for item in fragments if item.role is not Role.ROW), None)


def _computed(data: bytes, settings: Reading) -> bytes | None:
    """The workbook with the values of its formulas; None where nothing can compute them."""
    if not office.available():
        return None
    with suppress(UnreadableDocument):
        return office.convert(data, ".xlsx", "xlsx", settings)
    return None


def _uncomputed(empty: Sequence[tuple[str, str, str, int]]) -> str:
    places = ", ".join(
        f"{sheet} {first}" + (f":{last}" if last != first else "")
        for sheet, first, last, _ in empty
    )
    return (
        f"{sum(count for *_, count in empty)} formulas have no stored value and are missing "
        f"({places}); to have them computed, {office.INSTALL}, then index the file again; or "
        "open and save it in a spreadsheet program"
    )


class _Book:
    """What a workbook says of its sheets beside their values."""

    def __init__(self, archive: Archive, pictures: Pictures) -> None:
        self._archive, self._pictures = archive, pictures
        self._tables = count(1)
        parts = relations(archive, _MAIN)
        root = parse_xml(archive.need(_MAIN, "XLSX"))
        self._parts = {
            node.attributes.get("name", ""): parts.get(node.attributes.get("relation", ""))
            for node in root.nodes("sheet")
        }

    @property
    def names(self) -> list[str]:
        """The names of all sheets."""
        return list(self._parts)

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

    def merged(self, name: str) -> list[Area]:
        """The merged cells of a sheet."""
        raw = self._raw(name)
        tail = raw[max(0, raw.rfind(b"sheetData")) :]
        found = []
        for left, top, right, bottom in _MERGED.findall(tail)[:_MOST_MERGED]:
            found.append(Area(int(top), _column(left), int(bottom), _column(right)))
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

    def _drawn(self, name: str) -> Iterator[Fragment]:
        """What lies on a sheet: charts, text boxes, pictures, in the order of the file."""
        part = self._parts.get(name)
        for kind, target in relations(self._archive, part[1]).values() if part else ():
            if kind != "drawing" or not (data := self._archive.read(target)):
                continue
            parts = relations(self._archive, target)
            for node in _on_sheet(parse_xml(data)):
                key = attribute(next(node.nodes("blip"), node), "embed") or attribute(
                    node, "relation"
                )
                place = parts.get(key, ("", ""))[1]
                if node.tag == "pic":
                    for text in self._pictures.texts(place):
                        found = written(Role.BODY, text, rank=NO_HEADING)
                        yield replace(found, by_ocr=True)
                elif node.tag == "chart" and (chart := self._archive.read(place)):
                    before = next(self._tables) - 1
                    yield from drawing_fragments(parse_xml(chart), "chart", before)
                elif node.tag == "txbody":
                    for line in node.nodes("p"):
                        if text := "".join(t.text() for t in line.nodes("t")).strip():
                            yield written(Role.NOTE, " ".join(text.split()))

    def _margins(self, name: str) -> Iterator[str]:
        """Headers and footers of a sheet, but for numbers of pages, each once."""
        raw = self._raw(name)
        tail = raw[max(0, raw.rfind(b"sheetData")) :]
        texts = (unescape(one.decode("utf-8", "replace")) for one in _MARGIN.findall(tail))
        lines = (" ".join(_MARGIN_CODE.sub(" ", text).split()) for text in texts)
        yield from dict.fromkeys(
            line for line in lines if _WORDS.search(_PAGE_NUMBER.sub("", line))
        )

    def sheet(self, sheet: SheetRows) -> Iterator[Fragment]:
        """The rows of a sheet, then its drawings, its comments, its headers and footers."""
        yield from table_rows(sheet, self._tables)
        yield from self._drawn(sheet.name)
        for text in self._margins(sheet.name):
            yield written(Role.NOTE, text)
        for place, words in self._comments(sheet.name):
            yield replace(written(Role.NOTE, words), label=f"批注 {place}：")


def _on_sheet(node: Node) -> Iterator[Node]:
    """The texts, pictures and charts of a drawing; second versions for older programs left out."""
    for child in node.children:
        if isinstance(child, str) or child.tag == "fallback":
            continue
        if child.tag in ("pic", "chart", "txbody"):
            yield child
        else:
            yield from _on_sheet(child)


def _column(letters: bytes) -> int:
    """The number of a column, from 0.

    >>> _column(b"A"), _column(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def table_rows(sheet: SheetRows, numbers: Iterator[int]) -> Iterator[Fragment]:
    """The rows of a sheet, in tables, which `numbers` counts."""
    rows = sorted(sheet.rows, key=itemgetter(0))  # in a file that is damaged they are not
    places = _places(rows, sheet.merged)
    grid = [_grid_row(cells, places.get(number, {})) for number, cells in rows]
    gaps = [i for i in range(1, len(rows)) if rows[i][0] > rows[i - 1][0] + 1]
    for part in separate(grid, gaps) if grid else ():
        yield from _table(grid[part.start : part.stop], next(numbers))


def _places(
    rows: Sequence[tuple[int, Cells]], merged: Sequence[Area]
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


def _grid_row(cells: Cells, merged: dict[int, tuple[int, int]]) -> GridRow:
    return joined(
        [(words, Placed(0, 0, column, *merged.get(column, (1, 1)))) for column, words in cells]
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
