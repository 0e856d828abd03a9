"""A transformer that ranks passages and marks the answer in one pass, made by `training.joint`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from rag.errors import ModelError, ModelUnavailable
from rag.models.joint_input import Marks, Rows, join
from rag.models.network import Network
from rag.models.reading import Floats, Reading, shares
from rag.models.subwords import Tokens, load_subwords
from rag.models.vectors import Float32, logistic

MODEL, CARD = "model.onnx", "joint.json"
LARGEST = 64 << 20  # bytes; the largest network that is loaded


@dataclass(frozen=True, slots=True)
class Judged:
    """A passage's worth for a question, higher is better, comparable for one question; and where
    the answer stands in it."""

    worth: float
    reading: Reading


class JointReader:
    """Judges passages. Safe to use from several threads."""

    def __init__(self, model: bytes, card: bytes) -> None:
        """Takes the contents of `model.onnx` and `joint.json`.

        Raises:
            ModelError: they are malformed, or made for another vocabulary.
        """
        self._subwords = load_subwords()
        try:
            made_for = json.loads(card)["tokenizer"]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"malformed {CARD} of the joint network: {error}") from None
        self.name = f"joint@{hashlib.sha256(model).hexdigest()[:12]}"
        if made_for != self._subwords.digest:
            raise ModelError(
                f"the joint network was made for the tokens {made_for!r}, the built-in encoder "
                f"has {self._subwords.digest!r}; make it anew with `python -m training.joint`"
            )
        self._marks = Marks(self._subwords.size)
        self._network = Network(model, "joint network")

    def judge(self, question: str, passages: Sequence[str]) -> list[Judged]:
        """Judges the passages for a question, one result each, in their order."""
        if not passages:
            return []
        asked = self._subwords.read(question)
        texts = [self._subwords.read(passage) for passage in passages]
        rows = join([asked.ids] * len(texts), [text.ids for text in texts], self._marks)
        worth, start, end = self._network.run({"ids": rows.ids, "sides": rows.sides})
        return [
            Judged(float(worth[i]), _reading(text, rows, i, start[i], end[i]))
            for i, text in enumerate(texts)
        ]

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """Where the answer stands, as `rag.models.reader.Reader.read`."""
        return [judged.reading for judged in self.judge(question, passages)]

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """How well each passage answers, as `rag.models.reranker.Reranker.scores`."""
        worth = np.array([judged.worth for judged in self.judge(question, passages)], np.float32)
        return logistic(worth)


@cache
def load_joint(folder: Path) -> JointReader:
    """The joint network of a folder, loaded once.

    Raises:
        ModelUnavailable: it is not there, or larger than what is loaded.
        ModelError: it is malformed, or made for another vocabulary.
    """
    contents = []
    for name in (MODEL, CARD):
        path = folder / name
        try:
            size = path.stat().st_size
            if size > LARGEST:
                raise ModelUnavailable(f"{path} has {size} bytes, the limit is {LARGEST}")
            contents.append(path.read_bytes())
        except OSError as error:
            raise ModelUnavailable(
                f"no joint network in {folder} ({error}); make one with `python -m training.joint`"
            ) from None
    return JointReader(*contents)


def _reading(text: Tokens, rows: Rows, row: int, start: Floats, end: Floats) -> Reading:
    """Probabilities over the passage's places and "no answer"; 0 for what was not read."""
    first, kept = int(rows.firsts[row]), int(rows.kept[row])
    begins, closes = (np.zeros(len(text.ids), np.float32) for _ in range(2))
    begins[:kept] = shares(start)[first : first + kept]
    closes[:kept] = shares(end)[first : first + kept]
    return Reading(text.starts, text.ends, begins, closes)
