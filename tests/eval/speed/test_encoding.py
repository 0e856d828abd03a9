"""The speed of encoding is that of passages of one length."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eval.speed.encoding import CHARACTERS, ROUNDS, measure_encoding
from rag.models.encoder import Float32


class Recorder:
    """An encoder that keeps what it is given."""

    name, dimension = "recorder", 1

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def encode_documents(self, texts: Sequence[str]) -> Float32:
        self.given.append(list(texts))
        return np.ones((len(texts), 1), np.float32)

    encode_queries = encode_documents


def test_passages_of_one_length_several_times(tmp_path: Path) -> None:
    texts = ["渡" * (2 * CHARACTERS + 10), "短", "轮" * CHARACTERS, "河" * CHARACTERS]
    with lzma.open(tmp_path / "news.jsonl.xz", "wt", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    recorder = Recorder()
    found = measure_encoding(tmp_path, recorder, 3)
    expected = ["渡" * CHARACTERS, "渡" * CHARACTERS, "轮" * CHARACTERS]
    assert recorder.given == [expected] * ROUNDS
    assert found.by_clock > 0 and found.by_cpu > 0
