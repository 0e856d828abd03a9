"""Which documents a request is about: the parameters of a filter, in an address or a body."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator
from starlette.datastructures import QueryParams

from rag.types import Filter


class Restricted(BaseModel):
    """The parameters of a filter; see `rag.types.Filter`."""

    model_config = ConfigDict(extra="forbid")

    document: list[str] = []
    since: str | None = None
    until: str | None = None
    source: list[str] = []
    tag: list[str] = []

    @field_validator("document", "source", "tag", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def where(self) -> Filter | None:
        """The filter, if there is one; a FilterError where it is none."""
        found = Filter(
            tuple(self.document), self.since, self.until, tuple(self.source), tuple(self.tag)
        )
        return None if found == Filter() else found


def values_of(query: QueryParams) -> dict[str, Any]:
    """The values of an address, those of a name that is given several times as a list.

    >>> values_of(QueryParams("tag=a&tag=b&since=2024"))
    {'tag': ['a', 'b'], 'since': '2024'}
    """
    values = {name: query.getlist(name) for name in query}
    return {name: each if len(each) > 1 else each[0] for name, each in values.items()}
