"""How far an update of the index is: what it tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_TELLING_SECONDS = 1.0  # sooner the rate says nothing


@dataclass(frozen=True, slots=True)
class Step:
    """`done` of `total` files are done; `document` is the last of them, or the one that is being
    waited for. `bytes_done` and `bytes_total` count the files that had to be read, `seconds` the
    time since reading began."""

    document: str
    done: int
    total: int
    bytes_done: int
    bytes_total: int
    seconds: float

    @property
    def bytes_per_second(self) -> float | None:
        """The rate so far, None while it says nothing.

        >>> Step("a.txt", 1, 4, 2000, 8000, 4.0).bytes_per_second
        500.0
        """
        if self.seconds < _TELLING_SECONDS or not self.bytes_done:
            return None
        return self.bytes_done / self.seconds

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the rate so far, None while that says nothing.

        >>> Step("a.txt", 1, 4, 2000, 8000, 4.0).seconds_left
        12.0
        """
        rate = self.bytes_per_second
        return None if rate is None else (self.bytes_total - self.bytes_done) / rate


Progress = Callable[[Step], None]
"""Called after each file that was read, and several times a second while one takes long. What it
raises ends the update; with `KeyboardInterrupt` all that was done until then is kept."""


class Stopped(Exception):
    """A `Progress` raised `KeyboardInterrupt`: between two files, so that all is in order."""


def tell(progress: Progress | None, step: Step) -> None:
    """Calls it.

    Raises:
        Stopped: it raised `KeyboardInterrupt`; anything else it raises is passed on.
    """
    if progress is None:
        return
    try:
        progress(step)
    except KeyboardInterrupt:
        raise Stopped from None
