"""The check of sentences, on altered sentences whose alteration is known."""

from pathlib import Path

import pytest

from eval.verification import FURTHER, KINDS, PARAPHRASE, REQUIRED, Pair, make_pairs, measure

PASSAGE = "2023年港口吞吐量增长12.5%，达到3.2亿吨。局长沈砚说，明年还要建两座码头。"


def test_figures_count_what_was_altered() -> None:
    pairs = [
        Pair("2023年港口吞吐量增长12.5%，达到32,000万吨。", PASSAGE, "same", 2023),
        Pair("2023年港口吞吐量增长15.5%，达到3.2亿吨。", PASSAGE, "number", 2023),
        Pair("2021年港口吞吐量增长12.5%，达到3.2亿吨。", PASSAGE, "date", 2023),
        Pair("2023年港口吞吐量下降12.5%，达到3.2亿吨。", PASSAGE, "direction", 2023),
        Pair("局长沈砚说，明年还要建两座码头。", PASSAGE, "name", 2023),  # in truth unaltered
    ]
    figures, shares = measure(pairs)
    assert shares == {"same": (1, 1.0)}
    for kind in ("number", "date", "direction"):
        assert (figures[kind].pairs, figures[kind].precision, figures[kind].recall) == (1, 1.0, 1.0)
    assert (figures["name"].pairs, figures["name"].recall) == (1, 0.0)


@pytest.fixture(scope="module")
def pairs(shared: Path) -> list[Pair]:
    return make_pairs(shared)


def test_pairs_are_the_same_every_time_and_enough(shared: Path, pairs: list[Pair]) -> None:
    assert len(pairs) >= 400
    assert make_pairs(shared)[:50] == pairs[:50]
    assert {pair.altered for pair in pairs} == {"same", PARAPHRASE, *KINDS, *FURTHER}


def test_what_is_required_is_reached(pairs: list[Pair]) -> None:
    figures, shares = measure(pairs[::3])
    for kind, (precision, recall) in REQUIRED.items():
        assert figures[kind].precision >= precision - 0.05, kind
        assert figures[kind].recall >= recall - 0.05, kind
    for kind in FURTHER:
        assert shares[kind][1] >= 0.6, kind
    assert shares["same"][1] >= 0.95
    assert shares[PARAPHRASE][1] >= 0.93
