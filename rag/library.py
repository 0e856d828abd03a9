"""Several collections in one folder, or one alone: which collection a name means.

A collection is an index folder and what lies beside it (`rag.collection`). A name is compared
with those that are there, or, for a new one, checked first: it never becomes a path elsewhere.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from rag.collection import BESIDE, Collection, kept_beside
from rag.errors import DocumentError, SettingsError, StoreError, UnknownCollection
from rag.indexing.catalog import CATALOG_FILE
from rag.indexing.lock import PATIENCE_SECONDS, write_lock
from rag.serving.kept import checked_name
from rag.settings import Settings

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
            raise SettingsError(f"the index {default.folder} does not lie in {root}")
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
                raise UnknownCollection(f"there is no collection {name!r:.100}")
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
            raise DocumentError(f"there is a collection {new!r} already; choose another name")
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
                raise StoreError(f"{name} cannot be deleted: {_why(error)}") from None
            self._forget(name)
        for left in folder.parent.glob(f".*{_DELETED}"):  # what a crash left, too
            shutil.rmtree(left, ignore_errors=True)

    def _changeable(self, name: str) -> Path:
        """The folder of a collection that is to be renamed or deleted."""
        if self.root is None:
            raise SettingsError("one collection alone is served; start without --index for several")
        if name == self.default.folder.name:
            raise SettingsError(
                f"{name!r} is what the server was started with; it can be neither renamed nor "
                "deleted here"
            )
        if name not in self.names():
            raise UnknownCollection(f"there is no collection {name!r:.100}")
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
            raise SettingsError("one collection alone is served; start without --index for several")
        checked_collection_name(name)
        taken = {other.casefold() for other in self.names()}
        if name.casefold() in taken:
            raise DocumentError(f"there is a collection {name!r} already; choose another name")
        if len(taken) >= MAX_COLLECTIONS:
            raise SettingsError(
                f"there are {MAX_COLLECTIONS} collections already, the most there can be"
            )
        if (self.root / name).exists():
            raise DocumentError(f"{name!r} is something else in {self.root}; choose another name")
        try:
            (self.root / f"{name}{BESIDE}").mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"{name} cannot be made: {error.strerror or error}") from None
        return self.collection(name)


def _move(folder: Path, to: Path) -> None:
    """Moves an index folder and what lies beside it, both or neither."""
    moved: list[tuple[Path, Path]] = []
    try:
        for old, new in ((folder, to), (kept_beside(folder), kept_beside(to))):
            if new.exists() or new.is_symlink():
                raise StoreError(f"{new.name} is there already")
            if old.exists():
                old.rename(new)
                moved.append((old, new))
    except (OSError, StoreError) as error:
        for old, new in moved:
            new.rename(old)
        raise StoreError(f"{folder.name} cannot be renamed: {_why(error)}") from None


def _why(error: Exception) -> str:
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)


def checked_collection_name(name: str) -> str:
    """The name, which a folder of its own and one beside it can have.

    Raises:
        DocumentError: it has parts, climbs, hides, is too long or cannot be written everywhere.

    >>> checked_collection_name("年报 2024")
    '年报 2024'
    """
    if len(checked_name(name)) != 1 or len(name) > MAX_NAME_CHARACTERS or name.endswith(BESIDE):
        raise DocumentError(
            f"{name!r:.100} cannot be a collection's name: it has at most {MAX_NAME_CHARACTERS} "
            f"characters, no / in it and no {BESIDE} at its end"
        )
    return name


def _fits(name: str) -> bool:
    try:
        checked_collection_name(name)
    except DocumentError:
        return False
    return True
