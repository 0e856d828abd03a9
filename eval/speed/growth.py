"""Build and search time from ten thousand chunks to a million, one index growing."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from eval.speed.processes import run_measured
from eval.speed.searching import Searches, as_json, from_json
from eval.speed.sets import write_set
from eval.table import ROOT

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
MAX_SLOPE, MAX_RATIO = 1.05, 4.0
_KEPT = "growth.json"


@dataclass(frozen=True, slots=True)
class Step:
    """An index that has grown to `searches.chunks`: seconds of building since it was empty, on
    the clock and of CPU, the most memory that an update took, its size on disk, bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    index_bytes: int
    searches: Searches


def measure_growth(data: Path, folder: Path, sizes: Sequence[int] = SIZES) -> list[Step]:
    """Lets an index in `folder` grow by texts made of `data`; goes on where an earlier run
    ended.

    Raises:
        EvaluationError: a command fails. FileNotFoundError: the data are not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts, index, kept = folder / "texts", folder / "index", folder / _KEPT
    steps = read_steps(kept)
    for size in sizes[len(steps) :]:
        write_set(data, texts, size)
        run, place = [sys.executable, "-m"], str(index)
        built = run_measured([*run, "rag", "index", str(texts), "--index", place, "--json"], ROOT)
        searched = run_measured([*run, "eval.speed", "search", place, "--json"], ROOT)
        before = steps[-1] if steps else None
        steps.append(
            Step(
                built.seconds + (before.seconds if before else 0.0),
                built.cpu_seconds + (before.cpu_seconds if before else 0.0),
                built.peak_bytes,
                sum(path.stat().st_size for path in index.rglob("*") if path.is_file()),
                from_json(json.loads(searched.output)),
            )
        )
        kept.write_text(json.dumps([step_json(step) for step in steps], indent=1), "utf-8")
        print(
            f"{steps[-1].searches.chunks:,} chunks: {steps[-1].cpu_seconds:.0f} s of CPU, "
            f"search {steps[-1].searches.off.median:.1f} ms",
            file=sys.stderr,
        )
    return steps


def read_steps(path: Path) -> list[Step]:
    """What an earlier run kept; nothing where there was none."""
    if not path.is_file():
        return []
    return [step_of(value) for value in json.loads(path.read_text("utf-8"))]


def step_json(step: Step) -> dict[str, object]:
    """A step as JSON."""
    return {**asdict(step), "searches": as_json(step.searches)}


def step_of(value: dict[str, object]) -> Step:
    """What `step_json` gave."""
    searches = from_json(value["searches"])  # type: ignore[arg-type]
    return Step(**{**value, "searches": searches})  # type: ignore[arg-type]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent p of y = c · x^p that fits best, by least squares of the logarithms.

    >>> round(slope([(1, 3), (10, 30), (100, 300)]), 6)
    1.0
    """
    x, y = np.log(np.array(points, np.float64)).T
    return float(np.polyfit(x, y, 1)[0])


def query_ratio(steps: Sequence[Step]) -> float:
    """How many times as long a search takes at the end as at the start, by CPU."""
    return steps[-1].searches.off.cpu_median / steps[0].searches.off.cpu_median


def build_slope(steps: Sequence[Step]) -> float:
    """The slope of CPU seconds of building over chunks, on log scales."""
    return slope([(step.searches.chunks, step.cpu_seconds) for step in steps])


def decades(values: Sequence[float]) -> tuple[float, float]:
    """The whole powers of ten around the values, as exponents.

    >>> decades([3, 250])
    (0.0, 3.0)
    """
    return float(math.floor(math.log10(min(values)))), float(math.ceil(math.log10(max(values))))
