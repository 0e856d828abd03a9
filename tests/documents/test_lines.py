"""Lines know where they stand and how wide they are."""

from hypothesis import given
from hypothesis import strategies as st

from rag.documents.layout import columns, split_lines
from rag.text.sentences import ends_sentence

TEXTS = st.text(st.sampled_from("甲乙。，“” \t\r\n\fab1.　"), max_size=80)


@given(TEXTS)
def test_every_visible_character_is_in_exactly_one_line(source: str) -> None:
    lines = split_lines(source)
    assert "".join("".join(line.text.split()) for line in lines) == "".join(source.split())
    for line in lines:
        assert source[line.start : line.start + len(line.text)] == line.text


def test_numbers_gaps_and_pages() -> None:
    lines = split_lines("一\r\n\r\n 二 \n\f三")
    assert [(line.number, line.text, line.gap, line.page) for line in lines] == [
        (1, "一", 0, 1),
        (3, "二", 1, 1),
        (4, "三", 3, 2),
    ]
    assert lines[1].indented and lines[1].trailing and not lines[0].trailing


def test_a_line_of_white_space_before_is_noticed() -> None:
    assert [line.ruled for line in split_lines("甲\n \n乙\n\n丙")] == [False, True, False]


def test_columns_and_ends() -> None:
    assert columns("5G基站，") == 8
    assert ends_sentence("好。”")
    assert not ends_sentence("好，")
    assert not ends_sentence("")
