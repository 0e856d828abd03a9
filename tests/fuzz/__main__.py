"""`python -m tests.fuzz`: every parser on damaged files. 0 where all are read or refused."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rag.documents.pool import Job, Pool
from rag.documents.workers import Task
from rag.errors import DocumentError
from rag.settings import Reading
from tests.fuzz.cases import Case, Sources, case, sources
from tests.fuzz.guarded import FAILED, REFUSED

TASK = Task("tests.fuzz.guarded:read")
LIMITS = Reading(max_seconds=90, max_memory_bytes=6_000_000_000)
_ROUND = 500
# Crashes of these libraries are not ours to mend: there one has to end in a report.
_NATIVE = {".pdf", ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"}


def failures(
    numbers: Iterable[int], files: Sources, folder: Path, pool: Pool, outcomes: Counter[str]
) -> list[str]:
    """Has the `pool` do `TASK` with the cases, which are written into `folder`; one line or more
    for each that is neither read nor refused. `outcomes` counts what became of them."""
    made: list[Case] = []
    jobs = []
    for number in numbers:
        made.append(one := case(number, files))
        path = folder / one.name
        path.write_bytes(one.data)
        jobs.append(Job((str(path), LIMITS), len(one.data), foreign=True))
    found = []
    results = (outcome for outcome in pool.results(jobs) if outcome is not None)
    for one, outcome in zip(made, results, strict=True):
        kind, words = _judged(one, outcome)
        outcomes[f"{kind} {Path(one.name).suffix}"] += 1
        if kind == FAILED:
            number = int(Path(one.name).stem)
            found.append(
                f"case {number}, made from {one.source}: {words}\n"
                f"  again: python -m tests.fuzz --first {number} --cases 1"
            )
    left = {path.name for path in folder.iterdir()} - {one.name for one in made}
    found += [f"a parser has written {folder / name}" for name in sorted(left)]
    return found


def _judged(one: Case, outcome: object) -> tuple[str, str]:
    if isinstance(outcome, DocumentError):  # the process ended
        native = "crashed" in str(outcome) and Path(one.name).suffix in _NATIVE
        return (REFUSED if native else FAILED), str(outcome)
    if not isinstance(outcome, tuple):
        raise TypeError(f"reading gave {type(outcome).__name__}")
    kind, words = outcome
    return str(kind), str(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Tries the cases in rounds, so that what they take on disk stays small."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder in which the files are left")
    options = parser.parse_args(arguments)
    shared = Path(os.environ.get("WENJU_SHARED", "../shared"))
    files = sources(shared / "documents")
    outcomes: Counter[str] = Counter()
    found: list[str] = []
    started = time.monotonic()
    last = options.first + options.cases
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there are as many processes as cores
    with Pool(TASK, LIMITS, options.processes) as pool:
        for first in range(options.first, last, _ROUND):
            numbers = range(first, min(first + _ROUND, last))
            with tempfile.TemporaryDirectory() as temporary:
                folder = options.keep or Path(temporary)
                folder.mkdir(parents=True, exist_ok=True)
                now = failures(numbers, files, folder, pool, outcomes)
            found += now
            for line in now:
                print(line, flush=True)
            print(f"{numbers.stop - options.first} cases, {len(found)} failures, "
                  f"{time.monotonic() - started:.0f} s", file=sys.stderr)  # fmt: skip
    for name, count in sorted(outcomes.items()):
        print(f"{name}: {count}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
