"""Text into sentences, and the tokens that it has for a chat model.

Sentences of Chinese and English text are spans of it. Tokens are counted by tiktoken (third party)
with ranks that ship with Wenju; its own would need a download. A model's own tokens are others:
`chat.margin` leaves room for that.
"""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.i18n import say
from rag.offline import load_builtin
from rag.types import Span

if TYPE_CHECKING:
    from tiktoken import Encoding


# A sentence ends with one of these marks and whatever closes after it. A full stop ends one
# only before white space or the end, and not between figures or after a single capital (U.S.).
_END = re.compile(
    r"(?:[。！？!?；;]|…{1,2}(?=[”」』])|(?<![A-Z])\.(?=\s|$|[”\"'）)\[]))+[”’」』》】）)\"']*"
)
# What may stand at the end of a sentence, and what may close after it.
_TERMINAL = "。！？!?；;：:…."
_CLOSERS = "”’」』》】）)\"'］]"
_LONG_QUOTE = 160
_CLAUSE = re.compile(r"[，、；,;：:]")


def sentences(text: str, start: int = 0) -> list[Span]:
    """The sentences of `text` in order, shifted by `start`: together they cover everything but
    white space at their edges. Line ends end sentences; a closing mark stays with its sentence.

    >>> [s.of("甲。“乙！”丙\\n丁") for s in sentences("甲。“乙！”丙\\n丁")]
    ['甲。', '“乙！”', '丙', '丁']
    """
    found: list[Span] = []
    position = 0
    for line in text.splitlines(keepends=True):
        begin = position
        last = position + len(line.rstrip())
        for match in _END.finditer(line):
            end = position + match.end()
            if end < last and _open_quote(text[begin:end]):
                continue
            _add(found, text, begin, end, start)
            begin = end
        position += len(line)
        _add(found, text, begin, position, start)
    return found


def _open_quote(text: str) -> bool:
    """A quotation in which several sentences stand is not cut, unless it is long."""
    return len(text) < _LONG_QUOTE and any(
        text.count(left) > text.count(right) for left, right in ("“”", "（）")
    )


def _add(found: list[Span], text: str, begin: int, end: int, shift: int) -> None:
    piece = text[begin:end]
    lead = len(piece) - len(piece.lstrip())
    if piece.strip():
        found.append(Span(shift + begin + lead, shift + begin + len(piece.rstrip())))


def ends_sentence(text: str) -> bool:
    """Whether `text` ends with a mark that ends a sentence or a clause of a list.

    >>> ends_sentence("他说：“好。”"), ends_sentence("他说，")
    (True, False)
    """
    return text.rstrip(_CLOSERS + " ")[-1:] in _TERMINAL and text != ""


def split_long(text: str, span: Span, limit: int) -> list[Span]:
    """`span` of `text` in parts of at most `limit` characters, cut after a clause mark where
    there is one in the second half of the part, else at the limit.

    >>> [part.of("一二三，四五六七") for part in split_long("一二三，四五六七", Span(0, 8), 5)]
    ['一二三，', '四五六七']
    """
    parts: list[Span] = []
    start = span.start
    while span.end - start > limit:
        marks = [m.end() for m in _CLAUSE.finditer(text, start + limit // 2, start + limit)]
        cut = marks[-1] if marks else start + limit
        parts.append(Span(start, cut))
        start = cut
    parts.append(Span(start, span.end))
    return parts


BUILTIN = "wenju"
RANKS = "tokens.gz"
PATTERN = r" ?\p{L}{1,32}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,32}|\s{1,32}"
"""Pieces that are encoded one by one. Their length is bounded: encoding a piece takes time that
grows with the square of its length."""


def count_tokens(text: str) -> int:
    """The number of tokens of `text`; special tokens written in it count as plain text.

    >>> count_tokens("")
    0

    Raises: as `load_encoding`.
    """
    return len(load_encoding().encode_ordinary(text))


@cache
def load_encoding() -> Encoding:
    """The built-in encoding.

    Raises:
        ModelError: its ranks are damaged.
    """
    import tiktoken

    ranks = parse_ranks(load_builtin(RANKS))
    return tiktoken.Encoding(BUILTIN, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def parse_ranks(content: bytes) -> dict[bytes, int]:
    """Ranks of byte sequences from a gzip file with one base64 token a line, in rank order.

    Raises:
        ModelError: malformed content, or one of the 256 single bytes is missing.
    """
    try:
        lines = gzip.decompress(content).split()
        ranks = {base64.b64decode(line, validate=True): rank for rank, line in enumerate(lines)}
    except (OSError, EOFError, ValueError) as error:
        raise ModelError(say("tokens.malformed", name=RANKS, error=error)) from None
    if len(ranks) != len(lines) or any(bytes([byte]) not in ranks for byte in range(256)):
        raise ModelError(say("tokens.incomplete", name=RANKS))
    return ranks
