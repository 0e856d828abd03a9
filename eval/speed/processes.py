"""A command in a process of its own, and what it took."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvaluationError

_SAMPLED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed and took: seconds on the clock, seconds of CPU, and the most bytes
    that it and its children held at a time (0 where the system does not tell)."""

    output: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run_measured(command: Sequence[str], folder: Path) -> Ran:
    """Runs a command in `folder`, its progress switched off.

    Raises:
        EvaluationError: it fails.
    """
    environ = {**os.environ, "RAG_QUIET": "1"}
    before = os.times()
    start = time.perf_counter()
    with subprocess.Popen(
        list(command),
        cwd=folder,
        env=environ,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        peak = _Peak(process.pid)
        output, problems = process.communicate()
    seconds = time.perf_counter() - start
    after = os.times()
    if process.returncode:
        raise EvaluationError(
            f"{' '.join(command[:4])} failed with exit code "
            f"{process.returncode}: {problems.strip()[-800:]}"
        )
    cpu = (
        after.children_user
        + after.children_system
        - (before.children_user + before.children_system)
    )
    return Ran(output, seconds, cpu, peak.stop())


class _Peak:
    """Watches what a process and its children hold in memory, pages that they share counted
    once."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Ends watching; the most bytes that were seen."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while True:
            self._most = max(self._most, sum(map(_held, _family(self._process))))
            if self._ended.wait(_SAMPLED_SECONDS):
                return


def _family(process: int) -> list[int]:
    """The process and all that descend from it."""
    found = [process]
    for parent in found:
        try:
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


def _held(process: int) -> int:
    """The proportional set size of a process, bytes; 0 where it cannot be told."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0
