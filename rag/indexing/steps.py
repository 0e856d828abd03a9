"""How far an update of the index is: what it tells while it runs, and how long the rest takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.reading.pages import Pages

_TELLING_SECONDS = 1.0  # sooner the rate says nothing
# What reading takes in comparison, seconds of CPU on the machine where it was measured: a page by
# OCR, and a megabyte of a file by the ending of its name, of any other that of a text.
_PAGE_COST = 5.0
_COSTS = {
    ".pdf": 0.5, ".docx": 1.0, ".pptx": 0.5, ".xlsx": 3.0, ".html": 1.0, ".htm": 1.0, ".xml": 1.0,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"), 10.0),
    **dict.fromkeys((".doc", ".wps", ".rtf", ".odt", ".ppt", ".dps", ".odp"), 5.0),
    **dict.fromkeys((".xls", ".et", ".xlsb", ".ods"), 5.0),
}  # fmt: skip
_TEXT_COST = 1.0
_NEWS = 1.001  # the work has become more by more than rounding


@dataclass(frozen=True, slots=True)
class Step:
    """`done` of `total` files are done; `document` is the last of them, or the one that is being
    waited for. `bytes_done` and `bytes_total` count the files that had to be read, `seconds` the
    time since reading began; `pages_done` and `pages_total` the pages of the files, as far as they
    are known, that are read page by page by OCR. `seconds_left` is how long the rest takes, None
    while nothing can be said: it never grows, but where a file turns out to hold more such pages
    than was expected."""

    document: str
    done: int
    total: int
    bytes_done: int
    bytes_total: int
    seconds: float
    pages_done: int = 0
    pages_total: int = 0
    seconds_left: float | None = None

    @property
    def bytes_per_second(self) -> float | None:
        """The rate so far, None while it says nothing.

        >>> Step("a.txt", 1, 4, 2000, 8000, 4.0).bytes_per_second
        500.0
        """
        if self.seconds < _TELLING_SECONDS or not self.bytes_done:
            return None
        return self.bytes_done / self.seconds


@dataclass(slots=True)
class _Kind:
    """The files of one ending: what the known ones cost, and bytes of those and of the others."""

    cost: float = 0.0
    known: int = 0
    unknown: int = 0

    def expected(self, ending: str) -> float:
        """What all of them cost: the others as much for a byte as the known ones."""
        usual = _COSTS.get(ending, _TEXT_COST) / 1e6
        return self.cost + self.unknown * (self.cost / self.known if self.known else usual)


@dataclass(slots=True)
class Estimate:
    """How long the rest of the files takes, by the work that is done so far: that of a file is
    known once it is read, or once it says how many pages OCR has to read; until then it is taken
    to be as that of the known ones of its kind. `files` are name and size in bytes of each."""

    files: Sequence[tuple[str, int]]
    pages_done: int = 0
    pages_total: int = 0
    _kinds: dict[str, _Kind] = field(default_factory=dict)
    _costs: dict[int, float] = field(default_factory=dict)
    _done: float = 0.0
    _open: dict[int, Pages] = field(default_factory=dict)
    _finished: tuple[int, int] = (0, 0)
    _shown: float | None = None
    _work: float = 0.0

    def __post_init__(self) -> None:
        for name, size in self.files:
            self._kinds.setdefault(_ending(name), _Kind()).unknown += size

    def told(self, pages: Mapping[int, Pages]) -> None:
        """Takes in how far the files are that are read page by page, by their position."""
        for position, own in pages.items():
            if position not in self._costs or position in self._open:
                self._know(position, own.total * _PAGE_COST)
                self._open[position] = own
        self.pages_done = self._finished[0] + sum(own.done for own in self._open.values())
        self.pages_total = self._finished[1] + sum(own.total for own in self._open.values())

    def finished(self, position: int) -> None:
        """Takes in that a file is done."""
        name, size = self.files[position]
        own = self._open.pop(position, None)
        if own is not None:
            done, total = self._finished
            self._finished = done + own.total, total + own.total
        if position not in self._costs:
            self._know(position, size * _COSTS.get(_ending(name), _TEXT_COST) / 1e6)
        self._done += self._costs[position]

    def _know(self, position: int, cost: float) -> None:
        name, size = self.files[position]
        kind = self._kinds[_ending(name)]
        if position not in self._costs:
            kind.unknown -= size
            kind.known += size
        kind.cost += cost - self._costs.get(position, 0.0)
        self._costs[position] = cost

    def seconds_left(self, seconds: float) -> float | None:
        """How long the rest takes, `seconds` after the beginning."""
        part = sum(own.done * _PAGE_COST for own in self._open.values())
        done = self._done + part
        if seconds < _TELLING_SECONDS or done <= 0:
            return None
        work = sum(kind.expected(ending) for ending, kind in self._kinds.items())
        left = max(0.0, (work - done) * seconds / done)
        if self._shown is not None and work <= self._work * _NEWS:
            left = min(left, self._shown)
        self._shown, self._work = left, work
        return left


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 (as many as there are files)


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
