"""A turn of the conversation as HTML.

Own HTML in `gr.HTML` and not `gr.Chatbot`: a citation is a button inside a sentence that opens
the evidence beside it, a sentence carries its own support, and a refusal has a form of its own;
Chatbot would have to be given HTML for all three, and would clean it on its way to the browser.
`gr.HTML` updates the page in place, so that streaming neither flickers nor loses the focus.

Every function is pure, and all text passes `turns.escape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, groupby

from rag.i18n import CHINESE, Messages
from rag.page.turns import (
    NEAREST,
    Feedback,
    Judgement,
    Turn,
    escape,
    evidence_html,
    is_reply,
    places,
    scope_text,
    turn_text,
)
from rag.text.normalize import squeeze
from rag.text.quantities import figures
from rag.types import (
    ROW,
    Answer,
    Cell,
    Citation,
    Computed,
    Passage,
    Sentence,
    Span,
    Status,
    Support,
)
from rag.wire import parting, remark_sentence, remark_text

EXTRACTIVE = "extractive"  # what an answer of the documents' own sentences names as its model
EXTRACT_CHARACTERS = 90  # of a passage in a list
MAX_COMMENT_CHARACTERS = 2_000

_Cited = dict[int, list[tuple[int, Citation]]]
"""The citations of each passage, by its rank, with their numbers in the answer."""

_FACES = {
    Status.ANSWERED: "answered",
    Status.NEAREST: "nearest",
    Status.NO_EVIDENCE: "none",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """What the sentences of an answer are shown with: the page's language, the passages by rank,
    the short answer, what was computed, and whether paragraphs say where they come from."""

    say: Messages
    passages: Mapping[int, Passage]
    short: str = ""
    computed: Computed | None = None
    sourced: bool = False


def turn_html(turn: Turn, say: Messages = CHINESE) -> str:
    """A question and its answer as far as it is there."""
    body = "".join(_body(turn, say)) + ("" if turn.busy else _acts(turn, say))
    state = "busy" if turn.busy else "done"
    face = "" if turn.answer is None else f' data-face="{_face(turn.answer)}"'
    return (
        f'<article class="wj-turn" data-state="{state}"{face} '
        f'aria-busy="{str(turn.busy).lower()}">'
        f'<h2 class="wj-question">{escape(turn.question)}</h2>'
        f"{_asked_of(turn, say)}{body}</article>"
    )


def _asked_of(turn: Turn, say: Messages) -> str:
    if turn.where is None:
        return ""
    return f'<p class="wj-note wj-asked-of">{escape(scope_text(turn.where, say))}</p>'


def _face(answer: Answer) -> str:
    return "reply" if is_reply(answer) else _FACES[answer.status]


def _acts(turn: Turn, say: Messages) -> str:
    text = escape(turn_text(turn, say))
    judging = "" if turn.answer is None else judging_html(turn.feedback, say)
    return (
        f'<div class="wj-acts"><button type="button" data-act="copy" data-copy="{text}">'
        f'{say("turn.copy")}</button><button type="button" data-act="retry">{say("turn.retry")}'
        f'</button><button type="button" data-act="edit">{say("turn.edit")}</button>{judging}</div>'
    )


def judging_html(feedback: Feedback | None, say: Messages) -> str:
    """The buttons that judge an answer and, once one is pressed, the field for a comment."""
    given = feedback.verdict if feedback else None
    buttons = "".join(
        f'<button type="button" data-act="rate" data-verdict="{one.value}" '
        f'aria-pressed="{str(one is given).lower()}">{say(f"judge.{one.value}")}</button>'
        for one in Judgement
    )
    group = (
        f'<span class="wj-judge" role="group" aria-label="{say("judge.title")}">{buttons}</span>'
    )
    if feedback is None:
        return group
    comment, hint = escape(feedback.comment), say("judge.comment")
    return (
        f'{group}<form class="wj-comment" data-verdict="{feedback.verdict.value}"><input '
        f'maxlength="{MAX_COMMENT_CHARACTERS}" value="{comment}" placeholder="{hint}" '
        f'aria-label="{hint}"><button class="wj-plain">{say("judge.save")}</button></form>'
    )


def error_html(html: str) -> str:
    """A box that says what went wrong."""
    return f'<div class="wj-error" role="alert">{html}</div>'


def stop_html(say: Messages) -> str:
    """The button that ends an answer; the page's styles show it while one is being given."""
    return f'<button type="button" data-act="stop">{say("question.stop")}</button>'


def _body(turn: Turn, say: Messages) -> Iterator[str]:
    if turn.answer is not None:
        if is_reply(turn.answer):
            yield f'<div class="wj-answer">{escape(turn.answer.text)}</div>'
            return
        refused = turn.answer.status is Status.NO_EVIDENCE
        yield from _refusal(turn.answer, say) if refused else _answer(turn.answer, say)
        return
    if turn.sentences or turn.pending:
        said = _Said(say, {passage.rank: passage for passage in turn.passages or ()})
        yield f'<div class="wj-answer">{_sentences(turn.sentences, said)}'
        if turn.pending:
            yield f'<span class="wj-pending">{escape(turn.pending)}</span>'
        yield "</div>"
    if turn.error is not None:
        yield error_html(f"<b>{say('turn.failed')}</b><p>{escape(turn.error)}</p>")
    elif turn.stopped:
        yield f'<p class="wj-note">{say("turn.stopped")}</p>'
    elif turn.passages is None:
        yield f'<p class="wj-note wj-wait" role="status">{say("turn.searching")}</p>'
    else:
        checking = say("turn.checking", passages=len(turn.passages))
        yield f'<p class="wj-note wj-wait" role="status">{checking}</p>'


def _answer(answer: Answer, say: Messages) -> Iterator[str]:
    """The headline, if there is one, what is said, its sources, and what holds of it. Where
    figures differ there is no headline: they stand beside each other in its place."""
    cited = _quoting(answer.sentences)
    if answer.status is Status.NEAREST:
        missing = escape(answer.missing or say("turn.missing"))
        yield f'<div class="wj-missing"><b>{missing}</b></div>'
        yield f'<p class="wj-note">{say("turn.closest")}</p>'
    elif answer.short and not answer.differing:
        yield f'<p class="wj-short">{escape(answer.short)}</p>'
    yield from _differing(answer, cited, say)
    said = _said(answer, say)
    yield f'<div class="wj-answer">{_sentences(answer.sentences, said)}</div>'
    yield from _remarks(answer, say)
    first = [passage for passage in answer.passages if passage.rank in cited]
    rest = [passage for passage in answer.passages if passage.rank not in cited]
    if first:
        yield f'<ul class="wj-sources" aria-label="{say("turn.sources")}">'
        documents: dict[str, list[Passage]] = {}
        for passage in first:
            documents.setdefault(passage.document, []).append(passage)
        yield "".join(_source(places, say) for places in documents.values())
        yield "</ul>"
    # What only comes nearest claims nothing, so that nothing is held against it.
    counted = "" if answer.status is Status.NEAREST else _counts(answer.sentences, said)
    yield f'<p class="wj-note">{counted}{_made_by(answer, say)}</p>'
    if rest:
        items = "".join(_near(passage) for passage in rest)
        yield (
            f'<details class="wj-more"><summary>{say("turn.others", passages=len(rest))}</summary>'
            f'<ul class="wj-nearest">{items}</ul></details>'
        )
    yield _store(answer.passages, cited, say)


def _said(answer: Answer, say: Messages) -> _Said:
    cited = {citation.n for sentence in answer.sentences for citation in sentence.citations}
    passages = {passage.rank: passage for passage in answer.passages}
    return _Said(
        say,
        passages,
        answer.short or "",
        answer.computed,
        answer.model == EXTRACTIVE and len({_section(passages[n]) for n in cited}) > 1,
    )


def _differing(answer: Answer, cited: _Cited, say: Messages) -> Iterator[str]:
    """The figures that differ, each with where and when; a click shows the passage."""
    if not answer.differing:
        return
    passages = {passage.rank: passage for passage in answer.passages}
    items = []
    for figure in answer.differing:
        passage, quoting = passages[figure.n], cited.get(figure.n, [])
        holding = [number for number, c in quoting if squeeze(figure.text) in squeeze(c.quote)]
        which = f' data-c="{holding[0]}"' if holding else ""
        place = say("list.comma").join([passage.title, *filter(None, [passage.date])])
        items.append(
            f'<li><button type="button" data-n="{figure.n}"{which}><b>{escape(figure.text)}</b>'
            f'<small>{escape(place)}</small><span class="wj-n">{figure.n}</span></button></li>'
        )
    yield (
        f'<section class="wj-differ" role="note"><b>{say("turn.differing")}</b>'
        f"<ul>{''.join(items)}</ul><p>{say('turn.differing_hint')}</p></section>"
    )


def _remarks(answer: Answer, say: Messages) -> Iterator[str]:
    if answer.searched:
        searched = escape(say("turn.searched", question=answer.searched))
        yield f'<p class="wj-note">{searched}</p>'
    for remark in answer.remarks:
        text = escape(remark_sentence(replace(remark, n=None), say.language))
        shown = ""
        if remark.n is not None:
            label = escape(say("turn.passage", n=remark.n))
            shown = (
                f' <button type="button" class="wj-cite" data-n="{remark.n}" '
                f'aria-label="{label}">{remark.n}</button>'
            )
        yield f'<p class="wj-notice" role="note">{text}{shown}</p>'


def _refusal(answer: Answer, say: Messages) -> Iterator[str]:
    refused = f"<b>{say('turn.refused')}</b><p>{say('turn.refused_text')}</p>"
    yield f'<div class="wj-refusal">{refused}</div>'
    yield from _remarks(answer, say)
    if answer.passages:
        near, rest = answer.passages[:NEAREST], answer.passages[NEAREST:]
        yield f'<p class="wj-note">{say("turn.nearest")}</p>'
        yield f'<ul class="wj-nearest">{"".join(map(_near, near))}</ul>'
        if rest:
            yield (
                f'<details class="wj-more"><summary>{say("turn.more", passages=len(rest))}'
                f"</summary>"
                f'<ul class="wj-nearest">{"".join(map(_near, rest))}</ul></details>'
            )
    yield _store(answer.passages, {}, say)


def _sentences(sentences: Sequence[Sentence], said: _Said) -> str:
    """Sentences with their citations, these numbered through the answer from 0; lists and tables as
    such, sentences of documents by where they come from."""
    parts: list[str] = []
    numbers = count()
    for form, group in groupby(_items(sentences), _form):
        items = list(group)
        if form == "table":
            parts.append(_table(items, numbers, said))
        elif form:
            entries = [f"<li{_value(item)}>{_prose(item, numbers, said)}</li>" for item in items]
            parts.append(f"<{form}>{''.join(entries)}</{form}>")
        else:
            flat = [sentence for item in items for sentence in item]
            parts.append(_paragraphs(flat, numbers, said))
    return "".join(parts)


def _paragraphs(sentences: Sequence[Sentence], numbers: Iterator[int], said: _Said) -> str:
    """Prose; where several places speak, each with a line that says which."""
    if not said.sourced:
        return _prose(sentences, numbers, said)
    groups: list[tuple[tuple[str, ...], list[Sentence]]] = []
    for sentence in sentences:
        n = sentence.citations[0].n if sentence.citations else None
        place = _section(said.passages[n]) if n is not None and n in said.passages else ()
        if groups and groups[-1][0] == place:
            groups[-1][1].append(sentence)
        else:
            groups.append((place, [sentence]))
    parts = []
    for place, group in groups:
        where = " · ".join(map(escape, filter(None, place[1:])))
        line = f'<span class="wj-from">{where}</span>' if where else ""
        parts.append(f'<p class="wj-para">{line}{_prose(group, numbers, said)}</p>')
    return "".join(parts)


def _section(passage: Passage) -> tuple[str, ...]:
    """Where a passage stands: its document, and how that is told: title, date, section."""
    section = passage.headings[-1] if passage.headings else ""
    section = "" if section.startswith(passage.title) else section
    return (passage.document, passage.title, passage.date or "", section)


def _items(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    """The sentences, those together that one item of a list holds."""
    item: list[Sentence] = []
    for sentence in sentences:
        if item and (sentence.lead or not item[0].lead.strip() or "\t" in sentence.text):
            yield item
            item = []
        item.append(sentence)
    if item:
        yield item


def _form(item: Sequence[Sentence]) -> str:
    """The element that holds an item: empty for prose."""
    lead = item[0].lead
    if lead == ROW or "\t" in item[0].text:
        return "table"
    return "ul" if lead == "- " else "ol" if lead.strip() else ""


def _value(item: Sequence[Sentence]) -> str:
    number = item[0].lead.rstrip(". ")
    return f' value="{int(number)}"' if number.isdigit() else ""


def _table(rows: Sequence[Sequence[Sentence]], numbers: Iterator[int], said: _Said) -> str:
    """Rows of a table; the citations and the mark of a row stand in its last cell. Rows quoted
    from a document have the labels of their columns above them, also where these stand elsewhere,
    and the cell that is the short answer is marked."""
    lines = []
    asked = _asked_cell([row for row, *_ in rows], said)
    for position, (row, *_) in enumerate(rows):
        places = _cell_places(row)
        heads = [] if position or row.lead == ROW else _labels(places, said)
        if any(heads):
            told = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
            lines.append(f"<tr>{told}</tr>")
        name = "td" if position or any(heads) else "th"
        cells = []
        for cell, place in zip(row.text.split("\t"), places, strict=True):
            words = f'<span class="wj-said">{escape(cell)}</span>'
            here = place is not None and place == asked
            cells.append(f'<mark class="wj-asked">{words}</mark>' if here else words)
        cells[-1] += _cites(row, numbers, said) + _support(row, said)
        told = "".join(f"<{name}>{cell}</{name}>" for cell in cells)
        lines.append(f'<tr class="wj-s" data-support="{row.support.value}">{told}</tr>')
    return f'<div class="wj-rows" tabindex="0"><table>{"".join(lines)}</table></div>'


def _cell_places(row: Sentence) -> list[tuple[int, Span] | None]:
    """Where the cells of a row stand that is quoted from a document, by passage; None for a cell
    of a chat model's table."""
    pieces = row.text.split("\t")
    found = next((c for c in row.citations if c.quote == row.text), None)
    if found is None or row.lead == ROW:
        return [None] * len(pieces)
    places: list[tuple[int, Span] | None] = []
    at = found.span.start
    for piece in pieces:
        places.append((found.n, Span(at, at + len(piece))))
        at += len(piece) + 1
    return places


def _cells_of(place: tuple[int, Span] | None, said: _Said) -> Iterator[Cell]:
    if place is not None and place[0] in said.passages:
        yield from (cell for cell in said.passages[place[0]].cells if cell.span == place[1])


def _labels(places: Sequence[tuple[int, Span] | None], said: _Said) -> list[str]:
    """What stands above each cell of a row in its table; empty where nothing does."""
    found = [next(_cells_of(place, said), None) for place in places]
    return [" ".join(label.text for label in cell.columns) if cell else "" for cell in found]


def _asked_cell(rows: Sequence[Sentence], said: _Said) -> tuple[int, Span] | None:
    """The cell of quoted rows that is the short answer: the best fit to the question of those that
    it begins with."""
    there = {place for row in rows for place in _cell_places(row) if place is not None}
    short = squeeze(said.short)
    for n in dict.fromkeys(n for n, _ in there):
        passage = said.passages.get(n)
        for cell in passage.cells if passage else ():
            words = squeeze(cell.text)
            if (n, cell.span) in there and words and short.startswith(words):
                return (n, cell.span)
    return None


def _prose(sentences: Sequence[Sentence], numbers: Iterator[int], said: _Said) -> str:
    parts: list[str] = []
    before = ""
    for sentence in sentences:
        # The last mark and the numbers stay on one line.
        body, end = escape(sentence.text[:-1]), escape(sentence.text[-1:])
        broken = before and (sentence.lead == "\n" or parting(before, sentence.text) == "\n")
        parts.append("<br>" if broken else " " if parts else "")
        before = sentence.text
        parts.append(
            f'<span class="wj-s" data-support="{sentence.support.value}">'
            f'<span class="wj-said">{body}</span><span class="wj-end">'
            f'<span class="wj-said">{end}</span>{_cites(sentence, numbers, said)}</span>'
            f"{_support(sentence, said)}</span>"
        )
    return "".join(parts)


def _cites(sentence: Sentence, numbers: Iterator[int], said: _Said) -> str:
    mark = _mark(sentence, said)
    return "".join(_cite(next(numbers), one, mark, said.say) for one in sentence.citations)


def _cite(number: int, citation: Citation, mark: str, say: Messages) -> str:
    found = places(citation.page, citation.lines, say)
    place = say("list.comma").join(filter(None, [citation.title, citation.clause, *found]))
    label = escape(say("turn.source", n=citation.n, place=place))
    return (
        f'<button type="button" class="wj-cite" data-n="{citation.n}" data-c="{number}"'
        f' data-start="{citation.span.start}" data-end="{citation.span.end}"'
        f' data-quote="{escape(citation.quote)}" data-place="{escape(place)}"'
        f' data-mark="{escape(mark)}" aria-label="{label}">{citation.n}</button>'
    )


def _kind(sentence: Sentence, said: _Said) -> str:
    """What a sentence without fault is: a quotation, a computed figure, or one that was checked."""
    if said.computed is not None and said.computed.expression in sentence.text:
        return "computed"
    quoted = squeeze("".join(citation.quote for citation in sentence.citations))
    return "quoted" if squeeze(sentence.text).rstrip("\u3002.") in quoted else "checked"


def _mark(sentence: Sentence, said: _Said) -> str:
    """What holds of a sentence, in words: no more than was held against its quotation."""
    say = said.say
    if sentence.support is Support.NONE:
        return ""
    if sentence.support is Support.SUPPORTED:
        kind = _kind(sentence, said)
        return say(f"mark.{kind}", what=_checked([sentence], say))
    word = say(f"support.{sentence.support.value}")
    if sentence.reason is None:
        return word
    return say("support.reason", support=word, reason=remark_text(sentence.reason, say.language))


def _checked(sentences: Sequence[Sentence], say: Messages) -> str:
    """What of sentences was held against their quotations: figures and dates where they have any,
    the wording always."""
    found = [figures(sentence.text) for sentence in sentences]
    kinds = [
        name
        for name, there in (
            ("numbers", any(quantities for quantities, _ in found)),
            ("dates", any(dates for _, dates in found)),
            ("wording", True),
        )
        if there
    ]
    return say("list.pause").join(say(f"mark.{kind}") for kind in kinds)


def _support(sentence: Sentence, said: _Said) -> str:
    mark = _mark(sentence, said)
    if sentence.support is Support.SUPPORTED:
        unseen = escape(said.say("support.unseen", support=mark))
        return f'<span class="wj-unseen">{unseen}</span>'
    return f'<span class="wj-support">{escape(mark)}</span>' if mark else ""


def _counts(sentences: Sequence[Sentence], said: _Said) -> str:
    """What holds of how many sentences, in words."""
    say = said.say
    counts = []
    for kind in ("quoted", "computed", "checked"):
        held = [
            sentence
            for sentence in sentences
            if sentence.support is Support.SUPPORTED and _kind(sentence, said) == kind
        ]
        if held:
            text = say(f"mark.{kind}_counted", sentences=len(held), what=_checked(held, say))
            counts.append((kind, text))
    for support in (Support.PARTLY, Support.UNSUPPORTED):
        if doubted := sum(sentence.support is support for sentence in sentences):
            word = say(f"support.{support.value}")
            counts.append((support.value, say("turn.counted", sentences=doubted, support=word)))
    told = escape(say("list.comma")).join(
        f'<span class="wj-count" data-support="{kind}">{escape(text)}</span>'
        for kind, text in counts
    )
    return f"{told} · " if told else ""


def _made_by(answer: Answer, say: Messages) -> str:
    maker = say("turn.extract") if answer.model == EXTRACTIVE else escape(answer.model)
    seconds = (answer.timings.retrieve_ms + answer.timings.answer_ms) / 1000
    return f"{maker} · {say('turn.seconds', seconds=f'{seconds:.2f}')}"


def _quoting(sentences: Sequence[Sentence]) -> _Cited:
    """The citations of each passage, by its rank, with their numbers in the answer."""
    found: _Cited = {}
    citations = chain.from_iterable(sentence.citations for sentence in sentences)
    for number, citation in enumerate(citations):
        found.setdefault(citation.n, []).append((number, citation))
    return found


def _source(passages: Sequence[Passage], say: Messages) -> str:
    """The card of a document with the places of it that are quoted."""
    first = passages[0]
    date = f"<small> · {escape(first.date)}</small>" if first.date else ""
    buttons = "".join(
        f'<button type="button" data-n="{passage.rank}"><span class="wj-n">{passage.rank}</span> '
        f"{escape(_place_of(passage, say))}</button>"
        for passage in passages
    )
    return (
        f'<li class="wj-source"><button type="button" class="wj-doc-open" '
        f'data-read="{escape(first.document)}" data-start="{first.span.start}" '
        f'data-end="{first.span.end}"><b>{escape(first.title)}</b></button>{date}'
        f'<span class="wj-places">{buttons}</span></li>'
    )


def _place_of(passage: Passage, say: Messages) -> str:
    """Where in its document a passage stands: page or lines, and section."""
    lines = None if passage.page is not None else passage.lines
    section = _section(passage)[-1]
    found = [*places(passage.page, lines, say), *([section] if section else [])]
    return " · ".join(found) or say("turn.passage", n=passage.rank)


def _near(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    extract = text[:EXTRACT_CHARACTERS] + "…" * (len(text) > EXTRACT_CHARACTERS)
    date = f" · {escape(passage.date)}" if passage.date else ""
    return (
        f'<li><button type="button" data-n="{passage.rank}"><span class="wj-n">{passage.rank}'
        f"</span> <b>{escape(passage.title)}</b><small>{date}</small>"
        f"<span>{escape(extract)}</span></button></li>"
    )


def _store(passages: Sequence[Passage], cited: _Cited, say: Messages) -> str:
    """The evidence cards, unseen; the page's script shows one of them in the panel."""
    cards = "".join(
        f'<div data-n="{passage.rank}">'
        f"{evidence_html(passage, cited.get(passage.rank, ()), say)}</div>"
        for passage in passages
    )
    return f'<div class="wj-store" hidden>{cards}</div>'
