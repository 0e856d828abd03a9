"""Tables in plain text: rows whose cells stand apart by white space, tables drawn with characters,
and tables whose cells stand one to a line.

A drawn table is told by its lines. What is another one is decided by how often the same number of
cells follows itself and by what the columns hold: one of them holds figures, or its rows are
numbered one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.documents.grids import CellKind, Placed, kind_of
from rag.documents.layout import Line, columns
from rag.text.sentences import ends_sentence

_WIDE = re.compile(r"\t[ \u3000\t]*|[ \u3000]{2,}\t?|\u3000")
_NARROW = re.compile(r"[ \u3000\t]+")
_LONGEST_CELL = 40
_MOST_CELLS = 16
_LONGEST_ROW = 120
_FEWEST_ROWS = 3
_MOST_ABOVE = 3
_MOST_WORDS = 2  # of a cell that has a line of its own
_NEAR = 2  # columns of a fixed-width page
_PROSE = re.compile("[。；！？，,;]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d)")
_ORDINAL = re.compile(r"\d{1,4}")
# The number of an article or item, behind which its text stands: no cell of a table of two columns.
_UNIT = re.compile(
    r"第[一二三四五六七八九十百千零〇两\d]{1,9}[编篇章节条款项](?:之[一二三四五六七八九十]{1,3})?"
    r"|[（(][一二三四五六七八九十]{1,3}[）)]|[一二三四五六七八九十]{1,3}、"
)

# A line between rows of a drawn table, as databases, terminals and reStructuredText set it, and
# what stands between its cells.
_DRAWN = re.compile("[-+|=: ─━═│┃║┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛╔╦╗╠╬╣╚╩╝╭╮╰╯╞╪╡]{3,}")
_DASHES, _JOINTS = re.compile("[-=─━═]{2}"), re.compile("[+|┬┼┴┳╋┻╦╬╩╪]")
_BARS = re.compile("[|│┃║]")

Cells = list[tuple[int, int]]
"""The places of the cells of a line in its text."""


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row: for each of its cells the line, the place in its text, and the column."""

    cells: tuple[tuple[Line, int, int, int], ...]

    @property
    def lines(self) -> tuple[int, int]:
        """The numbers of its first and its last line."""
        return self.cells[0][0].number, self.cells[-1][0].number


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table: its rows, the line behind its last one, counted in the lines given, and how many
    lines above it are its title, not its header."""

    rows: tuple[PlainRow, ...]
    end: int
    above: int = 0


def plain_tables(lines: Sequence[Line]) -> dict[int, PlainTable]:
    """The tables of a text by their first line."""
    found: dict[int, PlainTable] = {}
    wide = [_unnumbered(line.text, _cells(line.text, _WIDE)) for line in lines]
    narrow = [_cells(line.text, _NARROW) if _short(line.text) else [] for line in lines]
    alone = _alone(lines, narrow)
    at = 0
    while at < len(lines):
        table = (
            _drawn(lines, at)
            or _apart(lines, wide, at)
            or _by_spaces(lines, narrow, at)
            or (_one_to_a_line(lines, at, alone[at]) if alone[at] > at else None)
        )
        if table is None:
            at += 1
        else:
            found[at + table.above] = table
            at = table.end
    return found


def _cells(text: str, between: re.Pattern[str]) -> Cells:
    if between.search(text) is None:
        return [(0, len(text))] if text else []
    cells: Cells = []
    begin = 0
    for match in between.finditer(text):
        cells.append((begin, match.start()))
        begin = match.end()
    cells.append((begin, len(text)))
    return [cell for cell in cells if cell[0] < cell[1]]


def _unnumbered(text: str, cells: Cells) -> Cells:
    """The cells of a line; one, where the first of two is the number of what follows."""
    numbered = len(cells) == 2 and _UNIT.fullmatch(text, *cells[0])
    return [(0, len(text))] if numbered else cells


def _short(text: str) -> bool:
    """Whether a line may hold cells that one space parts: no clause stands in it."""
    if len(text) > _MOST_CELLS * _LONGEST_CELL:
        return False
    mark = _PROSE.search(text)
    return mark is None or (mark[0] == "," and not _PROSE.search(_THOUSANDS.sub("", text)))


def _kinds(line: Line, cells: Cells) -> list[CellKind]:
    return [kind_of(line.text[a:b]) for a, b in cells]


def _fit(cells: Cells) -> bool:
    return 2 <= len(cells) <= _MOST_CELLS and all(b - a <= _LONGEST_CELL for a, b in cells)


def _apart(lines: Sequence[Line], wide: Sequence[Cells], first: int) -> PlainTable | None:
    """Rows whose cells stand well apart: the same number in each, or fewer that begin where those
    of the first row do."""
    if not _fit(wide[first]) or len(wide[first]) < 2:
        return None
    count = len(wide[first])
    starts = [columns(lines[first].text[:a]) for a, _ in wide[first]]
    rows = [_row(lines[first], wide[first], range(count))]
    end = first + 1
    while end < len(lines) and _fit(wide[end]):
        own = wide[end]
        if len(own) == count:
            rows.append(_row(lines[end], own, range(count)))
        else:
            places = [_near(columns(lines[end].text[:a]), starts) for a, _ in own]
            known = [place for place in places if place is not None]
            if len(known) < len(own) or sorted(set(known)) != known:
                break
            rows.append(_row(lines[end], own, known))
        end += 1
    figures = any(CellKind.NUMBER in _kinds(lines[i], wide[i])[1:] for i in range(first + 1, end))
    if len(rows) < (2 if figures or "\t" in lines[first].text else _FEWEST_ROWS):
        return None
    return PlainTable(tuple(rows), end)


def _drawn(lines: Sequence[Line], first: int) -> PlainTable | None:
    """Rows whose cells stand between bars, the same number in each, with a drawn line above or
    below one of them at least."""
    rows: list[PlainRow] = []
    ruled, count, end = False, 0, first
    framed: slice | None = None
    while end < len(lines):
        text = lines[end].text
        if _DRAWN.fullmatch(text) and _DASHES.search(text) and _JOINTS.search(text):
            ruled = True
        else:
            if _BARS.search(text) is None:
                break
            places = [-1, *(match.start() for match in _BARS.finditer(text)), len(text)]
            cells = [_trimmed(text, a + 1, b) for a, b in pairwise(places)]
            if framed is None:
                empty = [a == b for a, b in (cells[0], cells[-1])]
                framed = slice(int(empty[0]), -1 if empty[1] else None)
            cells = cells[framed]
            if count and len(cells) != count:
                break
            count = len(cells)
            if filled := [(a, b, c) for c, (a, b) in enumerate(cells) if a < b]:
                rows.append(PlainRow(tuple((lines[end], a, b, c) for a, b, c in filled)))
        end += 1
    return PlainTable(tuple(rows), end) if ruled and len(rows) > 1 else None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place of what stands between two places, without white space around it."""
    words = text[start:end].strip()
    begin = text.index(words, start, end)
    return begin, begin + len(words)


def _near(start: int, starts: Sequence[int]) -> int | None:
    return next((i for i, known in enumerate(starts) if abs(known - start) <= _NEAR), None)


def _row(line: Line, cells: Cells, places: Sequence[int]) -> PlainRow:
    return PlainRow(
        tuple((line, a, b, column) for (a, b), column in zip(cells, places, strict=True))
    )


def _by_spaces(lines: Sequence[Line], narrow: Sequence[Cells], first: int) -> PlainTable | None:
    """Rows whose cells one space parts: the same number in each and figures below each other; or
    numbered rows below a header, where a space may stand in the last cell."""
    count = len(narrow[first])
    if not _fit(narrow[first]):
        return None
    end = first + 1
    while end < len(lines) and len(narrow[end]) == count and _fit(narrow[end]):
        end += 1
    if end - first >= _FEWEST_ROWS:
        kinds = [_kinds(lines[i], narrow[i]) for i in range(first + 1, end)]
        if any(
            all(row[c] in (CellKind.NUMBER, CellKind.BLANK) for row in kinds)
            and any(row[c] is CellKind.NUMBER for row in kinds)
            for c in range(1, count)
        ):
            rows = [_row(lines[i], narrow[i], range(count)) for i in range(first, end)]
            return PlainTable(tuple(rows), end)
    return _numbered(lines, narrow, first)


def _numbered(lines: Sequence[Line], narrow: Sequence[Cells], first: int) -> PlainTable | None:
    count = len(narrow[first])
    if any(
        kind in (CellKind.NUMBER, CellKind.BLANK) for kind in _kinds(lines[first], narrow[first])
    ):
        return None
    rows = [_row(lines[first], narrow[first], range(count))]
    number = None
    end = first + 1
    while end < len(lines) and len(lines[end].text) <= _LONGEST_ROW:
        own = _cells(lines[end].text, _NARROW)
        first_word = lines[end].text[own[0][0] : own[0][1]]
        if ends_sentence(lines[end].text) or len(own) < count or not _ORDINAL.fullmatch(first_word):
            break
        this = int(first_word)
        if number is not None and this != number + 1:
            break
        number = this
        whole = [*own[: count - 1], (own[count - 1][0], own[-1][1])]
        rows.append(_row(lines[end], whole, range(count)))
        end += 1
    return PlainTable(tuple(rows), end) if len(rows) > _FEWEST_ROWS else None


def _alone(lines: Sequence[Line], narrow: Sequence[Cells]) -> list[int]:
    """For each line where the run of short lines with one cell ends that it stands in."""
    ends = [0] * len(lines)
    end = len(lines)
    for i in range(len(lines) - 1, -1, -1):
        text = lines[i].text
        single = 1 <= len(narrow[i]) <= _MOST_WORDS and len(text) <= _LONGEST_CELL
        if not single or ends_sentence(text):
            end = i
        ends[i] = end
    return ends


def _one_to_a_line(lines: Sequence[Line], first: int, end: int) -> PlainTable | None:
    """Cells one to a line, row by row: a header of so many different words, and then in each
    column figures in every row, or in none. Where a line above may be a title or a cell of the
    header, the table is the one whose rows end with the lines."""
    if end - first < 2 * _FEWEST_ROWS:
        return None
    kinds = [kind_of(lines[i].text) for i in range(first, min(end, first + 4 * _MOST_CELLS))]
    found: PlainTable | None = None
    for start in range(min(_MOST_ABOVE + 1, len(kinds))):
        head = next((i for i, kind in enumerate(kinds[start:]) if kind is CellKind.NUMBER), 0)
        for count in range(2, min(head, _MOST_CELLS) + 1):
            texts = {line.text for line in lines[first + start : first + start + count]}
            if len(texts) < count or not _periodic(kinds[start:], count):
                continue
            rows = list(_rows_of(lines, first + start, end, count))
            stop = first + start + len(rows) * count
            if len(rows) < _FEWEST_ROWS:
                continue
            table = PlainTable(tuple(rows), stop, start)
            if stop == end:
                return table
            found = found or table
    return found


def _periodic(kinds: Sequence[CellKind], count: int) -> bool:
    """Whether the first rows of `count` cells have figures in the same columns, two rows of them
    at least, below a header of words."""
    rows = [kinds[i : i + count] for i in range(count, len(kinds) - count + 1, count)][:2]
    if len(rows) < 2 or any(kind is not CellKind.TEXT for kind in kinds[:count]):
        return False
    return any(kind is CellKind.NUMBER for kind in rows[0]) and all(
        (a is CellKind.NUMBER) == (b is CellKind.NUMBER) or CellKind.BLANK in (a, b)
        for a, b in zip(*rows, strict=True)
    )


def _rows_of(lines: Sequence[Line], first: int, end: int, count: int) -> Iterator[PlainRow]:
    """The rows of a table with its cells one to a line, as long as their figures stand in the same
    columns."""
    usual: list[CellKind] = []
    for at in range(first, end - count + 1, count):
        own = [kind_of(line.text) for line in lines[at : at + count]]
        if at == first + count:
            usual = own
        elif usual and any(
            (a is CellKind.NUMBER) != (b is CellKind.NUMBER) and CellKind.BLANK not in (a, b)
            for a, b in zip(own, usual, strict=True)
        ):
            return
        yield PlainRow(
            tuple((line, 0, len(line.text), c) for c, line in enumerate(lines[at : at + count]))
        )


def cells_of(row: PlainRow) -> list[tuple[int, str, Placed]]:
    """Where each cell of a row stands in the source, its words, and its column."""
    return [
        (line.start + a, line.text[a:b].strip(), Placed(0, 0, column))
        for line, a, b, column in row.cells
    ]
