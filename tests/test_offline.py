"""No library writes down or sends what is done here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READER = "from rag.models.reader import load_reader; load_reader('wenju')"
OCR = "from rag.documents.pdf.ocr import _engine, available; available() and _engine()"


@pytest.mark.parametrize("statement", [READER, OCR])
def test_a_network_leaves_nothing_in_the_home_of_its_user(tmp_path: Path, statement: str) -> None:
    code = f"{statement}; import os; print(os.environ.get('ORT_DISABLE_TELEMETRY'))"
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "1"
    assert list(tmp_path.rglob("*")) == []
