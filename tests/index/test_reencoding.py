"""Another encoder: its vectors are made beside the present ones, which answer meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import StoreMismatch
from rag.index.local.index import Index
from rag.index.local.maintenance import reencode
from rag.index.local.opening import LazyEncoder
from rag.settings import Settings
from tests.fakes import CharacterEncoder

NEW = ("characters-2", 48)


class Ended(Exception):
    """Ends a run between two batches."""


def lazy(encoder: CharacterEncoder) -> LazyEncoder:
    return LazyEncoder(Settings().encoder, encoder)


def nothing() -> None:
    """No pause."""


def build(docs: Path, settings: Settings) -> Index:
    for number in range(20):
        lines = [f"第{number}号记录第{line}条，潮水每天涨落两次。\n\n" for line in range(80)]
        (docs / f"{number}.txt").write_text("".join(lines), "utf-8")
    return Index.build([docs], settings=settings, encoder=CharacterEncoder())


def test_the_present_vectors_answer_until_all_are_made(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    query = index.encoder.encode_queries(["大桥全长"])[0]
    before = index.rank_vectors(query, 5)
    encoder = CharacterEncoder(*NEW)
    pauses = 0

    def look() -> None:
        nonlocal pauses
        pauses += 1
        again = Index.open(settings=settings, encoder=CharacterEncoder())
        assert again.generation == 1
        assert again.rank_vectors(query, 5) == before
        assert again.verify() == []

    assert reencode(settings.index, lazy(encoder), look)
    assert pauses >= 1
    assert len(encoder.encoded) == index.count
    assert index.rank_vectors(query, 5) == before  # a handle keeps its generation
    again = Index.open(settings=settings, encoder=encoder)
    assert again.generation == 2
    assert (again.status().encoder, again.status().stale) == (encoder.name, False)
    fresh = Index.build([docs], settings.index.with_name("fresh"), settings, encoder=encoder)
    wanted = encoder.encode_queries(["大桥全长"])[0]
    assert again.rank_vectors(wanted, 20) == fresh.rank_vectors(wanted, 20)
    assert again.verify() == []
    assert again.update([docs]).read == 0
    assert not reencode(settings.index, lazy(encoder), look)
    with pytest.raises(StoreMismatch):
        _ = Index.open(settings=settings, encoder=CharacterEncoder()).encoder


def test_a_run_that_ended_is_gone_on_with(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)
    total = index.count
    first, second = CharacterEncoder(*NEW), CharacterEncoder(*NEW)

    def end() -> None:
        raise Ended

    with pytest.raises(Ended):
        reencode(settings.index, lazy(first), end)
    done = len(first.encoded)
    assert 0 < done < total
    assert index.update([docs]).read == 0  # the old encoder still writes
    (docs / "19.txt").write_text("另一份记录。\n", encoding="utf-8")
    assert index.update([docs]).read == 1
    index.remove("1.txt")
    assert reencode(settings.index, lazy(second), nothing)
    assert len(second.encoded) < index.count
    again = Index.open(settings=settings, encoder=second)
    assert again.count == index.count
    assert again.verify() == []
    vector = second.encode_queries(["另一份记录"])[0]
    assert again.row_document(again.rank_vectors(vector, 1)[0][0]).name == "19.txt"


def test_vectors_of_a_third_encoder_are_dropped(docs: Path, settings: Settings) -> None:
    index = build(docs, settings)

    def end() -> None:
        raise Ended

    with pytest.raises(Ended):
        reencode(settings.index, lazy(CharacterEncoder("third", 32)), end)
    encoder = CharacterEncoder(*NEW)
    assert reencode(settings.index, lazy(encoder), nothing)
    assert len(encoder.encoded) == index.count
    again = Index.open(settings=settings, encoder=encoder)
    assert again.verify() == []
    assert np.isfinite(again.rank_vectors(encoder.encode_queries(["潮水"])[0], 1)[0][1])
