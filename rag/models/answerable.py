"""Whether passages hold an answer: a logistic model over a few signals, read from JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rag import builtin
from rag.errors import ModelError

FILE = "answerable.json"
LARGEST = 30.0  # a logit; beyond it a probability is 0 or 1 in single precision


@dataclass(frozen=True, slots=True)
class Signal:
    """How a signal enters: (value − mean) / scale · weight; one that is not there enters as its
    mean."""

    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """A constant and signals by name."""

    constant: float
    signals: Mapping[str, Signal]

    def probability(self, values: Mapping[str, float | None]) -> float:
        """1 / (1 + exp(−logit)), logit the constant and what each signal adds.

        >>> Logistic(1.0, {"a": Signal(2.0, 4.0, 2.0)}).probability({"a": 0.0})
        0.5
        """
        logit = self.constant
        for name, signal in self.signals.items():
            value = values[name]
            if value is not None:
                logit += (value - signal.mean) / signal.scale * signal.weight
        return 1 / (1 + math.exp(-min(max(logit, -LARGEST), LARGEST)))


@dataclass(frozen=True, slots=True)
class Answerable:
    """The model where a reader has read the passages, and the one where none has."""

    read: Logistic
    unread: Logistic

    @classmethod
    def parse(cls, content: bytes) -> Answerable:
        """Reads `{"read": …, "unread": …}`, each `{"constant": c, "signals": {name: [mean, scale,
        weight]}}`.

        Raises:
            ModelError: it is of another form.
        """
        try:
            value = json.loads(content)
            return cls(_logistic(value["read"]), _logistic(value["unread"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"malformed {FILE} ({error!r}); {builtin.ADVICE}") from None


def _logistic(value: Mapping[str, object]) -> Logistic:
    signals = value["signals"]
    if not isinstance(signals, dict):
        raise TypeError("signals are no object")
    found = {str(name): Signal(*map(float, numbers)) for name, numbers in signals.items()}
    if any(not signal.scale > 0 for signal in found.values()):
        raise ValueError("a scale that is not above 0")
    return Logistic(float(str(value["constant"])), found)


@cache
def load_answerable() -> Answerable:
    """The built-in model, loaded once.

    Raises:
        ModelError: its file is damaged.
    """
    return Answerable.parse(builtin.read(FILE))
