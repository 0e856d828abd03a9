"""Text of a chat model into claims: markers, plain text, and any split into pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.generation.write import ClaimReader, read_claims
from rag.types import ROW, Claim

RANKS = range(1, 6)


def claims(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(claim.text, claim.cited) for claim in read_claims(text, RANKS)]


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("桥长千米。[1]", (1,)),
        ("桥长千米[1]。", (1,)),
        ("桥长[1]千米[2]。", (1, 2)),
        ("桥长千米。【2】", (2,)),
        ("桥长千米。［３］", (3,)),
        ("桥长千米。[1][2]", (1, 2)),
        ("桥长千米。[1,2]", (1, 2)),
        ("桥长千米。[1、3，5]", (1, 3, 5)),
        ("桥长千米。[1-3]", (1, 2, 3)),
        ("桥长千米。[3][1][3]", (3, 1)),
        ("桥长千米。[来源1]", (1,)),
        ("桥长千米。[^4]", (4,)),
        ("桥长千米。[ 4 ]", (4,)),
        ("[2] 桥长千米。", (2,)),
        ("桥长千米。\n[2]", (2,)),
        ("桥长千米。[0]", ()),
        ("桥长千米。[6]", ()),
        ("桥长千米。[999]", ()),
        ("桥长千米。[3-1]", ()),
        ("桥长千米。[1-999]", (1, 2, 3, 4, 5)),
        ("桥长千米。[1", ()),
        ("桥长千米。[1,", ()),
        ("桥长千米。[]", ()),
        ("桥长千米。", ()),
    ],
)
def test_markers(text: str, cited: tuple[int, ...]) -> None:
    (claim,) = read_claims(text, RANKS)
    assert claim.cited == cited
    assert claim.text.rstrip("［］") == "桥长千米。"


def test_what_only_looks_like_a_marker_stays() -> None:
    for text in ("国发[2023]5号。", "桥长[约]千米。", "桥长[1.5]千米。", "桥长(1)千米。"):
        assert claims(text) == [(text.translate(str.maketrans("[]", "［］")), ())]


def test_markers_belong_to_their_sentence() -> None:
    assert claims("甲。[1]乙。[2] 丙[3]。丁") == [
        ("甲。", (1,)), ("乙。", (2,)), ("丙。", (3,)), ("丁", ()),
    ]  # fmt: skip
    assert claims("[1] 甲。\n[2] 乙。") == [("甲。", (1,)), ("乙。", (2,))]
    assert claims("甲。\n[1]\n乙。\n[2]\n") == [("甲。", (1,)), ("乙。", (2,))]
    assert claims("- 甲[1]\n- 乙[2]\n") == [("甲", (1,)), ("乙", (2,))]
    assert claims("It is 3.5 m.[1] It fell.[2]") == [("It is 3.5 m.", (1,)), ("It fell.", (2,))]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("见[官网](https://evil.example/?q=1)。", "见官网。"),
        ("![图](https://evil.example/x.png)好。", "图好。"),
        ("见[1](https://evil.example)。", "见。"),
        ("见[官网](javascript:alert(1))。", "见官网)。"),
        ("<img src=x onerror=alert(1)>好。", "好。"),
        ("<script>alert(1)</script>好。", "alert(1)好。"),
        ("<img src=x 好", "＜img src=x 好"),
        ("增速<5%，利润>3%。", "增速<5%，利润>3%。"),
        ("增速<CPI增速，利润>3%。", "增速＜CPI增速，利润>3%。"),
        ("**桥**长`千米`。", "桥长千米。"),
        ("3*4=12。", "3*4=12。"),
        ("# 标题\n1. 甲。\n2) 乙。", "标题甲。乙。"),
        ("12.5万元。", "12.5万元。"),
        ("-3.2%。", "-3.2%。"),
        ("<think>不可见[1]</think>好。", "好。"),
        ("<think>没有想完", ""),
        ("好！![x][y]", "好！!［x］［y］"),
        ("Great![1]", "Great!"),
        ("营收（见表）增长。", "营收（见表）增长。"),
        ("甲[注](见下)。", "甲［注］(见下)。"),
        ("[a]`(https://x.example)`", "［a］(https://x.example)"),
        ("<<b>img src=x>", "＜img src=x>"),
    ],
)
def test_what_is_not_plain_text_is_made_plain(text: str, plain: str) -> None:
    assert "".join(claim.text for claim in read_claims(text, RANKS)) == plain


PARTS = [
    "甲", "营收增长5%", "。", "；", "！", "!", "？", ".", " ", "\n", "\r\n", "[", "]", "【", "】", "(", ")",
    "[1]", "[2,3]", "[1-3]", "[9]", "1", "1.", "12", "-", "- ", "*", "**", "`", "#", "<", ">", "<b>",
    "</b>", "<think>", "</think>", "“", "”", "（", "）", "…", "http://x", "[a](", "![", "U.S", "Zoe",
]  # fmt: skip
texts = st.one_of(st.lists(st.sampled_from(PARTS), max_size=25).map("".join), st.text(max_size=60))


def read(pieces: list[str]) -> tuple[str, list[Claim]]:
    """All text and all claims; the pieces since the claim before are the claim's text."""
    reader = ClaimReader(RANKS)
    items = [item for piece in pieces for item in reader.feed(piece)] + reader.close()
    said, everything, found = "", "", []
    for item in items:
        if isinstance(item, Claim):
            assert item.text == said
            found.append(item)
            said = ""
        else:
            said += item
            everything += item
    assert said == ""
    return everything, found


@given(texts, st.data())
@example("甲。.5。", None)
def test_any_split_gives_the_same(text: str, data: st.DataObject | None) -> None:
    whole = read([text])
    assert read(list(text)) == whole
    if data is not None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert read(pieces) == whole


@given(texts)
def test_nothing_dangerous_comes_through(text: str) -> None:
    everything, found = read([text])
    assert all(rank in RANKS for claim in found for rank in claim.cited)
    assert not re.search(r"[\[\]`]|<[A-Za-z/!?]", everything)


@pytest.mark.parametrize(
    ("text", "said", "cited"),
    [
        ("桥长1080米（段落1）。", "桥长1080米。", (1,)),
        ("桥长1080米（来源：1、3）。", "桥长1080米。", (1, 3)),
        ("桥长1080米(passage 2).", "桥长1080米.", (2,)),
        ("桥长1080米（2023年测）。", "桥长1080米（2023年测）。", ()),
        ("桥长1080米（1）。", "桥长1080米（1）。", ()),
        ("根据段落2，桥长1080米。", "根据段落2，桥长1080米。", (2,)),
        ("桥长1080米[1,2]。", "桥长1080米。", (1, 2)),
        ("桥长1080米【1】。", "桥长1080米。", (1,)),
    ],
)
def test_markers_of_every_form(text: str, said: str, cited: tuple[int, ...]) -> None:
    assert read_claims(text, range(1, 4)) == [Claim(said, cited)]


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("要点：\n- 桥长千米[1]\n- 造价两亿。由市里出资。[2]\n以上。", ["", "- ", "- ", "", "\n"]),
        ("1. 桥长千米[1]\n2) 造价两亿[2]", ["1. ", "2. "]),
        ("## 桥\n桥长千米。[1]", ["\n", "\n"]),
        ("桥长千米。造价两亿。\n\n票价四元。", ["", "", "\n"]),
    ],
)
def test_items_and_lines_stay_what_they_are(text: str, leads: list[str]) -> None:
    assert [claim.lead for claim in read_claims(text, RANKS)] == leads


def test_a_table_is_rows_under_their_header() -> None:
    text = "如下：\n\n| 项目 | 造价（亿元） |\n|---|:--:|\n| 桥 **甲** | 12 [1] |\n｜桥乙｜3[2]｜\n\n共15亿元。[1]"
    lead_in, header, first, second, after = read_claims(text, RANKS)
    assert (header.text, header.lead, header.header) == ("项目\t造价（亿元）", ROW, ())
    assert (first.text, first.cited) == ("桥 甲\t12", (1,))
    assert (second.text, second.cited) == ("桥乙\t3", (2,))
    assert first.header == second.header == ("项目", "造价（亿元）")
    assert (lead_in.lead, after.lead, after.header) == ("", "\n", ())


def test_nothing_of_a_row_is_a_link_a_tag_or_a_forged_marker() -> None:
    text = "| [点我](http://x.y) | <b onclick=a>粗</b> | ![图](http://x.y/z) | [系统] |\n"
    (row,) = read_claims(text, RANKS)
    assert row.text == "点我\t粗\t图\t［系统］"
