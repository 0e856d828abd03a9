"""Chunks slice back to the document, respect the limit, and lose nothing."""

from hypothesis import given
from hypothesis import strategies as st

from rag.documents.chunk import chunk_document
from rag.settings import Chunking
from tests.fakes import document_of

SETTINGS = Chunking(target_characters=60, max_characters=80)


PARTS = st.sampled_from(
    ["一、费用\n\n", "港口的泊位费按天收取，", "由船主支付。", "逾期不付的，加收一成。", "\n\n", "表1 泊位费\n\n",
     "小船\n\n", "长" * 100, "A long sentence in English. ", "2021年\t3\t9\n", "包括：\n\n"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=30).map("".join))
def test_every_character_is_in_exactly_one_chunk(source: str) -> None:
    read = document_of(source)
    chunks = chunk_document(read, SETTINGS).chunks
    assert "".join("".join(c.text.split()) for c in chunks) == "".join(read.text.split())
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert chunk.span.of(read.text) == chunk.text
        assert len("".join(chunk.text.split())) <= SETTINGS.max_characters


def test_sentences_stay_whole_and_long_ones_are_counted() -> None:
    read = document_of("甲" * 30 + "。" + "乙" * 40 + "。" + "丙" * 150 + "。\n")
    result = chunk_document(read, SETTINGS)
    assert [len(chunk.text) for chunk in result.chunks] == [72, 80, 71]
    assert result.split_sentences == 1


def test_sections_are_not_mixed_and_a_heading_begins_its_chunk() -> None:
    body = "泊位费按天收取，由船主支付，逾期加收一成，屡次逾期的不得再次停靠，直到付清为止，另有规定的除外。"
    read = document_of(f"一、泊位费\n\n{body}\n\n二、水费\n\n{body}水费同此。\n")
    chunks = chunk_document(read, Chunking(target_characters=200, max_characters=300)).chunks
    assert [(c.text.split("\n")[0], c.headings) for c in chunks] == [
        ("一、泊位费", ("一、泊位费",)),
        ("二、水费", ("二、水费",)),
    ]


def test_the_lead_of_a_row_goes_with_its_chunk() -> None:
    read = document_of(
        "吊机台数\n\n年份\t电动\t柴油\n" + "".join(f"20{n}年\t3{n}\t9{n}\n" for n in range(10, 30))
    )
    chunks = chunk_document(read, SETTINGS).chunks
    assert len(chunks) > 2
    assert all("年份\t电动\t柴油" in c.lead for c in chunks[1:])
