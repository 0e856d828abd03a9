"""The reader's network as ONNX, its weights in half precision."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from rag.models.reader import FEATURES
from training.reader_net import Net, Text

OPSET = 17
PARTS = ("words", "first", "last", "features", "lengths")
INPUTS = [f"{side}_{part}" for side in ("question", "passage") for part in PARTS]
OUTPUTS = ["start", "end"]
SMALLEST = 64  # tensors of fewer numbers stay as they are


def export(net: Net, path: Path) -> None:
    """Writes the network; inputs as `INPUTS`, any number of texts of any length."""
    axes = {
        name: {0: "texts"} if name.endswith("lengths") else {0: "texts", 1: name.split("_")[0]}
        for name in INPUTS
    } | {name: {0: "texts"} for name in OUTPUTS}
    with warnings.catch_warnings():
        # The exporter built on torch.export unrolls what the older one keeps as an LSTM.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net.float().eval(),
            (_example(5), _example(9)),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes=axes,
        )
    model = onnx.load(path)
    halve(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def halve(model: onnx.ModelProto) -> None:
    """Keeps large weights as float16, each with a cast before its use."""
    casts = []
    for weights in model.graph.initializer:
        if weights.data_type != TensorProto.FLOAT or np.prod(weights.dims) < SMALLEST:
            continue
        name = weights.name
        half = numpy_helper.to_array(weights).astype(np.float16)
        weights.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)


def _example(tokens: int) -> Text:
    ids = torch.zeros(1, tokens, dtype=torch.int64)
    return ids, ids, ids, torch.zeros(1, tokens, FEATURES), torch.tensor([tokens])
