"""The system that is measured: an index and an assistant, opened from settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from eval.asking import Sources
from eval.errors import EvaluationError
from eval.withheld import WithheldIndex
from rag.assistant import Assistant
from rag.generation.chat_model import ChatMessage, ChatModel
from rag.index.local.index import Index
from rag.settings import Settings

GREETING = (ChatMessage("user", "只回答一个字：好"),)


def reachable(model: ChatModel) -> ChatModel:
    """The model, once it has answered a first request: a run of hundreds is not started for
    a server that is not there.

    Raises:
        GenerationError, SettingsError, ModelUnavailable: it cannot be used, and why.
    """
    model.reply(GREETING)
    return model


@dataclass(frozen=True, slots=True)
class Engine:
    """An open index with its assistant."""

    settings: Settings
    index: Index
    assistant: Assistant

    @classmethod
    def open(cls, settings: Settings) -> Engine:
        """Opens the index that the settings name.

        Raises:
            StoreError: there is no index, or it does not fit the settings.
        """
        index = Index.open(settings.index, settings)
        return cls(settings, index, Assistant(index, settings))

    def sources(self) -> Sources:
        """Decoded files by document name, the last few kept."""

        @lru_cache(maxsize=64)
        def source(name: str) -> str | None:
            text: str | None = self.index.document(name).source
            return text

        return source

    def withholding(self, quotations: Sequence[str]) -> Assistant:
        """The assistant with every chunk out of reach that finds one of the quotations."""
        index = cast(Index, WithheldIndex(self.index, quotations))
        return Assistant(index, self.settings)

    def made_from(self) -> dict[str, Any]:
        """What a run's figures depend on, the questions aside."""
        status = self.index.status()
        return {
            "settings": self.settings.model_dump(mode="json", exclude={"index"}),
            "generation": status.generation,
            "documents": status.documents,
            "chunks": status.chunks,
            "encoder": status.encoder,
        }

    def check_unchanged(self) -> None:
        """Sees to it that the index on disk is still the one that was asked.

        Raises:
            EvaluationError: another process has written to it since.
        """
        before = self.index.status().generation
        now = Index.open(self.settings.index, self.settings).status().generation
        if now != before:
            raise EvaluationError(
                f"the index {self.settings.index} changed during the run (generation {before} "
                f"then, {now} now); its figures mix two indexes. Run again with --force."
            )
