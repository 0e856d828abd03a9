"""`rag serve`: the page and the HTTP API. `rag mcp`: the assistant as tools of other programs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rag.commands.opening import load_settings
from rag.offline import SERVING
from rag.settings import DEFAULT_INDEX, Settings

if TYPE_CHECKING:
    from rag.http.login import Token

# Where `make run` puts the index of the sample corpus, and the questions that go with it.
SAMPLE_INDEX = Path("index/sample")
SAMPLE_QUESTIONS = Path("examples/questions.jsonl")
# What everybody must know who wants in; without it, only this machine is listened to.
TOKEN_VARIABLE = "RAG_TOKEN"


def serve(arguments: argparse.Namespace) -> int:
    """Opens the page and stays until it is interrupted. Without a named index this is
    `index/default`, or the sample's where only that has been built, with the others beside it.
    Where there is no index, the page takes the files for one."""
    os.environ.update(SERVING)
    token = _token()
    from rag.collection import Collection
    from rag.http.access import Access
    from rag.http.remembered import user_file
    from rag.library import Library
    from rag.server import address_of, create_app, listen, run

    settings = load_settings(arguments)
    folder = _folder(settings)
    collection = Collection(folder, settings)
    several = arguments.collections or settings.index == DEFAULT_INDEX
    library = Library(collection, folder.parent if several else None)
    access = Access(arguments.host, arguments.allow_host, token)
    examples = examples_for(folder)
    with listen(arguments.host, arguments.port) as listener:
        remembered = user_file(os.environ)
        app = create_app(collection, collection.status, examples, access, library, remembered)
        address = address_of(listener)
        print(json.dumps({"address": address}) if arguments.json else f"文据 Wenju  {address}")
        sys.stdout.flush()
        library.tend()
        try:
            run(app, listener)
        finally:
            library.close()
    return 0


def mcp(arguments: argparse.Namespace) -> int:
    """Serves the tools on stdin and stdout, or, with a port, over HTTP, until the client is done
    or the process is interrupted."""
    os.environ.update(SERVING)
    from rag.assistant import Assistant
    from rag.http.access import Access
    from rag.indexing.index import Index
    from rag.mcp import HTTP_PATH, http_app, mcp_server
    from rag.server import address_of, guarded, listen, run

    settings = load_settings(arguments)
    index = Index.open(_folder(settings), settings)
    server = mcp_server(Assistant(index, settings), index.document)
    if arguments.port is None:
        server.run()
        return 0
    access = Access(arguments.host, arguments.allow_host, _token())
    app = guarded(http_app(server), access)
    with listen(arguments.host, arguments.port) as listener:
        address = address_of(listener) + HTTP_PATH
        print(json.dumps({"address": address}) if arguments.json else f"文据 Wenju  {address}")
        sys.stdout.flush()
        run(app, listener)
    return 0


def _token() -> Token | None:
    from rag.http.login import Token

    secret = os.environ.get(TOKEN_VARIABLE)
    return None if secret is None else Token(secret)


def _folder(settings: Settings) -> Path:
    if settings.index == DEFAULT_INDEX and not DEFAULT_INDEX.exists() and SAMPLE_INDEX.exists():
        return SAMPLE_INDEX
    return settings.index


def examples_for(folder: Path) -> list[str]:
    """Example questions for the index in `folder`: those of the sample that are marked to be
    shown, the last one without an answer; none for another index."""
    if folder.resolve() != SAMPLE_INDEX.resolve() or not SAMPLE_QUESTIONS.exists():
        return []
    lines = SAMPLE_QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [item["question"] for item in map(json.loads, lines) if item.get("shown")]
