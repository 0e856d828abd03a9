"""Trains the ranks of the token encoding `wenju`: byte-level BPE over the open texts.

Ranks are counted, not learned by gradient: the same texts give the same file.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from rag.text.sentences import PATTERN

TOKENS = 32_000


def train_ranks(texts: Iterable[str], size: int = TOKENS) -> bytes:
    """The content of `tokens.gz`: one base64 token a line, in rank order."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    byte_of = _byte_of()
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    tokens = [bytes(byte_of[character] for character in token) for token, _ in vocabulary]
    lines = b"\n".join(base64.b64encode(token) for token in tokens)
    return gzip.compress(lines, mtime=0)


def _byte_of() -> dict[str, int]:
    """The byte for which each character of a byte-level vocabulary stands: printable bytes for
    themselves, the others in order from U+0100. Source: GPT-2's `bytes_to_unicode`."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    stand_ins = {chr(byte): byte for byte in printable}
    return stand_ins | {chr(0x100 + i): byte for i, byte in enumerate(others)}
