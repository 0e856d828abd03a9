"""What a reader makes of a passage: where the answer begins and ends, and whether there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rag.types import Span

Floats = npt.NDArray[np.float32]

_LEAST = 0.001  # of a probability, beside its log odds
LONGEST_SPAN = 50  # words; 98% of the answers of CMRC train are shorter


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of a passage of n words: `starts` and `ends` are the code points at
    which the words begin and end, `begins` and `closes` the probabilities that the answer begins
    or ends with each word. Both sum to the probability that the passage holds an answer."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    begins: Floats
    closes: Floats

    @property
    def has_answer(self) -> float:
        """The probability in [0, 1] that the passage holds an answer."""
        return float(self.begins.sum() + self.closes.sum()) / 2

    def within(self, span: Span) -> float:
        """The probability that the answer stands in a part of the passage."""
        inside = self.inside(span)
        return float(self.begins[inside].sum() + self.closes[inside].sum()) / 2

    def best(self, span: Span) -> tuple[Span, float]:
        """The likeliest answer in a part of the passage, and its probability; an empty span and
        0 where no word begins there."""
        inside = self.inside(span)
        length = inside.stop - inside.start
        if not length:
            return Span(span.start, span.start), 0.0
        together = np.triu(np.outer(self.begins[inside], self.closes[inside]))
        together -= np.triu(together, LONGEST_SPAN)
        first, last = divmod(int(together.argmax()), length)
        found = Span(int(self.starts[inside.start + first]), int(self.ends[inside.start + last]))
        return found, float(together[first, last])

    def inside(self, span: Span) -> slice:
        """Which of the words begin in a part of the passage."""
        first, end = np.searchsorted(self.starts, (span.start, span.end)).tolist()
        return slice(first, end)


class PassageReader(Protocol):
    """Marks the answer in passages."""

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """Reads the passages for a question, one result each, in their order."""


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), at most ±6.9.

    >>> round(log_odds(0.9), 2), round(log_odds(0.0), 1)
    (2.2, -6.9)
    """
    likely = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(likely / (1 - likely))


def shares(scores: Floats) -> Floats:
    """Scores of the places that there are into probabilities."""
    powers = np.exp(scores - scores.max())
    shares: Floats = powers / powers.sum()
    return shares
