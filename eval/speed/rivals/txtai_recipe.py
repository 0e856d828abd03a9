"""txtai with hybrid search and content; the chunks are LangChain's, txtai needs a model for its
own."""

from __future__ import annotations

from typing import Any

from langchain_text_splitters import RecursiveCharacterTextSplitter
from txtai import Embeddings

from eval.speed.rivals.harness import CHARACTERS, PASSAGES, Search, run, texts_of


def _load(encoder: str) -> Any:
    return Embeddings(
        path=encoder, method="sentence-transformers", hybrid=True, content=True, gpu=False
    )


def _build(folders: list[str], encoder: Any) -> tuple[Search, int]:
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHARACTERS, chunk_overlap=0, separators=["\n\n", "\n", "。", "，", " ", ""]
    )
    chunks = [chunk for text in texts_of(folders) for chunk in splitter.split_text(text)]
    # One without any word has no direction, at which its index fails.
    chunks = [chunk for chunk in chunks if any(map(str.isalnum, chunk))]
    encoder.index(chunks)

    def search(question: str) -> list[str]:
        return [found["text"] for found in encoder.search(question, PASSAGES)]

    return search, len(chunks)


if __name__ == "__main__":
    run(_load, _build)
