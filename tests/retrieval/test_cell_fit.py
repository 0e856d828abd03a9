"""Which cell of a table a question asks for: both keys before one, a date in any form."""

from __future__ import annotations

import pytest

from rag.retrieval.query import Weights, parse_query
from rag.retrieval.search import cell_fit
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


def at(text: str, start: int, rows: tuple[Label, ...], columns: tuple[Label, ...]) -> Cell:
    return Cell(Span(start, start + len(text)), text, rows, columns)


def test_a_row_is_found_by_a_cell_that_is_no_label_too() -> None:
    """A ranking is asked for by name, a list of releases by its dates."""
    ranking = []
    for i, (rank, team) in enumerate((("4", "海燕队"), ("5", "白鹭队"), ("6", "青松队"))):
        label = Label(Span(20 * i, 20 * i + 1), rank)
        ranking += [
            at(rank, 20 * i, (), (Label(Span(900, 902), "名次"),)),
            at(team, 20 * i + 2, (label,), (Label(Span(903, 905), "队名"),)),
        ]
    assert best("白鹭排在第几名", tuple(ranking)) == "5"
    released = []
    for i, (share, day) in enumerate((("310", "2021.11.30"), ("420", "2022.11.30"))):
        label = Label(Span(40 * i, 40 * i + 4), "激励对象")
        released += [
            at(share, 40 * i + 5, (label,), (Label(Span(900, 904), "解除股数"),)),
            at(day, 40 * i + 10, (label,), (Label(Span(905, 909), "解除日期"),)),
        ]
    assert best("激励对象2022年11月30日解除多少股", tuple(released)) == "420"


def test_a_cell_of_the_unit_that_is_asked_for_comes_first() -> None:
    cells = (cell("197,512股", ("结算公司",), ("持股",)), cell("17.54%", ("结算公司",), ("比例",)))
    assert best("结算公司持有百分之几", cells) == "17.54%"


def test_a_neighbour_that_holds_more_of_the_question_outdoes_a_cell() -> None:
    query = parse_query("引航费上期发生额是多少")
    fit = cell_fit(query, Weights(dict.fromkeys((*query.words, *query.bigrams), 1.0), 1.0))
    this, last, other = (
        cell("1", ("引航费",), ("本期发生额",)),
        cell("2", ("引航费",), ("上期发生额",)),
        cell("3", ("疏浚费",), ("上期发生额",)),
    )
    assert fit.outdone(this, (this, other))  # its own cell of that column may be empty
    assert fit.outdone(other, (this, last, other))
    assert not fit.outdone(last, (this, last, other))
