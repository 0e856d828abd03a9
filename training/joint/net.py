"""The network: a transformer over a question and a passage, and its heads."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.models.joint_input import LONGEST, MARKS, Marks

SPREAD = 0.02  # of untrained weights, as in BERT
NOWHERE = -1e4  # the score of a place that is no place of the passage


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of the vocabulary, layers, numbers for each token, heads of attention."""

    tokens: int
    layers: int = 4
    width: int = 256
    heads: int = 4

    @property
    def marks(self) -> Marks:
        """The ids behind the vocabulary."""
        return Marks(self.tokens)


class Layer(nn.Module):
    """Attention, then a feed-forward of four times the width, each on what is normalised before.

    Source: Vaswani et al., Attention Is All You Need (2017); Xiong et al., On Layer Normalization
    in the Transformer Architecture (2020).
    """

    def __init__(self, size: Size, dropout: float) -> None:
        """Untrained."""
        super().__init__()
        width = size.width
        self.heads = size.heads
        self.before_attention, self.before_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asking, self.mixing = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor, keep: Tensor) -> Tensor:
        """`(n, t, width)` to the same; `keep` `(n, 1, 1, t)` says which places are attended to."""
        n, t, width = rows.shape
        asked = self.asking(self.before_attention(rows)).view(n, t, 3, self.heads, -1)
        query, key, value = asked.permute(2, 0, 3, 1, 4).unbind()
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=keep)
        rows = rows + self.dropout(self.mixing(mixed.transpose(1, 2).reshape(n, t, width)))
        inner = functional.gelu(self.inner(self.before_inner(rows)), approximate="tanh")
        found: Tensor = rows + self.dropout(self.outer(inner))
        return found


class Backbone(nn.Module):
    """Token ids to a vector for each, in the light of the others."""

    def __init__(self, size: Size, dropout: float = 0.1) -> None:
        """Untrained; the same for the same seed of torch."""
        super().__init__()
        self.size = size
        self.tokens = nn.Embedding(size.tokens + MARKS, size.width)
        self.places = nn.Embedding(LONGEST, size.width)
        self.sides = nn.Embedding(2, size.width)
        self.layers = nn.ModuleList(Layer(size, dropout) for _ in range(size.layers))
        self.last = nn.LayerNorm(size.width)
        self.dropout = nn.Dropout(dropout)
        self.apply(_start)

    def forward(self, ids: Tensor, sides: Tensor) -> Tensor:
        """`(n, t)` ids and sides to `(n, t, width)`."""
        keep = (ids != self.size.marks.padding)[:, None, None, :]
        places = torch.arange(ids.shape[1], device=ids.device)
        rows = self.tokens(ids) + self.places(places) + self.sides(sides)
        rows = self.dropout(rows)
        for layer in self.layers:
            rows = layer(rows, keep)
        found: Tensor = self.last(rows)
        return found


class Guesser(nn.Module):
    """Guesses masked tokens: the head of pretraining, its last table that of the tokens."""

    def __init__(self, backbone: Backbone) -> None:
        """Puts an untrained head on `backbone`."""
        super().__init__()
        self.backbone = backbone
        width = backbone.size.width
        self.turn, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(backbone.size.tokens + MARKS))
        _start(self.turn)

    def forward(self, ids: Tensor, masked: Tensor, right: Tensor) -> Tensor:
        """The mean cross-entropy of the tokens `right` `(n, m)` at the places `masked` `(n, m)`."""
        rows = self.backbone(ids, torch.zeros_like(ids))
        rows = rows.gather(1, masked[:, :, None].expand(-1, -1, rows.shape[2]))
        rows = self.norm(functional.gelu(self.turn(rows), approximate="tanh"))
        scores = functional.linear(rows, self.backbone.tokens.weight, self.bias)
        return functional.cross_entropy(scores.flatten(0, 1).float(), right.flatten())


class Joint(nn.Module):
    """Ranks a passage for a question, and marks where the answer begins and ends."""

    def __init__(self, backbone: Backbone) -> None:
        """Puts untrained heads on `backbone`."""
        super().__init__()
        self.backbone = backbone
        self.worth = nn.Linear(backbone.size.width, 1)
        self.edges = nn.Linear(backbone.size.width, 2)
        _start(self.worth)
        _start(self.edges)

    def forward(self, ids: Tensor, sides: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`(n, t)` ids and sides to the passages' worth `(n,)`, higher is better, and scores of
        the answer's first and last place `(n, t)`; place 0 stands for "no answer"."""
        rows = self.backbone(ids, sides)
        worth = self.worth(rows[:, 0]).squeeze(1)
        edges = self.edges(rows)
        marks = self.backbone.size.marks
        out = (sides == 0) | (ids >= marks.size)
        out = torch.cat((torch.zeros_like(out[:, :1]), out[:, 1:]), 1)
        edges = edges.masked_fill(out[:, :, None], NOWHERE)
        return worth, edges[:, :, 0], edges[:, :, 1]


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=SPREAD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
