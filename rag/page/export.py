"""A conversation as a file to take away: a page of HTML, a document of Word.

Both are written from the same blocks. All text passes `escape`; nothing that a document or a model
says is markup.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.i18n import CHINESE, Messages
from rag.page.turns import (
    NEAREST,
    Turn,
    escape,
    is_reply,
    near_text,
    remarks_text,
    scope_text,
    sentence_end,
    source_text,
)
from rag.types import ROW, Sentence, Status
from rag.wire import parting


@dataclass(frozen=True, slots=True)
class ExportBlock:
    """A paragraph or, of the kind `table`, a table: its cells by row; any other has one cell."""

    kind: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """The words of a paragraph."""
        return self.rows[0][0]


def blocks(title: str, date: str, turns: Sequence[Turn], say: Messages) -> Iterator[ExportBlock]:
    """A conversation in blocks: its title and day, then for each turn the question, what it was
    asked of, the headline, what is said, and its sources."""
    yield _one("title", title)
    yield _one("note", say("export.dated", date=date))
    for turn in turns:
        yield from _turn(turn, say)


def _one(kind: str, text: str) -> ExportBlock:
    return ExportBlock(kind, ((text,),))


def _turn(turn: Turn, say: Messages) -> Iterator[ExportBlock]:
    yield _one("question", turn.question)
    if turn.where is not None:
        yield _one("note", scope_text(turn.where, say))
    answer = turn.answer
    if answer is not None and is_reply(answer):
        yield _one("text", answer.text)
        return
    if answer is not None:
        yield from (_one("note", text) for text in remarks_text(answer, say))
        if answer.short and not answer.differing:
            yield _one("short", answer.short)
        if answer.status is Status.NO_EVIDENCE:
            yield _one("text", say("turn.refused_text"))
            yield from (_one("source", near_text(p, say)) for p in answer.passages[:NEAREST])
            return
    yield from _said(turn.sentences, say)
    if turn.error is not None:
        yield _one("text", turn.error)
    elif turn.stopped:
        yield _one("note", say("export.stopped"))
    citations = dict.fromkeys(c for sentence in turn.sentences for c in sentence.citations)
    if citations:
        yield _one("sources", say("export.sources"))
        yield from (_one("source", source_text(citation, say)) for citation in citations)


def _said(sentences: Sequence[Sentence], say: Messages) -> Iterator[ExportBlock]:
    """Sentences as paragraphs, items and tables."""
    for tabled, group in groupby(sentences, lambda s: s.lead == ROW or "\t" in s.text):
        if tabled:
            yield ExportBlock("table", tuple(_row(sentence, say) for sentence in group))
            continue
        kind, text = "", ""
        for sentence in group:
            said = sentence.text + sentence_end(sentence, say)
            starts = sentence.lead or not text or parting(text, sentence.text) == "\n"
            if starts and text:
                yield _one(kind, text)
            if starts:
                kind = "item" if sentence.lead.strip() else "text"
                text = sentence.lead.lstrip("\n-").lstrip() + said
            else:
                text += parting(text, sentence.text) + said
        yield _one(kind, text)


def _row(sentence: Sentence, say: Messages) -> tuple[str, ...]:
    *cells, last = sentence.text.split("\t")
    return (*cells, last + sentence_end(sentence, say))


_STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.8 system-ui,sans-serif;"
    "color:#24221d}h1{font-size:1.5rem}h2{margin-top:2.2rem;font-size:1.2rem}"
    ".short{font-size:1.3rem;font-weight:600;color:#20655a}.note,.source,.sources{color:#686255;"
    "font-size:.9rem}.source{margin:.2rem 0 .2rem 1rem}table{border-collapse:collapse}"
    "td{padding:.3rem .7rem;border:1px solid #e3ddcf}.item{margin-left:1.2rem}"
)


def conversation_html(
    title: str, date: str, turns: Sequence[Turn], say: Messages = CHINESE
) -> bytes:
    """A conversation as a page of HTML that loads nothing and runs nothing."""
    tags = {"title": "h1", "question": "h2"}
    parts = []
    for block in blocks(title, date, turns, say):
        if block.kind == "table":
            rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in block.rows)
            parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>")
        else:
            tag = tags.get(block.kind, "p")
            words = escape(block.text).replace("\n", "<br>")
            parts.append(f'<{tag} class="{block.kind}">{words}</{tag}>')
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html><html lang="{say.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    ).encode()


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_OFFICE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_OFFICE}.styles+xml"/></Types>'
)
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ROOT = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" '
    f'Type="{_LINKS}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_OF_DOCUMENT = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" '
    f'Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>'
)
# Of Word's styles: name, size in half points, colour, bold, outline level.
_STYLES = (
    ("title", "heading 1", 36, "24221D", True, 0),
    ("question", "heading 2", 28, "24221D", True, 1),
    ("short", "Headline", 30, "20655A", True, None),
    ("note", "Note", 19, "686255", False, None),
    ("sources", "Sources", 20, "686255", True, None),
    ("source", "Source", 19, "686255", False, None),
    ("item", "List Paragraph", 22, "24221D", False, None),
    ("text", "Body Text", 22, "24221D", False, None),
)
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def conversation_docx(
    title: str, date: str, turns: Sequence[Turn], say: Messages = CHINESE
) -> bytes:
    """A conversation as a document of Word (OOXML), with headings for the questions."""
    parts = []
    for block in blocks(title, date, turns, say):
        if block.kind == "table":
            rows = (
                "".join(f"<w:tc><w:tcPr/>{_paragraph('text', cell)}</w:tc>" for cell in row)
                for row in block.rows
            )
            lines = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
            edges = "".join(
                f'<w:{edge} w:val="single" w:sz="4" w:color="B8B2A4"/>'
                for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
            )
            widest = max(map(len, block.rows))
            parts.append(
                f"<w:tbl><w:tblPr><w:tblBorders>{edges}</w:tblBorders></w:tblPr><w:tblGrid>"
                f"{'<w:gridCol/>' * widest}</w:tblGrid>{lines}</w:tbl>{_paragraph('text', '')}"
            )
        else:
            parts.append(_paragraph(block.kind, block.text))
    files = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT,
        "word/_rels/document.xml.rels": _OF_DOCUMENT,
        "word/styles.xml": f'<w:styles xmlns:w="{_W}">{"".join(map(_style, _STYLES))}</w:styles>',
        "word/document.xml": (
            f'<w:document xmlns:w="{_W}"><w:body>{"".join(parts)}</w:body></w:document>'
        ),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name), _DECLARED + text, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _paragraph(style: str, text: str) -> str:
    words = escape(text).translate({0xFFFE: None, 0xFFFF: None})
    lines = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in words.split("\n"))
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>{lines}</w:r></w:p>'


def _style(style: tuple[str, str, int, str, bool, int | None]) -> str:
    key, name, size, colour, bold, level = style
    outline = "" if level is None else f'<w:outlineLvl w:val="{level}"/>'
    indent = '<w:ind w:left="360"/>' if key in ("source", "item") else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/><w:pPr>'
        f'<w:spacing w:before="60" w:after="60"/>{indent}{outline}</w:pPr><w:rPr>'
        f'{"<w:b/>" * bold}<w:color w:val="{colour}"/><w:sz w:val="{size}"/></w:rPr></w:style>'
    )
