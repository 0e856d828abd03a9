"""A turn and a conversation as text to take away: the answer, and under it its sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.answering.prompt import is_refusal
from rag.page.evidence import places
from rag.page.messages import CHINESE, Messages
from rag.page.turn import Turn
from rag.telling.remarks import remark_sentence, remark_text
from rag.types import Answer, Citation, Passage, Sentence, Status, Support

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
    if turn.answer is not None:
        parts += _told(turn.answer, escape, say)
    if turn.answer is not None and is_reply(turn.answer):
        return [*parts, escape(turn.answer.text)]
    if turn.answer is not None and turn.answer.status is Status.NO_EVIDENCE:
        return parts + _refusal(turn.answer, escape, say) + _judged(turn, escape, say)
    if turn.sentences:
        parts.append("\n".join(_sentence(sentence, escape, say) for sentence in turn.sentences))
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


def _sentence(sentence: Sentence, escape: Callable[[str], str], say: Messages) -> str:
    ranks = dict.fromkeys(citation.n for citation in sentence.citations)
    markers = "".join(f"[{rank}]" for rank in ranks)
    text = escape(sentence.text) + markers
    if sentence.support in (Support.SUPPORTED, Support.NONE):
        return text
    doubt = say(f"support.{sentence.support.value}")
    reason = remark_text(sentence.reason, say.language)
    if reason:
        doubt = say("support.reason", support=doubt, reason=escape(reason))
    return text + say("export.doubt", doubt=doubt)


def _source(citation: Citation, escape: Callable[[str], str], say: Messages) -> str:
    where = [escape(citation.document), *places(citation.page, citation.lines, say)]
    source = say(
        "export.source",
        title=escape(citation.title),
        where=say("list.comma").join(where),
        quote=escape(citation.quote),
    )
    return f"[{citation.n}] {source}"
