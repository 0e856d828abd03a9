import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from rag import offline
from rag.errors import ModelError
from rag.models.encoder import ENCODED_AT_ONCE, TABLE, BuiltinEncoder, Float32, load_encoder
from rag.settings import EncoderSettings
from rag.text.normalize import fold

TEXTS = [
    "美国对华半导体出口管制涉及哪些设备?",
    "英特尔发布XeSS 1.2.0,支持动态分辨率缩放",
    "台湾积体电路制造公司",
    "data engineering in 2023",
    "的",
    "第四条 本条例自2020年7月1日起施行。",
]


@pytest.fixture(scope="module")
def encoder() -> BuiltinEncoder:
    found = load_encoder(EncoderSettings())
    assert isinstance(found, BuiltinEncoder)
    return found


def _tiny(table: Float32 | npt.NDArray[np.float16], vocabulary: dict[str, int]) -> BuiltinEncoder:
    tokenizer: dict[str, object] = {
        "version": "1.0", "added_tokens": [], "truncation": None, "padding": None,
        "normalizer": None, "post_processor": None, "decoder": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip
    return BuiltinEncoder(save({TABLE: table}), json.dumps(tokenizer).encode())


def test_a_vector_is_the_mean_of_the_tokens_at_length_one() -> None:
    tiny = _tiny(np.array([[3, 0], [0, 4]], np.float16), {"a": 0, "b": 1})
    vectors = tiny.encode_documents(["a", "ab", "aab", "?", ""])
    expected = np.array([[1, 0], [0.6, 0.8], [6 / 52**0.5, 4 / 52**0.5], [0, 0], [0, 0]])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors.dtype == np.float32


def test_folding_comes_before_the_tokens() -> None:
    tiny = _tiny(np.eye(2, dtype=np.float32), {"a": 0, "湾": 1})
    np.testing.assert_array_equal(tiny.encode_queries(["Ａ", "灣"]), np.eye(2))


def test_questions_and_passages_are_treated_alike(encoder: BuiltinEncoder) -> None:
    np.testing.assert_array_equal(encoder.encode_queries(TEXTS), encoder.encode_documents(TEXTS))


@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_rows_have_length_one_or_are_zero(encoder: BuiltinEncoder, texts: list[str]) -> None:
    vectors = encoder.encode_documents(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert vectors.shape[0] == len(texts)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


@pytest.mark.parametrize("text", ["", " \n", "。,!", "\ud800", "\U0001f600", "𒀀𒀁"])
def test_text_without_a_known_token_is_a_zero_vector(encoder: BuiltinEncoder, text: str) -> None:
    assert not encoder.encode_queries([text]).any()


def test_a_lone_surrogate_parts_words_and_is_otherwise_nothing(encoder: BuiltinEncoder) -> None:
    np.testing.assert_array_equal(
        encoder.encode_queries(["半导体\ud800设备"]), encoder.encode_queries(["半导体 设备"])
    )


def test_a_text_has_the_same_vector_in_any_company(encoder: BuiltinEncoder) -> None:
    many = encoder.encode_documents(TEXTS * (ENCODED_AT_ONCE // len(TEXTS) + 2))
    for row, text in enumerate(TEXTS):
        alone = encoder.encode_documents([text])[0]
        np.testing.assert_array_equal(alone, many[row])
        np.testing.assert_array_equal(alone, many[ENCODED_AT_ONCE // len(TEXTS) * len(TEXTS) + row])


def test_no_text_gives_no_row(encoder: BuiltinEncoder) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dimension)


def test_a_passage_is_nearest_to_what_it_is_about(encoder: BuiltinEncoder) -> None:
    passages = [
        "中国人民银行决定下调金融机构存款准备金率0.25个百分点。",
        "国家队在世界杯预选赛中以三比一战胜对手。",
        "气象台预计明天夜间将有大到暴雨,请市民减少外出。",
    ]
    questions = ["央行的货币政策有什么变化?", "球队比赛的结果如何?", "未来的天气怎样?"]
    scores = encoder.encode_queries(questions) @ encoder.encode_documents(passages).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_sentence_transformers_reads_the_same_vectors(encoder: BuiltinEncoder) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = Path(str(offline.folder() / "encoder"))
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    ours = encoder.encode_documents(TEXTS)
    folded = [fold(text) for text in TEXTS]
    # As stored, in half precision; then in full precision.
    for model, tolerance in ((theirs, 4e-3), (theirs.float(), 1e-6)):
        vectors = np.asarray(model.encode(folded), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.testing.assert_allclose(vectors, ours, atol=tolerance)
    assert not theirs.encode(["", "。"]).any()


def test_the_name_changes_with_the_weights_and_with_the_tokens() -> None:
    names = {
        _tiny(np.eye(2, dtype=np.float32), {"a": 0, "b": 1}).name,
        _tiny(np.eye(2, dtype=np.float32) * 2, {"a": 0, "b": 1}).name,
        _tiny(np.eye(2, dtype=np.float32), {"a": 0, "c": 1}).name,
    }
    assert len(names) == 3
    assert all(name.startswith("wenju@") and len(name) == 18 for name in names)


TINY = b'{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}'


@pytest.mark.parametrize(
    ("weights", "tokenizer", "problem"),
    [
        (b"", TINY, "malformed weights"),
        (b"\xff" * 64, TINY, "malformed weights"),
        (save({"other": np.eye(1)}), TINY, "malformed weights"),
        (save({TABLE: np.ones(1, np.float16)}), TINY, "not a finite matrix"),
        (save({TABLE: np.full((1, 2), np.nan)}), TINY, "not a finite matrix"),
        (save({TABLE: np.eye(1)}), b"{}", "malformed tokenizer"),
        (save({TABLE: np.eye(1)}), b"\xff", "malformed tokenizer"),
        (save({TABLE: np.eye(3)}), TINY, "3 vectors for 1 tokens"),
    ],
)
def test_malformed_files_are_a_model_error(weights: bytes, tokenizer: bytes, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        BuiltinEncoder(weights, tokenizer)


def test_the_built_in_encoder_needs_no_torch() -> None:
    code = (
        "import sys; from rag.models.encoder import load_encoder; from rag.settings import EncoderSettings;"
        "load_encoder(EncoderSettings()).encode_queries(['一']);"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_encoder_is_at_most_17_megabytes() -> None:
    folder = Path(str(offline.folder() / "encoder"))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 17_000_000
