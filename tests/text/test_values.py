"""Numbers, dates and names by value, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.values import Date, han_value, values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("31.3万亿元", "313,000亿元"),
        ("三成", "30%"),
        ("三成半", "35%"),
        ("百分之三十", "30％"),
        ("１２３公里", "123千米"),
        ("14nm", "14纳米"),
        ("二十三家", "23个"),
        ("2900多亿元", "2900亿元"),
    ],
)
def test_the_same_figure(one: str, other: str) -> None:
    (a,), (b,) = values(one).numbers, values(other).numbers
    assert a.same(b) and b.same(a)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3%", "3个百分点"),
        ("12亿元", "12亿美元"),
        ("12元", "13元"),
        ("5公里", "5吨"),
        ("3倍", "3%"),
    ],
)
def test_another_figure(one: str, other: str) -> None:
    (a,), (b,) = values(one).numbers, values(other).numbers
    assert not a.same(b)


def test_what_is_no_figure() -> None:
    assert values("一些人万一十分高兴，成功了。").numbers == ()


def test_dates_are_read_by_the_year_of_the_document() -> None:
    found = values("去年10月3日，今年二季度，2023-05-06，前年", 2023).dates
    assert {(d.year, d.month, d.day, d.part) for d in found} == {
        (2022, 10, 3, None),
        (2023, None, None, "q2"),
        (2023, 5, 6, None),
        (2021, None, None, None),
    }


def test_a_date_within_another() -> None:
    full = Date(2022, 5, 6, None, "")
    assert Date(2022, 5, None, None, "").within(full, frozenset())
    assert not full.within(Date(2022, 5, None, None, ""), frozenset())
    assert Date(2022, 5, 6, None, "").within(Date(None, 5, 6, None, ""), frozenset((2022,)))
    assert not Date(2021, 5, 6, None, "").within(Date(None, 5, 6, None, ""), frozenset((2022,)))


@given(st.integers(1, 99_999_999))
def test_chinese_numerals(number: int) -> None:
    assert han_value(_han(number)) == number


def _han(number: int) -> str:
    """The obvious way to write a number below a hundred million."""
    digits = "零一二三四五六七八九"

    def section(value: int) -> str:
        text, zero = "", False
        for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, value = divmod(value, power)
            if digit:
                text += ("零" if zero and text else "") + digits[digit] + name
                zero = False
            else:
                zero = True
        return text

    high, low = divmod(number, 10_000)
    return (section(high) + "万" if high else "") + (
        ("零" if high and low < 1000 else "") + section(low) if low else ""
    )


@given(st.text(max_size=60))
def test_any_text_has_values(text: str) -> None:
    assert all(number.text for number in values(text, 2023).numbers)
