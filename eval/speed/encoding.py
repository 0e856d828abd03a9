"""How fast the built-in encoder turns passages into vectors, tokenising included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from eval.speed.sets import originals
from rag.index.protocol import Encoder

PASSAGES, CHARACTERS = 20_000, 250
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """Passages encoded in a second of the clock and of CPU, in the fastest of the rounds."""

    by_clock: float
    by_cpu: float


def measure_encoding(data: Path, encoder: Encoder, count: int = PASSAGES) -> Encoding:
    """Encodes the first `count` passages of the news, `CHARACTERS` long each.

    Raises:
        FileNotFoundError: the news are not in `data`.
    """
    passages = list(islice(_passages(data), count))
    clock, cpu = [], []
    for _ in range(ROUNDS):
        start, used = time.perf_counter(), time.process_time()
        encoder.encode_documents(passages)
        clock.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return Encoding(len(passages) / min(clock), len(passages) / min(cpu))


def _passages(data: Path) -> Iterator[str]:
    for one in originals(data, ["news"]):
        for start in range(0, len(one.text) - CHARACTERS + 1, CHARACTERS):
            yield one.text[start : start + CHARACTERS]
