"""Questions are taken apart; empty and endless ones are refused."""

import pytest

from rag.errors import QuestionError
from rag.retrieval.query import MAX_QUESTION_CHARACTERS, AnswerKind, parse_query


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("港口一年吞吐多少吨？", AnswerKind.NUMBER),
        ("渡轮票价涨了几成？", AnswerKind.NUMBER),
        ("What share of the passengers are students?", AnswerKind.NUMBER),
        ("What was the harbour's revenue in 2022?", AnswerKind.NUMBER),
        ("四大重点工作是啥？", AnswerKind.LIST),
        ("渡轮啥时候停航？", AnswerKind.DATE),
        ("灯塔是哪一年建成的？", AnswerKind.DATE),
        ("When was the lighthouse built?", AnswerKind.DATE),
        ("谁设计了灯塔？", AnswerKind.ENTITY),
        ("那家船厂叫什么名字？", AnswerKind.ENTITY),
        ("港口有哪些码头？", AnswerKind.LIST),
        ("为什么渡轮停航？", AnswerKind.CAUSE),
        ("泡茶用多热的水？", AnswerKind.NUMBER),
        ("“三班制”是什么意思？", AnswerKind.DEFINITION),
        ("新旧吊机有什么不同？", AnswerKind.COMPARISON),
        ("介绍一下这座城市", AnswerKind.OTHER),
        ("渡轮停航和复航的时间", AnswerKind.DATE),
        ("国葬的时间和地点？", AnswerKind.DATE),
        ("2023年海灯市的失业率", AnswerKind.NUMBER),
        ("青浦厂全年营收？", AnswerKind.NUMBER),
        ("龙舟赛女子组冠军", AnswerKind.ENTITY),
        ("蒸汽机的效率", AnswerKind.OTHER),
        ("时间银行的规则", AnswerKind.OTHER),
    ],
)
def test_kinds(question: str, kind: AnswerKind) -> None:
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
