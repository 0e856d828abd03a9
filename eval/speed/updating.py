"""One changed file of many: when another process finds it, and when the call returns."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvaluationError
from eval.table import ROOT
from rag.index.local.index import Index
from rag.index.protocol import Field
from rag.settings import Settings

TIMES = 5
_PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.005
_WORD = "wenjumeasure{}"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a file and an update, `how` in words: seconds until a reader in another
    process finds it, until the call returned, and of CPU."""

    how: str
    found_seconds: float
    seconds: float
    cpu_seconds: float


def measure_changes(folder: Path, texts: Path) -> list[Change]:
    """Changes a file under `texts`, of which the index in `folder` was made, again and again; in
    the end it is as it was, and so is the index.

    Raises:
        EvaluationError: there is no text file, or a change is not found.
    """
    file = next(iter(sorted(texts.rglob("*.txt"))), None)
    if file is None:
        raise EvaluationError(f"no text file under {texts}")
    content = file.read_bytes()
    index = Index.open(folder, Settings(index=folder))
    _ = index.encoder  # loaded once in a program that runs on
    index.update([texts])
    found: list[Change] = []
    with _reader(folder) as reader:
        try:
            for number in range(2 * TIMES):
                named = texts if number % 2 else file
                how = "folder named" if number % 2 else "file named"
                word = _WORD.format(time.time_ns())
                file.write_bytes(content + f"\n{word}\n".encode())
                start, cpu = time.monotonic(), time.process_time()
                _send(reader, word)
                index.update([named])
                seconds, work = time.monotonic() - start, time.process_time() - cpu
                later = "first, " if number == 0 else ""
                found.append(Change(later + how, _answer(reader) - start, seconds, work))
        finally:
            file.write_bytes(content)
            index.update([texts])
    return found


def changes_text(found: Sequence[Change]) -> str:
    """The changes, a line for each way, medians."""
    lines = []
    for how in dict.fromkeys(change.how for change in found):
        own = [change for change in found if change.how == how]
        values = [
            sorted(getattr(change, name) for change in own)[len(own) // 2]
            for name in ("found_seconds", "seconds", "cpu_seconds")
        ]
        lines.append(
            f"{how}: found by another process after {values[0]:.2f} s, "
            f"returned after {values[1]:.2f} s ({values[2]:.2f} s of CPU)"
        )
    return "\n".join(lines)


@contextmanager
def _reader(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the index open and looks for a word until it is found."""
    with subprocess.Popen(
        [sys.executable, "-m", "eval.speed.updating", str(folder)],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            if _line(process) != "open":
                raise EvaluationError(f"no reader of {folder}")
            yield process
        finally:
            process.kill()


def _send(process: subprocess.Popen[str], word: str) -> None:
    if process.stdin is None:
        raise TypeError("the reader was started without pipes")
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> float:
    line = _line(process)
    if not line or line == "never":
        raise EvaluationError("a change was not found by a reader in another process")
    return float(line)


def _line(process: subprocess.Popen[str]) -> str:
    return "" if process.stdout is None else process.stdout.readline().strip()


def _read(folder: Path) -> None:
    """The body of the reader: prints on the common clock when it has found each word."""
    index = Index.open(folder, Settings(index=folder))
    print("open", flush=True)
    for word in map(str.strip, sys.stdin):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not index.rank_words({Field.WORDS: {word: 1.0}}, 1):
            if time.monotonic() > deadline:
                print("never", flush=True)
                return
            time.sleep(_POLL_SECONDS)
            index = index.pinned()
        print(time.monotonic(), flush=True)


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
