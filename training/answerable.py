"""Learns when to say no: a logistic model of `rag.answering.confidence`'s signals.

`training.asking` asks the questions. Of CMRC train and DRCD dev the reader has seen them, so that
its signals weigh somewhat more than they should; of the news it has not.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.answering.confidence import Signals, signals
from rag.answering.evidence import score_sentences
from rag.models.reader import Reader
from training.asking import Asked, asked, collections
from training.changed_questions import Wording

log = logging.getLogger("training")
Floats = npt.NDArray[np.float64]

READ = ("has_first", "has_most", "fits_first", "fits_best", "fits_most")
COMMON = (
    "covered", "unknown", "values", "grounded", "anywhere", "named", "asked", "year", "bound",
    "margin",
)  # fmt: skip
UNREAD = ("fits",)  # what a reader tells better
ANSWERED = 0.9  # share of the questions of users that have an answer, as confidence takes it
RIDGE, ROUNDS = 2.0, 40
LEAST_SCALE = 1e-3  # of a signal that is always the same


@dataclass(frozen=True, slots=True)
class Case:
    """A question as it was asked: the signals, with and without a reader, whether the passages
    hold the answer, and how much it counts."""

    read: Signals
    unread: Signals
    answerable: bool
    weight: float


def cases(found: Iterable[Asked]) -> list[Case]:
    """The signals of what was asked; the cases count 1 in all, `ANSWERED` of it where there is an
    answer."""
    rows = []
    for one in found:
        read = score_sentences(one.query, one.weights, one.passages, one.readings)
        unread = score_sentences(one.query, one.weights, one.unread)
        if read and unread:
            rows.append(
                Case(
                    signals(one.query, one.weights, read, one.passages),
                    signals(one.query, one.weights, unread, one.unread),
                    one.way.answerable,
                    one.way.weight,
                )
            )
    total = {kind: sum(c.weight for c in rows if c.answerable is kind) for kind in (True, False)}
    share = {True: ANSWERED, False: 1 - ANSWERED}
    return [replace(c, weight=c.weight / total[c.answerable] * share[c.answerable]) for c in rows]


def fit(rows: Sequence[Signals], names: Sequence[str], target: Floats, weight: Floats) -> object:
    """Logistic regression by Newton's method, as `rag.models.answerable` reads it; a signal that
    is not there counts as its mean, one that never is as 0."""
    values = np.array([[row[name] for name in names] for row in rows], np.float64)
    values[:, np.isnan(values).all(0)] = 0.0
    mean, scale = np.nanmean(values, 0), np.maximum(np.nanstd(values, 0), LEAST_SCALE)
    x = np.nan_to_num((values - mean) / scale)
    x = np.hstack((np.ones((len(x), 1)), x))
    penalty = np.diag([0.0] + [RIDGE / len(x)] * len(names))
    weight = weight / weight.sum()
    beta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-x @ beta))
        slope = x.T @ (weight * (target - p)) - penalty @ beta
        curve = x.T @ (x * (weight * p * (1 - p))[:, None]) + penalty
        beta += np.linalg.solve(curve, slope)
    return {
        "constant": round(float(beta[0]), 4),
        "signals": {
            name: [round(float(v), 4) for v in (mean[i], scale[i], beta[i + 1])]
            for i, name in enumerate(names)
        },
    }


def build(folder: Path, share: float = 1.0) -> None:
    """Writes `answerable.json` for the reader that lies in `folder`; for a try, `share` of the
    small collections and of the questions of each is enough."""
    files = folder / "reader"
    reader = Reader((files / "model.onnx").read_bytes(), (files / "vocabulary.json").read_bytes())
    wording = Wording.load(files)
    kinds = list(collections())
    found: list[Case] = []
    for place, kind in enumerate(kinds):
        others = [q for other in kinds[:3] for c in other for q in c.questions]
        material: list[Asked] = []
        for collection in kind[: ceil(share * len(kind))]:
            texts = set(collection.documents.values())
            own = {question.passage for question in collection.questions} | texts
            strange = [question for question in others if question.passage not in own]
            material += asked(collection, strange, reader, wording, share)
        found += cases(material)
        log.info("kind %d: %d cases in all", place + 1, len(found))
    target = np.array([case.answerable for case in found], np.float64)
    weight = np.array([case.weight for case in found])
    value = {
        "read": fit([case.read for case in found], (*COMMON, *READ), target, weight),
        "unread": fit([case.unread for case in found], (*COMMON, *UNREAD), target, weight),
    }
    text = json.dumps(value, indent=1) + "\n"
    (folder / "answerable.json").write_text(text, encoding="utf-8")
