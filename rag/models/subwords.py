"""The built-in encoder's vocabulary of subwords. Third party: tokenizers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from rag import builtin
from rag.errors import ModelError
from rag.text.fold import fold_aligned

FILE = "encoder/tokenizer.json"
SURROGATE = re.compile(r"[\ud800-\udfff]")
"""What no tokenizer takes: half a character, as broken files hold it."""

Ints = npt.NDArray[np.int64]


def parse_tokenizer(content: bytes) -> Tokenizer:
    """The tokenizer in a `tokenizer.json`.

    Raises:
        ModelError: it is malformed.
    """
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # noqa: BLE001 - tokenizers raises plain Exception
        raise ModelError(f"malformed tokenizer of the encoder: {error}; {builtin.ADVICE}") from None
    return tokenizer


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as token ids; `starts` and `ends` are the code points at which they begin and end."""

    ids: Ints
    starts: Ints
    ends: Ints


class Subwords:
    """Texts as tokens with their places. `size`: tokens in the vocabulary; `digest`: the SHA-256
    by which a network says what it was made for."""

    def __init__(self, content: bytes) -> None:
        """Takes the content of `tokenizer.json`.

        Raises:
            ModelError: it is malformed.
        """
        self.tokenizer = parse_tokenizer(content)
        self.size = int(self.tokenizer.get_vocab_size())
        self.digest = hashlib.sha256(content).hexdigest()

    def read(self, text: str) -> Tokens:
        """The tokens of a text, folded; the places are of the text as it was given."""
        folded = fold_aligned(SURROGATE.sub(" ", text))
        encoding = self.tokenizer.encode(folded.text, add_special_tokens=False)
        edges = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        last = folded.offsets[np.maximum(edges[:, 1] - 1, 0)] + 1
        return Tokens(np.array(encoding.ids, np.int64), folded.offsets[edges[:, 0]], last)


@cache
def load_subwords() -> Subwords:
    """The built-in vocabulary, loaded once.

    Raises:
        ModelError: its file is damaged.
    """
    return Subwords(builtin.read(FILE))
