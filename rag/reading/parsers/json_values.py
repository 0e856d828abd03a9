"""JSON text into values that know where they stand in it.

The grammar is that of RFC 8259, read leniently: raw control characters in strings, and `NaN` and
its like, are taken as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.errors import UnreadableDocument

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
