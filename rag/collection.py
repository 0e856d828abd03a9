"""A collection as the page sees it: an index that may not be there yet, the files that were
added by the page, and the questions asked of it.

What is not derived lies beside the index folder, in a folder of its own name with `.page`; see
`rag.serving.kept` for the files in it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from rag.assistant import Assistant, History
from rag.errors import (
    NothingRead,
    StoreError,
    StoreLocked,
    StoreMissing,
    UnknownCollection,
    UnknownDocument,
)
from rag.indexing.index import Index, Progress
from rag.indexing.loading import LazyEncoder
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.removing import TakenOut
from rag.indexing.tending import Tending
from rag.serving.kept import KeptFiles, is_of
from rag.settings import Settings
from rag.types import (
    Answer,
    Document,
    DocumentInfo,
    Event,
    Filter,
    IndexStatus,
    Passage,
    Report,
    Skipped,
)

BESIDE = ".page"  # after the index folder's name, the name of the folder beside it
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
        self._assistant: Assistant | None = None
        self._tending: Tending | None = None
        self._gone = False
        self._look()
        if self._files.sweep(UNDO_SECONDS):  # a program was killed before it was forgotten
            self._later(UNDO_SECONDS, self._files.sweep, UNDO_SECONDS)

    def tend(self) -> None:
        """Looks after the index from now on, until `close`; see `rag.indexing.tending`."""
        assistant = self._look()
        encoder = LazyEncoder(self.settings.encoder)
        if assistant is not None:
            encoder = assistant.index.wanted_encoder  # a named model is not held twice
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
            raise StoreLocked("files are being read; wait until they are")
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
        if self._assistant is not None:
            self._assistant = Assistant(self._assistant.index, settings)
            if self._tending is not None:
                self._assistant.prepare()

    @property
    def index(self) -> Index:
        """The index, at the generation that is current now: another process may write to it.

        Raises:
            StoreMissing: nothing was added yet.
        """
        return self._opened().index.pinned()

    def _look(self) -> Assistant | None:
        """The assistant; none while there is no index, which another process may make."""
        if self._assistant is None:
            with suppress(StoreMissing):
                index = Index.open(self.folder, self.settings, earlier=True)
                self._assistant = Assistant(index, self.settings)
        return self._assistant

    def _opened(self) -> Assistant:
        assistant = self._look()
        if assistant is None:
            raise StoreMissing("no documents yet; add files first")
        return assistant

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

    def keep(self, name: str, pieces: Iterable[bytes]) -> int:
        """Keeps a file under `name`, which may have folders in it; `update` then reads it.
        Returns its size in bytes.

        Raises:
            DocumentError: the name is none that a file can have here.
            StoreError: it cannot be written. UnknownCollection: it was renamed or deleted.
        """
        if self._gone:
            raise UnknownCollection(f"there is no collection {self.folder.name!r:.100}")
        return self._files.add(name, pieces)

    def update(self, progress: Progress | None = None) -> Report:
        """Reads what was added since the last time, and again what could not be read. No file is
        deleted, whatever comes of it; see `unread`.

        Raises:
            StoreLocked: this or another program is writing to the index.
            StoreError: the folder of files is a link.
        """
        with self._alone("files are being read already; wait until they are"):
            if self._gone:
                raise UnknownCollection(f"there is no collection {self.folder.name!r:.100}")
            self._files.check()
            report = self._update(progress)
            self._reasons = {one.document: one.reason for one in report.skipped}
            self._files.settle(self._reasons)
        return report

    def _update(self, progress: Progress | None) -> Report:
        if self._look() is not None:
            return self.index.update([self.files], progress=progress)
        start = time.perf_counter()
        try:
            index = Index.build([self.files], self.folder, self.settings, progress=progress)
        except NothingRead as error:
            skipped = tuple(Skipped(name, reason) for name, reason in error.skipped)
            return Report(0, 0, 0, skipped, 0, 0, time.perf_counter() - start)
        self._assistant = Assistant(index, self.settings)
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
        with self._alone("files are being read; wait until they are"):
            kept, taken, token = None, None, ""
            found = next((info for info in self.documents() if info.name == name), None)
            if found is not None:
                kept = self._kept_name(found)
                taken = self._opened().index.take_out(name)
            elif any(one.document == name for one in self.unread()):
                kept = name
            else:
                raise UnknownDocument(f"there is no document {name!r:.200}; reload the list")
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
        with self._alone("files are being read; wait until they are"):
            taken = self._taken.get(undo)
            if taken is None:
                raise UnknownDocument("that was removed for good; add the file again")
            if taken.name is not None:
                self._files.bring_back(taken.token, taken.name)
            if taken.document is not None:
                self._opened().index.put_back(taken.document)
            self._forget(undo)
            return taken.name or "" if taken.document is None else taken.document.entry.name

    def _forget(self, undo: str) -> None:
        taken = self._taken.pop(undo, None)
        if taken is not None:
            taken.timer.cancel()
            self._files.forget(taken.token)
            with suppress(StoreError):
                self._opened().index.settle()

    @staticmethod
    def _later(seconds: float, act: Callable[..., object], *given: object) -> threading.Timer:
        timer = threading.Timer(seconds, act, given)
        timer.daemon = True
        timer.start()
        return timer

    @contextmanager
    def _alone(self, otherwise: str) -> Iterator[None]:
        """While nobody else here writes.

        Raises:
            StoreLocked: somebody does; `otherwise` is what to say then.
        """
        if not self._writing.acquire(blocking=False):
            raise StoreLocked(otherwise)
        try:
            yield
        finally:
            self._writing.release()

    def correct(
        self, name: str, *, title: str | None = None, date: str | None = None
    ) -> DocumentInfo:
        """See `Index.correct`; raises StoreLocked also while files are being read."""
        with self._alone("files are being read; wait until they are"):
            return self.index.correct(name, title=title, date=date)


def kept_beside(folder: Path) -> Path:
    """The folder beside an index folder that holds what is not derived.

    >>> kept_beside(Path("index/default")).as_posix()
    'index/default.page'
    """
    return folder.with_name(f"{folder.name}{BESIDE}")
