"""LlamaIndex's pipeline: sentence splitter, vector store index, BM25, fused by ranks."""

from __future__ import annotations

from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.retrievers.bm25 import BM25Retriever
from pydantic import PrivateAttr
from sentence_transformers import SentenceTransformer

from eval.speed.rivals.harness import PASSAGES, Search, run, texts_of

TOKENS = 320
"""Of its tokenizer: as many as make chunks of about 250 Chinese characters."""


class Encoder(BaseEmbedding):  # type: ignore[misc]
    """A sentence-transformers folder; LlamaIndex's own class cannot set the length of a static
    one."""

    _model: Any = PrivateAttr()

    def __init__(self, folder: str) -> None:
        super().__init__(embed_batch_size=1024)
        self._model = SentenceTransformer(folder, device="cpu")

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._model.encode(texts, show_progress_bar=False).tolist()
        return found

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def _load(encoder: str) -> Any:
    return Encoder(encoder)


def _build(folders: list[str], encoder: Any) -> tuple[Search, int]:
    splitter = SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0)
    nodes = splitter.get_nodes_from_documents([Document(text=text) for text in texts_of(folders)])
    vectors = VectorStoreIndex(nodes, embed_model=encoder)
    both = QueryFusionRetriever(
        [
            vectors.as_retriever(similarity_top_k=PASSAGES),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=PASSAGES),
        ],
        llm=MockLLM(), num_queries=1, mode=FUSION_MODES.RECIPROCAL_RANK, use_async=False,
        similarity_top_k=PASSAGES,
    )  # fmt: skip

    def search(question: str) -> list[str]:
        return [found.node.get_content() for found in both.retrieve(question)]

    return search, len(nodes)


if __name__ == "__main__":
    run(_load, _build)
