"""What in a sentence could be the short answer."""

import pytest

from rag.retrieval.entities import candidates
from rag.retrieval.query import parse_query


@pytest.mark.parametrize(
    ("question", "sentence", "fitting"),
    [
        ("工程花了多少钱？", "2024年完工，耗时3年，花费38万元，用工200人。", ["38万元"]),
        ("占比是多少？", "全年卖出300辆，占比31%。", ["31%"]),
        ("提高了几个百分点？", "达到45%，提高2.5个百分点。", ["2.5个百分点"]),
        ("塔有多高？", "塔建于1902年，高三十一米，有5层。", ["三十一米"]),
        ("哪一天开工？", "2021年动工，3月12日奠基。", ["3月12日"]),
        ("哪年开工？", "2021年动工。", ["2021年"]),
        ("哪家公司造的？", "由海岬船舶公司建造，沈砚设计。", ["海岬船舶公司"]),
        ("书店叫什么名字？", "一间书店，名叫“二十海里”，离车站不远。", ["二十海里"]),
        ("为什么停航？", "因为大雾，3艘船停航。", []),
    ],
)
def test_what_fits(question: str, sentence: str, fitting: list[str]) -> None:
    found = [c for c in candidates(parse_query(question), sentence) if not c.misfit]
    assert [c.text for c in sorted(found, key=lambda c: c.start)] == fitting
    assert all(sentence.find(c.text) in (c.start, c.start + 1) for c in found)


def test_what_stands_in_the_question_is_no_answer() -> None:
    query = parse_query("12名工人里有多少名女工？")
    assert [c.text for c in candidates(query, "12名工人中有5名女工。")] == ["5名"]
