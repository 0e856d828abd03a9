"""The kept conversations over HTTP: list, rename, delete, export as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from rag.http.language import language_of


class Listed(Protocol):
    """A conversation in a list."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def changed(self) -> float: ...  # noqa: D102
    @property
    def turns(self) -> int: ...  # noqa: D102


class Conversations(Protocol):
    """What is needed of the place that keeps them; see `rag.page.conversations`."""

    def listed(self, containing: str = "") -> Sequence[Listed]: ...  # noqa: D102
    def rename(self, conversation: str, title: str) -> None: ...  # noqa: D102
    def delete(self, conversation: str) -> None: ...  # noqa: D102
    def markdown(self, conversation: str, language: str) -> str: ...  # noqa: D102


class _Title(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, pattern=r"\S")


def conversations(find: Callable[[str], Conversations], language: str) -> APIRouter:
    """The routes; `find` gives those of a collection by its name, `language` is that of an export
    for those who ask for none."""
    router = APIRouter(prefix="/api/conversations")

    @router.get("")
    def listed(collection: str = "", containing: str = "") -> list[dict[str, Any]]:
        return [
            {"id": one.id, "title": one.title, "changed": one.changed, "turns": one.turns}
            for one in find(collection).listed(containing)
        ]

    @router.put("/{conversation}")
    def rename(conversation: str, wanted: _Title, collection: str = "") -> dict[str, Any]:
        find(collection).rename(conversation, wanted.title)
        return {"id": conversation}

    @router.delete("/{conversation}")
    def delete(conversation: str, collection: str = "") -> dict[str, Any]:
        find(collection).delete(conversation)
        return {"id": conversation}

    @router.get("/{conversation}/markdown")
    def markdown(conversation: str, request: Request, collection: str = "") -> Response:
        wanted = language_of(request.query_params, request.cookies, language)
        headers = {"Content-Disposition": f'attachment; filename="wenju-{conversation[:8]}.md"'}
        text = find(collection).markdown(conversation, wanted)
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)

    return router
