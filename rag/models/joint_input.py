"""What the joint network is given: a question and a passage as one row of token ids.

Numpy alone: the same rows are made where the network is trained, on a machine that has little else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

LONGEST = 256
"""Tokens in a row, the question and three marks among them."""
LONGEST_QUESTION = 56
MARKS = 4


@dataclass(frozen=True, slots=True)
class Marks:
    """The ids behind a vocabulary of `size` tokens that stand for no text."""

    size: int

    @property
    def padding(self) -> int:
        """Fills the shorter rows of a batch."""
        return self.size

    @property
    def start(self) -> int:
        """Begins a row; its place stands for "no answer"."""
        return self.size + 1

    @property
    def end(self) -> int:
        """Ends a question, a passage, a document."""
        return self.size + 2

    @property
    def mask(self) -> int:
        """Stands for a token to be guessed."""
        return self.size + 3


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a batch, `(n, longest)` each: token ids, and which side they belong to (0 the
    question, 1 the passage). Token `j` of passage `i` stands at `firsts[i] + j` and is there
    for `j < kept[i]`."""

    ids: Ints
    sides: Ints
    firsts: Ints
    kept: Ints


def join(questions: Sequence[Ints], passages: Sequence[Ints], marks: Marks) -> Rows:
    """One row for each pair: start, question, end, passage, end; both are cut where too long.

    >>> rows = join([np.array([5])], [np.array([6, 7])], Marks(10))
    >>> rows.ids.tolist(), rows.sides.tolist(), rows.firsts.tolist()
    ([[11, 5, 12, 6, 7, 12]], [[0, 0, 0, 1, 1, 1]], [3])
    """
    asked = [question[:LONGEST_QUESTION] for question in questions]
    firsts = np.array([len(question) + 2 for question in asked], np.int64)
    room = LONGEST - firsts - 1
    kept = np.minimum([len(passage) for passage in passages], room).astype(np.int64)
    width = int((firsts + kept + 1).max(initial=0))
    ids = np.full((len(asked), width), marks.padding, np.int64)
    sides = np.zeros_like(ids)
    for i, (question, passage) in enumerate(zip(asked, passages, strict=True)):
        first, count = int(firsts[i]), int(kept[i])
        ids[i, 0] = marks.start
        ids[i, 1 : first - 1] = question
        ids[i, first - 1] = marks.end
        ids[i, first : first + count] = passage[:count]
        ids[i, first + count] = marks.end
        sides[i, first : first + count + 1] = 1
    return Rows(ids, sides, firsts, kept)
