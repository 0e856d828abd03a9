"""Growth: slope, ratio, what is kept, the plot."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from eval.speed.growth import Step, build_slope, query_ratio, read_steps, step_json, step_of
from eval.speed.report import PAGE, PLOT, growth_text, searches_text, write_growth
from eval.speed.searching import Searches, Times


def step(chunks: int, seconds: float, milliseconds: float) -> Step:
    times = Times(2 * milliseconds, 4 * milliseconds, milliseconds, 3 * milliseconds)
    searches = Searches(chunks, times, times, 0.995, 600_000_000, 300_000_000, 0.2)
    return Step(2 * seconds, seconds, 1_200_000_000, 90_000_000, searches)


STEPS = [step(10_000, 10, 2), step(100_000, 100, 3), step(1_000_000, 1000, 5)]


def test_slope_and_ratio_are_of_cpu_time() -> None:
    assert build_slope(STEPS) == pytest.approx(1.0)
    assert query_ratio(STEPS) == pytest.approx(2.5)


def test_a_step_is_kept_whole(tmp_path: Path) -> None:
    assert read_steps(tmp_path / "none.json") == []
    assert [step_of(step_json(one)) for one in STEPS] == STEPS


def test_page_and_plot_are_written(tmp_path: Path) -> None:
    write_growth(STEPS, tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert growth_text(STEPS) in page
    assert "| 1,000,000 | 1000 | 2000 | 1.20 GB | 90 MB | 10.0 / 20.0 (5.0 / 15.0) |" in page
    assert "0.995 | 600 MB (300 MB) |" in page
    drawn = ET.fromstring((tmp_path / PLOT).read_text(encoding="utf-8"))
    names = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    assert (names.count("polyline"), names.count("circle")) == (3, 9)
    guide = next(one for one in drawn.iter() if one.get("class") == "guide")
    assert 44 < float(guide.get("x1", "0")) < 446


def test_searches_for_a_terminal() -> None:
    text = searches_text(STEPS[0].searches)
    assert text.startswith("10,000 chunks, recall@10 0.995, resident 600 MB (300 MB without files)")
    assert "reranking on" in text
