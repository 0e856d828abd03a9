"""Files into the catalog: which are new, changed, unchanged, gone; what they become."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from rag.errors import DocumentError, StoreCorrupt, UnreadableDocument
from rag.indexing.assembling import SEGMENT_ROWS
from rag.indexing.catalog import Catalog, Entry
from rag.indexing.deriving import Derived
from rag.indexing.preparing import NO_UNICODE, TASK, Making, Prepared, Ready, prepared
from rag.indexing.records import vector_rows
from rag.indexing.snapshot import Series
from rag.indexing.steps import Estimate, Progress, Step, Stopped, tell
from rag.models.encoder import BuiltinEncoder, Encoder
from rag.reading.containers import file_state
from rag.reading.formats import is_foreign
from rag.reading.load import Found, find_files, read_content
from rag.reading.pages import RETRY, Pages
from rag.reading.pool import Job, Pool, processes_for
from rag.reading.sidecar import Sidecars
from rag.settings import Settings
from rag.types import Document, Report, Skipped, Stated

_ENCODED_AT_ONCE = 512  # chunks; bounds memory, and small documents share a call of the encoder
_TO_BE_REMADE = ""  # as `made_with`: no program's, so whatever has it is made again


@dataclass(frozen=True, slots=True)
class Options:
    """How an update goes about: `prune` removes documents whose files are gone, `rebuild` makes
    every vector anew, with another encoder too, `retry_skipped` reads documents again of which a
    part is missing that may be there the next time."""

    prune: bool = False
    rebuild: bool = False
    retry_skipped: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be read: what it is to be called, what is stated of it, the SHA-256 of what is
    known of it already, its size in bytes, and whether a library parses it that may crash."""

    name: str
    path: str
    root: str
    stated: Stated
    known: str
    size: int
    foreign: bool


@dataclass(slots=True)
class Intake:
    """One run over files, inside the catalog's open transaction. With a `series` what is done is
    made current now and then, so that a run that is killed loses little. `known` are the chunks
    that are not current yet."""

    catalog: Catalog
    settings: Settings
    encoder: Encoder
    made_with: str
    series: Series | None
    read: int = 0
    unchanged: int = 0
    restated: int = 0
    removed: int = 0
    split: int = 0
    documents: int = 0
    chunks: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    known: dict[int, Derived] = field(default_factory=dict)
    _corrected: frozenset[str] = frozenset()
    _names: dict[str, Entry] = field(default_factory=dict)
    _paths: dict[str, Entry] = field(default_factory=dict)
    _sidecars: Sidecars = field(default_factory=Sidecars)
    _claimed: dict[str, str] = field(default_factory=dict)
    _pending: list[tuple[Prepared, Entry]] = field(default_factory=list)
    _waiting: int = 0
    _unpublished: int = 0

    def run(self, paths: Sequence[Path], options: Options) -> None:
        """Takes in all files under `paths`, and again what the catalog holds from an older
        program or other settings, or, for a rebuild, all that it holds.

        Raises:
            DocumentError: a path does not exist. ModelError: the encoder fails.
            Stopped: the progress raised; what was taken in until then is in the catalog.
        """
        entries = self.catalog.entries()
        if options.rebuild:
            entries = [replace(entry, made_with=_TO_BE_REMADE) for entry in entries]
        again = self._again(entries) if options.retry_skipped else []
        retried = {entry.name for entry in again}
        entries = [
            replace(entry, made_with=_TO_BE_REMADE) if entry.name in retried else entry
            for entry in entries
        ]
        self._names = {entry.name: entry for entry in entries}
        self._paths = {entry.path: entry for entry in entries}
        self._corrected = frozenset(self.catalog.corrected())
        files = find_files(paths, self.settings.reading)
        places = {found.place for found in files}
        files += [
            Found(entry.path, entry.name, entry.root)
            for entry in again if entry.path not in places
        ]  # fmt: skip
        seen = {found.place for found in files}
        try:
            self._read(files, options.progress)
        except Stopped:
            self._flush()
            raise
        self._gone(entries, paths, seen, prune=options.prune)
        self._refresh(entries, seen)
        self._flush()
        problems = self._sidecars.problems.items()
        self.skipped += [Skipped(legible(name), reason) for name, reason in problems]

    def _again(self, entries: Sequence[Entry]) -> list[Entry]:
        """Documents of which a part was left out, whose files are there."""
        left_out = set(self.catalog.warned(RETRY))
        found = []
        for entry in entries:
            if entry.name in left_out:
                with suppress(OSError, DocumentError):
                    file_state(entry.path, self.settings.reading)
                    found.append(entry)
        return found

    def report(self, seconds: float) -> Report:
        """What was done."""
        return Report(
            self.read, self.unchanged, self.removed, tuple(self.skipped), self.documents,
            self.chunks, seconds, tuple(self.missing), self.split,
            tuple(self.warnings), self.restated,
        )  # fmt: skip

    def _read(self, files: Sequence[Found], progress: Progress | None) -> None:
        """Takes in the files. Those that need not be read are done first."""
        wanted = []
        for found in files:
            name = self._name(found)
            try:
                if found.problem:
                    raise UnreadableDocument(found.problem)
                file = self._changed(found.place, name, found.root)
            except (DocumentError, OSError, UnicodeEncodeError) as error:
                self._skip(name, error)
                continue
            if file is None:
                self.unchanged += 1
                self._restate(name, self._stated(name, found.place, found.root))
            else:
                wanted.append(file)
        total, started = sum(file.size for file in wanted), time.monotonic()
        done, size = len(files) - len(wanted), 0
        estimate = Estimate([(file.path, file.size) for file in wanted])
        for file, outcome, pages in self._outcomes(wanted):
            estimate.told(pages)
            if outcome is not None:
                self._take(file, outcome)
                estimate.finished(done - (len(files) - len(wanted)))
                done, size = done + 1, size + file.size
            seconds = time.monotonic() - started
            step = Step(
                legible(file.name), done, len(files), size, total, seconds,
                estimate.pages_done, estimate.pages_total, estimate.seconds_left(seconds),
            )  # fmt: skip
            tell(progress, step)

    def _outcomes(
        self, wanted: Sequence[_Wanted]
    ) -> Iterator[tuple[_Wanted, object | DocumentError | None, Mapping[int, Pages]]]:
        """Each file and what came of reading it, in order, None while it is being waited for; and
        how far those are that are read page by page, by their position."""
        reading = self.settings.reading
        processes = processes_for([self._job(file, "") for file in wanted], reading)
        # Only the built-in encoder is small enough to be there in every process.
        alike = processes > 0 and isinstance(self.encoder, BuiltinEncoder)
        jobs = [self._job(file, self.encoder.name if alike else "") for file in wanted]
        with Pool(TASK, reading, processes) as pool:
            at = 0
            for outcome in pool.results(jobs):
                yield wanted[at], outcome, pool.pages
                at += outcome is not None

    def _job(self, file: _Wanted, encoder: str) -> Job:
        making = Making(self._title(file.name, file.stated), self.settings.chunking, encoder)
        arguments = (file.path, file.name, file.known, self.settings.reading, making)
        return Job(arguments, file.size, file.foreign)

    def _title(self, name: str, stated: Stated) -> str | None:
        """The title of a document, where that is not its own; see `FactTables.said_title`."""
        return self.catalog.said_title(name, stated) if name in self._corrected else stated.title

    def _name(self, found: Found) -> str:
        """The name a file has already, or its name under its root, or, where another file has
        that, the same with the root folder's name in front."""
        path = found.place
        if path in self._paths:
            return self._paths[path].name
        name, number, prefix = found.name, 1, ""
        while name in self._claimed or (
            name in self._names and not self._moved(self._names[name], path)
        ):
            if not prefix:
                root = Path(found.root)
                prefix = (root.parent if root.is_file() else root).name
            name = f"{prefix}/{found.name}" if number == 1 else f"{prefix}-{number}/{found.name}"
            number += 1
        self._claimed[name] = path
        return name

    def _moved(self, entry: Entry, path: str) -> bool:
        """Whether the document's file is gone and stands, unchanged, at `path`."""
        if entry.path == path:
            return True
        try:
            with suppress(DocumentError, FileNotFoundError, NotADirectoryError):
                file_state(entry.path, self.settings.reading)
                return False  # it is still there
            data = read_content(Path(path), self.settings.reading).data
            return sha256(data).hexdigest() == entry.sha256
        except (OSError, DocumentError):
            return False

    def _changed(self, path: str, name: str, root: str) -> _Wanted | None:
        """What has to be read, None for a file that is as it was."""
        state = file_state(path, self.settings.reading)
        old = self._names.get(name)
        current = old is not None and old.made_with == self.made_with
        if old and current and old.path == path and (old.size, old.mtime_ns) == state:
            return None
        (name + path).encode()  # lone surrogates cannot be stored
        known = old.sha256 if old and current else ""
        return _Wanted(
            name, path, root, self._stated(name, path, root), known, state[0], is_foreign(path)
        )

    def _take(self, file: _Wanted, outcome: object | DocumentError) -> None:
        if isinstance(outcome, DocumentError):
            self._skip(file.name, outcome)
            return
        if not isinstance(outcome, Ready):
            raise TypeError(f"reading gave {type(outcome).__name__}")
        state = outcome.state
        entry = Entry(
            file.name, file.path, file.root, state.sha256, state.size, state.mtime_ns,
            self.made_with, file.stated,
        )  # fmt: skip
        if outcome.prepared is None:
            self.catalog.touch(entry)
            self.unchanged += 1
            self._restate(file.name, file.stated)
        else:
            self._add(outcome.prepared, entry)
        self._names[file.name] = self._paths[file.path] = entry

    def _stated(self, name: str, path: str, root: str) -> Stated:
        """What sidecars state of a file now; what they stated before where one is malformed."""
        old = self._names.get(name)
        if old is not None and path.startswith(old.root) and len(old.root) < len(root):
            root = old.root
        found = self._sidecars.of(path, root)
        if found is None:
            return Stated() if old is None else old.stated
        return found

    def _restate(self, name: str, stated: Stated) -> None:
        """Takes in what a sidecar states of a document that is as it was. Only another title
        changes what is searched for."""
        old = self._names[name]
        if stated == old.stated:
            return
        try:
            titled = self.catalog.state(name, stated)
            document = self.catalog.as_read(name) if titled else None
        except StoreCorrupt as error:
            self._skip(name, error)
            return
        now = self._names[name] = self._paths[old.path] = replace(old, stated=stated)
        self.restated += 1
        if document is not None:
            self._queue(self._prepared(document, stated), now)

    def _prepared(self, document: Document, stated: Stated) -> Prepared:
        """A document that is in the catalog, anew."""
        title = self._title(document.name, stated)
        return prepared([(document, title)], self.settings.chunking, None)[0]

    def _skip(self, name: str, error: Exception) -> None:
        self.skipped.append(Skipped(legible(name), _reason(error), earlier=name in self._names))

    def _add(self, new: Prepared, entry: Entry) -> None:
        self.read += 1
        self.split += new.split
        self.warnings += [Skipped(legible(entry.name), text) for text in new.rows.warnings]
        self._queue(new, entry)

    def _queue(self, new: Prepared, entry: Entry) -> None:
        self._pending.append((new, entry))
        self._waiting += len(new.rows.chunks)
        if self._waiting >= _ENCODED_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        """Stores what was read, and encodes it where that is not done."""
        texts = [text for new, _ in self._pending for text in new.texts]
        encoded = iter(vector_rows(self.encoder.encode_documents(texts)) if texts else ())
        for new, entry in self._pending:
            vectors = new.vectors or tuple(islice(encoded, len(new.texts)))
            keys = self.catalog.put(entry, new.rows, vectors)
            self._unpublished += len(keys)
            if self.series is not None:
                derived = zip(new.terms, new.sentences, vectors, strict=True)
                for key, (terms, sentences, (_, vector)) in zip(keys, derived, strict=True):
                    self.known[key] = Derived(terms, sentences, vector)
        self._pending.clear()
        self._waiting = 0
        if self.series is not None and self._unpublished >= SEGMENT_ROWS:
            self.series.publish(self.known)
            self.known.clear()
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
                self.catalog.remove(entry.name)
                del self._names[entry.name]
                self.removed += 1
            else:
                self.missing.append(entry.name)

    def _refresh(self, entries: Iterable[Entry], seen: set[str]) -> None:
        """Reads again what was made with another program or settings and has not just been read;
        where the file is gone, unreadable or another one, the stored text is cut and encoded
        again: nobody has named these paths now, and a catalog may be somebody else's."""
        wanted, left = [], []
        for old in entries:
            current = old.made_with == self.made_with
            if current or self._names.get(old.name) is not old:
                continue
            file = None
            if old.path not in seen:
                with suppress(OSError):
                    file = self._changed(old.path, old.name, old.root)
            if file is not None:
                wanted.append(file)
            else:
                left.append(old)
        for file, outcome, _ in self._outcomes(wanted):
            old = self._names[file.name]
            another = isinstance(outcome, Ready) and outcome.state.sha256 != old.sha256
            if another or isinstance(outcome, DocumentError):
                left.append(old)
            elif outcome is not None:
                self._take(file, outcome)
        for old in left:
            document = self.catalog.as_read(old.name)
            if document is not None:
                again = self._prepared(document, old.stated)
                self._add(again, replace(old, made_with=self.made_with))


def absolute(path: Path) -> str:
    """The path from the root, without `..`; links are kept, so that a link's file counts as
    lying where the link lies."""
    return os.path.abspath(path)  # noqa: PTH100 (resolve follows links)


def legible(name: str) -> str:
    """A file's name as it can be shown: where its bytes are none of this system's encoding, as
    the GB18030 that they most likely are, else with the bytes written out.

    >>> legible("年报.txt".encode("gb18030").decode("utf-8", "surrogateescape"))
    '年报.txt'
    """
    try:
        name.encode()
        return name
    except UnicodeEncodeError:
        pass
    try:
        return os.fsencode(name).decode("gb18030")
    except UnicodeError:
        return name.encode("utf-8", "backslashreplace").decode()


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return NO_UNICODE
    if isinstance(error, OSError):
        return f"the file cannot be read: {error.strerror or error}"
    return str(error)
