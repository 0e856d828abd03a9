"""Sentences of Chinese and English text, as spans."""

from __future__ import annotations

import re

from rag.types import Span

# A sentence ends with one of these marks and whatever closes after it. A full stop ends one
# only before white space or the end, and not between figures or after a single capital (U.S.).
_END = re.compile(
    r"(?:[。！？!?；;]|…{1,2}(?=[”」』])|(?<![A-Z])\.(?=\s|$|[”\"'）)\[]))+[”’」』》】）)\"']*"
)
_LONG_QUOTE = 160
_CLAUSE = re.compile(r"[，、；,;：:]")


def sentences(text: str, start: int = 0) -> list[Span]:
    """The sentences of `text` in order, shifted by `start`: together they cover everything but
    white space at their edges. Line ends end sentences; a closing mark stays with its sentence.

    >>> [s.of("甲。“乙！”丙\\n丁") for s in sentences("甲。“乙！”丙\\n丁")]
    ['甲。', '“乙！”', '丙', '丁']
    """
    found: list[Span] = []
    position = 0
    for line in text.splitlines(keepends=True):
        begin = position
        last = position + len(line.rstrip())
        for match in _END.finditer(line):
            end = position + match.end()
            if end < last and _open_quote(text[begin:end]):
                continue
            _add(found, text, begin, end, start)
            begin = end
        position += len(line)
        _add(found, text, begin, position, start)
    return found


def _open_quote(text: str) -> bool:
    """A quotation in which several sentences stand is not cut, unless it is long."""
    return len(text) < _LONG_QUOTE and any(
        text.count(left) > text.count(right) for left, right in ("“”", "（）")
    )


def _add(found: list[Span], text: str, begin: int, end: int, shift: int) -> None:
    piece = text[begin:end]
    lead = len(piece) - len(piece.lstrip())
    if piece.strip():
        found.append(Span(shift + begin + lead, shift + begin + len(piece.rstrip())))


def split_long(text: str, span: Span, limit: int) -> list[Span]:
    """`span` of `text` in parts of at most `limit` characters, cut after a clause mark where
    there is one in the second half of the part, else at the limit.

    >>> [part.of("一二三，四五六七") for part in split_long("一二三，四五六七", Span(0, 8), 5)]
    ['一二三，', '四五六七']
    """
    parts: list[Span] = []
    start = span.start
    while span.end - start > limit:
        marks = [m.end() for m in _CLAUSE.finditer(text, start + limit // 2, start + limit)]
        cut = marks[-1] if marks else start + limit
        parts.append(Span(start, cut))
        start = cut
    parts.append(Span(start, span.end))
    return parts
