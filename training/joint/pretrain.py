"""The backbone learns to guess masked tokens of the open text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rag.models.joint_input import LONGEST, Marks
from training.joint.net import Backbone, Guesser, Size
from training.joint.schedule import Budget, device, run

MASKED = 0.2  # of the tokens; of these .8 masked, .1 another token, .1 left as they are
RATE = 1e-3
SEED = 13


def draw(
    text: npt.NDArray[np.uint16], rows: int, marks: Marks, random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Ids `(rows, LONGEST)` of stretches of the text, some tokens masked; the places of these
    `(rows, m)` and the tokens that stood there `(rows, m)`.

    Source: Devlin et al., BERT (2019), 3.1; a fifth masked as in Wettig et al., Should You Mask
    15% in Masked Language Modeling? (2023), who find more than .15 better for small models.
    """
    starts = random.integers(0, len(text) - LONGEST + 1, rows)
    ids = text[starts[:, None] + np.arange(LONGEST)].astype(np.int64)
    noise = random.random(ids.shape)
    noise[ids >= marks.size] = 2.0
    places = np.argpartition(noise, int(MASKED * LONGEST), 1)[:, : int(MASKED * LONGEST)]
    right = np.take_along_axis(ids, places, 1)
    chance = random.random(places.shape)
    given = np.where(chance < 0.8, marks.mask, right)
    given = np.where(chance > 0.9, random.integers(0, marks.size, places.shape), given)
    np.put_along_axis(ids, places, given, 1)
    return torch.from_numpy(ids), torch.from_numpy(places), torch.from_numpy(right)


def pretrain(
    text: npt.NDArray[np.uint16], size: Size, budget: Budget, rows: int, folder: Path
) -> bool:
    """Trains for this process's share of the budget, in batches of `rows`, and writes
    `backbone.safetensors` in half precision to `folder` each time; whether the budget is spent.

    Raises:
        ValueError: the text is shorter than one row.
    """
    if len(text) < LONGEST:
        raise ValueError(f"{len(text)} tokens of text, one row takes {LONGEST}; pack more")
    torch.manual_seed(SEED)
    at = device()
    guesser = Guesser(Backbone(size, dropout=0.0)).to(at)
    guess = torch.compile(guesser) if at.type == "cuda" else guesser
    state = folder / "pretrain.pt"
    # Another process continues with other stretches of the text.
    random = np.random.default_rng([SEED, state.stat().st_mtime_ns if state.exists() else 0])

    def step() -> Tensor:
        batch = [part.to(at, non_blocking=True) for part in draw(text, rows, size.marks, random)]
        with torch.autocast(at.type, torch.bfloat16):
            loss: Tensor = guess(*batch)
        return loss

    done = run(guesser, step, budget, state)
    save_backbone(guesser.backbone, folder / "backbone.safetensors")
    return done


def save_backbone(backbone: Backbone, path: Path) -> None:
    """Writes the weights in half precision."""
    save_file({k: v.half().cpu().contiguous() for k, v in backbone.state_dict().items()}, path)


def load_backbone(size: Size, path: Path, dropout: float) -> Backbone:
    """A backbone with the weights of `path`."""
    backbone = Backbone(size, dropout)
    backbone.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return backbone
