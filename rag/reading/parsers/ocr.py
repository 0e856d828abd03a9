"""Pictures of text into its lines with their place. Third party: RapidOCR (`rapidocr`, of the
extra `ocr`), whose wheel holds the models; they are named by their path, so that it never looks
for them on the network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import UnreadableDocument
from rag.offline import without_telemetry
from rag.reading.paged.values import Box, Raster

INSTALL = 'pip install "wenju[ocr]"'
"""What makes `available` true."""
LONGEST_SIDE = 2_000
"""A picture is read with its longer side at most so long, pixels: some 170 dots per inch of an
A4 page. Of the 8 scanned pages that this was tried on, the same characters were found as with
120 and 240 dots per inch; a page takes some 5 s of CPU at each."""
_MOST_THREADS = 4
_MODELS = {"Det": "*det*.onnx", "Cls": "*cls*.onnx", "Rec": "*rec*.onnx"}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line of text, its place in pixels, and how sure the recognition is, in [0, 1]."""

    text: str
    box: Box
    score: float


def available() -> bool:
    """Whether pictures can be read."""
    return find_spec("rapidocr") is not None


def recognise(raster: Raster) -> list[Recognised]:
    """The lines of a picture, in no particular order.

    Raises:
        UnreadableDocument: the extra is not installed, or not whole.
    """
    rows = np.frombuffer(raster.pixels, np.uint8).reshape(raster.height, raster.width, 3)
    found = _engine()(np.ascontiguousarray(rows[:, :, ::-1]))
    if found.txts is None or found.boxes is None:
        return []
    return [
        Recognised(text, _box(corners), float(score))
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def _box(corners: Any) -> Box:
    xs, ys = np.asarray(corners, float).T
    return Box(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))


@cache
def _engine() -> Any:
    if not available():
        raise UnreadableDocument(f"pictures of text are read by OCR, which needs: {INSTALL}")
    without_telemetry()
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    models = {part: sorted(folder.glob(pattern)) for part, pattern in _MODELS.items()}
    if not all(models.values()):
        raise UnreadableDocument(f"the OCR models are not in {folder}; install anew: {INSTALL}")
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": LONGEST_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            **{f"{part}.model_path": str(paths[0]) for part, paths in models.items()},
        }
    )
