"""Names, quoted terms and figures of a text together."""

from hypothesis import given
from hypothesis import strategies as st

from rag.text.quantities import values


def test_the_values_of_a_text() -> None:
    found = values("《海港条例》规定，OceanBase 去年收入 3 亿元。", 2023)
    assert [number.text for number in found.numbers] == ["3 亿元"]
    assert [date.year for date in found.dates] == [2022]
    assert found.quoted == ("海港条例",)
    assert "oceanbase" in found.names


@given(st.text(max_size=60))
def test_any_text_has_values(text: str) -> None:
    assert all(number.text for number in values(text, 2023).numbers)
