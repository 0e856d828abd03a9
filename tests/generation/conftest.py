"""The small index of the answers without a chat model serves here, too."""

from __future__ import annotations

from tests.answering.conftest import small

__all__ = ["small"]
