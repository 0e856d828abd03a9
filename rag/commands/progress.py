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
    """A bar on stderr, or nothing where RAG_QUIET=1 asks for silence: the file, how many are
    done, the rate and the time left by the bytes that had to be read."""
    if os.environ.get("RAG_QUIET") == "1":
        yield lambda _: None
        return
    from tqdm import tqdm  # type: ignore[import-untyped]

    shown = tqdm(
        desc="files", unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True, leave=False
    )
    with shown:

        def draw(step: Step) -> None:
            shown.total = step.bytes_total
            shown.set_description_str(f"{step.done}/{step.total} files", refresh=False)
            shown.set_postfix_str(visible(step.document)[-_LONGEST_NAME:], refresh=False)
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
