"""Which documents a filter leaves, and which rows are theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.fold import squeeze
from rag.text.globs import expression
from rag.types import Filter, first_day, last_day


class Fits:
    """A filter ready to be asked of many documents."""

    def __init__(self, where: Filter) -> None:
        self._names = [
            re.compile(expression(pattern.rstrip("/")) + "(?:/.*)?", re.DOTALL)
            for pattern in where.documents
        ]
        self._since = where.since and first_day(where.since)
        self._until = where.until and last_day(where.until)
        self._publishers = {squeeze(source) for source in where.sources}
        self._tags = {squeeze(tag) for tag in where.tags}

    def __call__(
        self, name: str, date: str | None, publisher: str | None, tags: Sequence[str]
    ) -> bool:
        """Whether a document of these facts fits."""
        return (
            (not self._names or any(pattern.fullmatch(name) for pattern in self._names))
            and self._in_time(date)
            and (not self._publishers or squeeze(publisher or "") in self._publishers)
            and (not self._tags or any(squeeze(tag) in self._tags for tag in tags))
        )

    def _in_time(self, date: str | None) -> bool:
        if not (self._since or self._until):
            return True
        if date is None:
            return False
        late = self._until is not None and first_day(date) > self._until
        early = self._since is not None and last_day(date) < self._since
        return not (late or early)
