"""What a chat model writes, as claims: sentences and the passages that they cite.

The text comes in pieces; however it is cut, the claims are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from rag.answering.marks import Marker, Scanner, named_passages
from rag.text.sentences import sentences
from rag.types import Claim, Span


class ClaimReader:
    """Text in pieces into claims. Of the markers, only the numbers in `ranks` are kept.

    `feed` and `close` give pieces of plain text and, after the last piece of each sentence, its
    `Claim`; the pieces since the claim before, joined, are the claim's text.
    """

    def __init__(self, ranks: Collection[int]) -> None:
        self._ranks = frozenset(ranks)
        self._scanner = Scanner()
        self._text = ""  # from the start of the sentence that is being written
        self._given = 0  # characters of it that have been given
        self._marks: list[tuple[int, bool, tuple[int, ...]]] = []  # place, leading, ranks

    def feed(self, piece: str) -> list[str | Claim]:
        """What is decided once `piece` is known."""
        return [item for token in self._scanner.feed(piece) for item in self._add(token)]

    def close(self) -> list[str | Claim]:
        """What was held back, the last claim included."""
        found = [item for token in self._scanner.close() for item in self._add(token)]
        for span in sentences(self._text):
            found += self._give(span)
            if _says_something(span.of(self._text)):
                found.append(self._claim(span, [ranks for _, _, ranks in self._marks]))
        self._text, self._given, self._marks = "", 0, []
        return found

    def _add(self, token: str | Marker) -> Iterator[str | Claim]:
        if isinstance(token, Marker):
            line = self._text[self._text.rfind("\n") + 1 :]
            kept = tuple(rank for rank in token.ranks if rank in self._ranks)
            self._marks.append((len(self._text), not line.strip(), kept))
            return
        self._text += token
        # Whether these end a sentence is told by what follows.
        spans = sentences(self._text.rstrip(".…"))
        for span, following in pairwise(spans):
            yield from self._give(span)
            ranks = self._cited(span, following)
            self._given = 0
            if _says_something(span.of(self._text)):
                yield self._claim(span, ranks)
        if spans:
            self._drop(spans[-1].start)
            yield from self._give(Span(0, len(spans[-1])))

    def _cited(self, span: Span, following: Span) -> list[tuple[int, ...]]:
        """Takes the marks of a sentence: those in it and behind it, and those in front of it
        where they begin the line; a mark alone on its line belongs to what stands above it."""
        taken, left = [], []
        for mark in self._marks:
            place, leading, ranks = mark
            alone = place > span.start and "\n" in self._text[place : following.start]
            if place <= following.start and (not leading or alone or place <= span.start):
                taken.append(ranks)
            else:
                left.append(mark)
        self._marks = left
        return taken

    def _claim(self, span: Span, marks: list[tuple[int, ...]]) -> Claim:
        text = span.of(self._text)
        named = [rank for rank in named_passages(text) if rank in self._ranks]
        cited = dict.fromkeys([*(rank for ranks in marks for rank in ranks), *named])
        return Claim(text, tuple(cited))

    def _give(self, span: Span) -> Iterator[str]:
        """What of the sentence has not been given yet."""
        text = span.of(self._text)
        if _says_something(text) and len(text) > self._given:
            yield text[self._given :]
            self._given = len(text)

    def _drop(self, start: int) -> None:
        """Forgets the text before `start`."""
        self._text = self._text[start:]
        self._marks = [(place - start, leading, ranks) for place, leading, ranks in self._marks]


def read_claims(text: str, ranks: Collection[int]) -> list[Claim]:
    """The claims of a whole text.

    >>> read_claims("桥长1080米。[1] 由何守礼设计[2,9]。", range(1, 4))
    [Claim(text='桥长1080米。', cited=(1,)), Claim(text='由何守礼设计。', cited=(2,))]
    """
    reader = ClaimReader(ranks)
    return [item for item in reader.feed(text) + reader.close() if isinstance(item, Claim)]


def read_claim(text: str, ranks: Collection[int]) -> Claim:
    """A whole text as one claim, whatever ends sentences in it.

    >>> read_claim("桥长1080米。[1] 由何守礼设计[2,9]。", range(1, 4))
    Claim(text='桥长1080米。 由何守礼设计。', cited=(1, 2))
    """
    scanner = Scanner()
    tokens = scanner.feed(text) + scanner.close()
    cited = dict.fromkeys(
        rank
        for token in tokens
        if isinstance(token, Marker)
        for rank in token.ranks
        if rank in ranks
    )
    said = "".join(token for token in tokens if isinstance(token, str)).strip()
    named = [rank for rank in named_passages(said) if rank in ranks]
    return Claim(said, tuple(dict.fromkeys([*cited, *named])))


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)
