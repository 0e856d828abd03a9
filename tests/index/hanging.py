"""Reading processes that hang on files with `hang` in their names."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rag.documents import load
from rag.documents import load as containers
from rag.documents.load import Content
from rag.documents.workers import serve
from rag.index.local import prepare
from rag.settings import Reading

COMMAND = "from tests.index.hanging import serve_hanging; serve_hanging()"
"""In the place of `rag.documents.workers._COMMAND`."""
PIDS = "WENJU_TEST_HUNG"
"""The variable that names the folder in which a hanging process leaves a file with its number."""


def serve_hanging() -> None:
    """As `serve`."""
    read, listed = load.read_content, containers.contents

    def read_content(path: Path, settings: Reading) -> Content:
        _hang(str(path))
        return read(path, settings)

    def contents(place: str, limits: Reading) -> containers.Contents:
        _hang(place)
        return listed(place, limits)

    vars(prepare)["read_content"] = read_content
    containers.contents = contents
    serve()


def _hang(path: str) -> None:
    if "hang" in path:
        Path(os.environ[PIDS], str(os.getpid())).touch()
        time.sleep(3600)
