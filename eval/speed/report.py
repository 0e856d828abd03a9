"""The figures of size and speed as `speed.json`, `speed.md` and a plot beside them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.report.charts import BOTTOM, HEIGHT, LEFT, TOP, Axes, Line, line_chart
from eval.speed.growth import (
    MAX_RATIO,
    MAX_SLOPE,
    Step,
    build_slope,
    decades,
    query_ratio,
    step_json,
    step_of,
)
from eval.speed.searching import Searches, Times
from eval.table import ROOT
from eval.tables import align
from rag.index.local.vectors import SIEVED_ROWS

FOLDER = ROOT / "eval" / "benchmarks"
FIGURES, PAGE, PLOT = "speed.json", "speed.md", "speed.svg"
SWITCHES: Mapping[float, str] = {
    10_000_000 / 512: "vectors by codes",
    SIEVED_ROWS: "bits first",
}
"""From so many rows of 512 numbers on the vectors are searched in another way."""

_STYLE = """
svg { background: #fff; font: 12px system-ui, sans-serif; }
.grid { stroke: #ddd; } .tick { fill: #444; } .guide { stroke: #888; stroke-dasharray: 4 3; }
.line { fill: none; stroke-width: 2; }
.line.build { stroke: #1f6feb; } .line.off { stroke: #d1570c; } .line.on { stroke: #1a7f37; }
.build { fill: #1f6feb; } .off { fill: #d1570c; } .on { fill: #1a7f37; }
.line.build, .line.off, .line.on { fill: none; }
"""


def write_growth(steps: Sequence[Step], folder: Path = FOLDER) -> None:
    """Writes the figures of growth and draws them."""
    figures = _figures(folder)
    figures["growth"] = {"machine": _machine(), "steps": [step_json(step) for step in steps]}
    _write(figures, folder)
    (folder / PLOT).write_text(plot(steps) + "\n", "utf-8")


def write_beside(found: Mapping[str, Any], folder: Path = FOLDER) -> None:
    """Writes the figures of the libraries beside each other."""
    figures = _figures(folder)
    figures["beside"] = {"machine": _machine(), **found}
    _write(figures, folder)


def _machine() -> str:
    """Cores and present load, in words."""
    load = f" with a load of {os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} cores{load} when it ended: beside other work seconds of CPU tell more "
        "than the clock"
    )


def _figures(folder: Path) -> dict[str, Any]:
    path = folder / FIGURES
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def _write(figures: Mapping[str, Any], folder: Path) -> None:
    from eval.speed.beside import beside_text

    (folder / FIGURES).write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    parts = ["# Size and speed\n"]
    if "beside" in figures:
        parts.append(beside_text(figures["beside"]))
        parts.append(f"Measured on {figures['beside']['machine']}.\n")
    if "growth" in figures:
        grown = figures["growth"]
        parts.append(growth_text([step_of(value) for value in grown["steps"]]))
        parts.append(f"Measured on {grown['machine']}.\n")
    (folder / PAGE).write_text("\n".join(parts), "utf-8")


def growth_text(steps: Sequence[Step]) -> str:
    """The section on growth."""
    head = (
        "chunks", "build, s of CPU", "build, s", "memory", "index",
        "search, off: median / p95 (CPU)", "on: median / p95 (CPU)", "recall@10",
        "resident (without files)",
    )  # fmt: skip
    rows = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    rows += [_row(step) for step in steps]
    return f"""## Growth

`python -m eval.speed growth DIR` (`--most N` for a smaller end): one index grows by news, laws,
manuals, then by copies of them with every figure and name altered; times of building add up.
Searches: development questions, sentences and titles of the index, each asked once before,
milliseconds, without reranking (off) and with it (on).

{chr(10).join(rows)}

Build time grows with chunks to the power of {build_slope(steps):.3f} (at most {MAX_SLOPE}); a
search takes {query_ratio(steps):.1f} times as long at the end as at the start (at most
{MAX_RATIO:g}), by CPU. The upright lines mark where FAISS goes over from exact search to codes, and
where bits are compared before codes.

![build and search time over chunks]({PLOT})
"""


def _row(step: Step) -> str:
    found = step.searches
    recall = "" if found.recall is None else f"{found.recall:.3f}"
    cells = (
        f"{found.chunks:,}",
        f"{step.cpu_seconds:.0f}",
        f"{step.seconds:.0f}",
        _size(step.peak_bytes),
        _size(step.index_bytes),
        _times(found.off),
        _times(found.on),
        recall,
        f"{_size(found.resident_bytes)} ({_size(found.own_bytes)})",
    )
    return f"| {' | '.join(cells)} |"


def _times(times: Times) -> str:
    return f"{times.median:.1f} / {times.p95:.1f} ({times.cpu_median:.1f} / {times.cpu_p95:.1f})"


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def searches_text(found: Searches) -> str:
    """The figures of one index, for a terminal."""
    rows: list[tuple[str, ...]] = [("search", "median", "p95", "CPU median", "CPU p95")]
    for name, times in (("reranking off", found.off), ("reranking on", found.on)):
        values = (times.median, times.p95, times.cpu_median, times.cpu_p95)
        rows.append((name, *(f"{value:.1f} ms" for value in values)))
    recall = "" if found.recall is None else f", recall@10 {found.recall:.3f}"
    return (
        f"{found.chunks:,} chunks{recall}, resident {_size(found.resident_bytes)} "
        f"({_size(found.own_bytes)} without files), opened in {found.open_seconds:.2f} s\n\n"
        + align(rows)
    )


def plot(steps: Sequence[Step]) -> str:
    """Build seconds and search milliseconds over chunks, both axes logarithmic, as SVG."""
    series = {
        "build": [(step.searches.chunks, step.cpu_seconds) for step in steps],
        "on": [(step.searches.chunks, step.searches.on.cpu_median) for step in steps],
        "off": [(step.searches.chunks, step.searches.off.cpu_median) for step in steps],
    }
    names = {"build": "build, s", "on": "search with reranking, ms", "off": "search, ms"}
    points = [point for line in series.values() for point in line]
    low, high = decades([y for _, y in points])
    axes = Axes(
        decades([x for x, _ in points]),
        (low, high),
        [(4, "10 k"), (5, "100 k"), (6, "1 M")],
        [(float(exponent), f"{10.0**exponent:g}") for exponent in range(int(low), int(high) + 1)],
        "chunks",
    )
    lines = [
        Line(names[name], name, [(math.log10(x), math.log10(y)) for x, y in line])
        for name, line in series.items()
    ]
    places = {math.log10(rows): name for rows, name in SWITCHES.items()}
    svg = line_chart(axes, lines, list(places)).split("</svg>")[0]
    labels = "".join(
        f'<text class="{line.colour}" x="{LEFT + 12}" y="{TOP + 18 * (row + 1)}">{line.name}</text>'
        for row, line in enumerate(lines)
    )
    labels += "".join(
        f'<text class="tick" x="{axes.place_x(place) + 4:.0f}" y="{HEIGHT - BOTTOM - 6}">'
        f"{name}</text>"
        for place, name in places.items()
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="690" height="390"'
    return f"{svg.replace('<svg', head, 1)}<style>{_STYLE}</style>{labels}</svg>"
