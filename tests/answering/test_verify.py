"""A citation is an exact span of the file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.verify import NOT_CITED, NOT_QUOTED, judge, locate, verify
from rag.types import Claim, Document, Passage, Remark, RemarkKind, Span, Support
from tests.fakes import document_of

SOURCE = "港务局今年打算把三号码\n\n头的吊机换成ＬＥＤ灯，花费１２万元。渡轮照常。\n"


DOCUMENT = document_of(SOURCE)


def passage(rank: int = 1, text: str | None = None, start: int = 0) -> Passage:
    text = DOCUMENT.text if text is None else text
    return Passage(
        rank,
        1.0,
        "0" * 16,
        "a.txt",
        "题",
        None,
        False,
        (),
        None,
        (1, 3),
        Span(start, start + len(text)),
        text,
        (),
    )


def source(name: str) -> Document:
    assert name == "a.txt"
    return DOCUMENT


def test_a_quoted_sentence_is_supported_and_its_pieces_give_it() -> None:
    claim = Claim("头的吊机换成LED灯，花费12万元。", (1,))
    sentence = verify(claim, [passage()], source)
    assert (sentence.support, sentence.reason) == (Support.SUPPORTED, None)
    (citation,) = sentence.citations
    assert citation.quote == "头的吊机换成ＬＥＤ灯，花费１２万元。"
    assert citation.source is not None
    assert "".join(SOURCE[p.start : p.end] for p in citation.source) == citation.quote


def test_a_wrong_citation_is_moved_to_the_passage_that_holds_the_sentence() -> None:
    other = passage(1, "别的事情。")
    right = replace(passage(), rank=2)
    sentence = verify(Claim("渡轮照常。", (1,)), [other, right], source)
    assert sentence.support is Support.SUPPORTED
    assert sentence.reason == NOT_CITED
    assert [citation.n for citation in sentence.citations] == [2]


def test_what_stands_nowhere_is_unsupported() -> None:
    for cited in ((1,), (0, 7, -1), ()):
        sentence = verify(Claim("缆车停开三个月。", cited), [passage()], source)
        assert sentence.support is Support.UNSUPPORTED
        assert sentence.citations == ()
    assert verify(Claim("缆车停开。", ()), [], source).reason == NOT_QUOTED


@given(st.text(st.sampled_from("甲乙ＡａB ㎡臺台\n，"), min_size=1, max_size=30), st.data())
def test_any_part_is_located_where_it_stands(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    wanted = text[start:end]
    span = locate(wanted, passage(text=text, start=7))
    if not wanted.strip():
        assert span is None
        return
    assert span is not None
    found = text[span.start - 7 : span.end - 7]
    from rag.text.normalize import squeeze

    assert squeeze(wanted) in squeeze(found)


@pytest.mark.parametrize(
    ("claim", "quote", "kind"),
    [
        ("吞吐量达到32,000万吨。", "港口吞吐量达到3.2亿吨。", ""),
        ("票价上涨了三成。", "渡轮票价上涨30%。", ""),
        ("占比提高3个百分点。", "占比提高3%。", "number"),
        ("造价为12亿元。", "造价为12亿美元。", "number"),
        ("灯塔于去年完工。", "灯塔于2022年完工。", ""),
        ("灯塔于今年完工。", "灯塔于2022年完工。", "date"),
        ("灯塔于2022年5月6日完工。", "灯塔于2022年5月完工。", "date"),
        ("票价上涨了30%。", "渡轮票价下降30%。", "direction"),
        ("渡轮不再停航。", "渡轮一月停航。", "negation"),
        ("沈砚设计了灯塔。", "灯塔由人设计。", "name"),
        ("“三班制”已经实行。", "两班制已经实行。", "quoted"),
    ],
)
def test_each_kind_of_error_is_noticed(claim: str, quote: str, kind: str) -> None:
    found = judge(claim, [replace(passage(text=quote), date="2023")], 2023)
    assert (found.reason.kind.value if found.reason else "") == kind
    assert (found.support is Support.SUPPORTED) == (kind == "")


def test_a_paraphrase_is_cited_with_the_sentences_that_it_rests_on() -> None:
    sentence = verify(
        Claim("今年三号码头的吊机要换成LED灯，花费12万元。", (1,)), [passage()], source
    )
    assert sentence.support is Support.SUPPORTED
    assert sentence.citations[0].quote.startswith("港务局今年打算")
    assert "渡轮" not in sentence.citations[0].quote


def test_a_wrong_figure_keeps_no_quotation() -> None:
    sentence = verify(Claim("三号码头的吊机换成LED灯，花费13万元。", (1,)), [passage()], source)
    assert sentence.support is Support.UNSUPPORTED
    assert sentence.reason == Remark(RemarkKind.NUMBER, ("13万元", "１２万元"))
    assert sentence.citations == ()


@pytest.mark.parametrize(
    ("claim", "quote", "supported"),
    [
        # a figure with what it is the figure of, its period, its unit
        ("绝收面积为46公顷。", "农作物成灾面积46公顷，绝收面积26公顷。", False),
        ("绝收面积为26公顷。", "农作物成灾面积46公顷，绝收面积26公顷。", True),
        ("港口2021年净亏损4亿元。", "2022年，港口净亏损4亿元，而2021年盈利6亿元。", False),
        ("港口投资 1.2 亿元。", "港口投资12,000 万元。", True),
        ("港口投资约3亿元。", "港口投资3.04亿元。", True),
        ("港口投资4亿元。", "港口投资3.04亿元。", False),
        ("白沙港与红河港的收入相差1,600万元。", "白沙港收入4,800万元，红河港收入3,200万元。", True),
        (
            "白沙港与红河港的收入相差1,700万元。",
            "白沙港收入4,800万元，红河港收入3,200万元。",
            False,
        ),
        # denials, what may be as what is, the part as the whole, another one
        ("大桥没有造成交通中断。", "大桥施工造成交通中断。", False),
        ("港口已经增加了货运航线。", "港口计划明年增加货运航线。", False),
        ("全部员工参加了培训。", "部分员工参加了培训。", False),
        ("沈砚是港务局局长。", "港务局局长何守礼出席会议。记者沈砚报道。", False),
        # nothing in it, and a true clause with an invented one
        ("是的。", "港口增加了货运航线。", False),
        ("825。", "港口有825名员工。", False),
        ("是的，825。", "港口有825名员工。", False),
        ("港口有825名员工，并且计划收购两家航空公司。", "港口有825名员工。", False),
        ("1号线长450米。", "1号线长300米，2号线长450米。", False),
        ("2号线长450米。", "1号线长300米，2号线长450米。", True),
        ("2号线总投资168亿元。", "1号线全长28公里，总投资168亿元。", False),
    ],
)
def test_facts_are_held_with_what_they_are_of(claim: str, quote: str, supported: bool) -> None:
    found = judge(claim, [replace(passage(text=quote), date="2023")], 2023)
    assert (found.support is Support.SUPPORTED) is supported, found


def test_a_sentence_in_english_is_held_by_figures_and_the_dictionary() -> None:
    quote = replace(passage(text="2022年红河港的收入为3亿元，增长5%。"), date="2023")
    right = judge("Revenue of the port was 300 million yuan in 2022, up 5%.", [quote], 2023)
    wrong = judge("Revenue of the port was 500 million yuan in 2022, up 5%.", [quote], 2023)
    assert right.support in (Support.SUPPORTED, Support.PARTLY)
    assert wrong.support is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("8月19日，渡口恢复了通航。", True),
        ("12月19日，渡口恢复了通航。", False),
        ("吊机每小时移动10～15米。", True),
        ("吊机每小时移动10～14米。", False),
        ("伍湾岭表示，码头年底完工。", False),
        ("陈志清还表示，码头年底完工。", True),
    ],
)
def test_a_bare_day_a_range_and_an_unknown_speaker(claim: str, supported: bool) -> None:
    text = "8月12日，渡口停航。19日，渡口恢复了通航。吊机每小时移动10～15米。陈志清表示，码头年底完工。"
    assert (judge(claim, [passage(text=text)], None).support is Support.SUPPORTED) is supported


BRIDGES = (
    "2022年青石桥通行47万辆，相比之下，2019年仅通行31万辆，占全县的37.9%，较上年提升1.9个百分点。"
    "白水桥的两座引桥分别长25.4、20.7米。3月4日开工，4月15日完工，前10月累计收费120万元。"
    "目前最长的引桥长25.4米，青石桥收费同比增长123%。"
)


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        # of a comparison each figure has its own year
        ("2022年青石桥通行47万辆，比2019年的31万辆多16万辆。", True),
        ("2022年青石桥通行47万辆，比2018年的31万辆多16万辆。", False),
        # months so far, a unit for a row, a present that limits nothing
        ("前10个月累计收费120万元。", True),
        ("两座引桥分别长25.4米和20.7米。", True),
        ("最长的引桥长25.4米。", True),
        # computed: a share from points, a multiple from a growth, a span between two days
        ("青石桥的通行占全县的37.9%，推算2021年约为36.0%。", True),
        ("青石桥的通行占全县的37.9%，推算2021年约为35.0%。", False),
        ("3月4日开工，4月15日完工，历时六周。", True),
        ("3月4日开工，4月15日完工，历时九周。", False),
        # the twin of a clause, but for its figure
        ("4月15日完工，前10月累计收费3万元。", False),
    ],
)
def test_figures_are_held_as_a_reader_would(claim: str, supported: bool) -> None:
    found = judge(claim, [replace(passage(text=BRIDGES), date="2022")], 2022)
    assert (found.support is Support.SUPPORTED) is supported, found


def test_a_column_headed_by_a_bare_year_is_of_that_year() -> None:
    table = replace(
        passage(text="青石桥\t0.91\t0.88\n白水桥\t0.95\t0.97"), lead=("桥名\t2016\t2017",)
    )
    assert judge("青石桥2017年为0.88。", [table], None).support is Support.SUPPORTED
    assert judge("青石桥2016年为0.88。", [table], None).support is not Support.SUPPORTED


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("青石桥的收入高于白水桥。", True),
        ("白水桥的收入高于青石桥。", False),
        ("白水桥的收入低于青石桥。", True),
        ("红河桥是全县最长的桥。", False),
        ("红河桥是全县第二长的桥。", True),
    ],
)
def test_a_comparison_is_held_against_rows_and_ranks(claim: str, supported: bool) -> None:
    table = replace(passage(text="青石桥\t120\t31\n白水桥\t95\t47"), lead=("桥名\t收入\t通行",))
    ranks = passage(2, "红河桥是全县第二长的桥。")
    assert (judge(claim, [table, ranks], None).support is Support.SUPPORTED) is supported


@pytest.mark.parametrize(
    ("text", "supported"),
    [("好的，12万元。", False), ("没错，花费12万元。", True), ("Sure, 12.", False)],
)
def test_an_assent_is_no_content(text: str, supported: bool) -> None:
    quote = passage(text="吊机换灯花费12万元。")
    found = verify(Claim(text, (1,)), [quote], lambda _: document_of(quote.text))
    assert (found.support is Support.SUPPORTED) is supported


def test_a_citation_moves_where_the_cited_passage_tells_of_something_else() -> None:
    other = passage(2, "渡轮未来两年内还有另外7艘陆续投入运营。", 0)
    cited = passage(1, "渡轮未来三年内的票价不变，码头照常开放。", 0)
    found = verify(Claim("未来两年内还有另外7艘渡轮投入运营。", (1,)), [cited, other], source)
    assert (found.support, found.reason) == (Support.SUPPORTED, NOT_CITED)
    assert {one.n for one in found.citations} == {2}


@pytest.mark.parametrize(
    "text",
    [
        "主要原因如下：",
        "资料没有写明票价。",
        "综上所述，前景向好。",
        "根据提供的资料，无法得知渡轮的票价。",
        "资料中没有渡轮2016年的票价。",
        "The passages give no fare for 2016.",
    ],
)
def test_what_claims_nothing_gets_no_mark(text: str) -> None:
    assert verify(Claim(text, (1,)), [passage()], source).support is Support.NONE
