"""LangChain's usual recipe: recursive splitter, FAISS, BM25 over jieba, both in an ensemble."""

from __future__ import annotations

from typing import Any

import jieba
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from eval.speed.rivals.harness import CHARACTERS, PASSAGES, Search, run, texts_of


def _load(encoder: str) -> Any:
    jieba.initialize()
    return HuggingFaceEmbeddings(model_name=encoder, model_kwargs={"device": "cpu"})


def _build(folders: list[str], encoder: Any) -> tuple[Search, int]:
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHARACTERS, chunk_overlap=0, separators=["\n\n", "\n", "。", "，", " ", ""]
    )
    chunks = [chunk for text in texts_of(folders) for chunk in splitter.split_text(text)]
    vectors = FAISS.from_texts(chunks, encoder).as_retriever(search_kwargs={"k": PASSAGES})
    words = BM25Retriever.from_texts(chunks, preprocess_func=jieba.lcut, k=PASSAGES)
    both = EnsembleRetriever(retrievers=[words, vectors], weights=[0.5, 0.5])

    def search(question: str) -> list[str]:
        return [document.page_content for document in both.invoke(question)][:PASSAGES]

    return search, len(chunks)


if __name__ == "__main__":
    run(_load, _build)
