"""Files into the catalog: what is new, changed, unchanged, gone; then all of it made current."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from rag.errors import DocumentError, StoreError, UnreadableDocument
from rag.indexing.assembling import SEGMENT_ROWS
from rag.indexing.catalog import CATALOG_FILE, Catalog, Entry
from rag.indexing.content import embedding_text
from rag.indexing.fingerprint import Fingerprint, check_encoder, fingerprint
from rag.indexing.lock import LOCK_FILE, PATIENCE_SECONDS, write_lock
from rag.indexing.parts import Parts, sweep
from rag.indexing.snapshot import Series, record
from rag.models.encoder import Encoder
from rag.reading.chunk import Chunks, chunk_document
from rag.reading.load import Found, find_files
from rag.reading.worker import Reader
from rag.settings import Settings
from rag.types import Document, Report, Skipped

Progress = Callable[[str, int, int], None]
"""Called after each file with the document's name, how many files are done, and of how many."""

_ENCODED_AT_ONCE = 512  # chunks; bounds memory, and small documents share a call of the encoder
_REASONS_SHOWN = 20
_TO_BE_REMADE = ""  # as `made_with`: no program's, so whatever has it is made again
_RACY_NS = 2_000_000_000
"""A file changed less than this before it was read may change again without a newer time on a
coarse clock; its time is not trusted and its content is compared at the next update."""


@dataclass(frozen=True, slots=True)
class Options:
    """How an update goes about: `prune` removes documents whose files are gone, `rebuild` makes
    every vector anew, with another encoder too."""

    prune: bool = False
    rebuild: bool = False
    progress: Progress | None = None


def update_index(
    folder: Path, settings: Settings, encoder: Encoder, paths: Sequence[Path], options: Options
) -> Report:
    """Creates the index in `folder` or brings it up to date. Every eight thousand chunks or so
    what is done becomes current, a whole generation; a run that ends early keeps those. A change
    of encoder or settings becomes current all at once.

    Raises:
        DocumentError: a path does not exist. StoreLocked: another process is writing.
        StoreMismatch: another encoder made the index, or another format.
        UnreadableDocument: a new index, and no file could be read; nothing is created.
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
) -> Update:
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
        series = Series(folder, catalog, now, generation, parts)
        # In between an index has no two kinds of vectors or terms: such a change is one commit.
        whole = recorded is not None and now != recorded
        with Reader(settings.reading) as reader:
            run = Update(catalog, settings, encoder, now, None if whole else series, reader)
            run.run(paths, options)
        if recorded is None and not run.read:
            raise UnreadableDocument(_nothing(paths, run.skipped))
        if run.read or run.removed or now != recorded or series.untidy():
            series.finish()
        else:
            catalog.commit()
            sweep(folder, parts)  # what a writer left that was killed after its commit
        run.documents, run.chunks = catalog.counts()
        return run
    finally:
        catalog.close()


@dataclass(slots=True)
class Update:
    """One run over files, inside the catalog's open transaction. With a `series` what is done is
    made current now and then, so that a run that is killed loses little."""

    catalog: Catalog
    settings: Settings
    encoder: Encoder
    fingerprint: Fingerprint
    series: Series | None
    reader: Reader
    read: int = 0
    unchanged: int = 0
    removed: int = 0
    split: int = 0
    documents: int = 0
    chunks: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    _names: dict[str, Entry] = field(default_factory=dict)
    _paths: dict[str, Entry] = field(default_factory=dict)
    _pending: list[tuple[Document, Entry, Chunks]] = field(default_factory=list)
    _unpublished: int = 0
    _made_with: str = ""

    def run(self, paths: Sequence[Path], options: Options) -> None:
        """Takes in all files under `paths`, and again what the catalog holds from an older
        program or other settings, or, for a rebuild, all that it holds.

        Raises:
            DocumentError: a path does not exist. ModelError: the encoder fails.
        """
        self._made_with = self.fingerprint.made_with
        entries = self.catalog.entries()
        if options.rebuild:
            entries = [replace(entry, made_with=_TO_BE_REMADE) for entry in entries]
        self._names = {entry.name: entry for entry in entries}
        self._paths = {entry.path: entry for entry in entries}
        files = find_files(paths)
        seen: set[str] = set()
        for done, found in enumerate(files, 1):
            path = absolute(found.path)
            seen.add(path)
            name = self._name(found, path)
            try:
                if found.problem:
                    raise UnreadableDocument(found.problem)
                self._take(path, name, absolute(found.root))
            except (DocumentError, OSError, UnicodeEncodeError) as error:
                self.skipped.append(Skipped(_printable(name), _reason(error)))
            if options.progress is not None:
                options.progress(_printable(name), done, len(files))
        self._gone(entries, paths, seen, prune=options.prune)
        self._refresh(entries, seen)
        self._flush()

    def report(self, seconds: float) -> Report:
        """What was done."""
        return Report(
            self.read, self.unchanged, self.removed, tuple(self.skipped), self.documents,
            self.chunks, seconds, tuple(self.missing), self.split,
            tuple(self.warnings),
        )  # fmt: skip

    def _name(self, found: Found, path: str) -> str:
        """The name a file has already, or its name under its root, or, where another file has
        that, the same with the root folder's name in front."""
        if path in self._paths:
            return self._paths[path].name
        root = Path(absolute(found.root))
        prefix = (root.parent if found.root.is_file() else root).name
        name, number = found.name, 1
        while name in self._names and not self._moved(self._names[name], path):
            name = f"{prefix}/{found.name}" if number == 1 else f"{prefix}-{number}/{found.name}"
            number += 1
        return name

    def _moved(self, entry: Entry, path: str) -> bool:
        """Whether the document's file is gone and stands, unchanged, at `path`."""
        if entry.path == path:
            return True
        try:
            return not Path(entry.path).exists() and _sha256(path) == entry.sha256
        except OSError:
            return False

    def _take(self, path: str, name: str, root: str) -> None:
        before = Path(path).stat()
        old = self._names.get(name)
        current = old is not None and old.made_with == self._made_with
        state = (before.st_size, before.st_mtime_ns)
        if old and current and old.path == path and (old.size, old.mtime_ns) == state:
            self.unchanged += 1
            return
        limit = self.settings.reading.max_file_bytes
        digest = _sha256(path) if before.st_size <= limit else ""
        racy = time.time_ns() - before.st_mtime_ns < _RACY_NS
        entry = Entry(
            name, path, root, digest, before.st_size, 0 if racy else before.st_mtime_ns,
            self._made_with,
        )  # fmt: skip
        if old and current and old.sha256 == digest:
            self.catalog.touch(entry)
            self.unchanged += 1
        else:
            document = self.reader.read(Path(path), name)
            after = Path(path).stat()
            if (after.st_size, after.st_mtime_ns) != state:
                raise UnreadableDocument("the file changed while it was read; try again")
            self._add(document, entry)
            self.warnings += [Skipped(_printable(name), text) for text in document.warnings]
        self._names[name] = self._paths[path] = entry

    def _add(self, document: Document, entry: Entry) -> None:
        for text in (entry.name, entry.path, document.text, document.title, document.source or ""):
            text.encode()  # lone surrogates cannot be stored
        chunks = chunk_document(document, self.settings.chunking)
        self._pending.append((document, entry, chunks))
        self.read += 1
        self.split += chunks.split_sentences
        if sum(len(item.chunks) for _, _, item in self._pending) >= _ENCODED_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        """Encodes and stores what was read."""
        texts = [
            embedding_text(document.title, chunk)
            for document, _, chunks in self._pending
            for chunk in chunks.chunks
        ]
        vectors = self.encoder.encode_documents(texts) if texts else None
        start = 0
        for document, entry, chunks in self._pending:
            if vectors is not None:
                part = vectors[start : start + len(chunks.chunks)]
                start += len(chunks.chunks)
                self.catalog.put(document, entry, chunks.chunks, part, chunks.split_sentences)
        self._pending.clear()
        self._unpublished += len(texts)
        if self.series is not None and self._unpublished >= SEGMENT_ROWS:
            self.series.publish()
            self._unpublished = 0

    def _gone(
        self, entries: Iterable[Entry], paths: Sequence[Path], seen: set[str], *, prune: bool
    ) -> None:
        """Documents under `paths` whose files are no longer there: removed, or reported."""
        roots = tuple(absolute(path) for path in paths)
        folders = tuple(os.path.join(root, "") for root in roots)  # noqa: PTH118 (ends in a slash)
        for entry in entries:
            path = self._names[entry.name].path  # a moved file has another by now
            if path in seen or not (path in roots or path.startswith(folders)):
                continue
            if prune:
                self.catalog.delete(entry.name)
                del self._names[entry.name]
                self.removed += 1
            else:
                self.missing.append(entry.name)

    def _refresh(self, entries: Iterable[Entry], seen: set[str]) -> None:
        """Reads again what was made with another program or settings and has not just been read;
        where the file is gone or unreadable, the stored text is cut and encoded again."""
        for old in entries:
            current = old.made_with == self._made_with
            if current or self._names.get(old.name) is not old:
                continue
            try:
                if old.path not in seen:
                    self._take(old.path, old.name, old.root)
                    continue
            except (DocumentError, OSError):
                pass
            document = self.catalog.document(old.name)
            if document is not None:
                self._add(document, replace(old, made_with=self._made_with))


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


def absolute(path: Path) -> str:
    """The path from the root, without `..`; links are kept, so that a link's file counts as
    lying where the link lies."""
    return os.path.abspath(path)  # noqa: PTH100 (resolve follows links)


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "its name or text holds characters that are no Unicode text; rename or convert it"
    if isinstance(error, OSError):
        return f"the file cannot be read: {error.strerror or error}"
    return str(error)
