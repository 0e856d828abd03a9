"""Wenju 文据: questions answered from your own documents, every sentence with its source.

Nothing heavy is loaded until a name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.errors import RagError
    from rag.index.local.index import Index
    from rag.settings import Settings
    from rag.types import Answer

__version__ = "0.2.0"

_HOMES = {
    "Answer": "rag.types",
    "Assistant": "rag.assistant",
    "Index": "rag.index.local.index",
    "RagError": "rag.errors",
    "Settings": "rag.settings",
}

__all__ = ["Answer", "Assistant", "Index", "RagError", "Settings"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
