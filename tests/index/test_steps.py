"""How long the rest takes, from the pages that are read already."""

from __future__ import annotations

import pytest

from rag.documents.workers import Pages
from rag.index.local.ingest import Estimate


def test_pages_of_one_scan() -> None:
    estimate = Estimate([("a.pdf", 9_000_000)])
    assert estimate.seconds_left(0.5) is None
    estimate.told({0: Pages(0, 300)})
    assert (estimate.pages_done, estimate.pages_total) == (0, 300)
    assert estimate.seconds_left(2.0) is None  # nothing is read yet
    left = []
    for done in range(1, 301):
        estimate.told({0: Pages(done, 300)})
        left.append(estimate.seconds_left(3.0 * done))
    assert left == pytest.approx([3.0 * (300 - done) for done in range(1, 301)])
    estimate.finished(0)
    assert estimate.seconds_left(900.0) == 0
    assert (estimate.pages_done, estimate.pages_total) == (300, 300)


def test_scans_that_are_not_open_yet_count_like_those_that_are() -> None:
    estimate = Estimate([("a.pdf", 1_000_000), ("b.pdf", 3_000_000)])
    estimate.told({0: Pages(5, 10)})
    assert estimate.seconds_left(20.0) == pytest.approx(4.0 * 35)  # 5 of 10, and of b 30 pages
    estimate.finished(0)
    assert estimate.seconds_left(40.0) == pytest.approx(4.0 * 30)
    estimate.told({0: Pages(10, 10), 1: Pages(0, 30)})
    assert estimate.seconds_left(40.0) == pytest.approx(4.0 * 30)
    assert (estimate.pages_done, estimate.pages_total) == (10, 40)


def test_it_never_grows_while_no_page_is_found() -> None:
    estimate = Estimate([(f"{n}.txt", 1000) for n in range(100)])
    shown = []
    for position in range(100):
        estimate.finished(position)
        shown.append(estimate.seconds_left(2.0 + position * (1 + position % 7)))
    known = [one for one in shown if one is not None]
    assert known == sorted(known, reverse=True)
    assert shown[-1] == 0


def test_a_scan_among_texts_is_told_once_it_is_found() -> None:
    estimate = Estimate([("a.txt", 1_000_000), ("b.pdf", 1_000_000)])
    estimate.finished(0)
    before = estimate.seconds_left(2.0)
    assert before == pytest.approx(1.0)  # half a second's work of two beside one of 2 s
    estimate.told({1: Pages(0, 100)})
    assert estimate.seconds_left(2.0) == pytest.approx(1000.0)
