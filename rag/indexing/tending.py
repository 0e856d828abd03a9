"""An index looked after while it is served: what opening did not hash is hashed, damaged parts are
made anew from the catalog, a change of the encoder is carried out.

One thread of low priority, which rests three times as long as it works, and ends within a moment.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import RagError, StoreError, StoreLocked, StoreMissing
from rag.indexing.catalog import Catalog
from rag.indexing.loading import LazyEncoder
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.parts import PartFile, Parts, damaged_file
from rag.indexing.reencoding import reencode
from rag.indexing.snapshot import rebuild, record
from rag.indexing.verify import CHECKED, document_damages

LOOK_SECONDS = 5.0
AGAIN_SECONDS = 24 * 3600.0
"""How often the catalog's rows are read whole; new files are hashed as they come."""

_TROUBLE_SECONDS = 300.0  # after an error that will hardly pass in a moment
_REST = 3.0
_NICE = 10
_NAMES_AT_ONCE = 16
_LINES_KEPT = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """When an index was last looked through (UTC, `YYYY-MM-DD HH:MM:SS`), and what was wrong and
    could not be mended; None where it never was."""

    at: str | None
    damage: tuple[str, ...]


def last_check(folder: Path) -> Checked | None:
    """What the last look through the index in a folder found; None where nothing is known."""
    try:
        catalog = Catalog.open_reader(folder)  # what was found makes no generation of its own
    except StoreError:
        return None
    try:
        value = json.loads(catalog.meta().get(CHECKED, ""))
        return Checked(str(value["at"]), tuple(str(line) for line in value["damage"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    finally:
        catalog.close()


class _Ended(Exception):
    """The thread is to end."""


class Tending:
    """Looks after the index in a folder, from `start` to `close`."""

    def __init__(self, folder: Path, encoder: LazyEncoder) -> None:
        """`encoder` is the one that the index shall have."""
        self._folder = folder
        self._encoder = encoder
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._hashed: set[PartFile] = set()
        self._rows_at = 0.0
        self._generation = 0
        self._damage: tuple[str, ...] = ()
        self._worked = time.monotonic()
        self._noted = True
        self._said = ""

    def start(self) -> None:
        """Begins; once."""
        self._thread = threading.Thread(target=self._run, name="wenju-tending", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends, after the batch or block that is being worked on."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(AttributeError, OSError):  # of this thread alone, where the system can
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not self._end.is_set():
            rest = LOOK_SECONDS
            try:
                self.look()
            except _Ended:
                return
            except (StoreLocked, StoreMissing):
                pass  # whoever writes is at work, or will be; the next look is soon
            except (RagError, OSError) as error:
                rest = _TROUBLE_SECONDS
                if str(error) != self._said:  # once, not every few seconds
                    self._said = str(error)
                    _log.warning("the index %s cannot be looked after: %s", self._folder, error)
            self._end.wait(rest)

    def look(self) -> None:
        """Does what is to be done now.

        Raises:
            StoreLocked: another process is writing. StoreCorrupt: the catalog is damaged.
        """
        self._worked = time.monotonic()
        reencode(self._folder, self._encoder, self._pause)
        generation, parts = self._record()
        due = time.monotonic() - self._rows_at > AGAIN_SECONDS or not self._rows_at
        if generation != self._generation or due:
            broken = self._broken(parts)
            if broken is None:
                return  # a writer has moved on
            if broken:
                with write_lock(self._folder, PATIENCE_SECONDS):
                    rebuild(self._folder, generation)
                _log.warning("mended in %s: %s", self._folder, "; ".join(broken))
                generation, _ = self._record()
            if due or self._damage:
                self._damage = tuple(self._row_damages())
                self._rows_at, self._noted = time.monotonic(), False
            self._generation = generation
        if not self._noted:
            self._note(self._damage)
            self._noted = True

    def _record(self) -> tuple[int, Parts]:
        catalog = Catalog.open_reader(self._folder)
        try:
            generation, _, parts = record(catalog)
        finally:
            catalog.close()
        return generation, parts

    def _broken(self, parts: Parts) -> list[str] | None:
        """What is wrong with files that were not hashed yet; None where they are gone."""
        place = self._folder / parts.folder
        found = []
        for file in parts.files():
            if file in self._hashed:
                continue
            line = damaged_file(place, file)
            if not place.exists():
                return None
            if line:
                found.append(f"{parts.folder}/{line}")
            else:
                self._hashed.add(file)
            self._pause()
        self._hashed &= set(parts.files())
        return found

    def _row_damages(self) -> list[str]:
        """What is wrong with documents, chunks and vectors; no reader stays open for long."""
        found: list[str] = []
        catalog = Catalog.open_reader(self._folder)
        try:
            names = catalog.names()
        finally:
            catalog.close()
        for start in range(0, len(names), _NAMES_AT_ONCE):
            catalog = Catalog.open_reader(self._folder)
            try:
                dimension = record(catalog)[1].dimension
                for name in names[start : start + _NAMES_AT_ONCE]:
                    if catalog.has(name):
                        found += document_damages(catalog, name, dimension)
            finally:
                catalog.close()
            self._pause()
        return found

    def _note(self, damage: tuple[str, ...]) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        value = {"at": at, "damage": damage[:_LINES_KEPT]}
        with write_lock(self._folder, PATIENCE_SECONDS):
            catalog = Catalog.open_writer(self._folder)
            try:
                catalog.set_meta(CHECKED, json.dumps(value, ensure_ascii=False))
                catalog.commit()
            finally:
                catalog.close()

    def _pause(self) -> None:
        now = time.monotonic()
        if self._end.wait(_REST * (now - self._worked)):
            raise _Ended
        self._worked = time.monotonic()
