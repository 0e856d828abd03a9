"""Learns whether the wording of a sentence is supported: boosted trees over the features of
`rag.answering.verify`, from sentences of open text, the same and altered.

Sentences whose facts fail are decided without the model and teach it nothing.
"""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from eval import retold
from rag.answering.alignment import align
from rag.answering.contradictions import failures
from rag.answering.statements import facts
from rag.answering.wording import FEATURES, FILE, Model, measured
from training import data
from training.verdict_examples import SAME, Example, Material, examples, passage

log = logging.getLogger("training")
Floats = npt.NDArray[np.float64]

SEED = 20261130
NEWS, PASSAGES = 1300, 500
# Articles whose number is divisible by this are those of `eval verification`.
MEASURED = 50
TREES, DEPTH, LEAF, RATE = 80, 3, 40, 0.1
HELD_OUT = 0.25
RETOLD = "retold"
SUPPORTED = 0.25
"""The least probability of a supported sentence, by the retold ones that are not learned from."""
LEARNED = (SAME, "knowledge", "attached", "entity", "cause", "exchanged", "subject", "certainty",
           "scope", "answer")  # fmt: skip
LESS = {"cause": 0.1}
"""What the wording is to tell; other faults are for the rules. Those that the features can tell
only in part weigh less."""
SIGNS = {
    **dict.fromkeys(
        ("covered", "covered_by_lines", "pairs", "weakest_clause", "weakest_pairs", "bound",
         "subject", "subject_near", "verbs", "last_word", "best_line", "together"), 1,
    ),
    **dict.fromkeys(
        ("gap", "new_words", "names_far", "names_missing", "rival_name", "crossed", "far_dates",
         "negation_added", "negation_gone", "hedge_dropped", "hedge_added", "certain_added",
         "limit_dropped", "universal_added", "planned_as_done", "cause_added", "names_inverted",
         "inverted", "apart", "name_crossed", "noun_crossed", "done_added"), -1,
    ),
}  # fmt: skip
"""Which way a feature may only push."""
PARTLY_KEPT = 0.995
"""Share of the held-out supported sentences that are at least partly so."""


@dataclass(frozen=True, slots=True)
class Case:
    """An example measured: its features, whether a fact failed, what was altered, and whether it
    is one of `eval.retold`."""

    features: tuple[float, ...]
    failed: str
    altered: str
    retold: bool = False


def told_again() -> Iterator[Example]:
    """The retold sentences that are there to learn from."""
    for one in retold.retold(data.shared() / "data", retold.LEARN):
        altered = SAME if one.what == retold.SAME else RETOLD
        yield Example(one.sentence, (passage(one.passage, 1, one.year),), one.year, altered)


def materials(share: float = 1.0) -> Iterator[Material]:
    """News with their years; passages of CMRC train and DRCD dev with their questions."""
    kept = 0
    for number, (date, text) in enumerate(data.dated_news()):
        if number % 11 == 3 and number % MEASURED and kept < NEWS * share:
            kept += 1
            yield Material(text[:2500], int(date[:4]) if date[:4].isdigit() else None)
    asked: dict[str, list[tuple[str, str]]] = {}
    for question in (*data.cmrc_train(), *data.drcd_dev()):
        asked.setdefault(question.passage, []).append((question.text, question.answer))
    for text in list(asked)[: int(PASSAGES * share) or 1]:
        yield Material(text, None, tuple(asked[text]))


def cases(found: Iterable[Example], *, retold: bool = False) -> list[Case]:
    """The features of the examples."""
    measured_cases = []
    for one in found:
        alignment = align(facts(one.sentence, one.year), one.passages)
        failed = next(failures(alignment), None)
        measured_cases.append(
            Case(
                measured(alignment),
                "" if failed is None else failed.kind.value,
                one.altered,
                retold,
            )
        )
    return measured_cases


def fit(rows: Sequence[Case]) -> dict[str, Any]:
    """The trees, as `rag.answering.verify` reads them, and the least probabilities of a sentence
    that is supported and one that is partly so. The retold sentences weigh as much as all others,
    those with a fault as much as the faithful."""
    chance = random.Random(SEED)
    rows = [row for row in rows if not row.failed and row.altered in (*LEARNED, RETOLD)]
    again = np.array([row.retold for row in rows])
    held = np.array([chance.random() < HELD_OUT for _ in rows]) & ~again
    x = np.array([row.features for row in rows])
    y = np.array([row.altered == SAME for row in rows])
    counts = Counter(row.altered for row in rows if not row.retold)
    weight = np.array([
        0.0 if row.retold else (counts[row.altered] ** -0.5) * LESS.get(row.altered, 1.0)
        for row in rows
    ])  # fmt: skip
    weight[y] *= sum(weight[~y]) / sum(weight[y])
    total = sum(weight)
    for faithful in (y, ~y):
        if (again & faithful).any():
            weight[again & faithful] = total / 2 / sum(again & faithful)
    learn = ~held
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_depth=DEPTH, min_samples_leaf=LEAF, learning_rate=RATE,
        monotonic_cst=[SIGNS.get(name, 0) for name in FEATURES], early_stopping=False,
        random_state=SEED,
    )  # fmt: skip
    model.fit(x[learn], y[learn], weight[learn])
    value: dict[str, Any] = {
        "features": list(FEATURES),
        "start": round(float(model._baseline_prediction[0, 0]), 4),
        "trees": [_nodes(trees[0].nodes) for trees in model._predictors],
    }
    judged = ~learn if (y & ~learn).any() else learn
    chances = np.array([_model(value).probability(row.features) for row in rows])
    value["supported"] = SUPPORTED
    value["partly"] = round(float(np.quantile(chances[y & judged], 1 - PARTLY_KEPT)), 4)
    for kind in counts:
        of_kind = np.array([row.altered == kind for row in rows]) & ~learn
        log.info(
            "%-10s %5d  supported %.3f", kind, of_kind.sum(),
            float(np.mean(chances[of_kind] >= value["supported"])) if of_kind.any() else 0.0,
        )  # fmt: skip
    return value


def _nodes(nodes: Any) -> list[list[float]]:
    return [
        [-1, round(float(node["value"]), 5), 0, 0]
        if node["is_leaf"]
        else [int(node["feature_idx"]), round(float(node["num_threshold"]), 5), int(node["left"]),
              int(node["right"])]
        for node in nodes
    ]  # fmt: skip


def _model(value: dict[str, Any]) -> Model:
    trees = tuple(tuple(tuple(node) for node in tree) for tree in value["trees"])
    return Model(value["start"], trees, 0.5, 0.5)


def build(folder: Path, share: float = 1.0) -> None:
    """Writes `verdict.json`; for a try, `share` of the texts is enough."""
    chance = random.Random(SEED)
    found = list(examples(list(materials(share)), chance))
    log.info("%d examples: %s", len(found), Counter(one.altered for one in found))
    rows = cases(found) + cases(told_again(), retold=True)
    kept = Counter(row.altered for row in rows if not row.failed)
    total = Counter(row.altered for row in rows)
    for kind, number in total.items():
        log.info("%-10s %5d  facts hold %.3f", kind, number, kept[kind] / number)
    (folder / FILE).write_text(json.dumps(fit(rows)) + "\n", encoding="utf-8")
