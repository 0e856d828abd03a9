"""A collection and its index, one state apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.durability.stage import build, put_state


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    put_state(tmp_path / "docs", 10)
    return tmp_path / "docs"


@pytest.fixture
def index(docs: Path, tmp_path: Path) -> Path:
    """Built in state 10; the files are then in state 11."""
    build(docs, tmp_path / "index")
    put_state(docs, 11)
    return tmp_path / "index"
