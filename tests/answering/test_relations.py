"""Who does what, and what belongs together: sentences with all the words of their passage that say
something else."""

from __future__ import annotations

import pytest

from rag.answering.alignment import align, crossed_members, substituted, turned_roles
from rag.answering.contradictions import failures
from rag.answering.statements import facts, lines_of
from rag.answering.verify import judge, verify
from rag.types import ROW, Claim, Passage, Span, Support
from tests.fakes import document_of


def passage(text: str) -> Passage:
    span = Span(0, len(text))
    return Passage(1, 1.0, "1", "a", "题", "2023", False, (), None, None, span, text, ())


@pytest.mark.parametrize(
    ("claim", "line", "turned"),
    [
        ("白沙公司收购了红河公司。", "红河公司收购了白沙公司。", True),
        ("红河公司收购了白沙公司。", "去年，红河公司收购了白沙公司。", False),
        ("白沙公司被红河公司收购。", "红河公司收购了白沙公司。", False),
        ("居民给志愿者发放了宣传册。", "志愿者向居民发放了宣传册。", True),
        ("志愿者给居民发放了宣传册。", "志愿者现场还向居民发放了宣传册。", False),
        ("检察院根据司法局的建议批准了申请。", "检察院批准了申请。", False),
    ],
)
def test_who_does_what_to_whom_is_held(claim: str, line: str, turned: bool) -> None:
    found = align(facts(claim), [passage(line)])
    assert (turned_roles(found) is not None) is turned
    if turned:
        assert judge(claim, [passage(line)], None).support is not Support.SUPPORTED


def test_members_of_respectively_are_not_exchanged() -> None:
    line = passage("灯塔由沈砚设计，码头由何守礼设计。")
    right = align(facts("灯塔和码头分别由沈砚、何守礼设计。"), [line])
    wrong = align(facts("灯塔和码头分别由何守礼、沈砚设计。"), [line])
    assert crossed_members(right) is None
    assert crossed_members(wrong) is not None


@pytest.mark.parametrize(
    ("claim", "name"),
    [("大会在上海举行。", "上海"), ("大会在北京举行。", None), ("这次大会去年在北京举行。", None)],
)
def test_another_name_in_the_same_place_is_noticed(claim: str, name: str | None) -> None:
    assert substituted(align(facts(claim), [passage("第三届大会在北京举行。")])) == name


@pytest.mark.parametrize(
    ("claim", "line", "kind"),
    [
        # what is rounded has fewer digits than what it stands for
        ("约49%的人已经退出。", "约47%的人已经退出。", "number"),
        ("约50%的人已经退出。", "约49.6%的人已经退出。", ""),
        ("客量超过1.6万人次。", "客量超过1.7万人次。", "number"),
        # a loss in words and with a minus
        ("公司净亏损2,746万元。", "公司净利润-2,746万元。", ""),
        ("公司净利润2,746万元。", "公司净利润-2,746万元。", "number"),
        # a first or most of more than the line limits it to; a day for all until then
        ("白沙港是西北地区的首个自由港。", "白沙港是西北沿边地区的首个自由港。", "scope"),
        ("红河大桥是最长的斜拉桥。", "红河大桥是亚洲最长的斜拉桥。", "scope"),
        ("红河大桥是亚洲最长的斜拉桥。", "红河大桥是目前亚洲规模最大、最长的斜拉桥。", ""),
        ("白沙港推出我国首个港口模型。", "白沙港发布国内首个港口模型。", ""),
        ("5月3日当天送出近1万件。", "截至5月3日中午，已送出近1万件。", "scope"),
        ("截至5月3日送出近1万件。", "截至5月3日中午，已送出近1万件。", ""),
        ("5月3日当天送出近1万件。", "5月3日，送出近1万件。", ""),
        # a fall in the place of a rise, where both stand in the clause
        (
            "利润增长主要得益于销售下降和利润率提升。",
            "利润增长主要得益于销售增长和利润率提升。",
            "direction",
        ),
        ("雨后路滑、能见度上升、行人注意。", "雨后路滑、能见度下降、行人注意。", "direction"),
        ("雨后路滑、能见度降低、行人注意。", "雨后路滑、能见度下降、行人注意。", ""),
        # more for less, by figures that the line gives of both
        ("白沙港吞吐量比红河港多120万吨。", "白沙港吞吐量为420万吨，红河港为300万吨。", ""),
        ("红河港吞吐量比白沙港少120万吨。", "白沙港吞吐量为420万吨，红河港为300万吨。", ""),
        (
            "白沙港吞吐量比红河港少120万吨。",
            "白沙港吞吐量为420万吨，红河港为300万吨。",
            "direction",
        ),
        ("2023年营收比2022年多160万元。", "营收2022年为320万元，2023年为480万元。", ""),
        ("2023年营收比2022年少160万元。", "营收2022年为320万元，2023年为480万元。", "direction"),
        # a figure word for word where it stands, though words beside it stand with another one too
        (
            "近海方面，白沙到红河、白沙到青石每箱运价均下滑１元，报价为３２６元及３３４元；",
            "近海方面，白沙到红河、白沙到青石每箱运价均下滑1元，报价为326元及334元；远海方面，白沙到海外每箱运价下滑14元至2676元。",
            "",
        ),
        # totals, and figures of different things
        ("两座码头每座投资3亿元。", "两座码头合计投资3亿元。", "scope"),
        ("公司共有41个成员。", "公司有37名员工和4项专利。", "number"),
        ("两地共运送货物500万吨。", "白沙运送货物200万吨，红河运送货物300万吨。", ""),
        # other words for the same
        ("码头第二天恢复。", "码头次日恢复。", ""),
        ("渡轮不再停航。", "渡轮停航。", "negation"),
        ("发放宣传册和礼物。", "民警发放拒绝酒驾宣传册和礼物。", ""),
    ],
)
def test_facts_of_each_kind(claim: str, line: str, kind: str) -> None:
    found = next(failures(align(facts(claim, 2023), [passage(line)])), None)
    assert ("" if found is None else found.kind.value) == kind


def test_a_figure_belongs_to_its_column_where_labels_have_numbers() -> None:
    table = passage("年份\t沪深300\t科创50\n2023年\t-11.38\t-11.24")
    assert lines_of(table)[1].labels == ("年份", "沪深300", "科创50")
    assert next(failures(align(facts("2023年沪深300为-11.38。"), [table])), None) is None


def test_a_row_of_a_reply_has_the_figures_of_its_own_row() -> None:
    table = passage("港口\t吞吐量（亿吨）\t占比\n白沙港\t33.1\t8.88%\n红河港\t20.4\t5.49%")
    header = ("港口", "吞吐量（亿吨）", "占比")
    support = [
        verify(Claim(row, (1,), ROW, header), [table], lambda _: document_of(table.text)).support
        for row in ("白沙港\t33.1\t8.88%", "白沙港\t33.1\t5.49%", "红河港\t20.4\t5.49%")
    ]
    assert support == [Support.SUPPORTED, Support.UNSUPPORTED, Support.SUPPORTED]
