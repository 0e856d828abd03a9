from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from rag.models.reader import Reader, Vocabulary
from training.data import Question
from training.embeddings import train_vectors
from training.reader import Schedule, new_net, train, vocabulary_json
from training.reader_data import (
    Asked,
    answerable,
    batches,
    passages_of,
    questions_of,
    read_questions,
    unanswerable,
    whole,
)
from training.reader_export import export
from training.reader_net import Net

Material = tuple[Vocabulary, bytes, torch.Tensor, list[Asked]]

PLACES = (
    "海灯市",
    "松岭县",
    "白沙镇",
    "云溪村",
    "金桥区",
    "南屿岛",
    "北泉乡",
    "东塘港",
    "西坪寨",
    "中渡口",
)


def _questions() -> list[Question]:
    found = []
    for i, place in enumerate(PLACES):
        year = str(1900 + 7 * i)
        passage = (
            f"{place}风景很好，游人众多。{place}的大桥建于{year}年，长三里，能走六辆车。桥下有船。"
        )
        found.append(
            Question(f"{place}的大桥建于哪一年？", passage, f"{year}年", passage.index(year))
        )
    return found


@pytest.fixture(scope="module")
def material() -> Material:
    texts = [f"{q.text}\n{q.passage}" for q in _questions()]
    vectors = train_vectors(texts * 3, 120, 8)
    content = vocabulary_json(vectors)
    vocabulary = Vocabulary.parse(content)
    asked = read_questions(_questions(), vocabulary)
    return vocabulary, content, torch.from_numpy(vectors.table), asked


def test_vectors_have_a_row_for_each_word(material: Material) -> None:
    vocabulary, _, table, _ = material
    assert table.shape == (len(vocabulary.words), 8) and len(vocabulary.words) <= 120
    assert torch.isfinite(table).all()
    assert vocabulary.word("1907") == vocabulary.word("1914") > 2  # numbers by their form


def test_examples_hold_the_answer_or_do_not(material: Material) -> None:
    asked = material[3]
    assert len(asked) == len(PLACES)
    random = np.random.default_rng(1)
    for item, question in zip(asked, _questions(), strict=True):
        example = answerable(item.own, random)
        tokens = [item.own.passage.tokens[row] for row in example.rows]
        assert "".join(tokens[example.start : example.end + 1]) == question.answer
        for _ in range(5):
            piece = unanswerable(item, random)
            assert piece is not None and piece.start == piece.end == len(piece.rows)
            words = [piece.pair.passage.tokens[row] for row in piece.rows]
            assert question.answer not in "".join(words)


def test_batches_hold_every_example_once(material: Material) -> None:
    examples = [whole(item.own) for item in material[3]]
    parts = list(batches(examples, 3, np.random.default_rng(0)))
    assert sorted(id(e) for part in parts for e in part) == sorted(map(id, examples))
    assert max(map(len, parts)) == 3


def test_the_network_as_onnx_reads_as_the_network(material: Material, tmp_path: Path) -> None:
    vocabulary, content, table, asked = material
    schedule = Schedule(epochs=2, warm=1)
    net = train(table, len(vocabulary.characters), asked, schedule)
    export(net, tmp_path / "model.onnx")
    again = tmp_path / "again.onnx"
    export(train(table, len(vocabulary.characters), asked, schedule), again)
    assert again.read_bytes() == (tmp_path / "model.onnx").read_bytes()  # the seed is fixed
    reader = Reader((tmp_path / "model.onnx").read_bytes(), content)
    examples = [whole(item.own) for item in asked]
    with torch.no_grad():
        begins, closes = net(questions_of(examples), passages_of(examples))
    for example, question, begin, close in zip(examples, _questions(), begins, closes, strict=True):
        (reading,) = reader.read(question.text, [question.passage])
        n = len(example.rows)
        np.testing.assert_allclose(reading.begins, torch.softmax(begin, 0)[:n], atol=2e-3)
        np.testing.assert_allclose(reading.closes, torch.softmax(close, 0)[:n], atol=2e-3)
    halves = [
        w for w in onnx.load(tmp_path / "model.onnx").graph.initializer if w.name.endswith("_half")
    ]
    assert {w.data_type for w in halves} == {onnx.TensorProto.FLOAT16}
    assert len(halves) >= 10


def test_training_lowers_the_loss(material: Material) -> None:
    vocabulary, _, table, asked = material
    examples = [whole(item.own) for item in asked]

    def right(net: Net) -> float:
        with torch.no_grad():
            begins, _ = net(questions_of(examples), passages_of(examples))
        places = torch.tensor([e.start for e in examples])
        return float(torch.log_softmax(begins, 1).gather(1, places[:, None]).mean())

    torch.manual_seed(0)
    before = right(new_net(table, len(vocabulary.characters)).eval())
    net = train(table, len(vocabulary.characters), asked, Schedule(epochs=40, warm=2))
    assert right(net) > before + 1
