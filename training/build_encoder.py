"""Builds the encoder's folder: vocabulary, table, and what sentence-transformers wants to read."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save
from tokenizers import Tokenizer

from rag.models.encoder import TABLE, BuiltinEncoder
from rag.text.segment import STOP_WORDS, words
from training import measure, sources
from training.encoder import Recipe, initial_table, train_table
from training.vocabulary import train_vocabulary

log = logging.getLogger(__name__)

FUSION_WEIGHT = 1.0
# One module, no normalisation: sentence-transformers divides a zero vector in float16 by zero.
MODULES = """[
 {
  "idx": 0,
  "name": "0",
  "path": "",
  "type": "sentence_transformers.models.StaticEmbedding"
 }
]
"""
CONFIG = """{
 "model_type": "SentenceTransformer",
 "prompts": {"query": "", "document": ""},
 "default_prompt_name": null,
 "similarity_fn_name": "cosine"
}
"""


def build(folder: Path, recipe: Recipe | None = None) -> None:
    """Trains vocabulary and table and writes the folder; figures go to the log."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_vocabulary(sources.sample())
    mixture, counts = sources.mixture(tokenizer)
    log.info("%d tokens of text, vocabulary %d", counts.sum(), tokenizer.get_vocab_size())
    recipe = recipe or Recipe()
    table = train_table(mixture, initial_table(counts, recipe), recipe)
    write(folder, tokenizer, table)
    report(folder)


def write(folder: Path, tokenizer: Tokenizer, table: npt.NDArray[np.float32]) -> None:
    """Writes the files of the model; the table in float16."""
    content = save({TABLE: np.ascontiguousarray(table, np.float16)}, {"format": "pt"})
    (folder / "model.safetensors").write_bytes(content)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    (folder / "modules.json").write_text(MODULES, encoding="utf-8")
    (folder / "config_sentence_transformers.json").write_text(CONFIG, encoding="utf-8")


def report(folder: Path) -> None:
    """Logs MRR@10 and the share of first passages that are right: by words, by the encoder in
    the folder, and by both together."""
    encoder = BuiltinEncoder(
        (folder / "model.safetensors").read_bytes(), (folder / "tokenizer.json").read_bytes()
    )
    for task in measure.tasks():
        by_words = measure.word_scores(task, _query_words)
        vectors = measure.vector_scores(task, encoder.encode_queries, encoder.encode_documents)
        both = measure.fused(by_words, vectors, FUSION_WEIGHT)
        for name, scores in (("words", by_words), (encoder.name, vectors), ("both", both)):
            mrr, first = measure.summary(measure.ranks(scores, task.right))
            log.info("%-7s %-18s MRR %.3f first %.3f", task.name, name, mrr, first)


def _query_words(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOP_WORDS]
