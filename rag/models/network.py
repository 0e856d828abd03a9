"""Built-in networks: ONNX on one thread of the CPU. Third party: onnxruntime, loaded with the
first network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from rag import builtin
from rag.errors import ModelError
from rag.offline import without_telemetry


class Network:
    """A network that gives arrays for arrays. Safe to use from several threads."""

    def __init__(self, content: bytes, name: str) -> None:
        """Takes the content of an ONNX file; `name` is what an error calls it.

        Raises:
            ModelError: it is malformed.
        """
        without_telemetry()
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its exceptions share no base but Exception
            if "bad_alloc" in str(error):
                raise MemoryError from None
            raise ModelError(
                f"malformed network of the {name} ({error}); {builtin.ADVICE}"
            ) from None

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """The outputs for named inputs, in the network's order."""
        outputs: list[npt.NDArray[Any]] = self._session.run(None, dict(inputs))
        return outputs
