"""A turn and a conversation as text to take away: the answer, and under it its sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.page.evidence import places
from rag.page.messages import CHINESE, Messages
from rag.page.turn import Turn
from rag.types import Citation, Sentence, Status, Support

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
    if turn.answer is not None and turn.answer.status is Status.NO_EVIDENCE:
        return [question, escape(turn.answer.text)]
    parts = [question]
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
    return parts


def _sentence(sentence: Sentence, escape: Callable[[str], str], say: Messages) -> str:
    ranks = dict.fromkeys(citation.n for citation in sentence.citations)
    markers = "".join(f"[{rank}]" for rank in ranks)
    text = escape(sentence.text) + markers
    if sentence.support is Support.SUPPORTED:
        return text
    doubt = say(f"support.{sentence.support.value}")
    if sentence.reason:
        doubt = say("support.reason", support=doubt, reason=escape(sentence.reason))
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
