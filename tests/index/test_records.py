"""Rows round-trip, and what is no such row is refused before it is believed."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import StoreCorrupt
from rag.index.local import rows as packing
from rag.index.local.rows import (
    layout_of,
    pack,
    place_of,
    read_layout,
    read_place,
    read_vector,
    row_hash,
    unpack,
)
from rag.types import Block, BlockKind, Chunk, Document, PageBox, Run, Span

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(0, 2**40)
PAIRS = st.tuples(NUMBERS, NUMBERS)
SPANS = PAIRS.map(lambda pair: Span(*sorted(pair)))
STRINGS = st.lists(TEXT, max_size=3).map(tuple)
BLOCKS = st.builds(
    Block,
    SPANS,
    st.sampled_from(BlockKind),
    STRINGS,
    st.none() | NUMBERS,
    st.none() | PAIRS,
    STRINGS,
    st.lists(PAIRS, max_size=2).map(tuple),
    st.lists(st.builds(PageBox, *[NUMBERS] * 5), max_size=2).map(tuple),
    st.booleans(),
)


@given(
    st.lists(BLOCKS, max_size=5), st.lists(st.builds(Run, NUMBERS, NUMBERS, NUMBERS), max_size=5)
)
def test_layout_round_trips(blocks: list[Block], runs: list[Run]) -> None:
    document = Document("i", "n", "p", "t", None, False, "", tuple(blocks), tuple(runs), None)
    assert read_layout(layout_of(document)) == (tuple(blocks), tuple(runs))


def test_blocks_that_were_stored_without_boxes() -> None:
    layout = '{"strings":[[]],"blocks":[[0,1,"paragraph",0,2,null,0,[]]],"origin":[]}'
    assert read_layout(pack(layout)) == ((Block(Span(0, 1), BlockKind.PARAGRAPH, page=2),), ())


@given(STRINGS, STRINGS, st.none() | NUMBERS, st.none() | PAIRS)
def test_place_round_trips(
    lead: tuple[str, ...],
    headings: tuple[str, ...],
    page: int | None,
    lines: tuple[int, int] | None,
) -> None:
    chunk = Chunk("i", "d", 0, Span(0, 0), "", lead, headings, page, lines)
    assert read_place(place_of(chunk)) == (lead, headings, page, lines)


@given(TEXT)
def test_pack_round_trips(text: str) -> None:
    assert unpack(pack(text)) == text


@pytest.mark.parametrize(
    "data", [b"", b"no zlib", pack("text")[:-3], zlib.compress(b"\xff\xfe"), pack("{}"), pack("[]")]
)
def test_another_layout_is_refused(data: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        read_layout(data)


@pytest.mark.parametrize(
    "layout",
    [
        '{"strings":[["a"]],"blocks":[[0,1,"paragraph",9,null,null,0,[]]],"origin":[]}',
        '{"strings":[["a"]],"blocks":[[0,1,"paragraph",0,null,null,0,[],[1,2,3],0]],"origin":[]}',
        '{"strings":[["a"]],"blocks":[[0,1,"paragraph",0,null,null,0,[],[],[],0]],"origin":[]}',
        '{"strings":[["a"]],"blocks":[[-1,1,"paragraph",0,null,null,0,[]]],"origin":[]}',
        '{"strings":[["a"]],"blocks":[[0,1,"chapter",0,null,null,0,[]]],"origin":[]}',
        '{"strings":[[1]],"blocks":[],"origin":[]}',
        '{"strings":[],"blocks":[],"origin":[1,2]}',
        '{"strings":[],"blocks":[],"origin":[1,2,"3"]}',
        '{"strings":[],"blocks":[],"origin":[true,2,3]}',
        "[" * 100_000,
    ],
)
def test_a_layout_with_wrong_values_is_refused(layout: str) -> None:
    with pytest.raises(StoreCorrupt, match="blocks of a document"):
        read_layout(pack(layout))


@pytest.mark.parametrize("place", ["", "null", "[]", '[["a"],[],"3",null]', '[["a"],[],3,[1]]'])
def test_another_place_is_refused(place: str) -> None:
    with pytest.raises(StoreCorrupt, match="place of a chunk"):
        read_place(place)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(StoreCorrupt, match="exceeds 1,000 bytes"):
        unpack(pack("a" * 1001))
    assert unpack(pack("a" * 1000)) == "a" * 1000


def test_a_vector_of_another_length_is_refused() -> None:
    assert read_vector(b"\0\0\x80\x3f\0\0\0\0", 2).tolist() == [1.0, 0.0]
    with pytest.raises(StoreCorrupt, match="8 bytes, not 12"):
        read_vector(b"\0" * 8, 3)


def test_row_hash_tells_values_apart() -> None:
    rows = [
        ("a", "b"),
        ("ab",),
        ("a", None, "b"),
        ("a", b"b"),
        ("1",),
        (1,),
        (1.0,),
        (True,),
        ("",),
        (),
    ]
    assert len({row_hash(*row) for row in rows}) == len(rows)
    assert row_hash("a", 1, None) == row_hash("a", 1, None)
