"""The encoder of an index, loaded when it is first needed.

Which model is loaded is decided by the settings of this user alone. An index may come from
somebody else: what its catalog says of its encoder is compared with the settings, never opened.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import StoreMismatch
from rag.indexing.catalog import Catalog
from rag.indexing.fingerprint import Fingerprint, check_encoder
from rag.settings import Encoder as EncoderSettings

if TYPE_CHECKING:
    from rag.models.encoder import Encoder

ENCODER = "encoder"
"""The fact in which an index keeps what its encoder puts before a question, as JSON."""

MAX_PROMPT_CHARACTERS = 1_000


class LazyEncoder:
    """The encoder given, or the one that the settings name. Safe to use from several threads."""

    def __init__(
        self, settings: EncoderSettings, encoder: Encoder | None = None, *, earlier: bool = False
    ) -> None:
        """Loads nothing yet. `earlier`: where an index has vectors of another encoder, that one
        is used for it, if it is built in or among the `earlier` ones of the settings."""
        self._settings = settings
        self._encoder = encoder
        self._earlier = earlier
        self._found: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    @property
    def described(self) -> str:
        """What an index keeps of its settings; see `described`."""
        return described(self._settings)

    def get(self) -> Encoder:
        """The encoder.

        Raises:
            ModelUnavailable: it cannot be loaded. ModelError: its files are damaged.
        """
        with self._lock:
            if self._encoder is None:
                from rag.models.encoder import load_encoder

                self._encoder = load_encoder(self._settings)
            return self._encoder

    def checked(self, folder: Path, recorded: Fingerprint) -> Encoder:
        """The encoder, which has to be the one recorded in the index of `folder`.

        Raises:
            StoreMismatch: it is another, or one that the settings do not name.
            ModelUnavailable, ModelError: see `get`.
        """
        encoder = self.get()
        if self._earlier and encoder.name != recorded.encoder:
            encoder = self._recorded(folder, recorded)
        check_encoder(folder, recorded, encoder)
        return encoder

    def _recorded(self, folder: Path, recorded: Fingerprint) -> Encoder:
        """The encoder that made an index, where the settings name it.

        Raises:
            StoreMismatch: they do not.
        """
        with self._lock:
            if recorded.encoder not in self._found:
                from rag.models.encoder import load_encoder

                settings = EncoderSettings(
                    name=self._own_name(folder, recorded), query_prompt=_prompt(folder)
                )
                self._found[recorded.encoder] = load_encoder(settings)
            return self._found[recorded.encoder]

    def _own_name(self, folder: Path, recorded: Fingerprint) -> str:
        """The name or path in the settings that has the name recorded; its checksum is compared
        when it is loaded."""
        from rag.models.encoder import BUILTIN

        base = recorded.encoder.rpartition("@")[0]
        for name in (BUILTIN, *self._settings.earlier):
            if Path(name).name == base:
                return name
        raise StoreMismatch(
            f"the vectors of index {folder} were made by encoder {recorded.encoder}, which the "
            "settings do not name; if it is yours, name it in encoder.earlier, else wait until "
            f"rag serve has made them anew, or run: rag index PATH --rebuild --index {folder}"
        )


def described(settings: EncoderSettings) -> str:
    """What an index keeps of the settings of the encoder that made it. No name or path: those
    would be of this machine and this user."""
    return json.dumps({"query_prompt": settings.query_prompt}, ensure_ascii=False)


def _prompt(folder: Path) -> str:
    """What the encoder of an index puts before a question; nothing where that is not known."""
    catalog = Catalog.open_reader(folder)
    try:
        found = json.loads(catalog.meta().get(ENCODER, "{}"))
    except (ValueError, RecursionError):
        return ""
    finally:
        catalog.close()
    prompt = found.get("query_prompt") if isinstance(found, dict) else None
    return prompt[:MAX_PROMPT_CHARACTERS] if isinstance(prompt, str) else ""
