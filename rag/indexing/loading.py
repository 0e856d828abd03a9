"""The encoder of an index, loaded when it is first needed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rag.indexing.fingerprint import Fingerprint, check_encoder
from rag.settings import Encoder as EncoderSettings

if TYPE_CHECKING:
    from rag.models.encoder import Encoder


class LazyEncoder:
    """The encoder given, or the one that the settings name. Safe to use from several threads."""

    def __init__(self, settings: EncoderSettings, encoder: Encoder | None = None) -> None:
        """Loads nothing yet."""
        self._settings = settings
        self._encoder = encoder
        self._lock = threading.Lock()

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
        check_encoder(folder, recorded, encoder)
        return encoder
