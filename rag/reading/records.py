"""JSON files as cleaned texts: an object is a section, or a row where all of an array are alike.

Where no character that is kept is written as an escape, the text can be followed back to the
file; else it is a text of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.errors import UnreadableDocument
from rag.reading.assemble import assemble
from rag.reading.blocks import outline
from rag.reading.clean import Cleaned, clean_fragments
from rag.reading.dates import infer_date, stated_date
from rag.reading.flow import Fragment, Piece, Role, written
from rag.reading.marked.html import HEADING_RANKS
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.json_values import (
    Array,
    Malformed,
    Object,
    Scalar,
    Value,
    parse_json,
    parse_json_lines,
)
from rag.reading.parsers.plain import decode
from rag.settings import Reading

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
    text, blocks, origin, tables = assemble(outline(flow.done, frozenset()), paged=False)
    inferred = date or infer_date([f.text for f in flow.done])
    return Cleaned(
        text, blocks, origin, heading, inferred, date is None, source, tuple(warnings),
        tables=tables,
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
