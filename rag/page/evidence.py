"""Evidence as HTML: a passage, where it stands, and the quotations marked in it.

Text from documents is not trusted: whatever goes into the HTML passes `escape`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import pairwise

from rag.page.messages import CHINESE, Messages
from rag.reading.formats import PAGED
from rag.types import Citation, Part, Passage, Span

# Controls, halves of pairs, and characters that would turn around what stands beside them.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

# Characters shown before and after a passage when they are first asked for.
FIRST_AROUND = 300


def escape(text: str) -> str:
    """`text` as HTML that shows as this text, in an attribute too. Control characters other
    than line feed and tab, and characters that turn the direction, are left out.

    >>> escape('<b onclick="x">&\\u202e')
    '&lt;b onclick=&quot;x&quot;&gt;&amp;'
    """
    return html.escape(_UNSHOWN.sub("", text), quote=True)


def evidence_html(
    passage: Passage,
    citations: Sequence[tuple[int, Citation]] = (),
    say: Messages = CHINESE,
) -> str:
    """The card that shows a passage. `citations` are those that quote it, each with its number
    in the answer, from 0; that number marks the quoted characters (`data-c`)."""
    parts = [
        '<header class="wj-ev-head">',
        f'<span class="wj-ev-n" aria-hidden="true">{passage.rank}</span>',
        f"<h3>{escape(passage.title)}</h3>",
        "</header>",
        f'<ul class="wj-ev-meta">{_facts(passage, say)}</ul>',
    ]
    headings = passage.headings[passage.headings[:1] == (passage.title,) :]
    if headings:
        steps = "".join(f"<li>{escape(heading)}</li>" for heading in headings)
        path = say("evidence.path")
        parts.append(f'<ol class="wj-ev-path" aria-label="{path}">{steps}</ol>')
    lead = [line for line in passage.lead if not (passage.cells and "\t" in line)]
    if lead:
        above = say("evidence.lead")
        lines = "<br>".join(escape(line) for line in lead)
        parts.append(f'<p class="wj-ev-lead"><span class="wj-tag">{above}</span> {lines}</p>')
    parts.append(
        '<div class="wj-ev-page" hidden></div><p class="wj-ev-text"><span class="wj-ev-near">'
        f'</span>{_text(passage, citations)}<span class="wj-ev-near"></span></p>'
        f'<div class="wj-ev-acts"><button type="button" class="wj-plain" data-around='
        f'"{FIRST_AROUND}" {_place(passage)}>{say("evidence.around")}</button>'
    )
    if passage.page is not None and passage.document.lower().endswith(PAGED):
        parts.append(
            f'<button type="button" class="wj-plain" data-picture aria-pressed="false" '
            f"{_place(passage)}>{say('evidence.picture')}</button>"
        )
    parts.append("</div>")
    if passage.also:
        names = say("list.pause").join(escape(name) for name in passage.also)
        also = say("evidence.also")
        parts.append(f'<p class="wj-ev-also"><span class="wj-tag">{also}</span> {names}</p>')
    if passage.parts:
        rows = "".join(_part(part, say) for part in passage.parts)
        heads = "".join(
            f'<th scope="col">{say(f"evidence.{name}")}</th>' for name in ("part", "score", "rank")
        )
        parts.append(
            f'<details class="wj-ev-why"><summary>{say("evidence.why")}</summary><table><thead>'
            f"<tr>{heads}</tr></thead><tbody>{rows}</tbody></table></details>"
        )
    return "".join(parts)


def _text(passage: Passage, citations: Sequence[tuple[int, Citation]]) -> str:
    """The passage's text, its tables as tables: the header from above it, and its own rows."""
    if not passage.cells:
        return marked(passage, citations)
    head = "".join(_header(line) for line in passage.lead if "\t" in line)
    parts: list[str] = []
    open_ = False
    at = 0
    for line in passage.text.split("\n"):
        row = "\t" in line
        if row and not open_:
            parts.append(f'<span class="wj-table" role="table">{head}')
        elif open_ and not row:
            parts.append("</span>")
        elif at and not row:
            parts.append("\n")
        open_ = row
        parts.append(
            _row(passage, citations, at, line)
            if row
            else marked(passage, citations, Span(at, at + len(line)))
        )
        at += len(line) + 1
    return "".join(parts) + "</span>" * open_


def _header(line: str) -> str:
    cells = "".join(f'<b role="columnheader">{escape(cell)}</b>' for cell in line.split("\t"))
    return f'<span role="row">{cells}</span>'


def _row(passage: Passage, citations: Sequence[tuple[int, Citation]], at: int, line: str) -> str:
    """The row that begins at `at` of the passage's text."""
    cells = []
    for cell in line.split("\t"):
        words = marked(passage, citations, Span(at, at + len(cell)))
        cells.append(f'<span role="cell">{words}</span>')
        at += len(cell) + 1
    return f'<span role="row">{"".join(cells)}</span>'


def _place(passage: Passage) -> str:
    """Where a passage stands, for the page's scripts."""
    return (
        f'data-document="{escape(passage.document)}" data-start="{passage.span.start}" '
        f'data-end="{passage.span.end}"'
    )


def _part(part: Part, say: Messages) -> str:
    key = f"part.{part.name}"
    name = escape(say(key) if key in say.texts else part.name)
    rank = "—" if part.rank is None else str(part.rank)
    return f'<tr><th scope="row">{name}</th><td>{part.score:.3f}</td><td>{rank}</td></tr>'


def marked(
    passage: Passage, citations: Sequence[tuple[int, Citation]], part: Span | None = None
) -> str:
    """The passage's text, or a `part` of it, with what is quoted in `<mark data-c="numbers">`.
    Quotations may overlap; what of one stands outside is not shown.

    >>> place = Span(5, 9)
    >>> found = Passage(1, 1.0, "d", "a", "甲", None, False, (), None, None, place, "一二三四", ())
    >>> marked(found, [(0, Citation(1, "a", "甲", None, None, Span(6, 8), "二三", None))])
    '一<mark data-c="0">二三</mark>四'
    """
    begin, text = passage.span.start, passage.text
    spans = [
        (number, Span(max(0, c.span.start - begin), min(len(text), c.span.end - begin)))
        for number, c in citations
        if c.span.overlaps(passage.span)
    ]
    own = Span(0, len(text)) if part is None else part
    edges = (min(max(edge, own.start), own.end) for _, s in spans for edge in (s.start, s.end))
    cuts = sorted({own.start, own.end, *edges})
    parts = []
    for start, end in pairwise(cuts):
        piece = escape(text[start:end])
        numbers = [str(n) for n, s in spans if s.start <= start and end <= s.end]
        parts.append(f'<mark data-c="{" ".join(numbers)}">{piece}</mark>' if numbers else piece)
    return "".join(parts)


def _facts(passage: Passage, say: Messages) -> str:
    facts = [f'<li class="wj-ev-file">{escape(passage.document)}</li>']
    if passage.date is not None:
        origin = say("date.inferred" if passage.date_inferred else "date.stated")
        facts.append(f'<li>{escape(passage.date)} <span class="wj-tag">{origin}</span></li>')
    facts += [f"<li>{place}</li>" for place in places(passage.page, passage.lines, say)]
    return "".join(facts)


def places(page: int | None, lines: tuple[int, int] | None, say: Messages = CHINESE) -> list[str]:
    """Page and lines in words, what is unknown left out.

    >>> places(3, (7, 9))
    ['第 3 页', '第 7–9 行']
    """
    found = [] if page is None else [say("evidence.page", page=str(page))]
    if lines is not None:
        first, last = lines
        one = say("evidence.line", line=str(first))
        more = say("evidence.lines", first=str(first), last=str(last))
        found.append(one if first == last else more)
    return found
