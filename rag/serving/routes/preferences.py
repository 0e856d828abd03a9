"""What the page may change of the settings.

`GET /api/settings` shows them, `PUT` changes some of them, `DELETE` takes all changes back,
`POST /api/settings/test` asks the chat model for a word. Changes last as long as the server or,
where they can be remembered (`kept`), until its next start states something else.

A key comes from the environment of the server and goes only where that server was started to send
it; or it is typed on the page, stays in the memory of the process and goes only to the address that
it was typed for. With any other address the model is asked without one. Where others reach the
server, nobody changes where it sends questions and passages, nor makes it ask addresses for them.

What is remembered lies in a file of the user's own (`~/.config/wenju/page.json`), never beside an
index: a folder that is passed on must not tell its next owner's program where to send questions.
No key is among it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import ChangeRefused, RagError, SettingsError
from rag.generation.chat_model import OPENAI, ChatModel, origin, shown_address, type_key, typed_key
from rag.generation.write import try_chat
from rag.i18n import Message, catalog, said, say, told
from rag.serving.requests import told_in
from rag.settings import Chat, Settings

_log = logging.getLogger(__name__)

Values = Mapping[str, Any]


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Where settings are remembered for this user; None for one without a home.

    >>> str(user_file({"XDG_CONFIG_HOME": "/home/me/.config"}))
    '/home/me/.config/wenju/page.json'
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    return folder / "wenju" / "page.json"


class Remembered:
    """The settings of the server of one index folder, in a file with those of others."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._server = str(folder.absolute())

    def read(self, started: Values) -> dict[str, Any]:
        """What was changed, but for settings that are not started with what they were then: who
        has stated them anew since, in `rag.toml` or by a flag, means that."""
        found = self._everything().get(self._server, {})
        pairs = found.items() if isinstance(found, dict) else ()
        return {
            name: pair["now"]
            for name, pair in pairs
            if isinstance(pair, dict)
            and {"was", "now"} <= pair.keys()
            and name in started
            and started[name] == pair["was"]
        }

    def write(self, started: Values, now: Values) -> bool:
        """Remembers what differs from the start, in the place of what was remembered; says
        whether that could be done."""
        everything = self._everything()
        changed = {
            name: {"was": started[name], "now": now[name]}
            for name in started
            if started[name] != now[name]
        }
        everything.pop(self._server, None)
        if changed:
            everything[self._server] = changed
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(everything, file, ensure_ascii=False, indent=1)
            part.replace(self.path)
        except OSError as error:
            _log.warning("settings are not remembered: %s", error)
            with suppress(OSError):
                part.unlink()
            return False
        return True

    def _everything(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("%s is left aside: %s", self.path, error)
            return {}
        return found if isinstance(found, dict) else {}


# Groups and names of what may be changed; the name on the page is that of the setting.
SERVER = ("model", "base_url")
CHANGED = {
    "chat": (*SERVER, "strict", "max_answer_tokens"),
    "answering": ("min_confidence", "max_sentences", "max_characters"),
    "retrieval": ("k",),
}
# Clients of LangChain, which names of models may begin with; those of Ollama (`mistral:7b`) do not.
_OTHER_CLIENTS = (
    *("anthropic", "azure_ai", "azure_openai", "bedrock", "bedrock_converse", "cohere"),
    *("deepseek", "fireworks", "google_genai", "google_vertexai", "groq", "huggingface", "ibm"),
    *("mistralai", "nvidia", "ollama", "perplexity", "together", "xai"),
)


class Changes(BaseModel):
    """New values; what is not given stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str | None = Field(None, max_length=300)
    key: str | None = Field(None, max_length=2_000, repr=False)
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
        given = wanted.model_dump(exclude_none=True, exclude={"key"})
        chat = self.now.chat
        if given.get("base_url") == shown_address(chat.base_url):
            given["base_url"] = chat.base_url  # as it was shown, without name and password
        if "model" in given:
            given["model"] = self._named(given["model"].strip())
        if self.fixed_server and wanted.key:
            raise ChangeRefused(say("preferences.model_fixed"))
        if self.fixed_server and any(
            given.get(name, getattr(chat, name)) != getattr(chat, name) for name in SERVER
        ):
            raise ChangeRefused(say("preferences.model_fixed"))
        values = self.now.model_dump()
        for group, names in CHANGED.items():
            values[group] |= {name: given[name] for name in names if name in given}
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_problems(error)) from None
        return settings.model_copy(update={"chat": self._with_key(settings.chat)})

    def change(self, wanted: Changes) -> None:
        """Answers with what is wanted from the next question on. Raises: as `changed`."""
        with self._lock:
            changed = self.changed(wanted)
            self._type(wanted, changed)
            self._become(changed)

    def _named(self, model: str) -> str:
        """The name of a model as settings have it; on the page the name alone is enough."""
        known = model.partition(":")[0] in (OPENAI, *_OTHER_CLIENTS) and ":" in model
        if known or model in ("", self.started.chat.model):
            return model
        return f"{OPENAI}:{model}"

    def _type(self, wanted: Changes, changed: Settings) -> None:
        """Keeps the key that was typed, for the address that it was typed for."""
        if wanted.key is None:
            return
        if not changed.chat.base_url:
            raise SettingsError(say("preferences.key_needs_address"))
        type_key(changed.chat.base_url, wanted.key.strip())

    def key_of(self, url: str) -> str:
        """The key of the environment, where it belongs to the server of an address."""
        started = self.started.chat
        if not (started.base_url and started.model) or _origin(url) != _origin(started.base_url):
            return ""
        return ChatModel(started).secret

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
        changed = self.changed(wanted)
        self._type(wanted, changed)
        chat = changed.chat
        start = time.perf_counter()
        try:
            if not chat.model:
                raise SettingsError(say("preferences.no_model"))
            try_chat(chat)
        except RagError as error:
            return {"ok": False, "model": chat.model, "error": said(error)}
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
            "key_typed": bool(typed_key(self.now.chat.base_url)),
            "changed": _shown(self.now) != _shown(self.started),
        }

    def _with_key(self, chat: Chat) -> Chat:
        """`chat` with or without the key of the environment, and refused where it would take a
        key elsewhere by a way of its own."""
        started = self.started.chat
        own = _provider(chat.model) == _provider(started.model or f"{OPENAI}:")
        own = own and _origin(chat.base_url) == _origin(started.base_url)
        own = own and bool(started.model or started.base_url)
        if chat.base_url != started.base_url and "@" in urlsplit(chat.base_url).netloc:
            raise SettingsError(say("preferences.password"))
        if chat.model and not own:
            if _provider(chat.model) != OPENAI:
                # LangChain's other clients look for their keys themselves.
                raise SettingsError(say("preferences.provider", model=chat.model, provider=OPENAI))
            if not chat.base_url:
                raise SettingsError(say("preferences.needs_address", model=chat.model))
        return chat.model_copy(update={"send_key": own and started.send_key})


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
            found["error"] = told(found["error"], told_in(request.headers))
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
    """See `origin`; raises SettingsError for what is no address."""
    try:
        return origin(url)
    except ValueError as error:
        raise SettingsError(say("preferences.no_address", url=url, error=error)) from None


def _problems(error: ValidationError) -> Message:
    """What is wrong with values, each with its place."""
    problems = []
    for one in error.errors():
        # A pattern says nothing to people; only an address and a name have one.
        key = one["loc"][-1] if one["type"] == "string_pattern_mismatch" else one["type"]
        problems.append(
            say(
                f"value.{key}" if key in catalog("en")["value"] else "value.other",
                place=".".join(map(str, one["loc"])),
                limit=next(iter(one.get("ctx", {}).values()), ""),
                problem=one["msg"],
            )
        )
    message = problems.pop()
    while problems:
        message = say("value.several", first=problems.pop(), rest=message)
    return message
