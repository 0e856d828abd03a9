"""What ships with Wenju, and that nothing else is asked for on the network.

Libraries that would tell their makers something, or ask them for it, told not to before they are
loaded. Nothing but what a user sets goes to the network.

The data files that ship with Wenju, under `rag/models/files`: read, and held against their
checksums. `manifest.json` there gives the SHA-256 of each; `python -m training` writes it.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from rag.errors import ModelError
from rag.i18n import say

MANIFEST = "manifest.json"
ADVICE = "install wenju again, or rebuild the files with `make train`"


def folder() -> Traversable:
    """The folder of the files."""
    return resources.files("rag") / "models" / "files"


def load_builtin(name: str) -> bytes:
    """The content of a file, named relative to the folder.

    Raises:
        ModelError: the file is missing, unreadable, not in the manifest, or not as it was built.
    """
    try:
        content = folder().joinpath(*name.split("/")).read_bytes()
    except OSError as error:
        raise ModelError(say("builtin.unreadable", name=name, error=error)) from None
    expected, found = checksum(name), hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            say("builtin.damaged", name=name, found=found[:12], expected=expected[:12])
        )
    return content


def checksum(name: str) -> str:
    """The SHA-256 that the manifest gives for a file, in hexadecimal digits.

    Raises:
        ModelError: the manifest is unreadable or does not list the file.
    """
    try:
        return _manifest()[name]
    except KeyError:
        raise ModelError(say("builtin.unlisted", name=name, manifest=MANIFEST)) from None


def damaged() -> list[str]:
    """One line for each file of the manifest that cannot be used; empty when all are sound.

    Raises:
        ModelError: the manifest itself is unreadable.
    """
    lines = []
    for name in sorted(_manifest()):
        try:
            load_builtin(name)
        except ModelError as error:
            lines.append(str(error))
    return lines


@cache
def _manifest() -> dict[str, str]:
    try:
        value = json.loads((folder() / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(say("builtin.no_manifest", name=MANIFEST, error=error)) from None
    if not isinstance(value, dict):
        raise ModelError(say("builtin.no_object", name=MANIFEST))
    return {str(name): str(digest) for name, digest in value.items()}


SERVING = MappingProxyType(
    {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_RUN_HISTORY": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
)
"""Variables that the page's framework and the models' one read when they are imported."""


def without_telemetry() -> None:
    """Before ONNX Runtime is imported: from 1.31 on it sends how it is used to its maker, and keeps
    a number of this machine in `~/.cache/Microsoft`, unless this variable is set."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
