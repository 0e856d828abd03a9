"""The whole way of the joint network at toy size: trained, exported, read by the library."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rag.errors import ModelError, ModelUnavailable
from rag.models.joint import JointReader, load_joint
from rag.models.joint_input import LONGEST, LONGEST_QUESTION, Marks, join
from rag.models.reader import load_reader
from rag.models.reranker import load_reranker
from rag.models.subwords import load_subwords
from rag.text.sentences import sentences
from rag.types import Span
from training.joint.export import export
from training.joint.material import Material, read_asked, write_asked
from training.joint.net import Backbone, Joint, Size
from training.joint.pretrain import draw, load_backbone, pretrain
from training.joint.schedule import Budget
from training.joint.tune import batch, group, loss_of, tried, tune

PLACES = ("海灯市", "松岭县", "白沙镇", "云溪村", "金桥区", "南屿岛", "北泉乡", "东塘港")
TOKENS = 16_000


def _passage(place: str, year: int) -> str:
    return (
        f"{place}图书馆的历史很长。它在{year}年建成，门前有两棵老树。每天早上九点开门，"
        f"周一休息。馆里有三层，孩子们喜欢二楼的座位。"
    )


def _material(tried_from: int = 6) -> Material:
    subwords = load_subwords()
    years = [1901 + 7 * i for i in range(len(PLACES))]
    texts = [_passage(*pair) for pair in zip(PLACES, years, strict=True)]
    questions = [subwords.read(f"{place}图书馆哪一年建成？").ids for place in PLACES]
    read = [subwords.read(text) for text in texts]
    places, edges = [], []
    for text, tokens, year in zip(texts, read, years, strict=True):
        begins = [span.start for span in sentences(text)]
        places.append(np.searchsorted(begins, tokens.starts, "right") - 1)
        at = text.index(str(year))
        edges.append(
            (
                np.searchsorted(tokens.starts, at, "right") - 1,
                np.searchsorted(tokens.starts, at + 4, "left") - 1,
            )
        )
    count = len(PLACES)
    others = np.array([[(i + j) % count for j in range(1, count)] for i in range(count)])
    return Material(
        question_ids=np.concatenate(questions).astype(np.uint16),
        question_starts=np.cumsum([0, *map(len, questions)]),
        passage_ids=np.concatenate([tokens.ids for tokens in read]).astype(np.uint16),
        passage_starts=np.cumsum([0, *(len(tokens.ids) for tokens in read)]),
        sentence=np.concatenate(places).astype(np.uint16),
        own=np.arange(count),
        others=others,
        first=np.array([first for first, _ in edges]),
        last=np.array([last for _, last in edges]),
        tried=np.arange(count) >= tried_from,
    )


def _size() -> Size:
    return Size(TOKENS, layers=1, width=32, heads=2)


def test_a_row_holds_the_question_and_what_fits_of_the_passage() -> None:
    rows = join(
        [np.arange(100), np.arange(3)], [np.arange(1000, 1400), np.arange(2000, 2002)], Marks(9000)
    )
    assert rows.ids.shape == (2, LONGEST)
    assert rows.firsts.tolist() == [LONGEST_QUESTION + 2, 5]
    assert rows.kept.tolist() == [LONGEST - LONGEST_QUESTION - 3, 2]
    assert rows.ids[1, :8].tolist() == [9001, 0, 1, 2, 9002, 2000, 2001, 9002]
    assert set(rows.ids[1, 8:].tolist()) == {9000}
    assert rows.sides.sum(1).tolist() == [rows.kept[0] + 1, 3]


def test_masked_tokens_are_those_that_stood_there() -> None:
    marks = Marks(50)
    text = np.arange(600, dtype=np.uint16) % 50
    text[::37] = marks.end
    ids, places, right = draw(text, 40, marks, np.random.default_rng(0))
    assert ids.shape == (40, LONGEST)
    assert int((right >= marks.size).sum()) == 0
    masked = ids.gather(1, places)
    share = float((masked == marks.mask).float().mean())
    assert 0.7 < share < 0.9
    kept = torch.ones_like(ids, dtype=torch.bool).scatter(1, places, False)
    assert int((ids[kept] == marks.mask).sum()) == 0


def test_a_group_marks_the_answer_in_its_piece(tmp_path: Path) -> None:
    write_asked(tmp_path, _material())
    material = read_asked(tmp_path)
    random = np.random.default_rng(3)
    for i in range(len(material)):
        drawn = group(material, i, 4, random)
        assert len(drawn.pieces) == 5
        rows, first, last = batch([drawn], Marks(TOKENS))
        found = rows.ids[0, first[0] : last[0] + 1].tolist()
        assert found == load_subwords().read(str(1901 + 7 * i)).ids.tolist()
        assert first[1:].tolist() == last[1:].tolist() == [0] * 4


def test_a_question_without_a_known_answer_teaches_ranking_only() -> None:
    unknown = np.full(len(PLACES), -1)
    material = replace(_material(), first=unknown, last=unknown)
    drawn = group(material, 0, 3, np.random.default_rng(1))
    _, first, last = batch([drawn], Marks(TOKENS))
    assert first.tolist() == last.tolist() == [-1, 0, 0, 0]
    net = Joint(Backbone(_size()))
    assert torch.isfinite(loss_of(net, [drawn], torch.device("cpu")))


def test_both_tasks_are_learned() -> None:
    torch.manual_seed(0)
    material, random = _material(), np.random.default_rng(5)
    net = Joint(Backbone(_size(), dropout=0.0))
    groups = [group(material, i, 3, random) for i in range(4)]
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    losses = []
    for _ in range(80):
        loss = loss_of(net, groups, torch.device("cpu"))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


def test_trained_in_two_calls_exported_and_read(tmp_path: Path) -> None:
    material = _material()
    text = np.tile(material.passage_ids, 4)
    assert not pretrain(text, _size(), Budget(2.0, 0.5, 1e-3), 4, tmp_path)
    assert pretrain(text, _size(), Budget(2.0, 2.0, 1e-3), 4, tmp_path)
    net = Joint(load_backbone(_size(), tmp_path / "backbone.safetensors", dropout=0.0))
    tune(material, net, Budget(3.0, 3.0, 3e-3), 2, 3, tmp_path)
    assert tried(material, net)["questions"] == 2
    export(net, load_subwords().digest, tmp_path / "model")
    reader = load_joint(tmp_path / "model")
    assert load_reranker(str(tmp_path / "model")) is reader
    assert load_reader(str(tmp_path / "model")) is reader
    passages = [_passage("海灯市", 1901), "", "\ud83d" + _passage("东塘港", 1950)]
    judged = reader.judge("海灯市图书馆哪一年建成？", passages)
    rows = join(
        [load_subwords().read("海灯市图书馆哪一年建成？").ids] * 3,
        [load_subwords().read(passage).ids for passage in passages],
        Marks(TOKENS),
    )
    with torch.no_grad():
        worth, start, _ = net.cpu().eval()(torch.from_numpy(rows.ids), torch.from_numpy(rows.sides))
    spread = max(float(worth.std()), 1.0)
    np.testing.assert_allclose([one.worth for one in judged], worth, atol=0.1 * spread)
    scores = reader.scores("海灯市图书馆哪一年建成？", passages)
    assert np.argsort(scores).tolist() == np.argsort([one.worth for one in judged]).tolist()
    for one, passage in zip(judged, passages, strict=True):
        assert 0 <= one.reading.has_answer <= 1
        assert one.reading.starts.tolist() == sorted(one.reading.starts.tolist())
        assert all(end <= len(passage) for end in one.reading.ends.tolist())
    assert judged[1].reading.has_answer == 0
    found, _ = judged[0].reading.best(Span(0, len(passages[0])))
    assert passages[0][found.start : found.end]
    assert len(start) == 3


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no joint network in .*python -m training\.joint"):
        load_joint(tmp_path / "none")
    with pytest.raises(ModelError, match="made for the tokens 'other'"):
        JointReader(b"", b'{"tokenizer": "other"}')
    with pytest.raises(ModelError, match=r"malformed joint\.json"):
        JointReader(b"", b"[]")
    digest = load_subwords().digest
    with pytest.raises(ModelError, match="malformed network of the joint network"):
        JointReader(b"no network", f'{{"tokenizer": "{digest}"}}'.encode())
    with pytest.raises(ValueError, match="3 tokens of text, one row takes 256"):
        pretrain(np.zeros(3, np.uint16), _size(), Budget(1, 1, 1e-3), 2, tmp_path)


def test_training_needs_only_torch_and_numpy() -> None:
    """The accelerator's machine has not what reading Chinese text needs."""
    code = (
        "import sys\n"
        "for name in ('rjieba', 'opencc', 'pydantic', 'tokenizers', 'tiktoken', 'onnxruntime'):\n"
        "    sys.modules[name] = None\n"
        "import training.joint.__main__, training.joint.pretrain, training.joint.tune\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
