"""Wenju, as it is installed: its reading, chunks, index on disk, search with reranking; with a
further argument, `plain`, its search of words and vectors alone, as the other sides search."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from eval.speed.rivals.harness import PASSAGES, Search, run
from rag.assistant import Assistant
from rag.index.local.index import Index
from rag.models.encoder import load_encoder
from rag.retrieval.query import parse_query, weigh
from rag.retrieval.retrieve import retrieve
from rag.settings import Settings

INDEX = "wenju-index"


def _load(_: str) -> Any:
    return load_encoder(Settings().encoder)


def _build(folders: list[str], encoder: Any) -> tuple[Search, int]:
    place = Path(folders[-1]).parent / INDEX
    shutil.rmtree(place, ignore_errors=True)
    settings = Settings(index=place)
    index = Index.build(folders, place, settings, encoder=encoder)
    assistant = Assistant(index, settings)

    def search(question: str) -> list[str]:
        return [passage.text for passage in assistant.search(question, PASSAGES)]

    def plain(question: str) -> list[str]:
        query = parse_query(question)
        found = retrieve(query, weigh(query, index), index, settings.retrieval, PASSAGES)
        return [one.hit.chunk.text for one in found]

    return plain if sys.argv[2:] == ["plain"] else search, index.count


if __name__ == "__main__":
    run(_load, _build)
