"""Vectors of any encoder: their type, and their length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

LARGEST_LOGIT = 15.0  # beyond it two scores are the same in float32


def normalised(vectors: Float32) -> Float32:
    """The rows at length 1; rows that are zero or not finite become zero.

    >>> normalised(np.array([[3, 4], [0, 0], [np.nan, 1]], np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    sound = np.isfinite(lengths) & (lengths > 0)
    scaled: Float32 = np.where(sound, vectors / np.where(sound, lengths, 1), 0)
    return scaled.astype(np.float32, copy=False)


def logistic(logits: Float32) -> Float32:
    """Logits into [0, 1], in their order; NaN counts as the least.

    >>> logistic(np.array([0.0, 99.0, np.nan], np.float32)).round(3).tolist()
    [0.5, 1.0, 0.0]
    """
    known = np.nan_to_num(logits, nan=-LARGEST_LOGIT)
    shares = 1 / (1 + np.exp(-np.clip(known, -LARGEST_LOGIT, LARGEST_LOGIT)))
    return shares.astype(np.float32)
