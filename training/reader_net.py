"""The reader's network: a question and a passage, token by token, into start and end scores.

In the manner of DrQA (Chen et al. 2017) and BiDAF (Seo et al. 2016): token vectors, an aligned
question vector and hand-made features, a layer that reads question and passage alike, attention of
the passage to the question, a layer that reads the result. A score for "no answer here" stands
beside the scores of the places (Clark and Gardner 2017).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 96  # of each direction
CHARACTER = 24
DROPPED = -1e4


# Words, first characters, last characters (texts, tokens), features (texts, tokens, features),
# lengths (texts).
Text = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class Both(nn.Module):
    """An LSTM in both directions over texts of different lengths, padded at the end."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.forth = nn.LSTM(inputs, width, batch_first=True)
        self.back = nn.LSTM(inputs, width, batch_first=True)

    def forward(self, x: Tensor, turned: Tensor) -> Tensor:
        """`turned` (texts, tokens): the place of each token when its text is read backwards."""
        forth, _ = self.forth(x)
        back, _ = self.back(_turn(x, turned))
        return torch.cat((forth, _turn(back, turned)), -1)


class Drop(nn.Module):
    """Dropout of the same columns at every place of a text (Gal and Ghahramani 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * functional.dropout(torch.ones_like(x[:, :1]), self.share)


class Net(nn.Module):
    """Scores of each token as start and as end of the answer, the last column "no answer"."""

    def __init__(self, table: Tensor, characters: int, features: int, dropout: float) -> None:
        super().__init__()
        self.table = nn.Parameter(table.half().float(), requires_grad=False)
        self.characters = nn.Embedding(characters, CHARACTER, padding_idx=0)
        vectors = table.shape[1]
        self.align = nn.Linear(vectors, 64)
        given = 2 * vectors + 2 * CHARACTER + features
        self.enter = nn.Linear(given, 2 * WIDTH)
        self.read = Both(2 * WIDTH, WIDTH)
        self.similar = nn.Parameter(torch.randn(3, 2 * WIDTH) * 0.05)
        self.join = nn.Linear(8 * WIDTH, 2 * WIDTH)
        self.reread = Both(2 * WIDTH, WIDTH)
        self.pool = nn.Linear(2 * WIDTH, 1)
        self.ask = nn.Linear(2 * WIDTH, 4 * WIDTH)
        self.ends = nn.Linear(2 * WIDTH, 2)
        self.none = nn.Sequential(nn.Linear(6 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
        self.drop = Drop(dropout)

    def forward(self, question: Text, passage: Text) -> tuple[Tensor, Tensor]:
        """Start and end scores, (texts, tokens + 1) each."""
        asked_vectors, passage_vectors = self.table[question[0]], self.table[passage[0]]
        asked_mask = _mask(question[0], question[4])
        mask = _mask(passage[0], passage[4])
        near = functional.relu(self.align(passage_vectors)) @ functional.relu(
            self.align(asked_vectors)
        ).transpose(1, 2)
        aligned = _attend(near, asked_mask) @ asked_vectors
        asked_turned, turned = _turned(asked_mask, question[4]), _turned(mask, passage[4])
        q = self._read(asked_vectors, asked_vectors, question, asked_turned)
        p = self._read(passage_vectors, aligned, passage, turned)
        likeness = (
            (p @ self.similar[0]).unsqueeze(2)
            + (q @ self.similar[1]).unsqueeze(1)
            + (p * self.similar[2]) @ q.transpose(1, 2)
        )
        seen = _attend(likeness, asked_mask) @ q
        m = functional.relu(self.join(torch.cat((p, seen, p * seen, p - seen), -1)))
        m = p + self.reread(self.drop(m), turned)
        m = self.drop(m)
        weight = _attend(self.pool(q).transpose(1, 2), asked_mask)
        summary = (weight @ q).squeeze(1)
        wanted = self.ask(summary).view(-1, 2, 2 * WIDTH)
        scores = m @ wanted.transpose(1, 2) + self.ends(m)
        scores = scores.masked_fill(~mask.unsqueeze(2), DROPPED)
        best = m.masked_fill(~mask.unsqueeze(2), DROPPED).amax(1)
        start_mass = torch.softmax(scores[:, :, 0], 1).unsqueeze(1)
        none = self.none(torch.cat((summary, best, (start_mass @ m).squeeze(1)), 1))
        both = torch.cat((scores, none.unsqueeze(2).expand(-1, 1, 2)), 1)
        return both[:, :, 0], both[:, :, 1]

    def _read(
        self,
        vectors: Tensor,
        aligned: Tensor,
        text: Text,
        turned: Tensor,
    ) -> Tensor:
        parts = (vectors, aligned, self.characters(text[1]), self.characters(text[2]), text[3])
        entered = functional.relu(self.enter(self.drop(torch.cat(parts, -1))))
        read: Tensor = self.drop(self.read(self.drop(entered), turned) + entered)
        return read


def _mask(ids: Tensor, lengths: Tensor) -> Tensor:
    places = torch.arange(ids.shape[1], device=ids.device)
    return places.unsqueeze(0) < lengths.unsqueeze(1)


def _turned(mask: Tensor, lengths: Tensor) -> Tensor:
    places = torch.arange(mask.shape[1], device=mask.device).unsqueeze(0)
    return torch.where(mask, lengths.unsqueeze(1) - 1 - places, places)


def _turn(x: Tensor, turned: Tensor) -> Tensor:
    return x.gather(1, turned.unsqueeze(2).expand(-1, -1, x.shape[2]))


def _attend(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask.unsqueeze(1), DROPPED), -1)


def to_device(text: Text, device: torch.device) -> Text:
    """The same tensors where the network is."""
    words, first, last, features, lengths = (part.to(device) for part in text)
    return words, first, last, features, lengths
