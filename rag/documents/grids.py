"""Rows of cells into tables: which rows are title, header or note, which columns hold labels.

Every reader gives its tables as rows of placed cells; what stands where is decided here alone, by
what the cells hold and how they are merged, not by their words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from itertools import islice, pairwise

from rag.text.numbers import UNITS
from rag.types import Cell, Label, Span, Table

MAX_CELLS = 200_000
"""Cells of one table beyond this are in the text, but not among the table's cells."""
MAX_ROWS = 20_000
"""Rows of one table beyond this likewise; they are led by its header all the same."""
MAX_COLUMNS = 2_000
"""Columns of one table beyond this likewise."""
_MOST_FIELDS = 2_000_000
_MOST_HEADER_ROWS = 6
_LONGEST_LABEL = 60
_MOST_LABEL_COLUMNS = 8
# A column or header row counts as of a kind where this share of its cells is.
_MOST = 0.5
_SAMPLE_ROWS = 50
# A header has names for at least this share of its columns.
_HEADER_SHARE = 0.75

_NUMBER = re.compile(
    r"^[≈约<>≤≥±+\-−–(（△]*\s?(?:[A-Z]{0,3}[¥￥$€£])?\s?[+\-−–]?(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
    r"\s?(?P<unit>[%％‰℃°]|[^\W\d_]{1,6}[²³]?)?(?:/[^\W\d_]{1,6})?[)）*]*"
)
_SCALE = re.compile("[百千万亿]{1,2}")
_COUNTED = frozenset("人个家件台辆只套次户本")
_PERIODS = frozenset(("年", "月", "周", "季度", "年度", "天", "点", "节", "分"))
_NUMBERED = re.compile(r"[（(]?[一二三四五六七八九十]{1,3}[）)、．.]")
_CODE = re.compile(r"0\d+|\d{12,}")
_YEAR = re.compile(r"(?:19|20)\d{2}\s?年?(?:度|末|初)?")
_DATE = re.compile(
    r"(?:(?:19|20)\d{2}\s?(?:[-/年]\s?\d{1,2}(?:\s?[-/月]\s?\d{1,2}\s?[日号]?)?\s?月?|\.\d{1,2}\.\d{1,2})"
    r"|\d{1,2}\s?月(?:\s?\d{1,2}\s?[日号])?)"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
)
_BLANK = re.compile(r"[-—–/\\*\s]*|N/?A|不适用|无数据", re.IGNORECASE)
_UNIT_LINE = re.compile(
    r"[（(【]?(?:(?:金额|计量|货币)?单位|unit)\s*[：:]\s*(?P<unit>.{1,20}?)"
    r"(?:[\s,，;；]*(?:币种|货币)[：:].*)?\s*[）)】]?",
    re.IGNORECASE,
)
_UNIT_INSIDE = re.compile(
    r"[（(【]\s*(?:单位|unit)\s*[：:]\s*([^）)】]{1,20})[）)】]", re.IGNORECASE
)
_BRACKET = re.compile(r"[（(]([^（()）]{1,12})[）)]\s*$")
_NOTE = re.compile(
    r"(?:注|备注|说明|资料来源|数据来源|来源|填表说明|Notes?|Source)\s*+\d*+\s*+[：:]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell in the text of its row: where it stands there, the first column that it stands in,
    how many rows and columns it covers, and whether the file itself marks it as a header."""

    start: int
    end: int
    column: int
    rows: int = 1
    columns: int = 1
    header: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of a table: its text, and its cells from left to right, empty ones left out."""

    text: str
    cells: tuple[Placed, ...]

    def words(self, cell: Placed) -> str:
        """The words of one of its cells."""
        return self.text[cell.start : cell.end]


_MOST_TABS = 20  # for cells that a row does not have


def joined(cells: Sequence[tuple[str, Placed]]) -> GridRow:
    """A row of these cells, as many tabs before each as columns; empty ones may be left out, and
    where they stand in the text is set here.

    >>> joined([("甲", Placed(0, 0, 0)), ("12", Placed(0, 0, 2))]).text
    '甲\\t\\t12'
    """
    texts: list[str] = []
    placed: list[Placed] = []
    position = tabs = 0
    for words, cell in cells:
        shown = " ".join(words.split())
        if shown:
            more = min(max(bool(texts), cell.column - tabs), _MOST_TABS)
            tabs += more
            start, position = position + more, position + more + len(shown)
            placed.append(replace(cell, start=start, end=position))
            texts += ("\t" * more, shown)
    return GridRow("".join(texts), tuple(placed))


def tabbed(text: str) -> tuple[Placed, ...]:
    """The cells of a row in which tabs stand between them.

    >>> [(cell.column, cell.start, cell.end) for cell in tabbed("甲\\t\\t12")]
    [(0, 0, 1), (2, 3, 5)]
    """
    found: list[Placed] = []
    at = 0
    for column, words in enumerate(text.split("\t")):
        stripped = words.strip()
        if stripped:
            start = at + words.index(stripped)
            found.append(Placed(start, start + len(stripped), column))
        at += len(words) + 1
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows and columns a cell covers (0 rows: all below), and whether the file marks it
    as a header."""

    rows: int = 1
    columns: int = 1
    header: bool = False


def laid_out(rows: Sequence[Sequence[Size]]) -> list[list[Placed]]:
    """The places of cells that say how much they cover, not where they stand: each takes the next
    column that no cell above it covers. Places in the text are left at 0.

    Source: HTML, 4.9.12.1, forming a table.

    >>> placed = laid_out([[Size(rows=2), Size()], [Size()]])
    >>> [[cell.column for cell in row] for row in placed]
    [[0, 1], [1]]
    """
    until: dict[int, int] = {}  # column -> the first row that is free there
    runs: dict[int, tuple[int, int]] = {}  # column -> up to which row, which next one may be free
    found: list[list[Placed]] = []
    for i, row in enumerate(rows):
        column = 0
        own: list[Placed] = []
        for size in row:
            first, least = column, len(rows)
            while column < MAX_COLUMNS and until.get(column, 0) > i:
                last, end = runs.get(column, (0, 0))
                last, end = (last, end) if last > i else (until[column], column + 1)
                least, column = min(least, last), end
            if column > first:
                runs[first] = (least, column)
            down = len(rows) - i if size.rows == 0 else max(1, min(size.rows, len(rows) - i))
            across = max(1, min(size.columns, MAX_COLUMNS - column))
            own.append(Placed(0, 0, column, down, across, size.header))
            if down > 1 and column < MAX_COLUMNS:
                until |= dict.fromkeys(range(column, column + across), i + down)
            column += across
        found.append(own)
    return found


@dataclass(frozen=True, slots=True)
class Downward:
    """A cell of a table in which each row names all of its columns: its words, how many columns it
    covers, whether the file marks it as a header, and whether it goes on the cell above it."""

    words: str
    columns: int = 1
    header: bool = False
    goes_on: bool = False


def merged_downwards(rows: Sequence[Sequence[Downward]]) -> list[list[tuple[str, Placed]]]:
    """The words and places of the cells of each row; cells that go on cells above them are those.
    Rows without words are left out.

    >>> rows = merged_downwards([[Downward("甲"), Downward("1")], [Downward("", goes_on=True)]])
    >>> rows[0][0][1].rows, merged_downwards([[Downward("甲")], [Downward("")]])[1:]
    (2, [])
    """
    found: list[list[tuple[str, Placed]]] = []
    open_: dict[int, tuple[int, int]] = {}  # column -> the cell above that may go on
    for row in rows:
        if not any(cell.words or cell.goes_on for cell in row):
            continue
        own: list[tuple[str, Placed]] = []
        column = 0
        for cell in row:
            if cell.goes_on and column in open_:
                i, k = open_[column]
                words, place = found[i][k]
                found[i][k] = words, replace(place, rows=len(found) + 1 - i)
            else:
                open_.pop(column, None)
                if cell.words:
                    open_[column] = (len(found), len(own))
                    place = Placed(0, 0, column, 1, cell.columns, cell.header)
                    own.append((cell.words, place))
            column += cell.columns
        found.append(own)
    return [row for row in found if row]


class CellKind(Enum):
    """What a cell holds."""

    NUMBER = "number"
    DATE = "date"
    TEXT = "text"
    BLANK = "blank"


def kind_of(text: str) -> CellKind:
    """What a cell holds: a number with or without a unit, a date or year, neither.

    >>> [kind_of(t).value for t in ("1,024.50", "38分钟", "2023年", "00317", "—", "1号线")]
    ['number', 'number', 'date', 'text', 'blank', 'text']
    """
    if len(text) > _LONGEST_LABEL:
        return CellKind.TEXT
    if _BLANK.fullmatch(text):
        return CellKind.BLANK
    if _YEAR.fullmatch(text) or _DATE.fullmatch(text):
        return CellKind.DATE
    number = _NUMBER.fullmatch(text)
    if not number or _CODE.fullmatch(text):
        return CellKind.TEXT
    return CellKind.NUMBER if _measures(number["unit"] or "") else CellKind.TEXT


def _measures(unit: str) -> bool:
    """Whether what stands behind a number says how much, not which one, as 1路 and 3班 do."""
    scale = _SCALE.match(unit)
    rest = unit[scale.end() :] if scale else unit
    if unit in _PERIODS:
        return False
    return not rest or rest in _COUNTED or (rest.lower() in UNITS or unit.lower() in UNITS)


def unit_line(text: str) -> str | None:
    """The unit that a line above a table states.

    >>> unit_line("单位：万元"), unit_line("单位：元 币种：人民币"), unit_line("单位负责人")
    ('万元', '元', None)
    """
    match = _UNIT_LINE.fullmatch(text.strip())
    return match["unit"].strip() if match else None


def unit_inside(text: str) -> str | None:
    """The unit that a title states in brackets.

    >>> unit_inside("表2 客运量（单位：万人次）")
    '万人次'
    """
    match = _UNIT_INSIDE.search(text)
    return match[1].strip() if match else None


@lru_cache(maxsize=1_000)  # each label is asked for with each of its cells
def unit_of_label(text: str) -> str | None:
    """The unit in brackets at the end of a label.

    >>> unit_of_label("金额（元）"), unit_of_label("派息数（含税）")
    ('元', None)
    """
    match = _BRACKET.search(text)
    unit = match[1].strip() if match else ""
    parts = re.split(r"[/·]", unit)
    known = any(part and _measures(part) for part in parts)
    named = all(part and (part.isascii() or _measures(part)) for part in parts)
    return unit if unit and known and named else None


_At = tuple[int, int]
"""A cell: its row, and its place in that row."""


@dataclass(slots=True)
class Grid:
    """A table whose parts are known. `rows` are all of its rows; `titles` those above the header
    with its title and unit, `headers` those of the header, `repeated` those below that say it
    again, `sections` those that name what the rows below them belong to, `notes` those below it;
    `above` are the lines of its title that stand above it in the document, `below` the notes below
    it. The first `labels` columns name the row."""

    rows: Sequence[GridRow]
    matrix: list[list[_At | None]]
    titles: range
    headers: range
    repeated: frozenset[int]
    sections: Sequence[int]
    notes: range
    labels: int
    caption: list[str] = field(default_factory=list)
    unit: str | None = None
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    _named: frozenset[int] = frozenset()  # rows above which a section stands, and the sections

    def __post_init__(self) -> None:
        self._named = self.repeated.union(self.sections)
        for i in self.titles:
            self._name([self.rows[i].words(cell) for cell in self.rows[i].cells])

    def stand_below(self, lines: Sequence[str]) -> None:
        """Takes lines above the table in the document for its title and its unit."""
        self.above = list(lines)
        self._name(lines)

    def _name(self, lines: Sequence[str]) -> None:
        for line in lines:
            unit = unit_line(line)
            self.unit = self.unit or unit or unit_inside(line)
            if unit is None and line not in self.caption:
                self.caption.append(line)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.matrix[0])

    def is_body(self, row: int) -> bool:
        """Whether a row holds cells that are neither title, header, section nor note."""
        return self.headers.stop <= row < self.notes.start and row not in self._named

    def lead(self, row: int) -> tuple[str, ...]:
        """What leads a row where the table is cut before it: titles, the rows of its header, the
        section that it stands in, and labels of rows above that reach down to it."""
        parts = [" ".join(self.above)]
        if row in self.titles:
            return tuple(filter(None, parts))
        parts += [_spaced(self.rows[i].text) for i in self.titles]
        parts += [self.rows[i].text for i in self.headers if i < row]
        if row < len(self.rows) and self.is_body(row):
            section = self._section(row)
            if section is not None:
                parts.append(_spaced(self.rows[section].text))
            parts += [
                self._words(at)
                for at in dict.fromkeys(self.matrix[row][: self.labels])
                if at is not None and at[0] < row
            ]
        return tuple(dict.fromkeys(part for part in parts if part))

    def _section(self, row: int) -> int | None:
        at = bisect_left(self.sections, row)
        return self.sections[at - 1] if at else None

    def _words(self, at: _At) -> str:
        row = self.rows[at[0]]
        return row.words(row.cells[at[1]])

    def cells(self, starts: Sequence[int | None]) -> Iterator[Cell]:
        """The cells of the body. `starts` are the places of the rows in the document's text, None
        for a row that is not in it."""
        known: dict[_At, Label] = {}

        def label(at: _At) -> Label | None:
            start = starts[at[0]]
            if at not in known and start is not None:
                row = self.rows[at[0]]
                cell = row.cells[at[1]]
                place = Span(start + cell.start, start + cell.end)
                known[at] = Label(place, row.words(cell))
            return known.get(at)

        heads = [
            [at for at in dict.fromkeys(self.matrix[i][c] for i in self.headers) if at is not None]
            for c in range(self.width)
        ]
        section: _At | None = None
        for i, row in enumerate(self.matrix):
            if not self.is_body(i):
                if i not in self.repeated and self.headers.stop <= i < self.notes.start:
                    section = (i, 0)
                continue
            named = [at for at in dict.fromkeys(row[: self.labels]) if at is not None]
            above = [section] if section is not None else []
            for c, at in enumerate(row):
                if at is None:
                    continue
                place = label(at)
                if place is None or (c and row[c - 1] == at and heads[c - 1] == heads[c]):
                    continue
                if at[0] < i and c < self.labels:
                    continue  # a label that reaches down to this row
                rows = [label(own) for own in (*above, *named) if own != at]
                columns = [label(own) for own in heads[c] if own != at]
                rows_known = tuple(one for one in rows if one is not None)
                columns_known = tuple(one for one in columns if one is not None)
                unit = self._unit(place.text, rows_known, columns_known)
                yield Cell(place.span, place.text, rows_known, columns_known, unit)

    def _unit(self, text: str, rows: Sequence[Label], columns: Sequence[Label]) -> str | None:
        """The unit of a number that does not name its own."""
        if not text.rstrip(")）*")[-1:].isdigit() or kind_of(text) is not CellKind.NUMBER:
            return None
        stated = (unit_of_label(one.text) for one in (*reversed(columns), *reversed(rows)))
        return next(filter(None, stated), self.unit)

    def table(self, starts: Sequence[int | None], page: int | None) -> Table:
        """The table that begins on `page`; `starts` as for `cells`."""
        notes = (*(_spaced(self.rows[i].text) for i in self.notes), *self.below)
        caption = " ".join(self.caption) or None
        return Table(caption, self.unit, notes, page, tuple(islice(self.cells(starts), MAX_CELLS)))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def analyse(rows: Sequence[GridRow]) -> Grid:
    """The parts of a table, of which there is at least one row."""
    rows = rows[:MAX_ROWS]
    matrix = _filled(rows)
    last = len(rows)
    first = _titles(rows, matrix)
    while last > first + 1 and _is_note(rows[last - 1]):
        last -= 1
    kinds = _kinds(rows, matrix)
    headers = range(first, first + _header_rows(rows, matrix, kinds, first, last))
    said = {rows[i].text for i in headers}
    below = range(headers.stop, last)
    repeated = frozenset(i for i in below if rows[i].text in said)
    sections = [
        i for i in below if i not in repeated and len(matrix[i]) > 1 and _is_section(rows, i, last)
    ]
    apart = repeated.union(sections)
    sample = [i for i in below if i < len(kinds) and i not in apart]
    return Grid(
        rows, matrix, range(first), headers, repeated, sections, range(last, len(rows)),
        _label_columns(rows, matrix, sample, kinds),
    )  # fmt: skip


def _kinds(
    rows: Sequence[GridRow], matrix: Sequence[Sequence[_At | None]]
) -> list[list[CellKind | None]]:
    """What stands in each row and column of the first rows; None for nothing."""
    return [
        [None if at is None else kind_of(rows[at[0]].words(rows[at[0]].cells[at[1]])) for at in row]
        for row in matrix[: _SAMPLE_ROWS + 3 * _MOST_HEADER_ROWS]
    ]


def _filled(rows: Sequence[GridRow]) -> list[list[_At | None]]:
    """For each row and column the cell that stands there, merged cells everywhere they cover."""
    width = max((cell.column + cell.columns for row in rows for cell in row.cells), default=1)
    width = min(width, MAX_COLUMNS, max(2, _MOST_FIELDS // len(rows)))
    matrix: list[list[_At | None]] = [[None] * width for _ in rows]
    budget = 2 * _MOST_FIELDS  # of merged cells that lie over each other
    for i, row in enumerate(rows):
        for k, cell in enumerate(row.cells):
            columns = range(cell.column, min(width, cell.column + cell.columns))
            for line in matrix[i : i + cell.rows] if columns and budget > 0 else ():
                budget -= len(columns)
                for c in columns:
                    if line[c] is None:
                        line[c] = (i, k)
    return matrix


def _titles(rows: Sequence[GridRow], matrix: Sequence[Sequence[_At | None]]) -> int:
    """How many rows above the header hold title and unit: rows of one cell, of a unit and what
    else stands on its line."""
    width = len(matrix[0])
    count = 0
    for i, row in enumerate(rows[: _MOST_HEADER_ROWS + 1]):
        if i + 1 >= len(rows):
            break
        unit = any(unit_line(row.words(cell)) for cell in row.cells)
        single = len({at for at in matrix[i] if at is not None}) == 1 and width > 1
        if not (single or (unit and 2 * len(row.cells) <= width + 1)):
            break
        count = i + 1
    return count


def _is_note(row: GridRow) -> bool:
    """Whether a row below a table holds a note."""
    return len(row.cells) == 1 and _NOTE.match(row.words(row.cells[0])) is not None


def _is_section(rows: Sequence[GridRow], i: int, last: int) -> bool:
    """Whether a row only names what the rows below it belong to: one cell of text at its left,
    which is merged with others, or ends or begins as a heading does. Else it is a row without
    values."""
    if len(rows[i].cells) != 1 or i + 1 >= last:
        return False
    cell = rows[i].cells[0]
    words = rows[i].words(cell)
    if cell.column or cell.rows > 1 or kind_of(words) is not CellKind.TEXT:
        return False
    return cell.columns > 1 or words.endswith(("：", ":")) or _NUMBERED.match(words) is not None


def _header_rows(
    rows: Sequence[GridRow],
    matrix: Sequence[Sequence[_At | None]],
    kinds: Sequence[Sequence[CellKind | None]],
    first: int,
    last: int,
) -> int:
    """How many rows from `first` on are the header.

    At least those that the file marks, and those that the first row's merged cells reach over; a
    cell over several columns is divided by the row below it. Beyond that the rows in which no
    column holds what the columns below hold most of the time, numbers or dates.
    """
    most = min(last - first - 1, _MOST_HEADER_ROWS)
    if most < 1:
        return 0
    marked = 0
    while marked < most and _all_marked(rows[first + marked]):
        marked += 1
    if marked:
        return max(marked, min(most, _reach(rows, matrix, first, marked)))
    least = _reach(rows, matrix, first, 1)
    usual = _usual_kinds(kinds, first, last)
    figures = [c for c, kind in enumerate(usual) if kind is CellKind.NUMBER]
    if not figures:
        dates = [c for c, kind in enumerate(usual) if kind is CellKind.DATE]
        if any(kinds[first][c] is CellKind.DATE for c in dates) and least == 1:
            return 0
        plain = all(at is not None for at in matrix[first]) and len(matrix[first]) > 2
        headed = plain or dates or least > 1 or _has_corner(matrix, first, last)
        return min(most, least) if headed else _text_header(rows, first, last)
    count = 0
    while count < most and not _holds_figures(kinds[first + count], figures, usual):
        count += 1
    while count > least and _is_section(rows, first + count - 1, last):
        count -= 1
    return min(most, max(count, least)) if count else 0


def _has_corner(matrix: Sequence[Sequence[_At | None]], first: int, last: int) -> bool:
    """Whether only the corner above the labels of the rows is empty in the first row."""
    return (
        matrix[first][0] is None
        and all(at is not None for at in matrix[first][1:])
        and all(matrix[i][0] is not None for i in range(first + 1, last))
    )


def _text_header(rows: Sequence[GridRow], first: int, last: int) -> int:
    """Whether a table of nothing but words in two columns, or with a gap in its first row, has a
    header: where its first row is the shortest, as headings are."""
    lengths = [max((cell.end - cell.start for cell in row.cells), default=0) for row in rows]
    return int(lengths[first] * 2 <= min(lengths[first + 1 : last], default=0))


def _all_marked(row: GridRow) -> bool:
    return bool(row.cells) and all(cell.header for cell in row.cells)


def _reach(
    rows: Sequence[GridRow], matrix: Sequence[Sequence[_At | None]], first: int, count: int
) -> int:
    """How far the cells of the first `count` header rows reach: to the end of those merged over
    rows, and one row beyond those merged over some of the columns."""
    width = len(matrix[0])
    row = 0
    while row < count and first + row < len(rows):
        for cell in rows[first + row].cells:
            reach = row + cell.rows
            if 1 < cell.columns < width:
                reach += 1
            count = max(count, min(reach, _MOST_HEADER_ROWS))
        row += 1
    return count


def _usual_kinds(
    kinds: Sequence[Sequence[CellKind | None]], first: int, last: int
) -> list[CellKind | None]:
    """What each column holds most of the time below its first row."""
    found: list[CellKind | None] = []
    for c in range(len(kinds[first])):
        counts = Counter(
            kind
            for row in kinds[first + 1 : min(last, first + 1 + _SAMPLE_ROWS)]
            if (kind := row[c]) is not None and kind is not CellKind.BLANK
        )
        total = sum(counts.values())
        kind, count = counts.most_common(1)[0] if counts else (None, 0)
        found.append(kind if total and count >= _MOST * total else None)
    return found


def _holds_figures(
    row: Sequence[CellKind | None], figures: Sequence[int], usual: Sequence[CellKind | None]
) -> bool:
    """Whether a row is one of figures: a number stands in a column of numbers."""
    return any(row[c] is CellKind.NUMBER for c in figures) or (
        all(row[c] is CellKind.BLANK for c in figures) and bool(usual)
    )


def _label_columns(
    rows: Sequence[GridRow],
    matrix: Sequence[Sequence[_At | None]],
    body: Sequence[int],
    kinds: Sequence[Sequence[CellKind | None]],
) -> int:
    """How many columns at the left name the row: the first, and those after it up to the first
    column of numbers; in a table without numbers those that it takes to tell the rows apart."""
    if not body:
        return 0
    width = len(matrix[0])
    sample = body[:_SAMPLE_ROWS]
    figures = [
        c for c in range(width) if _share([kinds[i][c] for i in sample], CellKind.NUMBER) >= _MOST
    ]
    later = [c for c in figures if c > 0]
    if later:
        return min(later[0], _MOST_LABEL_COLUMNS)
    counts: list[int] = [*range(1, min(width, _MOST_LABEL_COLUMNS)), max(1, width - 1)]
    for count in counts:
        keys = [
            tuple(None if at is None else rows[at[0]].words(rows[at[0]].cells[at[1]]) for at in own)
            for own in (matrix[i][:count] for i in sample)
        ]
        if len(set(keys)) == len(keys):
            return min(count, _MOST_LABEL_COLUMNS)
    return 1


def _share(kinds: Sequence[CellKind | None], wanted: CellKind) -> float:
    there = [kind for kind in kinds if kind is not None and kind is not CellKind.BLANK]
    return sum(kind is wanted for kind in there) / len(there) if there else 0.0


def header_at(rows: Sequence[GridRow]) -> int:
    """The row with which the table of a file begins, after lines that say what it is: the first
    one about as wide as most are, with words only; 0 where all are alike."""
    widths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    if not widths:
        return 0
    usual = max(widths, key=lambda width: (widths[width] * width, width))
    for i, row in enumerate(rows[:_SAMPLE_ROWS]):
        if len(row.cells) >= _HEADER_SHARE * usual:
            return i if _is_wordy(row) else 0
    return 0


def separate(rows: Sequence[GridRow], gaps: Sequence[int]) -> list[range]:
    """The tables that stand below each other in a sheet. `gaps` are the rows before which the
    sheet is empty. A table begins after a gap, or with a title, where rows of words only stand
    above rows of figures."""
    cuts = [0]
    empty = frozenset(gaps)
    at, judged = 0, -1  # the row of several cells below, and the one looked at last
    for i in range(2, len(rows) - 1):
        title = len(rows[i].cells) == 1 and (i in empty or len(rows[i - 1].cells) > 1)
        if not (i in empty or title) or _is_note(rows[i]):
            continue
        at = max(at, i)
        while at < len(rows) - 1 and len(rows[at].cells) <= 1:
            at += 1
        if at != judged:
            judged, wordy, header = at, _is_wordy(rows[at]), _is_header(rows, at)
        titled = i in empty and at > i and wordy
        if titled or (header and (i in empty or at > i)):
            cuts.append(i)
    return [range(a, b) for a, b in pairwise([*cuts, len(rows)])]


def _is_wordy(row: GridRow) -> bool:
    """Whether a row has several cells and no number."""
    return len(row.cells) > 1 and all(
        kind_of(row.words(cell)) is not CellKind.NUMBER for cell in row.cells
    )


def _is_header(rows: Sequence[GridRow], i: int) -> bool:
    """Whether a row has words only where a row below it has figures."""
    if not _is_wordy(rows[i]):
        return False
    own = {cell.column for cell in rows[i].cells}
    for row in rows[i + 1 : i + 3]:
        below = {cell.column: kind_of(row.words(cell)) for cell in row.cells}
        if any(below.get(c) is CellKind.NUMBER for c in own):
            return True
    return False
