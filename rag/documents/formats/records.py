"""Files of records as cleaned texts: JSON, JSON lines, CSV, TSV.

JSON is read into values that know where they stand in the file: an object is a section, or a row
where all of an array are alike. The grammar is that of RFC 8259, read leniently: raw control
characters in strings, and `NaN` and its like, are taken as they are written. Where no character
that is kept is written as an escape, the text can be followed back to the file; else it is a text
of its own. Every cell of CSV and TSV files can be followed back.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.documents.detect import Cleaned, decode
from rag.documents.formats.html import HEADING_RANKS
from rag.documents.formats.text import clean_fragments
from rag.documents.fragments import Fragment, Piece, Role, sourced_row, written
from rag.documents.grids import GridRow, Placed, header_at, separate
from rag.documents.headings import NO_HEADING, infer_date, stated_date
from rag.documents.structure import assemble, beyond, outline
from rag.errors import UnreadableDocument
from rag.settings import Reading

MAX_DEPTH = 100
MAX_VALUES = 2_000_000
_SPACE = re.compile(r"[ \t\r\n\ufeff]*")
_STRING = re.compile(r'(?<!\\)"((?:[^"\\]+|\\.)*+)"', re.DOTALL)
_WORD = re.compile(r"-?(?:\d[\d.eE+-]*|true|false|null|NaN|Infinity)(?!\w)")
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.", re.DOTALL)
_WHITE = {"n": "\n", "r": "\n", "t": " ", "b": " ", "f": " "}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number or word. `pieces` are its characters with the place in the source where
    they stand, or -1 where they are written as an escape; `quoted` tells that it is a string,
    `end` where it ends."""

    pieces: tuple[tuple[int, str], ...]
    quoted: bool
    end: int

    @property
    def text(self) -> str:
        """What the value says."""
        return "".join(text for _, text in self.pieces)


@dataclass(slots=True)
class Array:
    """The values of an array, in order."""

    items: list[Value] = field(default_factory=list)


@dataclass(slots=True)
class Object:
    """The fields of an object, in order."""

    fields: list[tuple[Scalar, Value]] = field(default_factory=list)


Value = Scalar | Array | Object


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is no JSON, by its number from 1."""

    line: int


def parse_json(source: str) -> Iterator[Value]:
    """The value of a JSON text, or all of them where several follow each other.

    Raises:
        UnreadableDocument: no JSON, nested more than `MAX_DEPTH` deep, or more than `MAX_VALUES`.
    """
    reader = _Reader(source)
    at = reader.space(0)
    while at < len(source):
        value, at = reader.value(at)
        yield value
        at = reader.space(at)


def parse_json_lines(source: str) -> Iterator[Value | Malformed]:
    """The value of each line that is not blank; a line that is no JSON is `Malformed`.

    Raises:
        UnreadableDocument: more than `MAX_VALUES`.
    """
    reader = _Reader(source)
    start = 0
    for number, line in enumerate(source.split("\n"), 1):
        end = start + len(line)
        if line.strip(" \t\r\ufeff"):
            reader.within(start, end, number)
            try:
                value, at = reader.value(reader.space(start))
                yield value if reader.space(at) == end else Malformed(number)
            except _NoJson:
                yield Malformed(number)
        start = end + 1


class _NoJson(UnreadableDocument):
    """The text is none at some place."""


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0
        self.within(0, len(source), 1)

    def within(self, start: int, end: int, line: int) -> None:
        """Reads from `start` to `end` only; `line` is the number of the line at `start`."""
        self._start, self._end, self._line = start, end, line

    def space(self, at: int) -> int:
        match = _SPACE.match(self._source, at, self._end)
        return match.end() if match else at

    def _mark(self, at: int) -> str:
        return self._source[at : min(at + 1, self._end)]

    def value(self, at: int) -> tuple[Value, int]:
        """The value that begins at `at`, and where it ends; read without recursion."""
        stack: list[Array | Object] = []
        key: list[Scalar] = []
        while True:
            value, at = self._begun(at)
            if stack:
                _put(stack[-1], key, value)
            if not isinstance(value, Scalar):
                if len(stack) >= MAX_DEPTH:
                    raise UnreadableDocument(f"the JSON is nested more than {MAX_DEPTH} deep")
                stack.append(value)
            top = stack[0] if stack else value
            at, more = self._next(at, stack, key, fresh=not isinstance(value, Scalar))
            if not more:
                return top, at

    def _begun(self, at: int) -> tuple[Value, int]:
        """A scalar, or an empty array or object that is still open."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise UnreadableDocument(f"the file has more than {MAX_VALUES:,} values; split it")
        mark = self._mark(at)
        if mark == "[":
            return Array(), at + 1
        if mark == "{":
            return Object(), at + 1
        return self._scalar(at)

    def _next(
        self, at: int, stack: list[Array | Object], key: list[Scalar], *, fresh: bool
    ) -> tuple[int, bool]:
        """Where the next value begins, after commas, keys and the ends of arrays and objects;
        False where the outermost one has ended. `fresh` ones may end before any value."""
        while stack:
            at = self.space(at)
            closing = "]" if isinstance(stack[-1], Array) else "}"
            mark = self._mark(at)
            if mark == closing:
                stack.pop()
                at, fresh = at + 1, False
                continue
            if not fresh:
                if mark != ",":
                    raise self._error(at)
                at = self.space(at + 1)
                if self._mark(at) == closing:  # a comma too many
                    continue
            if isinstance(stack[-1], Object):
                name, at = self._scalar(at)
                at = self.space(at)
                if not name.quoted or self._mark(at) != ":":
                    raise self._error(at)
                key[:] = [name]
                at = self.space(at + 1)
            return at, True
        return at, False

    def _scalar(self, at: int) -> tuple[Scalar, int]:
        if match := _STRING.match(self._source, at, self._end):
            return Scalar(tuple(self._pieces(*match.span(1))), True, match.end()), match.end()
        if match := _WORD.match(self._source, at, self._end):
            return Scalar(((at, match.group()),), False, match.end()), match.end()
        raise self._error(at)

    def _pieces(self, at: int, end: int) -> Iterator[tuple[int, str]]:
        source = self._source
        while at < end:
            escape = source.find("\\", at, end)
            stop = end if escape < 0 else escape
            if stop > at:
                yield at, source[at:stop]
            if escape < 0:
                return
            match = _ESCAPE.match(source, escape, end)
            written = match.group() if match else source[escape:end]
            if written[1:2] == "u" and len(written) > 2:
                text = json.loads(f'"{written}"')
                yield -1, text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            elif written[1:2] in _WHITE:
                yield -1, _WHITE[written[1:2]]
            else:
                yield escape + 1, written[1:2]
            at = escape + len(written)

    def _error(self, at: int) -> _NoJson:
        line = self._source.count("\n", self._start, at) + self._line
        return _NoJson(f"the file is no JSON: line {line}, near {self._source[at : at + 20]!r}")


def _put(container: Array | Object, key: list[Scalar], value: Value) -> None:
    if isinstance(container, Array):
        container.items.append(value)
    else:
        container.fields.append((key[0], value))


_TITLES = {
    "title",
    "headline",
    "subject",
    "标题",
    "题目",
    "题名",
    "名称",
    "name",
    "question",
    "问题",
}
_TEXTS = {"text", "content", "body", "正文", "内容", "全文", "context", "paragraph", "passage"}
_DATES = {
    "date", "published", "published_at", "pubdate", "publish_time", "created", "created_at",
    "updated", "updated_at", "time", "日期", "时间", "发布时间", "发布日期",
}  # fmt: skip
_LONGEST_TITLE = 100
# A string longer than this is a paragraph, shorter ones stand together up to so many characters.
_LONG = 40
_TOGETHER = 160
# A table: so many rows at least, none of its cells longer, no more columns.
_FEWEST_ROWS = 2
_LONGEST_CELL = 100
_MOST_COLUMNS = 40
_LINES_NAMED = 12
_BREAK = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]")


def read_json(data: bytes, _settings: Reading) -> Cleaned:
    """A JSON file.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, no JSON, or without text.
    """
    decoded = decode(data)
    return _cleaned(decoded.text, list(parse_json(decoded.text)), decoded.warnings)


def read_json_lines(data: bytes, _settings: Reading) -> Cleaned:
    """A file with a JSON value on each line. Lines that are none are named in a warning.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, no line is JSON, or no text.
    """
    decoded = decode(data)
    source = decoded.text
    values: list[Value] = []
    bad: list[int] = []
    for found in parse_json_lines(source):
        if isinstance(found, Malformed):
            bad.append(found.line)
        else:
            values.append(found)
    if not values:
        raise UnreadableDocument("no line of the file is JSON")
    more = " …" if len(bad) > _LINES_NAMED else ""
    named = ", ".join(map(str, bad[:_LINES_NAMED])) + more
    warning = f"{len(bad):,} lines are no JSON and are missing (line {named})"
    return _cleaned(source, values, (*decoded.warnings, *([warning] if bad else [])))


def _cleaned(source: str, values: Sequence[Value], warnings: Sequence[str]) -> Cleaned:
    flow = _Flow(source)
    alone = values[0] if len(values) == 1 else Array(list(values))
    flow.walk(alone, (), 0)
    flow.end()
    if not flow.done:
        raise UnreadableDocument("the JSON holds no text")
    title = _title(alone) if isinstance(alone, Object) else None
    heading = title.text.strip() if title else None
    date = max(flow.dates, default=None)
    if not flow.exact:
        texts = [written(f.role, f.text, rank=f.rank, table=f.table) for f in flow.done]
        inferred = date or infer_date([f.text for f in texts])
        return clean_fragments(
            texts, title=heading, date=inferred, stated=date is not None, warnings=warnings
        )
    drafts = outline(flow.done, frozenset())
    text, blocks, origin, tables = assemble(drafts, paged=False)
    told = (*warnings, *beyond([draft.place for draft in drafts]))
    inferred = date or infer_date([f.text for f in flow.done])
    return Cleaned(
        text, blocks, origin, heading, inferred, date is None, source, told, tables=tables,
    )  # fmt: skip


def _title(value: Object) -> Scalar | None:
    """What an object is called."""
    for key, field_ in value.fields:
        if key.text.strip().lower() in _TITLES and isinstance(field_, Scalar) and field_.quoted:
            text = field_.text.strip()
            if 0 < len(text) <= _LONGEST_TITLE and "\n" not in text:
                return field_
    return None


@dataclass(slots=True)
class _Flow:
    """The fragments so far; `exact` while all characters stand in the source as they are, `dates`
    those that fields for it state; `short` are fields that stand together."""

    source: str
    done: list[Fragment] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    exact: bool = True
    tables: int = 0
    short: list[Piece] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaks = [i for i, character in enumerate(self.source) if character == "\n"]

    def walk(self, value: Value, keys: tuple[Scalar, ...], level: int) -> None:
        """A value and all in it; `keys` are those of the fields that lead to it."""
        if isinstance(value, Scalar):
            self._field(keys, value)
        elif isinstance(value, Array):
            self._array(value, keys, level)
        else:
            self._object(value, keys, level)

    def _object(self, value: Object, keys: tuple[Scalar, ...], level: int) -> None:
        title = _title(value)
        if title is not None:
            self.end()
            rank = HEADING_RANKS[min(level, len(HEADING_RANKS) - 1)]
            self._put(Role.BODY, _pieces(title), rank)
            keys, level = (), level + 1
        for key, inner in value.fields:
            if inner is title:
                continue
            if isinstance(inner, Scalar) and key.text.strip().lower() in _DATES:
                self.dates += filter(None, [stated_date(inner.text)])
            self.walk(inner, (*keys, key), level)
        if title is not None:
            self.end()

    def _array(self, value: Array, keys: tuple[Scalar, ...], level: int) -> None:
        if table := _table(value):
            self._rows(*table)
        elif all(isinstance(item, Scalar) for item in value.items):
            for item in value.items:
                self.walk(item, keys, level)
        else:
            for item in value.items:
                self.walk(item, () if isinstance(item, Object) else keys, level)
                self.end()

    def _rows(self, columns: Sequence[Scalar], rows: Sequence[Sequence[Scalar | None]]) -> None:
        self.end()
        self.tables += 1
        for row in [list(columns), *rows]:
            pieces: list[Piece] = []
            joint = ""
            for cell in row:
                for i, piece in enumerate(_pieces(cell) if cell else ()):
                    pieces.append(Piece(piece.start, piece.text, piece.joint if i else joint))
                    joint = ""
                joint += "\t"
            if pieces:
                self._put(Role.ROW, pieces, None, self.tables)

    def _field(self, keys: tuple[Scalar, ...], value: Scalar) -> None:
        text = value.text
        if not text.strip() or _is_null(value):
            return
        label = [piece for key in keys for piece in _joined(_pieces(key))]
        named = keys and keys[-1].text.strip().lower() in _TEXTS
        if len(text) <= _LONG and "\n" not in text:
            self._short([*label, *_colon(self.source, keys), *_joined(_pieces(value))])
            return
        self.end()
        lines = list(_lines(value))
        for i, line in enumerate(lines):
            lead = [] if named or i else [*label, *_colon(self.source, keys)]
            self._put(Role.BODY, [*lead, *(_joined(line) if lead else line)], NO_HEADING)

    def _short(self, pieces: list[Piece]) -> None:
        if sum(len(piece.text) for piece in (*self.short, *pieces)) > _TOGETHER:
            self.end()
        self.short += pieces

    def end(self) -> None:
        """Puts the short fields that wait."""
        if self.short:
            self._put(Role.BODY, self.short, NO_HEADING)
            self.short = []

    def _put(
        self, role: Role, pieces: Sequence[Piece], rank: int | None, table: int | None = None
    ) -> None:
        joint = pieces[0].joint if role is Role.ROW else ""
        own = [Piece(pieces[0].start, pieces[0].text, joint), *pieces[1:]]
        self.exact = self.exact and all(p.start >= 0 or not p.text.strip() for p in own)
        starts = [piece.start for piece in own if piece.start >= 0]
        lines = (self._line(min(starts, default=0)), self._line(max(starts, default=0)))
        self.done.append(Fragment(role, tuple(own), lines, None, rank, table))

    def _line(self, at: int) -> int:
        return bisect_left(self.breaks, at) + 1


def _lines(value: Scalar) -> Iterator[list[Piece]]:
    """The lines of a string that are not blank, without the white space around them."""
    line: list[tuple[int, str]] = []
    for start, text in (*value.pieces, (-1, "\n")):
        at = 0
        for match in _BREAK.finditer(text):
            line.append((start + at if start >= 0 else -1, text[at : match.start()]))
            if pieces := _trimmed(line):
                yield pieces
            line, at = [], match.end()
        line.append((start + at if start >= 0 else -1, text[at:]))


def _trimmed(line: Sequence[tuple[int, str]]) -> list[Piece]:
    pieces: list[Piece] = []
    joint = ""
    for start, text in line:
        if not text.strip():
            joint = " " if text or joint else ""
            continue
        if not pieces:
            kept = text.lstrip()
            pieces.append(Piece(start + len(text) - len(kept) if start >= 0 else -1, kept, ""))
        else:
            pieces.append(Piece(start, text, joint))
        joint = ""
    if pieces:
        last = pieces[-1]
        pieces[-1] = Piece(last.start, last.text.rstrip(), last.joint)
    return pieces


def _is_null(value: Scalar) -> bool:
    return not value.quoted and value.text == "null"


def _pieces(value: Scalar) -> list[Piece]:
    """The same on one line."""
    pieces: list[Piece] = []
    for line in _lines(value):
        pieces += _joined(line) if pieces else line
    return pieces


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with a space before them."""
    return [Piece(piece.start, piece.text, piece.joint if i else " ")
            for i, piece in enumerate(pieces)]  # fmt: skip


def _colon(source: str, keys: Sequence[Scalar]) -> list[Piece]:
    """The colon behind the last of the keys."""
    return [Piece(source.index(":", keys[-1].end), ":", "")] if keys else []


def _table(
    value: Array,
) -> tuple[list[Scalar], list[list[Scalar | None]]] | None:
    """Columns and rows of an array of objects that are all alike; None for any other."""
    items = value.items
    if len(items) < _FEWEST_ROWS or not isinstance(items[0], Object):
        return None
    columns = [key for key, _ in items[0].fields]
    names = [key.text for key in columns]
    if not 1 < len(names) <= _MOST_COLUMNS or len(set(names)) < len(names):
        return None
    rows: list[list[Scalar | None]] = []
    for item in items:
        if not isinstance(item, Object):
            return None
        cells: dict[str, Scalar] = {}
        for key, cell in item.fields:
            if not isinstance(cell, Scalar) or len(cell.text) > _LONGEST_CELL:
                return None
            if not _is_null(cell):
                cells[key.text] = cell
        if not cells.keys() <= set(names):
            return None
        rows.append([cells.get(name) for name in names])
    return columns, rows


_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 20
_QUOTED = re.compile(r'"[^"]*"')
# What spreadsheet programs take the delimiter from: no row.
_DIRECTIVE = re.compile(r'"?sep=([^"\r\n])"?[ \t,;|]*(?:\r\n?|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: the places of its text in the source (quotation marks left out)."""

    parts: tuple[tuple[int, int], ...]


def read_csv(data: bytes, _settings: Reading) -> Cleaned:
    """Tables of delimited values. Lines before the header, as exports of banks have them, are
    text or a table of their own.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding.
    """
    source = decode(data).text
    rows: list[Fragment] = []
    gaps: list[int] = []
    told = _DIRECTIVE.match(source)
    start = told.end() if told else 0
    for cells, lines in _rows(source, told[1] if told else delimiter_of(source), start):
        row = _fragment(source, cells, lines)
        if row.pieces:
            rows.append(row)
        elif rows:
            gaps.append(len(rows))
    if not rows:
        raise UnreadableDocument("the table is empty")
    fragments = list(_fragments(rows, gaps))
    drafts = outline(fragments, frozenset())
    text, blocks, origin, tables = assemble(drafts, paged=False)
    date = infer_date([fragment.text for fragment in fragments])
    warnings = tuple(beyond([draft.place for draft in drafts]))
    return Cleaned(text, blocks, origin, None, date, True, source, warnings, tables=tables)


def _fragments(rows: Sequence[Fragment], gaps: Sequence[int]) -> Iterator[Fragment]:
    """The rows with the number of their table; lines above a header as text."""
    grid = [GridRow(row.text, row.cells) for row in rows]
    first = header_at(grid)
    for row in rows[:first]:
        alone = len(row.cells) == 1
        yield replace(row, role=Role.BODY, rank=NO_HEADING, cells=()) if alone else row
    after = [gap - first for gap in gaps if gap > first]
    for number, part in enumerate(separate(grid[first:], after), 1):
        for i in part:
            yield replace(rows[first + i], table=number)


def delimiter_of(source: str) -> str:
    """The delimiter that stands equally often in most of the first lines, outside quotation
    marks.

    >>> delimiter_of("名称;数量\\n甲,乙;3\\n丙;4")
    ';'
    """
    bare = _QUOTED.sub("", source[:100_000])
    lines = [line for line in bare.splitlines() if line.strip()][:_SAMPLE_LINES]

    def fit(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in lines if mark in line)
        return counts.most_common(1)[0][::-1] if counts else (0, 0)

    return max(_DELIMITERS, key=fit)


def _rows(
    source: str, delimiter: str, start: int = 0
) -> Iterator[tuple[list[_Cell], tuple[int, int]]]:
    """The rows of the source from `start` with their first and last line, from 1. In quotation
    marks a cell may hold the delimiter, line breaks, and doubled quotation marks."""
    at, line = start, 2 if start else 1
    while at < len(source):
        cells: list[_Cell] = []
        first = line
        while True:
            cell, at, breaks = _cell(source, at, delimiter)
            cells.append(cell)
            line += breaks
            if at >= len(source) or source[at] != delimiter:
                break
            at += 1
        yield cells, (first, line)
        if at < len(source):
            at += 2 if source.startswith("\r\n", at) else 1
            line += 1


def _cell(source: str, at: int, delimiter: str) -> tuple[_Cell, int, int]:
    """The cell that starts at `at`, where it ends, and how many line breaks it holds."""
    if source[at : at + 1] != '"':
        end = at
        while end < len(source) and source[end] not in (delimiter, "\n", "\r"):
            end += 1
        return _Cell(((at, end),)), end, 0
    parts: list[tuple[int, int]] = []
    start = at + 1
    while True:
        end = source.find('"', start)
        if end < 0:
            end = len(source)
        if source.startswith('""', end):
            parts.append((start, end + 1))
            start = end + 2
            continue
        parts.append((start, end))
        breaks = source.count("\n", at, end)
        end += 1
        while end < len(source) and source[end] not in (delimiter, "\n", "\r"):
            end += 1  # what stands after the closing mark is no part of the cell
        return _Cell(tuple(parts)), min(end, len(source)), breaks


def _fragment(source: str, cells: list[_Cell], lines: tuple[int, int]) -> Fragment:
    found: list[tuple[list[Piece], Placed]] = []
    for column, cell in enumerate(cells):
        pieces: list[Piece] = []
        for start, end in cell.parts:
            for place, word in _words(source, start, end):
                glued = place == start  # a doubled quotation mark stands between
                pieces.append(Piece(place, word, " " if pieces and not glued else ""))
        if pieces:
            found.append((pieces, Placed(0, 0, column)))
    return sourced_row(found, lines)


def _words(source: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The lines of a stretch of the source, without the white space around them."""
    at = start
    for line in source[start:end].splitlines(keepends=True):
        if word := line.strip():
            yield at + len(line) - len(line.lstrip()), word
        at += len(line)
