"""What the processes have in common in which files of others are parsed and drawn."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def child_environment() -> dict[str, str]:
    """The variables of this process, and the path on which its modules are found. Tokenizers use
    one thread: there are as many processes as cores."""
    path = os.pathsep.join(part for part in sys.path if part)
    return {"TOKENIZERS_PARALLELISM": "false", **os.environ, "PYTHONPATH": path}


def limit_memory(limit: int) -> None:
    """Limits the address space of this process to `limit` bytes, where the system can."""
    try:
        import resource
    except ImportError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
