"""A collection as the page sees it: an index that may not be there yet, the files that were
added by the page, and the questions asked of it.

What is not derived lies beside the index folder, in a folder of its own name with `.page`:
`files` holds the files that were added.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from rag.assistant import Assistant, History
from rag.errors import (
    DocumentError,
    NothingRead,
    StoreError,
    StoreLocked,
    StoreMissing,
    UnknownCollection,
)
from rag.indexing.index import Index, Progress
from rag.indexing.loading import LazyEncoder
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.indexing.tending import Tending
from rag.reading.zipped import in_archive
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
MAX_NAME_BYTES = 1_000
MAX_PART_BYTES = 200  # most file systems hold 255, and a file being written has a longer name
NOT_IN_NAMES = frozenset('\\:*?"<>|')  # names that every system can hold


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
        self.files = self.kept / "files"
        self._writing = threading.Lock()
        self._assistant: Assistant | None = None
        self._tending: Tending | None = None
        self._gone = False
        self._look()

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
        """Ends what `tend` began."""
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
        own = in_archive(info.path) is None  # one in an archive stays in it
        return own and Path(info.path).is_relative_to(self.files.absolute())

    def keep(self, name: str, pieces: Iterable[bytes]) -> int:
        """Keeps a file under `name`, which may have folders in it; `update` then reads it.
        Returns its size in bytes.

        Raises:
            DocumentError: the name is none that a file can have here.
            StoreError: it cannot be written. UnknownCollection: it was renamed or deleted.
        """
        place = self.files.joinpath(*checked_name(name))
        if self._gone:
            raise UnknownCollection(f"there is no collection {self.folder.name!r:.100}")
        part = place.with_name(f"{place.name}.{threading.get_ident()}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.writelines(pieces)
                size = file.tell()
            part.replace(place)
        except OSError as error:
            raise StoreError(f"{name} cannot be kept: {error.strerror or error}") from None
        finally:
            part.unlink(missing_ok=True)
        return size

    def update(self, progress: Progress | None = None) -> Report:
        """Reads what was added since the last time. Files that cannot be read are not kept.

        Raises:
            StoreLocked: this or another program is writing to the index.
        """
        if not self._writing.acquire(blocking=False):
            raise StoreLocked("files are being read already; wait until they are")
        try:
            if self._gone:
                raise UnknownCollection(f"there is no collection {self.folder.name!r:.100}")
            report = self._update(progress)
        finally:
            self._writing.release()
        for skipped in report.skipped:
            self._drop(skipped.document)
        return report

    def _update(self, progress: Progress | None) -> Report:
        if self._look() is not None:
            return self.index.update([self.files], progress=progress)
        start = time.perf_counter()
        try:
            index = Index.build([self.files], self.folder, self.settings, progress=progress)
        except NothingRead as error:
            for path in [path for path in self.files.rglob("*") if path.is_file()]:
                path.unlink()
            skipped = tuple(Skipped(name, reason) for name, reason in error.skipped)
            return Report(0, 0, 0, skipped, 0, 0, time.perf_counter() - start)
        self._assistant = Assistant(index, self.settings)
        assert index.report is not None
        return index.report

    def remove(self, name: str) -> int:
        """Takes a document out of the index; its file goes with it if the page had added it.
        Returns how many chunks went.

        Raises:
            UnknownDocument: there is none of that name. StoreLocked: someone is writing.
        """
        if not self._writing.acquire(blocking=False):
            raise StoreLocked("files are being read; wait until they are")
        try:
            found = next((info for info in self.documents() if info.name == name), None)
            removed = self.index.remove(name)
            if found is not None and self.is_added(found):
                Path(found.path).unlink(missing_ok=True)
        finally:
            self._writing.release()
        return removed

    def correct(
        self, name: str, *, title: str | None = None, date: str | None = None
    ) -> DocumentInfo:
        """See `Index.correct`; raises StoreLocked also while files are being read."""
        if not self._writing.acquire(blocking=False):
            raise StoreLocked("files are being read; wait until they are")
        try:
            return self.index.correct(name, title=title, date=date)
        finally:
            self._writing.release()

    def _drop(self, name: str) -> None:
        with suppress(DocumentError, OSError):
            self.files.joinpath(*checked_name(name)).unlink(missing_ok=True)


def kept_beside(folder: Path) -> Path:
    """The folder beside an index folder that holds what is not derived.

    >>> kept_beside(Path("index/default")).as_posix()
    'index/default.page'
    """
    return folder.with_name(f"{folder.name}{BESIDE}")


def checked_name(name: str) -> tuple[str, ...]:
    """The parts of a file's name, folders first.

    Raises:
        DocumentError: it is absolute, climbs, hides, or is one that not every system can hold.

    >>> checked_name("2024/年报.txt")
    ('2024', '年报.txt')
    """
    parts = name.split("/")
    fits = len(os.fsencode(name)) <= MAX_NAME_BYTES if name.isprintable() else False
    for part in parts:
        good = (
            part and part[0] not in ". " and part[-1] not in ". ~" and not set(part) & NOT_IN_NAMES
        )
        if not (fits and good and len(part.encode()) <= MAX_PART_BYTES):
            raise DocumentError(
                f"{name!r:.200} cannot be added: a name is made of parts of at most "
                f"{MAX_PART_BYTES} bytes with / between them, none of which begins with a dot or "
                'holds one of \\ : * ? " < > |; rename the file'
            )
    return tuple(parts)
