"""The error of evaluation; like every error on purpose it is a `RagError`."""

from __future__ import annotations

from rag.errors import RagError


class EvaluationError(RagError):
    """A question file, a run folder or a benchmark is not what it should be."""
