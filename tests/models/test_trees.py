"""Boosted trees at run time, against the library that fits them."""

import json
import math
from typing import Any

import numpy as np
import pytest

from rag import offline
from rag.errors import ModelError
from rag.models.trees import FILE, Trees, load_models, parse_models
from rag.settings import Settings

STUMP: dict[str, Any] = {
    "names": ["a", "b"],
    "base": -1.0,
    "feature": [[1]],
    "threshold": [[0.5]],
    "missing": [[True]],
    "value": [[2.0, 3.0]],
}


def test_a_value_at_the_threshold_goes_left_and_one_that_is_missing_where_it_went_in_training() -> (
    None
):
    trees = Trees.parse(STUMP)
    rows = [{"a": 0.0, "b": b} for b in (0.5, 0.6, math.nan)]
    assert trees.log_odds(rows).tolist() == [1.0, 2.0, 1.0]
    assert trees.probabilities(rows)[0] == pytest.approx(1 / (1 + math.exp(-1)))
    assert trees.log_odds([]).shape == (0,)


def test_the_same_as_scikit_learn() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    from training.answers import trees_json

    random = np.random.default_rng(1)
    x = random.normal(size=(400, 5))
    x[random.random(x.shape) < 0.1] = np.nan
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) ** 2 > 0.7).astype(int)
    model = HistGradientBoostingClassifier(max_depth=3, max_iter=20, random_state=0).fit(x, y)
    names = list("abcde")
    trees = Trees.parse(json.loads(json.dumps(trees_json(model, names, 3))))
    rows = [dict(zip(names, row, strict=True)) for row in x.tolist()]
    wanted = model.predict_proba(x)[:, 1]
    assert np.abs(trees.probabilities(rows) - wanted).max() < 1e-3


@pytest.mark.parametrize(
    "change",
    [
        {"feature": [[2]]},
        {"feature": [[1, 1]]},
        {"value": [[1.0]]},
        {"value": [[1.0, float("nan")]]},
        {"threshold": [[0.5], [0.5]]},
        {"names": None},
    ],
)
def test_malformed_trees_are_refused(change: dict[str, Any]) -> None:
    broken = STUMP | change
    content = {"sentence": broken, "span": STUMP, "answered": STUMP, "thresholds": {"short": 0.5}}
    with pytest.raises(ModelError, match=FILE):
        parse_models(json.dumps(content).encode())


def test_the_built_in_models_fit_the_default_settings() -> None:
    models = load_models()
    assert Settings().answering.min_confidence == models.thresholds["answered"]
    assert 0.5 <= models.thresholds["short"] < 1
    assert offline.load_builtin(FILE)
