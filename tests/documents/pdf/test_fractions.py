"""Fractions and roots drawn with a bar; underlined words and rows are none."""

from __future__ import annotations

from rag.documents.pdf.read import read_pdf
from rag.settings import Reading
from tests.pdf_file import at, drawn_pdf


def read(content: str) -> str:
    return read_pdf(drawn_pdf([content]), Reading()).text


def bar(x0: float, x1: float, y: float) -> str:
    return f"0.5 w {x0} {y} m {x1} {y} l S "


def test_a_fraction_inside_a_sentence() -> None:
    content = (
        at(60, 700, "每人2")
        + at(97, 708, "1", 10)
        + bar(96, 108, 704.5)
        + at(97, 693, "3", 10)
        + at(110, 700, "公斤大米。")
    )
    assert read(content) == "每人2 1/3公斤大米。"


def test_a_fraction_of_several_terms_and_a_root() -> None:
    content = (
        at(60, 700, "v=") + at(86, 708, "a+b", 10) + bar(85, 117, 704.5) + at(91, 693, "2c", 10)
    )
    assert read(content) == "v=(a+b)/(2c)"
    content = at(60, 700, "r=√") + bar(96, 132, 711) + at(96, 700, "x+1") + at(134, 700, "米长")
    assert read(content) == "r=√(x+1)米长"


def test_underlined_words_and_lines_of_text_are_no_fractions() -> None:
    content = (
        at(60, 700, "港口的灯塔建于山上，") + bar(96, 120, 698) + at(60, 684, "塔高三十一米，每晚亮灯。") + bar(72, 96, 682)
        + at(60, 668, "光能照到三十海里之外。")
    )  # fmt: skip
    assert (
        read(content).replace("\n", "")
        == "港口的灯塔建于山上，塔高三十一米，每晚亮灯。光能照到三十海里之外。"
    )
