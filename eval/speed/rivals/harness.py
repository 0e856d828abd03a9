"""What every side does: read the files, build, search, say what it took.

Called with a JSON file that names `folders` of texts, `encoder` (a folder of
sentence-transformers) and `questions`; prints JSON on stdout.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHARACTERS = 250
"""Of a chunk; Wenju's hold 234 on average."""

PASSAGES = 30
_WARM = 20

Search = Callable[[str], list[str]]
"""A question into the texts of the passages found, best first."""

Build = Callable[[list[str], Any], tuple[Search, int]]
"""Folders of texts and a loaded encoder into a search and the number of chunks."""


def run(load: Callable[[str], Any], build: Build) -> None:
    """Builds and searches; loading the encoder is not counted."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    encoder = load(given["encoder"])
    start, cpu = time.perf_counter(), _cpu()
    search, chunks = build(given["folders"], encoder)
    built, built_cpu = time.perf_counter() - start, _cpu() - cpu
    for question in given["questions"][:_WARM]:
        search(question)
    clock, work, found = [], [], []
    for question in given["questions"]:
        start, cpu = time.perf_counter(), _cpu()
        found.append(search(question))
        work.append(1000 * (_cpu() - cpu))
        clock.append(1000 * (time.perf_counter() - start))
    print(
        json.dumps(
            {
                "chunks": chunks,
                "build_seconds": built,
                "build_cpu_seconds": built_cpu,
                "query_ms": clock,
                "query_cpu_ms": work,
                "found": found,
            }
        )
    )


def texts_of(folders: list[str]) -> Iterator[str]:
    """The texts of the files in the folders."""
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.txt")):
            yield path.read_text(encoding="utf-8")


def _cpu() -> float:
    """Seconds of CPU of this process and of those that it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
