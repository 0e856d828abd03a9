from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import offline
from rag.errors import ModelError, ModelUnavailable
from rag.models.reader import PassageReader, Reader, ReaderMarks, load_reader
from rag.types import Span

QUESTION = "海灯市的市立图书馆是哪一年建成的？"
PASSAGE = "海灯市位于东部海岸，人口约四十万。市立图书馆建于1987年，藏书两百万册。馆前有一座喷泉。"
OTHER = "馆前有一座喷泉，夏天常有孩子在那里玩水。附近的咖啡馆开到晚上十点。"


@pytest.fixture(scope="module")
def reader() -> PassageReader:
    return load_reader()


def test_marks_the_answer_and_its_sentence(reader: PassageReader) -> None:
    (reading,) = reader.read(QUESTION, [PASSAGE])
    span, probability = reading.best(Span(0, len(PASSAGE)))
    assert span.of(PASSAGE) == "1987年"
    sentence = Span(PASSAGE.index("市立"), PASSAGE.index("馆前"))
    assert reading.within(sentence) > 0.5 * reading.has_answer
    assert 0 < probability <= reading.has_answer <= 1


def test_a_passage_without_the_answer_is_less_likely_to_hold_one(reader: PassageReader) -> None:
    with_answer, without = reader.read(QUESTION, [PASSAGE, OTHER])
    assert with_answer.has_answer > without.has_answer


def test_a_passage_is_read_alike_alone_and_beside_longer_ones(reader: PassageReader) -> None:
    (alone,) = reader.read(QUESTION, [OTHER])
    _, beside, _ = reader.read(QUESTION, [PASSAGE * 3, OTHER, "短。"])
    np.testing.assert_allclose(alone.begins, beside.begins, atol=1e-5)
    np.testing.assert_allclose(alone.closes, beside.closes, atol=1e-5)


def test_traditional_script_and_full_width_are_read_as_simplified(reader: PassageReader) -> None:
    traditional = PASSAGE.replace("图书馆", "圖書館").replace("1987", "１９８７")
    first, second = reader.read(QUESTION, [PASSAGE, traditional])
    np.testing.assert_allclose(first.begins, second.begins, atol=1e-5)
    assert second.best(Span(0, len(traditional)))[0].of(traditional) == "１９８７年"


def test_nothing_to_read(reader: PassageReader) -> None:
    assert reader.read(QUESTION, []) == []
    empty, blank, some = reader.read(QUESTION, ["", " \n", PASSAGE])
    assert empty.has_answer == blank.has_answer == 0
    assert empty.best(Span(0, 0)) == (Span(0, 0), 0.0)
    assert some.has_answer > 0
    assert reader.read(" ", [PASSAGE])[0].has_answer == 0


def test_a_long_passage_is_read_to_its_limit(reader: PassageReader) -> None:
    (reading,) = reader.read(QUESTION, [PASSAGE * 100])
    assert len(reading.starts) == 600
    assert 0 <= reading.has_answer <= 1


@settings(max_examples=25)
@given(st.text(st.sampled_from("海灯市1９年，。㎡ \nＡb臺\U0001f600"), max_size=40))
def test_spans_lie_in_the_passage_and_shares_in_0_1(passage: str) -> None:
    (reading,) = load_reader().read(QUESTION, [passage])
    span, probability = reading.best(Span(0, len(passage)))
    assert 0 <= span.start <= span.end <= len(passage)
    assert 0 <= probability <= 1 and 0 <= reading.has_answer <= 1.00001
    assert reading.within(Span(0, len(passage))) == pytest.approx(reading.has_answer, abs=1e-5)
    assert (np.diff(reading.starts) >= 0).all() and (reading.ends > reading.starts).all()


def test_the_best_span_of_a_part() -> None:
    shares = np.array([0.4, 0.1, 0.3], np.float32), np.array([0.1, 0.5, 0.2], np.float32)
    reading = ReaderMarks(np.array([0, 2, 5]), np.array([2, 4, 6]), *shares)
    for part, best, probability in (
        (Span(0, 6), Span(0, 4), 0.2),
        (Span(2, 6), Span(5, 6), 0.06),
    ):
        assert reading.best(part)[0] == best
        assert reading.best(part)[1] == pytest.approx(probability)
    assert reading.best(Span(6, 9)) == (Span(6, 6), 0.0)
    assert reading.within(Span(2, 6)) == pytest.approx((0.4 + 0.7) / 2)
    assert reading.has_answer == pytest.approx(0.8)


def test_malformed_files_are_refused() -> None:
    model, vocabulary = (
        offline.load_builtin("reader/model.onnx"),
        offline.load_builtin("reader/vocabulary.json"),
    )
    with pytest.raises(ModelError, match="malformed network of the reader"):
        Reader(model[:1000], vocabulary)
    with pytest.raises(ModelError, match="malformed vocabulary of the reader"):
        Reader(model, b"{}")
    short = json.loads(vocabulary) | {"idf": [1.0]}
    with pytest.raises(ModelError, match="words, 1 idf values"):
        Reader(model, json.dumps(short).encode())


def test_onnxruntime_is_loaded_with_the_model_only() -> None:
    code = "import sys, rag.models.reader; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_another_reader_is_named_by_its_folder(reader: PassageReader, tmp_path: Path) -> None:
    for name in ("model.onnx", "vocabulary.json"):
        (tmp_path / name).write_bytes(offline.load_builtin(f"reader/{name}"))
    (named,), (own,) = (r.read(QUESTION, [PASSAGE]) for r in (load_reader(str(tmp_path)), reader))
    np.testing.assert_array_equal(named.begins, own.begins)
    with pytest.raises(ModelUnavailable, match=r"no reader in .*answering\.reader_model"):
        load_reader(str(tmp_path / "gone"))
