from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag import Assistant, Index, Settings
from rag.errors import ModelUnavailable
from rag.models.encoder import Reranker, load_reranker

pytest.importorskip("sentence_transformers")

QUESTION = "渡轮的单程票价是多少？"
TEXTS = ["渡轮的单程票价为4元。", "灯塔高三十一米。", ""]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(QUESTION + "".join(TEXTS))]


def make(folder: Path, labels: int) -> Path:
    """A BERT of one layer with random weights: it ranks by chance, but it is a real model."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64, initializer_range=1.0,
    )  # fmt: skip
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("rerankers") / "small", 1)


@pytest.fixture(scope="module")
def reranker(model: Path) -> Reranker:
    return load_reranker(str(model))


def test_scores_are_those_of_the_cross_encoder(reranker: Reranker, model: Path) -> None:
    from sentence_transformers import CrossEncoder

    scores = reranker.scores(QUESTION, TEXTS)
    expected = CrossEncoder(str(model)).predict([(QUESTION, text) for text in TEXTS])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert len(set(scores.tolist())) == len(TEXTS)
    assert reranker.scores(QUESTION, []).shape == (0,)
    assert reranker.name.startswith("small@")


def test_a_model_with_several_outputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"gives 3 numbers.*retrieval\.reranker"):
        load_reranker(str(make(tmp_path / "three", 3)))


def test_what_is_not_here_or_damaged_says_so(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="neither a folder nor"):
        load_reranker("nobody/no-such-reranker")
    copy = tmp_path / "damaged"
    shutil.copytree(model, copy)
    (copy / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded: .*retrieval\.reranker"):
        load_reranker(str(copy))


def test_the_settings_name_it(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for i, text in enumerate(TEXTS[:2]):
        (folder / f"{i}.txt").write_text(text, encoding="utf-8")
    index = Index.build([folder], tmp_path / "index", Settings())
    settings = Settings.load(environ={"RAG_RETRIEVAL_RERANKER": str(model)})
    found = Assistant(index, settings).search(QUESTION)
    parts = [{part.name: part.score for part in passage.parts} for passage in found]
    assert [passage.score for passage in found] == [part["reranker"] for part in parts]
    assert "answering_sentence" not in parts[0]
