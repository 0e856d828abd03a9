"""Characters stand together by their place on the page."""

from __future__ import annotations

from rag.documents.pdf.characters import Box, Glyph, join, stretches


def typed(text: str, x: float, y: float, size: float = 10.0, *, bold: bool = False) -> list[Glyph]:
    """`text` set from `x` on; a space moves on without a glyph, Latin takes half an em."""
    glyphs: list[Glyph] = []
    spaced = False
    for character in text:
        width = size / 2 if character.isascii() else size
        if character not in " 　":
            glyphs.append(Glyph(character, Box(x, y, x + width, y + size), size, bold, spaced))
        spaced = character in " 　"
        x += width
    return glyphs


def test_words_keep_their_space_and_chinese_does_not_get_one() -> None:
    parts = stretches(typed("annual report 2020年度 报告", 10, 10))
    assert [part.text for part in parts] == ["annual report 2020年度 报告"]
    (part,) = stretches(typed("年度", 10, 10) + typed("报告", 33, 10))
    assert part.text == "年度报告"


def test_cells_and_columns_stay_apart() -> None:
    parts = stretches(typed("左边", 10, 10) + typed("右边", 60, 10))
    assert [part.text for part in parts] == ["左边", "右边"]


def test_a_line_set_in_pieces_is_one_whatever_their_order() -> None:
    glyphs = typed("后半。", 50, 10) + typed("前半，再", 10, 10)
    assert [part.text for part in stretches(glyphs)] == ["前半，再后半。"]


def test_a_raised_mark_belongs_to_its_line() -> None:
    glyphs = typed("风险", 10, 10) + typed("①", 30, 9, size=5) + typed("投资", 35, 10)
    assert [part.text for part in stretches(glyphs)] == ["风险①投资"]


def test_join_of_numbers_and_words() -> None:
    assert join(["1,234,", "567.89"]) == "1,234,567.89"
    assert join(["2020年", "年度报告"]) == "2020年年度报告"
    assert join(["annual", "report"]) == "annual report"
    assert join([]) == ""
