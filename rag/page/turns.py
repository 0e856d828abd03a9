"""A turn of the conversation: its state, its evidence as HTML, and as text to take away.

Evidence as HTML: a passage, where it stands, and the quotations marked in it.

Text from documents is not trusted: whatever goes into the HTML passes `escape`.

A turn and a conversation as text to take away: the answer, and under it its sources.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

from rag.documents.detect import PAGED
from rag.generation.prompts import is_refusal
from rag.i18n import CHINESE, Messages
from rag.types import (
    Answer,
    Citation,
    Done,
    Event,
    Filter,
    Part,
    Passage,
    Retrieved,
    Sentence,
    Span,
    Status,
    Support,
    Text,
)
from rag.wire import laid_out, markers, remark_sentence, remark_text


class Judgement(Enum):
    """What a reader thinks of an answer; the value is its name in JSON."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's verdict on an answer, and what the reader says about it, empty for nothing."""

    verdict: Judgement
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer as far as it is known.

    `passages` is None until the retrieval is done. `pending` is text that belongs to no checked
    sentence yet. `answer` is there once the answer is complete, `error` (a message for people)
    when there will be none; `stopped` says that the user wanted no more. `feedback` is what the
    reader thought of the answer, None where nothing was said. `where` says of which documents
    it is asked, None of all, `by` which model was chosen for it, None for none.
    """

    question: str
    passages: tuple[Passage, ...] | None = None
    sentences: tuple[Sentence, ...] = ()
    pending: str = ""
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False
    feedback: Feedback | None = None
    where: Filter | None = None
    by: str | None = None

    @property
    def busy(self) -> bool:
        """Whether more is to come."""
        return self.answer is None and self.error is None and not self.stopped

    def after(self, event: Event) -> Turn:
        """The turn once `event` has come in."""
        match event:
            case Retrieved(passages):
                return replace(self, passages=passages)
            case Text(piece):
                return replace(self, pending=self.pending + piece)
            case Sentence():
                return replace(self, sentences=(*self.sentences, event), pending="")
            case Done(answer):
                return replace(self, answer=answer, passages=answer.passages, pending="")

    def failed(self, message: str) -> Turn:
        """The turn when no answer can be given; what is there stays."""
        return replace(self, error=message)

    def stop(self) -> Turn:
        """The turn when the user stops it; a complete one stays as it is."""
        return replace(self, stopped=True) if self.busy else self

    def rated(self, feedback: Feedback | None) -> Turn:
        """The turn with what the reader thinks of its answer; one that is not complete has none."""
        return replace(self, feedback=feedback) if self.answer is not None else self


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
        f'<button type="button" class="wj-plain" data-read="{escape(passage.document)}" '
        f'data-start="{passage.span.start}" data-end="{passage.span.end}">{say("read.whole")}'
        "</button>"
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


def scope_json(where: Filter) -> dict[str, object]:
    """A filter as the page's script has it; see `rag.serving.requests.Restricted`."""
    found: dict[str, object] = {
        "documents": list(where.documents),
        "since": where.since,
        "until": where.until,
        "sources": list(where.sources),
        "tags": list(where.tags),
    }
    return {name: value for name, value in found.items() if value}


_SHOWN_DOCUMENTS = 5  # of those that a question was asked of
_LITERAL = re.compile(r"\[([\[*?])\]")


def scope_text(where: Filter, say: Messages = CHINESE) -> str:
    """In words, of which documents a question was asked.

    >>> scope_text(Filter(("/甲.txt",), since="2023", tags=("年报",)))
    '只问：甲.txt；标签 年报；不早于 2023'
    """
    names = [_LITERAL.sub(r"\1", one.removeprefix("/")) for one in where.documents]
    shown = say("list.pause").join(names[:_SHOWN_DOCUMENTS])
    if len(names) > _SHOWN_DOCUMENTS:
        shown = say("scope.and_more", names=shown, documents=len(names))
    parts = [
        shown,
        say("scope.tagged", tags=say("list.pause").join(where.tags)) if where.tags else "",
        say("list.pause").join(where.sources),
        say("scope.since", date=where.since) if where.since else "",
        say("scope.until", date=where.until) if where.until else "",
    ]
    return say("scope.asked", what=say("list.parts").join(filter(None, parts)))


NEAREST = 3  # passages below a refusal

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def turn_text(turn: Turn, say: Messages = CHINESE) -> str:
    """The question, the answer and its sources as plain text."""
    return "\n\n".join(_parts(turn, str, turn.question, say))


def conversation_markdown(title: str, turns: Sequence[Turn], say: Messages = CHINESE) -> str:
    """A conversation as Markdown; nothing in it that a document says is markup."""
    parts = [f"# {_escaped(title)}"]
    for turn in turns:
        parts += _parts(turn, _escaped, f"## {_escaped(turn.question)}", say)
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    """`text` on one line as Markdown that shows as this text.

    >>> _escaped("![x](http://y) <b>")
    '\\\\!\\\\[x\\\\](http://y) \\\\<b\\\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _parts(turn: Turn, escape: Callable[[str], str], question: str, say: Messages) -> list[str]:
    parts = [question]
    if turn.where is not None:
        parts.append(escape(scope_text(turn.where, say)))
    if turn.answer is not None:
        parts += _told(turn.answer, escape, say)
    if turn.answer is not None and is_reply(turn.answer):
        return [*parts, escape(turn.answer.text)]
    if turn.answer is not None and turn.answer.status is Status.NO_EVIDENCE:
        return parts + _refusal(turn.answer, escape, say) + _judged(turn, escape, say)
    if turn.sentences:
        parts.append(laid_out(turn.sentences, escape, lambda s: _after(s, escape, say), apart="\n"))
    if turn.error is not None:
        parts.append(escape(turn.error))
    elif turn.stopped:
        parts.append(say("export.stopped"))
    citations = dict.fromkeys(c for sentence in turn.sentences for c in sentence.citations)
    if citations:
        lines = "\n".join(f"- {_source(citation, escape, say)}" for citation in citations)
        parts.append(f"{say('export.sources')}\n\n{lines}")
    return parts + _judged(turn, escape, say)


def is_reply(answer: Answer) -> bool:
    """Whether an answer is a reply to a greeting: it refuses nothing and claims nothing."""
    refused = answer.status is Status.NO_EVIDENCE
    return refused and not answer.passages and not is_refusal(answer.text)


def _told(answer: Answer, escape: Callable[[str], str], say: Messages) -> Iterator[str]:
    """What the reader should know of an answer before it."""
    if answer.searched:
        yield say("turn.searched", question=escape(answer.searched))
    if answer.missing:
        yield escape(answer.missing) + "\n\n" + say("turn.closest")
    for remark in answer.remarks:
        marker = "" if remark.n is None else f"[{remark.n}]"
        yield escape(remark_sentence(replace(remark, n=None), say.language)) + marker
    if answer.differing:
        figures = [f"{escape(figure.text)}[{figure.n}]" for figure in answer.differing]
        yield say("export.differing", figures=say("list.pause").join(figures))


def _refusal(answer: Answer, escape: Callable[[str], str], say: Messages) -> list[str]:
    """The refusal, and what came nearest."""
    near = "\n".join(f"- {_near(one, escape, say)}" for one in answer.passages[:NEAREST])
    told = [f"{say('turn.nearest')}\n\n{near}"] if near else []
    return [say("turn.refused_text"), *told]


def near_text(passage: Passage, say: Messages = CHINESE) -> str:
    """A passage that came near, as a line of text."""
    return _near(passage, str, say)


def source_text(citation: Citation, say: Messages = CHINESE) -> str:
    """A quotation with where it stands, as a line of text."""
    return _source(citation, str, say)


def sentence_end(sentence: Sentence, say: Messages = CHINESE) -> str:
    """The markers of a sentence, and why it is doubted."""
    return _after(sentence, str, say)


def remarks_text(answer: Answer, say: Messages = CHINESE) -> list[str]:
    """What the reader should know of an answer before it, as lines of text."""
    return list(_told(answer, str, say))


def _near(passage: Passage, escape: Callable[[str], str], say: Messages) -> str:
    where = [escape(passage.document), *places(passage.page, passage.lines, say)]
    return f"[{passage.rank}] " + say(
        "export.near", title=escape(passage.title), where=say("list.comma").join(where)
    )


def _judged(turn: Turn, escape: Callable[[str], str], say: Messages) -> list[str]:
    if turn.feedback is None:
        return []
    word, comment = say(f"judge.{turn.feedback.verdict.value}"), turn.feedback.comment
    said = say("support.reason", support=word, reason=escape(comment)) if comment else word
    return [say("export.judged", verdict=said)]


def _after(sentence: Sentence, escape: Callable[[str], str], say: Messages) -> str:
    """The markers of a sentence, and why it is doubted."""
    if sentence.support in (Support.SUPPORTED, Support.NONE):
        return markers(sentence)
    doubt = say(f"support.{sentence.support.value}")
    reason = remark_text(sentence.reason, say.language)
    if reason:
        doubt = say("support.reason", support=doubt, reason=escape(reason))
    return markers(sentence) + say("export.doubt", doubt=doubt)


def _source(citation: Citation, escape: Callable[[str], str], say: Messages) -> str:
    found = places(citation.page, citation.lines, say)
    where = [*filter(None, map(escape, (citation.document, citation.clause))), *found]
    source = say(
        "export.source",
        title=escape(citation.title),
        where=say("list.comma").join(where),
        quote=escape(citation.quote),
    )
    return f"[{citation.n}] {source}"
