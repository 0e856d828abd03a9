"""The backbone learns to rank passages and to mark answers, both at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from rag.models.joint_input import Ints, Marks, Rows, join
from training.joint.material import Material
from training.joint.net import Joint
from training.joint.schedule import Budget, device, run
from training.pieces import grow

RATE = 2e-4
SHORTEST, LONGEST = 60, 190  # tokens of a piece, as in chunks of 220 to 350 characters
OWN = 0.5  # how often a passage that does not answer is the right one without its answer
EDGES, NOTHING = 1.0, 0.5  # weight of the answer's place, and of "no answer" in the other pieces
SEED = 17


@dataclass(frozen=True, slots=True)
class Group:
    """A question with pieces of passages: the first answers it, at `first` to `last` of the
    piece where that is known (else -1); the others do not answer it."""

    question: Ints
    pieces: list[Ints]
    first: int
    last: int


def group(material: Material, i: int, others: int, random: np.random.Generator) -> Group:
    """Pieces for question `i`: one that answers and `others` that do not."""
    question, row = material.question(i), int(material.own[i])
    first, last = int(material.first[i]), int(material.last[i])
    ids, sentence = material.passage(row)
    longest = int(random.integers(SHORTEST, LONGEST))
    if first >= 0:
        places = grow(sentence, int(sentence[first]), int(sentence[last]), longest, random)
        first, last = first - int(places[0]), last - int(places[0])
    else:
        places = _anywhere(sentence, longest, random)
    pieces = [ids[places]]
    if first >= 0 and random.random() < OWN:
        rest = _without(sentence, int(material.first[i]), int(material.last[i]))
        begin = int(random.integers(max(len(rest) - longest, 0) + 1))
        if len(rest) >= SHORTEST // 4:
            pieces.append(ids[rest[begin : begin + longest]])
    for other in random.choice(material.others[i], others - len(pieces) + 1, replace=False):
        ids, sentence = material.passage(int(other))
        pieces.append(ids[_anywhere(sentence, int(random.integers(SHORTEST, LONGEST)), random)])
    return Group(question, pieces, first, last)


def _anywhere(sentence: Ints, longest: int, random: np.random.Generator) -> Ints:
    if not len(sentence):
        return sentence
    middle = int(random.integers(int(sentence[-1]) + 1))
    return grow(sentence, middle, middle, longest, random)[:LONGEST]


def _without(sentence: Ints, first: int, last: int) -> Ints:
    """The places of the sentences that do not hold the answer."""
    out = (sentence >= sentence[first]) & (sentence <= sentence[last])
    return np.flatnonzero(~out)


def batch(groups: list[Group], marks: Marks) -> tuple[Rows, Ints, Ints]:
    """The rows of all groups, one group after the other, and for each row the places of the
    answer's edges in it: 0 for "no answer", -1 where it is not known."""
    rows = join(
        [item.question for item in groups for _ in item.pieces],
        [piece for item in groups for piece in item.pieces],
        marks,
    )
    edges = np.zeros((2, len(rows.ids)), np.int64)
    at = 0
    for item in groups:
        for side, place in enumerate((item.first, item.last)):
            known = 0 <= place < rows.kept[at]
            edges[side, at] = rows.firsts[at] + place if known else -1
        at += len(item.pieces)
    return rows, edges[0], edges[1]


def loss_of(net: Joint, groups: list[Group], at: torch.device) -> Tensor:
    """Cross-entropy of the first piece among its group's, plus that of the answer's edges.

    All groups hold equally many pieces.
    """
    rows, first, last = batch(groups, net.backbone.size.marks)
    worth, start, end = net(torch.from_numpy(rows.ids).to(at), torch.from_numpy(rows.sides).to(at))
    ranked = worth.float().view(len(groups), -1)
    loss = functional.cross_entropy(ranked, torch.zeros(len(groups), dtype=torch.long, device=at))
    for scores, places in ((start, first), (end, last)):
        known = torch.from_numpy(np.flatnonzero(places >= 0)).to(at)
        right = torch.from_numpy(places[places >= 0]).to(at)
        weight = torch.where(right > 0, EDGES, NOTHING)
        each = functional.cross_entropy(scores.float()[known], right, reduction="none")
        loss = loss + (each * weight).sum() / weight.sum().clamp(min=1e-6) / 2
    return loss


def tune(
    material: Material, net: Joint, budget: Budget, groups: int, others: int, folder: Path
) -> bool:
    """Trains for this process's share of the budget, `groups` questions a step with `others`
    pieces each that do not answer; writes `joint.safetensors` in half precision to `folder`
    each time; whether the budget is spent."""
    torch.manual_seed(SEED)
    at = device()
    net = net.to(at)
    state = folder / "tune.pt"
    random = np.random.default_rng([SEED, state.stat().st_mtime_ns if state.exists() else 0])
    learned = np.flatnonzero(~material.tried)

    def step() -> Tensor:
        chosen = random.choice(learned, groups)
        with torch.autocast(at.type, torch.bfloat16):
            drawn = [group(material, int(i), others, random) for i in chosen]
            return loss_of(net, drawn, at)

    done = run(net, step, budget, state)
    weights = {k: v.half().cpu().contiguous() for k, v in net.state_dict().items()}
    save_file(weights, folder / "joint.safetensors")
    return done


@torch.no_grad()
def tried(material: Material, net: Joint, most: int = 1000) -> dict[str, float]:
    """Measures on questions that are not trained on, by tokens: `exact` share of answers marked
    to the token in their own passage, `first` share of own passages that score above all others."""
    at = device()
    net = net.to(at).eval()
    random = np.random.default_rng(SEED)
    asked = [int(i) for i in np.flatnonzero(material.tried & (material.first >= 0))[:most]]
    exact = best = 0
    for i in asked:
        item = group(material, i, material.others.shape[1], random)
        rows, first, last = batch([item], net.backbone.size.marks)
        worth, start, end = net(
            torch.from_numpy(rows.ids).to(at), torch.from_numpy(rows.sides).to(at)
        )
        best += int(worth.argmax()) == 0
        exact += int(start[0, 1:].argmax()) + 1 == first[0] and (
            int(end[0, 1:].argmax()) + 1 == last[0]
        )
    count = max(len(asked), 1)
    return {"questions": len(asked), "exact": exact / count, "first": best / count}
