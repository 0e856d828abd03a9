"""An index made from files, or brought up to date with them, under the writer lock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rag.errors import NothingRead, StoreError
from rag.indexing.catalog import CATALOG_FILE, Catalog
from rag.indexing.fingerprint import check_encoder, fingerprint
from rag.indexing.intake import Intake, Options
from rag.indexing.loading import ENCODER, described
from rag.indexing.lock import LOCK_FILE, PATIENCE_SECONDS, write_lock
from rag.indexing.parts import Parts, sweep
from rag.indexing.snapshot import Series, record
from rag.indexing.steps import Stopped
from rag.models.encoder import Encoder
from rag.settings import Settings
from rag.types import Report, Skipped

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
        UnreadableDocument: a new index, and no file could be read; nothing is created.
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
            raise KeyboardInterrupt(_KEPT.format(run.read)) from None
        if recorded is None and not run.read:
            skipped = [(one.document, one.reason) for one in run.skipped]
            raise NothingRead(_nothing(paths, run.skipped), skipped)
        if run.read or run.removed or run.restated or now != recorded or series.untidy():
            series.finish(run.known)
        else:
            catalog.commit()
            sweep(folder, parts)  # what a writer left that was killed after its commit
        run.documents, run.chunks = catalog.counts()
        return run
    finally:
        catalog.close()


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
