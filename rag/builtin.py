"""The data files that ship with Wenju, under `rag/models/files`: read, and held against their
checksums. `manifest.json` there gives the SHA-256 of each; `python -m training` writes it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from rag.errors import ModelError

MANIFEST = "manifest.json"
ADVICE = "install wenju again, or rebuild the files with `make train`"


def folder() -> Traversable:
    """The folder of the files."""
    return resources.files("rag") / "models" / "files"


def read(name: str) -> bytes:
    """The content of a file, named relative to the folder.

    Raises:
        ModelError: the file is missing, unreadable, not in the manifest, or not as it was built.
    """
    try:
        content = folder().joinpath(*name.split("/")).read_bytes()
    except OSError as error:
        raise ModelError(f"built-in file {name} cannot be read ({error}); {ADVICE}") from None
    expected, found = checksum(name), hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            f"built-in file {name} is damaged: SHA-256 {found[:12]}…, expected {expected[:12]}…; "
            f"{ADVICE}"
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
        raise ModelError(f"built-in file {name} is not in {MANIFEST}; {ADVICE}") from None


def damaged() -> list[str]:
    """One line for each file of the manifest that cannot be used; empty when all are sound.

    Raises:
        ModelError: the manifest itself is unreadable.
    """
    lines = []
    for name in sorted(_manifest()):
        try:
            read(name)
        except ModelError as error:
            lines.append(str(error))
    return lines


@cache
def _manifest() -> dict[str, str]:
    try:
        value = json.loads((folder() / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"built-in {MANIFEST} cannot be read ({error}); {ADVICE}") from None
    if not isinstance(value, dict):
        raise ModelError(f"built-in {MANIFEST} is not a JSON object; {ADVICE}")
    return {str(name): str(digest) for name, digest in value.items()}
