"""The encoder's BPE vocabulary, trained on folded text.

Merges are learned inside words as the keyword index cuts them, so that tokens are words and parts
of words; they are applied to whole stretches of Chinese characters, so that using the encoder
needs no segmenter. Marks of punctuation say nothing about what a text is about and are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from rag.text.segment import words

VOCABULARY = 16_000
ALPHABET = 6_200
MAX_TOKEN_CHARACTERS = 12


def new_tokenizer() -> Tokenizer:
    """A BPE tokenizer without vocabulary: white space and punctuation are dropped; stretches
    of one script and of digits are units. Characters outside the vocabulary give no token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation(behavior="removed"),
            pre_tokenizers.UnicodeScripts(),
            pre_tokenizers.Digits(individual_digits=False),
        ]
    )
    return tokenizer


def train_vocabulary(
    texts: Iterable[str], size: int = VOCABULARY, alphabet: int = ALPHABET
) -> Tokenizer:
    """Trains the vocabulary: the `alphabet` most frequent characters, then merges up to `size`."""
    tokenizer = new_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        limit_alphabet=alphabet,
        max_token_length=MAX_TOKEN_CHARACTERS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_segmented(texts), trainer)
    return tokenizer


def _segmented(texts: Iterable[str]) -> Iterator[str]:
    """The words of texts, folded, with a space between."""
    for text in texts:
        yield " ".join(words(text))
