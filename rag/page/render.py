"""A turn of the conversation as HTML.

Own HTML in `gr.HTML` and not `gr.Chatbot`: a citation is a button inside a sentence that opens
the evidence beside it, a sentence carries its own support, and a refusal has a form of its own;
Chatbot would have to be given HTML for all three, and would clean it on its way to the browser.
`gr.HTML` updates the page in place, so that streaming neither flickers nor loses the focus.

Every function is pure, and all text passes `evidence.escape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from rag.assistant import parting
from rag.page.evidence import escape, evidence_html, places
from rag.page.markdown import NEAREST, is_reply, turn_text
from rag.page.messages import CHINESE, Messages
from rag.page.turn import Feedback, Turn, Verdict
from rag.telling.remarks import remark_sentence, remark_text
from rag.text.fold import squeeze
from rag.types import Answer, Citation, Passage, Sentence, Status, Support

EXTRACT_CHARACTERS = 90  # of a passage in a list
MAX_COMMENT_CHARACTERS = 2_000

_Cited = dict[int, list[tuple[int, Citation]]]
"""The citations of each passage, by its rank, with their numbers in the answer."""


def turn_html(turn: Turn, say: Messages = CHINESE) -> str:
    """A question and its answer as far as it is there."""
    body = "".join(_body(turn, say)) + ("" if turn.busy else _acts(turn, say))
    state = "busy" if turn.busy else "done"
    return (
        f'<article class="wj-turn" data-state="{state}">'
        f'<h2 class="wj-question">{escape(turn.question)}</h2>{body}</article>'
    )


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
        for one in Verdict
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
        yield f'<div class="wj-answer">{_sentences(turn.sentences, say)}'
        if turn.pending:
            yield f'<span class="wj-pending">{escape(turn.pending)}</span>'
        yield "</div>"
    if turn.error is not None:
        failed = f"<b>{say('turn.failed')}</b><p>{escape(turn.error)}</p>"
        yield f'<div class="wj-error" role="alert">{failed}</div>'
    elif turn.stopped:
        yield f'<p class="wj-note">{say("turn.stopped")}</p>'
    elif turn.passages is None:
        yield f'<p class="wj-note wj-wait" role="status">{say("turn.searching")}</p>'
    else:
        checking = say("turn.checking", passages=len(turn.passages))
        yield f'<p class="wj-note wj-wait" role="status">{checking}</p>'


def _answer(answer: Answer, say: Messages) -> Iterator[str]:
    if answer.status is Status.NEAREST:
        missing = escape(answer.missing or "")
        told = f"<b>{say('turn.missing')}</b><p>{missing}</p>"
        yield f'<div class="wj-missing">{told}</div>'
        yield f'<p class="wj-note">{say("turn.closest")}</p>'
    elif answer.short:
        yield f'<p class="wj-short">{escape(answer.short)}</p>'
    yield f'<div class="wj-answer">{_sentences(answer.sentences, say)}</div>'
    cited = _quoting(answer.sentences)
    yield from _differing(answer, cited, say)
    yield from _remarks(answer, say)
    first = [passage for passage in answer.passages if passage.rank in cited]
    rest = [passage for passage in answer.passages if passage.rank not in cited]
    if first:
        sources = "".join(_source(passage, say) for passage in first)
        yield f'<ul class="wj-sources" aria-label="{say("turn.sources")}">{sources}</ul>'
    # What only comes nearest claims nothing, so that nothing is supported.
    counted = "" if answer.status is Status.NEAREST else f"{_counts(answer.sentences, say)} · "
    yield f'<p class="wj-note">{counted}{_made_by(answer, say)}</p>'
    if rest:
        items = "".join(_near(passage) for passage in rest)
        yield (
            f'<details class="wj-more"><summary>{say("turn.others", passages=len(rest))}</summary>'
            f'<ul class="wj-nearest">{items}</ul></details>'
        )
    yield _store(answer.passages, cited, say)


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


def _sentences(sentences: Sequence[Sentence], say: Messages) -> str:
    """Sentences with their citations; these are numbered through the answer from 0."""
    parts: list[str] = []
    number = 0
    before = ""
    for sentence in sentences:
        buttons = ""
        for citation in sentence.citations:
            buttons += _cite(number, citation, say)
            number += 1
        # The last mark and the numbers stay on one line.
        body, end = escape(sentence.text[:-1]), escape(sentence.text[-1:])
        parts.append("<br>" if parting(before, sentence.text) == "\n" else " " if parts else "")
        before = sentence.text
        parts.append(
            f'<span class="wj-s" data-support="{sentence.support.value}">'
            f'<span class="wj-said">{body}</span><span class="wj-end">'
            f'<span class="wj-said">{end}</span>{buttons}</span>{_support(sentence, say)}</span>'
        )
    return "".join(parts)


def _cite(number: int, citation: Citation, say: Messages) -> str:
    found = places(citation.page, citation.lines, say)
    place = say("list.comma").join([citation.title, *found])
    label = escape(say("turn.source", n=citation.n, place=place))
    return (
        f'<button type="button" class="wj-cite" data-n="{citation.n}" data-c="{number}"'
        f' data-start="{citation.span.start}" data-end="{citation.span.end}"'
        f' data-quote="{escape(citation.quote)}" data-place="{escape(place)}"'
        f' aria-label="{label}">{citation.n}</button>'
    )


def _support(sentence: Sentence, say: Messages) -> str:
    if sentence.support is Support.NONE:
        return ""
    word = say(f"support.{sentence.support.value}")
    if sentence.support is Support.SUPPORTED:
        return f'<span class="wj-unseen">{say("support.unseen", support=word)}</span>'
    if sentence.reason:
        reason = remark_text(sentence.reason, say.language)
        word = say("support.reason", support=word, reason=reason)
    return f'<span class="wj-support">{escape(word)}</span>'


def _counts(sentences: Sequence[Sentence], say: Messages) -> str:
    """How many sentences are supported how well, in words."""
    counts = [
        f'<span class="wj-count" data-support="{support.value}">'
        f"{say('turn.counted', sentences=count, support=say(f'support.{support.value}'))}</span>"
        for support in Support
        if support is not Support.NONE
        and (count := sum(sentence.support is support for sentence in sentences))
    ]
    return escape(say("list.comma")).join(counts)


def _made_by(answer: Answer, say: Messages) -> str:
    maker = say("turn.extract") if answer.model == "extractive" else escape(answer.model)
    seconds = (answer.timings.retrieve_ms + answer.timings.answer_ms) / 1000
    return f"{maker} · {say('turn.seconds', seconds=f'{seconds:.2f}')}"


def _quoting(sentences: Sequence[Sentence]) -> _Cited:
    """The citations of each passage, by its rank, with their numbers in the answer."""
    found: _Cited = {}
    citations = chain.from_iterable(sentence.citations for sentence in sentences)
    for number, citation in enumerate(citations):
        found.setdefault(citation.n, []).append((number, citation))
    return found


def _source(passage: Passage, say: Messages) -> str:
    dated = [passage.date] if passage.date else []
    facts = "".join(f" · {escape(fact)}" for fact in (*dated, *places(passage.page, None, say)))
    return (
        f'<li><button type="button" data-n="{passage.rank}"><span class="wj-n">{passage.rank}'
        f"</span> {escape(passage.title)}<small>{facts}</small></button></li>"
    )


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
