"""From the arguments of a command to what it works on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rag.settings import Settings
from rag.types import Filter

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.indexing.index import Index


def load_settings(arguments: argparse.Namespace) -> Settings:
    """The settings for a command; `--index`, `--config`, `--model` and `--base-url` are taken
    from its arguments, where it has them.

    Raises:
        SettingsError: an unknown key, a value out of range, an unreadable file.
    """
    overrides: dict[str, Any] = {} if arguments.index is None else {"index": arguments.index}
    chat = {name: getattr(arguments, name, None) for name in ("model", "base_url")}
    overrides["chat"] = {name: value for name, value in chat.items() if value is not None}
    return Settings.load(arguments.config, overrides=overrides)


def filter_of(arguments: argparse.Namespace) -> Filter | None:
    """The filter that the arguments state, if they do."""
    found = Filter(
        tuple(arguments.documents),
        arguments.since,
        arguments.until,
        tuple(arguments.sources),
        tuple(arguments.tags),
    )
    return None if found == Filter() else found


def open_index(arguments: argparse.Namespace) -> Index:
    """The index that the arguments or the settings name."""
    from rag.indexing.index import Index

    settings = load_settings(arguments)
    return Index.open(settings.index, settings)


def open_assistant(arguments: argparse.Namespace) -> Assistant:
    """An assistant on the index that the arguments or the settings name."""
    from rag.assistant import Assistant
    from rag.indexing.index import Index

    settings = load_settings(arguments)
    return Assistant(Index.open(settings.index, settings), settings)
