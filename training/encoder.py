"""Trains the built-in encoder: a table of token vectors whose mean is a text's vector.

Contrastive: a query must be nearer to its own passage than to the others of the batch. The table
is an ordinary sentence-transformers `StaticEmbedding`; the weight of a token is the length of its
vector, learned from an initial inverse-frequency weight.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from training.batches import Batch, Ids, Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a run is made with."""

    dimension: int = 512
    steps: int = 2500
    batch: int = 1024
    rate: float = 0.02
    scale: float = 30.0  # inverse temperature of the cosines
    frequency: float = 3e-4  # a of the initial weight a / (a + p)
    dropout: float = 0.1  # share of tokens left out
    seed: int = 1


def initial_table(counts: npt.NDArray[np.int64], recipe: Recipe) -> npt.NDArray[np.float32]:
    """Random vectors, (tokens, dimension), as long as a token of that frequency deserves.

    Source: Arora et al. (2017), SIF.
    """
    torch.manual_seed(recipe.seed)
    weights = recipe.frequency / (recipe.frequency + counts / counts.sum())
    table = torch.randn(len(counts), recipe.dimension) * torch.from_numpy(weights).float()[:, None]
    return np.asarray(table.numpy(), np.float32)


def train_table(
    source: Source,
    start: npt.NDArray[np.float32],
    recipe: Recipe,
    report: Callable[[npt.NDArray[np.float32]], None] | None = None,
    report_every: int = 1000,
) -> npt.NDArray[np.float32]:
    """The table that training makes of `start`, (tokens, dimension). `report` is given the table
    every `report_every` steps.

    Source: in-batch softmax over cosines as in Henderson et al. (2017) and
    MultipleNegativesRankingLoss.
    """
    rng = np.random.default_rng(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    weights = torch.from_numpy(start.copy())
    bag = torch.nn.EmbeddingBag.from_pretrained(weights, freeze=False, mode="sum").to(device)
    optimizer = torch.optim.Adam(bag.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, step / 100) * (1 - step / (recipe.steps + 1))
    )
    began, smooth = time.perf_counter(), 0.0
    for step in range(1, recipe.steps + 1):
        value = _loss(bag, source.draw(rng, recipe.batch), recipe, rng)
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        smooth = 0.98 * smooth + 0.02 * value.item()
        if step % report_every == 0 or step == recipe.steps:
            log.info("step %d loss %.3f %.0f s", step, smooth, time.perf_counter() - began)
            if report:
                report(bag.weight.detach().cpu().numpy())
    return np.asarray(bag.weight.detach().cpu().numpy(), np.float32)


def _loss(
    bag: torch.nn.EmbeddingBag, batch: Batch, recipe: Recipe, rng: np.random.Generator
) -> torch.Tensor:
    queries = _pool(bag, batch.queries, recipe.dropout, rng)
    documents = _pool(bag, batch.documents, recipe.dropout, rng)
    logits = recipe.scale * queries @ documents.T
    keys = torch.from_numpy(batch.keys).to(logits.device)
    size = len(queries)
    same = keys[:size, None] == keys[None, :]
    same[torch.arange(size), torch.arange(size)] = False
    logits = logits.masked_fill(same, -torch.inf)
    targets = torch.arange(size, device=logits.device)
    forth = functional.cross_entropy(logits, targets)
    back = functional.cross_entropy(logits[:, :size].T, targets)
    return (forth + back) / 2


def _pool(
    bag: torch.nn.EmbeddingBag, texts: list[Ids], dropout: float, rng: np.random.Generator
) -> torch.Tensor:
    lengths = np.array([len(text) for text in texts])
    flat = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    keep = torch.from_numpy((rng.random(len(flat)) >= dropout).astype(np.float32))
    offsets = torch.from_numpy(np.cumsum(lengths) - lengths)
    device = bag.weight.device
    vectors = bag(flat.to(device), offsets.to(device), per_sample_weights=keep.to(device))
    return functional.normalize(vectors, dim=1)
