"""Boosted regression trees at run time: numbers by name into a probability, with numpy alone.

The models are fitted by `training` with scikit-learn and kept as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError
from rag.i18n import say
from rag.offline import load_builtin

FILE = "answering.json"
DEEPEST = 8
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """T complete binary trees of one depth d over n named features.

    `feature` (T, 2^d − 1) says which feature a node asks, `threshold` up to which value it goes
    left, `missing` whether NaN does; `value` (T, 2^d) are the leaves, log odds to be added to
    `base`.
    """

    names: tuple[str, ...]
    base: float
    feature: npt.NDArray[np.int64]
    threshold: Floats
    missing: npt.NDArray[np.bool_]
    value: Floats

    @classmethod
    def parse(cls, value: Any) -> Trees:
        """Reads `{"names", "base", "feature", "threshold", "missing", "value"}`, the last four
        lists of one list for each tree.

        Raises:
            ValueError, KeyError, TypeError: it is of another form.
        """
        names = tuple(map(str, value["names"]))
        feature = np.array(value["feature"], np.int64)
        threshold = np.array(value["threshold"], np.float64)
        missing = np.array(value["missing"], np.bool_)
        leaves = np.array(value["value"], np.float64)
        nodes = feature.shape[1] if feature.ndim == 2 else 0
        if nodes + 1 not in [2**depth for depth in range(1, DEEPEST + 1)]:
            raise ValueError(f"{nodes} nodes are no complete tree")
        if not feature.shape == threshold.shape == missing.shape == (len(leaves), nodes):
            raise ValueError("the trees' lists are of different lengths")
        if leaves.shape[1] != nodes + 1 or not np.isfinite(leaves).all():
            raise ValueError("the leaves do not fit the nodes")
        if feature.min(initial=0) < 0 or feature.max(initial=0) >= len(names):
            raise ValueError("a node asks for a feature that has no name")
        return cls(names, float(value["base"]), feature, threshold, missing, leaves)

    def log_odds(self, rows: Sequence[Mapping[str, float]]) -> Floats:
        """The log odds for each row of features, (rows,).

        Raises:
            KeyError: a row lacks a feature that the trees ask for.
        """
        if not rows:
            return np.zeros(0)
        x = np.array([[row[name] for name in self.names] for row in rows], np.float64)
        trees = np.arange(len(self.feature))
        node = np.zeros((len(x), len(trees)), np.int64)
        place = np.arange(len(x))[:, None]
        for _ in range((self.feature.shape[1] + 1).bit_length() - 1):
            asked = x[place, self.feature[trees, node]]
            unknown = np.isnan(asked)
            left = np.where(
                unknown,
                self.missing[trees, node],
                np.where(unknown, 0.0, asked) <= self.threshold[trees, node],
            )
            node = 2 * node + np.where(left, 1, 2)
        leaf = node - self.feature.shape[1]
        found: Floats = self.base + self.value[trees, leaf].sum(axis=1)
        return found

    def probabilities(self, rows: Sequence[Mapping[str, float]]) -> Floats:
        """1 / (1 + exp(−log odds)) for each row, (rows,)."""
        found: Floats = 1 / (1 + np.exp(-np.clip(self.log_odds(rows), -30, 30)))
        return found


@dataclass(frozen=True, slots=True)
class AnswerModels:
    """What the answer side has learned: `sentence`, whether a sentence answers; `span`, whether a
    span of it is the short answer; `answered`, whether the best of both answers. `thresholds` are
    the probabilities from which on something is said, by name."""

    sentence: Trees
    span: Trees
    answered: Trees
    thresholds: Mapping[str, float]


def parse_models(content: bytes) -> AnswerModels:
    """Reads `{"sentence": …, "span": …, "answered": …, "thresholds": {name: probability}}`.

    Raises:
        ModelError: it is of another form.
    """
    try:
        value = json.loads(content)
        return AnswerModels(
            Trees.parse(value["sentence"]),
            Trees.parse(value["span"]),
            Trees.parse(value["answered"]),
            {str(name): float(at) for name, at in value["thresholds"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError(say("model.trees", file=FILE, error=repr(error))) from None


@cache
def load_models() -> AnswerModels:
    """The built-in models, loaded once.

    Raises:
        ModelError: their file is damaged.
    """
    return parse_models(load_builtin(FILE))
