"""The collections over HTTP: `GET /api/collections` lists them, `POST` makes a new one,
`PATCH /api/collections/NAME` gives it another `name`, `DELETE` deletes it.

Everywhere else `collection` names one, as a parameter of the address, for search and questions
also in the body; without it the default is meant.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from rag.library import Library


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def collections(library: Library) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/collections")

    @router.get("")
    def listed() -> dict[str, Any]:
        return {
            "default": library.default.folder.name,
            "collections": list(library.names()),
            "several": library.root is not None,
        }

    @router.post("")
    def create(wanted: _Named) -> dict[str, Any]:
        library.create(wanted.name)
        return {"collection": wanted.name}

    @router.patch("/{name}")
    def rename(name: str, wanted: _Named) -> dict[str, Any]:
        library.rename(name, wanted.name)
        return {"collection": wanted.name}

    @router.delete("/{name}")
    def delete(name: str) -> dict[str, Any]:
        library.delete(name)
        return {"collection": name}

    return router
