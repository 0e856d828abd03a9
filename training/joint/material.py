"""What a pack of token ids holds. Numpy alone: it is read where the network is trained.

`text.xz`: documents one after the other, each closed by the end mark, 16 bits a token.
`asked.npz`: questions, passages and what belongs together; see `Material`.
`pack.json`: the tokenizer's SHA-256, the size of its vocabulary, and counts.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.models.joint_input import Ints

TEXT, ASKED, CARD = "text.xz", "asked.npz", "pack.json"


@dataclass(frozen=True, slots=True)
class Material:
    """Questions and passages as token ids, all ragged arrays flat with their starts.

    For question `i`: `own[i]` is the row of its passage, `others[i]` rows of passages that do not
    answer it, best first by BM25; `first[i]` and `last[i]` are the places of the answer in its
    passage, -1 where none is known (a heading and its section), `tried[i]` is true for questions
    that are only measured with. `sentence` numbers the sentences of each passage for each token.
    """

    question_ids: npt.NDArray[np.uint16]
    question_starts: Ints
    passage_ids: npt.NDArray[np.uint16]
    passage_starts: Ints
    sentence: npt.NDArray[np.uint16]
    own: Ints
    others: Ints
    first: Ints
    last: Ints
    tried: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.own)

    def question(self, i: int) -> Ints:
        """The tokens of question `i`."""
        return self.question_ids[slice(*self.question_starts[i : i + 2])].astype(np.int64)

    def passage(self, row: int) -> tuple[Ints, Ints]:
        """The tokens of a passage and their sentences."""
        inside = slice(*self.passage_starts[row : row + 2])
        return self.passage_ids[inside].astype(np.int64), self.sentence[inside].astype(np.int64)


def write_asked(folder: Path, material: Material) -> None:
    """Writes the questions of a pack."""
    values = {field.name: getattr(material, field.name) for field in fields(Material)}
    np.savez_compressed(folder / ASKED, allow_pickle=False, **values)


def read_text(folder: Path) -> npt.NDArray[np.uint16]:
    """The documents of a pack, one after the other."""
    return np.frombuffer(lzma.decompress((folder / TEXT).read_bytes()), np.uint16)


def read_asked(folder: Path) -> Material:
    """The questions of a pack."""
    with np.load(folder / ASKED, allow_pickle=False) as values:
        return Material(**{field.name: values[field.name] for field in fields(Material)})


def read_card(folder: Path) -> dict[str, int | str]:
    """What a pack says of itself: tokenizer, tokens, text, questions."""
    card: dict[str, int | str] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return card
