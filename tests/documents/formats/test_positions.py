"""Raised and lowered text in a line: no digit of an exponent joins those of its base."""

from __future__ import annotations

import pytest

from rag.documents.formats.formulas import Part, Shift, fraction, in_line, root

N, UP, DOWN = Shift.NONE, Shift.RAISED, Shift.LOWERED


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ([("库容10", N), ("8", UP), ("立方米", N)], "库容10^8立方米"),
        ([("10", N), ("-", UP), ("3", UP), (" mol", N)], "10^-3 mol"),
        ([("面积12 km", N), ("2", UP), ("。", N)], "面积12 km^2。"),
        ([("CO", N), ("2", DOWN), ("排放", N)], "CO_2排放"),
        ([("x", N), ("n+1", UP), ("y", N)], "x^(n+1)y"),
        ([("3", N), ("1", UP), ("⁄", N), ("2", DOWN), ("升", N)], "3 1/2升"),
        ([("占", N), ("2", UP), ("/", N), ("3", DOWN)], "占2/3"),
        ([("据统计", N), ("1", UP), ("2020年", N)], "据统计^1 2020年"),
        ([("完成。", N), ("1", UP), ("2020年", N)], "完成。^1 2020年"),
        ([("据统计", N), ("[1]", UP), ("，", N)], "据统计[1]，"),
        ([("价格", N), ("①", UP), ("较低", N)], "价格①较低"),
        ([("the 5", N), ("th", UP), (" day", N)], "the 5th day"),
        ([("1", UP), (" 见附录。", N)], "1 见附录。"),
        ([("10 ", N), ("6", UP), (" 吨", N)], "10^6 吨"),
        ([("a", N), ("", UP), ("b", N)], "ab"),
        ([("注：", N), ("这一段话整个用小字排在上面，一共有几十个字，它不是任何数的指数，而是正文的一部分而已。", UP)],
         "注：这一段话整个用小字排在上面，一共有几十个字，它不是任何数的指数，而是正文的一部分而已。"),
    ],
)  # fmt: skip
def test_in_line(parts: list[Part], line: str) -> None:
    assert in_line(parts) == line


def test_parts_of_several_terms_stand_in_parentheses() -> None:
    assert fraction("a+b", "c") == "(a+b)/c"
    assert fraction("1", "(a+b)(a-b)") == "1/((a+b)(a-b))"
    assert fraction("收入", "成本") == "收入/成本"
    assert root("(a+b)(a-b)") == "√((a+b)(a-b))"
    assert root("x", "n+1") == "^(n+1)√x"


def test_a_million_raised_pieces_take_no_longer_each() -> None:
    parts = [("2", N), ("3", UP)] * 200_000
    assert in_line(parts) == "2^3" + " 2^3" * 199_999
