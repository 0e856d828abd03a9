"""Subtitles (.srt, .vtt) as cleaned texts: lines that follow each other become paragraphs, led by
the time at which they are said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.errors import UnreadableDocument
from rag.reading.assemble import assemble
from rag.reading.blocks import outline
from rag.reading.clean import Cleaned
from rag.reading.dates import infer_date
from rag.reading.flow import Fragment, Piece, Role
from rag.reading.outline import NO_HEADING
from rag.reading.parsers.plain import decode
from rag.settings import Reading

# Source: WebVTT (W3C), 4.2; SubRip differs by a comma before the thousandths.
_TIMING = re.compile(
    r"^\s*+(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*+-->\s*+"
    r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
)
_TAG = re.compile(
    r"<(?:v(?:\.[^\s>]*)?\s+(?P<voice>[^>\n]{1,80})"
    r"|/?(?:[ibuscv]|font|lang|ruby|rt)(?:[.\s][^>\n]{0,200})?|[0-9:.]{5,12})>|\{\\[^}\n]{0,200}\}",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_END = re.compile("[。！？!?.…]['\"”’）)]*$")
_LONGEST_GAP = 3.0
_LONGEST_PARAGRAPH = 160
_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class _Cue:
    """What is shown at a time: its pieces, its lines, when it begins and ends, seconds."""

    pieces: tuple[Piece, ...]
    lines: tuple[int, int]
    begin: float
    end: float

    @property
    def text(self) -> str:
        return "".join(piece.joint + piece.text for piece in self.pieces)


def read_subtitles(data: bytes, _settings: Reading) -> Cleaned:
    """A file of subtitles. Numbers, times and marks of style are left out.

    Raises:
        UnreadableDocument: empty, binary, in no known encoding, or no subtitles.
    """
    decoded = decode(data)
    cues = list(_cues(decoded.text))
    fragments = [_fragment(group) for group in _paragraphs(cues)]
    if not fragments:
        raise UnreadableDocument("the file holds no subtitles: no line of times with text below")
    text, blocks, origin, _ = assemble(outline(fragments, frozenset()), paged=False)
    date = infer_date([fragment.text for fragment in fragments])
    return Cleaned(text, blocks, origin, None, date, True, decoded.text, decoded.warnings)


def _cues(source: str) -> Iterator[_Cue]:
    lines = list(_lines(source))
    at = 0
    while at < len(lines):
        _, text = lines[at]
        match = _TIMING.match(text)
        if match is None:
            at += 1
            if _COMMENT.match(text):  # up to the next blank line
                while at < len(lines) and lines[at][1].strip():
                    at += 1
            continue
        first = at + 1
        at = first
        while at < len(lines) and lines[at][1].strip() and not _TIMING.match(lines[at][1]):
            at += 1
        pieces = [piece for start, text in lines[first:at] for piece in _pieces(start, text)]
        if at < len(lines) and _TIMING.match(lines[at][1]) and pieces:
            pieces = pieces[:-1] if pieces[-1].text.isdecimal() else pieces  # the next one's number
        if pieces:
            head = Piece(pieces[0].start, pieces[0].text, "")
            yield _Cue((head, *pieces[1:]), (first + 1, at), _seconds(match, 1), _seconds(match, 5))


def _lines(source: str) -> Iterator[tuple[int, str]]:
    """The lines with the place where each starts."""
    start = 0
    for match in _BREAK.finditer(source):
        yield start, source[start : match.start()]
        start = match.end()
    yield start, source[start:]


def _pieces(start: int, line: str) -> Iterator[Piece]:
    """The words of a line; who speaks stands before them."""
    at = 0
    joint = " "
    for match in (*_TAG.finditer(line), None):
        end = match.start() if match else len(line)
        part = line[at:end]
        if part.strip():
            lead = len(part) - len(part.lstrip())
            spaced = joint or (" " if lead else "")
            yield Piece(start + at + lead, part.strip(), spaced)
            joint = " " if part != part.rstrip() else ""
        elif part:
            joint = " "
        if match and match["voice"] and match["voice"].strip():
            voice = match["voice"]
            inner = match.start("voice") + len(voice) - len(voice.lstrip())
            yield Piece(start + inner, voice.strip(), joint or " ")
            joint = " "
        at = match.end() if match else at


def _seconds(match: re.Match[str], group: int) -> float:
    hours, minutes, seconds, part = (match[group + i] or "0" for i in range(4))
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds) + int(part.ljust(3, "0")) / 1000


def _paragraphs(cues: Sequence[_Cue]) -> Iterator[list[_Cue]]:
    """Cues that go on to the end of a sentence, without a long silence."""
    group: list[_Cue] = []
    for cue in cues:
        if group:
            silence = cue.begin - group[-1].end
            size = sum(len(one.text) for one in group)
            ended = _END.search(group[-1].text)
            if ended or not -1 < silence <= _LONGEST_GAP or size >= _LONGEST_PARAGRAPH:
                yield group
                group = []
        group.append(cue)
    if group:
        yield group


def _fragment(cues: Sequence[_Cue]) -> Fragment:
    pieces = list(cues[0].pieces)
    for cue in cues[1:]:
        head = cue.pieces[0]
        pieces += [Piece(head.start, head.text, " "), *cue.pieces[1:]]
    minutes, seconds = divmod(int(cues[0].begin), 60)
    time = f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return Fragment(
        Role.BODY,
        tuple(pieces),
        (cues[0].lines[0], cues[-1].lines[1]),
        None,
        NO_HEADING,
        label=time,
    )
