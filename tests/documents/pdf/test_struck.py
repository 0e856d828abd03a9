"""What is struck out on a page is told from what stands; drawings are told."""

from __future__ import annotations

import pytest

from rag.documents.detect import Cleaned
from rag.documents.pdf.read import read_pdf
from rag.settings import Reading
from tests.pdf_file import at, drawn_pdf

TOLD = "4 characters that are struck out are left out"


def read(*contents: str, notes: tuple[str, ...] = ()) -> Cleaned:
    return read_pdf(drawn_pdf(contents, notes=notes), Reading())


def line(x0: float, x1: float, y: float) -> str:
    return f"0.6 w {x0} {y} m {x1} {y} l S "


def test_what_an_annotation_strikes_out_is_left_out() -> None:
    content = at(60, 700, "票价为80元60元，") + at(60, 680, "学生半价。")
    quads = "[96 712 144 712 96 697 144 697]"  # 80元60 … of which 80元 and 6
    note = (
        "<</Type/Annot/Subtype/StrikeOut/Rect[60 670 200 715]"
        f"/QuadPoints{quads}/Contents<FEFF{'旧价'.encode('utf-16-be').hex()}>>>"
    )
    found = read(content, notes=(note,))
    assert found.text.split("\n") == ["票价为0元，学生半价。", "旧价"]
    assert found.warnings == (TOLD,)
    whole = note.replace(f"/QuadPoints{quads}", "").replace("60 670 200 715", "96 697 144 712")
    assert read(content, notes=(whole,)).text == found.text
    for kind in ("Underline", "Highlight", "Squiggly"):
        kept = read(content, notes=(note.replace("StrikeOut", kind),))
        assert kept.text.startswith("票价为80元60元，学生半价。") and not kept.warnings


def test_a_line_through_characters_strikes_them_out() -> None:
    content = at(60, 700, "票价为八十元六十元。")
    through = line(96, 144, 704)
    assert (read(content + through).text, read(content + through).warnings) == (
        "票价为十元。", (TOLD,),
    )  # fmt: skip
    thin = "96 703.6 48 0.8 re f "
    assert read(content + thin).text == "票价为十元。"


def test_a_struck_cell_leaves_the_others_in_their_columns() -> None:
    edges = "".join(f"{x} 640 m {x} 720 l S " for x in (60, 160, 260))
    edges += "".join(f"60 {y} m 260 {y} l S " for y in (720, 700, 680, 660, 640))
    rows = (("港口", "票价"), ("东港", "80元"), ("西港", "60元"), ("南港", "50元"))
    words = "".join(
        at(64 + 100 * c, 704 - 20 * i, cell)
        for i, row in enumerate(rows)
        for c, cell in enumerate(row)
    )
    struck = line(164, 200, 688) + line(64, 88, 668) + line(164, 200, 668)
    found = read(edges + words + struck)
    assert found.text.split("\n") == ["港口\t票价", "东港", "南港\t50元"]


@pytest.mark.parametrize(
    "drawn",
    [
        line(96, 144, 698),  # below the words
        line(96, 144, 712),  # above them
        line(20, 560, 704),  # goes on to both sides
        line(96, 111, 704),  # ends within a character
        "96 701 48 6 re f ",  # a bar
    ],
)
def test_other_lines_strike_nothing_out(drawn: str) -> None:
    found = read(at(60, 700, "票价为八十元六十元。") + drawn)
    assert (found.text, found.warnings) == ("票价为八十元六十元。", ())


def test_drawings_are_told_but_for_those_of_each_page() -> None:
    def curves(x: float, y: float) -> str:
        return f"{x} {y} m " + f"{x + 90} {y} {x} {y + 90} {x + 90} {y + 90} c " * 10 + "S "

    head = curves(400, 740)
    pages = [head + at(60, 600, words) for words in ("港口。", "灯塔。", "大桥。")]
    pages[1] += curves(100, 300)
    assert read(*pages).warnings == (
        "drawings on 1 of 3 pages are not read beyond the text that stands on them (page 2)",
    )
