"""How a long command shows where it is, and how it is interrupted."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from rag.commands.terminal import visible

if TYPE_CHECKING:
    from rag.indexing.index import Step

_LONGEST_NAME = 40


@contextmanager
def bar() -> Iterator[Callable[[Step], None]]:
    """A bar on stderr, or nothing where RAG_QUIET=1 asks for silence: how many files are done, and
    how many of the pages that OCR reads, the time left, and the file."""
    if os.environ.get("RAG_QUIET") == "1":
        yield lambda _: None
        return
    from tqdm import tqdm  # type: ignore[import-untyped]

    shown = tqdm(
        desc="files", unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True, leave=False,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}B [{elapsed}{postfix}]",
    )  # fmt: skip
    with shown:

        def draw(step: Step) -> None:
            shown.total = step.bytes_total
            pages = f", {step.pages_done}/{step.pages_total} pages" if step.pages_total else ""
            shown.set_description_str(f"{step.done}/{step.total} files{pages}", refresh=False)
            left = step.seconds_left
            time = f"{shown.format_interval(left)} left, " if left is not None else ""
            name = visible(step.document)[-_LONGEST_NAME:]
            shown.set_postfix_str(f"{time}{name}", refresh=False)
            shown.update(step.bytes_done - shown.n)

        yield draw


class Interruption:
    """Ctrl-C while files are read, a context manager: the first ends the run between two files
    and keeps what is finished, the second ends it at once."""

    def __init__(self, draw: Callable[[Step], None]) -> None:
        """`draw` shows each step."""
        self._draw = draw
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *raised: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def step(self, step: Step) -> None:
        """Shows a step.

        Raises:
            KeyboardInterrupt: there was a Ctrl-C.
        """
        self._draw(step)
        if self._asked:
            raise KeyboardInterrupt
