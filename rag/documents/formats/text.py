"""Decoded texts into a document's parts: text files, subtitles, notebooks, parsers of others.

Lines of subtitles (.srt, .vtt) that follow each other become paragraphs, led by the time at which
they are said. Notebooks of Jupyter (.ipynb) become one Markdown text: texts, code, and what it
printed. A parser that another package brings gives Markdown, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag.documents.detect import Cleaned, decode
from rag.documents.formats.markdown import looks_like_markdown, parse_markdown
from rag.documents.fragments import Fragment, Piece, Role, find_furniture, fragments
from rag.documents.headings import NO_HEADING, infer_date, is_generic_title, is_plain_heading
from rag.documents.layout import Line, infer_layout, split_lines
from rag.documents.structure import Draft, assemble, beyond, outline, write_out
from rag.errors import UnreadableDocument
from rag.plugins import Plugin
from rag.settings import Reading
from rag.text.normalize import mended
from rag.types import BlockKind

_TITLE_LINES = 12
_MASTHEAD_REPEATS = 3
# What stands on a title page beside the title.
_LABELLED = re.compile(
    r"(?:密\s*级|[编文]\s*号|索引号|分类号|版本号?|日\s*期|发布.{0,4}|编制.{0,4}|主题词|页码|来源|作者)\s*[：:]"
)


def read_text(data: bytes, _settings: Reading) -> Cleaned:
    """A text file; one that is set as Markdown is read as such.

    Raises:
        UnreadableDocument: empty, binary, or in no encoding known here.
    """
    decoded = decode(data)
    source = decoded.text
    cleaned = clean_markdown(source) if looks_like_markdown(source) else clean_text(source)
    return replace(cleaned, warnings=(*decoded.warnings, *cleaned.warnings))


def read_markdown(data: bytes, _settings: Reading) -> Cleaned:
    """A Markdown file.

    Raises:
        UnreadableDocument: empty, binary, or in no encoding known here.
    """
    decoded = decode(data)
    cleaned = clean_markdown(decoded.text)
    return replace(cleaned, warnings=(*decoded.warnings, *cleaned.warnings))


def clean_text(source: str) -> Cleaned:
    """A plain text, with the page's wrapping undone and its furniture left out."""
    lines = split_lines(source)
    layout = infer_layout(lines)
    furniture = find_furniture(lines, layout)
    drafts = outline(fragments(lines, layout, furniture), furniture.titles)
    title = furniture.running_head or _masthead(lines) or _first_heading(drafts)
    return _cleaned(source, lines, drafts, title, None)


def clean_markdown(source: str) -> Cleaned:
    """A Markdown text; front matter states title, date, source and tags, else a first heading
    the title."""
    lines = split_lines(source)
    parsed = parse_markdown(lines)
    stated = parsed.stated
    title = stated.title or next(
        (
            draft.fragment.text
            for draft in parsed.drafts
            if draft.kind in (BlockKind.TITLE, BlockKind.HEADING)
        ),
        None,
    )
    cleaned = _cleaned(source, lines, parsed.drafts, title, stated.date)
    return replace(cleaned, publisher=stated.publisher, tags=stated.tags)


def _cleaned(
    source: str,
    lines: Sequence[Line],
    drafts: Sequence[Draft],
    title: str | None,
    date: str | None,
) -> Cleaned:
    text, blocks, origin, tables = assemble(drafts, paged="\f" in source)
    inferred = infer_date([line.text for line in lines]) if date is None else None
    warnings = tuple(beyond([draft.place for draft in drafts]))
    return Cleaned(
        text, blocks, origin, title, date or inferred, date is None, source, warnings,
        tables=tables,
    )  # fmt: skip


def clean_fragments(
    fragments: Sequence[Fragment],
    titles: frozenset[str] = frozenset(),
    *,
    title: str | None = None,
    date: str | None = None,
    stated: bool = False,
    warnings: Sequence[str] = (),
) -> Cleaned:
    """The fragments of a file without a text of its own. `titles` are the squeezed titles that
    its contents list; `stated` tells that the file itself states the `date`."""
    drafts = outline(fragments, titles)
    text, blocks, tables = write_out(drafts)
    title = title or _first_heading(drafts)
    told = (*warnings, *beyond([draft.place for draft in drafts]))
    return Cleaned(text, blocks, (), title, date, not stated, None, told, tables=tables)


def _masthead(lines: Sequence[Line]) -> str | None:
    """A name among the first lines that the paper repeats on later pages."""
    counts = Counter(line.text for line in lines)
    for line in lines[:_TITLE_LINES]:
        if counts[line.text] >= _MASTHEAD_REPEATS and is_plain_heading(line.text):
            return line.text
    return None


def _first_heading(drafts: Sequence[Draft]) -> str | None:
    """The first line among the first that reads like a title and names this text."""
    for draft in drafts[:_TITLE_LINES]:
        text = draft.fragment.text
        label = (text.startswith("【") and text.endswith("】")) or _LABELLED.match(text) is not None
        if is_plain_heading(text) or draft.kind is BlockKind.HEADING:
            if not label and not is_generic_title(text):
                return text
        elif not label:
            return None
    return None


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


_MOST_CELLS = 100_000
_FENCES = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read_notebook(data: bytes, _settings: Reading) -> Cleaned:
    """A notebook: its cells in order. Pictures among what the code printed are counted in a
    warning.

    Raises:
        UnreadableDocument: empty, no JSON, no notebook, or without text.
    """
    decoded = decode(data)
    try:
        book = json.loads(decoded.text)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument(f"the notebook is damaged: {error}") from None
    cells = list(_cells(book))
    if len(cells) > _MOST_CELLS:
        raise UnreadableDocument(f"the notebook has {len(cells):,} cells; split it")
    parts: list[str] = []
    unread = 0
    for cell in cells:
        source = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "code":
            parts.append(_fenced(source))
        elif cell.get("cell_type") == "heading":
            parts.append(f"{'#' * _level(cell.get('level'))} {' '.join(source.split())}")
        else:
            parts.append(source)
        for output in _mappings(cell.get("outputs")):
            shown, left_out = _output(output)
            parts.append(shown)
            unread += left_out
    source = "\n\n".join(part for part in parts if part.strip())
    if not source.strip():
        raise UnreadableDocument("the notebook holds no text")
    cleaned = _written(source)
    warnings = [f"{unread:,} pictures or other outputs of code are not read"] if unread else []
    return replace(cleaned, warnings=(*decoded.warnings, *cleaned.warnings, *warnings))


def _written(markdown: str) -> Cleaned:
    """A Markdown text that was written from a file which has no text of its own."""
    cleaned = clean_markdown(markdown)
    return replace(
        cleaned,
        blocks=tuple(replace(block, lines=None, repeats=()) for block in cleaned.blocks),
        origin=(),
        source=None,
    )


def read_brought(parser: Plugin, data: bytes, settings: Reading) -> Cleaned:
    """A file whose parser another package brings: the Markdown that it gives.

    Raises:
        UnreadableDocument: the parser failed, gave no text, or something else than one.
        PluginError: it cannot be loaded.
    """
    parse = parser.load()
    try:
        given = parse(data, settings)
    except Exception as error:  # noqa: BLE001 (a foreign parser may raise anything)
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UnreadableDocument(f"the parser of {parser.described} failed: {reason}") from None
    if not isinstance(given, str):
        raise UnreadableDocument(
            f"the parser of {parser.described} gave {type(given).__name__}, not a text"
        )
    if not given.strip():
        raise UnreadableDocument(f"the parser of {parser.described} gave no text")
    return _written(mended(given))


def _cells(book: object) -> Iterator[dict[str, Any]]:
    """The cells of a notebook of format 4, or of the sheets of one of format 3."""
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise UnreadableDocument("the file is no notebook: it has no cells")
    yield from _mappings(book.get("cells"))
    for sheet in _mappings(book.get("worksheets")):
        yield from _mappings(sheet.get("cells"))


def _mappings(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _text(value: object) -> str:
    """A text that may be kept as a list of lines."""
    if isinstance(value, list):
        return "".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""


def _output(output: dict[str, Any]) -> tuple[str, int]:
    """What a piece of code printed, and how much of it has no text."""
    if output.get("output_type") in ("error", "pyerr"):
        return _fenced(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"), 0
    data = output.get("data")
    shown: dict[str, Any] = data if isinstance(data, dict) else output
    table = _text(shown.get("text/html", shown.get("html")))
    if "<table" in table:
        return table, 0
    plain = _text(shown.get("text/plain", shown.get("text")))
    pictured = any(str(kind).startswith(("image/", "png", "jpeg", "svg")) for kind in shown)
    for kind in ("text/markdown", "text/latex"):
        if text := _text(shown.get(kind)):
            return text, 0
    if pictured:  # the text only names it
        return "", 1
    return _fenced(_COLOUR.sub("", plain)), 0


def _fenced(text: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(match[1]) for match in _FENCES.finditer(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.strip()}\n{fence}"


def _level(value: object) -> int:
    return min(max(value, 1), 6) if isinstance(value, int) else 1
