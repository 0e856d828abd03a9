"""The news from files to a durable, searchable index: seconds, work of each process, memory."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.speed.processes import run_measured
from eval.speed.sets import write_articles
from eval.table import ROOT
from rag.index.local.index import Index
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Build:
    """What a build took: seconds on the clock, seconds of CPU of the process that writes and of
    those that read, and the most bytes that all held at a time."""

    documents: int
    chunks: int
    seconds: float
    cpu_seconds: float
    reading_cpu_seconds: float
    peak_bytes: int = 0


def measure_build(data: Path, folder: Path, articles: int) -> Build:
    """Builds an index, `folder/index`, of the first articles of the news, in a process of its own;
    their files are written before.

    Raises:
        EvaluationError: the build fails. FileNotFoundError: the news are not in `data`.
    """
    texts, index = write_articles(data, folder / f"news-{articles}", articles), folder / "index"
    shutil.rmtree(index, ignore_errors=True)
    module = [sys.executable, "-m", "eval.speed.building"]
    ran = run_measured([*module, str(texts), str(index)], ROOT)
    value = json.loads(ran.output.splitlines()[-1])
    return Build(**{**value, "peak_bytes": ran.peak_bytes})


def build_text(found: Build) -> str:
    """A build, in words."""
    return (
        f"{found.documents:,} files, {found.chunks:,} chunks: {found.seconds:.1f} s, CPU "
        f"{found.cpu_seconds:.1f} s in the process that writes and "
        f"{found.reading_cpu_seconds:.1f} s in those that read, "
        f"{found.peak_bytes / 1e6:.0f} MB over all processes"
    )


def _build(texts: Path, folder: Path) -> Build:
    settings = Settings(index=folder)
    before, start = os.times(), time.perf_counter()
    report = Index.build([texts], folder, settings).report
    seconds, after = time.perf_counter() - start, os.times()
    if report is None:
        raise TypeError("Index.build gave no report")
    own = after.user + after.system - before.user - before.system
    reading = after.children_user + after.children_system
    return Build(report.documents, report.chunks, seconds, own, reading)


if __name__ == "__main__":
    print(json.dumps(asdict(_build(Path(sys.argv[1]), Path(sys.argv[2])))))
