"""What shaped an index, as text and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from rag.errors import StoreCorrupt
from rag.index.local.content import context_of, embedding_text
from rag.index.local.opening import Fingerprint, fingerprint
from rag.settings import Chunking
from rag.types import Chunk, Span

PRINT = fingerprint(Chunking(), "model-1", 8)


def test_round_trips() -> None:
    assert Fingerprint.from_json(PRINT.to_json()) == PRINT
    assert (PRINT.encoder, PRINT.dimension, PRINT.tokens) == ("model-1", 8, "wenju")


@pytest.mark.parametrize("field", [*asdict(PRINT)])
def test_every_fact_is_noticed(field: str) -> None:
    value = getattr(PRINT, field)
    other = replace(PRINT, **{field: value + ("x" if isinstance(value, str) else 1)})
    assert other != PRINT
    assert (other.made_with == PRINT.made_with) == (field in ("folding", "segmenter"))
    assert (other.terms == PRINT.terms) == (field not in ("folding", "segmenter"))


@pytest.mark.parametrize(
    "change",
    [{"dimension": 0}, {"dimension": 1 << 30}, {"dimension": "8"}, {"reader": True}, {"more": 1}],
)
def test_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(StoreCorrupt, match="fingerprint"):
        Fingerprint.from_json(json.dumps(asdict(PRINT) | change))
    with pytest.raises(StoreCorrupt, match="fingerprint"):
        Fingerprint.from_json("[1]")


def test_what_stands_above_a_chunk_comes_once_each() -> None:
    chunk = Chunk("i", "d", 0, Span(0, 2), "正文", ("单位：吨",), ("大桥", "造价"), None, None)
    assert context_of("大桥", chunk) == "大桥\n造价\n单位：吨"
    assert embedding_text("大桥", chunk) == "大桥\n造价\n单位：吨\n正文"
