"""Changes of an index: files, a user's words on a document, documents taken out and put back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rag.errors import DocumentError, FilterError, NothingRead, StoreCorrupt, StoreError
from rag.i18n import say
from rag.index.local.catalog import CATALOG_FILE, Catalog, Entry
from rag.index.local.ingest import Intake, Options, Stopped
from rag.index.local.opening import (
    ENCODER,
    LOCK_FILE,
    PATIENCE_SECONDS,
    LazyEncoder,
    check_encoder,
    described,
    fingerprint,
    write_lock,
)
from rag.index.local.prepare import prepared
from rag.index.local.segments import Parts, sweep
from rag.index.local.snapshot import Series, record
from rag.index.protocol import Encoder
from rag.settings import Settings
from rag.types import Document, Report, Skipped, Stated

_REASONS_SHOWN = 20
_KEPT = "interrupted; {} files were read and are in the index, the same command reads the others"
_UNDONE = "interrupted; the change of encoder or settings is undone, the index is as it was"


def update_index(
    folder: Path, settings: Settings, encoder: Encoder, paths: Sequence[Path], options: Options
) -> Report:
    """Creates the index in `folder` or brings it up to date. Every eight thousand chunks or so
    what is done becomes current, a whole generation; a run that ends early keeps those, and one
    that is interrupted through its progress all that was done. A change of encoder or settings
    becomes current all at once.

    Raises:
        DocumentError: a path does not exist. StoreLocked: another process is writing.
        StoreMismatch: another encoder made the index, or another format.
        UnreadableDocument: a new index, and no file could be read; nothing is created, unless
            one took too long, which the empty index then remembers.
        KeyboardInterrupt: `options.progress` raised it; what else it raises is passed on.
    """
    started = time.monotonic()
    new = not (folder / CATALOG_FILE).exists()
    made = _make_folder(folder)
    try:
        with write_lock(folder, PATIENCE_SECONDS):
            run = _run(folder, settings, encoder, paths, options)
    except BaseException:
        if new and not _begun(folder):
            _unmake(folder, made)
        raise
    return run.report(time.monotonic() - started)


def _run(
    folder: Path, settings: Settings, encoder: Encoder, paths: Sequence[Path], options: Options
) -> Intake:
    catalog = Catalog.open_writer(folder)
    try:
        generation, recorded, parts = 0, None, Parts.none()
        if "generation" in catalog.meta():
            generation, recorded, parts = record(catalog)
            if catalog.counts()[0] and not options.rebuild:
                check_encoder(folder, recorded, encoder)
        now = fingerprint(settings.chunking, encoder.name, encoder.dimension)
        if recorded is not None and not now.shares_parts(recorded):
            parts = Parts.none()
        if recorded is None or recorded.encoder != encoder.name:
            catalog.set_meta(ENCODER, described(settings.encoder))
        series = Series(folder, catalog, now, generation, parts)
        # In between an index has no two kinds of vectors or terms: such a change is one commit.
        whole = recorded is not None and now != recorded
        run = Intake(catalog, settings, encoder, now.made_with, None if whole else series)
        try:
            run.run(paths, options)
        except Stopped:
            if whole:
                raise KeyboardInterrupt(_UNDONE) from None
            if run.read:
                series.publish(run.known)
            elif recorded is not None or catalog.given_up():
                catalog.commit()
            raise KeyboardInterrupt(_KEPT.format(run.read)) from None
        if recorded is None and not run.read:
            _give_up(series, run, paths)
        if run.read or run.removed or run.restated or now != recorded or series.untidy():
            series.finish(run.known)
        else:
            catalog.commit()
            sweep(folder, parts)  # what a writer left that was killed after its commit
        run.documents, run.chunks = catalog.counts()
        return run
    finally:
        catalog.close()


def _give_up(series: Series, run: Intake, paths: Sequence[Path]) -> NoReturn:
    """Ends a run that could read nothing for a new index, which stays only if it has to remember
    what took too long."""
    if run.catalog.given_up():
        series.finish()
    skipped = [(one.document, one.reason) for one in run.skipped]
    raise NothingRead(_nothing(paths, run.skipped), skipped)


def _nothing(paths: Sequence[Path], skipped: Sequence[Skipped]) -> str:
    places = ", ".join(str(path) for path in paths)
    if not skipped:
        return f"no file to read under {places}; name a file, or a folder that holds some"
    reasons = "".join(f"\n  {item.document}: {item.reason}" for item in skipped[:_REASONS_SHOWN])
    return f"none of the {len(skipped)} files under {places} could be read:{reasons}"


def _make_folder(folder: Path) -> list[Path]:
    """Creates the folder; returns what was created, innermost first."""
    absent = [place for place in (folder, *folder.absolute().parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the index folder {folder} cannot be created: {error}") from None
    return absent


def _begun(folder: Path) -> bool:
    """Whether a first build that failed has made something current."""
    try:
        catalog = Catalog.open_reader(folder)
    except StoreError:
        return False
    catalog.close()
    return True


def _unmake(folder: Path, made: Sequence[Path]) -> None:
    """Removes what a failed first build left."""
    for suffix in ("", "-wal", "-shm"):
        (folder / (CATALOG_FILE + suffix)).unlink(missing_ok=True)
    (folder / LOCK_FILE).unlink(missing_ok=True)
    for place in made:
        with suppress(OSError):
            place.rmdir()


MAX_TITLE_CHARACTERS = 1_000


def checked_title(title: str) -> str:
    """A title on one line.

    Raises:
        FilterError: it is too long, or no Unicode text.
    """
    line = " ".join(title.split())
    if len(line) > MAX_TITLE_CHARACTERS or not line.isprintable():
        raise FilterError(
            say("correction.title", title=line, length=len(line), limit=MAX_TITLE_CHARACTERS)
        )
    return line


def correct(
    folder: Path,
    settings: Settings,
    encoder: LazyEncoder,
    name: str,
    title: str | None,
    date: str | None,
) -> bool:
    """Records a correction as the next generation; see `FactTables.correct`. Returns whether
    there is such a document. The caller holds the writer lock.

    Raises:
        StoreMismatch: the title stands above every chunk, and the encoder is another.
    """
    catalog = Catalog.open_writer(folder)
    try:
        generation, fingerprint, parts = record(catalog)
        document = catalog.as_read(name)
        if document is None:
            return False
        if catalog.correct(name, title, date):
            entry = catalog.entry(name)
            put_again(catalog, document, entry, encoder.checked(folder, fingerprint), settings)
        Series(folder, catalog, fingerprint, generation, parts).finish()
    finally:
        catalog.close()
    return True


def put_again(
    catalog: Catalog, document: Document, entry: Entry, encoder: Encoder, settings: Settings
) -> None:
    """Stores a document, as it was read, with new chunks and vectors under its present title."""
    title = catalog.said_title(document.name, entry.stated)
    (new,) = prepared([(document, title)], settings.chunking, encoder)
    catalog.put(entry, new.rows, new.vectors)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What an index held of a document: as it was read, its file, a user's words on it; `chunks`
    is how many there were. `document` is None where it was damaged: it cannot be put back."""

    document: Document | None
    entry: Entry
    corrected: Stated
    chunks: int


def take_out(folder: Path, name: str) -> TakenOut | None:
    """Removes a document from all parts; None where there is none of that name. The caller holds
    the writer lock."""
    catalog = Catalog.open_writer(folder)
    try:
        generation, made_with, parts = record(catalog)
        if not catalog.has(name):
            return None
        document, corrected, entry = None, Stated(), catalog.entry(name)
        with suppress(StoreCorrupt):  # what is damaged can be removed all the same
            document, corrected = catalog.as_read(name), catalog.correction(name)
        chunks = catalog.remove(name)
        Series(folder, catalog, made_with, generation, parts).finish()
    finally:
        catalog.close()
    return TakenOut(document, entry, corrected, chunks)


def put_back(folder: Path, settings: Settings, encoder: LazyEncoder, taken: TakenOut) -> None:
    """Puts a document back as it was. The caller holds the writer lock.

    Raises:
        DocumentError: there is another of that name by now, or it was damaged.
        StoreMismatch: the encoder is another.
    """
    name = taken.entry.name
    catalog = Catalog.open_writer(folder)
    try:
        if taken.document is None or catalog.has(name):
            raise DocumentError(say("documents.damaged_meanwhile", name=name))
        generation, fingerprint, parts = record(catalog)
        catalog.correct(name, taken.corrected.title, taken.corrected.date)
        model = encoder.checked(folder, fingerprint)
        put_again(catalog, taken.document, taken.entry, model, settings)
        Series(folder, catalog, fingerprint, generation, parts).finish()
    finally:
        catalog.close()
