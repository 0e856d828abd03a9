"""What stands around a passage: whole paragraphs where they are short, and no more than wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.serving.requests import neighbours_json, widened
from rag.types import Block, BlockKind, Document, Span


def document(*paragraphs: str) -> Document:
    blocks, start = [], 0
    for paragraph in paragraphs:
        blocks.append(Block(Span(start, start + len(paragraph)), BlockKind.PARAGRAPH))
        start += len(paragraph) + 1
    text = "\n".join(paragraphs)
    return Document("i", "n", "p", "t", "2024", True, text, tuple(blocks), (), None)


def test_paragraphs_at_the_ends_are_made_whole() -> None:
    read = neighbours_json(document("一二三", "四五六", "七八九"), Span(4, 7), 2)
    assert (read["before"], read["text"], read["after"]) == ("一二三\n", "四五六", "\n七八九")
    assert (read["title"], read["date"], read["characters"]) == ("t", "2024", 11)


def test_a_long_paragraph_is_cut() -> None:
    assert widened(document("字" * 100), Span(50, 52), 10) == Span(30, 72)


def test_nothing_around_is_nothing() -> None:
    assert widened(document("一二三", "四五六"), Span(1, 2), 0) == Span(1, 2)


def test_characters_that_are_not_there_are_said() -> None:
    with pytest.raises(IndexError, match="n has no characters 2 to 9; it has 3"):
        widened(document("一二三"), Span(2, 9), 1)


@given(st.lists(st.text("字。", min_size=1), min_size=1), st.data())
def test_the_parts_are_the_text(paragraphs: list[str], data: st.DataObject) -> None:
    whole = document(*paragraphs)
    start = data.draw(st.integers(0, len(whole.text)))
    end = data.draw(st.integers(start, len(whole.text)))
    around = data.draw(st.integers(0, 20))
    read = neighbours_json(whole, Span(start, end), around)
    begin = start - len(read["before"])
    joined = read["before"] + read["text"] + read["after"]
    assert joined == whole.text[begin : begin + len(joined)]
    assert len(read["before"]) <= 2 * around
    assert len(read["after"]) <= 2 * around
