"""Files into the catalog, and how far an update is.

Which files are new, changed, unchanged, gone, and what they become; what an update tells while it
runs, and how long the rest takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath

from rag.documents.detect import is_foreign, plugin_of
from rag.documents.discover import Sidecars
from rag.documents.load import FoundFile, find_files, in_container, is_container
from rag.documents.pool import Job, Pool, processes_for
from rag.documents.workers import RETRY, Pages, Task, Worker
from rag.errors import DocumentError, ReadingTimeout, StoreCorrupt, UnreadableDocument
from rag.index.local.catalog import Catalog, Entry
from rag.index.local.prepare import NO_UNICODE, TASK, Making, Prepared, Ready, digest, prepared
from rag.index.local.rows import vector_rows
from rag.index.local.segments import SEGMENT_ROWS, Derived
from rag.index.local.snapshot import Series
from rag.index.local.tables import GivenUp
from rag.index.protocol import Encoder
from rag.models.encoder import BuiltinEncoder
from rag.settings import Settings
from rag.types import Document, Report, Skipped, Stated

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


_ENCODED_AT_ONCE = 512  # chunks; bounds memory, and small documents share a call of the encoder
_TO_BE_REMADE = ""  # as `made_with`: no program's, so whatever has it is made again
_NOT_AGAIN = (
    "reading it took longer than {:g} seconds before, and it has not changed since; it is not "
    "tried again until it does, or reading.max_seconds is raised, or with: " + RETRY
)


@dataclass(frozen=True, slots=True)
class Options:
    """How an update goes about: `prune` removes documents whose files are gone, `rebuild` makes
    every vector anew, with another encoder too, `retry_skipped` reads documents again of which a
    part is missing that may be there the next time, and files that took too long."""

    prune: bool = False
    rebuild: bool = False
    retry_skipped: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be read: what it is to be called, what is stated of it, the SHA-256 of what is
    known of it already, its size in bytes."""

    name: str
    path: str
    root: str
    stated: Stated
    known: str
    size: int


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
    _states: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    _given_up: dict[str, GivenUp] = field(default_factory=dict)
    _comparing: Worker | None = None
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
        again = self._again(entries, paths) if options.retry_skipped else []
        retried = {found.name for found in again}
        entries = [
            replace(entry, made_with=_TO_BE_REMADE) if entry.name in retried else entry
            for entry in entries
        ]
        self._names = {entry.name: entry for entry in entries}
        self._paths = {entry.path: entry for entry in entries}
        self._corrected = frozenset(self.catalog.corrected())
        before = self.catalog.given_up()
        tried = [
            one for one in before
            if options.retry_skipped and (not paths or below(paths)(one.path))
        ]  # fmt: skip
        # What containers hold is found only where they lie under a path that is named.
        again += [_again(one) for one in tried if not is_container(one.path)]
        self._given_up = {one.path: one for one in before if one not in tried and self._stays(one)}
        refused = {place: _NOT_AGAIN.format(one.seconds) for place, one in self._given_up.items()}
        started = time.monotonic()

        def waiting(place: str) -> None:
            name = legible(os.path.basename(place))  # noqa: PTH119 (as short as it gets)
            tell(options.progress, Step(name, 0, 1, 0, 1, time.monotonic() - started))

        files = find_files(paths, self.settings.reading, refused=refused, waiting=waiting)
        own = os.path.join(os.path.abspath(self.catalog.path.parent), "")  # noqa: PTH100, PTH118
        files = [found for found in files if not found.place.startswith(own)]
        places = {found.place for found in files}
        files += [one for one in again if one.place not in places and _is_there(one.place)]
        self._states = {found.place: found.state for found in files}
        seen = {found.place for found in files}
        try:
            self._read(files, options.progress)
        except Stopped:
            self._flush()
            self._remember(before)
            raise
        finally:
            if self._comparing is not None:
                self._comparing.end()
        closed = tuple(f"{found.place}/" for found in files if found.problem)
        self._gone(entries, paths, seen, closed, prune=options.prune)
        self._refresh(entries, seen)
        self._flush()
        self._remember(before)
        problems = self._sidecars.problems.items()
        self.skipped += [Skipped(legible(name), reason) for name, reason in problems]

    def _again(self, entries: Sequence[Entry], paths: Sequence[Path]) -> list[FoundFile]:
        """Documents of which a part was left out, of those below `paths`, if there are any: a
        catalog may be somebody else's, and nobody has named other files then."""
        left_out, lies = set(self.catalog.warned(RETRY)), below(paths)
        return [
            _found(entry)
            for entry in entries
            if entry.name in left_out and (not paths or lies(entry.path))
        ]

    def _made_with(self, path: str) -> str:
        """What shapes the document of a file; the parser that another package brings belongs to
        it: another version reads its files again."""
        brought = plugin_of(PurePath(path).suffix)
        return f"{self.made_with} {brought.described}" if brought else self.made_with

    def _remember(self, before: Sequence[GivenUp]) -> None:
        if list(self._given_up.values()) != before:
            self.catalog.give_up(self._given_up.values())

    def _stays(self, one: GivenUp) -> bool:
        """Whether a file that took too long would only do so again."""
        return (
            one.made_with == self._made_with(one.path)
            and one.seconds >= self.settings.reading.max_seconds
            and digest(_outermost(one.path)) == one.sha256
        )

    def _give_up(self, path: str, name: str, root: str) -> None:
        """Takes down that reading a file took too long."""
        sha256 = digest(_outermost(path))
        if sha256 is not None:
            seconds = self.settings.reading.max_seconds
            self._given_up[path] = GivenUp(path, name, root, sha256, seconds, self._made_with(path))

    def report(self, seconds: float) -> Report:
        """What was done."""
        return Report(
            self.read, self.unchanged, self.removed, tuple(self.skipped), self.documents,
            self.chunks, seconds, tuple(self.missing), self.split,
            tuple(self.warnings), self.restated,
        )  # fmt: skip

    def _read(self, files: Sequence[FoundFile], progress: Progress | None) -> None:
        """Takes in the files. Those that need not be read are done first."""
        wanted = []
        for found in files:
            name = self._name(found)
            try:
                if found.problem:
                    if found.hung:
                        self._give_up(found.place, name, found.root)
                    raise UnreadableDocument(found.problem)
                file = self._changed(found, name)
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
        if not wanted:
            return
        reading = self.settings.reading
        processes = processes_for([self._job(file, "") for file in wanted], reading)
        # Only the built-in encoder is small enough to be there in every process; one process reads
        # little, and this one has loaded the encoder already.
        alike = processes > 1 and isinstance(self.encoder, BuiltinEncoder)
        jobs = [self._job(file, self.encoder.name if alike else "") for file in wanted]
        with Pool(TASK, reading, processes) as pool:
            at = 0
            for outcome in pool.results(jobs):
                yield wanted[at], outcome, pool.pages
                at += outcome is not None

    def _job(self, file: _Wanted, encoder: str) -> Job:
        making = Making(self._title(file.name, file.stated), self.settings.chunking, encoder)
        arguments = (file.path, file.name, file.known, self.settings.reading, making)
        return Job(arguments, file.size, is_foreign(file.path))

    def _title(self, name: str, stated: Stated) -> str | None:
        """The title of a document, where that is not its own; see `FactTables.said_title`."""
        return self.catalog.said_title(name, stated) if name in self._corrected else stated.title

    def _name(self, found: FoundFile) -> str:
        """The name a file has already, or its name under its root, or, where another file has
        that, the same with the root folder's name in front."""
        path = found.place
        if path in self._paths:
            return self._paths[path].name
        name, number, prefix = found.name, 1, ""
        while name in self._claimed or (
            name in self._names and not self._moved(self._names[name], found)
        ):
            if not prefix:
                root = Path(found.root)
                prefix = (root.parent if root.is_file() else root).name
            name = f"{prefix}/{found.name}" if number == 1 else f"{prefix}-{number}/{found.name}"
            number += 1
        self._claimed[name] = path
        return name

    def _moved(self, entry: Entry, found: FoundFile) -> bool:
        """Whether the document's file is gone and stands, unchanged, where one was found."""
        if entry.path == found.place:
            return True
        there = entry.path in self._states or found.problem
        if there or (not in_container(entry.path) and _is_there(entry.path)):
            return False
        with suppress(OSError):
            if _state(found)[0] != entry.size:
                return False
        if not in_container(found.place) and not in_container(entry.path):
            return digest(found.place) == entry.sha256
        reading = self.settings.reading
        if self._comparing is None:
            self._comparing = Worker(Task("rag.index.local.prepare:moved"), reading)
        return self._comparing.do([(entry.path, entry.sha256, found.place, reading)]) == [True]

    def _changed(self, found: FoundFile, name: str) -> _Wanted | None:
        """What has to be read, None for a file that is as it was."""
        state = _state(found)
        path, root = found.place, found.root
        old = self._names.get(name)
        current = old is not None and old.made_with == self._made_with(path)
        if old and current and old.path == path and (old.size, old.mtime_ns) == state:
            return None
        (name + path).encode()  # lone surrogates cannot be stored
        known = old.sha256 if old and current else ""
        return _Wanted(name, path, root, self._stated(name, path, root), known, state[0])

    def _take(self, file: _Wanted, outcome: object | DocumentError) -> None:
        if isinstance(outcome, DocumentError):
            if isinstance(outcome, ReadingTimeout):
                self._give_up(file.path, file.name, file.root)
            self._skip(file.name, outcome)
            return
        if not isinstance(outcome, Ready):
            raise TypeError(f"reading gave {type(outcome).__name__}")
        state = outcome.state
        entry = Entry(
            file.name, file.path, file.root, state.sha256, state.size, state.mtime_ns,
            self._made_with(file.path), file.stated,
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
        self,
        entries: Iterable[Entry],
        paths: Sequence[Path],
        seen: set[str],
        closed: tuple[str, ...],
        *,
        prune: bool,
    ) -> None:
        """Documents under `paths` whose files are no longer there: removed, or reported. Below
        the `closed` folders and archives, which could not be read, nobody knows."""
        lies = below(paths)
        for entry in entries:
            path = self._names[entry.name].path  # a moved file has another by now
            if path in seen or not lies(path):
                continue
            if path.startswith(closed):
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
            current = old.made_with == self._made_with(old.path)
            if current or self._names.get(old.name) is not old:
                continue
            file = None
            if old.path not in seen:
                with suppress(OSError):
                    file = self._changed(_found(old), old.name)
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
                self._add(again, replace(old, made_with=self._made_with(old.path)))


def _found(entry: Entry) -> FoundFile:
    """The file of a document, as it was when it was read."""
    inside = in_container(entry.path) is not None
    state = (entry.size, entry.mtime_ns) if inside else None
    return FoundFile(entry.path, entry.name, entry.root, state=state)


def _again(one: GivenUp) -> FoundFile:
    """A file that took too long, to be read again."""
    state = (0, 0) if in_container(one.path) is not None else None
    return FoundFile(one.path, one.name, one.root, state=state)


def _state(found: FoundFile) -> tuple[int, int]:
    """Size in bytes and time of the last change, nanoseconds."""
    if found.state is not None:
        return found.state
    now = os.stat(found.place)  # noqa: PTH116 (as many as there are files)
    return now.st_size, now.st_mtime_ns


def _outermost(path: str) -> str:
    """The path of a file itself, or of the container that holds it."""
    inside = in_container(path)
    return path if inside is None else str(inside[0])


def _is_there(path: str) -> bool:
    """Whether a file, or the container that holds it, is there."""
    return os.path.isfile(_outermost(path))  # noqa: PTH113 (as many as there are files)


def below(paths: Sequence[Path]) -> Callable[[str], bool]:
    """Tells of a file's path whether it is one of these, or lies in one of them."""
    roots = tuple(absolute(path) for path in paths)
    inside = tuple(os.path.join(root, "") for root in roots)  # noqa: PTH118 (ends in a slash)
    return lambda path: path in roots or path.startswith(inside)


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
