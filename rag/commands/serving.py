"""`rag serve`: the page and the HTTP API."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rag.commands.opening import load_settings
from rag.settings import DEFAULT_INDEX, Settings

# Where `make run` puts the index of the sample corpus.
SAMPLE_INDEX = Path("index/sample")
# Read by the page's framework at import; all of it would otherwise call outside addresses.
OFFLINE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def serve(arguments: argparse.Namespace) -> int:
    """Opens the page and stays until it is interrupted. Without a named index this is
    `index/default`, or the sample's where only that has been built."""
    os.environ.update(OFFLINE)
    from rag.server import run

    settings = load_settings(arguments)
    run(_index(settings), settings, arguments.host, arguments.port, announce=_announce)
    return 0


def _index(settings: Settings) -> Path:
    if settings.index == DEFAULT_INDEX and not DEFAULT_INDEX.exists() and SAMPLE_INDEX.exists():
        return SAMPLE_INDEX
    return settings.index


def _announce(address: str) -> None:
    print(f"Wenju 文据: {address}", flush=True)
