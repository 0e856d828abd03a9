"""Servers of chat models: looked for on this machine, and the models that one has.

`POST /api/settings/servers` asks the usual ports of this machine, and only when it is called;
`POST /api/settings/models` asks an address for the names of its models. Only lists of models are
asked for, with the key that belongs to the address, if there is one; no redirect is followed.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from rag.errors import ChangeRefused, RagError, SettingsError
from rag.generation.chat_model import shown_address, typed_key
from rag.i18n import say

USUAL = ((11434, "Ollama"), (1234, "LM Studio"), (8080, "llama.cpp"), (8000, "vLLM"))
"""Ports of this machine on which servers listen that nobody has configured."""
LOOK_SECONDS = 1.5
ASK_SECONDS = 10.0
MAX_LIST_BYTES = 2_000_000
MAX_MODELS = 500
OWN = "wenju"  # who owns the models that this program itself offers under /v1


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answers, and the names of its models."""

    name: str
    base_url: str
    models: tuple[str, ...]


class _Address(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    base_url: str = Field(min_length=1, max_length=2_000)
    key: str = Field("", max_length=2_000)


def model_servers(fixed: bool, key_of: Callable[[str], str]) -> APIRouter:
    """The routes; `key_of` gives the key of the environment for an address, empty for one that it
    does not belong to. With `fixed` nobody may have addresses asked."""
    router = APIRouter(prefix="/api/settings")

    @router.post("/servers")
    def servers() -> dict[str, Any]:
        _allowed(fixed)
        return {
            "servers": [
                {"name": one.name, "base_url": one.base_url, "models": list(one.models)}
                for one in here()
            ]
        }

    @router.post("/models")
    def models(wanted: _Address) -> dict[str, Any]:
        _allowed(fixed)
        key = wanted.key or typed_key(wanted.base_url) or key_of(wanted.base_url)
        return {"models": list(models_of(wanted.base_url, key))}

    return router


def _allowed(fixed: bool) -> None:
    if fixed:
        raise ChangeRefused(say("preferences.model_fixed"))


def here(usual: tuple[tuple[int, str], ...] = USUAL) -> tuple[FoundServer, ...]:
    """The servers that answer on the usual ports of this machine."""

    def look(place: tuple[int, str]) -> FoundServer | None:
        port, name = place
        address = f"http://127.0.0.1:{port}/v1"
        try:
            return FoundServer(name, address, models_of(address, "", LOOK_SECONDS))
        except RagError:
            return None

    with ThreadPoolExecutor(len(usual)) as pool:
        return tuple(one for one in pool.map(look, usual) if one is not None)


def models_of(base_url: str, key: str = "", seconds: float = ASK_SECONDS) -> tuple[str, ...]:
    """The names of the models that a server lists, those of this program itself left out.

    Raises:
        SettingsError: it cannot be reached, refuses, or answers with something else.
    """
    try:
        shown, parts = shown_address(base_url), urlsplit(base_url)
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[
            parts.scheme
        ]
        connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    except (KeyError, ValueError, http.client.InvalidURL) as error:
        raise SettingsError(say("preferences.no_address", url=base_url, error=error)) from None
    try:
        headers = {"Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connection.request("GET", f"{parts.path.rstrip('/')}/models", headers=headers)
        with connection.getresponse() as reply:
            data = reply.read(MAX_LIST_BYTES + 1)
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        problem = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError(say("servers.silent", address=shown, error=problem)) from None
    finally:
        connection.close()
    if reply.status in (401, 403):
        raise SettingsError(say("servers.key", address=shown, status=reply.status))
    names = _names(data) if reply.status == 200 and len(data) <= MAX_LIST_BYTES else None
    if names is None:
        raise SettingsError(say("servers.no_list", address=shown, status=reply.status))
    return names


def _names(data: bytes) -> tuple[str, ...] | None:
    """The names in a list of models as OpenAI's clients know it; None for anything else."""
    try:
        listed = json.loads(data)["data"]
        names = [str(one["id"]) for one in listed if one.get("owned_by") != OWN]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(dict.fromkeys(name[:200] for name in names if name.isprintable()))[:MAX_MODELS]
