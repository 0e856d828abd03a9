"""The encoder of an index, loaded when it is first needed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rag.indexing.catalog import Catalog
from rag.indexing.fingerprint import Fingerprint, check_encoder
from rag.settings import Encoder as EncoderSettings

if TYPE_CHECKING:
    from rag.models.encoder import Encoder

ENCODER = "encoder"
"""The fact in which an index keeps the settings of the encoder that made it."""


class LazyEncoder:
    """The encoder given, or the one that the settings name. Safe to use from several threads."""

    def __init__(
        self, settings: EncoderSettings, encoder: Encoder | None = None, *, earlier: bool = False
    ) -> None:
        """Loads nothing yet. `earlier`: where an index has vectors of another encoder, that one
        is used for it."""
        self._settings = settings
        self._encoder = encoder
        self._earlier = earlier
        self._found: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    @property
    def described(self) -> str:
        """Its settings, as an index keeps them."""
        return self._settings.model_dump_json()

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
            StoreMismatch: it is another. ModelUnavailable, ModelError: see `get`.
        """
        encoder = self.get()
        if self._earlier and encoder.name != recorded.encoder:
            encoder = self._recorded(folder, recorded)
        check_encoder(folder, recorded, encoder)
        return encoder

    def _recorded(self, folder: Path, recorded: Fingerprint) -> Encoder:
        """The encoder that made an index, as far as its settings are known."""
        with self._lock:
            if recorded.encoder not in self._found:
                from rag.models.encoder import BUILTIN, load_encoder

                catalog = Catalog.open_reader(folder)
                try:
                    stored = catalog.meta().get(ENCODER)
                finally:
                    catalog.close()
                settings = EncoderSettings(name=recorded.encoder.partition("@")[0] or BUILTIN)
                if stored is not None:
                    settings = EncoderSettings.model_validate_json(stored)
                self._found[recorded.encoder] = load_encoder(settings)
            return self._found[recorded.encoder]
