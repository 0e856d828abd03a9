"""Encoders: texts into vectors that lie near each other when the texts are about the same.

The built-in one is a table of token vectors, read with numpy and tokenizers (third party:
tokenizers, safetensors); every other is loaded by name or path in `rag.models.named`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from rag import builtin
from rag.errors import ModelError
from rag.models.vectors import Float32, normalised
from rag.settings import Encoder as EncoderSettings
from rag.text.fold import fold

BUILTIN = "wenju"
TABLE = "embedding.weight"
ENCODED_AT_ONCE = 1024
"""Texts tokenized in one call; smaller and larger calls were slower on two cores."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""What no tokenizer takes: half a character, as broken files hold it."""


class Encoder(Protocol):
    """Turns texts into vectors. `name` tells models apart: another table, another name."""

    @property
    def name(self) -> str:
        """Recorded in the index; holds a checksum of the weights."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages, (texts, dimension). Rows have length 1, or are all zero for a
        text in which the model knows nothing; never NaN."""

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions, as `encode_documents`."""


def load_encoder(settings: EncoderSettings) -> Encoder:
    """The encoder that the settings name: `wenju`, or a sentence-transformers name or path.

    Raises:
        ModelUnavailable: the named model is not on this machine, or cannot be loaded.
        ModelError: the built-in files are damaged.
    """
    if settings.name == BUILTIN:
        return BuiltinEncoder(
            builtin.read("encoder/model.safetensors"), builtin.read("encoder/tokenizer.json")
        )
    from rag.models.named import NamedEncoder

    return NamedEncoder(settings)


class BuiltinEncoder:
    """A text's vector is the mean of its tokens' vectors, at length 1. Questions and passages
    are treated alike.

    Texts are folded (`rag.text.fold.fold`) before they are tokenized: folding is no part of the
    tokenizer, so that index and encoder fold by the same code. The same files, opened with
    `SentenceTransformer(path)`, give the same vectors for folded text, up to their length.
    """

    def __init__(self, weights: bytes, tokenizer: bytes) -> None:
        """Takes the contents of `model.safetensors` and `tokenizer.json`.

        Raises:
            ModelError: they are malformed, or do not belong together.
        """
        self._table = _table(weights)
        self._tokenizer = _parse_tokenizer(tokenizer)
        size = self._tokenizer.get_vocab_size()
        if len(self._table) != size:
            raise ModelError(
                f"the encoder has {len(self._table)} vectors for {size} tokens; {builtin.ADVICE}"
            )
        digest = hashlib.sha256(weights + tokenizer).hexdigest()
        self.name = f"{BUILTIN}@{digest[:12]}"
        self.dimension = int(self._table.shape[1])

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        """Vectors of passages; see `Encoder`."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), ENCODED_AT_ONCE):
            batch = [_prepare(text) for text in texts[first : first + ENCODED_AT_ONCE]]
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encodings, first):
                self._table.take(encoding.ids, axis=0).sum(axis=0, out=vectors[row])
        return normalised(vectors)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """Vectors of questions; see `Encoder`."""
        return self.encode_documents(texts)


def _prepare(text: str) -> str:
    """Folded, and without lone surrogates, which the tokenizer refuses."""
    return fold(text if text.isascii() else _SURROGATE.sub(" ", text))


def _table(weights: bytes) -> Float32:
    try:
        table = load_tensors(weights)[TABLE]
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"malformed weights of the encoder ({error}); {builtin.ADVICE}") from None
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ModelError(f"the encoder's table is not a finite matrix; {builtin.ADVICE}")
    return table.astype(np.float32)


def _parse_tokenizer(content: bytes) -> Tokenizer:
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # noqa: BLE001 - tokenizers raises plain Exception
        raise ModelError(f"malformed tokenizer of the encoder: {error}; {builtin.ADVICE}") from None
    return tokenizer
