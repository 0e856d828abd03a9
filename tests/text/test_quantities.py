"""Numbers, units, dates and periods by value and by place, however they are written."""

from datetime import date
from fractions import Fraction
from itertools import pairwise

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.numbers import UNITS, numeral
from rag.text.quantities import Hedge, UnitClass, dates, figures, plain, quantities


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("31.3万亿元", "313,000亿元"),
        ("120 亿元", "１２０亿元"),
        ("35 万元", "350,000元"),
        ("三成", "30%"),
        ("三成半", "35%"),
        ("百分之三十", "30％"),
        ("千分之五", "0.5%"),
        ("一半", "50%"),
        ("四分之三", "75%"),
        ("１２３公里", "123千米"),
        ("2.5公里", "2,500米"),
        ("14nm", "14纳米"),
        ("二十三家", "23个"),
        ("2900多亿元", "2900亿元"),
        ("1亿2000万元", "1.2亿元"),
        ("3万5千元", "3.5万元"),
        ("5000万千瓦", "50吉瓦"),
        ("壹佰贰拾万元", "120万元"),
        ("1.2×10^8 吨", "1.2亿吨"),
        ("US$1.5 billion", "15亿美元"),
        ("3 million people", "300万人"),
        ("three years", "三年"),
        ("5 percentage points", "5个百分点"),
        ("50个基点", "0.5个百分点"),
        ("三年半", "3.5年"),
        ("两個半小時", "2.5小时"),
        ("3萬5千元", "35,000元"),
        ("第三", "第3"),
    ],
)
def test_the_same_figure(one: str, other: str) -> None:
    (a,), (b,) = quantities(one), quantities(other)
    assert a.same(b)
    assert b.same(a)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3%", "3个百分点"),
        ("12亿元", "12亿美元"),
        ("12元", "13元"),
        ("120亿元", "120元"),
        ("5公里", "5吨"),
        ("3倍", "3%"),
        ("第三", "3家"),
        ("100元/吨", "100元/股"),
        ("-3.2%", "3.2%"),
        ("3年", "3个月"),
    ],
)
def test_another_figure(one: str, other: str) -> None:
    (a,), (b,) = quantities(one), quantities(other)
    assert not a.same(b)


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("10%-15%", 10, 15, "%"),
        ("10至15万元", 100_000, 150_000, "元"),
        ("3—5年", 3, 5, "年"),
        ("三到五年", 3, 5, "年"),
        ("3000元到1万元", 3000, 10_000, "元"),
        ("七八个", 7, 8, "个"),
        ("三四十人", 30, 40, "人"),
        ("两至三成", 20, 30, "%"),
    ],
)
def test_ranges(text: str, low: int, high: int, unit: str) -> None:
    (found,) = quantities(text)
    assert (found.low, found.high) == (Fraction(low), Fraction(high))
    assert (found.unit.name, found.text) == (unit, text)


@pytest.mark.parametrize(
    ("text", "hedge"),
    [
        ("约3亿元", Hedge.ABOUT),
        ("3亿元左右", Hedge.ABOUT),
        ("about 3 million", Hedge.ABOUT),
        ("近百家", Hedge.UNDER),
        ("不足5%", Hedge.UNDER),
        ("超过3亿元", Hedge.OVER),
        ("3亿多元", Hedge.OVER),
        ("十余人", Hedge.OVER),
        ("3亿元", Hedge.EXACT),
    ],
)
def test_what_is_not_meant_exactly(text: str, hedge: Hedge) -> None:
    (found,) = quantities(text)
    assert found.hedge is hedge
    assert found.approximate is (hedge is not Hedge.EXACT)


def test_what_a_number_is_counted_by() -> None:
    per = [q.per for q in quantities("4,500元/吨，每股0.5元，60公里/小时，2,000元每平方米")]
    assert per == ["吨", "股", "小时", "平方米"]


@pytest.mark.parametrize(
    "text",
    [
        "一些人万一十分高兴，成功了。",
        "COVID-19 A100 5G GPT-4 1.2.3版",
        "一、总则\n（2）利润",
        "单位：万元",
        "2023年1月1日",
        "",
    ],
)
def test_what_is_no_quantity(text: str) -> None:
    assert quantities(text) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("去年10月3日", (2022, 10, 3, None)),
        ("今年二季度", (2023, None, None, "q2")),
        ("2023年第三季度", (2023, None, None, "q3")),
        ("2023 年 6 月 30 日", (2023, 6, 30, None)),
        ("上半年", (None, None, None, "h1")),
        ("前三季度", (None, None, None, "9m")),
        ("2023-05-06", (2023, 5, 6, None)),
        ("20230506", (2023, 5, 6, None)),
        ("二〇二三年五月六日", (2023, 5, 6, None)),
        ("March 5, 2023", (2023, 3, 5, None)),
        ("5 March 2023", (2023, 3, 5, None)),
        ("Q3 2023", (2023, None, None, "q3")),
        ("third quarter of 2023", (2023, None, None, "q3")),
        ("20世纪90年代", (None, None, None, "1990s")),
        ("公元前221年", (-221, None, None, None)),
        ("2022财年", (2022, None, None, None)),
        ("3月上旬", (None, 3, None, "d1")),
        ("前年", (2021, None, None, None)),
    ],
)
def test_dates(text: str, found: tuple[int | None, int | None, int | None, str | None]) -> None:
    (period,) = dates(text, 2023)
    assert (period.year, period.month, period.day, period.part) == found
    assert period.text == text
    assert quantities(text) == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019—2022年", (2019, None, None), (2022, None, None)),
        ("2023年1—9月", (2023, 1, None), (2023, 9, None)),
        ("3月5日至8日", (None, 3, 5), (None, 3, 8)),
        ("2022年1月至2023年3月", (2022, 1, None), (2023, 3, None)),
    ],
)
def test_ranges_of_dates(
    text: str,
    first: tuple[int | None, int | None, int | None],
    last: tuple[int | None, int | None, int | None],
) -> None:
    (found,) = dates(text)
    assert found.to is not None
    assert (found.year, found.month, found.day) == first
    assert (found.to.year, found.to.month, found.to.day) == last
    assert found.text == text


def test_a_year_word_without_a_year_keeps_what_it_says() -> None:
    (found,) = dates("去年")
    assert (found.year, found.relative) == (None, -1)


def test_a_date_within_another() -> None:
    (full,), (month,), (day,) = dates("2022年5月6日"), dates("2022年5月"), dates("5月6日")
    assert month.within(full, frozenset())
    assert not full.within(month, frozenset())
    assert full.within(day, frozenset((2022,)))
    assert not dates("2021年5月6日")[0].within(day, frozenset((2022,)))


# --- the writer: a number in every form that the recogniser must read back --------------------

_SCALE_NAMES = {1: "", 10**4: "万", 10**8: "亿"}


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Fraction, str]:
    """A quantity as text, its value, and the name of its unit."""
    unit = draw(st.sampled_from(["元", "%", "公里", "吨", "人", "个", "美元", "个百分点", "倍"]))
    scale = draw(st.sampled_from(list(_SCALE_NAMES))) if unit not in ("%", "个百分点", "倍") else 1
    decimals = draw(st.integers(0, 3))
    number = Fraction(draw(st.integers(1, 10**9)), 10**decimals)
    form = draw(st.sampled_from(["plain", "thousands", "wide", "spaced"]))
    digits = (
        f"{float(number):,.{decimals}f}" if form == "thousands" else f"{float(number):.{decimals}f}"
    )
    value = Fraction(digits.replace(",", "")) * scale
    if form == "wide":
        digits = "".join(chr(ord(c) + 0xFEE0) for c in digits)
    space = " " if form == "spaced" else ""
    return f"{digits}{space}{_SCALE_NAMES[scale]}{unit}", value, unit


@given(written(), st.sampled_from(["", "达到", "，共有", "。The total is "]))
def test_what_the_writer_writes_is_read_back(
    quantity: tuple[str, Fraction, str], before: str
) -> None:
    text, value, unit = quantity
    (found,) = quantities(f"{before}{text}。")
    assert (found.value, found.unit, found.text) == (value, UNITS[unit], text)
    assert found.span.start == len(before)


@given(st.integers(10, 10**12 - 1), st.sampled_from(["low", "up"]))
def test_chinese_numerals_are_those_of_cn2an(number: int, form: str) -> None:
    text = cn2an.an2cn(number, form)
    assert numeral(plain(text)) == number
    (found,) = quantities(f"共{text}元。")
    assert found.value == number
    assert found.unit.measures is UnitClass.MONEY


@given(st.integers(0, 10**6), st.integers(1, 10**4))
def test_chinese_decimals_are_those_of_cn2an(whole: int, thousandths: int) -> None:
    text = cn2an.an2cn(f"{whole}.{thousandths:04d}1", "low")
    assert numeral(text) == Fraction(f"{whole}.{thousandths:04d}1")


@given(
    st.dates(),
    st.sampled_from(
        ["{y}年{m}月{d}日", "{y}-{m:02d}-{d:02d}", "{y} 年 {m} 月 {d} 日", "{y}/{m}/{d}"]
    ),
)
def test_a_date_is_read_back(day: date, form: str) -> None:
    year = 1900 + day.year % 200
    text = form.format(y=year, m=day.month, d=day.day)
    (found,) = dates(f"于{text}。")
    assert (found.year, found.month, found.day, found.text) == (year, day.month, day.day, text)


@given(
    st.text(alphabet="0123456789.,-%年月日万亿第一二三十百半成约至 aq/^$\n上个分之", max_size=80)
)
def test_every_value_knows_its_place(text: str) -> None:
    numbers, periods = figures(text, 2023)
    pieces = [(q.span, q.text) for q in numbers] + [(d.span, d.text) for d in periods]
    assert all(written and span.of(text) == written for span, written in pieces)
    ends = sorted(span for span, _ in pieces)
    assert all(a.end <= b.start for a, b in pairwise(ends))


@given(st.text(max_size=60))
def test_the_plain_form_keeps_every_place(text: str) -> None:
    assert len(plain(text)) == len(text)


def test_a_year_before_how_much_more_is_a_year() -> None:
    """2022年多 counts years only where 多 does not begin the question 多多少."""
    assert [one.year for one in dates("2023年比2022年多多少")] == [2023, 2022]
    assert dates("2000年多") == ()
