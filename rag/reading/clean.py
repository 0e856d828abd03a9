"""A decoded text into a document's parts: the order in which the cleaning steps are taken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.documents.tables import beyond
from rag.reading.assemble import assemble, write_out
from rag.reading.blocks import Draft, outline
from rag.reading.dates import infer_date
from rag.reading.flow import Fragment, fragments
from rag.reading.furniture import find_furniture
from rag.reading.layout import infer_layout
from rag.reading.lines import Line, split_lines
from rag.reading.outline import is_generic_title, is_plain_heading
from rag.reading.parsers.markdown import looks_like_markdown, parse_markdown
from rag.reading.parsers.plain import decode
from rag.settings import Reading
from rag.types import Block, BlockKind, Run, Table

_TITLE_LINES = 12
_MASTHEAD_REPEATS = 3
# What stands on a title page beside the title.
_LABELLED = re.compile(
    r"(?:密\s*级|[编文]\s*号|索引号|分类号|版本号?|日\s*期|发布.{0,4}|编制.{0,4}|主题词|页码|来源|作者)\s*[：:]"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a file became. `title` and `date` are None where nothing states or suggests them,
    `publisher` and `tags` empty where the file states none. `source` is the decoded file, or None
    for a format without a text of its own; `origin` is then empty. `warnings` say what of the file
    is not in the text."""

    text: str
    blocks: tuple[Block, ...]
    origin: tuple[Run, ...]
    title: str | None
    date: str | None
    date_inferred: bool
    source: str | None
    warnings: tuple[str, ...] = ()
    publisher: str | None = None
    tags: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


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
