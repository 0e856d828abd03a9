"""Which cell of a table a question asks for: both keys before one, a date in any form."""

from __future__ import annotations

import pytest

from rag.answering.query import parse_query
from rag.answering.rerank import cell_fit
from rag.answering.terms import Weights
from rag.types import Cell, Label, Span


def cell(text: str, rows: tuple[str, ...], columns: tuple[str, ...]) -> Cell:
    above, left = (
        tuple(Label(Span(0, len(word)), word) for word in own) for own in (columns, rows)
    )
    return Cell(Span(0, len(text)), text, left, above)


PLACES = ("北山站", "南湾站", "东坡站")
DAYS = ("2023/7/1", "2023/7/11", "2023/8/1")
COLUMNS = ("最高气温（℃）", "最低气温（℃）", "降水量（毫米）")
CELLS = tuple(
    cell(f"{p}{d}.{c}", (place, day), (column,))
    for p, place in enumerate(PLACES)
    for d, day in enumerate(DAYS)
    for c, column in enumerate(COLUMNS)
)


def best(question: str, cells: tuple[Cell, ...] = CELLS) -> str:
    query = parse_query(question)
    weights = Weights(dict.fromkeys((*query.words, *query.bigrams), 1.0), 1.0)
    return cell_fit(query, weights).ordered(cells)[0].text


@pytest.mark.parametrize(
    "day",
    ["7月11日", "2023-07-11", "2023年7月11日", "七月十一日", "二〇二三年七月十一日", "2023/7/11"],
)
def test_a_row_with_both_keys_comes_first_however_its_date_is_written(day: str) -> None:
    assert best(f"{day}南湾站的最低气温是多少？") == "11.1"
    assert best(f"东坡站{day}降水量多少毫米") == "21.2"


def test_year_and_quarter_are_told_apart_where_two_headers_name_them() -> None:
    cells = tuple(
        cell(f"{year}{part}", ("机场线",), (f"{year}年", f"{name}季度"))
        for year in (2023, 2024)
        for part, name in ((1, "一"), (2, "二"))
    )
    assert best("机场线2024年第一季度客运量是多少", cells) == "20241"
    assert best("2023年二季度机场线运了多少人", cells) == "20232"


def test_another_number_of_the_same_form_is_another_key() -> None:
    years = tuple(cell(f"值{year}", ("安凤",), (str(year),)) for year in (2018, 2020, 2021))
    assert best("安凤2020年的效率值", years) == "值2020"
    lines = tuple(cell(f"{n}千", (f"{n}号线",), ("客流",)) for n in (1, 2, 12))
    assert best("2号线客流多少", lines) == "2千"
    models = tuple(cell(f"载{n}", ("载荷",), (f"J-{n}",)) for n in (20, 30))
    assert best("J-30载荷多少", models) == "载30"


def test_a_whole_label_says_more_than_a_part_of_one() -> None:
    cells = (cell("1", ("税收收入",), ("决算",)), cell("2", ("非税收入",), ("决算",)))
    assert best("非税收入决算多少", cells) == "2"
    assert best("税收收入决算多少", cells[::-1]) == "1"


def test_what_the_question_names_is_not_what_it_asks_for() -> None:
    cells = (
        cell("古驿店", ("00405",), ("门店",)),
        cell("00405", ("古驿店",), ("编号",)),
        cell("西区", ("古驿店",), ("大区",)),
    )
    assert best("古驿店的编号是什么", cells) == "00405"


def test_what_kind_of_cell_is_asked_for_breaks_ties() -> None:
    cells = (
        cell("5月2日", ("甲店",), ("一",)),
        cell("林某", ("甲店",), ("二",)),
        cell("120", ("甲店",), ("三",)),
    )
    assert best("甲店有多少", cells) == "120"
    assert best("甲店什么时候", cells) == "5月2日"
    assert best("甲店是谁", cells) == "林某"
