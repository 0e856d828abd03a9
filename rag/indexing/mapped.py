"""Plain numbers in a file that stays on disk and is read where it is looked at."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.indexing.rows import Int64

Numbers = npt.NDArray[Any]


class MappedNumbers:
    """`count` numbers of a file from byte `offset` on, as the array `numbers` `(count,)`. What is
    looked at counts as memory of this process until it is let go, though the system could take it
    back: of every number 64 KiB around it."""

    def __init__(self, path: Path, kind: str, count: int, offset: int) -> None:
        """`kind` is NumPy's name of their type. The file is as long as that or longer.

        Raises:
            OSError: the file cannot be read.
        """
        self._whole: mmap.mmap | None = None
        self.numbers: Numbers = np.empty(0, kind)
        if count:
            with path.open("rb") as file:
                self._whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._advise("MADV_RANDOM")  # else 128 KiB are read from the disk for every row
            self.numbers = np.frombuffer(self._whole, kind, count, offset)

    def let_go(self) -> None:
        """Gives back what was looked at. Other threads may be reading: they read it again."""
        self._advise("MADV_DONTNEED")

    def _advise(self, advice: str) -> None:
        if self._whole is not None and hasattr(mmap, advice):  # not on every system
            self._whole.madvise(getattr(mmap, advice))


ROOM_BYTES = 1 << 30


class Allowance:
    """How much may be looked at in some files before all of it is let go; no limit where they
    hold `room` bytes at most. Letting go costs the next searches 1 ms each."""

    def __init__(self, files: Iterable[MappedNumbers], looks: int, room: int = ROOM_BYTES) -> None:
        self._files = list(files)
        if sum(file.numbers.nbytes for file in self._files) <= room:
            self._files = []
        self._looks = looks
        self._left = looks

    def spend(self, looks: int) -> None:
        """Counts `looks` more; lets go of the files when they were too many."""
        self._left -= looks
        if self._left < 0:
            self._left = self._looks
            for file in self._files:
                file.let_go()


class MappedRows:
    """Rows of equal width in some files, one file after another."""

    def __init__(self, files: Sequence[MappedNumbers], width: int, looks: int) -> None:
        """`files` hold rows of `width` numbers; `looks` as in `Allowance`."""
        self._matrices = [file.numbers.reshape(-1, width) for file in files]
        self._starts = np.cumsum([0, *map(len, self._matrices)])
        self._allowance = Allowance(files, looks)

    def take(self, places: Int64) -> Numbers:
        """The rows `(n, width)` at these places `(n,)`, which rise; there is one file at least."""
        self._allowance.spend(len(places))
        bounds = np.searchsorted(places, self._starts)
        taken = np.empty((len(places), self._matrices[0].shape[1]), self._matrices[0].dtype)
        for i in np.flatnonzero(np.diff(bounds)):
            own = slice(bounds[i], bounds[i + 1])
            taken[own] = self._matrices[i].take(places[own] - self._starts[i], axis=0)
        return taken
