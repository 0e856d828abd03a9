"""A turn and a conversation as text to take away: the answer, and under it its sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.page.evidence import places
from rag.page.turn import Turn
from rag.types import Citation, Sentence, Status, Support

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def turn_text(turn: Turn) -> str:
    """The question, the answer and its sources as plain text."""
    return "\n\n".join(_parts(turn, str, turn.question))


def conversation_markdown(title: str, turns: Sequence[Turn]) -> str:
    """A conversation as Markdown; nothing in it that a document says is markup."""
    parts = [f"# {_escaped(title)}"]
    for turn in turns:
        parts += _parts(turn, _escaped, f"## {_escaped(turn.question)}")
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    """`text` on one line as Markdown that shows as this text.

    >>> _escaped("![x](http://y) <b>")
    '\\\\!\\\\[x\\\\](http://y) \\\\<b\\\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _parts(turn: Turn, escape: Callable[[str], str], question: str) -> list[str]:
    if turn.answer is not None and turn.answer.status is Status.NO_EVIDENCE:
        return [question, escape(turn.answer.text)]
    parts = [question]
    if turn.sentences:
        parts.append("\n".join(_sentence(sentence, escape) for sentence in turn.sentences))
    if turn.error is not None:
        parts.append(escape(turn.error))
    elif turn.stopped:
        parts.append("（已停止）")
    citations = dict.fromkeys(c for sentence in turn.sentences for c in sentence.citations)
    if citations:
        lines = "\n".join(f"- {_source(citation, escape)}" for citation in citations)
        parts.append(f"出处：\n\n{lines}")
    return parts


def _sentence(sentence: Sentence, escape: Callable[[str], str]) -> str:
    ranks = dict.fromkeys(citation.n for citation in sentence.citations)
    markers = "".join(f"[{rank}]" for rank in ranks)
    words = {Support.PARTLY: "部分支持", Support.UNSUPPORTED: "无依据"}
    doubt = words.get(sentence.support)
    reason = f"：{escape(sentence.reason)}" if sentence.reason else ""
    return escape(sentence.text) + markers + (f"（{doubt}{reason}）" if doubt else "")


def _source(citation: Citation, escape: Callable[[str], str]) -> str:
    where = [escape(citation.document), *places(citation.page, citation.lines)]
    quote = escape(citation.quote)
    return f"[{citation.n}] {escape(citation.title)}（{'，'.join(where)}）：“{quote}”"
