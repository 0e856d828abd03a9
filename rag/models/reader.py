"""The reader: marks the words of a passage that answer a question, and says how likely it is that
there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag import builtin
from rag.errors import ModelError, ModelUnavailable
from rag.models.network import Network
from rag.models.reader_input import FEATURES, STATIC, Vocabulary, Words, match, read_words
from rag.models.reading import Floats, PassageReader, Reading, shares

BUILTIN = "wenju"
LONGEST_TEXT = 600  # words read of a passage
LARGEST = 64 << 20  # bytes of a file of a reader
_FILES = ("model.onnx", "vocabulary.json")
_TEXTS_KEPT = 2048
_PARTS = ("words", "first", "last", "features", "lengths")


class Reader:
    """The built-in reader. Safe to use from several threads."""

    def __init__(self, model: bytes, vocabulary: bytes) -> None:
        """Takes the contents of `model.onnx` and `vocabulary.json`.

        Raises:
            ModelError: they are malformed, or do not belong together.
        """
        try:
            self._vocabulary = Vocabulary.parse(vocabulary)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"malformed vocabulary of the reader ({error}); {builtin.ADVICE}"
            ) from None
        self._network = Network(model, "reader")
        self._words = lru_cache(_TEXTS_KEPT)(self._read_words)

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """Reads the passages for a question, one result each, in their order."""
        asked = self._words(question)
        texts = [self._words(passage) for passage in passages]
        rows = [i for i, text in enumerate(texts) if len(text)]
        if not rows or not len(asked):
            return [_nothing(text) for text in texts]
        rows.sort(key=lambda i: len(texts[i]))
        found: dict[int, Reading] = {}
        # The shorter half is not padded to the length of the longer one: a seventh of the time.
        for half in filter(None, (rows[: len(rows) // 2], rows[len(rows) // 2 :])):
            found |= zip(half, self._read_together(asked, [texts[i] for i in half]), strict=True)
        return [found.get(i, _nothing(text)) for i, text in enumerate(texts)]

    def _read_together(self, asked: Words, texts: Sequence[Words]) -> list[Reading]:
        inputs = _inputs("question", [asked] * len(texts), [_plain(asked)] * len(texts))
        inputs |= _inputs("passage", texts, [match(asked, text) for text in texts])
        start, end = self._network.run(inputs)
        return list(map(_reading, texts, start, end))

    def _read_words(self, text: str) -> Words:
        return read_words(text, self._vocabulary).first_of(LONGEST_TEXT)


@cache
def load_reader(name: str = BUILTIN) -> PassageReader:
    """The reader of that name, loaded once: `wenju`, or a folder with the files of another one.

    Raises:
        ModelUnavailable: the files are not in that folder, or larger than what is loaded.
        ModelError: they are malformed, or the built-in ones are damaged.
    """
    if name == BUILTIN:
        return Reader(*(builtin.read(f"reader/{file}") for file in _FILES))
    return Reader(*(_content(Path(name) / file) for file in _FILES))


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ModelUnavailable(f"{path} has {size} bytes, the limit is {LARGEST}")
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            f"no reader in {path.parent} ({error}); name a folder that `python -m training reader` "
            f"wrote, or {BUILTIN!r}, with the setting answering.reader_model"
        ) from None


def _plain(words: Words) -> Floats:
    features = np.zeros((len(words), FEATURES), np.float32)
    features[:, :STATIC] = words.static
    return features


def _inputs(
    side: str, texts: Sequence[Words], features: Sequence[Floats]
) -> dict[str, npt.NDArray[Any]]:
    """The texts side by side, zeros behind the shorter ones."""
    lengths = [len(text) for text in texts]
    ids = np.zeros((3, len(texts), max(lengths)), np.int64)
    values = np.zeros((len(texts), max(lengths), FEATURES), np.float32)
    for i, text in enumerate(texts):
        ids[0, i, : len(text)] = text.words
        ids[1, i, : len(text)] = text.first
        ids[2, i, : len(text)] = text.last
        values[i, : len(text)] = features[i]
    given = (ids[0], ids[1], ids[2], values, np.array(lengths, np.int64))
    return {f"{side}_{part}": value for part, value in zip(_PARTS, given, strict=True)}


def _nothing(text: Words) -> Reading:
    nothing = np.zeros(len(text), np.float32)
    return Reading(text.starts, text.ends, nothing, nothing)


def _reading(text: Words, start: Floats, end: Floats) -> Reading:
    length = len(text)
    return Reading(text.starts, text.ends, shares(start)[:length], shares(end)[:length])
