"""Retrieval: order, parts of the score, repetitions."""

from rag import Assistant
from rag.index.protocol import Field
from rag.retrieval.query import inverse_frequency, parse_query, weigh
from rag.retrieval.retrieve import BUILTIN_VECTOR_WEIGHT, keyword_terms, retrieve, vector_weight
from rag.settings import Retrieval


def test_the_passage_that_answers_comes_first(small: Assistant) -> None:
    for question, words in (
        ("灯塔是谁设计的？", "沈砚"),
        ("燈塔係幾多米高？塔高", "三十一米"),
        ("学生坐渡轮多少钱？", "学生半价"),
        ("一月为什么没有渡轮？", "大雾"),
    ):
        assert words in small.search(question)[0].text, question


def test_ranks_have_no_gaps_and_scores_fall(small: Assistant) -> None:
    passages = small.search("渡轮的航线", k=3)
    assert [passage.rank for passage in passages] == [1, 2, 3]
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)


def test_what_two_documents_say_alike_is_shown_once(small: Assistant) -> None:
    passages = small.search("渡轮有几条航线？")
    holding = [passage for passage in passages if "三条航线" in passage.text]
    assert len(holding) == 1
    assert {holding[0].document, *holding[0].also} == {"渡轮.md", "转载.txt"}


def test_the_score_is_made_of_its_parts(small: Assistant) -> None:
    query = parse_query("东线每天运送多少人次？")
    weights = weigh(query, small.index)
    found = retrieve(query, weights, small.index, Retrieval(), 3)
    parts = {part.name: part for part in found[0].hit.parts}
    fused = parts["keyword"].score / weights.total + BUILTIN_VECTOR_WEIGHT * parts["vector"].score
    assert abs(parts["fused"].score - fused) < 1e-6
    score = (fused + 0.2 * parts["best_sentence"].score) * parts["coverage"].score ** 0.5
    assert abs(found[0].hit.score - score - parts["neighbour"].score) < 1e-6


def test_a_question_without_any_known_term(small: Assistant) -> None:
    assert small.search("？！") == []


def test_terms_by_field_and_weights(small: Assistant) -> None:
    query = parse_query("灯塔")
    assert keyword_terms(query)[Field.WORDS] == {"灯塔": 1.0}
    assert keyword_terms(query)[Field.BIGRAMS] == {"灯塔": 0.5}
    weights = weigh(query, small.index)
    count = small.index.frequencies(Field.WORDS, ["灯塔"])["灯塔"]
    assert weights.of == {"灯塔": inverse_frequency(count, small.index.count)}


def test_the_weight_of_vectors_is_a_setting() -> None:
    assert vector_weight(False, Retrieval()) == BUILTIN_VECTOR_WEIGHT
    assert vector_weight(True, Retrieval(vector_weight=0.7)) == 0.7


def test_without_a_weight_vectors_are_left_out(small: Assistant) -> None:
    query = parse_query("渡轮的单程票价是多少？")
    found = retrieve(query, weigh(query, small.index), small.index, Retrieval(vector_weight=0), 10)
    parts = [{part.name: part for part in one.hit.parts} for one in found]
    assert found and all(part["vector"].score == 0 for part in parts)
    assert all(part["vector"].rank is None for part in parts)
