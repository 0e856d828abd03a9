"""A batch run: questions -> results, in the background of a progress bar, resumable."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]

from eval.asking import Ask, result
from eval.folder import as_line, read_lines, write_lines
from eval.judge import judge_failed
from eval.questions import Question
from eval.score import ERROR


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run asks: questions at a time, and at most so many started a minute (0: any)."""

    concurrency: int = 1
    per_minute: float = 0.0


UNPACED = Pace()


def run(
    questions: Sequence[Question],
    ask: Ask,
    results: Path,
    *,
    pace: Pace = UNPACED,
    retry_errors: bool = False,
    label: str = "questions",
) -> list[dict[str, Any]]:
    """Asks what `results` (a JSONL file) does not hold yet, adding a line for each question as
    it is answered; at the end the file is in the order of the questions. Returns its objects.
    """
    done = {str(row["id"]): row for row in read_lines(results, torn_end=True)}
    if retry_errors:
        done = {
            name: row
            for name, row in done.items()
            if row["status"] != ERROR and not judge_failed(row)
        }
    write_lines(results, done.values())
    waiting = [question for question in questions if question.id not in done]
    throttle = _Throttle(pace.per_minute)

    def work(question: Question) -> dict[str, Any]:
        throttle.wait()
        return result(question, ask)

    bar = tqdm(
        total=len(questions),
        initial=len(questions) - len(waiting),
        desc=label,
        file=sys.stderr,
        disable=_quiet(),
    )
    with results.open("a", encoding="utf-8") as file, bar:
        for question, row in _each(waiting, work, pace.concurrency):
            file.write(as_line(row))
            file.flush()
            done[question.id] = row
            bar.update()
    rows = [done[question.id] for question in questions]
    write_lines(results, rows)
    return rows


def _each(
    questions: Sequence[Question], work: Callable[[Question], dict[str, Any]], concurrency: int
) -> Iterator[tuple[Question, dict[str, Any]]]:
    if concurrency == 1:
        yield from ((question, work(question)) for question in questions)
        return
    with ThreadPoolExecutor(concurrency) as pool:
        futures = {pool.submit(work, question): question for question in questions}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


class _Throttle:
    """Starts at most so many a minute, evenly spaced."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
        time.sleep(max(0.0, start - now))


def _quiet() -> bool:
    return os.environ.get("RAG_QUIET") == "1"


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
