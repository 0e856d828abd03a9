"""Collections: an index that may not be there yet, and several of them in one folder.

A collection as the page sees it: an index that may not be there yet, the files that were
added by the page, and the questions asked of it.

What is not derived lies beside the index folder, in a folder of its own name with `.page`; see
`rag.serving.uploads` for the files in it.

Several collections in one folder, or one alone: which collection a name means.

A collection is an index folder and what lies beside it (`rag.serving.collections`). A name is
compared with those that are there, or, for a new one, checked first: it never becomes a path
elsewhere.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from rag.assistant import Assistant
from rag.errors import (
    DocumentError,
    NothingRead,
    SettingsError,
    StoreError,
    StoreLocked,
    StoreMissing,
    UnknownCollection,
    UnknownDocument,
)
from rag.i18n import said, say
from rag.index.local.catalog import CATALOG_FILE
from rag.index.local.index import Index, Progress
from rag.index.local.maintenance import Tending
from rag.index.local.opening import PATIENCE_SECONDS, LazyEncoder, write_lock
from rag.index.local.update import TakenOut
from rag.index.protocol import Float32
from rag.serving.uploads import Added, KeptFiles, checked_name, is_of
from rag.settings import Settings
from rag.types import (
    Answer,
    Document,
    DocumentInfo,
    Event,
    Filter,
    History,
    IndexStatus,
    Passage,
    Report,
    Skipped,
)

BESIDE = ".page"  # after the index folder's name, the name of the folder beside it
MAX_OTHERS = 8  # assistants of other models that are kept
UNDO_SECONDS = 60.0
"""How long what a person removed can be brought back; then it is gone from every file."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that was removed: how many chunks went, and with what `bring_back` brings it back
    within `UNDO_SECONDS`."""

    chunks: int
    undo: str


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was removed of the index and of the files, and the timer that makes it last."""

    document: TakenOut | None
    name: str | None
    token: str
    timer: threading.Timer


class Collection:
    """An index folder and what the page keeps beside it. Safe to use from several threads."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Opens the index in `folder` if there is one.

        Raises:
            StoreMismatch: it is of another format. StoreCorrupt: it is damaged.
        """
        self.folder = folder
        self.settings = settings
        self.kept = kept_beside(folder)
        self._files = KeptFiles(self.kept)
        self.files = self._files.files
        self._reasons: dict[str, str] = {}
        self._taken: dict[str, _Taken] = {}
        self._writing = threading.Lock()
        self._index: Index | None = None
        self._assistant: Assistant | None = None
        self._others: dict[str, Assistant] = {}
        self._tending: Tending | None = None
        self._gone = False
        self._look()
        if self._files.sweep(UNDO_SECONDS):  # a program was killed before it was forgotten
            self._later(UNDO_SECONDS, self._files.sweep, UNDO_SECONDS)

    def tend(self) -> None:
        """Looks after the index from now on, until `close`; see `rag.index.local.maintenance`."""
        assistant = self._look()
        encoder = LazyEncoder(self.settings.encoder)
        if assistant is not None:
            encoder = self._handle().wanted_encoder  # a named model is not held twice
            assistant.prepare()
        self._tending = Tending(self.folder, encoder)
        self._tending.start()

    def close(self) -> None:
        """Ends what `tend` began; what was removed is gone for good."""
        for undo in list(self._taken):
            self._forget(undo)
        if self._tending is not None:
            self._tending.close()
            self._tending = None

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """While its folders are renamed or deleted: nothing writes to them, and afterwards this
        handle takes no file any more. What fails in it leaves all as it was.

        Raises:
            StoreLocked: this or another program is writing to the index.
        """
        if not self._writing.acquire(blocking=False):
            raise StoreLocked(say("documents.being_read"))
        tended = self._tending is not None
        try:
            self.close()
            with (
                write_lock(self.folder, PATIENCE_SECONDS) if self.folder.is_dir() else nullcontext()
            ):
                self._gone = True
                yield
        except BaseException:
            self._gone = False
            if tended:
                self.tend()
            raise
        finally:
            self._writing.release()

    def use(self, settings: Settings) -> None:
        """Answers by `settings` from the next question on; the index stays as it is."""
        self.settings = settings
        self._others.clear()
        if self._assistant is not None:
            self._assistant = Assistant(self._handle(), settings)
            if self._tending is not None:
                self._assistant.prepare()

    @property
    def index(self) -> Index:
        """The index, at the generation that is current now: another process may write to it.

        Raises:
            StoreMissing: nothing was added yet.
        """
        return self._handle().pinned()

    def _look(self) -> Assistant | None:
        """The assistant; none while there is no index, which another process may make."""
        if self._assistant is None:
            with suppress(StoreMissing):
                self._index = Index.open(self.folder, self.settings, earlier=True)
                self._assistant = Assistant(self._index, self.settings)
        return self._assistant

    def _opened(self) -> Assistant:
        assistant = self._look()
        if assistant is None:
            raise StoreMissing(say("documents.none"))
        return assistant

    def _handle(self) -> Index:
        """The index that the assistant answers from."""
        self._opened()
        assert self._index is not None
        return self._index

    def search(
        self, question: str, k: int | None = None, where: Filter | None = None
    ) -> list[Passage]:
        """See `Assistant.search`; raises StoreMissing where nothing was added yet."""
        return self._opened().search(question, k, where)

    def ask(self, question: str, *, where: Filter | None = None) -> Answer:
        """See `Assistant.ask`; raises StoreMissing where nothing was added yet."""
        return self._opened().ask(question, where=where)

    def stream(
        self, question: str, history: History = (), where: Filter | None = None
    ) -> Iterator[Event]:
        """See `Assistant.stream`; raises StoreMissing where nothing was added yet."""
        return self._opened().stream(question, history, where)

    def embed(self, texts: Sequence[str], *, questions: bool = False) -> Float32:
        """The vectors of texts, or of questions, by the index's encoder; by the one of the settings
        where nothing was added yet."""
        found = self._look()
        encoder = LazyEncoder(self.settings.encoder).get() if found is None else self.index.encoder
        return encoder.encode_queries(texts) if questions else encoder.encode_documents(texts)

    def relevance(self, question: str, texts: Sequence[str]) -> list[float]:
        """See `Assistant.relevance`; raises StoreMissing where nothing was added yet."""
        return self._opened().relevance(question, texts)

    def by(self, model: str) -> Assistant:
        """The assistant that answers with another model of the server of the settings, or, for an
        empty name, in sentences of the documents; kept while the settings stay.

        Raises:
            StoreMissing: nothing was added yet.
        """
        assistant = self._opened()
        if model == self.settings.chat.model:
            return assistant
        if model not in self._others:
            if len(self._others) >= MAX_OTHERS:
                self._others.clear()
            chat = self.settings.chat.model_copy(update={"model": model})
            settings = self.settings.model_copy(update={"chat": chat})
            self._others[model] = Assistant(self._handle(), settings)
        return self._others[model]

    def status(self) -> IndexStatus:
        """What the index holds; nothing, of generation 0, where there is none."""
        if self._look() is None:
            return IndexStatus(str(self.folder), 0, 0, 0, "", 0, stale=False)
        return self.index.status()

    def documents(self, containing: str = "", where: Filter | None = None) -> list[DocumentInfo]:
        """The documents by name; with `containing` those that have it in their text, name or
        title; with `where` those that fit."""
        if self._look() is None:
            return []
        index = self.index
        everything = index.documents(where=where)
        if not containing.strip():
            return list(everything)
        wanted = containing.strip().casefold()
        mentioning = index.mentioning(containing)
        return [
            info
            for info in everything
            if info.name in mentioning or wanted in f"{info.name}\n{info.title}".casefold()
        ]

    def document(self, name: str) -> Document:
        """A whole document; raises UnknownDocument where there is none of that name."""
        return self.index.document(name)

    def last_page(self, name: str) -> int | None:
        """See `Index.last_page`."""
        return self.index.last_page(name)

    def is_added(self, info: DocumentInfo) -> bool:
        """Whether the document's file was added by the page, and goes when it is removed."""
        return self._kept_name(info) is not None

    def _kept_name(self, info: DocumentInfo) -> str | None:
        """The name of the document's own file among those that were added. What a catalog says is
        compared with what is there: it may be somebody else's."""
        name = self._files.name_of(info.path)
        return name if name is not None and is_of(info.name, name) else None

    def keep(self, name: str, pieces: Iterable[bytes]) -> Added:
        """Keeps a file under `name`, which may have folders in it; `update` then reads it.

        Raises:
            DocumentError: the name is none that a file can have here.
            StoreError: it cannot be written. UnknownCollection: it was renamed or deleted.
        """
        if self._gone:
            raise UnknownCollection(say("collection.unknown", name=self.folder.name))
        return self._files.add(name, pieces)

    def update(self, progress: Progress | None = None, *, retry_skipped: bool = False) -> Report:
        """Reads what was added since the last time, and again what could not be read; with
        `retry_skipped` also the added files of which a part was left out. No file is deleted,
        whatever comes of it; see `unread`.

        Raises:
            StoreLocked: this or another program is writing to the index.
            StoreError: the folder of files is a link.
        """
        with self._alone():
            if self._gone:
                raise UnknownCollection(say("collection.unknown", name=self.folder.name))
            self._files.check()
            report = self._update(progress, retry_skipped=retry_skipped)
            self._reasons = {one.document: one.reason for one in report.skipped}
            self._files.settle(self._reasons)
        return report

    def _update(self, progress: Progress | None, *, retry_skipped: bool) -> Report:
        if self._look() is not None:
            return self.index.update([self.files], retry_skipped=retry_skipped, progress=progress)
        start = time.perf_counter()
        try:
            index = Index.build([self.files], self.folder, self.settings, progress=progress)
        except NothingRead as error:
            skipped = tuple(Skipped(name, reason) for name, reason in error.skipped)
            return Report(0, 0, 0, skipped, 0, 0, time.perf_counter() - start)
        self._index, self._assistant = index, Assistant(index, self.settings)
        assert index.report is not None
        return index.report

    def unread(self) -> list[Skipped]:
        """The files that were added and are in no document, by name, and why, as far as the last
        `update` of this program has found out."""
        paths = {info.path for info in self.documents()}
        found = []
        for name in self._files.names():
            place = str(self.files.absolute() / name)
            if place in paths or any(path.startswith(f"{place}/") for path in paths):
                continue
            reasons = (reason for one, reason in self._reasons.items() if is_of(one, name))
            found.append(Skipped(name, next(reasons, "")))
        return found

    def remove(self, name: str) -> Removed:
        """Takes a document out of the index; its file goes with it if the page had added it. An
        added file that is in no document goes by its own name.

        Raises:
            UnknownDocument: there is none of that name. StoreLocked: someone is writing.
        """
        with self._alone():
            kept, taken, token = None, None, ""
            found = next((info for info in self.documents() if info.name == name), None)
            if found is not None:
                kept = self._kept_name(found)
                taken = self._handle().take_out(name)
            elif any(one.document == name for one in self.unread()):
                kept = name
            else:
                raise UnknownDocument(say("documents.not_listed", name=name))
            if kept is not None:
                token = self._files.take_away(kept)
            undo = uuid.uuid4().hex
            timer = self._later(UNDO_SECONDS, self._forget, undo)
            self._taken[undo] = _Taken(taken, kept, token, timer)
        return Removed(0 if taken is None else taken.chunks, undo)

    def bring_back(self, undo: str) -> str:
        """Brings back what was removed, within `UNDO_SECONDS`; returns its name.

        Raises:
            UnknownDocument: it is gone for good. DocumentError: there is another by that name.
            StoreLocked: someone is writing.
        """
        with self._alone():
            taken = self._taken.get(undo)
            if taken is None:
                raise UnknownDocument(say("documents.gone"))
            if taken.name is not None:
                self._files.bring_back(taken.token, taken.name)
            if taken.document is not None:
                self._handle().put_back(taken.document)
            self._forget(undo)
            return taken.name or "" if taken.document is None else taken.document.entry.name

    def _forget(self, undo: str) -> None:
        taken = self._taken.pop(undo, None)
        if taken is not None:
            taken.timer.cancel()
            self._files.forget(taken.token)
            with suppress(StoreError):
                self._handle().settle()

    @staticmethod
    def _later(seconds: float, act: Callable[..., object], *given: object) -> threading.Timer:
        timer = threading.Timer(seconds, act, given)
        timer.daemon = True
        timer.start()
        return timer

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody else here writes.

        Raises:
            StoreLocked: somebody does.
        """
        if not self._writing.acquire(blocking=False):
            raise StoreLocked(say("documents.being_read"))
        try:
            yield
        finally:
            self._writing.release()

    def correct(
        self, name: str, *, title: str | None = None, date: str | None = None
    ) -> DocumentInfo:
        """See `Index.correct`; raises StoreLocked also while files are being read."""
        with self._alone():
            return self.index.correct(name, title=title, date=date)


def kept_beside(folder: Path) -> Path:
    """The folder beside an index folder that holds what is not derived.

    >>> kept_beside(Path("index/default")).as_posix()
    'index/default.page'
    """
    return folder.with_name(f"{folder.name}{BESIDE}")


MAX_NAME_CHARACTERS = 60
MAX_COLLECTIONS = 200
_DELETED = ".deleted"


class Library:
    """The collections of a folder, opened when they are first asked for. Safe to use from several
    threads."""

    def __init__(self, default: Collection, root: Path | None = None) -> None:
        """`default` is what is meant where nothing is named. The others are the index folders in
        `root`, in which new ones are made; without it there is no other.

        Raises:
            SettingsError: `default` does not lie in `root`.
        """
        if root is not None and default.folder.parent.resolve() != root.resolve():
            raise SettingsError(say("collection.elsewhere", index=default.folder, root=root))
        self.default = default
        self.root = root
        self._open = {default.folder.name: default}
        self._lock = threading.Lock()
        self._tended = False

    def tend(self) -> None:
        """Looks after every open collection from now on, until `close`."""
        with self._lock:
            self._tended = True
            for collection in self._open.values():
                collection.tend()

    def close(self) -> None:
        """Ends what `tend` began."""
        with self._lock:
            self._tended = False
            for collection in self._open.values():
                collection.close()

    @property
    def settings(self) -> Settings:
        """The settings of every collection."""
        return self.default.settings

    def use(self, settings: Settings) -> None:
        """Answers by `settings` in every collection from the next question on."""
        with self._lock:
            for collection in self._open.values():
                collection.use(settings)

    def names(self) -> tuple[str, ...]:
        """The names of the collections, the default first, the others in order."""
        first = self.default.folder.name
        found: set[str] = set()
        if self.root is not None and self.root.is_dir():
            for path in self.root.iterdir():
                name = path.name.removesuffix(BESIDE)
                real = path.is_dir() and not path.is_symlink()
                if real and (name != path.name or (path / CATALOG_FILE).is_file()) and _fits(name):
                    found.add(name)
        return (first, *sorted(found - {first}))

    def collection(self, name: str = "") -> Collection:
        """The collection of a name; the default for an empty one.

        Raises:
            UnknownCollection: there is none of that name.
            StoreMismatch: its index is of another format. StoreCorrupt: it is damaged.
        """
        if not name:
            return self.default
        with self._lock:
            if name not in self.names():
                raise UnknownCollection(say("collection.unknown", name=name))
            if name not in self._open:
                assert self.root is not None  # without it the default is the only name
                self._open[name] = Collection(self.root / name, self.settings)
                if self._tended:
                    self._open[name].tend()
            return self._open[name]

    def rename(self, name: str, new: str) -> None:
        """Gives a collection another name. Its documents are found under their new paths as soon
        as their files have been compared; meanwhile it answers.

        Raises:
            as `create` and `delete`.
        """
        folder = self._changeable(name)
        checked_collection_name(new)
        if new == name:
            return
        taken = {other.casefold() for other in self.names() if other != name}
        if new.casefold() in taken:
            raise DocumentError(say("collection.exists", name=new))
        with self._lock, self._leaving(name, folder):
            _move(folder, folder.with_name(new))
            self._forget(name)
        moved = self.collection(new)
        if moved.files.is_dir() and moved.status().documents:
            moved.update()
            with self._lock:  # what is open does not see where files are now
                self._forget(new)

    def delete(self, name: str) -> None:
        """Deletes a collection: its index, the files that were added by the page, its
        conversations. Files that were indexed where they are stay there.

        Raises:
            SettingsError: it is the default one, or one collection alone is served.
            UnknownCollection: there is none of that name. StoreLocked: someone is writing to it.
            StoreError: its folders cannot be changed.
        """
        folder = self._changeable(name)
        # First out of sight as a whole, then taken apart; no collection's name begins with a dot.
        away = folder.with_name(f".{uuid.uuid4().hex}{_DELETED}")
        with self._lock, self._leaving(name, folder):
            try:
                away.mkdir()
                _move(folder, away / name)
            except (OSError, StoreError) as error:
                with suppress(OSError):
                    away.rmdir()
                raise StoreError(
                    say("collection.not_deleted", name=name, error=_why(error))
                ) from None
            self._forget(name)
        for left in folder.parent.glob(f".*{_DELETED}"):  # what a crash left, too
            shutil.rmtree(left, ignore_errors=True)

    def _changeable(self, name: str) -> Path:
        """The folder of a collection that is to be renamed or deleted."""
        if self.root is None:
            raise SettingsError(say("collection.alone"))
        if name == self.default.folder.name:
            raise SettingsError(say("collection.started_with", name=name))
        if name not in self.names():
            raise UnknownCollection(say("collection.unknown", name=name))
        return self.root / name

    def _leaving(self, name: str, folder: Path) -> AbstractContextManager[None]:
        """What keeps everybody from writing to a collection; a damaged one need not be opened."""
        if name in self._open:
            return self._open[name].leaving()
        return write_lock(folder, PATIENCE_SECONDS) if folder.is_dir() else nullcontext()

    def _forget(self, name: str) -> None:
        found = self._open.pop(name, None)
        if found is not None:
            found.close()

    def create(self, name: str) -> Collection:
        """A new, empty collection.

        Raises:
            DocumentError: the name is none that a collection can have, or it is taken.
            SettingsError: one collection alone is served, or there are too many.
            StoreError: it cannot be made.
        """
        if self.root is None:
            raise SettingsError(say("collection.alone"))
        checked_collection_name(name)
        taken = {other.casefold() for other in self.names()}
        if name.casefold() in taken:
            raise DocumentError(say("collection.exists", name=name))
        if len(taken) >= MAX_COLLECTIONS:
            raise SettingsError(say("collection.too_many", limit=MAX_COLLECTIONS))
        if (self.root / name).exists():
            raise DocumentError(say("collection.something_else", name=name, root=self.root))
        try:
            (self.root / f"{name}{BESIDE}").mkdir(parents=True)
        except OSError as error:
            raise StoreError(
                say("collection.not_made", name=name, error=error.strerror or error)
            ) from None
        return self.collection(name)


def _move(folder: Path, to: Path) -> None:
    """Moves an index folder and what lies beside it, both or neither."""
    moved: list[tuple[Path, Path]] = []
    try:
        for old, new in ((folder, to), (kept_beside(folder), kept_beside(to))):
            if new.exists() or new.is_symlink():
                raise StoreError(say("collection.there", name=new.name))
            if old.exists():
                old.rename(new)
                moved.append((old, new))
    except (OSError, StoreError) as error:
        for old, new in moved:
            new.rename(old)
        raise StoreError(
            say("collection.not_renamed", name=folder.name, error=_why(error))
        ) from None


def _why(error: Exception) -> str:
    return str(error.strerror or error) if isinstance(error, OSError) else said(error)


def checked_collection_name(name: str) -> str:
    """The name, which a folder of its own and one beside it can have.

    Raises:
        DocumentError: it has parts, climbs, hides, is too long or cannot be written everywhere.

    >>> checked_collection_name("年报 2024")
    '年报 2024'
    """
    if len(checked_name(name)) != 1 or len(name) > MAX_NAME_CHARACTERS or name.endswith(BESIDE):
        raise DocumentError(
            say("collection.bad_name", name=name, limit=MAX_NAME_CHARACTERS, ending=BESIDE)
        )
    return name


def _fits(name: str) -> bool:
    try:
        checked_collection_name(name)
    except DocumentError:
        return False
    return True
