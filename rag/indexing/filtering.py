"""Which documents a filter leaves, and which rows are theirs."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag.indexing.rows import Bools
from rag.text.fold import squeeze
from rag.text.globs import expression
from rag.types import Filter, first_day, last_day

if TYPE_CHECKING:
    from rag.indexing.snapshot import Snapshot

_FILTERS_KEPT = 16
_MARKING = threading.Lock()  # words and vectors ask for the same rows at the same time
_folded = lru_cache(maxsize=4096)(squeeze)


class Findable(Protocol):
    """What a filter asks of a document."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def date(self) -> str | None: ...  # noqa: D102
    @property
    def publisher(self) -> str | None: ...  # noqa: D102
    @property
    def tags(self) -> tuple[str, ...]: ...  # noqa: D102


class Fits:
    """A filter made ready to be asked of many documents."""

    def __init__(self, where: Filter) -> None:
        self._names = [
            re.compile(expression(pattern.rstrip("/")) + "(?:/.*)?", re.DOTALL)
            for pattern in where.documents
        ]
        self._since = where.since and first_day(where.since)
        self._until = where.until and last_day(where.until)
        self._publishers = {squeeze(source) for source in where.sources}
        self._tags = {squeeze(tag) for tag in where.tags}

    def __call__(self, document: Findable) -> bool:
        """Whether the document fits every part of the filter."""
        return (
            (not self._names or any(name.fullmatch(document.name) for name in self._names))
            and self._in_time(document.date)
            and (not self._publishers or _folded(document.publisher or "") in self._publishers)
            and (not self._tags or any(_folded(tag) in self._tags for tag in document.tags))
        )

    def _in_time(self, date: str | None) -> bool:
        if not (self._since or self._until):
            return True
        if date is None:
            return False
        late = self._until is not None and first_day(date) > self._until
        early = self._since is not None and last_day(date) < self._since
        return not (late or early)


def marked(snapshot: Snapshot, where: Filter) -> Bools:
    """The rows `(n,)` of the documents that fit; kept for the next question."""
    marks = snapshot.marks
    with _MARKING:
        found = marks.get(where)
        if found is None:
            fit = Fits(where)
            facts = snapshot.facts or snapshot.catalog.facts()
            snapshot.facts[:] = facts
            keys = [document.key for document in facts if fit(document)]
            found = np.isin(snapshot.rows.documents, np.array(keys, np.int64))
            if len(marks) >= _FILTERS_KEPT:
                marks.clear()
            marks[where] = found
        return found
