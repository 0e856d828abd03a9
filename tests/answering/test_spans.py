"""What could be the short answer in a sentence."""

import math
from dataclasses import replace

import pytest

from rag.answering.features import Surroundings, places
from rag.answering.select import holds, unbound
from rag.answering.spans import Candidate, candidates, sort_fit, span_features, unit_fit
from rag.retrieval.analysis import Asked, analyse
from rag.retrieval.evidence import Evidence
from rag.retrieval.query import Query, parse_query
from rag.types import Cell, Label, Passage, Span


def placed(text: str, cells: tuple[Cell, ...] = (), title: str = "年报") -> Surroundings:
    passage = Passage(
        rank=1, score=1.0, document_id="d", document="a.txt", title=title, date="2023-05",
        date_inferred=False, headings=(), page=None, lines=None, span=Span(100, 100 + len(text)),
        text=text, lead=(), cells=cells,
    )  # fmt: skip
    one = Evidence(
        passage=passage, text=text, span=Span(0, len(text)), order=0, score=1.0, covered=0.5,
        typed=True, terms=frozenset(), reading=None, read=0.0, bound=1.0,
    )  # fmt: skip
    (place,) = places([one])
    return place


def found(question: str, place: Surroundings) -> tuple[Query, Asked, list[Candidate]]:
    query = parse_query(question)
    asked = analyse(query)
    return query, asked, candidates(query, asked, place, None)


@pytest.mark.parametrize(
    ("question", "text", "spans"),
    [
        ("桥有多长？", "全长约 3,280 米，第2期工程。", ["约 3,280 米"]),
        ("花了多少钱？", "造价 1.2 亿元（2019年）。", ["1.2 亿元"]),
        ("哪天通车的？", "2019年5月6日通车，全长3米。", ["2019年5月6日"]),
        ("为什么停航？", "因大雾停航3天。", []),
        ("3,280米是多少？", "全长3,280米。", []),
    ],
)
def test_spans_are_whole_and_of_the_kind_that_is_asked_for(
    question: str, text: str, spans: list[str]
) -> None:
    texts = [one.text for one in found(question, placed(text))[2]]
    assert [text.removeprefix("约 ") for text in texts] == [s.removeprefix("约 ") for s in spans]


def test_a_cell_is_read_with_the_unit_of_its_table() -> None:
    row = "渡轮\t1,200\t1,350"
    cells = tuple(
        Cell(
            Span(100 + at, 100 + at + 5),
            text,
            (Label(Span(100, 102), "渡轮"),),
            (Label(Span(50, 55), year),),
            "万元",
        )
        for at, text, year in ((3, "1,200", "2022年"), (9, "1,350", "2023年"))
    )
    place = placed(row, cells)
    _, asked, spans = found("渡轮2023年的收入是多少万元？", place)
    assert [one.text for one in spans if one.cell] == ["1,200万元", "1,350万元"]
    rows = [place_row(asked, place, one, spans) for one in spans if one.cell]
    assert [row["clause_period"] for row in rows] == [-1.0, 1.0]


def place_row(
    asked: Asked, place: Surroundings, one: Candidate, among: list[Candidate]
) -> dict[str, float]:
    return span_features(asked, place, one, None, among)


@pytest.mark.parametrize(
    ("question", "text", "fit"),
    [
        ("花了多少钱？", "造价3亿元。", 1.0),
        ("花了多少钱？", "全长3公里。", 0.0),
        ("花了多少钱？", "造价为3。", 0.3),
        ("有多少家工厂？", "共有3家工厂。", 1.0),
        ("有多少家工厂？", "共有3个工厂。", 0.8),
        ("编号是多少？", "编号为3。", 0.5),
    ],
)
def test_units_fit_or_do_not(question: str, text: str, fit: float) -> None:
    _, asked, (one,) = found(question, placed(text))
    assert unit_fit(asked, one) == fit


def test_a_person_is_no_answer_to_where() -> None:
    _, asked, _ = found("工厂在哪里？", placed("工厂。"))
    place = placed("沈砚在上海。")
    person = Candidate(place.evidence, Span(0, 2), "沈砚", "person")
    assert sort_fit(asked, person) == 0.0
    assert sort_fit(asked, replace(person, span=Span(3, 5), text="上海", sort="place")) == 1.0


def test_what_is_said_of_another_year_or_row_is_bound_to_it() -> None:
    fine = dict.fromkeys(
        (
            "clause_period",
            "clause_ordinal",
            "ordinal_near",
            "name_near",
            "fit",
            "sort_fits",
            "withheld",
            "superlative",
            "level",
            "rate",
            "compound",
        ),
        float("nan"),
    )
    assert not unbound(fine)
    for name, value in (
        ("clause_period", -0.9), ("clause_period", 0.0), ("clause_ordinal", -1.0), ("ordinal_near", -1.0),
        ("compound", -1.0),
        ("name_near", 0.4), ("fit", 0.0), ("sort_fits", 0.0), ("withheld", 1.0), ("superlative", 0.0), ("level", 1.0), ("rate", 1.0),
    ):  # fmt: skip
        assert unbound(fine | {name: value}), name


def test_a_sentence_has_the_best_of_its_spans_that_are_bound() -> None:
    fine = {"fit": 1.0, "sort_fits": math.nan, "clause": 0.4, "clause_attribute": 1.0,
            "lead_attribute": math.nan, "mass": math.nan, "edges": math.nan, "distance": 0.3,
            "clause_period": math.nan, "clause_ordinal": math.nan, "ordinal_near": math.nan,
            "name_near": 1.0, "withheld": 0.0, "superlative": math.nan, "level": 0.0, "rate": 0.0,
            "compound": math.nan}  # fmt: skip
    nearer = fine | {"clause": 0.2, "distance": 0.1}
    of_another = fine | {"clause": 0.9, "distance": 0.0, "clause_period": -1.0}
    told = holds([fine, nearer, of_another])
    assert (told["holds_fit"], told["holds_bound"]) == (1.0, 2.0)
    assert (told["holds_clause"], told["holds_distance"]) == (0.4, 0.1)
    assert math.isnan(told["holds_mass"])
    assert holds([])["holds_fit"] == 0.0
