"""Measures of saying no: does confidence tell the answerable questions from the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10


def auroc(positive: Floats, negative: Floats) -> float:
    """(1/mn) * sum over pairs of [p > n] + [p = n]/2: the probability that a positive's score
    is above a negative's, ties counting half. NaN when one of the two is empty.

    Source: Hanley, McNeil, The meaning and use of the area under a ROC curve (1982).

    >>> auroc(np.array([0.9, 0.4]), np.array([0.4, 0.1]))
    0.875
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    not_above = np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / (2 * len(negative)))


def refused_at(positive: Floats, negative: Floats, share: float = 0.07) -> float:
    """|{n: n < t}| / |N|: the share of negatives N below the threshold t that refuses at most
    `share` of the positives: t is the positive at place floor(share * |P|), ascending from 0.
    NaN when one of the two is empty.

    >>> refused_at(np.array([0.2, 0.6, 0.8, 0.9]), np.array([0.1, 0.5, 0.7]), share=0.25)
    0.6666666666666666
    """
    if not len(positive) or not len(negative):
        return float("nan")
    threshold = np.sort(positive)[min(int(share * len(positive)), len(positive) - 1)]
    return float((negative < threshold).mean())


def reliability(
    confidence: Floats, outcome: Floats, bins: int = BINS
) -> list[tuple[int, float, float]]:
    """(count, mean confidence, mean outcome) of each equal-width bin of [0, 1] that is not
    empty, lowest first; 1.0 falls into the last bin."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    return [
        (int(inside.sum()), float(confidence[inside].mean()), float(outcome[inside].mean()))
        for inside in (place == i for i in range(bins))
        if inside.any()
    ]


def calibration_error(confidence: Floats, outcome: Floats, bins: int = BINS) -> float:
    """Expected calibration error: sum over bins B of |B|/n * |mean outcome - mean confidence|,
    outcomes being 0 or 1. NaN for no question.

    Source: Guo et al., On calibration of modern neural networks (2017), eq. 3.

    >>> round(calibration_error(np.array([0.9, 0.7]), np.array([1.0, 0.0])), 4)
    0.4
    """
    return float(calibration_errors(confidence[None, :], outcome[None, :], bins)[0])


def calibration_errors(confidence: Floats, outcome: Floats, bins: int = BINS) -> Floats:
    """`calibration_error` of each row of two arrays (rows, questions); NaN entries are left
    out."""
    rated = ~np.isnan(confidence) & ~np.isnan(outcome)
    known = np.where(rated, confidence, 0.0)
    gap = np.where(rated, outcome, 0.0) - known
    place = np.where(rated, np.minimum((known * bins).astype(np.int64), bins - 1), bins)
    total = sum(np.abs(np.where(place == i, gap, 0.0).sum(axis=1)) for i in range(bins))
    count = rated.sum(axis=1)
    errors: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return errors
