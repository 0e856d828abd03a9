"""Libraries that would tell their makers something, or ask them for it, told not to before they are
loaded. Nothing but what a user sets goes to the network."""

from __future__ import annotations

import os
from types import MappingProxyType

SERVING = MappingProxyType(
    {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_RUN_HISTORY": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
)
"""Variables that the page's framework and the models' one read when they are imported."""


def without_telemetry() -> None:
    """Before ONNX Runtime is imported: from 1.31 on it sends how it is used to its maker, and keeps
    a number of this machine in `~/.cache/Microsoft`, unless this variable is set."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
