"""What the page may change of the settings.

`GET /api/settings` shows them, `PUT` changes some of them, `DELETE` takes all changes back,
`POST /api/settings/test` asks the chat model for a word. Changes last as long as the server or,
where they can be remembered (`kept`), until its next start states something else; `toml` of the
reply is what to write into `rag.toml` to have them everywhere.

A key comes from the environment of the server and goes only where that server was started to send
it: with another address or provider the model is asked without one. Where others reach the server,
nobody changes where it sends questions and passages, nor makes it ask addresses for them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from rag.answering.llm import OPENAI
from rag.answering.llm_errors import shown_address
from rag.answering.trial import try_chat
from rag.errors import ChangeRefused, RagError, SettingsError
from rag.http.language import told_in
from rag.http.remembered import Remembered
from rag.settings import Chat, Settings
from rag.telling.errors import error_text

# Groups and names of what may be changed; the name on the page is that of the setting.
SERVER = ("model", "base_url")
CHANGED = {
    "chat": (*SERVER, "strict", "max_answer_tokens"),
    "answering": ("min_confidence", "max_sentences", "max_characters"),
    "retrieval": ("k",),
}
_PORTS = {"http": 80, "https": 443}
_log = logging.getLogger(__name__)


class Changes(BaseModel):
    """New values; what is not given stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str | None = None
    base_url: str | None = None
    strict: bool | None = None
    max_answer_tokens: int | None = None
    min_confidence: float | None = None
    max_sentences: int | None = None
    max_characters: int | None = None
    k: int | None = None


class Preferences:
    """The settings of a running server. `use` is called with the new ones. With `fixed_server`
    the chat model and its address stay as they are. What `remembered` holds is changed at once.
    Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        use: Callable[[Settings], None],
        remembered: Remembered | None = None,
        *,
        fixed_server: bool,
    ) -> None:
        self.started = settings
        self.now = settings
        self.fixed_server = fixed_server
        self._use = use
        self._remembered = remembered
        self._kept = remembered is not None
        self._lock = threading.Lock()
        if remembered is not None:
            self._restore(remembered.read(_shown(settings)))

    def _restore(self, values: Mapping[str, Any]) -> None:
        """Changes what was remembered; what may not be used any more is left out."""
        alone = {name: value for name, value in values.items() if name not in SERVER}
        for wanted in (values, alone):
            try:
                if wanted:
                    self.now = self.changed(Changes.model_validate(wanted))
                    self._use(self.now)
                return
            except (RagError, ValidationError) as error:
                _log.warning("remembered settings are left out: %s", error)

    def changed(self, wanted: Changes) -> Settings:
        """The settings of now with what is wanted.

        Raises:
            ChangeRefused: the chat model or its address would change, and may not.
            SettingsError: a value cannot be used.
        """
        given = wanted.model_dump(exclude_none=True)
        chat = self.now.chat
        if given.get("base_url") == shown_address(chat.base_url):
            given["base_url"] = chat.base_url  # as it was shown, without name and password
        if self.fixed_server and any(
            given.get(name, getattr(chat, name)) != getattr(chat, name) for name in SERVER
        ):
            raise ChangeRefused(
                "the chat model and its address are set where the server is started: "
                "others can reach it, and it would send questions and passages there"
            )
        values = self.now.model_dump()
        for group, names in CHANGED.items():
            values[group] |= {name: given[name] for name in names if name in given}
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            raise SettingsError(
                "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            ) from None
        return settings.model_copy(update={"chat": self._with_key(settings.chat)})

    def change(self, wanted: Changes) -> None:
        """Answers with what is wanted from the next question on. Raises: as `changed`."""
        with self._lock:
            self._become(self.changed(wanted))

    def reset(self) -> None:
        """Answers as at the start from the next question on."""
        with self._lock:
            self._become(self.started)

    def _become(self, settings: Settings) -> None:
        self.now = settings
        self._use(settings)
        if self._remembered is not None:
            self._kept = self._remembered.write(_shown(self.started), _shown(settings))

    def test(self, wanted: Changes) -> dict[str, Any]:
        """Whether the chat model answers with what is wanted; the error where it does not."""
        chat = self.changed(wanted).chat
        start = time.perf_counter()
        try:
            if not chat.model:
                raise SettingsError("no chat model is set; answers are sentences of the documents")
            try_chat(chat)
        except RagError as error:
            return {"ok": False, "model": chat.model, "error": str(error)}
        seconds = time.perf_counter() - start
        return {"ok": True, "model": chat.model, "seconds": round(seconds, 2)}

    def json(self) -> dict[str, Any]:
        """The settings as the page shows them; a key's value is never among them."""
        return {
            "values": _shown(self.now),
            "fixed_server": self.fixed_server,
            "kept": self._kept,
            "key_for": key_address(self.started.chat),
            "key_sent": self.now.chat.send_key,
            "toml": self._toml(),
        }

    def _with_key(self, chat: Chat) -> Chat:
        """`chat` with or without the key of the environment, and refused where it would take a
        key elsewhere by a way of its own."""
        started = self.started.chat
        own = _provider(chat.model) == _provider(started.model or f"{OPENAI}:")
        own = own and _origin(chat.base_url) == _origin(started.base_url)
        own = own and bool(started.model or started.base_url)
        if chat.base_url != started.base_url and "@" in urlsplit(chat.base_url).netloc:
            raise SettingsError("no name and password in an address: everybody here would see it")
        if chat.model and not own:
            if _provider(chat.model) != OPENAI:
                # LangChain's other clients look for their keys themselves.
                raise SettingsError(
                    f"{chat.model!r}: only models of the form {OPENAI}:NAME can be set on the "
                    "page, for any OpenAI-compatible server; others where the server is started"
                )
            if not chat.base_url:
                raise SettingsError(
                    f"{chat.model!r} needs a base address: a key is only sent where the server "
                    "was started to send it (--model, --base-url)"
                )
        return chat.model_copy(update={"send_key": own and started.send_key})

    def _toml(self) -> str:
        """What differs from the server's start, as lines of `rag.toml`."""
        now, started = self.now.model_dump(mode="json"), self.started.model_dump(mode="json")
        lines: list[str] = []
        for group, names in CHANGED.items():
            changed = [name for name in names if now[group][name] != started[group][name]]
            if changed:
                lines += [f"[{group}]", *(f"{n} = {_toml_value(now[group][n])}" for n in changed)]
        return "\n".join(lines)


def _shown(settings: Settings) -> dict[str, Any]:
    """What the page shows: no name and password of an address."""
    values = settings.model_dump(mode="json")
    shown = {name: values[group][name] for group, names in CHANGED.items() for name in names}
    return shown | {"base_url": shown_address(settings.chat.base_url)}


def preferences(kept: Preferences) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/settings")

    @router.get("")
    def shown() -> dict[str, Any]:
        return kept.json()

    @router.put("")
    def change(wanted: Changes) -> dict[str, Any]:
        kept.change(wanted)
        return kept.json()

    @router.delete("")
    def reset() -> dict[str, Any]:
        kept.reset()
        return kept.json()

    @router.post("/test")
    def test(wanted: Changes, request: Request) -> dict[str, Any]:
        found = kept.test(wanted)
        if "error" in found:
            found["error"] = error_text(found["error"], told_in(request.headers))
        return found

    return router


def key_address(chat: Chat) -> str:
    """Where the key of the environment goes; empty where the server was started for nowhere."""
    if chat.base_url:
        return shown_address(chat.base_url)
    return chat.model.partition(":")[0]


def _provider(model: str) -> str:
    return model.partition(":")[0] if model else OPENAI


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; two addresses of one origin are one server."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{url!r:.200} is no address: {error}") from None
    return (parts.scheme, (parts.hostname or "").lower(), port or _PORTS.get(parts.scheme))


def _toml_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
