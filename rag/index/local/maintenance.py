"""An index examined, repaired, copied and looked after.

Damage in an index: found row by row, and mended from what is still sound.

An index saved as one file, and brought back. The file is a catalog: everything else of an
index is derived from it. Both may run while others search.

An index looked after while it is served: what opening did not hash is hashed, damaged parts are
made anew from the catalog, a change of the encoder is carried out.

One thread of low priority, which rests three times as long as it works, and ends within a moment.

Where the encoder has changed, the new vectors gather in a table of their own, a batch and a commit
at a time, while the old ones answer, so that a run that ends early is gone on with; then one
transaction puts them in the place of the old ones.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.documents.chunk import DocumentCells
from rag.documents.discover import Sidecars
from rag.documents.workers import apart
from rag.errors import DocumentError, RagError, StoreCorrupt, StoreError, StoreLocked, StoreMissing
from rag.i18n import say
from rag.index.local.catalog import CATALOG_FILE, Catalog, Entry
from rag.index.local.content import embedding_text
from rag.index.local.database import OlderFormat
from rag.index.local.opening import (
    ENCODER,
    PATIENCE_SECONDS,
    Fingerprint,
    LazyEncoder,
    check_encoder,
    write_lock,
)
from rag.index.local.rows import RowIds
from rag.index.local.segments import PartFile, Parts, damage, damaged_file, read_parts, sound, sync
from rag.index.local.snapshot import Series, rebuild, record
from rag.index.local.update import put_again
from rag.index.protocol import Encoder, Float32
from rag.settings import Reading, Settings
from rag.types import Document

if TYPE_CHECKING:
    from rag.index.protocol import Encoder


CHECKED = "checked"
"""The fact in which `rag.index.local.maintenance` keeps what it found; no longer true once
mended."""


def damages(folder: Path) -> list[str]:
    """One line for each damage in the index folder, none for a sound one.

    Raises:
        StoreMissing: there is no index. StoreMismatch: another format.
    """
    try:
        catalog = Catalog.open_reader(folder)
    except StoreCorrupt as error:
        return [str(error)]
    try:
        _, fingerprint, parts = record(catalog)
        found = row_damages(catalog, fingerprint.dimension)
        return found + _part_damages(folder, catalog, parts, fingerprint.dimension)
    except StoreCorrupt as error:
        return [str(error)]
    finally:
        catalog.close()


def row_damages(catalog: Catalog, dimension: int) -> list[str]:
    """One line for each damage in the catalog's own content.

    Raises:
        StoreCorrupt: it cannot be read at all.
    """
    found = catalog.integrity()
    for name in catalog.names():
        found += document_damages(catalog, name, dimension)
    return found + [line for _, line in _correction_damages(catalog)]


def _correction_damages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Names of documents and what is wrong with the correction of each."""
    for name in catalog.corrected():
        try:
            catalog.correction(name)
        except StoreCorrupt as error:
            yield name, str(error)


def repair(folder: Path, settings: Settings, load: Callable[[], Encoder]) -> list[str]:
    """Mends an index that perhaps cannot be opened; see `mend`.

    Raises:
        StoreMissing: there is no index. StoreLocked: another process is writing.
        StoreCorrupt: see `mend`.
    """
    with suppress(OlderFormat):
        Catalog.open_reader(folder).close()
    with write_lock(folder, PATIENCE_SECONDS):
        return mend(folder, settings, load)


def mend(folder: Path, settings: Settings, load: Callable[[], Encoder]) -> list[str]:
    """Makes anew what is damaged; one line for each thing mended. The caller holds the writer
    lock; `load` gives the encoder where vectors are needed.

    Raises:
        StoreCorrupt: a document's row is damaged and its file is gone or cannot be read.
    """
    catalog = Catalog.open_writer(folder)
    try:
        generation, fingerprint, parts = record(catalog)
        mended = _mend_structure(catalog)
        dropped = dict(_correction_damages(catalog))
        for name, line in dropped.items():
            catalog.drop_correction(name)
            mended.append(f"{line}; it was dropped, correct the document again")
        sidecars = Sidecars()
        for entry in catalog.entries():
            lines = document_damages(catalog, entry.name, fingerprint.dimension)
            if lines or entry.name in dropped:
                document = _recover(catalog, entry, settings)
                encoder = load()
                check_encoder(folder, fingerprint, encoder)
                catalog.delete(entry.name)
                stated = sidecars.of(entry.path, entry.root) if lines else None
                renamed = replace(entry, name=document.name, stated=stated or entry.stated)
                put_again(catalog, document, renamed, encoder, settings)
                mended += lines
        broken = _part_damages(folder, catalog, parts, fingerprint.dimension)
        if mended or broken:
            catalog.drop_meta(CHECKED)
            Series(folder, catalog, fingerprint, generation, sound(folder, parts)).finish()
        return mended + broken
    finally:
        catalog.close()


def _mend_structure(catalog: Catalog) -> list[str]:
    """Makes SQLite's own indexes anew where they do not fit their tables.

    Raises:
        StoreCorrupt: that was not enough.
    """
    found = catalog.integrity()
    if found:
        catalog.run("REINDEX")
        if left := catalog.integrity():
            raise StoreCorrupt(
                f"{catalog.path} is damaged: {left[0]}; put a backup in its place with: "
                f"rag restore FILE --force --index {catalog.path.parent}; "
                "or delete the folder and index again"
            )
    return found


def document_damages(catalog: Catalog, name: str, dimension: int) -> list[str]:
    """What is wrong with a document, its chunks and their vectors, one line each."""
    try:
        document = catalog.document(name)
        if document is None:
            return [f"document {name} is missing"]
        keys = catalog.document_chunks(name)
        found = [] if _origin_holds(document) else [f"document {name}: its origin does not fit"]
        cells = DocumentCells(document)
        for position, chunk in enumerate(catalog.chunks(keys)):
            place = (chunk.position, chunk.document_id)
            if place != (position, document.id) or chunk.span.of(document.text) != chunk.text:
                found.append(f"document {name}, chunk {position}: it is no part of the text")
            elif chunk.cells != cells.within(chunk.span):
                found.append(f"document {name}, chunk {position}: its cells are no table's")
        catalog.vectors(np.array(keys, np.int64), dimension)
    except StoreCorrupt as error:
        text = str(error)
        # A flipped bit may have made bytes of the name.
        return [text if f"{name}" in text else f"document {name}: {text}"]
    return found


def _origin_holds(document: Document) -> bool:
    """Whether every run gives the same characters in text and source."""
    text, source = document.text, document.source
    return source is None or all(
        text[run.start : run.start + run.length] == source[run.source : run.source + run.length]
        for run in document.origin
    )


def _part_damages(folder: Path, catalog: Catalog, parts: Parts, dimension: int) -> list[str]:
    if lines := damage(folder, parts):
        return lines
    try:
        read_parts(folder, parts, dimension, RowIds(catalog.keys()))
    except StoreCorrupt as error:
        return [str(error)]
    return []


def _read(path: str, name: str, reading: Reading) -> Document:
    document = apart("rag.documents.load:read_document", (Path(path), name, reading), reading)
    if not isinstance(document, Document):
        raise TypeError(f"reading gave {type(document).__name__}")
    return document


def _recover(catalog: Catalog, entry: Entry, settings: Settings) -> Document:
    try:
        document = catalog.as_read(entry.name)
        if document is not None:
            return document
    except StoreCorrupt:
        pass
    try:
        again = _read(entry.path, entry.name, settings.reading)
        if again.id == catalog.document_id(entry.name):
            return again
        # The name may be what is damaged: the one that the file had is known by the id.
        usual = os.path.relpath(entry.path, entry.root)
        name = Path(entry.path).name if usual == "." else Path(usual).as_posix()
        if name == entry.name:
            return again
        renamed = _read(entry.path, name, settings.reading)
        if renamed.id == catalog.document_id(entry.name):
            return renamed
        reason = "neither its name nor its file is what it was"
    except (DocumentError, OSError) as error:
        reason = str(error)
    raise StoreCorrupt(
        f"document {entry.name} is damaged and cannot be read again from {entry.path}: "
        f"{reason}; put the file back, or remove the document with: rag remove {entry.name}"
    )


_NEW = ".new"
_LINES_SHOWN = 5


def backup(catalog: Catalog, path: Path) -> None:
    """Writes what the catalog shows, one generation, into the new file `path`.

    Raises:
        StoreError: the file exists, the disk is full, the folder cannot be written to.
    """
    if path.exists():
        raise StoreError(say("backup.exists", path=path))
    temporary = path.with_name(path.name + _NEW)
    try:
        temporary.unlink(missing_ok=True)
        catalog.copy_to(temporary)
        os.link(temporary, path)  # never over a file that has come in between
    except OSError as error:
        raise StoreError(say("backup.not_written", path=path, error=error)) from None
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def restore(path: Path, folder: Path, *, replace: bool = False) -> tuple[int, int]:
    """Makes the index that was saved in `path` the one in `folder`, as its next generation.
    Every row is held against its checksum first. Returns the numbers of documents and chunks.

    Raises:
        StoreMissing: no such file. StoreCorrupt: it is damaged or something else.
        StoreMismatch: another format. StoreLocked: another process is writing.
        StoreError: there is an index in `folder` and `replace` is not set.
    """
    if not path.is_file():
        raise StoreMissing(say("backup.missing", path=path))
    target = folder / CATALOG_FILE
    saved = Catalog.reader(path)
    try:
        generation, fingerprint, _ = record(saved)
        if lines := row_damages(saved, fingerprint.dimension):
            shown = "".join(f"\n  {line}" for line in lines[:_LINES_SHOWN])
            raise StoreCorrupt(say("backup.damaged", path=path, lines=shown))
        if target.exists() and not replace:
            raise StoreError(say("backup.index_there", folder=folder))
        folder.mkdir(parents=True, exist_ok=True)
        with write_lock(folder, PATIENCE_SECONDS):
            last = max(generation, _generation(folder))
            saved.copy_over(target)
            catalog = Catalog.open_writer(folder)
            try:
                Series(folder, catalog, fingerprint, last, Parts.none()).finish()
                counts = catalog.counts()
            finally:
                catalog.close()
        return counts
    except OSError as error:
        raise StoreError(say("backup.folder", folder=folder, error=error)) from None
    finally:
        saved.close()


def _generation(folder: Path) -> int:
    """The number that the index in `folder` has reached, 0 where there is none to be read."""
    try:
        catalog = Catalog.open_reader(folder)
    except StoreError:
        return 0
    try:
        return record(catalog)[0]
    except StoreError:
        return 0
    finally:
        catalog.close()


_AT_ONCE = 128


def reencode(folder: Path, wanted: LazyEncoder, pause: Callable[[], None]) -> bool:
    """Makes `wanted` the encoder of the index; documents may come and go meanwhile. `pause` is
    called after each batch and may raise to end the run. Returns whether there was anything to do.

    Raises:
        StoreLocked: another process is writing; what was done until then is kept.
        StoreCorrupt: a row of the catalog is not what was stored.
        ModelUnavailable, ModelError: the encoder cannot be loaded.
    """
    encoder = wanted.get()
    while True:
        catalog = Catalog.open_reader(folder)
        try:
            target = _target(catalog, encoder)
            if target is None:
                return False
            batch = [
                (key, embedding_text(title, chunk))
                for key, title, chunk in catalog.to_encode(_name(target), _AT_ONCE)
            ]
        finally:
            catalog.close()
        if batch:
            vectors = encoder.encode_documents([text for _, text in batch])
            _keep(folder, target, [key for key, _ in batch], vectors)
        elif _switch(folder, encoder, wanted.described):
            return True
        pause()


def _target(catalog: Catalog, encoder: Encoder) -> Fingerprint | None:
    """The index's fingerprint with that encoder; None where it is that already."""
    recorded = record(catalog)[1]
    target = replace(recorded, encoder=encoder.name, dimension=encoder.dimension)
    return None if target == recorded else target


def _name(target: Fingerprint) -> str:
    return f"{target.encoder}, {target.dimension}"


def _keep(folder: Path, target: Fingerprint, keys: list[int], vectors: Float32) -> None:
    with write_lock(folder, PATIENCE_SECONDS):
        catalog = Catalog.open_writer(folder)
        try:
            catalog.put_next_vectors(_name(target), keys, vectors)
            catalog.commit()
        finally:
            catalog.close()


def _switch(folder: Path, encoder: Encoder, described: str) -> bool:
    """Makes the new vectors current; not where chunks have come that have none yet."""
    with write_lock(folder, PATIENCE_SECONDS):
        catalog = Catalog.open_writer(folder)
        try:
            target = _target(catalog, encoder)
            if target is None:
                return True
            if any(True for _ in catalog.to_encode(_name(target), 1)):
                return False
            generation, recorded, _ = record(catalog)
            catalog.take_next_vectors(recorded.made_with, target.made_with)
            catalog.set_meta(ENCODER, described)
            Series(folder, catalog, target, generation, Parts.none()).finish()
        finally:
            catalog.close()
    return True


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
