"""The network as ONNX for `rag.models.joint`, its products in eight bits."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from rag.models.joint import CARD, MODEL
from training.joint.net import Joint
from training.reader_export import halve

OPSET = 17


def export(net: Joint, tokenizer: str, folder: Path) -> None:
    """Writes `model.onnx` and `joint.json`: any number of rows of any length.

    Weights of matrix products are kept and multiplied in eight bits (dynamic quantisation), the
    tables in half precision. `tokenizer`: the SHA-256 of the tokenizer that it was trained with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = torch.zeros(2, 7, dtype=torch.int64)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the older exporter keeps the graph small
            torch.onnx.export(
                net.float().cpu().eval(),
                (given, given),
                whole,
                dynamo=False,
                opset_version=OPSET,
                input_names=["ids", "sides"],
                output_names=["worth", "start", "end"],
                dynamic_axes={
                    "ids": {0: "rows", 1: "tokens"},
                    "sides": {0: "rows", 1: "tokens"},
                    "worth": {0: "rows"},
                    "start": {0: "rows", 1: "tokens"},
                    "end": {0: "rows", 1: "tokens"},
                },
            )
        quantize_dynamic(
            whole, folder / MODEL, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8
        )
    model = onnx.load(folder / MODEL)
    halve(model)
    onnx.checker.check_model(model)
    (folder / MODEL).write_bytes(model.SerializeToString())
    (folder / CARD).write_text(json.dumps({"tokenizer": tokenizer}) + "\n", encoding="utf-8")
