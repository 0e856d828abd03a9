"""Questions are taken apart; empty and endless ones are refused."""

import pytest

from rag.answering.query import MAX_QUESTION_CHARACTERS, Kind, parse_query
from rag.errors import QuestionError


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("港口一年吞吐多少吨？", Kind.NUMBER),
        ("渡轮票价涨了几成？", Kind.NUMBER),
        ("What share of the passengers are students?", Kind.NUMBER),
        ("What was the harbour's revenue in 2022?", Kind.NUMBER),
        ("四大重点工作是啥？", Kind.LIST),
        ("渡轮啥时候停航？", Kind.DATE),
        ("灯塔是哪一年建成的？", Kind.DATE),
        ("When was the lighthouse built?", Kind.DATE),
        ("谁设计了灯塔？", Kind.ENTITY),
        ("那家船厂叫什么名字？", Kind.ENTITY),
        ("港口有哪些码头？", Kind.LIST),
        ("为什么渡轮停航？", Kind.CAUSE),
        ("泡茶用多热的水？", Kind.NUMBER),
        ("“三班制”是什么意思？", Kind.DEFINITION),
        ("新旧吊机有什么不同？", Kind.COMPARISON),
        ("介绍一下这座城市", Kind.OTHER),
        ("渡轮停航和复航的时间", Kind.DATE),
        ("国葬的时间和地点？", Kind.DATE),
        ("2023年海灯市的失业率", Kind.NUMBER),
        ("青浦厂全年营收？", Kind.NUMBER),
        ("龙舟赛女子组冠军", Kind.ENTITY),
        ("蒸汽机的效率", Kind.OTHER),
        ("时间银行的规则", Kind.OTHER),
    ],
)
def test_kinds(question: str, kind: Kind) -> None:
    assert parse_query(question).kind is kind


def test_terms_are_folded_and_function_words_left_out() -> None:
    query = parse_query("  請問２０２４年燈塔的高度是多少？ ")
    assert query.text == "請問２０２４年燈塔的高度是多少？"
    assert query.words == ("2024", "年", "灯塔", "高度")
    assert "灯塔" in query.bigrams
    assert query.numbers == {"2024"}


@pytest.mark.parametrize("question", ["", " \n\t", "　"])
def test_an_empty_question(question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        parse_query(question)


def test_a_question_of_100_000_characters() -> None:
    parse_query("问" * MAX_QUESTION_CHARACTERS)
    with pytest.raises(QuestionError, match=r"100,000 characters, the limit is 2,000"):
        parse_query("问" * 100_000)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(QuestionError, match=r"half a character \(U\+D800\)"):
        parse_query("青\ud800石桥花了多少钱？")
