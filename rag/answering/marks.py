"""What a chat model writes, as plain text and citation markers.

Links, images, HTML, emphasis and list marks are taken out, a model's thinking is left out, and
what looks like a marker becomes one. Square brackets that stay become full-width ones, and so
does a `<` before a letter: no link and no tag can come of what is left. The text comes in pieces;
however it is cut, the result is the same: what could still become something else is held back
until it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_LABEL = 120  # characters between brackets
MAX_TARGET = 2000  # characters of a link's address
MAX_TAG = 400  # characters of an HTML tag
_PART = 1000

_CLOSE = re.compile(r"[\]］】\r\n]")
_BRACKETS = str.maketrans("[]", "［］")
_CLOSE_PARENTHESIS = re.compile(r"[)）\r\n]")
_PLAIN = re.compile(r"[^\[［【（(<*`!\r\n]+")
_BULLET = re.compile(r"(?:[-*•·]|#{1,6}|[0-9]{1,2}[.)])[ \t]+")
_MAYBE_BULLET = re.compile(r"(?:[-*•·]|#{1,6}|[0-9]{1,2}[.)]?)[ \t]*")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?>|<[!?][^<>]*>")
_MAYBE_TAG = re.compile(r"<[A-Za-z/!?]")
_LESS = re.compile(r"< ?[\d\u3400-\u9fff]")
_TARGET = re.compile(r"^[!-~]*+(?:\s++[\"'][^\r\n]*)?")
_TARGET_END = re.compile(r"[)\r\n]")
_ADDRESS = re.compile(r"^(?:[a-z]+:|[/#.?]|www\.|<)", re.IGNORECASE)
_NUMBER = r"\d{1,3}"
# White space in a label is one space each, by which no two parts of the pattern share a run of it.
_MARKER = re.compile(
    r"^\^? ?(?:来源|文档|资料|段落|片段|出处|passages?|sources?|doc(?:ument)?s?|refs?)? ?[:：#]? ?"
    rf"({_NUMBER}(?: ?[-–—~～至] ?{_NUMBER}| ?[,，、;；] ?{_NUMBER}| {_NUMBER})*)",
    re.IGNORECASE,
)
# A marker in parentheses says what it is: (1) is a number.
_SOURCE_WORD = "段落|来源|文档|资料|片段|出处|passages?|sources?|doc(?:ument)?s?|refs?"
_GAP = r"\s{0,8}+"
_IN_PARENTHESES = re.compile(
    rf"{_GAP}(?:参?见|根据|据)?{_GAP}(?:{_SOURCE_WORD}){_GAP}[:：#]?{_GAP}"
    rf"({_NUMBER}(?:{_GAP}[-–—~～至]{_GAP}{_NUMBER}|{_GAP}[,，、;；]{_GAP}{_NUMBER}|\s{1,8}+{_NUMBER}){{0,20}}){_GAP}",
    re.IGNORECASE,
)
_MAYBE_IN_PARENTHESES = re.compile(
    r"[（(]\s*+(?:参?见?|根?据?)\s*+(?:段落?|来源?|文档?|资料?|片段?|出处?|[psdr][a-z]{0,9})?"
    r"\s*+[:：#]?[\d\s,，、;；~～–—至-]{0,60}+",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"(?:根据|据|按照?|如|见)?(?:段落|资料|passage)\s?({_NUMBER})(?:\s?[、,，和与]\s?({_NUMBER})(?!\d|[年月日%]))?"
    "(?:所述|显示|提到|指出|中|的内容)?[，,：:]?",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"({_NUMBER})(?:\s*[-–—~～至]\s*({_NUMBER}))?")
_CUT_MARKER = re.compile(r".[\d,，、;；~～–—-]*\s*")  # where a reply ended in the middle of one
_THINKING, _THOUGHT = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Marker:
    """A citation marker and the numbers in it, each once, in order."""

    ranks: tuple[int, ...]


def read_marker(label: str) -> Marker | None:
    """What stands between brackets as a marker; None if it is none. Numbers have at most three
    digits: four are a year.

    >>> read_marker("1, 3-5"), read_marker("2023"), read_marker("来源２")
    (Marker(ranks=(1, 3, 4, 5)), None, Marker(ranks=(2,)))
    """
    found = _MARKER.fullmatch(" ".join(label.split()))
    if not found:
        return None
    ranks: list[int] = []
    for first, last in _RANGE.findall(found[1]):
        ranks += range(int(first), int(last or first) + 1)
    return Marker(tuple(dict.fromkeys(ranks)))


def named_passages(text: str) -> tuple[int, ...]:
    """The numbers of passages that a text names in its words.

    >>> named_passages("根据段落1和3，桥长1080米。")
    (1, 3)
    """
    return tuple(int(n) for match in _NAMED.finditer(text) for n in match.groups() if n)


def without_named_passages(text: str) -> str:
    """The text without the words that name passages.

    >>> without_named_passages("根据段落1，桥长1080米。")
    '桥长1080米。'
    """
    return _NAMED.sub("", text)


# How much of the text a step takes, what it gives, and what it puts back in front of the rest.
_Step = tuple[int, str | Marker, str]


class Scanner:
    """Text in pieces into plain text and markers."""

    def __init__(self) -> None:
        self._rest = ""
        self._line_start = True
        self._thinking = False

    def feed(self, piece: str) -> list[str | Marker]:
        """What is decided once `piece` is known. A long one is taken in parts, as each step copies
        what is left."""
        found: list[str | Marker] = []
        for start in range(0, len(piece), _PART):
            self._rest += piece[start : start + _PART]
            found += self._drain(final=False)
        return found

    def close(self) -> list[str | Marker]:
        """What was held back; nothing more comes."""
        return self._drain(final=True)

    def _drain(self, *, final: bool) -> list[str | Marker]:
        found: list[str | Marker] = []
        while self._rest:
            step = self._think(final) if self._thinking else self._step(final)
            if step is None:
                break
            length, token, back = step
            self._rest = back + self._rest[length:]
            if isinstance(token, Marker):
                found.append(token)
            elif token:
                found.append(token.translate(_BRACKETS))
                self._line_start = token in "\r\n" or (self._line_start and token.isspace())
        return found

    def _think(self, final: bool) -> _Step | None:
        end = self._rest.find(_THOUGHT)
        if end >= 0:
            self._thinking = False
            return end + len(_THOUGHT), "", ""
        keep = 0 if final else len(_THOUGHT) - 1
        return (len(self._rest) - keep, "", "") if len(self._rest) > keep else None

    def _step(self, final: bool) -> _Step | None:
        rest = self._rest
        if self._line_start:
            if not final and _MAYBE_BULLET.fullmatch(rest):
                return None
            if bullet := _BULLET.match(rest):
                return bullet.end(), "", ""
        if rest[0] == "<":
            return self._tag(rest, final)
        if special := _SPECIAL.get(rest[0]):
            return special(rest, final)
        plain = None if self._line_start else _PLAIN.match(rest)
        return (plain.end(), plain[0], "") if plain else (1, rest[0], "")

    def _tag(self, rest: str, final: bool) -> _Step | None:
        if rest in ("<", "< ") and not final:
            return None
        if not _MAYBE_TAG.match(rest):
            return 1, "<" if _LESS.match(rest) else "＜", ""
        end = rest.find(">", 0, MAX_TAG)
        if end < 0 and len(rest) < MAX_TAG and not final:
            return None
        if rest.startswith(_THINKING):
            self._thinking = True
            return len(_THINKING), "", ""
        tag = _TAG.fullmatch(rest, 0, end + 1)
        return (end + 1, "", "") if tag else (1, "＜", "")


def _asterisks(rest: str, final: bool) -> _Step | None:
    """Two and more are emphasis; one may be a product."""
    count = len(rest) - len(rest.lstrip("*"))
    if count == len(rest) and not final:
        return None
    return (1, "*", "") if count == 1 else (count, "", "")


def _exclamation(rest: str, final: bool) -> _Step | None:
    """In front of a link it makes an image and goes with it."""
    if len(rest) == 1:
        return (1, "!", "") if final else None
    if rest[1] != "[":
        return 1, "!", ""
    inner = _bracket(rest[1:], final)
    if inner is None:
        return None
    return 1, "" if inner[2] else "!", ""


def _bracket(rest: str, final: bool) -> _Step | None:
    """A marker, a link (its label goes back to be read), or a bracket like any other."""
    plain: _Step = (1, rest[0], "")
    close = _CLOSE.search(rest, 1, MAX_LABEL)
    if close is None and not final and len(rest) < MAX_LABEL:
        return None
    if close is None:
        return (len(rest), "", "") if final and _CUT_MARKER.fullmatch(rest) else plain
    end = close.end()
    if close[0] in "\r\n":
        return plain
    found = _target(rest, end, final)
    if found is None:
        return None
    label = rest[1 : close.start()]
    if marker := read_marker(label):
        return found or end, marker, ""
    return (found, "", label) if found else plain


def _parenthesis(rest: str, final: bool) -> _Step | None:
    """A marker that says what it is （段落1）, or a parenthesis like any other."""
    if not final and _MAYBE_IN_PARENTHESES.fullmatch(rest):
        return None
    close = _CLOSE_PARENTHESIS.search(rest, 1, MAX_LABEL)
    marker = _IN_PARENTHESES.fullmatch(rest, 1, close.start()) if close else None
    if close is None or marker is None:
        return 1, rest[0], ""
    ranks = read_marker(marker[1])
    return (close.end(), ranks, "") if ranks else (1, rest[0], "")


def _target(rest: str, start: int, final: bool) -> int | None:
    """The end of a link's address in parentheses that opens at `start`; 0 if there is none, None
    if undecided."""
    if rest[start : start + 1] != "(":
        return None if start == len(rest) and not final else 0
    start += 1
    limit = start + MAX_TARGET
    close = _TARGET_END.search(rest, start, limit)
    if close is None:
        return 0 if final or len(rest) >= limit else None
    inside = rest[start : close.start()].strip()
    link = close[0] == ")" and _TARGET.fullmatch(inside) and _ADDRESS.match(inside)
    return close.end() if link else 0


_SPECIAL: dict[str, Callable[[str, bool], _Step | None]] = {
    "*": _asterisks,
    "`": lambda _rest, _final: (1, "", ""),
    "!": _exclamation,
    "[": _bracket,
    "［": _bracket,
    "【": _bracket,
    "（": _parenthesis,
    "(": _parenthesis,
}
