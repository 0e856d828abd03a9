"""What `rag doctor` looks at. The only network call is to a chat model whose server's address is
set."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from rag.builtin import damaged
from rag.errors import RagError, StoreMissing
from rag.settings import Chat, Settings

LEAST_PYTHON = (3, 11)
# Below this an update of the index may not finish: new files are written beside the old ones.
LEAST_FREE_BYTES = 1_000_000_000
# What a working installation cannot do without; asked for where the distribution itself is
# not installed (a checkout on the path) and cannot be asked.
PACKAGES = (
    "faiss-cpu", "fastapi", "gradio", "langchain", "langchain-core", "langchain-openai", "numpy",
    "opencc", "pydantic", "rjieba", "safetensors", "tantivy", "tiktoken", "tokenizers", "tqdm",
    "uvicorn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, whether it is as it should be, and what was seen."""

    name: str
    ok: bool
    detail: str


def examine(load: Callable[[], Settings]) -> list[Finding]:
    """Looks at everything. `load` gives the settings; where it fails, its error is a finding
    and the index is looked for where the defaults say."""
    findings = [_python(), *_packages()]
    try:
        settings = load()
        findings.append(Finding("settings", True, "read"))
    except RagError as error:
        settings = Settings.model_validate({})
        findings.append(Finding("settings", False, str(error)))
    return [
        *findings,
        _models(),
        _encoder(settings),
        _index(settings),
        _disk(settings.index),
        _chat(settings.chat),
    ]


def _python() -> Finding:
    ok = sys.version_info >= LEAST_PYTHON
    need = "" if ok else f"; {'.'.join(map(str, LEAST_PYTHON))} or newer is needed"
    return Finding("python", ok, f"{platform.python_version()} ({sys.executable}){need}")


def _packages() -> Iterator[Finding]:
    for name in _needed():
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, f"not installed; pip install {name}")


def _needed() -> list[str]:
    """Names of the packages that the installed distribution requires, extras left out."""
    try:
        lines = requires("wenju") or []
    except PackageNotFoundError:
        return list(PACKAGES)
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]
    return sorted(names)


def _models() -> Finding:
    """Holds the files that ship with Wenju against their checksums."""
    try:
        damage = damaged()
    except RagError as error:
        damage = [str(error)]
    return Finding("models", not damage, "; ".join(damage) or "checksums match")


def _encoder(settings: Settings) -> Finding:
    from rag.models.encoder import load_encoder

    try:
        encoder = load_encoder(settings.encoder)
    except (RagError, OSError) as error:
        return Finding("encoder", False, str(error))
    return Finding("encoder", True, f"{encoder.name}, {encoder.dimension} dimensions")


def _index(settings: Settings) -> Finding:
    from rag.indexing.index import Index

    try:
        opened = Index.open(settings.index, settings)
        status, damage = opened.status(), opened.verify()
    except StoreMissing:
        return Finding("index", True, f"none at {settings.index} yet; rag index PATH builds one")
    except (RagError, OSError) as error:
        return Finding("index", False, str(error))
    if damage:
        return Finding("index", False, "; ".join(damage) + "; rag verify --repair mends it")
    older = ", older than the program: rag index PATH brings it up to date" * status.stale
    detail = f"{settings.index}: {status.documents} documents, {status.chunks} chunks{older}"
    return Finding("index", not status.stale, detail)


def _chat(chat: Chat) -> Finding:
    """Asks the chat model for a word, where the address of its server is set."""
    from rag.answering.trial import try_chat

    if not chat.model:
        return Finding("chat model", True, "none set; answers are sentences of the documents")
    if not chat.base_url:
        return Finding("chat model", True, f"{chat.model}, not asked: chat.base_url is not set")
    try:
        try_chat(chat)
    except RagError as error:
        return Finding("chat model", False, str(error))
    return Finding("chat model", True, f"{chat.model} answers")


def _disk(folder: Path) -> Finding:
    """Free space where the index is or would be."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    ok = free >= LEAST_FREE_BYTES
    need = "" if ok else f"; at least {LEAST_FREE_BYTES / 1e9:.0f} GB should be free"
    return Finding("disk", ok, f"{free / 1e9:.1f} GB free at {place}{need}")
