"""Trains the reader and writes it as ONNX with its vocabulary."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rag.models.reader import FEATURES, Vocabulary
from training import data, sources
from training.embeddings import Vectors, train_vectors
from training.reader_data import (
    Asked,
    Example,
    answerable,
    batches,
    passages_of,
    questions_of,
    read_questions,
    unanswerable,
)
from training.reader_net import Net, to_device

log = logging.getLogger("training")

WORDS, DIMENSION = 24_000, 100
BATCH, DROPOUT = 32, 0.3
SENTENCE_WEIGHT = 0.3
AVERAGE = 0.998
SEED = 7


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train: the rate rises over the first `warm` steps and falls to 0 at the end;
    `without` unanswerable pieces for each answerable one."""

    epochs: int = 8
    rate: float = 2e-3
    warm: int = 200
    without: float = 0.5


def new_net(table: Tensor, characters: int) -> Net:
    """An untrained network over a table of word vectors."""
    return Net(table, characters, FEATURES, DROPOUT)


def train(table: Tensor, characters: int, asked: Sequence[Asked], schedule: Schedule) -> Net:
    """Trains a network on questions; its weights are the running mean at the end."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = new_net(table, characters).to(device)
    mean = deepcopy(net)
    learned = [weights for weights in net.parameters() if weights.requires_grad]
    optimiser = torch.optim.AdamW(learned, schedule.rate, weight_decay=1e-3)
    total = schedule.epochs * (int(len(asked) * (1 + schedule.without)) // BATCH + 1)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / schedule.warm, max(1 - s / total, 0.0) + 1e-3)
    )
    step = 0
    for epoch in range(schedule.epochs):
        net.train()
        losses = []
        for batch in batches(_examples(asked, schedule, random), BATCH, random):
            loss = _loss(net, batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learned, 2.0)
            optimiser.step()
            rate.step()
            step += 1
            _follow(mean, net, min(AVERAGE, step / (step + 20)))
            losses.append(loss.item())
            if step % 200 == 0:
                log.info("step %d of %d, loss %.3f", step, total, np.mean(losses[-200:]))
        log.info("epoch %d, loss %.3f", epoch + 1, np.mean(losses))
    return mean.cpu().eval()


def _examples(
    asked: Sequence[Asked], schedule: Schedule, random: np.random.Generator
) -> list[Example]:
    found = [answerable(item.own, random) for item in asked]
    for item in asked:
        if random.random() < schedule.without:
            piece = unanswerable(item, random)
            found += [piece] if piece is not None else []
    return found


def _loss(net: Net, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy of start and end over the words and "no answer", and that of the sentence."""
    question, passage = questions_of(batch), passages_of(batch)
    width = passage[0].shape[1]
    device = net.table.device
    with torch.autocast(device.type, torch.bfloat16):
        scores = net(to_device(question, device), to_device(passage, device))
    loss = torch.zeros(())
    for score, place in zip(scores, ("start", "end"), strict=True):
        lengths = [len(example.rows) for example in batch]
        places = [getattr(example, place) for example in batch]
        target = torch.tensor(
            [width if at == n else at for at, n in zip(places, lengths, strict=True)]
        )
        shares = functional.log_softmax(score.float().cpu(), 1)
        loss = loss + functional.nll_loss(shares, target)
        inside = torch.full(shares.shape, -torch.inf)
        for i, (example, at) in enumerate(zip(batch, target.tolist(), strict=True)):
            if at == width:
                inside[i, width] = 0
                continue
            sentence = example.pair.passage.sentence[example.rows]
            inside[i, : len(sentence)][torch.from_numpy(sentence == sentence[at])] = 0
        loss = loss - SENTENCE_WEIGHT * torch.logsumexp(shares + inside, 1).mean()
    return loss


@torch.no_grad()
def _follow(mean: Net, net: Net, share: float) -> None:
    for old, new in zip(mean.parameters(), net.parameters(), strict=True):
        if new.requires_grad:
            old.lerp_(new, 1 - share)


def vocabulary_json(vectors: Vectors) -> bytes:
    """The vocabulary as `rag.models.reader.Vocabulary` reads it."""
    value = {
        "words": vectors.words,
        "characters": vectors.characters,
        "idf": [round(float(weight), 3) for weight in vectors.idf],
    }
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def build(folder: Path, schedule: Schedule | None = None) -> None:
    """Trains on CMRC train and DRCD dev and writes `model.onnx` and `vocabulary.json`."""
    from training.reader_export import export

    vectors = train_vectors(sources.sample(), WORDS, DIMENSION)
    content = vocabulary_json(vectors)
    vocabulary = Vocabulary.parse(content)
    log.info("%d words, %d characters", len(vectors.words), len(vectors.characters))
    asked = read_questions(data.cmrc_train() + data.drcd_dev(), vocabulary)
    log.info("%d questions", len(asked))
    table = torch.from_numpy(vectors.table)
    net = train(table, len(vectors.characters), asked, schedule or Schedule())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocabulary.json").write_bytes(content)
    export(net, folder / "model.onnx")
