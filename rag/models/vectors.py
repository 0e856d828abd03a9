"""Vectors of any encoder: their type, and their length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def normalised(vectors: Float32) -> Float32:
    """The rows at length 1; rows that are zero or not finite become zero.

    >>> normalised(np.array([[3, 4], [0, 0], [np.nan, 1]], np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    sound = np.isfinite(lengths) & (lengths > 0)
    scaled: Float32 = np.where(sound, vectors / np.where(sound, lengths, 1), 0)
    return scaled.astype(np.float32, copy=False)
