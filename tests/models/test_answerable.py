from __future__ import annotations

import json
import math

import pytest

from rag.errors import ModelError
from rag.models.answerable import Answerable, load_answerable

VALUE = {
    "read": {"constant": 0.5, "signals": {"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, -1.0]}},
    "unread": {"constant": 0.0, "signals": {"a": [1.0, 2.0, 3.0]}},
}


SHARES = ("covered", "values", "grounded", "anywhere", "named", "asked")


def parsed(value: object) -> Answerable:
    return Answerable.parse(json.dumps(value).encode())


def test_signals_are_standardised_weighed_and_added() -> None:
    model = parsed(VALUE)
    logit = 0.5 + (2.0 - 1.0) / 2.0 * 3.0 + 4.0 * -1.0
    found = model.read.probability({"a": 2.0, "b": 4.0, "unused": 9.0})
    assert found == pytest.approx(1 / (1 + math.exp(-logit)))
    assert model.unread.probability({"a": 1.0}) == 0.5


def test_a_signal_that_is_not_there_counts_as_its_mean() -> None:
    model = parsed(VALUE)
    assert model.unread.probability({"a": None}) == model.unread.probability({"a": 1.0})


def test_an_extreme_signal_gives_a_probability() -> None:
    model = parsed(VALUE)
    assert 0 < model.unread.probability({"a": -1e9}) < 1e-12
    assert model.unread.probability({"a": 1e9}) == pytest.approx(1)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"read": VALUE["read"]},
        {**VALUE, "read": {"constant": "much", "signals": {}}},
        {**VALUE, "read": {"constant": 0, "signals": []}},
        {**VALUE, "read": {"constant": 0, "signals": {"a": [1, 2]}}},
        {**VALUE, "read": {"constant": 0, "signals": {"a": [1, 0, 2]}}},
    ],
)
def test_a_malformed_file_is_refused(value: object) -> None:
    with pytest.raises(ModelError, match=r"malformed answerable\.json"):
        parsed(value)


def test_no_json_is_refused() -> None:
    with pytest.raises(ModelError, match="malformed"):
        Answerable.parse(b"\xff{")


def test_the_built_in_one_falls_with_what_is_missing() -> None:
    model = load_answerable()
    assert set(model.unread.signals) - {"fits"} < set(model.read.signals)
    for logistic in (model.read, model.unread):
        usual = dict.fromkeys(logistic.signals)
        shares = [
            logistic.probability({**usual, **dict.fromkeys(SHARES, share)})
            for share in (1.0, 0.5, 0.0)
        ]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 0.9 and shares[-1] < 0.5
